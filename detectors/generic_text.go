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
	if end > start+1 && b.data[start] == '+' && b.data[end-1] == '+' {
		return assignment{}, false // what stands between two strings
	}
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

// textValue reads a value in quotes, or one in quotes that a call makes another type of: String::from("v"), []byte("v").
func (b *bridge) textValue() (assignment, bool) {
	t := *b
	if a, ok := t.quotedValue(); ok {
		b.pos = t.pos
		return a, true
	}
	start := b.pos
	for b.pos-start < 48 && (nameByte(b.peek(0)) || bytes.IndexByte([]byte(":[]&* "), b.peek(0)) >= 0) {
		b.pos++
	}
	callee := b.data[start:b.pos]
	dot := bytes.LastIndexByte(callee, '.')
	if dot > 0 && kindOfName(callee[:dot]) != plainName {
		return assignment{}, false // a method of the secret: password.encode("utf-16")
	}
	if b.peek(0) != '(' || !isConversion(callee[bytes.LastIndexAny(callee, ".:] &*")+1:]) {
		return assignment{}, false
	}
	b.pos++
	b.breaks()
	a, ok := b.textValue()
	return a, ok && (b.peek(0) == ')' || b.peek(0) == '\n')
}

// isConversion reports whether a function of that name returns the text that it is given, as another type.
func isConversion(name []byte) bool {
	return isOneOf(lowerASCII(name), []string{"from", "of", "some", "string", "str", "byte", "bytes", "getbytes", "secret", "secretstring", "securestring",
		"sensitive", "symmetricsecuritykey", "secretkeyspec", "ptr", "pointer", "stringptr", "fromstring", "frombase64string", "b64decode", "atob", "secretstr", "literal", "encode"})
}

// itemValue reads a value that has the rest of its line for itself.
func (b *bridge) itemValue() (assignment, bool) {
	if a, ok := b.value(false); !ok || a.quoted {
		return a, ok
	}
	start := b.pos
	rest := b.data[start:]
	if n := bytes.IndexByte(rest, '\n'); n >= 0 {
		rest = rest[:n]
	}
	rest = bytes.TrimRight(rest, " \t\r")
	if len(rest) == 0 || len(rest) > maxValue || bytes.IndexByte(rest, ' ') >= 0 {
		return assignment{}, false
	}
	return assignment{start: start, end: start + len(rest), line: true}, true
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
	if end, ok := b.amongPairs(start, end, short); ok {
		return assignment{start: start, end: end, line: true}, true
	}
	if short == start || short < end && (b.data[short] == '<' && short-start < 4) {
		return assignment{}, false
	}
	return assignment{start: start, end: short}, true
}

// amongPairs returns where a bare value ends that stands directly behind =, if a second such pair stands beside it: name=value name=value,
// as in inventories and commands, or name=value&name=value, as in forms and URLs.
func (b *bridge) amongPairs(start, end, short int) (int, bool) {
	if start != b.named+1 || b.data[b.named] != '=' || short == start || bytes.ContainsAny(b.data[start:short], ";(){}[]") {
		return 0, false
	}
	if b.from > 0 && (b.data[b.from-1] == '&' || b.data[b.from-1] == '?') || b.data[min(short, len(b.data)-1)] == '&' && beginsPair(b.data[short+1:]) {
		return short, true
	}
	if short < end && (codeEnd(b.data[short:end]) || bytes.ContainsAny(b.data[short:end], ";(){}[]")) {
		return 0, false
	}
	rest := bytes.TrimLeft(b.data[end:min(len(b.data), end+maxName)], " ")
	before := b.data[max(0, b.from-2*maxName):b.from]
	before = bytes.TrimRight(before[bytes.LastIndexByte(before, '\n')+1:], " ")
	return end, beginsPair(rest) || len(before) < b.from && b.data[b.from-1] == ' ' && beginsPair(before[bytes.LastIndexByte(before, ' ')+1:])
}

// beginsPair reports whether a text begins with name=value.
func beginsPair(text []byte) bool {
	n := 0
	for n < len(text) && nameByte(text[n]) {
		n++
	}
	return n > 0 && n+1 < len(text) && text[n] == '=' && text[n+1] > ' ' && text[n+1] != '='
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
