package report

import (
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

// unixTime returns the seconds of an RFC 3339 time; what is none comes last.
func unixTime(s string) int64 {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return math.MaxInt64
	}
	return t.Unix()
}

// merge returns one finding for two of one secret, of which f comes first in the order of reports.
func merge(f, other *Finding) *Finding {
	m := *f
	m.Occurrences = slices.Clone(f.Occurrences)
	for _, p := range append([]Place{other.Place}, other.Occurrences...) {
		if !samePlace(&m.Place, &p) && !slices.ContainsFunc(m.Occurrences, func(o Place) bool { return samePlace(&o, &p) }) {
			m.Occurrences = append(m.Occurrences, p)
		}
	}
	m.Tips, m.ReachableFrom = union(f.Tips, other.Tips), union(f.ReachableFrom, other.ReachableFrom)
	for _, p := range other.Parts {
		if !slices.ContainsFunc(f.Parts, func(q Part) bool {
			return p.Name == q.Name && p.Redacted == q.Redacted && deref(p.Path) == deref(q.Path) && number(p.Line) == number(q.Line)
		}) {
			m.Parts = append(slices.Clip(m.Parts), p)
		}
	}
	switch {
	case m.AtHead == nil:
		m.AtHead, m.Removed = other.AtHead, other.Removed
	case other.AtHead != nil && *other.AtHead:
		m.AtHead, m.Removed = other.AtHead, nil
	}
	if e := other.ExposedSeconds; e != nil && (m.ExposedSeconds == nil || *m.ExposedSeconds < *e) {
		m.ExposedSeconds = e
	}
	if severityGroup(other.Severity) < severityGroup(f.Severity) {
		m.Severity = other.Severity
	}
	if newer(&other.Verdict, &f.Verdict) {
		m.Verdict = other.Verdict
	}
	if m.Secret == "" && m.SecretB64 == "" {
		m.Secret, m.SecretB64 = other.Secret, other.SecretB64
	}
	m.Revocable = f.Revocable || other.Revocable
	return &m
}

// newer reports whether verdict v takes the place of w: one that was asked for that of one that was not, else the later one.
func newer(v, w *Verdict) bool {
	asked := func(v *Verdict) bool { return v.Status != "" && v.Status != "unasked" }
	if asked(v) != asked(w) {
		return asked(v)
	}
	return v.CheckedAt != "" && (w.CheckedAt == "" || unixTime(v.CheckedAt) > unixTime(w.CheckedAt))
}

func samePlace(a, b *Place) bool {
	return a.Source == b.Source && deref(a.Path) == deref(b.Path) && deref(a.Commit) == deref(b.Commit) && number(a.Line) == number(b.Line) && number(a.Column) == number(b.Column)
}

func union(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

func mergedConfig(parts []*savedPart) *Config {
	c := *parts[0].config
	for _, p := range parts[1:] {
		c.Target = joined(c.Target, p.config.Target)
		c.RulesHash = joined(c.RulesHash, p.config.RulesHash)
		c.Rules = max(c.Rules, p.config.Rules)
		if c.Mode != p.config.Mode {
			c.Mode = "history"
		}
	}
	return &c
}

// joined adds what is not in a list with commas yet.
func joined(list, more string) string {
	if slices.Contains(strings.Split(list, ", "), more) || more == "" {
		return list
	}
	return list + ", " + more
}

// counts are the numbers of a merged report.
type counts struct {
	several bool
	summary Summary
}

func newCounts(parts []*savedPart) *counts {
	return &counts{several: len(parts) > 1, summary: Summary{BySeverity: map[string]int{}, ByVerdict: map[string]int{}}}
}

func (c *counts) add(f *Finding) {
	c.summary.Findings++
	c.summary.BySeverity[f.Severity]++
	c.summary.ByVerdict[complete(f).Verdict.Status]++
}

// mergedCoverage adds up what was read. What was not read in several targets says in which.
func mergedCoverage(parts []*savedPart, n *counts) *Coverage {
	if !n.several {
		return parts[0].coverage
	}
	sum := &Coverage{Complete: true}
	s := n.summary
	s.SuppressedBy = map[string]int{}
	for _, p := range parts {
		c := p.coverage
		sum.Refs, sum.Commits, sum.Trees, sum.Blobs = sum.Refs+c.Refs, sum.Commits+c.Commits, sum.Trees+c.Trees, sum.Blobs+c.Blobs
		sum.Files, sum.Bytes, sum.Duration = sum.Files+c.Files, sum.Bytes+c.Bytes, sum.Duration+c.Duration
		sum.Complete = sum.Complete && c.Complete
		if sum.Started == "" || c.Started != "" && unixTime(c.Started) < unixTime(sum.Started) {
			sum.Started = c.Started
		}
		for _, skipped := range c.Skipped {
			skipped.What = p.config.Target + ": " + skipped.What
			sum.Skipped = append(sum.Skipped, skipped)
		}
		for _, note := range c.Notes {
			sum.Notes = append(sum.Notes, p.config.Target+": "+note)
		}
		sum.Suppressed, sum.Allows = append(sum.Suppressed, c.Suppressed...), append(sum.Allows, c.Allows...)
		s.BelowConfidence, s.Filtered, s.NotVerified = s.BelowConfidence+c.Summary.BelowConfidence, s.Filtered+c.Summary.Filtered, s.NotVerified+c.Summary.NotVerified
		for _, status := range slices.Sorted(maps.Keys(c.Summary.NotShown)) {
			if s.NotShown == nil {
				s.NotShown = map[string]int{}
			}
			s.NotShown[status] += c.Summary.NotShown[status]
		}
		s.Suppressed += c.Summary.Suppressed
		for _, by := range slices.Sorted(maps.Keys(c.Summary.SuppressedBy)) {
			s.SuppressedBy[by] += c.Summary.SuppressedBy[by]
		}
	}
	sum.Summary = s
	return sum
}
