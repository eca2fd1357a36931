package gitstore

import (
	"bytes"
	"path/filepath"
	"strings"
)

// Ignore decides which files of a folder Git would ignore (gitignore). It is for a walk that descends from the root:
//
//	g := NewIgnore(root)
//	// on entering a folder, with the content of its .gitignore if there is one
//	g.Enter(path, content)
//	// for each entry
//	if g.Match(path, isDir) { ... }
//
// Paths are relative to the root, a string for each component. Patterns of the user (core.excludesFile) and of folders
// above the root are not read. An Ignore is for one goroutine.
type Ignore struct {
	exclude  *ignoreList            // .git/info/exclude
	lists    map[string]*ignoreList // by the folder, slash-separated
	verdicts map[string]bool        // of folders
}

// maxIgnoreVerdicts bounds the memory for verdicts; a walk asks about few folders at a time.
const maxIgnoreVerdicts = 4096

// NewIgnore returns an Ignore for the folder root. If root is the top of a working tree, .git/info/exclude is read.
func NewIgnore(root string) *Ignore {
	g := &Ignore{lists: map[string]*ignoreList{}, verdicts: map[string]bool{}}
	at, found, err := lookIn(root, false)
	if err != nil || !found || at.holder == "" {
		return g
	}
	common, err := commonDir(at.gitDir, environment{})
	if err != nil {
		return g
	}
	// Without the file more is scanned, not less.
	if text, err := readLayoutFile(filepath.Join(common, "info", "exclude"), maxSmallFile); err == nil {
		g.exclude = parseIgnore(text)
	}
	return g
}

// Enter gives the content of the .gitignore file in dir.
func (g *Ignore) Enter(dir []string, content []byte) {
	list := parseIgnore(content)
	if list == nil {
		return
	}
	g.lists[strings.Join(dir, "/")] = list
	clear(g.verdicts)
}

// Match reports whether the file or folder at path is ignored: because a pattern names it, or because a folder above it,
// below the root, is ignored.
func (g *Ignore) Match(path []string, isDir bool) bool {
	if len(path) == 0 {
		return false
	}
	if g.dirIgnored(path[:len(path)-1]) {
		return true
	}
	return g.decide(path, isDir)
}

// dirIgnored is Match for the folders above a path; verdicts are remembered.
func (g *Ignore) dirIgnored(dir []string) bool {
	if len(dir) == 0 {
		return false
	}
	key := strings.Join(dir, "/")
	if v, ok := g.verdicts[key]; ok {
		return v
	}
	v := g.dirIgnored(dir[:len(dir)-1]) || g.decide(dir, true)
	if len(g.verdicts) >= maxIgnoreVerdicts {
		clear(g.verdicts)
	}
	g.verdicts[key] = v
	return v
}

// decide finds the last pattern that matches, in the nearest .gitignore file that has one.
func (g *Ignore) decide(path []string, isDir bool) bool {
	full := strings.Join(path, "/")
	base := path[len(path)-1]
	for end := len(full) - len(base) - 1; ; {
		dir, rel := "", full
		if end > 0 {
			dir, rel = full[:end], full[end+1:]
		}
		if ignored, decided := g.lists[dir].match(rel, base, isDir); decided {
			return ignored
		}
		if end <= 0 {
			break
		}
		end = strings.LastIndexByte(dir, '/')
	}
	ignored, _ := g.exclude.match(full, base, isDir)
	return ignored
}

// ignoreList is the patterns of one file, in order.
type ignoreList struct{ patterns []ignorePattern }

type ignorePattern struct {
	literal  string     // what it matches, if it holds no special character
	glob     []globElem // otherwise
	negative bool       // begins with !
	dirOnly  bool       // ends with /
	anchored bool       // holds a slash, so that it is matched with the whole path
}

// match looks a path up in the list: rel is relative to the file's folder, base is its last component.
func (l *ignoreList) match(rel, base string, isDir bool) (ignored, decided bool) {
	if l == nil {
		return false, false
	}
	for i := len(l.patterns) - 1; i >= 0; i-- {
		p := &l.patterns[i]
		if p.dirOnly && !isDir {
			continue
		}
		text := base
		if p.anchored {
			text = rel
		}
		if p.glob == nil && p.literal == text || p.glob != nil && globMatch(p.glob, text) {
			return !p.negative, true
		}
	}
	return false, false
}

// maxIgnorePatterns bounds the patterns of a file, each of which may have to be tried for every path below it. It is far
// beyond what people write.
const maxIgnorePatterns = 20000

// parseIgnore parses a file of patterns. It returns nil if there are none, or too many: then more is scanned, not less.
func parseIgnore(text []byte) *ignoreList {
	l := &ignoreList{}
	for line := range bytes.Lines(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))) {
		line = bytes.TrimSuffix(line, []byte("\n"))
		line = bytes.TrimSuffix(line, []byte("\r"))
		if p, ok := parseIgnoreLine(string(line)); ok {
			l.patterns = append(l.patterns, p)
		}
		if len(l.patterns) > maxIgnorePatterns {
			return nil
		}
	}
	if len(l.patterns) == 0 {
		return nil
	}
	return l
}

func parseIgnoreLine(line string) (p ignorePattern, ok bool) {
	if strings.HasPrefix(line, "#") {
		return p, false
	}
	line = trimTrailingSpaces(line)
	if rest, found := strings.CutPrefix(line, "!"); found {
		p.negative, line = true, rest
	}
	if rest, found := strings.CutSuffix(line, "/"); found {
		p.dirOnly, line = true, rest
	}
	p.anchored = strings.Contains(line, "/")
	line = strings.TrimPrefix(line, "/")
	if strings.ContainsAny(line, `*?[\`) {
		p.glob = compileGlob(line)
	} else {
		p.literal = line
	}
	return p, line != ""
}

// trimTrailingSpaces removes spaces at the end of a pattern unless a backslash quotes them.
func trimTrailingSpaces(s string) string {
	keep := 0
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\':
			i++
			keep = min(i+1, len(s))
		case s[i] != ' ':
			keep = i + 1
		}
	}
	return s[:keep]
}
