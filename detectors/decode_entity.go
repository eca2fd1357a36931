package detectors

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

const (
	// maxEntity is the length of the longest character reference that is read, "&DiacriticalGrave;".
	maxEntity = 18
	// entityReach is how far behind a line feed the bytes may be that decide whether a run goes on in the next line.
	entityReach = 40
)

// entities finds the runs of HTML and XML that hold a character reference to something printable or white in ASCII. A run ends
// at a tag, at a quote and, mostly, at the end of the line; JSON in HTML goes on for several lines.
func (d *decoder) entities(data []byte, yield func(region)) {
	done := 0
	for i := 0; ; {
		n := bytes.IndexByte(data[i:], '&')
		if n < 0 {
			return
		}
		i += n
		if r, n := entityAt(data[i:]); n == 0 || r >= utf8.RuneSelf || classOf[byte(r)]&(classText|classSpace) == 0 {
			i++
			continue
		}
		start, end := i, i+1
		for start > done && (!dividesEntities(data[start-1]) || joinsEntities(data, start-1)) {
			start--
		}
		for end < len(data) && (!dividesEntities(data[end]) || joinsEntities(data, end)) {
			end++
		}
		d.chunks(start, end, 1, func(from, to int, again bool) {
			text := appendEntities(d.scratch(to-from), data[from:to])
			yield(region{decoder: decoderEntity, start: start, end: end, text: text, again: again})
		})
		i, done = end, end
	}
}

// dividesEntities reports whether no run holds the byte, unless it is a line feed.
func dividesEntities(c byte) bool {
	return c == '<' || c == '>' || c == '"' || c == '\'' || c < ' ' && c != '\t' && c != '\r'
}

// joinsEntities reports whether a run may go on behind the byte at i: a line feed behind which the line begins with a reference, or closes
// what a reference began.
func joinsEntities(data []byte, i int) bool {
	if data[i] != '\n' {
		return false
	}
	next := i + 1
	for next < len(data) && next < i+entityReach && (data[next] == ' ' || data[next] == '\t') {
		next++
	}
	if next >= len(data) {
		return false
	}
	switch data[next] {
	case '&':
		return true
	case '}', ']':
		return i > 0 && bytes.IndexByte([]byte(";\r,"), data[i-1]) >= 0
	}
	return false
}

// entityAt reads the character reference at the start of b (HTML standard, 13.5; XML 1.0, 4.1): what it means and its length, 0 if there
// is none. Of the names only those of ASCII characters are known.
func entityAt(b []byte) (r rune, n int) {
	b = b[:min(len(b), maxEntity)]
	if len(b) < 4 || b[0] != '&' {
		return 0, 0
	}
	end := bytes.IndexByte(b, ';')
	if end < 2 {
		return 0, 0
	}
	name := b[1:end]
	if name[0] != '#' {
		c := entityNamed(string(name))
		if c == 0 {
			return 0, 0
		}
		return rune(c), end + 1
	}
	base, digits := 10, name[1:]
	if len(digits) > 1 && digits[0]|0x20 == 'x' {
		base, digits = 16, digits[1:]
	}
	v, err := strconv.ParseUint(string(digits), base, 32)
	if err != nil || v == 0 || v > utf8.MaxRune || digits[0] == '+' {
		return 0, 0
	}
	return rune(v), end + 1
}

// entityNamed returns the ASCII character of a named reference (HTML standard, 13.5), 0 for other names.
func entityNamed(name string) byte {
	switch name {
	case "amp", "AMP":
		return '&'
	case "lt", "LT":
		return '<'
	case "gt", "GT":
		return '>'
	case "quot", "QUOT":
		return '"'
	case "apos":
		return '\''
	case "Tab":
		return '\t'
	case "NewLine":
		return '\n'
	case "excl":
		return '!'
	case "num":
		return '#'
	case "dollar":
		return '$'
	case "percnt":
		return '%'
	case "lpar":
		return '('
	case "rpar":
		return ')'
	case "ast", "midast":
		return '*'
	case "plus":
		return '+'
	case "comma":
		return ','
	case "period":
		return '.'
	case "sol":
		return '/'
	case "colon":
		return ':'
	case "semi":
		return ';'
	case "equals":
		return '='
	case "quest":
		return '?'
	case "commat":
		return '@'
	case "lsqb", "lbrack":
		return '['
	case "bsol":
		return '\\'
	case "rsqb", "rbrack":
		return ']'
	case "Hat":
		return '^'
	case "lowbar", "UnderBar":
		return '_'
	case "grave", "DiacriticalGrave":
		return '`'
	case "lcub", "lbrace":
		return '{'
	case "verbar", "vert", "VerticalLine":
		return '|'
	case "rcub", "rbrace":
		return '}'
	}
	return 0
}

// appendEntities appends what src means; unknown references stay as they are.
func appendEntities(dst, src []byte) []byte {
	for i := 0; i < len(src); {
		n := bytes.IndexByte(src[i:], '&')
		if n < 0 {
			return append(dst, src[i:]...)
		}
		dst = append(dst, src[i:i+n]...)
		i += n
		r, length := entityAt(src[i:])
		if length == 0 {
			dst = append(dst, '&')
			i++
			continue
		}
		dst = utf8.AppendRune(dst, r)
		i += length
	}
	return dst
}
