package scanner

import (
	"cmp"
	"fmt"
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

// suppress takes from the stories those that are allowed, which the scan keeps, and returns the others. Of these the places that
// are not allowed come first.
func (s *scan) suppress(b *builder, list []*lifeStory) ([]*lifeStory, error) {
	if s.o.Fingerprints != nil {
		return list, nil
	}
	var open []*lifeStory
	s.findChanged(list)
	for _, l := range list {
		if s.items.get(l.item).part == "" {
			if err := s.allowPlaces(b, l); err != nil {
				return nil, err
			}
		}
	}
	s.claimPlaces(list)
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
	for i := range l.events {
		e := &l.events[i]
		var err error
		if e.allowed, err = s.allowance(b, l, e); err != nil {
			return err
		}
	}
	l.settle()
	return nil
}

// settle allows the secret of a story if all of its places are allowed.
func (l *lifeStory) settle() {
	l.allowed = nil
	if !slices.ContainsFunc(l.events, func(e event) bool { return e.allowed == nil }) {
		l.allowed = l.events[0].allowed
	}
}

// allowance returns what allows the secret of a story at one of its places, or nil.
func (s *scan) allowance(b *builder, l *lifeStory, e *event) (*allowance, error) {
	ok, err := s.markerCounts(b, l, e.path, e.at.allow)
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
		holds, err := s.entryHolds(b, n, l, e)
		if err != nil {
			return nil, err
		}
		if holds {
			n.used = true
			// What was allowed before the change is not allowed by the change.
			if a := (&allowance{by: n.By, entry: n, at: e}); found == nil || s.origin(found) != (origin{}) && s.origin(a) == (origin{}) {
				found = a
			}
		}
	}
	return found, nil
}

// markerCounts reports whether a marker beside a secret, in the file of the path given, counts for it.
func (s *scan) markerCounts(b *builder, l *lifeStory, path string, m *detectors.Allow) (bool, error) {
	if m == nil || m.Unknown != "" || l.changed[markKey{path, m.Text}] {
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
	notes = append(notes, b.markers...)
	for _, l := range s.suppressed {
		notes = append(notes, b.unknownMarkers(l)...)
	}
	told := map[report.AllowNote]bool{} // an ignore file may hold 100,000 entries
	for _, n := range notes {
		n.Where, n.Text, n.Why = b.shown(n.Where), b.shown(n.Text), b.shown(n.Why)
		if !told[n] {
			told[n] = true
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
	a, from := b.s.newestAllowance(l)
	return report.Suppressed{
		Fingerprint: fp, Rule: it.rule.ID, Severity: string(it.rule.Severity), Redacted: report.Redact([]byte(it.display)),
		By: a.by, Where: b.shown(b.s.whereOf(a)), Reason: b.shown(a.reason()), Added: from.report(), Change: b.shown(from.why),
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
		return e.shownPath()
	}
	return e.source
}

// newestAllowance returns what allows a story, and whether the change that is scanned brought it: if it did so for one place only, that
// of this place.
func (s *scan) newestAllowance(l *lifeStory) (*allowance, origin) {
	best, from := l.allowed, s.origin(l.allowed)
	for i := range l.events {
		a := l.events[i].allowed
		if a == nil || from.added {
			continue
		}
		if o := s.origin(a); o.added || o.unknown && !from.unknown {
			best, from = a, o
		}
	}
	return best, from
}

// report returns the value of report.Suppressed.Added.
func (o origin) report() *bool {
	if o.unknown {
		return nil
	}
	return &o.added
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
