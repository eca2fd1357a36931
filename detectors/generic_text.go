package detectors

import "bytes"

// quotedValue reads a value in quotes, of which those of strings within strings are escaped: "v", 'v', `v`, """v""", \"v\", r"v", @"v".
func (b *bridge) quotedValue() (assignment, bool) {
	for n := 0; n < 3 && bytes.IndexByte([]byte("rbufRBUFLN@$&"), b.peek(0)) >= 0 && b.peek(0) != 0; n++ {
		if c := b.peek(1); c != '"' && c != '\'' && bytes.IndexByte([]byte("rbufRBUF@$"), c) < 0 {
			break
		}
		b.pos++
	}
	escapes := 0
	for b.peek(escapes) == '\\' {
		escapes++
	}
	q := b.peek(escapes)
	if q != '"' && q != '\'' && q != '`' || escapes > 7 {
		return assignment{}, false
	}
	open := b.data[b.pos : b.pos+escapes+1]
	if escapes == 0 && b.peek(1) == q && b.peek(2) == q {
		open = b.data[b.pos : b.pos+3]
	}
	start := b.pos + len(open)
	end := start
	for ; ; end++ {
		if end >= len(b.data) || b.data[end] == '\n' || end-start > maxValue {
			return assignment{}, false
		}
		if escapes == 0 && b.data[end] == '\\' {
			end++
			continue
		}
		if b.data[end] == open[0] && bytes.HasPrefix(b.data[end:], open) {
			break
		}
	}
	b.pos = end + len(open)
	if b.joined() {
		return assignment{}, false
	}
	return assignment{start: start, end: end, quoted: true}, true
}

// joined reports whether the string at whose end the position stands is put together with something else, or formatted.
func (b *bridge) joined() bool {
	n := 0
	for b.peek(n) == ' ' {
		n++
	}
	switch c := b.peek(n); c {
	case '+', '%':
		return true
	case '.':
		return isLetter(b.peek(n+1)) && !bytes.HasPrefix(b.data[b.pos+n:], []byte(".getBytes")) && !bytes.HasPrefix(b.data[b.pos+n:], []byte(".to")) &&
			!bytes.HasPrefix(b.data[b.pos+n:], []byte(".encode"))
	case '{', '(':
		return n == 0
	}
	return false
}

// bare reads a value without quotes. If the name, an operator and the value are all of a line, the value may hold any character but blanks.
func (b *bridge) bare() (assignment, bool) {
	start := b.pos
	end := start
	for end < len(b.data) && end-start <= maxValue && b.data[end] > ' ' && b.data[end] < 0x7f {
		end++
	}
	if end-start > maxValue || end == start {
		return assignment{}, false
	}
	rest := end
	for rest < len(b.data) && rest-end < 64 && (b.data[rest] == ' ' || b.data[rest] == '\t' || b.data[rest] == '\r') {
		rest++
	}
	ends := rest == len(b.data) || b.data[rest] == '\n' || rest > end && b.data[rest] == '#'
	short := start
	for short < end && bytes.IndexByte([]byte("\"'`,;)]}<>&|\\"), b.data[short]) < 0 {
		short++
	}
	if ends && b.startsLine() && (short == end || !codeEnd(b.data[short:end])) {
		return assignment{start: start, end: end, line: true}, true
	}
	if short == start || short < end && (b.data[short] == '<' && short-start < 4) {
		return assignment{}, false
	}
	return assignment{start: start, end: short}, true
}

// codeEnd reports whether what stands behind a word at the end of a line is punctuation of code or prose.
func codeEnd(rest []byte) bool { return len(bytes.Trim(rest, "\"'`,;)]}<>&|\\{(n")) == 0 }

// block reads a YAML block scalar of one line: | or >, a line feed, and the value, further indented.
func (b *bridge) block() (assignment, bool) {
	b.pos++
	for c := b.peek(0); c == '-' || c == '+'; c = b.peek(0) {
		b.pos++
	}
	if !b.breaks() {
		return assignment{}, false
	}
	return b.bare()
}
