package rules

import (
	"fmt"
	"strconv"
	"strings"
)

// The bounds of a rule file, which may come from a scanned repository. They are checked before the TOML decoder sees the
// file, because its cost grows with the depth and with the length of the path of each key.
const (
	maxFileSize = 1 << 20
	maxDepth    = 24  // brackets within brackets, and parts of a dotted key
	maxKeyPath  = 256 // bytes of a key together with the tables around it
)

// positions knows the line of each key of a TOML file. A path names a key: "rule#1.part#0.near#2" is the third element
// of near in the first [[rule.part]] of the second [[rule]].
type positions struct {
	lines map[string]int
	// tooDeep is the line of a key or value beyond maxDepth or maxKeyPath; 0 when there is none. What follows is not read.
	tooDeep int
}

// line returns the line of the key, or else of the innermost table or array around it that is known.
func (p *positions) line(path string) int {
	for {
		if n, ok := p.lines[path]; ok {
			return n
		}
		i := strings.LastIndexAny(path, ".#")
		if i < 0 {
			return 1
		}
		path = path[:i]
	}
}

// findPositions reads the keys of data. It expects valid TOML (https://toml.io/en/v1.0.0); of anything else it makes
// what it can, in linear time.
func findPositions(data []byte) *positions { return newKeyScanner(data, true).run() }

// findTables is findPositions without the keys and elements of arrays: what a file without errors needs.
func findTables(data []byte) *positions { return newKeyScanner(data, false).run() }

func newKeyScanner(data []byte, keys bool) *keyScanner {
	return &keyScanner{text: string(data), line: 1, keys: keys, pos: &positions{lines: make(map[string]int)}, counts: make(map[string]int)}
}

func (s *keyScanner) run() *positions {
	for s.skipBlank(); s.at < len(s.text) && s.pos.tooDeep == 0; s.skipBlank() {
		if s.peek() == '[' {
			s.header()
		} else {
			s.keyValue()
		}
	}
	return s.pos
}

type keyScanner struct {
	text   string
	at     int
	line   int
	keys   bool           // keys and elements of arrays are recorded too
	table  string         // path of the table that keys belong to
	counts map[string]int // elements of each array of tables so far
	pos    *positions
}

func (s *keyScanner) peek() byte {
	if s.at < len(s.text) {
		return s.text[s.at]
	}
	return 0
}

// next goes one byte on and counts lines.
func (s *keyScanner) next() {
	if s.at < len(s.text) {
		if s.text[s.at] == '\n' {
			s.line++
		}
		s.at++
	}
}

// skipBlank skips white space, line ends and comments.
func (s *keyScanner) skipBlank() {
	for s.at < len(s.text) {
		switch s.peek() {
		case ' ', '\t', '\r', '\n':
			s.next()
		case '#':
			s.skipLine()
		default:
			return
		}
	}
}

// skipLine goes to the end of the line.
func (s *keyScanner) skipLine() {
	if i := strings.IndexByte(s.text[s.at:], '\n'); i >= 0 {
		s.at += i
	} else {
		s.at = len(s.text)
	}
}

// header reads [table] or [[array]].
func (s *keyScanner) header() {
	line := s.line
	s.next()
	array := s.peek() == '['
	if array {
		s.next()
	}
	parts := s.key(0)
	path := ""
	if s.pos.tooDeep != 0 {
		return
	}
	for i, part := range parts {
		path = join(path, part)
		n, ok := s.counts[path]
		switch {
		case array && i == len(parts)-1:
			s.counts[path] = n + 1
			s.record(path, line)
			path = element(path, n)
		case ok:
			path = element(path, n-1)
		}
	}
	s.table = path
	s.record(path, line)
	s.skipLine()
}

func join(path, part string) string {
	if path == "" {
		return part
	}
	return path + "." + part
}

func element(path string, i int) string { return path + "#" + strconv.Itoa(i) }

func (s *keyScanner) record(path string, line int) {
	if _, ok := s.pos.lines[path]; !ok {
		s.pos.lines[path] = line
	}
}

// key reads a dotted key within a table whose path has size bytes.
func (s *keyScanner) key(size int) []string {
	var parts []string
	start := s.at
	for s.at < len(s.text) {
		s.skipSpace()
		parts = append(parts, s.keyPart())
		s.skipSpace()
		if size+s.at-start > maxKeyPath || len(parts) > maxDepth {
			s.pos.tooDeep = s.line
			break
		}
		if s.peek() != '.' {
			break
		}
		s.at++
	}
	return parts
}

// keyPart reads a bare or quoted key.
func (s *keyScanner) keyPart() string {
	start := s.at
	if c := s.peek(); c == '"' || c == '\'' {
		s.skipString()
		quoted := s.text[start:s.at]
		if text, err := strconv.Unquote(quoted); err == nil {
			return text
		}
		if c == '\'' && len(quoted) > 1 {
			return quoted[1 : len(quoted)-1]
		}
		return quoted
	}
	for kindOf(s.peek()) != 0 || s.peek() == '_' || s.peek() == '-' {
		s.at++
	}
	return s.text[start:s.at]
}

func (s *keyScanner) skipSpace() {
	for s.peek() == ' ' || s.peek() == '\t' {
		s.at++
	}
}

// keyValue reads "key = value".
func (s *keyScanner) keyValue() {
	line, start := s.line, s.at
	parts := s.key(len(s.table))
	if s.pos.tooDeep != 0 {
		return
	}
	path, size := s.table, len(s.table)
	for _, part := range parts {
		if size > 0 {
			size++ // the dot
		}
		size += len(part)
		if s.keys {
			path = join(path, part)
		}
	}
	if s.keys {
		s.record(path, line)
	}
	if s.peek() == '=' {
		s.at++
		s.value(path, size)
	}
	if s.at == start {
		s.skipLine() // no TOML
	}
}

// bracket is an array or an inline table that the scanner is in.
type bracket struct {
	open byte
	size int  // bytes of the path so far
	key  bool // of a table: a key comes next
}

// value skips a value up to the end of its line, and records the lines of an array's elements. The path has size bytes.
func (s *keyScanner) value(path string, size int) {
	var stack []bracket
	index, fresh := 0, false
	for s.at < len(s.text) && s.pos.tooDeep == 0 {
		c := s.peek()
		depth := len(stack)
		blank := strings.IndexByte(" \t\r\n#,]}", c) >= 0
		if s.keys && depth == 1 && fresh && stack[0].open == '[' && !blank {
			s.record(element(path, index), s.line)
			index++
			fresh = false
		}
		if depth > 0 && stack[depth-1].key && !blank {
			top := &stack[depth-1]
			start := s.at
			s.key(top.size)
			size, top.key = top.size+s.at-start, false
			if s.at > start {
				continue
			}
		}
		switch c {
		case '"', '\'':
			s.skipString()
			continue
		case '#':
			s.skipLine()
			continue
		case '[', '{':
			if stack = append(stack, bracket{open: c, size: size, key: c == '{'}); len(stack) > maxDepth {
				s.pos.tooDeep = s.line
			}
			fresh = fresh || depth == 0
		case ']', '}':
			stack = stack[:max(depth-1, 0)]
		case ',':
			if depth > 0 {
				stack[depth-1].key = stack[depth-1].open == '{'
				size = stack[depth-1].size
			}
			fresh = fresh || depth == 1
		case '\n':
			if depth == 0 {
				return
			}
		}
		s.next()
	}
}

// skipString skips a string of any of the four kinds.
func (s *keyScanner) skipString() {
	quote := s.text[s.at : s.at+1]
	escapes := quote == `"`
	if triple := strings.Repeat(quote, 3); strings.HasPrefix(s.text[s.at:], triple) {
		quote = triple
	}
	s.at += len(quote)
	for s.at < len(s.text) {
		switch {
		case escapes && s.peek() == '\\':
			s.next()
			s.next()
		case strings.HasPrefix(s.text[s.at:], quote):
			s.at += len(quote)
			// Up to two quotes may stand directly before the closing three.
			for range 2 {
				if len(quote) == 3 && s.peek() == quote[0] {
					s.at++
				}
			}
			return
		case len(quote) == 1 && s.peek() == '\n':
			return
		default:
			s.next()
		}
	}
}

// Error is something wrong in a rule file.
type Error struct {
	File string
	Line int
	Rule string // the rule's id, or its number when it has none; empty outside of rules
	Text string // what is wrong
	Hint string // what to do about it; may be empty
}

// Error returns "file:line: rule id: text; hint".
func (e *Error) Error() string {
	msg := fmt.Sprintf("%s:%d: ", e.File, e.Line)
	if e.Rule != "" {
		msg += "rule " + e.Rule + ": "
	}
	msg += e.Text
	if e.Hint != "" {
		msg += "; " + e.Hint
	}
	return msg
}
