package archive

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"encoding/binary"
	"errors"
	"io"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz/lzma"
)

// compressed reads a compressed file: the tar in it, or the one file.
func (w *walker) compressed(data []byte, f format, p place) {
	name := "content"
	if f == gzipFormat {
		name = gzipName(data)
	}
	decoder, err := w.decoder(data, f)
	if err != nil {
		w.trouble(p.path, err)
		return
	}
	r := bufio.NewReaderSize(w.metered(decoder, int64(len(data))), 16<<10)
	if head, _ := r.Peek(tarBlock); tarLike(head) {
		p.formats = append(p.formats[:len(p.formats):len(p.formats)], tarFormat.String())
		w.tarStream(r, p)
		return
	}
	if !w.count(p) {
		return
	}
	content, err := w.slurp(p.depth, r, 4*int64(len(data)))
	w.entry(p, name, content, err)
}

func (w *walker) decoder(data []byte, f format) (io.Reader, error) {
	switch f {
	case gzipFormat:
		return w.gzipReader(data)
	case bzip2Format:
		return guarded{decoderErrors{bzip2.NewReader(bytes.NewReader(data))}}, nil
	case xzFormat:
		return w.xzReader(data), nil
	case zstdFormat:
		return w.zstdReader(data)
	default:
		return w.lzmaReader(data)
	}
}

// guarded turns a panic of a decoder into damage: decoders of others are not trusted with foreign bytes.
type guarded struct{ r io.Reader }

func (g guarded) Read(b []byte) (n int, err error) {
	defer recovered(&n, &err)
	return g.r.Read(b)
}

func recovered(n *int, err *error) {
	if r := recover(); r != nil {
		*n, *err = 0, damage("the decoder failed")
	}
}

// gzipReader reads all members. What follows the last one must be zeros.
func (w *walker) gzipReader(data []byte) (r io.Reader, err error) {
	defer recovered(new(int), &err)
	src := bytes.NewReader(data)
	if w.gunzip == nil {
		w.gunzip, err = gzip.NewReader(src)
	} else {
		err = w.gunzip.Reset(src)
	}
	if err != nil {
		return nil, decoderCause(err)
	}
	w.gunzip.Multistream(false)
	return &gzipMembers{z: w.gunzip, src: src}, nil
}

type gzipMembers struct {
	z   *gzip.Reader
	src *bytes.Reader
}

func (g *gzipMembers) Read(b []byte) (n int, err error) {
	defer recovered(&n, &err)
	for {
		n, err = g.z.Read(b)
		if n > 0 || err != io.EOF {
			if err == io.EOF {
				err = nil // the next call sees it again
			}
			return n, decoderCause(err)
		}
		end := g.src.Size() - int64(g.src.Len())
		if err := g.z.Reset(g.src); err != nil {
			return 0, g.after(end)
		}
		g.z.Multistream(false)
	}
}

// after judges what follows the last member and is none: tapes and some writers pad with zeros.
func (g *gzipMembers) after(at int64) error {
	var rest [512]byte
	for {
		n, err := g.src.ReadAt(rest[:], at)
		if !zeros(rest[:n]) {
			return errTrailing
		}
		if err != nil {
			return err
		}
		at += int64(n)
	}
}

// gzipName returns the name in the header of the first member (RFC 1952, 2.3) as it is, or "content".
func gzipName(data []byte) string {
	const extra, name = 4, 8
	if len(data) < 12 || data[3]&name == 0 {
		return "content"
	}
	rest := data[10:]
	if data[3]&extra != 0 {
		n := 2 + int(binary.LittleEndian.Uint16(rest))
		if n > len(rest) {
			return "content"
		}
		rest = rest[n:]
	}
	if end := bytes.IndexByte(rest, 0); end > 0 {
		return string(rest[:end])
	}
	return "content"
}

func (w *walker) zstdReader(data []byte) (r io.Reader, err error) {
	defer recovered(new(int), &err)
	src := bytes.NewReader(data)
	if w.zstd == nil {
		w.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderMaxMemory(1<<62))
		if err != nil {
			return nil, err
		}
	}
	if err = w.zstd.Reset(struct{ io.Reader }{src}); err != nil {
		return nil, decoderCause(err)
	}
	return guarded{decoderErrors{w.zstd}}, nil
}

// flateReader reads RFC 1951 and takes no byte of src after the end.
func (w *walker) flateReader(src *bytes.Reader) (io.Reader, error) {
	if w.inflate == nil {
		w.inflate = flate.NewReader(src)
	} else if err := w.inflate.(flate.Resetter).Reset(src, nil); err != nil {
		return nil, err
	}
	return guarded{decoderErrors{w.inflate}}, nil
}

// lzmaReader reads the format of LZMA Utils: 13 bytes of properties, dictionary size and unpacked size, then the stream.
func (w *walker) lzmaReader(data []byte) (io.Reader, error) {
	if len(data) < lzma.HeaderLen {
		return nil, errEndsEarly
	}
	return w.lzmaStream(append([]byte(nil), data[:lzma.HeaderLen]...), data[lzma.HeaderLen:])
}

// lzmaStream makes the dictionary no larger than what may come out of packed.
func (w *walker) lzmaStream(header, packed []byte) (r io.Reader, err error) {
	defer recovered(new(int), &err)
	dict, err := w.window(int64(binary.LittleEndian.Uint32(header[1:])), int64(len(packed)))
	if err != nil {
		return nil, err
	}
	binary.LittleEndian.PutUint32(header[1:], uint32(dict))
	src := &joined{head: header, rest: *bytes.NewReader(packed)}
	z, err := lzma.ReaderConfig{DictCap: maxWindow}.NewReader(src)
	if err != nil {
		return nil, decoderCause(err)
	}
	return guarded{decoderErrors{z}}, nil
}

// rawLZMA reads a stream whose properties and size are kept elsewhere.
func (w *walker) rawLZMA(props []byte, unpacked uint64, packed []byte) (io.Reader, error) {
	header := binary.LittleEndian.AppendUint64(append([]byte(nil), props[:5]...), unpacked)
	return w.lzmaStream(header, packed)
}

// window returns the size of the dictionary to allocate where dict is declared: it need not hold more than may come out.
func (w *walker) window(dict, packed int64) (int64, error) {
	dict = min(dict, w.limits.most(packed), w.limits.Bytes-w.unpacked)
	if dict > maxWindow {
		return 0, &limitError{why: "needs a window of more than " + size(maxWindow)}
	}
	return max(dict, 1<<12), nil
}

// joined reads head, then rest, also by single bytes.
type joined struct {
	head []byte
	rest bytes.Reader
}

func (j *joined) Read(b []byte) (int, error) {
	if len(j.head) > 0 {
		n := copy(b, j.head)
		j.head = j.head[n:]
		return n, nil
	}
	return j.rest.Read(b)
}

func (j *joined) ReadByte() (byte, error) {
	if len(j.head) > 0 {
		c := j.head[0]
		j.head = j.head[1:]
		return c, nil
	}
	return j.rest.ReadByte()
}

// decoderErrors gives the errors of a decoder the words of this package.
type decoderErrors struct{ r io.Reader }

func (d decoderErrors) Read(b []byte) (int, error) {
	n, err := d.r.Read(b)
	return n, decoderCause(err)
}

func decoderCause(err error) error {
	switch {
	case err == nil || err == io.EOF:
		return err
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errEndsEarly
	case errors.Is(err, gzip.ErrChecksum) || errors.Is(err, zstd.ErrCRCMismatch):
		return errChecksum
	case errors.Is(err, gzip.ErrHeader):
		return damage("header of a gzip member")
	case errors.Is(err, zstd.ErrWindowSizeExceeded):
		return &limitError{why: "needs a window of more than " + size(maxWindow)}
	case errors.Is(err, zstd.ErrUnknownDictionary):
		return unsupportedError("zstd with a dictionary")
	}
	return err
}
