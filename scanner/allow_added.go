package scanner

import (
	"fmt"
	"slices"
	"time"

	"mudlark/detectors"
	"mudlark/scanner/allow"
	"mudlark/scanner/gitstore"
)

// origin says whether an allowance came with the change that is scanned.
type origin struct {
	added   bool
	unknown bool
	why     string // how an entry differs from what was there before, or why that is not known
}

// isChange reports whether what is scanned is a change, which has a state before it.
func (s *scan) isChange() bool { return s.repo != nil && (s.rangeMode() || s.o.Staged) }

// origin says whether the change that is scanned brought an allowance itself: a marker in what is new; or an entry of a file of what
// is scanned that no state before the change has like this.
func (s *scan) origin(a *allowance) origin {
	switch {
	case !s.isChange():
		return origin{}
	case a.marker != nil:
		return origin{added: true}
	case !a.entry.Scanned || s.configIsOlder():
		return origin{}
	}
	if s.allows.before == nil {
		s.allows.before = s.allowsBefore()
	}
	return s.allows.before.compare(&a.entry.Entry)
}

// configIsOlder reports whether configuration and ignore files are those of a commit that the change does not bring.
func (s *scan) configIsOlder() bool {
	if s.configCommit.IsZero() {
		return s.received() // those of HEAD, before the push
	}
	if s.o.Staged {
		return true
	}
	c, ok := s.graph.Lookup(s.configCommit)
	return !ok || !s.graph.InRange(c)
}

// earlierAllows is what the ignore files and configurations allowed before the change that is scanned.
type earlierAllows struct {
	entries map[string][]allow.Entry // by scope
	unread  string                   // why not all states before the change could be read; "" if they could
}

// compare says how an entry differs from what was there before. Where it stood then, in which file or on which line, and with which
// reason, is no difference, nor is an earlier last day: it allowed as much.
func (b *earlierAllows) compare(e *allow.Entry) origin {
	old := b.entries[e.Scope()]
	asLong := func(o allow.Entry) bool { return o.Until.IsZero() || !e.Until.IsZero() && !e.Until.After(o.Until) }
	switch {
	case slices.ContainsFunc(old, asLong):
		return origin{}
	case len(old) > 0:
		return origin{added: true, why: difference(old[0], *e)}
	case b.unread != "":
		return origin{unknown: true, why: "it is not known what allows were there before: " + b.unread}
	}
	return origin{added: true, why: "new entry"}
}

// difference says what has become of an entry's last day.
func difference(old, e allow.Entry) string {
	day := "without end"
	if !e.Until.IsZero() {
		day = "until " + e.Until.Format(time.DateOnly)
	}
	return "changed: " + day + ", before until " + old.Until.Format(time.DateOnly)
}

// allowsBefore reads the files of what is scanned that allow secrets as they were before the change: in the commits that the change is
// compared with, and in those that it was built on.
func (s *scan) allowsBefore() *earlierAllows {
	b := &earlierAllows{entries: map[string][]allow.Entry{}}
	commits, unread := s.statesBefore()
	b.unread = unread
	seen := map[gitstore.ID]bool{}
	r := s.repo.Objects.NewReader(1 << 20)
	for _, commit := range commits {
		tree, err := s.treeOf(r, commit)
		if err == nil && !seen[tree] {
			seen[tree] = true
			err = s.readAllows(r, tree, seen, func(e allow.Entry) {
				k := e.Scope()
				b.entries[k] = append(b.entries[k], e)
			})
		}
		if err != nil {
			b.unread = fmt.Sprintf("%s: %v", commit, err)
		}
	}
	return b
}

// readAllows calls each for every entry of the files in a tree that allow secrets. Files in seen were read before.
func (s *scan) readAllows(r *gitstore.Reader, tree gitstore.ID, seen map[gitstore.ID]bool, each func(allow.Entry)) error {
	read := func(path string, parse func(data []byte) []allow.Entry) error {
		id, found, err := s.fileAt(r, tree, path)
		var data []byte
		if err == nil && found && !seen[id] {
			seen[id] = true
			data, err = s.blobOf(r, id)
		}
		if err != nil {
			return fmt.Errorf("%s could not be read", path)
		}
		for _, e := range parse(data) {
			each(e)
		}
		return nil
	}
	names := []string{allow.IgnoreName, allow.GitleaksIgnoreName, ConfigName}
	if _, own, err := s.fileAt(r, tree, ConfigName); err == nil && !own { // it does not count beside one of Mudlark's
		names = append(names, GitleaksConfigName)
	}
	for _, name := range names {
		if err := read(name, func(data []byte) []allow.Entry { return entriesOf(name, data) }); err != nil {
			return err
		}
	}
	for _, f := range s.o.Allow {
		path, ok := s.pathInRepository(f.Name)
		if !ok {
			continue
		}
		err := read(path, func(data []byte) []allow.Entry {
			old, err := parseNamed(f, data)
			if err != nil {
				return nil // it allowed nothing
			}
			return old.Entries
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// entriesOf parses a file of the repository by its name. A broken one allowed nothing.
func entriesOf(name string, data []byte) []allow.Entry {
	switch name {
	case allow.IgnoreName:
		return allow.ParseIgnore(name, data).Entries
	case allow.GitleaksIgnoreName:
		return allow.ParseGitleaksIgnore(name, data).Entries
	}
	var c *Config
	var err error
	if name == ConfigName {
		c, err = ParseConfig(name, data, detectors.Vocabulary(), false)
	} else {
		c, err = parseRepositoryGitleaks(data, nil)
	}
	if err != nil || c == nil {
		return nil
	}
	return c.Allow
}
