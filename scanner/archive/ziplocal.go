package archive

import (
	"bytes"
	"encoding/binary"
)

// byLocalHeaders visits the entries that local headers in data[at:end] announce and that have not been visited. It moves
// forward only.
func (z *zipReader) byLocalHeaders(at, end int) {
	for at < end {
		i := bytes.Index(z.data[at:end], []byte(zipLocalMagic))
		if i < 0 {
			return
		}
		at += i
		if past := z.used.past(at); past > at {
			at = past
			continue
		}
		if !z.w.count(z.p) {
			return
		}
		at = z.local(at)
	}
}

// local visits the entry whose header is at the offset and returns where to go on.
func (z *zipReader) local(at int) int {
	e, length, ok := parseLocal(z.data[at:])
	if !ok {
		return at + len(zipLocalMagic)
	}
	if e.directory() && !e.streamed() {
		return at + length
	}
	packed := z.data[at+length:]
	if e.streamed() && e.packed == 0 {
		return at + length + z.streamed(&e, packed)
	}
	n := min(e.packed, uint64(len(packed)))
	taken, ok := z.visit(&e, packed[:n], n < e.packed, true)
	end := at + length + int(n)
	if ok || end == len(z.data) || hasMagic(z.data, uint64(end), "PK") {
		return end
	}
	return at + length + taken // the size may be wrong: look behind what was read
}

func parseLocal(b []byte) (e zipEntry, length int, ok bool) {
	if len(b) < zipLocalLen {
		return e, 0, false
	}
	le := binary.LittleEndian
	name, extra := int(le.Uint16(b[26:])), int(le.Uint16(b[28:]))
	length = zipLocalLen + name + extra
	if length > len(b) {
		return e, 0, false
	}
	e = zipEntry{
		name:  string(b[zipLocalLen : zipLocalLen+name]),
		flags: le.Uint16(b[6:]), method: le.Uint16(b[8:]), crc: le.Uint32(b[14:]),
		packed: uint64(le.Uint32(b[18:])), unpacked: uint64(le.Uint32(b[22:])),
	}
	zip64Extra(b[zipLocalLen+name:length], &e.unpacked, &e.packed)
	return e, length, true
}

// streamed visits an entry whose size follows its data. Deflate ends by itself; with other methods the end is looked for.
func (z *zipReader) streamed(e *zipEntry, packed []byte) int {
	e.unpacked = 1<<64 - 1
	if e.method == 8 && !e.encrypted() {
		taken, _ := z.visit(e, packed, false, false)
		return taken
	}
	n := streamedEnd(packed)
	if e.directory() || n == 0 && len(e.name) > 0 && e.name[len(e.name)-1] == '/' {
		return n
	}
	z.visit(e, packed[:n], false, false)
	return n
}

// streamedEnd looks for the data descriptor (4.3.9) that holds the length in front of it, or for the next header.
func streamedEnd(packed []byte) int {
	for at := 0; ; {
		i := bytes.Index(packed[at:], []byte("PK"))
		if i < 0 {
			return len(packed)
		}
		at += i
		switch {
		case hasMagic(packed, uint64(at), zipDataMagic) && len(packed)-at >= 12 &&
			binary.LittleEndian.Uint32(packed[at+8:]) == uint32(at):
			return at
		case hasMagic(packed, uint64(at), zipCentralMagic), hasMagic(packed, uint64(at), zipLocalMagic):
			return at
		}
		at += 2
	}
}
