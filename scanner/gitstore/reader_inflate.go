package gitstore

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"github.com/klauspost/compress/zlib"
)

// inflater inflates zlib streams with state that is used again.
type inflater struct {
	flat  *flatDecoder  // nil before first use
	z     io.ReadCloser // nil before first use; a zlib.Resetter
	bytes bytes.Reader
	file  io.SectionReader
	buf   *bufio.Reader
	pool  *bufferPool
	probe [1]byte
}

var (
	errZlib       = errors.New("zlib stream is damaged")
	errZlibEnds   = errors.New("zlib stream is cut short")
	errInflatesTo = errors.New("zlib stream holds less than declared")
	errInflatesOn = errors.New("zlib stream holds more than declared")
)

// memory inflates the stream that b begins with, which has to make n bytes. The result is the pool's.
func (z *inflater) memory(b []byte, n int64) ([]byte, error) {
	if n <= firstBuffer && n <= int64(len(b))*maxRatio {
		if z.flat == nil {
			z.flat = &flatDecoder{}
		}
		buf := z.pool.get(n)
		if z.flat.zlib(buf, b) {
			return buf, nil
		}
		z.pool.put(buf)
	}
	if err := z.fromBytes(b); err != nil { // it says what is wrong
		return nil, err
	}
	return z.rest(nil, n, int64(len(b)))
}

// fromBytes makes b the source of the next stream.
func (z *inflater) fromBytes(b []byte) error {
	z.bytes.Reset(b)
	return z.reset(&z.bytes)
}

// fromFile makes the part of f between from and to the source of the next stream.
func (z *inflater) fromFile(f io.ReaderAt, from, to int64) error {
	z.file = *io.NewSectionReader(f, from, to-from)
	if z.buf == nil {
		z.buf = bufio.NewReaderSize(&z.file, windowSize)
	} else {
		z.buf.Reset(&z.file)
	}
	return z.reset(z.buf)
}

func (z *inflater) reset(r io.Reader) (err error) {
	if z.z == nil {
		z.z, err = zlib.NewReader(r)
	} else {
		err = z.z.(zlib.Resetter).Reset(r, nil)
	}
	return zlibError(err)
}

// zlibError tells a stream that ends early from one that is wrong, and passes on errors of the file below.
func zlibError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errZlibEnds
	}
	return errZlib
}

// maxRatio is more than any deflate stream can grow by: its densest code is 258 bytes in 2 bits.
const maxRatio = 1032

// firstBuffer is what is allocated at once for the declared size of a stream that would justify more.
const firstBuffer = 16 << 20

// rest inflates the rest of the stream, which has to be n bytes, behind what prefix holds. At most source compressed
// bytes are left: they limit what is allocated on the word of a declared size. The result is the pool's.
func (z *inflater) rest(prefix []byte, n, source int64) ([]byte, error) {
	first := min(n, firstBuffer)
	if source < firstBuffer/maxRatio {
		first = min(n, max(source*maxRatio, int64(len(prefix))))
	}
	buf := z.pool.get(first)
	have := int64(copy(buf, prefix))
	for {
		got, err := io.ReadFull(z.z, buf[have:])
		have += int64(got)
		if err != nil {
			z.pool.put(buf)
			return nil, z.shortError(err)
		}
		if have == n {
			break
		}
		larger := z.pool.get(min(n, max(2*have, 4096)))
		copy(larger, buf)
		z.pool.put(buf)
		buf = larger
	}
	if err := z.finish(); err != nil {
		z.pool.put(buf)
		return nil, err
	}
	return buf, nil
}

// shortError is the error for a stream that failed with err before it made what was declared.
func (z *inflater) shortError(err error) error {
	// io.ReadFull turns a clean end after some bytes into ErrUnexpectedEOF, which is also what the stream itself returns
	// if its source ends. A stream that has ended cleanly says so again.
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		if _, again := z.z.Read(z.probe[:]); again == io.EOF {
			return errInflatesTo
		}
		return errZlibEnds
	}
	return errZlib
}

// finish checks that the stream ends here, with the right checksum.
func (z *inflater) finish() error {
	n, err := z.z.Read(z.probe[:])
	switch {
	case n > 0:
		return errInflatesOn
	case err == io.EOF:
		return nil
	}
	return zlibError(err)
}
