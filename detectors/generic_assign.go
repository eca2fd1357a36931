package detectors

import "bytes"

// An assignment is a name with its value, in any of the ways in which files write that.
type assignment struct {
	name       []byte
	start, end int // of the value
	quoted     bool
	// line: the value is bare, and a line holds the name, an operator, the value and nothing else, as in .env, INI and YAML files.
	line bool
	// tight: = stands between name and value, without blanks.
	tight bool
	// loose: no operator but words of prose, or a line break, stand between the two.
	loose bool
}

const (
	maxName = 64
	// maxBridge is how far a value may begin behind its name.
	maxBridge = 200
	// maxValue is the longest value; what is longer is data.
	maxValue = 512
	// assignmentReach is how far from a word of the name anything stands that is looked at.
	assignmentReach = 2*maxName + maxBridge + maxValue + 16
)

// assignmentAt returns the assignment to the name that holds the byte at offset at.
func assignmentAt(data []byte, at int) (assignment, bool) {
	from, to := at, at
	for from > 0 && at-from < maxName && nameByte(data[from-1]) {
		from--
	}
	for to < len(data) && to-at < maxName && nameByte(data[to]) {
		to++
	}
	if at-from == maxName || to-at == maxName {
		return assignment{}, false // encoded data
	}
	if from > 1 && data[from-1] == ' ' && to-from == 3 && hasFolded(data[from:to], []byte("key")) {
		from = qualified(data, from)
	}
	outer := from
	for from < at && !isLetter(data[from]) {
		from++
	}
	for to > at && !hasAlphanumeric(data[to-1:to]) {
		to--
	}
	b := bridge{data: data[:min(len(data), to+maxBridge+maxValue)], pos: to, from: from, named: to}
	if from > 1 && outer < from && data[outer] == '-' {
		b.option = true
	}
	a, ok := b.assignment()
	a.name = data[from:to]
	return a, ok && a.start < to+maxBridge && a.end > a.start && a.end-a.start <= maxValue
}

// qualified returns where a name of two words begins whose second, at from, is "key": API key.
func qualified(data []byte, from int) int {
	start := from - 1
	for start > 0 && from-start < 16 && isLetter(data[start-1]) {
		start--
	}
	if isOneOf(lowerASCII(data[start:from-1]), keyQualifiers()) {
		return start
	}
	return from
}

func nameByte(c byte) bool { return wordByte(c) || c == '-' || c == '.' || c == '$' }

// A bridge leads from a name to its value.
type bridge struct {
	data        []byte
	pos         int
	from, named int  // of the name
	quote       byte // behind the name; 0 for none
	option      bool // the name is a switch of a command
}

func (b *bridge) peek(n int) byte {
	if b.pos+n < len(b.data) {
		return b.data[b.pos+n]
	}
	return 0
}

func (b *bridge) has(s string) bool { return bytes.HasPrefix(b.data[b.pos:], []byte(s)) }

// blanks skips spaces and tabs, and says how many.
func (b *bridge) blanks() int {
	n := 0
	for b.pos < len(b.data) && (b.data[b.pos] == ' ' || b.data[b.pos] == '\t') {
		b.pos++
		n++
	}
	return n
}

// breaks skips white space with at most one line feed, and says whether there was one.
func (b *bridge) breaks() bool {
	b.blanks()
	b.backslashN()
	if b.peek(0) == '\r' {
		b.pos++
	}
	if b.peek(0) != '\n' {
		return false
	}
	b.pos++
	b.blanks()
	return true
}

func (b *bridge) backslashN() {
	if b.has(`\`+"\n") || b.has(`\`+"\r\n") {
		b.pos++
	}
}

// closing skips the quote, escaped or not, and the brackets that close behind a name. It reports whether the name is one of another kind:
// that of a type, as "AWS::IAM::AccessKey", or the last argument of a call whose outcome is shown.
func (b *bridge) closing() (other bool) {
	n := 0
	for b.peek(n) == '\\' {
		n++
	}
	if c := b.peek(n); c == '"' || c == '\'' || c == '`' {
		b.quote = c
		b.pos += n + 1
	}
	called := false
	for c := b.peek(0); c == ']' || c == ')' && b.quote != 0; c = b.peek(0) {
		called = called || c == ')'
		b.pos++
	}
	return called && (b.has(" =>") || b.has(" ==")) || b.quote != 0 && b.from > 1 && b.data[b.from-1] == ':' && b.data[b.from-2] == ':'
}

// assignment reads what stands between the name and its value, and the value.
func (b *bridge) assignment() (assignment, bool) {
	if b.closing() {
		return assignment{}, false
	}
	gap := b.blanks()
	switch c := b.peek(0); {
	case c == '=' || c == ':':
		a, ok := b.operator()
		a.tight = gap == 0 && c == '=' && a.start <= b.named+2
		return a, ok
	case c == '?' && b.peek(1) == '=', c == '+' && b.peek(1) == '=', c == '!' && b.peek(1) == '=':
		b.pos++
		return b.operator()
	case b.has("||=") || b.has("??="):
		b.pos += 2
		return b.operator()
	case b.has("|| ") || b.has("?? "):
		b.pos += 2
		b.breaks()
		return b.quotedValue()
	case c == ',' && b.quote != 0:
		b.pos++
		return b.pair()
	case c == '>':
		return b.element()
	case b.has("</key>"):
		b.pos += len("</key>")
		b.breaks()
		if !b.has("<string>") {
			return assignment{}, false
		}
		b.pos += len("<string>")
		return b.text()
	case c == '(' && gap == 0 && b.quote == 0 && b.setter():
		b.pos++
		b.breaks()
		a, ok := b.textValue()
		return a, ok && !b.goesOn(b.pos) // else the first of several texts, as the name of what has the password
	case c == '{' && b.quote != 0:
		b.pos++
		return b.standIn("default", true)
	case c == '[':
		return b.array()
	case c == '\n' || c == '\r':
		return b.nextLine()
	}
	if gap == 0 {
		return assignment{}, false
	}
	return b.apart()
}

// operator reads a value behind = or :, which stands at the position, or a type and then =.
func (b *bridge) operator() (assignment, bool) {
	colon := b.peek(0) == ':'
	if b.has(":-") {
		b.pos += 2
		return b.value(false)
	}
	if b.has("://") || b.has("::") && !b.has("::=") {
		return assignment{}, false
	}
	b.pos++
	for n := 0; n < 2 && (b.peek(0) == '=' || b.peek(0) == '>' && !colon || b.peek(0) == '~'); n++ {
		b.pos++
	}
	spaced := b.blanks() > 0
	switch {
	case colon && (b.has("|") || b.has(">")):
		return b.block()
	case b.peek(0) == '\n' || b.peek(0) == '\r' || b.peek(0) == '\\' && (b.peek(1) == '\n' || b.peek(1) == '\r'):
		b.breaks()
		return b.quotedValue()
	case b.has("(") && !colon:
		b.pos++
		b.breaks()
		return b.quotedValue()
	}
	if colon && b.quote == 0 {
		if a, ok := b.typed(); ok {
			return a, true
		}
	}
	return b.value(colon && !spaced)
}

// typed reads a type between a name and =: name: str = "value".
func (b *bridge) typed() (assignment, bool) {
	t := *b
	n := 0
	for ; n < 40 && (hasAlphanumeric([]byte{t.peek(0)}) || bytes.IndexByte([]byte("_&'<>?[]. |*"), t.peek(0)) >= 0 && t.peek(0) != 0); n++ {
		t.pos++
	}
	if n == 0 || t.peek(0) != '=' || t.peek(1) == '=' {
		return assignment{}, false
	}
	t.pos++
	t.blanks()
	return t.quotedValue()
}

// pair reads the second of two values in a list: ("name", "value"), or "key": "name", "value": "v".
func (b *bridge) pair() (assignment, bool) {
	b.breaks()
	first, ok := b.quotedValue()
	if !ok || b.from == 0 || b.data[b.from-1] != b.quote {
		return first, false
	}
	if string(bytes.ToLower(b.data[first.start:first.end])) != "value" {
		return first, b.opensList() && !b.goesOn(first.end)
	}
	b.pos = first.end
	b.closing()
	b.blanks()
	if b.peek(0) != ':' {
		return assignment{}, false
	}
	b.pos++
	b.breaks()
	return b.quotedValue()
}

// goesOn reports whether a third text in quotes follows the one that ends there.
func (b *bridge) goesOn(end int) bool {
	t := *b
	t.pos = end
	t.closing()
	t.blanks()
	if t.peek(0) != ',' {
		return false
	}
	t.pos++
	t.breaks()
	_, ok := t.quotedValue()
	return ok
}

// opensList reports whether the name, with its quote, is the first in its brackets: more than two are a list of words.
func (b *bridge) opensList() bool {
	i := b.from - 1
	for i > 0 && (b.data[i-1] == '\\' || b.data[i-1] == ' ') {
		i--
	}
	return i > 0 && (b.data[i-1] == '(' || b.data[i-1] == '[' || b.data[i-1] == '{')
}

// element reads the text of an XML element of the name, or of one that has the name as an attribute.
func (b *bridge) element() (assignment, bool) {
	b.pos++
	if b.from > 0 && b.data[b.from-1] == '<' || b.quote != 0 {
		return b.text()
	}
	return assignment{}, false
}

func (b *bridge) text() (assignment, bool) {
	end := bytes.IndexByte(b.data[b.pos:], '<')
	if end <= 0 || bytes.IndexByte(b.data[b.pos:b.pos+end], '\n') >= 0 || b.data[b.pos+end+min(1, len(b.data)-b.pos-end-1)] != '/' {
		return assignment{}, false
	}
	start, end := b.pos, b.pos+end
	if end-start > 2 && b.data[start] == '`' && b.data[end-1] == '`' {
		start, end = start+1, end-1 // Markdown within HTML
	}
	return assignment{start: start, end: end, quoted: true}, true
}

// setter reports whether the name is a method or type that takes the value: .password("x"), setToken("x"), WithToken("x"), SecretKeySpec("x").
func (b *bridge) setter() bool {
	name := b.data[b.from:b.named]
	if i := bytes.LastIndexByte(name, '.'); i >= 0 {
		return kindOfName(name[i+1:]) != plainName // else a method of the secret: password.encode("utf-16")
	}
	return b.from > 0 && b.data[b.from-1] == '.' || hasFoldedPrefix(name, "set") || hasFoldedPrefix(name, "with") || bytes.HasSuffix(name, []byte("KeySpec")) ||
		bytes.HasSuffix(name, []byte("SecurityKey"))
}

func hasFoldedPrefix(b []byte, prefix string) bool {
	return len(b) > len(prefix) && hasFolded(b, []byte(prefix))
}

func hasFoldedSuffix(b []byte, suffix string) bool {
	return len(b) > len(suffix) && hasFolded(b[len(b)-len(suffix):], []byte(suffix))
}

// standIn reads the value of another name that stands for this one's: default in a Terraform block, value in an attribute.
func (b *bridge) standIn(word string, inBlock bool) (assignment, bool) {
	rest := b.data[b.pos:min(len(b.data), b.pos+maxBridge)]
	if inBlock {
		if end := bytes.IndexByte(rest, '}'); end >= 0 {
			rest = rest[:end]
		}
	}
	i := bytes.Index(rest, []byte(word))
	if i < 0 || i > 0 && wordByte(rest[i-1]) {
		return assignment{}, false
	}
	b.pos += i + len(word)
	b.closing()
	b.blanks()
	if c := b.peek(0); c != '=' && c != ':' {
		return assignment{}, false
	}
	b.pos++
	b.blanks()
	return b.quotedValue()
}

// array reads C's char name[] = "value".
func (b *bridge) array() (assignment, bool) {
	for n := 0; n < 12 && b.peek(0) != ']' && b.peek(0) != 0; n++ {
		b.pos++
	}
	if b.peek(0) != ']' {
		return assignment{}, false
	}
	b.pos++
	b.blanks()
	if b.peek(0) != '=' {
		return assignment{}, false
	}
	b.pos++
	b.breaks()
	return b.quotedValue()
}

// nextLine reads what stands in the line below the name: "value: v" of a list of pairs, or the value alone.
func (b *bridge) nextLine() (assignment, bool) {
	b.breaks()
	for _, key := range []string{"value", "\"value\""} {
		if b.has(key) {
			b.pos += len(key)
			b.blanks()
			if b.peek(0) != ':' && b.peek(0) != '=' {
				return assignment{}, false
			}
			b.pos++
			b.blanks()
			return b.itemValue()
		}
	}
	if !b.startsLine() {
		return assignment{}, false
	}
	a, ok := b.bare()
	a.loose = true
	return a, ok && a.line
}

// apart reads a value that only blanks, or a few words, divide from the name: a switch's, ENV's and #define's, SQL's, and those of prose.
func (b *bridge) apart() (assignment, bool) {
	switch c := b.peek(0); {
	case c == '"' || c == '\'' || c == '`' || c == '\\':
		if !b.option && b.isWithin() {
			return assignment{}, false
		}
		a, ok := b.quotedValue()
		a.loose = !b.option && c == '`'
		return a, ok && !wordByte(b.peek(0)) // else what stands between two strings
	case b.option:
		return b.bare()
	case b.quote != 0 && (b.has("value") || b.has("android:value")):
		return b.standIn("value", false)
	case b.has("is ") || b.has("to "):
		b.pos += 3
		a, ok := b.quotedValue()
		a.loose = true
		return a, ok
	case b.lineBegins("ENV", "#define", "proxy_set_header", "fastcgi_param", "uwsgi_param", "SetEnv", "RequestHeader set", "setenv", "setx"):
		return b.bare()
	}
	if b.quote != 0 || b.from > 0 && b.data[b.from-1] == '=' {
		return assignment{}, false // the value of an attribute, behind which stands another one
	}
	words := 0
	for words < 48 && (b.peek(0) == ' ' || isLower(b.peek(0))) {
		b.pos++
		words++
	}
	switch {
	case words > 0 && b.has("= "), words > 0 && b.has("=\""): // name string = "value"
		b.pos++
		b.blanks()
		return b.quotedValue()
	case words > 0 && b.has(": "):
		b.pos += 2
		a, ok := b.quotedValue()
		a.loose = true
		return a, ok
	}
	return assignment{}, false
}

// isWithin reports whether the name is the end of a text in quotes, and no name: what stands behind it begins outside of the quotes, 'shared secret' 'x',
// or is what stands between two texts: "no token "+name+" there".
func (b *bridge) isWithin() bool {
	if b.quote != 0 {
		return b.from > 0 && b.data[b.from-1] != b.quote
	}
	n := 0
	for b.peek(n) == '\\' {
		n++
	}
	return bytes.IndexByte([]byte(",+;)]}?:. "), b.peek(n+1)) >= 0
}

// lineBegins reports whether nothing but one of the words stands before the name in its line.
func (b *bridge) lineBegins(words ...string) bool {
	before := b.data[max(0, b.from-maxName):b.from]
	before = bytes.TrimSpace(before[bytes.LastIndexByte(before, '\n')+1:])
	return isOneOf(before, words)
}

// startsLine reports whether nothing but white space and marks of lists stand before the name in its line.
func (b *bridge) startsLine() bool {
	i := b.from
	for i > 0 && b.from-i < maxName && bytes.IndexByte([]byte(" \t-*>#+\"'`$"), b.data[i-1]) >= 0 {
		i--
	}
	for _, word := range []string{"export", "ENV", "ARG", "set", "SET", "setx", "local", "declare", "readonly", "env"} {
		if j := i - len(word); j >= 0 && string(b.data[j:i]) == word && i < b.from {
			i = j
			for i > 0 && b.from-i < maxName && (b.data[i-1] == ' ' || b.data[i-1] == '\t') {
				i--
			}
			break
		}
	}
	return i == 0 || b.data[i-1] == '\n' || b.data[i-1] == '.' || i > 1 && b.data[i-1] == 'n' && b.data[i-2] == '\\'
}

// value reads a value, quoted or bare. A bare one behind a tight colon is no value, but part of a name.
func (b *bridge) value(tight bool) (assignment, bool) {
	t := *b
	if a, ok := t.textValue(); ok {
		return a, true
	}
	switch b.peek(0) {
	case '"', '\'', '`', 0:
		return assignment{}, false
	}
	if tight && b.quote == 0 {
		return assignment{}, false
	}
	return b.bare()
}
