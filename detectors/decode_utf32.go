package detectors

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"
)

// utf32 finds UTF-32: all of the data where a byte order mark says so, else runs of Latin letters of which each has three NULs.
func (d *decoder) utf32(data []byte, yield func(region)) {
	order := markUTF32(data)
	if order == nil {
		d.utf32Runs(data, yield)
		return
	}
	d.wide32(data, 4, len(data)/4*4, 0, order, yield)
}

// markUTF32 returns the byte order that the data's mark says, nil if there is none.
func markUTF32(data []byte) binary.ByteOrder {
	switch {
	case len(data) < 8:
		return nil
	case string(data[:4]) == "\xff\xfe\x00\x00":
		return binary.LittleEndian
	case string(data[:4]) == "\x00\x00\xfe\xff":
		return binary.BigEndian
	}
	return nil
}

// wide32 yields data[start:end], which has the given number of lines before it.
func (d *decoder) wide32(data []byte, start, end, lines int, order binary.ByteOrder, yield func(region)) {
	behind := start
	d.chunks(start, end, 4, func(from, to int, again bool) {
		lines += lines32(data[behind:from], order)
		behind = from
		text := appendUTF32(d.scratch((to-from)/2), data[from:to], order)
		yield(region{decoder: decoderUTF32, start: start, end: end, text: text, lines: lines, again: again})
	})
}

func appendUTF32(dst, src []byte, order binary.ByteOrder) []byte {
	for ; len(src) >= 4; src = src[4:] {
		v := order.Uint32(src)
		if v > utf8.MaxRune {
			v = utf8.RuneError
		}
		dst = utf8.AppendRune(dst, rune(v))
	}
	return dst
}

func lines32(src []byte, order binary.ByteOrder) (n int) {
	for ; len(src) >= 4; src = src[4:] {
		if order.Uint32(src) == '\n' {
			n++
		}
	}
	return n
}

// utf32Runs finds stretches of Latin characters in either byte order.
func (d *decoder) utf32Runs(data []byte, yield func(region)) {
	lines, counted := 0, 0
	for i := 0; ; {
		n := bytes.Index(data[i:], []byte{0, 0, 0})
		if n < 0 {
			return
		}
		first := i + n
		zeros := first + 3
		for zeros < len(data) && data[zeros] == 0 {
			zeros++
		}
		// Little-endian text begins with the character before the NULs, big-endian text with the last three of them.
		// Where the other kind fits as well but for the ends, text of one byte a character beside it may have lent its last one.
		little, big := max(i, first-1), zeros-3
		littleEnd, bigEnd := stretch32(data, little, 0), stretch32(data, big, 3)
		lines += bytes.Count(data[counted:little], []byte{'\n'})
		counted = little
		n, m := littleEnd-little, bigEnd-big
		if n >= 4*minUnits && n >= m-4 {
			d.wide32(data, little, littleEnd, lines, binary.LittleEndian, yield)
		}
		if m >= 4*minUnits && m >= n-4 {
			d.wide32(data, big, bigEnd, lines+bytes.Count(data[little:big], []byte{'\n'}), binary.BigEndian, yield)
		}
		i = max(littleEnd, bigEnd, zeros)
	}
}

// stretch32 returns the end of the stretch of Latin characters of four bytes each that begins at from; at says which of the four is
// not NUL.
func stretch32(data []byte, from, at int) int {
	for ; from+4 <= len(data); from += 4 {
		for k, c := range data[from : from+4] {
			if k == at && (c == 0 || !isLatin(c)) || k != at && c != 0 {
				return from
			}
		}
	}
	return from
}
