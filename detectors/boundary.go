package detectors

import "mudlark/rules"

// The default boundary. The byte beside a match must be neither a letter, a digit or an underscore nor of the alphabet of
// the part of the match that it touches (of a literal: the byte at its end). A rule's own boundary set replaces both. An
// escape beside a match is a boundary in any case, unless what it stands for is a letter, a digit or an underscore:
//
//	\n \t \" \\ ...       one character escaped with a backslash, the backslash itself possibly doubled
//	\x22 \u0022           the same by number
//	%3D %253D             percent encoding, once or twice
//	=3D =20 =22 ...       quoted-printable, for the characters that it is met with beside tokens
//	&quot; &#34;          character entities
//	ESC [ ... m           terminal colours, also where ESC is written \033, \x1b, \e or \u001b

// A side is what a match must have beside its start or its end.
type side struct {
	touch    *class // alphabet of the part that touches the neighbour
	explicit *class // nil for the default
}

func wordByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_'
}

// plain reports whether the neighbour c is a boundary by itself.
func (s side) plain(c byte) bool {
	if s.explicit != nil {
		return !s.explicit.has[c]
	}
	return !wordByte(c) && !s.touch.has[c]
}

// before reports whether a match may start at offset at.
func (s side) before(data []byte, at int) bool {
	return at == 0 || s.plain(data[at-1]) || escapeBefore(data[:at], !s.touch.has['2'])
}

// after reports whether a match may end at offset at.
func (s side) after(data []byte, at int) bool {
	return at == len(data) || s.plain(data[at]) || escapeAfter(data[at:])
}

// strict reports whether no boundary can stand within a run of the alphabet c, but at the very ends of it: so an end must be
// where the run ends, and a start at most escapeReach behind its start.
func (s side) strict(c *class) bool {
	if c.escapes {
		return false
	}
	set := c.set
	if s.explicit == nil {
		return true
	}
	for i := range set {
		if set[i]&^s.explicit.set[i] != 0 {
			return false
		}
	}
	return true
}

const (
	// escapeBytes begin escapes, or, as '[' and ';', stand within them; all else in escapes are letters and digits.
	escapeBytes = "\\%=&\x1b[;"
	// escapeReach is the greatest number of bytes in a row in an escape that are not escapeBytes: a colour's digits.
	escapeReach = longestColour
)

// simpleEscapes follow a backslash.
func simpleEscape(c byte) bool {
	switch c {
	case 'n', 't', 'r', 'b', 'f', 'v', '0', '"', '\'', '`', '\\', '/':
		return true
	}
	return false
}

// escapeBefore reports whether an escape ends at the end of b. Quoted is whether all quoted-printable escapes count: beside
// digits and letters of the value itself only the unmistakable =3D does.
func escapeBefore(b []byte, quoted bool) bool {
	n := len(b)
	if n < 2 {
		return false
	}
	last := b[n-1]
	if b[n-2] == '\\' && simpleEscape(last) {
		return true
	}
	if n >= 3 && numberBefore(b, quoted) {
		return true
	}
	switch last {
	case ';':
		return entityBefore(b)
	case 'm', 'K':
		return colourBefore(b)
	}
	return false
}

// numberBefore is escapeBefore for escapes that end in two hexadecimal digits.
func numberBefore(b []byte, quoted bool) bool {
	n := len(b)
	v, ok := hexValue(b[n-2:])
	if !ok {
		return false
	}
	switch b[n-3] {
	case '%':
		return !wordByte(v)
	case '=':
		return v == '=' && b[n-1] == 'D' || quoted && quotedPrintable(v, b[n-1])
	case 'x':
		return n >= 4 && b[n-4] == '\\' && !wordByte(v)
	case '5':
		if n >= 5 && string(b[n-5:n-2]) == "%25" {
			return !wordByte(v)
		}
	}
	return unicodeBefore(b, v)
}

// unicodeBefore reports whether b ends in a \uXXXX escape; v is its low byte.
func unicodeBefore(b []byte, v byte) bool {
	n := len(b)
	if n < 6 || b[n-6] != '\\' || b[n-5] != 'u' {
		return false
	}
	high, ok := hexValue(b[n-4:])
	return ok && (high != 0 || !wordByte(v))
}

func quotedPrintable(v, last byte) bool {
	if 'a' <= last && last <= 'f' {
		return false // RFC 2045 section 6.7 demands upper case
	}
	switch v {
	case '=', ' ', '\t', '\r', '\n', '"', '\'':
		return true
	}
	return false
}

// hexValue reads two hexadecimal digits.
func hexValue(b []byte) (byte, bool) {
	hi, ok1 := hexDigit(b[0])
	lo, ok2 := hexDigit(b[1])
	return hi<<4 | lo, ok1 && ok2
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// longestEntity is the longest character entity that is looked for, & and ; included.
const longestEntity = 10

// entityBefore reports whether b, which ends in ';', ends in a character entity.
func entityBefore(b []byte) bool {
	for i := len(b) - 2; i >= 0 && i >= len(b)-longestEntity; i-- {
		c := b[i]
		if c == '&' {
			return i < len(b)-2
		}
		if !wordByte(c) && c != '#' {
			return false
		}
	}
	return false
}

// entityAfter reports whether b begins with a character entity.
func entityAfter(b []byte) bool {
	if len(b) == 0 || b[0] != '&' {
		return false
	}
	for i := 1; i < len(b) && i < longestEntity; i++ {
		if b[i] == ';' {
			return i > 1
		}
		if !wordByte(b[i]) && b[i] != '#' {
			return false
		}
	}
	return false
}

// longestColour is the longest colour sequence that is looked for.
const longestColour = 16

// colourBefore reports whether b, which ends in its final byte, ends in a terminal colour sequence (ECMA-48 SGR or EL).
func colourBefore(b []byte) bool {
	i := len(b) - 2
	for i >= 0 && i >= len(b)-longestColour && (b[i] >= '0' && b[i] <= '9' || b[i] == ';') {
		i--
	}
	if i < 1 || b[i] != '[' {
		return false
	}
	b = b[:i]
	if b[i-1] == 0x1b {
		return true
	}
	for _, escape := range []string{`\e`, `\033`, `\x1b`, `\x1B`, `\u001b`, `\u001B`} {
		if n := len(escape); i >= n && string(b[i-n:]) == escape {
			return true
		}
	}
	return false
}

// inColour reports whether the ';' at offset i divides the numbers of a terminal colour sequence.
func inColour(data []byte, i int) bool {
	end := i + 1
	for end < len(data) && end < i+longestColour && (data[end] >= '0' && data[end] <= '9' || data[end] == ';') {
		end++
	}
	return end < len(data) && data[end] == 'm' && colourBefore(data[:end+1])
}

// escapeAfter reports whether b begins with an escape.
func escapeAfter(b []byte) bool {
	if len(b) < 2 {
		return false
	}
	switch b[0] {
	case '\\':
		return backslashAfter(b)
	case '%':
		if len(b) < 3 {
			return false
		}
		v, ok := hexValue(b[1:])
		if ok && v == '%' && len(b) >= 5 {
			v, ok = hexValue(b[3:])
		}
		return ok && !wordByte(v)
	case '=':
		if len(b) < 3 {
			return false
		}
		v, ok := hexValue(b[1:])
		return ok && quotedPrintable(v, b[2])
	case '&':
		return entityAfter(b)
	case 0x1b:
		return b[1] == '['
	}
	return false
}

// backslashAfter is escapeAfter for b that begins with a backslash.
func backslashAfter(b []byte) bool {
	if simpleEscape(b[1]) {
		return true
	}
	switch {
	case b[1] == 'x' && len(b) >= 4:
		v, ok := hexValue(b[2:])
		return ok && !wordByte(v)
	case b[1] == 'u' && len(b) >= 6:
		high, ok1 := hexValue(b[2:])
		v, ok2 := hexValue(b[4:])
		return ok1 && ok2 && (high != 0 || !wordByte(v))
	}
	return false
}

// classes interns alphabets.
type classes struct {
	all  []*class
	seen map[rules.ByteSet]*class
}

func (c *classes) intern(set rules.ByteSet) *class {
	if known, ok := c.seen[set]; ok {
		return known
	}
	k := &class{id: len(c.all), set: set}
	for i := range k.has {
		k.has[i] = set.Has(byte(i))
	}
	for i := range escapeBytes {
		k.escapes = k.escapes || set.Has(escapeBytes[i])
	}
	if c.seen == nil {
		c.seen = map[rules.ByteSet]*class{}
	}
	c.seen[set] = k
	c.all = append(c.all, k)
	return k
}
