package detectors

import (
	"bytes"
	"slices"
)

// minQuotedLine is the least length of a line that a soft line break ends: encoders break lines of up to 76 characters (RFC 2045, 6.7) as
// late as they can, which tells them from other lines that end in "=".
const minQuotedLine = 60

// quoted finds lines, with those that soft line breaks join to them, in quoted-printable (RFC 2045, 6.7): no "=" in them stands
// before something else as in "a=b". One escape alone shows little, unless it is that of "=".
func (d *decoder) quoted(data []byte, yield func(region)) {
	for i := 0; ; {
		n := bytes.IndexByte(data[i:], '=')
		if n < 0 {
			return
		}
		i += n
		if _, n := quotedByte(data[i:]); n == 0 && !softBreakAt(data, i) {
			i++
			continue
		}
		start, end := i, i+1
		for start > 0 && (!dividesQuoted(data[start-1]) || joinsQuoted(data, start-1)) {
			start--
		}
		for end < len(data) && (!dividesQuoted(data[end]) || joinsQuoted(data, end)) {
			end++
		}
		if isQuoted(data, start, end) {
			d.chunks(start, end, 1, func(from, to int, again bool) {
				text := appendQuoted(d.scratch(to-from), data[from:to])
				yield(region{decoder: decoderQuoted, start: start, end: end, text: text, again: again})
			})
		}
		i = end
	}
}

// isQuoted reports whether a line is quoted-printable.
func isQuoted(data []byte, start, end int) bool {
	escapes, soft, equals := 0, false, false
	for i := start; ; {
		n := bytes.IndexByte(data[i:end], '=')
		if n < 0 {
			return escapes > 1 || soft || equals
		}
		i += n
		if n := softBreak(data[i:end]); n > 0 {
			soft = soft || softBreakAt(data, i)
			i += n
			continue
		}
		c, n := quotedByte(data[i:end])
		if n == 0 {
			if i+3 <= end && classOf[data[i+1]]&classBase64 != 0 {
				return false // an assignment, and no escape that is cut off
			}
			i++
			continue
		}
		escapes, equals = escapes+1, equals || c == '='
		i += n
	}
}

// dividesQuoted reports whether no run holds the byte, unless it is the line feed of a soft line break.
func dividesQuoted(c byte) bool { return c < ' ' && c != '\t' && c != '\r' }

// joinsQuoted reports whether at i is the line feed of a soft line break.
func joinsQuoted(data []byte, i int) bool {
	if data[i] != '\n' {
		return false
	}
	k := i - 1
	if k >= 0 && data[k] == '\r' {
		k--
	}
	return k >= 0 && data[k] == '=' && (k == 0 || data[k-1] != '=')
}

// softBreakAt reports whether the "=" at i ends a long line that another one follows.
func softBreakAt(data []byte, i int) bool {
	n := softBreak(data[i:])
	if n == 0 || i+n >= len(data) || data[i+n] == '\n' || data[i+n] == '\r' || i < minQuotedLine {
		return false
	}
	return data[i-1] != '=' && bytes.IndexByte(data[i-minQuotedLine:i], '\n') < 0
}

// softBreak returns the length of the soft line break at the start of b, 0 if there is none.
func softBreak(b []byte) int {
	switch {
	case len(b) > 1 && b[0] == '=' && b[1] == '\n':
		return 2
	case len(b) > 2 && b[0] == '=' && b[1] == '\r' && b[2] == '\n':
		return 3
	}
	return 0
}

// quotedByte reads "=XX" at the start of b; the digits are in upper case.
func quotedByte(b []byte) (c byte, n int) {
	if len(b) < 3 || b[0] != '=' {
		return 0, 0
	}
	hi, lo := unhex(b[1]), unhex(b[2])
	if hi > 15 || lo > 15 || b[1] >= 'a' || b[2] >= 'a' {
		return 0, 0
	}
	return hi<<4 | lo, 3
}

// appendQuoted appends what src means.
func appendQuoted(dst, src []byte) []byte {
	for i := 0; i < len(src); {
		n := bytes.IndexByte(src[i:], '=')
		if n < 0 {
			return append(dst, src[i:]...)
		}
		dst = append(dst, src[i:i+n]...)
		i += n
		if n := softBreak(src[i:]); n > 0 {
			i += n
			continue
		}
		c, n := quotedByte(src[i:])
		if n == 0 {
			c, n = '=', 1
		}
		dst = append(dst, c)
		i += n
	}
	return dst
}

// dropMisread drops the findings in quoted-printable, but for those that a soft line break divides or that say themselves what they are, where something stands that reads
// otherwise: "KEY=3D..." may as well be a key that begins so.
func dropMisread(data []byte, own, inner []*finding) []*finding {
	misread := func(f *finding) bool {
		return f.Decoded[0] == decoderQuoted && f.exact && f.verdict <= 0 && f.literal <= 1 && !bytes.ContainsRune(data[f.Start:f.End], '\n')
	}
	if !slices.ContainsFunc(inner, misread) {
		return inner
	}
	all := slices.Concat(own, inner)
	taken := newCover(all)
	for _, f := range all {
		if len(f.Decoded) == 0 || !misread(f) {
			taken.add(f.Start, f.End)
		}
	}
	return slices.DeleteFunc(inner, func(f *finding) bool { return misread(f) && taken.any(f.Start, f.End) })
}
