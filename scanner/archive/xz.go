package archive

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"io"
	"slices"

	"github.com/ulikunitz/xz/lzma"
)

// An xzReader decodes the .xz format, version 1.2.0: streams with padding between them, each a header, blocks, an index
// and a footer. The containers are read here, since a block of a few bytes may declare a dictionary of 4 GiB; the LZMA2
// inside is left to package lzma.
type xzReader struct {
	w     *walker
	rest  []byte
	total int64 // size of the whole input

	checkType byte
	check     hash.Hash // nil for no check, or one that is unknown
	block     io.Reader // nil between blocks
	after     []byte    // what follows the LZMA2 data of the block
	blockLen  int       // length of header and data, for the padding
	inStream  bool
}

func (w *walker) xzReader(data []byte) io.Reader {
	return guarded{&xzReader{w: w, rest: data, total: int64(len(data))}}
}

func (x *xzReader) Read(b []byte) (int, error) {
	for {
		if x.block != nil {
			n, err := x.block.Read(b)
			if x.check != nil {
				x.check.Write(b[:n])
			}
			if err == io.EOF {
				err = x.endBlock()
			}
			if n > 0 || err != nil {
				return n, decoderCause(err)
			}
			continue
		}
		if err := x.advance(); err != nil {
			return 0, err
		}
	}
}

// advance parses up to the data of the next block.
func (x *xzReader) advance() error {
	if !x.inStream {
		return x.streamHeader()
	}
	if len(x.rest) == 0 {
		return errEndsEarly
	}
	if x.rest[0] == 0 {
		return x.index()
	}
	return x.blockHeader()
}

// streamHeader: magic, flags, CRC32 of the flags (section 2.1.1). The end of the input is the end.
func (x *xzReader) streamHeader() error {
	if int64(len(x.rest)) < x.total { // stream padding (2.2)
		for len(x.rest) >= 4 && zeros(x.rest[:4]) {
			x.rest = x.rest[4:]
		}
		if len(x.rest) == 0 {
			return io.EOF
		}
	}
	if len(x.rest) < 12 {
		return errEndsEarly
	}
	h := x.rest[:12]
	if string(h[:6]) != "\xfd7zXZ\x00" {
		return errTrailing
	}
	if h[6] != 0 || h[7]&0xf0 != 0 || crc32.ChecksumIEEE(h[6:8]) != binary.LittleEndian.Uint32(h[8:]) {
		return damage("header of an xz stream")
	}
	x.checkType, x.rest, x.inStream = h[7], x.rest[12:], true
	return nil
}

// blockHeader (3.1): size, flags, the sizes if given, filters, padding, CRC32.
func (x *xzReader) blockHeader() error {
	n := (int(x.rest[0]) + 1) * 4
	if n > len(x.rest) {
		return errEndsEarly
	}
	header := x.rest[:n]
	if n < 8 || crc32.ChecksumIEEE(header[:n-4]) != binary.LittleEndian.Uint32(header[n-4:]) {
		return damage("header of an xz block")
	}
	chain, err := xzFilters(header[1 : n-4])
	if err != nil {
		return err
	}
	data := x.rest[n:]
	packed, unpacked := lzma2Extent(data)
	block, err := x.w.lzma2Reader(data[:packed], chain.dict, unpacked)
	if err != nil {
		return err
	}
	x.block, x.after, x.blockLen = chain.apply(block), data[packed:], n+packed
	x.check = xzCheck(x.checkType)
	return nil
}

// endBlock: padding to four bytes, then the check (3.3, 3.4).
func (x *xzReader) endBlock() error {
	pad := -x.blockLen & 3
	// Lengths by the type of the check (2.1.1.2).
	length := [16]int{0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64}[x.checkType]
	if len(x.after) < pad+length {
		return errEndsEarly
	}
	stored := x.after[pad : pad+length]
	if x.check != nil {
		sum := x.check.Sum(nil)
		if length < 16 {
			reverse(sum) // the CRCs are stored in little endian
		}
		if !bytes.Equal(sum, stored) {
			return errChecksum
		}
	}
	x.block, x.rest = nil, x.after[pad+length:]
	return nil
}

// index skips the index (4) and the footer (2.1.2): what they say is known by now.
func (x *xzReader) index() error {
	at := 1
	next := func() uint64 {
		v, n := binary.Uvarint(x.rest[min(at, len(x.rest)):])
		if n <= 0 {
			at = len(x.rest) + 1
			return 0
		}
		at += n
		return v
	}
	for records := next(); records > 0 && at < len(x.rest); records-- {
		next()
		next()
	}
	at += -at&3 + 4 + 12
	if at > len(x.rest) {
		return errEndsEarly
	}
	if string(x.rest[at-2:at]) != "YZ" {
		return damage("footer of an xz stream")
	}
	x.rest, x.inStream = x.rest[at:], false
	return nil
}

func reverse(b []byte) {
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
}

func xzCheck(kind byte) hash.Hash {
	switch kind {
	case 1:
		return crc32.NewIEEE()
	case 4:
		return crc64.New(crc64.MakeTable(crc64.ECMA))
	case 10:
		return sha256.New()
	}
	return nil
}

// A filterChain is what lies between LZMA2 and the file.
type filterChain struct {
	dict    int64
	filters []func(io.Reader) io.Reader // in the order of packing
}

func (c filterChain) apply(r io.Reader) io.Reader {
	for _, f := range slices.Backward(c.filters) {
		r = f(r)
	}
	return r
}

// xzFilters parses the flags, sizes and filters of a block header.
func xzFilters(h []byte) (filterChain, error) {
	const bad = damage("header of an xz block")
	flags := h[0]
	h = h[1:]
	number := func() uint64 {
		v, n := binary.Uvarint(h)
		if n <= 0 {
			h = nil
			return 1<<64 - 1
		}
		h = h[n:]
		return v
	}
	for _, present := range []byte{0x40, 0x80} {
		if flags&present != 0 {
			number()
		}
	}
	var c filterChain
	last := int(flags & 3)
	for i := 0; i <= last; i++ {
		id, length := number(), number()
		if length > uint64(len(h)) {
			return c, bad
		}
		props := h[:length]
		h = h[length:]
		switch {
		case id == 0x21 && i == last && length == 1 && props[0] <= 40:
			c.dict = lzma2Dict(props[0])
		case id == 3 && i < last && length == 1:
			c.filters = append(c.filters, deltaOf(props[0]))
		case id == 4 && i < last && length == 0:
			c.filters = append(c.filters, newX86Filter)
		case id >= 3 && id <= 0x0b:
			return c, unsupportedError("filter of an xz block")
		default:
			return c, bad
		}
	}
	return c, nil
}

// lzma2Dict decodes the property byte of LZMA2 (5.3.1): 4 KiB to 4 GiB.
func lzma2Dict(p byte) int64 {
	if p >= 40 {
		return 1<<32 - 1
	}
	return int64(2|p&1) << (p/2 + 11)
}

// lzma2Extent adds up the chunks of an LZMA2 stream at the start of data: their length, which is all of data if the stream
// is broken, and what they declare to unpack to.
func lzma2Extent(data []byte) (packed int, unpacked int64) {
	at := 0
	for at < len(data) {
		control := data[at]
		if control == 0 {
			return at + 1, unpacked
		}
		if control > 2 && control < 0x80 || at+3 > len(data) || control > 2 && at+5 > len(data) {
			break
		}
		n := int(binary.BigEndian.Uint16(data[at+1:])) + 1
		if control <= 2 {
			at += 3 + n
			unpacked += int64(n)
			continue
		}
		unpacked += int64(control&0x1f)<<16 + int64(n)
		at += 5 + int(binary.BigEndian.Uint16(data[at+3:])) + 1
		if control >= 0xc0 {
			at++
		}
	}
	return len(data), unpacked
}

// lzma2Reader reads data with a dictionary no larger than what may come out of it.
func (w *walker) lzma2Reader(data []byte, dict, unpacked int64) (r io.Reader, err error) {
	defer recovered(new(int), &err)
	dict, err = w.window(min(dict, unpacked), int64(len(data)))
	if err != nil {
		return nil, err
	}
	z, err := lzma.Reader2Config{DictCap: int(dict)}.NewReader2(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return z, nil
}
