package rules

import (
	"fmt"
	"strconv"
	"strings"
)

// The bounds of a format. They keep every matcher, generator and check that is built from one small.
const (
	maxFormatText  = 32 << 10 // bytes of a format as written
	maxFormatDepth = 16       // groups within groups
	maxFormatMatch = 64 << 10 // bytes that a format may match
	maxFormatSteps = 4 << 10  // literal bytes, runs and branches once every repetition is written out
)

// FormatError says what is wrong with a format.
type FormatError struct {
	Column   int    // in bytes, from 1
	Found    string // quoted, or "the end"
	Expected string
	Hint     string // what to do about it; may be empty
}

// Error returns the message on one line.
func (e *FormatError) Error() string {
	msg := fmt.Sprintf("column %d: found %s, expected %s", e.Column, e.Found, e.Expected)
	if e.Hint != "" {
		msg += "; hint: " + e.Hint
	}
	return msg
}

// ParseFormat reads a format. The grammar is
//
//	format  = item+
//	item    = literal | folded | run | macro | group | option
//	literal = any printable ASCII character; one of { } [ ] ( ) | \ after a backslash
//	folded  = "i'" characters "'"                     (\' and \\ within; an i before a quote is i\')
//	run     = "{" class ":" count ("," count)* "}"
//	class   = name | "[" characters and ranges "]"
//	macro   = "{uuid}" | "{jwt}"
//	count   = n | n "-" m
//	group   = "(" format ("|" format)* ")" ["{" count "}"]
//	option  = "[" format ("|" format)* "]"
//
// A format matches at least one byte and at most 64 KiB. Grammars that could match the same text in two ways for no
// reason are refused: two equal alternatives, alternatives or repeated groups that match nothing, repeated or
// neighbouring runs of one alphabet and variable length. Errors are of type *FormatError.
//
// The result is normal: sequences are flat, neighbouring literals are one, folded ones are in lower case, and a group
// of one is its content; so two formats that differ in such details only give equal nodes.
func ParseFormat(text string) (Node, error) {
	p := &formatParser{text: text}
	if len(text) > maxFormatText {
		p.pos = maxFormatText
		return nil, p.failFound("more", fmt.Sprintf("at most %d bytes", maxFormatText), "")
	}
	n, err := p.sequence(0)
	if err != nil {
		return nil, err
	}
	if p.pos < len(text) {
		return nil, p.stray()
	}
	p.pos = 0
	switch lo, hi := Length(n); {
	case lo == 0:
		return nil, p.failFound(quote(text), "a format that matches at least one byte", "everything in it is optional")
	case hi > maxFormatMatch:
		return nil, p.failFound("matches of up to "+strconv.Itoa(hi)+" bytes", "at most "+strconv.Itoa(maxFormatMatch), "lower the counts")
	case steps(n) > maxFormatSteps:
		return nil, p.failFound("a grammar too large when its repetitions are written out", "at most "+strconv.Itoa(maxFormatSteps)+" elements",
			"lower the counts, or write a run {class:n-m} instead of a repeated group")
	}
	return n, nil
}

type formatParser struct {
	text  string
	pos   int
	depth int
}

func (p *formatParser) peek() byte {
	if p.pos < len(p.text) {
		return p.text[p.pos]
	}
	return 0
}

func (p *formatParser) fail(expected, hint string) error {
	found := "the end"
	if p.pos < len(p.text) {
		found = quote(p.text[p.pos : p.pos+1])
	}
	return p.failFound(found, expected, hint)
}

func (p *formatParser) failFound(found, expected, hint string) error {
	return &FormatError{Column: p.pos + 1, Found: found, Expected: expected, Hint: hint}
}

// quote shows text in single quotes, whatever bytes it holds, and no more than a line of it.
func quote(text string) string {
	if len(text) > 60 {
		text = text[:57] + "..."
	}
	q := strconv.QuoteToASCII(text)
	return "'" + strings.ReplaceAll(q[1:len(q)-1], `\\`, `\`) + "'"
}

// stray reports a closing or separating character outside of what it closes or separates.
func (p *formatParser) stray() error {
	c := p.peek()
	hint := fmt.Sprintf(`a literal %c is written \%c`, c, c)
	if c == '|' {
		hint = `alternatives stand in parentheses, (a|b); a literal | is written \|`
	}
	return p.fail("a literal, a class {...}, a group (...) or an option [...]", hint)
}

// sequence reads items up to one of | ) ] } or the end. closer is what the caller waits for, 0 for the end.
func (p *formatParser) sequence(closer byte) (Node, error) {
	var nodes []Node
	for p.pos < len(p.text) {
		c := p.peek()
		if c == '|' || c == ')' || c == ']' || c == '}' {
			break
		}
		at := p.pos
		n, err := p.item()
		if err != nil {
			return nil, err
		}
		for _, m := range flatten(n) {
			if k := len(nodes); k > 0 && twoWays(nodes[k-1], m) {
				p.pos = at
				return nil, p.failFound("a second run of variable length and the same alphabet", "something between them", "write one run whose counts are the sums")
			}
			nodes = appendNode(nodes, m)
		}
	}
	if len(nodes) == 1 {
		return nodes[0], nil
	}
	if len(nodes) > 0 {
		return &Seq{Nodes: nodes}, nil
	}
	if closer == 0 {
		if p.pos < len(p.text) {
			return nil, p.stray()
		}
		return nil, p.fail("a format", "an empty format matches nothing")
	}
	return nil, p.fail("an alternative", "an alternative cannot be empty; write [a] for an optional a")
}

// twoWays reports whether a text of a followed by b can be split in more than one place.
func twoWays(a, b Node) bool {
	x, ok1 := a.(*Run)
	y, ok2 := b.(*Run)
	return ok1 && ok2 && x.Set == y.Set && variable(x) && variable(y)
}

func variable(r *Run) bool { return len(r.Counts) > 1 || r.Counts[0].Min != r.Counts[0].Max }

func (p *formatParser) item() (Node, error) {
	switch c := p.peek(); {
	case c == '{':
		return p.braces()
	case c == '(':
		return p.group()
	case c == '[':
		return p.option()
	case p.foldedNext():
		return p.folded()
	}
	return p.literal()
}

// literal reads characters up to the next one that means something else.
func (p *formatParser) literal() (Node, error) {
	var lit []byte
	for p.pos < len(p.text) {
		c := p.peek()
		if len(lit) > 0 && (strings.IndexByte("{}[]()|", c) >= 0 || p.foldedNext()) {
			break
		}
		if c == '\\' {
			p.pos++
			if c = p.peek(); p.pos >= len(p.text) || strings.IndexByte(`{}[]()|\'`, c) < 0 {
				return nil, p.fail(`one of { } [ ] ( ) | \ ' after the backslash`, `a literal backslash is \\; control characters cannot be part of a format`)
			}
		}
		if !printable(c) {
			return nil, p.fail("a printable ASCII character", "formats are ASCII")
		}
		lit = append(lit, c)
		p.pos++
	}
	return &Literal{Bytes: lit}, nil
}

// foldedNext reports whether i' comes next.
func (p *formatParser) foldedNext() bool { return strings.HasPrefix(p.text[p.pos:], "i'") }

// folded reads i'...'.
func (p *formatParser) folded() (Node, error) {
	start := p.pos
	p.pos += 2
	var lit []byte
	for {
		c := p.peek()
		switch {
		case p.pos >= len(p.text):
			return nil, p.fail("the closing ' of i'...'", fmt.Sprintf(`it was opened in column %d; a literal i before a quote is written i\'`, start+1))
		case !printable(c):
			return nil, p.fail("a printable ASCII character", "formats are ASCII")
		case c == '\'':
			if len(lit) == 0 {
				return nil, p.fail("a character", "i'' is empty")
			}
			p.pos++
			return newFolded(lit), nil
		case c == '\\':
			p.pos++
			if c = p.peek(); c != '\'' && c != '\\' {
				return nil, p.fail(`' or \ after the backslash`, "other characters within i'...' need no escape")
			}
		}
		lit = append(lit, c)
		p.pos++
	}
}

// newFolded returns a literal that ignores case, if it has letters.
func newFolded(b []byte) *Literal {
	lit := &Literal{Bytes: make([]byte, len(b))}
	for i, c := range b {
		lit.Bytes[i] = lowerByte(c)
		lit.Fold = lit.Fold || kindOf(c) > 1
	}
	return lit
}

func lowerByte(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		c |= 0x20
	}
	return c
}

// braces reads {class:counts}, {uuid} or {jwt}.
func (p *formatParser) braces() (Node, error) {
	start := p.pos
	p.pos++
	if isDigit(p.peek()) {
		p.pos = start
		return nil, p.failFound("a count", "a class", "only a group can be repeated, (...){3}; a run is {class:3}")
	}
	for _, name := range []string{"uuid", "jwt"} {
		if rest, ok := strings.CutPrefix(p.text[p.pos:], name); ok && (rest == "" || !isNameByte(rest[0])) {
			p.pos += len(name)
			if p.peek() != '}' {
				return nil, p.fail("'}'", "{"+name+"} takes no count")
			}
			p.pos++
			return ParseFormat(macroText(name))
		}
	}
	class, set, err := p.alphabet()
	if err != nil {
		return nil, err
	}
	if p.peek() != ':' {
		return nil, p.fail("':' and a count", "write {"+class+":32}, {"+class+":20-40} or {"+class+":20,58}")
	}
	p.pos++
	counts, err := p.counts()
	if err != nil {
		return nil, err
	}
	if counts[len(counts)-1].Max == 0 {
		p.pos = start
		return nil, p.failFound("a run of no characters", "a count above 0", "leave it out")
	}
	return &Run{Class: class, Set: set, Counts: counts}, nil
}

// counts reads "n", "n-m" and lists of them up to the closing brace.
func (p *formatParser) counts() ([]Count, error) {
	var list []Count
	for {
		at := p.pos
		c, err := p.count()
		if err != nil {
			return nil, err
		}
		if k := len(list); k > 0 && c.Min <= list[k-1].Max {
			p.pos = at
			return nil, p.failFound(quote(c.String()), fmt.Sprintf("a count above %d", list[k-1].Max), "counts ascend and do not overlap")
		}
		if k := len(list); k > 0 && c.Min == list[k-1].Max+1 {
			list[k-1].Max = c.Max
		} else {
			list = append(list, c)
		}
		switch p.peek() {
		case ',':
			p.pos++
		case '}':
			p.pos++
			return list, nil
		default:
			return nil, p.fail("',' or '}'", "counts are written 32, 20-40 or 20,58,60-74")
		}
	}
}

func (p *formatParser) count() (Count, error) {
	at := p.pos
	lo, err := p.number()
	if err != nil {
		return Count{}, err
	}
	c := Count{Min: lo, Max: lo}
	if p.peek() == '-' {
		p.pos++
		if c.Max, err = p.number(); err != nil {
			return c, err
		}
	}
	if c.Max < c.Min {
		p.pos = at
		return c, p.failFound(quote(c.String()), "a range from low to high", fmt.Sprintf("write %d-%d", c.Max, c.Min))
	}
	return c, nil
}

func (p *formatParser) number() (int, error) {
	start, v := p.pos, 0
	for isDigit(p.peek()) {
		v = v*10 + int(p.peek()-'0')
		p.pos++
		if v > maxFormatMatch {
			p.pos = start
			return 0, p.failFound("a count too large", fmt.Sprintf("at most %d", maxFormatMatch), "a format matches at most 64 KiB")
		}
	}
	switch {
	case p.pos == start:
		return 0, p.fail("a number", "every run has a bound: {class:n-m}, with n and m written out")
	case p.text[start] == '0' && p.pos-start > 1:
		p.pos = start
		return 0, p.fail("a number without leading zeros", "")
	}
	return v, nil
}

// String returns the count as it is written in a format.
func (c Count) String() string {
	if c.Min == c.Max {
		return strconv.Itoa(c.Min)
	}
	return strconv.Itoa(c.Min) + "-" + strconv.Itoa(c.Max)
}

// group reads (a|b|c) and what may follow it, {n} or {n-m}.
func (p *formatParser) group() (Node, error) {
	start := p.pos
	n, err := p.alternatives('(', ')')
	if err != nil {
		return nil, err
	}
	if p.peek() != '{' || p.pos+1 >= len(p.text) || !isDigit(p.text[p.pos+1]) {
		return n, nil
	}
	at := p.pos
	p.pos++
	counts, err := p.counts()
	if err != nil {
		return nil, err
	}
	end := p.pos
	p.pos = at
	c := counts[0]
	switch {
	case len(counts) > 1:
		return nil, p.failFound(quote(p.text[at:end]), "one count", "a group is repeated {n} or {n-m} times")
	case c.Max == 0:
		return nil, p.failFound(quote(p.text[at:end]), "a count above 0", "leave the group out")
	}
	if c.Max > 1 {
		if r, ok := n.(*Run); ok && variable(r) {
			p.pos = start
			return nil, p.failFound("a repeated run of variable length", "a literal that separates its repetitions", "write one run whose counts are the products")
		}
	}
	p.pos = start
	if lo, _ := Length(n); lo == 0 {
		return nil, p.failFound(quote(p.text[start:end]), "a group that matches something", "what is repeated cannot be empty; write the optional part as {0-n} or [...]")
	}
	p.pos = end
	if c.Min == 1 && c.Max == 1 {
		return n, nil
	}
	return &Repeat{Node: n, Min: c.Min, Max: c.Max}, nil
}

// option reads [a|b].
func (p *formatParser) option() (Node, error) {
	start := p.pos
	n, err := p.alternatives('[', ']')
	if err != nil {
		return nil, err
	}
	if lo, _ := Length(n); lo == 0 {
		end := p.pos
		p.pos = start
		return nil, p.failFound(quote(p.text[start:end]), "an option that matches something", "its content can be empty already; drop the brackets")
	}
	if p.peek() == '{' && p.pos+1 < len(p.text) && isDigit(p.text[p.pos+1]) {
		return nil, p.fail("an item that is no count", "an option is not repeated; write (...){0-3}")
	}
	return &Repeat{Node: n, Min: 0, Max: 1}, nil
}

// alternatives reads a group or an option with its brackets.
func (p *formatParser) alternatives(open, closer byte) (Node, error) {
	start := p.pos
	if p.depth++; p.depth > maxFormatDepth {
		return nil, p.fail(fmt.Sprintf("at most %d groups within each other", maxFormatDepth), "")
	}
	defer func() { p.depth-- }()
	p.pos++
	var nodes []Node
	for {
		at := p.pos
		n, err := p.sequence(closer)
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, n)
		end := p.pos
		switch c := p.peek(); {
		case p.pos >= len(p.text):
			return nil, p.fail(fmt.Sprintf("'%c' or '|'", closer), fmt.Sprintf(`'%c' was opened in column %d; a literal one is written \%c`, open, start+1, open))
		case c != '|' && c != closer:
			return nil, p.fail(fmt.Sprintf("'%c' or '|'", closer), fmt.Sprintf(`'%c' was opened in column %d; a literal %c is written \%c`, open, start+1, c, c))
		case c == '|' || len(nodes) > 1:
			if lo, _ := Length(n); lo == 0 {
				p.pos = at
				return nil, p.failFound(quote(p.text[at:end]), "an alternative that matches something", "make the group optional instead: [a|b]")
			}
		}
		p.pos++
		if p.text[p.pos-1] == closer {
			break
		}
	}
	if len(nodes) == 1 {
		return nodes[0], nil
	}
	nodes = flattenAlt(nodes)
	if err := p.distinct(start, nodes); err != nil {
		return nil, err
	}
	return &Alt{Nodes: nodes}, nil
}

// distinct refuses alternatives that are the same.
func (p *formatParser) distinct(start int, nodes []Node) error {
	seen := make(map[string]int, len(nodes))
	for i, n := range nodes {
		text := canonical(n)
		if j, ok := seen[text]; ok {
			p.pos = start
			return p.failFound(fmt.Sprintf("alternative %d equal to alternative %d, %s", i+1, j+1, quote(text)), "alternatives that differ", "drop one of them")
		}
		seen[text] = i
	}
	return nil
}

// flatten returns the elements of a sequence, or n alone.
func flatten(n Node) []Node {
	if s, ok := n.(*Seq); ok {
		return s.Nodes
	}
	return []Node{n}
}

// appendNode appends n to a sequence that the parser builds; neighbouring literals of one kind become one.
func appendNode(flat []Node, n Node) []Node {
	lit, ok := n.(*Literal)
	if !ok || len(flat) == 0 {
		return append(flat, n)
	}
	last, ok := flat[len(flat)-1].(*Literal)
	if !ok || last.Fold != lit.Fold {
		return append(flat, n)
	}
	last.Bytes = append(last.Bytes, lit.Bytes...)
	return flat
}

// flattenAlt makes alternatives of alternatives one list.
func flattenAlt(nodes []Node) []Node {
	var flat []Node
	for _, n := range nodes {
		if a, ok := n.(*Alt); ok {
			flat = append(flat, a.Nodes...)
		} else {
			flat = append(flat, n)
		}
	}
	return flat
}
