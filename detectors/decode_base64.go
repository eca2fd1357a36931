package detectors

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

const (
	minBase64 = 20
	minHex    = 32
	// maxShift is the length of a run up to which it is also read from behind a "/" on.
	maxShift = 4096
)

// base64AndHex finds runs of both: hex digits are a subset of the base64 alphabet.
func (d *decoder) base64AndHex(data []byte, yield func(region)) {
	const (
		word = 8
		// A run covers a whole word that begins no further than this behind its start.
		slack = minBase64 - word
		ones  = 0x01010101_01010101
		low   = 0x7f * ones
		least = '+' // of the alphabet
	)
	for floor, i := 0, slack; i+word <= len(data); {
		w := binary.LittleEndian.Uint64(data[i:])
		// Bit 7 of a byte: it is below the alphabet, as spaces, quotes and parentheses are.
		if below := ^(w&low + (0x80-least)*ones | w) & (0x80 * ones); below != 0 {
			i += word - bits.LeadingZeros64(below)/8 + slack
			continue
		}
		last := i + word - 1
		for last >= i && classOf[data[last]]&classBase64 != 0 {
			last--
		}
		if last >= i {
			i = last + 1 + slack
			continue
		}
		start, end := i, i+word
		for start > floor && classOf[data[start-1]]&classBase64 != 0 {
			start--
		}
		for end < len(data) && classOf[data[end]]&classBase64 != 0 {
			end++
		}
		if end-start >= minBase64 {
			end = d.run(data, start, end, yield)
			floor = end
		}
		i = end + slack
	}
}

// run deals with a maximal run and returns where it ends, with the lines that continue it.
func (d *decoder) run(data []byte, start, end int, yield func(region)) int {
	if start > 0 && data[start-1] == '\\' && bytes.IndexByte([]byte("nrt"), data[start]) >= 0 {
		start++ // the letter belongs to an escape
	}
	if d.hex(data, start, end, yield) {
		return end
	}
	if end-start > maxShift {
		d.chunks(start, end, 4, func(from, to int, again bool) {
			d.base64(data, from, to, start, end, again, yield)
		})
		return end
	}
	w := wrapOf(data, start, end)
	if w.lines == 0 {
		d.shifts(data, start, end, yield)
		return end
	}
	plain, marked := w.unmarked(data)
	if !marked || w.width%4 == 0 {
		d.wrapped(data, w, yield)
	}
	if marked {
		d.wrapped(data, plain, yield)
	}
	return w.end
}

// escapedFeed returns the length of the escaped line end at the start of b, 0 if there is none. In a string within a string the
// backslashes are doubled.
func escapedFeed(b []byte) int {
	n := 0
	for _, letter := range []byte("rn") {
		i := n
		for i < len(b) && i < n+4 && b[i] == '\\' {
			i++
		}
		switch {
		case i > n && i < len(b) && b[i] == letter:
			n = i + 1
		case letter == 'n':
			return 0
		}
	}
	return n
}

// shifts decodes a run on one line. A run may begin with something else, the mark of a diff or what ends in "/", such as a path: it is read
// once more from each of the other three alignments at which a long enough part begins there.
func (d *decoder) shifts(data []byte, start, end int, yield func(region)) {
	if d.base64(data, start, end, start, end, false, yield) {
		return
	}
	var seen [4]bool
	seen[0] = true
	if (data[start] == '+' || data[start] == '-') && end-start > minBase64 { // the mark of a diff
		seen[1] = true
		d.base64(data, start+1, end, start, end, true, yield)
	}
	for i := start; i+minBase64 < end; {
		n := bytes.IndexByte(data[i:end-minBase64], '/')
		if n < 0 {
			return
		}
		i += n + 1
		if a := (i - start) % 4; !seen[a] {
			seen[a] = true
			d.base64(data, i, end, start, end, true, yield)
		}
	}
}

// base64 decodes data[from:to], line ends left out, and yields it under the bounds of the run, if it may hold anything. It
// returns whether the outcome is text.
func (d *decoder) base64(data []byte, from, to, start, end int, again bool, yield func(region)) bool {
	text := appendBase64(d.scratch(to-from), data[from:to])
	if !shown(text) {
		return false
	}
	yield(region{decoder: decoderBase64, start: start, end: end, text: text, again: again})
	return isText(text)
}

// sextets gives the value of each character of both base64 alphabets, 0xff for others; it is not changed.
var sextets = newSextets()

func newSextets() (t [256]byte) {
	for i := range t {
		t[i] = 0xff
	}
	for i, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
		t[c] = byte(i)
	}
	t['-'], t['_'] = 62, 63
	return t
}

// appendBase64 appends what src means; characters outside the alphabets and escaped line ends are skipped, a lone last character is
// dropped.
func appendBase64(dst, src []byte) []byte {
	var bits, n uint32
	for i := 0; i < len(src); {
		if n == 0 && i+4 <= len(src) {
			a, b, c, e := sextets[src[i]], sextets[src[i+1]], sextets[src[i+2]], sextets[src[i+3]]
			if a|b|c|e <= 63 {
				dst = append(dst, a<<2|b>>4, b<<4|c>>2, c<<6|e)
				i += 4
				continue
			}
		}
		v := sextets[src[i]]
		if v > 63 {
			i += max(1, escapedFeed(src[i:]))
			continue
		}
		i++
		bits, n = bits<<6|uint32(v), n+6
		if n >= 8 {
			n -= 8
			dst = append(dst, byte(bits>>n))
		}
	}
	return dst
}

// hex yields the runs of hex digits within a run of the base64 alphabet. It returns whether all of the run is one.
func (d *decoder) hex(data []byte, start, end int, yield func(region)) bool {
	all := false
	for i := start; i+minHex <= end; {
		last := i + minHex - 1
		for last >= i && classOf[data[last]]&classHex != 0 {
			last--
		}
		if last >= i {
			i = last + 1
			continue
		}
		stop := i + minHex
		for stop < end && classOf[data[stop]]&classHex != 0 {
			stop++
		}
		all = i == start && stop == end
		d.chunks(i, stop, 2, func(from, to int, again bool) {
			text := appendHex(d.scratch((to-from)/2), data[from:to])
			if shown(text) {
				yield(region{decoder: decoderHex, start: i, end: stop, text: text, again: again})
			}
		})
		i = stop
	}
	return all
}

// appendHex appends what pairs of hex digits mean; a lone last digit is dropped.
func appendHex(dst, src []byte) []byte {
	for ; len(src) >= 2; src = src[2:] {
		dst = append(dst, unhex(src[0])<<4|unhex(src[1]))
	}
	return dst
}
