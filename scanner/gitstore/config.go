package gitstore

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
)

// maxConfigFile bounds the size of a configuration file.
const maxConfigFile = 16 << 20

// storage is what a repository's configuration says about how it is stored. Nothing else of the configuration is read:
// no includes, no user or system files.
type storage struct {
	version      int
	bare         *bool // nil if not said
	workTree     string
	objectFormat string
	refStorage   string
	perWorktree  bool // config.worktree holds configuration too
	extensions   []string
}

// readConfig reads the shared configuration and that of this worktree.
func (r *Repo) readConfig() *storage {
	var shared, own storage
	r.parseConfigFile(filepath.Join(r.CommonDir, "config"), &shared)
	if shared.perWorktree {
		r.parseConfigFile(filepath.Join(r.GitDir, "config.worktree"), &own)
	}
	// core.bare and core.worktree of the shared file are about the main worktree.
	if r.GitDir != r.CommonDir {
		shared.bare, shared.workTree = nil, ""
	}
	if own.bare != nil {
		shared.bare = own.bare
	}
	if own.workTree != "" {
		shared.workTree = own.workTree
	}
	return &shared
}

func (r *Repo) parseConfigFile(path string, into *storage) {
	text, err := readLayoutFile(path, maxConfigFile)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			r.note(layoutError(r.label(path), err))
		}
		return
	}
	bad := parseConfig(text, into.set)
	if bad > 0 {
		r.note(damagedf(r.label(path), "bad configuration in line %d", bad))
	}
}

// set takes one setting.
func (s *storage) set(key, value string, hasValue bool) {
	switch key {
	case "core.repositoryformatversion":
		n, ok := configInt(value)
		if !ok {
			n = -1 // no version at all
		}
		s.version = n
	case "core.bare":
		if b, ok := configBool(value, hasValue); ok {
			s.bare = &b
		}
	case "core.worktree":
		s.workTree = value
	}
	ext, ok := strings.CutPrefix(key, "extensions.")
	if !ok {
		return
	}
	switch ext {
	case "objectformat":
		s.objectFormat = value
	case "refstorage":
		s.refStorage = value
	case "worktreeconfig":
		if b, ok := configBool(value, hasValue); ok {
			s.perWorktree = b
		}
	}
	s.extensions = append(s.extensions, ext)
}

// applyFormat sets how objects and refs are stored and notes what is unknown.
func (r *Repo) applyFormat(s *storage) error {
	switch strings.ToLower(s.objectFormat) {
	case "", "sha1":
	case "sha256":
		r.Format = SHA256
	default:
		return fmt.Errorf("%s: %w: unknown object format", r.GitDir, ErrUnreadable)
	}
	r.applyRefStorage(s.refStorage)
	if s.version > 1 || s.version < 0 {
		r.note(&Error{Class: Policy, What: "core.repositoryFormatVersion", Why: fmt.Sprintf("version %d is not known", s.version)})
	}
	for _, ext := range s.extensions {
		r.checkExtension(ext, s.version)
	}
	return nil
}

// checkExtension notes extensions that Git would not accept. Those that it knows in version 0 too are harmless; others
// are ignored there or, if they are known, say that the version is wrong (gitformat repository-version).
func (r *Repo) checkExtension(name string, version int) {
	switch name {
	case "noop", "preciousobjects", "partialclone", "worktreeconfig":
	case "noop-v1", "objectformat", "compatobjectformat", "refstorage", "relativeworktrees", "submodulepathconfig":
		if version == 0 {
			r.note(&Error{Class: Policy, What: "extensions." + shown(name), Why: "needs repository format version 1, which the configuration does not name"})
		}
	default:
		if version >= 1 {
			r.note(&Error{Class: Policy, What: "extensions." + shown(name), Why: "extension is not known"})
		}
	}
}

// applyRefStorage sets how refs are stored. The value may carry a location, as in "files://path".
func (r *Repo) applyRefStorage(value string) {
	switch strings.ToLower(value) {
	case "", "files":
	case "reftable":
		r.reftable = true
	default:
		r.note(&Error{Class: Policy, What: "extensions.refStorage", Why: "ref storage is not known; refs are read as files"})
	}
}

// shown makes a name from a foreign file fit for a message.
func shown(name string) string {
	if len(name) > 100 {
		name = name[:100]
	}
	q := strconv.QuoteToASCII(name)
	return q[1 : len(q)-1]
}

// parseConfig parses configuration as config.c does and calls set for every variable. Keys are "section.name" or
// "section.subsection.name", section and name in lower case. It returns the number of the first bad line, 0 if there is
// none; what follows a bad line is still read.
func parseConfig(text []byte, set func(key, value string, hasValue bool)) (bad int) {
	p := configParser{rest: bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")), line: 1}
	for len(p.rest) > 0 {
		start, before := p.line, len(p.rest)
		if err := p.item(set); err != nil {
			if bad == 0 {
				bad = start
			}
			if !p.lineStart || len(p.rest) == before {
				p.skipLine()
			}
		}
	}
	return bad
}

var errConfig = errors.New("bad configuration")

type configParser struct {
	rest      []byte
	line      int
	section   string // with the subsection; "" before the first
	lineStart bool   // the last character read was a newline
	done      bool   // the end was read as a newline
}

// next returns the next character, CR LF as LF, and LF at the end of the file.
func (p *configParser) next() byte {
	if len(p.rest) == 0 {
		p.done, p.lineStart = true, true
		return '\n'
	}
	c := p.rest[0]
	if c == '\r' && len(p.rest) > 1 && p.rest[1] == '\n' {
		p.rest, c = p.rest[1:], '\n'
	}
	p.rest = p.rest[1:]
	if p.lineStart = c == '\n'; p.lineStart {
		p.line++
	}
	return c
}

// skipLine goes to the start of the next line.
func (p *configParser) skipLine() {
	if i := bytes.IndexByte(p.rest, '\n'); i >= 0 {
		p.rest = p.rest[i+1:]
		p.line++
		return
	}
	p.rest = nil
}

// item reads white space, a comment, a section header or a variable.
func (p *configParser) item(set func(key, value string, hasValue bool)) error {
	switch c := p.rest[0]; {
	case c == '#' || c == ';':
		p.skipLine()
		return nil
	case isSpace(c):
		p.next()
		return nil
	case c == '[':
		p.next()
		return p.header()
	case !isAlpha(c):
		return errConfig
	}
	name := p.name()
	for len(p.rest) > 0 && (p.rest[0] == ' ' || p.rest[0] == '\t') {
		p.next()
	}
	if len(p.rest) == 0 || p.rest[0] == '\n' || bytes.HasPrefix(p.rest, []byte("\r\n")) {
		set(p.section+name, "", false)
		return nil
	}
	if p.rest[0] != '=' {
		return errConfig
	}
	p.next()
	value, err := p.value()
	if err == nil {
		set(p.section+name, value, true)
	}
	return err
}

// name reads a variable's name.
func (p *configParser) name() string {
	n := 0
	for n < len(p.rest) && isKeyChar(p.rest[n]) {
		n++
	}
	name := strings.ToLower(string(p.rest[:n]))
	p.rest = p.rest[n:]
	return name
}

// header reads a section header behind its bracket.
func (p *configParser) header() error {
	var name []byte
	for {
		if len(p.rest) == 0 || p.rest[0] == '\n' {
			return errConfig
		}
		switch c := p.next(); {
		case c == ']':
			p.section = string(name) + "."
			return nil
		case isSpace(c):
			return p.subsection(name)
		case isKeyChar(c) || c == '.':
			name = append(name, lower(c))
		default:
			return errConfig
		}
	}
}

// subsection reads a quoted subsection and the closing bracket.
func (p *configParser) subsection(name []byte) error {
	for len(p.rest) > 0 && isSpace(p.rest[0]) && p.rest[0] != '\n' {
		p.next()
	}
	if len(p.rest) == 0 || p.rest[0] != '"' {
		return errConfig
	}
	p.next()
	name = append(name, '.')
	for {
		if len(p.rest) == 0 || p.rest[0] == '\n' {
			return errConfig
		}
		switch c := p.next(); c {
		case '"':
			if len(p.rest) == 0 || p.rest[0] != ']' {
				return errConfig
			}
			p.next()
			p.section = string(name) + "."
			return nil
		case '\\':
			if len(p.rest) == 0 || p.rest[0] == '\n' {
				return errConfig
			}
			name = append(name, p.next())
		default:
			name = append(name, c)
		}
	}
}

// value reads a value up to the end of its line, or of the last line that continues it.
func (p *configParser) value() (string, error) {
	var out []byte
	quoted, keep := false, 0 // keep is the length without trailing white space
	for {
		c := p.next()
		switch {
		case c == '\n':
			if quoted {
				return "", errConfig
			}
			return string(out[:keep]), nil
		case isSpace(c) && !quoted:
			if len(out) > 0 {
				out = append(out, c)
			}
			continue
		case (c == '#' || c == ';') && !quoted:
			p.skipLine()
			return string(out[:keep]), nil
		case c == '"':
			quoted = !quoted
		case c == '\\':
			var err error
			if out, err = p.escape(out); err != nil {
				return "", err
			}
		default:
			out = append(out, c)
		}
		keep = len(out)
	}
}

// escape reads what follows a backslash in a value.
func (p *configParser) escape(out []byte) ([]byte, error) {
	switch c := p.next(); c {
	case '\n':
		if p.done {
			return out, errConfig
		}
		return out, nil
	case 't':
		return append(out, '\t'), nil
	case 'b':
		return append(out, '\b'), nil
	case 'n':
		return append(out, '\n'), nil
	case '\\', '"':
		return append(out, c), nil
	}
	return out, errConfig
}

// configBool parses a boolean; a variable without "=" is true.
func configBool(value string, hasValue bool) (b, ok bool) {
	if !hasValue {
		return true, true
	}
	switch strings.ToLower(value) {
	case "true", "yes", "on":
		return true, true
	case "", "false", "no", "off":
		return false, true
	}
	n, ok := configInt(value)
	return n != 0, ok
}

// configInt parses an integer with an optional unit.
func configInt(value string) (int, bool) {
	value = strings.TrimSpace(value)
	unit := 1
	if n := len(value); n > 0 {
		switch lower(value[n-1]) {
		case 'k':
			unit = 1 << 10
		case 'm':
			unit = 1 << 20
		case 'g':
			unit = 1 << 30
		}
		if unit > 1 {
			value = value[:n-1]
		}
	}
	n, err := strconv.ParseInt(value, 0, 32)
	return int(n) * unit, err == nil
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
func isAlpha(c byte) bool { return lower(c) >= 'a' && lower(c) <= 'z' }
func isKeyChar(c byte) bool {
	return isAlpha(c) || c >= '0' && c <= '9' || c == '-'
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
