package detectors

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// escapes finds the strings or rests of lines that hold \uXXXX, \u{...}, \UXXXXXXXX, \xXX or an escaped delimiter.
func (d *decoder) escapes(data []byte, yield func(region)) {
	done := 0
	for i := 0; ; {
		n := bytes.IndexByte(data[i:], '\\')
		if n < 0 {
			return
		}
		for i += n; i+1 < len(data) && data[i+1] == '\\'; i++ { // escaped more than once
		}
		if _, n := numericEscape(data[i:]); n == 0 && !delimiterEscape(data[i:]) {
			i++
			continue
		}
		start, end := stringStart(data, done, i), stringEnd(data, i)
		d.chunks(start, end, 1, func(from, to int, again bool) {
			text := appendUnescaped(d.scratch(to-from), data[from:to])
			yield(region{decoder: decoderEscape, start: start, end: end, text: text, again: again})
		})
		i, done = end, end
	}
}

// stringStart returns the offset behind the quote, control character or bound before i.
func stringStart(data []byte, bound, i int) int {
	for i > bound {
		c := data[i-1]
		if c < ' ' && c != '\t' {
			return i
		}
		if c == '"' || c == '\'' || c == '`' {
			slash := i - 1
			for slash > bound && data[slash-1] == '\\' {
				slash--
			}
			if (i-1-slash)%2 == 0 {
				return i
			}
			i = slash
			continue
		}
		i--
	}
	return i
}

// stringEnd returns the offset of the quote or control character that ends the string after i.
func stringEnd(data []byte, i int) int {
	for ; i < len(data); i++ {
		switch c := data[i]; {
		case c == '\\':
			if i+1 < len(data) && data[i+1] >= ' ' {
				i++
			}
		case c < ' ' && c != '\t', c == '"', c == '\'', c == '`':
			return i
		}
	}
	return len(data)
}

// delimiterEscape reports whether b begins with an escape of a character that divides URLs and assignments: some writers of JSON
// escape "/" (RFC 8259 section 7), those of Java's properties files ":" and "=".
func delimiterEscape(b []byte) bool {
	return len(b) >= 2 && b[0] == '\\' && (b[1] == '/' || b[1] == ':' || b[1] == '=')
}

// numericEscape reads the escape at the start of b: its code point (or UTF-16 unit, or byte) and its length, 0 if there is none.
func numericEscape(b []byte) (r rune, n int) {
	if len(b) < 4 || b[0] != '\\' {
		return 0, 0
	}
	digits := 0
	switch b[1] {
	case 'x':
		digits = 2
	case 'u':
		if b[2] == '{' {
			return braceEscape(b)
		}
		digits = 4
	case 'U':
		digits = 8
	default:
		return 0, 0
	}
	if len(b) < 2+digits {
		return 0, 0
	}
	v := uint32(0)
	for _, c := range b[2 : 2+digits] {
		h := unhex(c)
		if h > 15 {
			return 0, 0
		}
		v = v<<4 | uint32(h)
	}
	if v > utf8.MaxRune {
		return 0, 0
	}
	return rune(v), 2 + digits
}

// braceEscape reads \u{...} with one to six digits.
func braceEscape(b []byte) (r rune, n int) {
	for i := 3; i < len(b) && i <= 9; i++ {
		if b[i] == '}' && i > 3 && r <= utf8.MaxRune {
			return r, i + 1
		}
		h := unhex(b[i])
		if h > 15 {
			return 0, 0
		}
		r = r<<4 | rune(h)
	}
	return 0, 0
}

// appendUnescaped appends what src means; \x gives a byte, the others code points, surrogates in pairs. The common short
// escapes are resolved too, so that an escape within an escape becomes one of its own.
func appendUnescaped(dst, src []byte) []byte {
	for i := 0; i < len(src); {
		n := bytes.IndexByte(src[i:], '\\')
		if n < 0 {
			return append(dst, src[i:]...)
		}
		dst = append(dst, src[i:i+n]...)
		i += n
		r, n := numericEscape(src[i:])
		switch {
		case n == 0:
			dst, n = appendShort(dst, src[i:])
		case src[i+1] == 'x':
			dst = append(dst, byte(r))
		default:
			if low, m := numericEscape(src[i+n:]); m > 0 && utf16.IsSurrogate(r) && src[i+n+1] == 'u' {
				if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
					r, n = pair, n+m
				}
			}
			dst = utf8.AppendRune(dst, r)
		}
		i += n
	}
	return dst
}

// appendShort appends what a backslash and one character mean.
func appendShort(dst, b []byte) ([]byte, int) {
	if len(b) < 2 {
		return append(dst, '\\'), 1
	}
	switch c := b[1]; c {
	case 'n':
		return append(dst, '\n'), 2
	case 'r':
		return append(dst, '\r'), 2
	case 't':
		return append(dst, '\t'), 2
	case '\\', '/', '"', '\'', '`', ':', '=':
		return append(dst, c), 2
	}
	return append(dst, '\\'), 1
}
