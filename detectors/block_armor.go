package detectors

import (
	"bytes"
	"encoding/base64"
)

// maxArmor bounds the text between the lines that open and close a key block.
const maxArmor = 64 << 10

// armor is the text of a key block, freed from what the file around it does to it: indentation, comment or diff marks, quotes
// and concatenation, escaped newlines.
type armor struct {
	headers []string // values of "Name: value" headers, as "Name: value"
	lines   []string // of base64, as they were broken
	sum     string   // "=" and the CRC-24 of RFC 9580, section 6.1, if there
}

// base64Text returns the body without white space.
func (a armor) base64Text() []byte {
	var b []byte
	for _, l := range a.lines {
		b = append(b, l...)
	}
	return b
}

// decode returns the bytes of the body.
func (a armor) decode() ([]byte, bool) {
	text := bytes.TrimRight(a.base64Text(), "=")
	raw, err := base64.RawStdEncoding.AppendDecode(nil, text)
	return raw, err == nil
}

// display returns the block as plain text: opening line, headers, body in lines of width where it had no lines, closing line.
func (a armor) display(begin, end string, width int) []byte {
	b := append([]byte(begin), '\n')
	for _, h := range a.headers {
		b = append(append(b, h...), '\n')
	}
	if len(a.headers) > 0 {
		b = append(b, '\n')
	}
	lines := a.lines
	if len(lines) == 1 {
		lines = wrap(lines[0], width)
	}
	for _, l := range lines {
		b = append(append(b, l...), '\n')
	}
	if a.sum != "" {
		b = append(append(b, a.sum...), '\n')
	}
	return append(append(b, end...), '\n')
}

func wrap(s string, width int) []string {
	var lines []string
	for len(s) > width {
		lines = append(lines, s[:width])
		s = s[width:]
	}
	return append(lines, s)
}

// parseArmor reads the text between the opening and closing lines. Lead is what stands before the opening line in its line.
// It returns false when the body holds anything that is neither base64 nor known decoration: "...", "[REDACTED]", a template.
func parseArmor(lead, body []byte) (armor, bool) {
	text := plainArmor(stripQuotes(lead, stripMarks(lead, body)))
	var a armor
	lines := nonBlank(text)
	for _, line := range lines {
		if len(lines) > 1 && isHeader(line) {
			a.headers = append(a.headers, string(line))
		} else if !a.addFields(bytes.Fields(line)) {
			return armor{}, false
		}
	}
	return a, len(a.lines) > 0
}

// addFields takes over the words of a line: base64, and headers of one word each where newlines were turned into spaces.
func (a *armor) addFields(fields [][]byte) bool {
	for i := 0; i < len(fields); i++ {
		f := fields[i]
		if f[len(f)-1] == ':' && i+1 < len(fields) {
			a.headers = append(a.headers, string(f)+" "+string(fields[i+1]))
			i++
			continue
		}
		if f[0] == '=' && len(f) == 5 && len(a.lines) > 0 && isBase64(f[1:]) {
			a.sum = string(f)
			continue
		}
		if !isBase64(bytes.TrimRight(f, "=")) {
			return false
		}
		a.lines = append(a.lines, string(f))
	}
	return true
}

func nonBlank(text []byte) [][]byte {
	var lines [][]byte
	for line := range bytes.SplitSeq(text, []byte("\n")) {
		if line = bytes.TrimSpace(line); len(line) > 0 {
			lines = append(lines, line)
		}
	}
	return lines
}

// isHeader reports whether a line is "Name: value".
func isHeader(line []byte) bool {
	name, _, ok := bytes.Cut(line, []byte(":"))
	return ok && hasAlphanumeric(name) && isBase64(bytes.ReplaceAll(name, []byte("-"), nil))
}

func isBase64(b []byte) bool {
	for _, c := range b {
		if classOf[c]&classStd == 0 {
			return false
		}
	}
	return true
}

// stripMarks removes from every line the mark that stands before the opening line: "// ", "# ", " * ", "> ", "+".
func stripMarks(lead, body []byte) []byte {
	mark := bytes.TrimSpace(lead)
	if len(mark) == 0 || bytes.ContainsAny(mark, "\"'`") {
		return body
	}
	if len(mark) > 8 || hasAlphanumeric(mark) {
		return stripShape(lead, body)
	}
	out := make([]byte, 0, len(body))
	for i, line := range bytes.SplitAfter(body, []byte("\n")) {
		if i > 0 {
			line = bytes.TrimPrefix(bytes.TrimLeft(line, " \t"), mark)
		}
		out = append(out, line...)
	}
	return out
}

// stripShape removes from every line what stands before the opening line, with other numbers: the number of the line, the time and source of a
// log's entry. If not every line has it, none is changed.
func stripShape(lead, body []byte) []byte {
	if last := lead[len(lead)-1]; hasAlphanumeric([]byte{last}) {
		return body
	}
	out := make([]byte, 0, len(body))
	for i, line := range bytes.SplitAfter(body, []byte("\n")) {
		if i > 0 && len(bytes.TrimSpace(line)) > 0 {
			n := shapeLength(lead, line)
			if n < 0 {
				return body
			}
			line = line[n:]
		}
		out = append(out, line...)
	}
	return out
}

// shapeLength returns the length of what at the start of a line is as lead is, but for its numbers and spaces; -1 if nothing is.
func shapeLength(lead, line []byte) int {
	at := 0
	skip := func(is func(byte) bool) (n int) {
		for ; at < len(line) && is(line[at]); at++ {
			n++
		}
		return n
	}
	for i := 0; i < len(lead); {
		switch c := lead[i]; {
		case isBlank(c):
			for ; i < len(lead) && isBlank(lead[i]); i++ {
			}
			skip(isBlank)
		case isDigit(c):
			for ; i < len(lead) && isDigit(lead[i]); i++ {
			}
			skip(isBlank) // numbers are aligned
			if skip(isDigit) == 0 {
				return -1
			}
		case at < len(line) && line[at] == c:
			i, at = i+1, at+1
		default:
			return -1
		}
	}
	return at
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

func hasAlphanumeric(b []byte) bool {
	for _, c := range b {
		if c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' {
			return true
		}
	}
	return false
}

// stripQuotes keeps, of a block that was built of several string literals, what stands within them.
func stripQuotes(lead, body []byte) []byte {
	lead = bytes.TrimRight(lead, " \t")
	if len(lead) == 0 {
		return body
	}
	quote := lead[len(lead)-1]
	if quote != '"' && quote != '\'' && quote != '`' || bytes.IndexByte(body, quote) < 0 {
		return body
	}
	out := make([]byte, 0, len(body))
	inside := true
	for _, c := range body {
		switch {
		case c == quote:
			inside = !inside
			out = append(out, '\n')
		case inside:
			out = append(out, c)
		}
	}
	return out
}

// plainArmor turns escapes into what they mean: newlines of any kind into "\n", an escaped "/", "+" or "=" into itself.
func plainArmor(body []byte) []byte {
	out := make([]byte, 0, len(body))
	for i := 0; i < len(body); {
		c, n := body[i], 0
		switch c {
		case '\\':
			c, n = armorEscape(body[i:])
		case '&', '<':
			c, n = '\n', armorEntity(body[i:])
		}
		if n == 0 {
			c, n = body[i], 1
		}
		out = append(out, c)
		i += n
	}
	return out
}

// armorEscape reads a run of backslashes and what they escape; n = 0 if that is nothing of an armor.
func armorEscape(b []byte) (c byte, n int) {
	for n < len(b) && b[n] == '\\' {
		n++
	}
	if n == len(b) {
		return '\n', n
	}
	switch b[n] {
	case 'n', 'r', 't', '\n', ' ', '\t', '\r':
		return '\n', n + 1
	case '/', '+', '=', '"', '\'':
		if b[n] == '"' || b[n] == '\'' {
			return '\n', n + 1
		}
		return b[n], n + 1
	case 'u', 'x':
		digits := 4
		if b[n] == 'x' {
			digits = 2
		}
		if len(b) < n+1+digits {
			return 0, 0
		}
		v := 0
		for _, d := range b[n+1 : n+1+digits] {
			h := unhex(d)
			if h > 15 {
				return 0, 0
			}
			v = v<<4 | int(h)
		}
		n += 1 + digits
		switch v {
		case '\n', '\r', '\t', ' ':
			return '\n', n
		case '/', '+', '=':
			return byte(v), n
		}
	}
	return 0, 0
}

// armorEntity returns the length of an XML or HTML newline at the start of b, or 0.
func armorEntity(b []byte) int {
	for _, e := range [...]string{"&#10;", "&#13;", "&#xA;", "&#xa;", "&#xD;", "&#xd;", "<br>", "<br/>", "<br />"} {
		if bytes.HasPrefix(b, []byte(e)) {
			return len(e)
		}
	}
	return 0
}

// leadOf returns what stands in the line before at, at most 64 bytes.
func leadOf(data []byte, at int) []byte {
	lead := data[max(0, at-64):at]
	return lead[bytes.LastIndexByte(lead, '\n')+1:]
}
