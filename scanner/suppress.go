package scanner

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"mudlark/detectors"
	"mudlark/report"
	"mudlark/scanner/allow"
)

// allowance is what declares a secret to be no leak at some place: an entry or a marker.
type allowance struct {
	by     string
	entry  *allowEntry      // of a file, or
	marker *detectors.Allow // in a text,
	at     *event           // whose place is this
}

// allowEntry is an entry of a file, and what became of it.
type allowEntry struct {
	allow.Entry
	used bool
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
	general       []*allowEntry

	notes []report.AllowNote
}

// loadAllows reads the ignore files of what is scanned, and joins them with what the caller gave and what the configuration says.
func (s *scan) loadAllows() *allows {
	a := &allows{known: s.knownNames(), files: slices.Clone(s.o.Allow),
		byFingerprint: map[string][]*allowEntry{}, bySHA1: map[string][]*allowEntry{}, bySHA256: map[string][]*allowEntry{}, byPlace: map[placeKey][]*allowEntry{}}
	if data, ok := s.repositoryFile(allow.IgnoreName, allow.MaxFile); ok {
		a.files = append(a.files, allow.ParseIgnore(allow.IgnoreName, data))
	}
	for _, f := range a.files {
		for _, p := range f.Problems {
			a.note("malformed", allow.Entry{File: p.File, Line: p.Line}, p.Text+hinted(p.Hint))
		}
		for i := range f.Entries {
			s.addAllow(a, f.Entries[i])
		}
	}
	return a
}

func hinted(hint string) string {
	if hint == "" {
		return ""
	}
	return "; " + hint
}

// knownNames returns a function that says which names, in lower case, rules and providers have.
func (s *scan) knownNames() func(string) bool {
	names := map[string]bool{}
	for _, r := range slices.Concat(s.o.Rules, s.conf.Rules) {
		names[strings.ToLower(r.ID)], names[strings.ToLower(r.Provider)] = true, true
	}
	return func(name string) bool { return names[name] }
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
	}
}

func (a *allows) note(kind string, e allow.Entry, why string) {
	a.notes = append(a.notes, report.AllowNote{Kind: kind, Where: e.Where(), Text: e.Text, Why: why})
}

// suppress takes from the stories those that are allowed, which the scan keeps, and returns the others. Of these the places that
// are not allowed come first.
func (s *scan) suppress(b *builder, list []*lifeStory) ([]*lifeStory, error) {
	var open []*lifeStory
	for _, l := range list {
		if s.items.get(l.item).part == "" {
			if err := s.allowPlaces(b, l); err != nil {
				return nil, err
			}
		}
	}
	if err := s.allowAtTips(b, list); err != nil {
		return nil, err
	}
	for _, l := range list {
		switch {
		case l.allowed != nil:
			s.suppressed = append(s.suppressed, l)
		default:
			slices.SortStableFunc(l.events, func(x, y event) int { return cmp.Compare(yes(x.allowed != nil), yes(y.allowed != nil)) })
			open = append(open, l)
		}
	}
	slices.SortFunc(s.suppressed, func(x, y *lifeStory) int { return b.compare(x, y) })
	return open, nil
}

func yes(b bool) int {
	if b {
		return 1
	}
	return 0
}

// allowPlaces finds out which places of a story are allowed; the secret is if all are.
func (s *scan) allowPlaces(b *builder, l *lifeStory) error {
	all := true
	for i := range l.events {
		e := &l.events[i]
		var err error
		if e.allowed, err = s.allowance(b, l, e); err != nil {
			return err
		}
		all = all && e.allowed != nil
	}
	if all {
		l.allowed = l.events[0].allowed
	}
	return nil
}

// allowance returns what allows the secret of a story at one of its places, or nil.
func (s *scan) allowance(b *builder, l *lifeStory, e *event) (*allowance, error) {
	ok, err := s.markerCounts(b, l, e.at.allow)
	if err != nil {
		return nil, err
	}
	if ok {
		return &allowance{by: allow.Inline, marker: e.at.allow, at: e}, nil
	}
	candidates, err := s.candidates(b, l, e)
	if err != nil {
		return nil, err
	}
	var found *allowance
	for _, n := range candidates {
		if s.entryHolds(n, l, e) {
			n.used = true
			if found == nil {
				found = &allowance{by: n.By, entry: n, at: e}
			}
		}
	}
	return found, nil
}

// markerCounts reports whether a marker beside a secret counts for it.
func (s *scan) markerCounts(b *builder, l *lifeStory, m *detectors.Allow) (bool, error) {
	if m == nil || m.Unknown != "" {
		return false, nil
	}
	if !m.Fingerprints() {
		return true, nil
	}
	it := s.items.get(l.item)
	if slices.Contains(m.Names, strings.ToLower(it.rule.ID)) || slices.Contains(m.Names, strings.ToLower(it.rule.Provider)) {
		return true, nil
	}
	fp, err := b.fingerprint(l)
	return slices.Contains(m.Names, fp), err
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
		list = append(list, a.bySHA1[allow.HashSHA1(it.display)]...)
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
func (s *scan) entryHolds(n *allowEntry, l *lifeStory, e *event) bool {
	it := s.items.get(l.item)
	id, provider := strings.ToLower(it.rule.ID), strings.ToLower(it.rule.Provider)
	if len(n.Rules) > 0 && !slices.Contains(n.Rules, id) && !slices.Contains(n.Rules, provider) {
		return false
	}
	if n.PeerRule != "" && n.PeerRule != id && s.allows.known(n.PeerRule) {
		return false
	}
	if n.Commit != "" && (s.graph == nil || e.commit < 0 || s.graph.ID(e.commit).String() != n.Commit) {
		return false
	}
	if len(n.Paths) == 0 && n.Path == "" {
		return true
	}
	if !e.hasPath {
		return false
	}
	paths := s.pathsOf(e)
	if n.Path != "" && !slices.Contains(paths, n.Path) || n.PathLine != 0 && n.PathLine != e.at.line {
		return false
	}
	return len(n.Paths) == 0 || slices.ContainsFunc(n.Paths, func(glob string) bool {
		return slices.ContainsFunc(paths, func(p string) bool { return matchGlob(glob, p) })
	})
}

// reportAllows says in the coverage what was suppressed, and what is to be said of what suppresses.
func (s *scan) reportAllows(b *builder, c *report.Coverage) error {
	c.Suppressed, c.Allows = []report.Suppressed{}, []report.AllowNote{}
	c.Summary.SuppressedBy = map[string]int{}
	for _, l := range s.suppressed {
		entry, err := b.suppressed(l)
		if err != nil {
			return err
		}
		c.Suppressed = append(c.Suppressed, entry)
		c.Summary.Suppressed++
		c.Summary.SuppressedBy[entry.By]++
	}
	notes := s.allows.notes
	if s.judgesStale() {
		for _, n := range s.allows.all {
			if !n.used {
				notes = append(notes, report.AllowNote{Kind: "stale", Where: n.Where(), Text: n.Text, Why: "matches nothing that was found; remove it"})
			}
		}
	}
	for _, l := range slices.Concat(b.own, s.suppressed) {
		notes = append(notes, b.unknownMarkers(l)...)
	}
	for _, n := range notes {
		n.Where, n.Text, n.Why = b.shown(n.Where), b.shown(n.Text), b.shown(n.Why)
		if !slices.Contains(c.Allows, n) {
			c.Allows = append(c.Allows, n)
		}
	}
	return nil
}

// shown returns a text of the repository's as a report may show it.
func (b *builder) shown(text string) string {
	out, _ := report.EscapePath([]byte(b.redact([]byte(text))))
	return out
}

// judgesStale reports whether an entry that matched nothing is stale: all was looked at, and read.
func (s *scan) judgesStale() bool {
	return s.o.Mode == ModeGit && s.whole && !s.stopped && !s.o.Staged && len(s.o.Branches) == 0 && s.include == nil && len(s.o.RuleFilter) == 0 &&
		len(s.o.RuleExclude) == 0 && s.o.MinSeverity == "" && !s.cover.incomplete()
}

// suppressed describes a story that is allowed.
func (b *builder) suppressed(l *lifeStory) (report.Suppressed, error) {
	fp, err := b.fingerprint(l)
	it := b.s.items.get(l.item)
	p := b.place(l.events[0])
	a := l.allowed
	return report.Suppressed{
		Fingerprint: fp, Rule: it.rule.ID, Severity: string(it.rule.Severity), Redacted: report.Redact([]byte(it.display)),
		By: a.by, Where: b.shown(b.s.whereOf(a)), Reason: b.shown(a.reason()), Added: b.s.added(a),
		Path: p.Path, PathB64: p.PathB64, Line: p.Line, Commit: p.Commit,
	}, err
}

func (a *allowance) reason() string {
	if a.marker != nil {
		return a.marker.Reason
	}
	return a.entry.Reason
}

// whereOf names the place of a marker or an entry.
func (s *scan) whereOf(a *allowance) string {
	if a.entry != nil {
		return a.entry.Where()
	}
	return fmt.Sprintf("%s:%d", placeName(a.at), a.marker.Line)
}

// placeName names the text in which an event stands.
func placeName(e *event) string {
	if e.hasPath {
		return e.path
	}
	return e.source
}

// added reports whether the change that is scanned brought the allowance itself: a marker in what is new.
func (s *scan) added(a *allowance) bool {
	return a.marker != nil && s.repo != nil && (s.rangeMode() || s.o.Staged)
}

// unknownMarkers lists the markers beside a secret that count for nothing.
func (b *builder) unknownMarkers(l *lifeStory) (notes []report.AllowNote) {
	for i := range l.events {
		e := &l.events[i]
		if m := e.at.allow; m != nil && m.Unknown != "" {
			notes = append(notes, report.AllowNote{Kind: "unknown", Where: fmt.Sprintf("%s:%d", placeName(e), m.Line), Text: m.Text, Why: m.Unknown})
		}
	}
	return notes
}
