package archive

import (
	"encoding/binary"
	"io"
)

// deltaOf returns a delta filter; the property is its distance less one.
func deltaOf(property byte) func(io.Reader) io.Reader {
	return func(r io.Reader) io.Reader { return &deltaFilter{r: r, distance: int(property) + 1} }
}

func newX86Filter(r io.Reader) io.Reader { return &x86Filter{r: r} }

// A deltaFilter adds each byte to the one at a distance before it (5.3.3).
type deltaFilter struct {
	r        io.Reader
	distance int
	history  [256]byte
	at       int
}

func (d *deltaFilter) Read(b []byte) (int, error) {
	n, err := d.r.Read(b)
	for i := range b[:n] {
		b[i] += d.history[d.at]
		d.history[d.at] = b[i]
		if d.at++; d.at == d.distance {
			d.at = 0
		}
	}
	return n, err
}

// An x86Filter turns the absolute targets of calls and jumps back into relative ones (xz 5.3.2; BCJ in 7z). An operand is
// converted if its top byte is 0x00 or 0xff, unless the bytes before it look like another instruction.
type x86Filter struct {
	r    io.Reader
	err  error
	buf  [4096]byte
	from int // buf[from:to] is converted
	to   int
	end  int // buf[to:end] is not yet

	pos  uint32 // of buf[to] in the file
	last uint32 // position of the last opcode
	mask uint32 // which of the bytes before look like opcodes
	used bool
}

func (x *x86Filter) Read(b []byte) (int, error) {
	for x.from == x.to {
		if x.err != nil {
			return 0, x.err
		}
		copy(x.buf[:], x.buf[x.to:x.end])
		x.end -= x.to
		x.from, x.to = 0, 0
		n, err := x.r.Read(x.buf[x.end:])
		x.end += n
		x.to = x.convert(x.buf[:x.end])
		if x.err = err; err != nil {
			x.to = x.end // the last bytes are as they are
		}
	}
	n := copy(b, x.buf[x.from:x.to])
	x.from += n
	return n, nil
}

// convert returns how many bytes of b are done.
func (x *x86Filter) convert(b []byte) int {
	extreme := func(c byte) bool { return c == 0 || c == 0xff }
	if !x.used || x.pos-x.last > 5 {
		x.last, x.used = x.pos-5, true
	}
	i := 0
	for i+5 <= len(b) {
		if b[i]&0xfe != 0xe8 {
			i++
			continue
		}
		at := x.pos + uint32(i)
		gap := at - x.last
		x.last = at
		if gap > 5 {
			x.mask = 0
		}
		for ; gap > 0 && x.mask != 0; gap-- {
			x.mask = x.mask & 0x77 << 1
		}
		top := b[i+4]
		if extreme(top) && x.mask>>1 < 0x10 && 1<<(x.mask>>1&7)&0b00010111 != 0 {
			x.operand(b[i+1:i+5], at+5)
			x.mask = 0
			i += 5
			continue
		}
		i++
		x.mask |= 1
		if extreme(top) {
			x.mask |= 0x10
		}
	}
	x.pos += uint32(i)
	return i
}

func (x *x86Filter) operand(b []byte, next uint32) {
	src := binary.LittleEndian.Uint32(b)
	dest := src - next
	for x.mask != 0 {
		k := [8]uint32{0, 1, 2, 2, 3, 3, 3, 3}[x.mask>>1&7] * 8
		if c := byte(dest >> (24 - k)); c != 0 && c != 0xff {
			break
		}
		src = dest ^ (1<<(32-k) - 1)
		dest = src - next
	}
	dest = dest&0x1ffffff | -(dest>>24&1)<<24
	binary.LittleEndian.PutUint32(b, dest)
}
