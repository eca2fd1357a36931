package scanner

import (
	"bytes"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"mudlark/detectors"
	"mudlark/report"
	"mudlark/scanner/allow"
	"mudlark/scanner/history"
)

// allowEntry is an entry of a file, and what became of it.
type allowEntry struct {
	allow.Entry
	used                 bool
	regexes, pathRegexes []*regexp.Regexp
}

// placeKey is the exact place that an entry names.
type placeKey struct {
	path string
	line int
}

// allows holds everything that allows secrets in a scan, by what can be looked up.
type allows struct {
	known func(name string) bool // names of rules and providers, in lower case
	files []*allow.File
	all   []*allowEntry

	byFingerprint map[string][]*allowEntry
	bySHA1        map[string][]*allowEntry
	bySHA256      map[string][]*allowEntry
	byPlace       map[placeKey][]*allowEntry
	general       []*allowEntry // those that can be looked up by nothing
	around        []*allowEntry // those of general with regexes for what stands around a secret

	asked int // how many of general come with what is scanned

	before *earlierAllows // nil until it is asked for

	notes []report.AllowNote
}

// maxAsked bounds the entries of what is scanned that have to be asked one after the other for each secret.
const maxAsked = 10_000

// loadAllows reads the ignore files of what is scanned, and joins them with what the caller gave and what the configuration says.
func (s *scan) loadAllows() *allows {
	a := &allows{known: s.knownNames(), files: s.namedFiles(),
		byFingerprint: map[string][]*allowEntry{}, bySHA1: map[string][]*allowEntry{}, bySHA256: map[string][]*allowEntry{}, byPlace: map[placeKey][]*allowEntry{}}
	if data, ok := s.repositoryFile(allow.IgnoreName, allow.MaxFile); ok {
		a.files = append(a.files, ofScanned(allow.ParseIgnore(allow.IgnoreName, data)))
	}
	if data, ok := s.repositoryFile(allow.GitleaksIgnoreName, allow.MaxFile); ok {
		a.files = append(a.files, ofScanned(allow.ParseGitleaksIgnore(allow.GitleaksIgnoreName, data)))
	}
	for _, e := range s.conf.Allow {
		s.addAllow(a, e)
	}
	for _, f := range a.files {
		s.checkKey(a, f)
		for _, p := range f.Problems {
			a.note("malformed", allow.Entry{File: p.File, Line: p.Line}, p.Text+hinted(p.Hint))
		}
		for i := range f.Entries {
			s.addAllow(a, f.Entries[i])
		}
	}
	return a
}

// ofScanned marks the entries of a file as such of what is scanned.
func ofScanned(f *allow.File) *allow.File {
	for i := range f.Entries {
		f.Entries[i].Scanned = true
	}
	return f
}

func compileAll(list []string) ([]*regexp.Regexp, error) {
	var out []*regexp.Regexp
	for _, s := range list {
		re, err := regexp.Compile(s)
		if err != nil {
			return nil, err
		}
		out = append(out, re)
	}
	return out, nil
}

// checkKey notes that the fingerprints of a file were made with another key than that of this scan.
func (s *scan) checkKey(a *allows, f *allow.File) {
	if f.KeyCheck != "" && f.KeyCheck != KeyCheck(s.conf.FingerprintKey) {
		a.note("unknown", allow.Entry{File: f.Name}, "was made with another fingerprint_key, so that nothing in it matches; make it again")
	}
}

func hinted(hint string) string {
	if hint == "" {
		return ""
	}
	return "; " + hint
}

// knownNames returns a function that says which names, in lower case, rules and providers have.
func (s *scan) knownNames() func(string) bool {
	names := sync.OnceValue(func() map[string]bool { // hardly any scan asks
		m := map[string]bool{}
		for _, r := range slices.Concat(s.o.Rules, s.conf.Rules) {
			m[strings.ToLower(r.ID)], m[strings.ToLower(r.Provider)] = true, true
		}
		return m
	})
	return func(name string) bool { return names()[name] }
}

// addAllow files an entry under what can be looked up of it. Entries that have expired or that name no rule count for nothing.
func (s *scan) addAllow(a *allows, e allow.Entry) {
	if e.Expired(s.o.Now()) {
		a.note("expired", e, "counted until "+e.Until.Format("2006-01-02"))
		return
	}
	for _, r := range e.Rules {
		if !a.known(r) {
			a.note("unknown", e, "there is no rule or provider "+r)
			return
		}
	}
	for _, g := range e.Paths {
		if validGlob(g) != nil {
			a.note("malformed", e, "the pattern is malformed; use *, ?, [a-z] and **")
			return
		}
	}
	n := &allowEntry{Entry: e}
	var err error
	if n.regexes, err = compileAll(e.Regexes); err == nil {
		n.pathRegexes, err = compileAll(e.PathRegexes)
	}
	if err != nil {
		a.note("malformed", e, "a regex does not compile")
		return
	}
	if e.Scanned && e.Fingerprint == "" && e.Path == "" {
		if a.asked++; a.asked > maxAsked {
			if a.asked == maxAsked+1 {
				a.note("malformed", e, fmt.Sprintf("from here on none counts: more than %d entries with paths or rules alone", maxAsked))
			}
			return
		}
	}
	a.all = append(a.all, n)
	switch {
	case e.Fingerprint != "":
		a.byFingerprint[e.Fingerprint] = append(a.byFingerprint[e.Fingerprint], n)
	case e.SecretSHA256 != "":
		a.bySHA256[e.SecretSHA256] = append(a.bySHA256[e.SecretSHA256], n)
	case e.SecretSHA1 != "":
		a.bySHA1[e.SecretSHA1] = append(a.bySHA1[e.SecretSHA1], n)
	case e.Path != "":
		k := placeKey{e.Path, e.PathLine}
		a.byPlace[k] = append(a.byPlace[k], n)
	default:
		a.general = append(a.general, n)
		if len(e.Regexes) > 0 && (e.Target == allow.TargetLine || e.Target == allow.TargetMatch) {
			a.around = append(a.around, n)
		}
	}
}

func (a *allows) note(kind string, e allow.Entry, why string) {
	a.notes = append(a.notes, report.AllowNote{Kind: kind, Where: e.Where(), Text: e.Text, Why: why})
}

// textual returns a function that finds the entries whose regexes match in what stands around a match in data; nil if no entry asks
// for that.
func (a *allows) textual(data []byte) func(*detectors.Match) []*allowEntry {
	if len(a.around) == 0 {
		return nil
	}
	return func(m *detectors.Match) (out []*allowEntry) {
		line := lineOf(data, m.Start, m.End)
		whole := data[max(0, m.Start-m.Before):min(len(data), m.End+m.After)]
		for _, n := range a.around {
			text := line
			if n.Target == allow.TargetMatch {
				text = whole
			}
			if matchesAny(n.regexes, text) {
				out = append(out, n)
			}
		}
		return out
	}
}

// lineOf returns the lines around a match, of which at most allow.TargetReach bytes on each side.
func lineOf(data []byte, start, end int) []byte {
	from, to := max(0, start-allow.TargetReach), min(len(data), end+allow.TargetReach)
	from += bytes.LastIndexByte(data[from:start], '\n') + 1
	if i := bytes.IndexByte(data[max(start, end-1):to], '\n'); i >= 0 {
		to = max(start, end-1) + i
	}
	return data[from:to]
}

func matchesAny(list []*regexp.Regexp, text []byte) bool {
	return slices.ContainsFunc(list, func(re *regexp.Regexp) bool { return re.Match(text) })
}

// candidates returns the entries that may allow the secret at a place.
func (s *scan) candidates(b *builder, l *lifeStory, e *event) ([]*allowEntry, error) {
	a := s.allows
	if len(a.all) == 0 {
		return nil, nil
	}
	list := slices.Clip(a.general)
	if len(a.byFingerprint) > 0 {
		fp, err := b.fingerprint(l)
		if err != nil {
			return nil, err
		}
		list = append(list, a.byFingerprint[fp]...)
	}
	it := s.items.get(l.item)
	if len(a.bySHA256) > 0 {
		list = append(list, a.bySHA256[allow.HashSHA256(it.display)]...)
	}
	if len(a.bySHA1) > 0 {
		for _, part := range allow.HashedParts(it.display) {
			list = append(list, a.bySHA1[allow.HashSHA1(part)]...)
		}
	}
	if len(a.byPlace) > 0 && e.hasPath {
		for _, p := range s.pathsOf(e) {
			list = append(append(list, a.byPlace[placeKey{p, e.at.line}]...), a.byPlace[placeKey{p, 0}]...)
		}
	}
	return list, nil
}

// pathsOf returns the path of an event as reports show it, and, for a folder, below that folder.
func (s *scan) pathsOf(e *event) []string {
	paths := []string{e.path}
	if e.at.innerPath() != "" {
		paths = append(paths, e.shownPath())
	}
	if s.o.Mode == ModeDir {
		for _, root := range s.o.Paths {
			if rel, ok := strings.CutPrefix(e.path, filepath.ToSlash(filepath.Clean(root))+"/"); ok {
				paths = append(paths, rel)
			}
		}
	}
	return paths
}

// entryHolds reports whether all that an entry says holds for the secret of a story at a place, except what it was looked up by.
func (s *scan) entryHolds(b *builder, n *allowEntry, l *lifeStory, e *event) (bool, error) {
	it := s.items.get(l.item)
	id, provider := strings.ToLower(it.rule.ID), strings.ToLower(it.rule.Provider)
	commit := ""
	if e.commit != history.None {
		commit = s.graph.ID(e.commit).String()
	}
	switch {
	case len(n.Rules) > 0 && !slices.Contains(n.Rules, id) && !slices.Contains(n.Rules, provider),
		n.PeerRule != "" && n.PeerRule != id && n.PeerRule != provider && s.allows.known(n.PeerRule),
		n.Commit != "" && n.Commit != commit,
		len(n.Commits) > 0 && !slices.Contains(n.Commits, commit),
		!s.pathHolds(n, e),
		!n.valueHolds(it, e):
		return false, nil
	}
	if len(n.Fingerprints) == 0 {
		return true, nil
	}
	fp, err := b.fingerprint(l)
	return slices.Contains(n.Fingerprints, fp), err
}

// pathHolds reports whether the place of an event is one that an entry names.
func (s *scan) pathHolds(n *allowEntry, e *event) bool {
	if len(n.Paths) == 0 && len(n.pathRegexes) == 0 && n.Path == "" {
		return true
	}
	if !e.hasPath {
		return false
	}
	return slices.ContainsFunc(s.pathsOf(e), func(p string) bool {
		return (n.Path == "" || n.Path == p && (n.PathLine == 0 || n.PathLine == e.at.line)) &&
			(len(n.Paths) == 0 || slices.ContainsFunc(n.Paths, func(glob string) bool { return matchGlob(glob, p) })) &&
			(len(n.pathRegexes) == 0 || matchesAny(n.pathRegexes, []byte(p)))
	})
}

// valueHolds reports whether the secret, and what stands around it, is as an entry says.
func (n *allowEntry) valueHolds(it *item, e *event) bool {
	if len(n.Stopwords) > 0 {
		lower := strings.ToLower(it.display)
		if !slices.ContainsFunc(n.Stopwords, func(w string) bool { return strings.Contains(lower, w) }) {
			return false
		}
	}
	switch {
	case len(n.regexes) == 0:
		return true
	case n.Target == allow.TargetLine || n.Target == allow.TargetMatch:
		return slices.Contains(e.at.entries, n)
	}
	return matchesAny(n.regexes, []byte(it.display))
}
