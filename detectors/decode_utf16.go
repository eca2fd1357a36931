package detectors

import (
	"bytes"
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"
)

// minUnits is the least number of code units that make a run without a byte order mark.
const minUnits = 8

// utf16 finds UTF-16: all of the data where a byte order mark says so, else runs in which every second byte is NUL and the others
// are Latin letters. Such runs begin at any offset, in binaries or behind ASCII.
func (d *decoder) utf16(data []byte, yield func(region)) {
	order := markUTF16(data)
	if order == nil {
		d.utf16Runs(data, yield)
		return
	}
	const from = 2
	end := from + (len(data)-from)/2*2
	lines := 0
	d.chunks(from, end, 2, func(start, to int, again bool) {
		text := appendUTF16(d.scratch((to-start)*3/2), data[start:to], order)
		yield(region{decoder: decoderUTF16, start: from, end: end, text: text, lines: lines, again: again})
		if to < end { // the next chunk begins before this one ends
			lines += lineUnits(data[start:start+d.chunkStep(2)], order)
		}
	})
}

// markUTF16 returns the byte order that the data's mark says, nil if there is none.
func markUTF16(data []byte) binary.ByteOrder {
	switch {
	case !hasBOM(data):
		return nil
	case data[0] == 0xff:
		return binary.LittleEndian
	}
	return binary.BigEndian
}

func hasBOM(data []byte) bool {
	return len(data) >= 4 && (data[0] == 0xff && data[1] == 0xfe && (data[2] != 0 || data[3] != 0) ||
		data[0] == 0xfe && data[1] == 0xff)
}

// isLatin reports whether c is printable or white in Latin-1.
func isLatin(c byte) bool { return classOf[c]&(classText|classSpace) != 0 || c >= 0xa0 }

func appendUTF16(dst, src []byte, order binary.ByteOrder) []byte {
	for i := 0; i+1 < len(src); i += 2 {
		r := rune(order.Uint16(src[i:]))
		if r < utf8.RuneSelf {
			dst = append(dst, byte(r))
			continue
		}
		if utf16.IsSurrogate(r) && i+3 < len(src) {
			if pair := utf16.DecodeRune(r, rune(order.Uint16(src[i+2:]))); pair != utf8.RuneError {
				r = pair
				i += 2
			}
		}
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}

func lineUnits(src []byte, order binary.ByteOrder) (n int) {
	for i := 0; i+1 < len(src); i += 2 {
		if order.Uint16(src[i:]) == '\n' {
			n++
		}
	}
	return n
}

// utf16Runs finds maximal stretches in which NUL and Latin characters alternate.
func (d *decoder) utf16Runs(data []byte, yield func(region)) {
	lines, counted := 0, 0
	for i := 0; ; {
		n := bytes.IndexByte(data[i:], 0)
		if n < 0 {
			return
		}
		start, end := alternation(data, max(i, i+n-1), i+n)
		if first, last := trimNeighbours(data, start, end); last-first >= 2*minUnits-1 {
			lines += bytes.Count(data[counted:first], []byte{'\n'})
			counted = first
			d.latin(data, first, last, lines, false, yield)
			if (last-first)%2 == 1 && data[first] != 0 {
				// One of the ends belongs to one-byte text beside it, and it cannot be told which.
				d.latin(data, first+1, last, lines, true, yield)
				d.latin(data, first, last-1, lines, true, yield)
			}
		}
		i = max(end, i+n+1)
	}
}

// latin yields the characters of a stretch.
func (d *decoder) latin(data []byte, first, last, lines int, again bool, yield func(region)) {
	behind := first
	d.chunks(first, last, 2, func(from, to int, more bool) {
		text := d.scratch((to - from) + 1)
		for _, c := range data[from:to] {
			if c != 0 {
				text = utf8.AppendRune(text, rune(c))
			}
		}
		lines += bytes.Count(data[behind:from], []byte{'\n'})
		behind = from
		yield(region{decoder: decoderUTF16, start: first, end: last, text: text, lines: lines, again: again || more})
	})
}

// alternation returns the bounds of the stretch around the NUL at nul; from is the first byte it may take.
func alternation(data []byte, from, nul int) (start, end int) {
	start, end = nul, nul+1
	if from < nul && isLatin(data[from]) {
		start = from
	}
	for end < len(data) {
		if (end-nul)%2 == 0 {
			if data[end] != 0 {
				break
			}
		} else if data[end] == 0 || !isLatin(data[end]) {
			break
		}
		end++
	}
	return start, end
}

// trimNeighbours leaves out the character (certainly so if it is punctuation) at an end of the stretch that belongs to one-byte text beside it: where a stretch
// both begins and ends with a character, one of the two has no NUL of its own.
func trimNeighbours(data []byte, start, end int) (int, int) {
	if (end-start)%2 == 0 || data[start] == 0 {
		return start, end
	}
	edge := func(c byte) bool { return bytes.IndexByte([]byte(" \t\r\n\"'`()<>[]{},;"), c) >= 0 }
	switch {
	case (edge(data[start]) || data[start] == '=') && start > 0 && data[start-1] != 0:
		return start + 1, end
	case edge(data[end-1]):
		return start, end - 1
	case edge(data[start]):
		return start + 1, end
	case start == 0:
		return start, end - 1
	case end == len(data):
		return start + 1, end
	}
	return start, end
}
