package rules

import (
	"fmt"
	"strings"
	"sync"
)

// classNames lists the named classes in the order of the documentation.
const classNames = "digit, hex, HEX, xdigit, base32, base36, base58, base62, base64, base64url, upper, lower, alpha, graph, print"

// classRanges returns the alphabet of a named class as pairs of ends, or "" when there is no such class. None of them
// holds '=': padding is written out.
func classRanges(name string) string {
	switch name {
	case "digit":
		return "09"
	case "hex":
		return "09af"
	case "HEX":
		return "09AF"
	case "xdigit":
		return "09AFaf"
	case "base32": // RFC 4648 section 6
		return "27AZ"
	case "base36":
		return "09az"
	case "base58": // Bitcoin's: neither 0, O, I nor l
		return "19AHJNPZakmz"
	case "base62":
		return "09AZaz"
	case "base64": // RFC 4648 section 4
		return "++/9AZaz"
	case "base64url": // RFC 4648 section 5
		return "--09AZ__az"
	case "upper":
		return "AZ"
	case "lower":
		return "az"
	case "alpha":
		return "AZaz"
	case "graph":
		return "!~"
	case "print":
		return " ~"
	}
	return ""
}

// macroText returns the grammar that {uuid} or {jwt} stands for, or "".
func macroText(name string) string {
	switch name {
	case "uuid": // RFC 9562 section 4; both cases are accepted
		return "{xdigit:8}-{xdigit:4}-{xdigit:4}-{xdigit:4}-{xdigit:12}"
	case "jwt":
		// RFC 7519 in the compact form of RFC 7515: both JSON objects begin with `{"`. The shortest header is
		// {"alg":"none"}, the shortest signature HMAC-SHA-256. The longest hold certificate chains, group lists
		// and post-quantum signatures.
		return "eyJ{base64url:16-8192}.eyJ{base64url:4-40000}.{base64url:43-8192}"
	}
	return ""
}

// Alphabet returns the alphabet of a named class such as "base62"; false when there is no such class.
func Alphabet(class string) (ByteSet, bool) {
	var s ByteSet
	ranges := classRanges(class)
	for i := 0; i+1 < len(ranges); i += 2 {
		s.AddRange(ranges[i], ranges[i+1])
	}
	return s, ranges != ""
}

// ParseSet reads a class name or a set in brackets ("base62", "[0-9A-Za-z_-]"), as in {set:n}. Errors are of type
// *FormatError.
func ParseSet(text string) (ByteSet, error) {
	p := &formatParser{text: text}
	_, set, err := p.alphabet()
	if err != nil {
		return ByteSet{}, err
	}
	if p.pos < len(text) {
		return ByteSet{}, p.fail("the end of the set", "one class name or one [...] makes the whole set")
	}
	return set, nil
}

// alphabet reads a class name or a bracketed set, and returns it as written and as a set.
func (p *formatParser) alphabet() (string, ByteSet, error) {
	start := p.pos
	if p.peek() == '[' {
		set, err := p.bracketSet()
		return p.text[start:p.pos], set, err
	}
	for p.pos < len(p.text) && isNameByte(p.text[p.pos]) {
		p.pos++
	}
	name := p.text[start:p.pos]
	set, ok := Alphabet(name)
	if ok {
		return name, set, nil
	}
	p.pos = start
	if name == "" {
		return "", set, p.fail("a class name or a set", `write {base62:36} or {[0-9a-f]:32}; a literal brace is \{`)
	}
	return "", set, p.failFound(quote(name), "a class name", "the classes are "+classNames+", and the macros {uuid} and {jwt}")
}

// bracketSet reads "[...]" with ranges and the escapes \] \[ \\ \- and \^.
func (p *formatParser) bracketSet() (ByteSet, error) {
	var set ByteSet
	p.pos++ // [
	if p.peek() == '^' {
		return set, p.fail("a character of the set", `sets are never negated; write \^ for the character`)
	}
	first := true
	for {
		if p.pos >= len(p.text) {
			return set, p.fail("']' at the end of the set", `a literal ] within a set is \]`)
		}
		if p.peek() == ']' {
			if first {
				return set, p.fail("a character of the set", "an empty set matches nothing")
			}
			p.pos++
			return set, nil
		}
		if err := p.setItem(&set); err != nil {
			return set, err
		}
		first = false
	}
}

// setItem adds one character or one range to the set.
func (p *formatParser) setItem(set *ByteSet) error {
	start := p.pos
	lo, err := p.setByte()
	if err != nil {
		return err
	}
	hi := lo
	if p.peek() == '-' && p.pos+1 < len(p.text) && p.text[p.pos+1] != ']' {
		if p.text[start] == '-' {
			p.pos = start
			return p.fail("a range or a character", `a literal - stands first, last, or is written \-`)
		}
		p.pos++
		if hi, err = p.setByte(); err != nil {
			return err
		}
	}
	item := p.text[start:p.pos]
	if lo > hi {
		p.pos = start
		return p.failFound(quote(item), "a range from low to high", "the range is empty")
	}
	if kindOf(lo) != kindOf(hi) && kindOf(lo) != 0 && kindOf(hi) != 0 {
		p.pos = start
		return p.failFound(quote(item), "a range within digits, capitals or small letters", "such a range holds the punctuation between them too; write A-Za-z")
	}
	for c := int(lo); c <= int(hi); c++ {
		if set.Has(byte(c)) {
			p.pos = start
			return p.failFound(quote(item), "a character that is not in the set yet", fmt.Sprintf("%q stands in it twice", rune(c)))
		}
		set.Add(byte(c))
	}
	return nil
}

func (p *formatParser) setByte() (byte, error) {
	c := p.peek()
	switch {
	case p.pos >= len(p.text):
		return 0, p.fail("']' at the end of the set", `a literal ] within a set is \]`)
	case !printable(c):
		return 0, p.fail("a printable ASCII character", "formats are ASCII")
	case c == '\\':
		p.pos++
		if c = p.peek(); p.pos >= len(p.text) || strings.IndexByte(`]\-^[`, c) < 0 {
			return 0, p.fail(`one of ] [ \ - ^ after the backslash`, "other characters of a set need no escape")
		}
	}
	p.pos++
	return c, nil
}

// kindOf tells digits, capitals and small letters from each other and (0) from the rest.
func kindOf(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return 1
	case c >= 'A' && c <= 'Z':
		return 2
	case c >= 'a' && c <= 'z':
		return 3
	}
	return 0
}

func isNameByte(c byte) bool { return kindOf(c) != 0 || c == '_' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func printable(c byte) bool { return c >= 0x20 && c < 0x7f }

// namedSets returns the names of the classes by alphabet.
var namedSets = sync.OnceValue(func() map[ByteSet]string {
	names := map[ByteSet]string{}
	for name := range strings.SplitSeq(classNames, ", ") {
		set, _ := Alphabet(name)
		names[set] = name
	}
	return names
})

// setText writes a set canonically: the name of a class, or the brackets with ranges in ascending order.
func setText(s ByteSet) string {
	if name, ok := namedSets()[s]; ok {
		return name
	}
	var b strings.Builder
	b.WriteByte('[')
	for c := 0; c < 256; c++ {
		if !s.Has(byte(c)) {
			continue
		}
		end := c
		for end < 255 && s.Has(byte(end+1)) && kindOf(byte(end+1)) == kindOf(byte(c)) {
			end++
		}
		writeSetByte(&b, byte(c))
		if end > c+1 {
			b.WriteByte('-')
		}
		if end > c {
			writeSetByte(&b, byte(end))
		}
		c = end
	}
	b.WriteByte(']')
	return b.String()
}

func writeSetByte(b *strings.Builder, c byte) {
	if strings.IndexByte(`]\-^[`, c) >= 0 {
		b.WriteByte('\\')
	}
	b.WriteByte(c)
}
