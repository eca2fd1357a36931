package archive

import (
	"bytes"
	"cmp"
	"compress/bzip2"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
)

// Signatures and lengths of the records of a zip (APPNOTE.TXT 4.3).
const (
	zipLocalMagic   = "PK\x03\x04"
	zipLocalLen     = 30
	zipCentralMagic = "PK\x01\x02"
	zipCentralLen   = 46
	zipDataMagic    = "PK\x07\x08"
	zipEndMagic     = "PK\x05\x06"
	zipEndLen       = 22
	zip64EndMagic   = "PK\x06\x06"
	zip64EndLen     = 56
	zip64LocMagic   = "PK\x06\x07"
	zip64LocLen     = 20
)

const (
	errDirectory   = damage("central directory")
	errNoDirectory = damage("no central directory")
	errLocal       = damage("no local header where the directory says")
	errOverlap     = damage("overlaps another entry")
)

// A zipEntry is what a header says about an entry.
type zipEntry struct {
	name     string
	flags    uint16
	method   uint16
	crc      uint32
	packed   uint64
	unpacked uint64
	offset   uint64 // of the local header
}

// streamed: sizes and checksum follow the data (4.3.9).
func (e *zipEntry) streamed() bool { return e.flags&8 != 0 }

// encrypted: traditional, strong, a masked header, or AES (4.4.4).
func (e *zipEntry) encrypted() bool { return e.flags&(1|1<<6|1<<13) != 0 || e.method == 99 }

func (e *zipEntry) directory() bool {
	return e.unpacked == 0 && len(e.name) > 0 && e.name[len(e.name)-1] == '/'
}

// A zipReader reads one zip: by its central directory, and by the local headers where that is broken or has gaps.
type zipReader struct {
	w    *walker
	p    place
	data []byte
	used spans
}

// zip reports whether the entries are all that data holds.
func (w *walker) zip(data []byte, p place) bool {
	z := &zipReader{w: w, p: p, data: data}
	whole, err := z.byDirectory()
	if err != nil && !w.stopped {
		w.trouble(p.path, err)
		z.byLocalHeaders(0, len(data))
	}
	return whole
}

// A zipDirectory says where the central directory is.
type zipDirectory struct {
	start, end int
	entries    uint64
	base       uint64 // what is to be added to offsets, since data comes before the zip
	comment    bool
}

func findDirectory(data []byte) (zipDirectory, error) {
	var d zipDirectory
	at := findZipEnd(data)
	if at < 0 {
		return d, errNoDirectory
	}
	r := data[at:]
	entries := uint64(binary.LittleEndian.Uint16(r[10:]))
	length := uint64(binary.LittleEndian.Uint32(r[12:]))
	offset := uint64(binary.LittleEndian.Uint32(r[16:]))
	d.comment = len(r) > zipEndLen
	end := at
	if entries == 1<<16-1 || length == 1<<32-1 || offset == 1<<32-1 {
		if k := findZip64End(data, at); k >= 0 {
			r, end = data[k:], k
			entries = binary.LittleEndian.Uint64(r[32:])
			length = binary.LittleEndian.Uint64(r[40:])
			offset = binary.LittleEndian.Uint64(r[48:])
		}
	}
	if length > uint64(end) {
		return d, errDirectory
	}
	d.start, d.end, d.entries = end-int(length), end, entries
	switch {
	case uint64(d.start) >= offset && (length == 0 || hasMagic(data, uint64(d.start), zipCentralMagic)):
		d.base = uint64(d.start) - offset
	case hasMagic(data[:end], offset, zipCentralMagic):
		d.start = int(offset)
	default:
		return d, errDirectory
	}
	return d, nil
}

// findZipEnd returns the offset of the end record, or -1: the last one whose comment reaches to the end, else the last.
func findZipEnd(data []byte) int {
	last := -1
	tail := max(0, len(data)-zipEndLen-1<<16)
	for at := len(data); at > tail; {
		i := bytes.LastIndex(data[tail:at], []byte(zipEndMagic))
		if i < 0 {
			break
		}
		at = tail + i
		if rest := len(data) - at - zipEndLen; rest >= 0 {
			comment := int(binary.LittleEndian.Uint16(data[at+20:]))
			if comment == rest {
				return at
			}
			if last < 0 && comment < rest {
				last = at
			}
		}
	}
	return last
}

// findZip64End follows the locator in front of the end record (4.3.14, 4.3.15), or looks in front of the locator, where
// the record usually is, if the offset does not count data before the zip.
func findZip64End(data []byte, end int) int {
	loc := end - zip64LocLen
	if loc < zip64EndLen || string(data[loc:loc+4]) != zip64LocMagic {
		return -1
	}
	if at := loc - zip64EndLen; hasMagic(data, uint64(at), zip64EndMagic) {
		return at
	}
	at := binary.LittleEndian.Uint64(data[loc+8:])
	if at <= uint64(loc-zip64EndLen) && hasMagic(data, at, zip64EndMagic) {
		return int(at)
	}
	return -1
}

func hasMagic(data []byte, at uint64, magic string) bool {
	return at <= uint64(len(data)) && uint64(len(data))-at >= uint64(len(magic)) && string(data[at:at+uint64(len(magic))]) == magic
}

// byDirectory visits the entries of the central directory. Its error means that there is none or that it is broken.
func (z *zipReader) byDirectory() (whole bool, err error) {
	d, err := findDirectory(z.data)
	if err != nil {
		return true, err
	}
	whole = !d.comment && d.base == 0
	rest, n := z.data[d.start:d.end], uint64(0)
	for hasMagic(rest, 0, zipCentralMagic) {
		e, length, ok := parseCentral(rest)
		if !ok {
			return whole, errDirectory
		}
		if !z.w.count(z.p) {
			return whole, nil
		}
		if n == 0 && !hasMagic(z.data, e.offset+d.base, zipLocalMagic) && hasMagic(z.data, e.offset, zipLocalMagic) {
			d.base = 0 // the offsets count the data before the zip
		}
		rest = rest[length:]
		n++
		e.offset += d.base
		z.listed(&e)
	}
	// A writer without zip64 leaves the lower bits of the number.
	if n&0xffff != d.entries&0xffff {
		return whole, errDirectory
	}
	if len(z.used) > 0 {
		// What was deleted or replaced may still lie between the entries.
		whole = whole && z.used[0].start == 0
		z.byLocalHeaders(z.used[0].start, d.start)
	}
	return whole, nil
}

func parseCentral(b []byte) (e zipEntry, length int, ok bool) {
	if len(b) < zipCentralLen {
		return e, 0, false
	}
	le := binary.LittleEndian
	name, extra := int(le.Uint16(b[28:])), int(le.Uint16(b[30:]))
	length = zipCentralLen + name + extra + int(le.Uint16(b[32:]))
	if length > len(b) {
		return e, 0, false
	}
	e = zipEntry{
		name:  string(b[zipCentralLen : zipCentralLen+name]),
		flags: le.Uint16(b[8:]), method: le.Uint16(b[10:]), crc: le.Uint32(b[16:]),
		packed: uint64(le.Uint32(b[20:])), unpacked: uint64(le.Uint32(b[24:])), offset: uint64(le.Uint32(b[42:])),
	}
	zip64Extra(b[zipCentralLen+name:zipCentralLen+name+extra], &e.unpacked, &e.packed, &e.offset)
	return e, length, true
}

// zip64Extra reads the extra field 1, which holds those of the values that do not fit into the header (4.5.3).
func zip64Extra(extra []byte, values ...*uint64) {
	le := binary.LittleEndian
	for len(extra) >= 4 {
		id, n := le.Uint16(extra), int(le.Uint16(extra[2:]))
		extra = extra[4:]
		if n > len(extra) {
			return
		}
		if id == 1 {
			field := extra[:n]
			for _, v := range values {
				if *v == 1<<32-1 && len(field) >= 8 {
					*v, field = le.Uint64(field), field[8:]
				}
			}
			return
		}
		extra = extra[n:]
	}
}

// listed visits an entry that the directory lists.
func (z *zipReader) listed(e *zipEntry) {
	if !hasMagic(z.data, e.offset, zipLocalMagic) || uint64(len(z.data))-e.offset < zipLocalLen {
		z.w.trouble(z.p.inside(e.name), errLocal)
		return
	}
	local := z.data[e.offset:]
	start := zipLocalLen + uint64(binary.LittleEndian.Uint16(local[26:])) + uint64(binary.LittleEndian.Uint16(local[28:]))
	if start > uint64(len(local)) {
		z.w.trouble(z.p.inside(e.name), errEndsEarly)
		return
	}
	n := min(e.packed, uint64(len(local))-start)
	if !z.used.add(int(e.offset), int(e.offset+start+n)) {
		z.w.trouble(z.p.inside(e.name), errOverlap)
		return
	}
	if e.directory() {
		return
	}
	z.visit(e, local[start:start+n], n < e.packed, true)
}

// visit decodes an entry and visits it. It returns whether all was well, and how many bytes a decoder took of packed: none
// for a stored entry, all if the decoder cannot tell.
func (z *zipReader) visit(e *zipEntry, packed []byte, cut, checked bool) (int, bool) {
	w := z.w
	if e.encrypted() {
		w.trouble(z.p.inside(e.name), errEncrypted)
		return 0, false
	}
	var content []byte
	var err error
	src := bytes.NewReader(packed)
	if e.method == 0 {
		content, err = w.stored(packed)
	} else {
		var r io.Reader
		if r, err = w.zipMethod(e, src, packed); err == nil {
			hint := min(e.unpacked, 64*uint64(len(packed)))
			content, err = w.slurp(z.p.depth, w.metered(r, int64(len(packed))), int64(hint)+1)
		}
	}
	if err == nil && cut {
		err = errEndsEarly
	}
	if err == nil && checked && crc32.ChecksumIEEE(content) != e.crc {
		err = errChecksum
	}
	w.entry(z.p, e.name, content, err)
	if e.method != 0 && e.method != 8 {
		return len(packed), err == nil
	}
	return len(packed) - src.Len(), err == nil
}

// zipMethod returns the decoder for a method of compression (4.4.5).
func (w *walker) zipMethod(e *zipEntry, src *bytes.Reader, packed []byte) (io.Reader, error) {
	switch e.method {
	case 8:
		return w.flateReader(src)
	case 12:
		return guarded{decoderErrors{bzip2.NewReader(src)}}, nil
	case 14:
		return w.zipLZMA(e, packed)
	case 20, 93:
		return w.zstdReader(packed)
	case 95:
		return w.xzReader(packed), nil
	}
	return nil, unsupportedError(fmt.Sprintf("zip method %d", e.method))
}

// zipLZMA (5.8): a version, the length of the properties, the five bytes of them, then the stream, whose end is marked if
// flag 1 is set.
func (w *walker) zipLZMA(e *zipEntry, packed []byte) (io.Reader, error) {
	if len(packed) < 9 || packed[2] != 5 || packed[3] != 0 {
		return nil, damage("properties of LZMA")
	}
	unpacked := e.unpacked
	if e.flags&2 != 0 {
		unpacked = 1<<64 - 1
	}
	return w.rawLZMA(packed[4:9], unpacked, packed[9:])
}

// spans is a set of ranges that do not overlap, sorted.
type spans []struct{ start, end int }

// add reports whether start..end was free, and takes it.
func (s *spans) add(start, end int) bool {
	i, _ := slices.BinarySearchFunc(*s, start, func(x struct{ start, end int }, at int) int { return cmp.Compare(x.start, at) })
	if i > 0 && (*s)[i-1].end > start || i < len(*s) && (*s)[i].start < end {
		return false
	}
	*s = slices.Insert(*s, i, struct{ start, end int }{start, end})
	return true
}

// past returns the end of the range that holds at, or at.
func (s spans) past(at int) int {
	i, found := slices.BinarySearchFunc(s, at, func(x struct{ start, end int }, at int) int { return cmp.Compare(x.start, at) })
	if !found {
		i--
	}
	if i >= 0 && s[i].start <= at && at < s[i].end {
		return s[i].end
	}
	return at
}
