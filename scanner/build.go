package scanner

import (
	"cmp"
	"context"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"mudlark/detectors"
	"mudlark/report"
	"mudlark/rules"
	"mudlark/scanner/gitstore"
	"mudlark/scanner/history"
	"mudlark/verify"
)

// builder turns life stories into findings.
type builder struct {
	s   *scan
	w   *worker
	key []byte
	// credentials are what is, or would be, asked about; they go with own.
	credentials []verify.Credential

	markers []report.AllowNote // unknown ones beside what was found
	people  map[int32]*commitInfo

	// The text whose excerpts are being made: findings of one blob follow each other.
	blob  history.Blob
	text  []byte
	spans []span
}

// commitInfo is what a report says of a commit.
type commitInfo struct {
	id                string
	author, email     string
	authored, commits string // RFC 3339
	seconds           int64
}

func newBuilder(s *scan) *builder {
	return &builder{s: s, w: s.workers[0], key: s.fingerprintKey(), people: map[int32]*commitInfo{}}
}

func (b *builder) config() *report.Config {
	set := slices.Concat(b.s.o.Rules, b.s.conf.Rules)
	mode := b.s.o.Mode
	switch {
	case b.s.o.Mode != ModeGit:
	case b.s.o.Staged:
		mode = "staged"
	case b.s.rangeMode():
		mode = "range"
	default:
		mode = "history"
	}
	return &report.Config{
		SchemaVersion: report.SchemaVersion,
		Tool:          report.Tool{Name: "mudlark", Version: b.s.o.Version},
		Target:        b.redact([]byte(b.s.targetName())),
		Mode:          mode, RulesHash: rules.Hash(set), Rules: len(set),
		KeyCheck: KeyCheck(b.key),
	}
}

// findings builds one finding for each story of a secret, in the order of the report; stories of companions become parts.
func (b *builder) findings(ctx context.Context, list []*lifeStory) ([]*report.Finding, error) {
	companions := map[history.Item][]*lifeStory{}
	var own []*lifeStory
	for _, l := range list {
		if it := b.s.items.get(l.item); it.part != "" {
			companions[it.owner] = append(companions[it.owner], l)
		} else {
			own = append(own, l)
		}
	}
	slices.SortFunc(own, func(x, y *lifeStory) int { return b.compare(x, y) })
	b.prepareFingerprints(own)
	own, err := b.named(own)
	if err != nil {
		return nil, err
	}
	for _, l := range own {
		b.sortCompanions(l.events[0], companions[l.item])
	}
	verdicts := b.verified(ctx, own, companions)
	out := make([]*report.Finding, 0, len(own))
	for i, l := range own {
		f, err := b.finding(l, companions[l.item])
		if err != nil {
			return nil, err
		}
		if verdicts != nil {
			f.Verdict = ReportVerdict(verdicts[i])
		}
		if b.s.o.Found != nil {
			b.s.o.Found(f, b.credentials[i])
		}
		out = append(out, f)
		// Findings take the place of stories, of which there may be many: what is told goes.
		b.markers = append(b.markers, b.unknownMarkers(l)...)
		l.forget()
		for _, c := range companions[l.item] {
			c.forget()
		}
	}
	return out, nil
}

// forget lets go of what only findings are made of.
func (l *lifeStory) forget() { l.events, l.tips, l.heads, l.changed = nil, nil, nil, nil }

// compare orders findings: committer time and id of the introducing commit, path bytes, line, column, rule.
func (b *builder) compare(x, y *lifeStory) int {
	e, f := x.events[0], y.events[0]
	return cmp.Or(
		b.s.compareCommits(e.commit, f.commit),
		cmp.Compare(e.path, f.path),
		cmp.Compare(e.at.innerPath(), f.at.innerPath()),
		cmp.Compare(e.at.line, f.at.line),
		cmp.Compare(e.at.column, f.at.column),
		cmp.Compare(b.s.items.get(x.item).rule.ID, b.s.items.get(y.item).rule.ID),
		b.s.compareEvents(e, f),
		cmp.Compare(b.s.items.get(x.item).secret, b.s.items.get(y.item).secret),
	)
}

// named returns those of the stories that Options.Fingerprints names, if it names some.
func (b *builder) named(own []*lifeStory) ([]*lifeStory, error) {
	if b.s.o.Fingerprints == nil {
		return own, nil
	}
	var kept []*lifeStory
	for _, l := range own {
		f, err := b.fingerprint(l)
		if err != nil {
			return nil, err
		}
		if b.s.o.Fingerprints[f] {
			kept = append(kept, l)
		}
	}
	return kept, nil
}

// fingerprint returns the fingerprint of a story's secret.
func (b *builder) fingerprint(l *lifeStory) (string, error) {
	return b.s.items.get(l.item).fingerprint(b.key)
}

// prepareFingerprints works out the fingerprints of stories.
func (b *builder) prepareFingerprints(list []*lifeStory) {
	b.s.ahead.end()
	var next atomic.Int64
	var wg sync.WaitGroup
	for range len(b.s.workers) {
		wg.Go(func() {
			for i := next.Add(1); i <= int64(len(list)); i = next.Add(1) {
				_, _ = b.fingerprint(list[i-1]) // an error comes again
			}
		})
	}
	wg.Wait()
}

func (b *builder) finding(l *lifeStory, companions []*lifeStory) (*report.Finding, error) {
	it := b.s.items.get(l.item)
	fp, err := b.fingerprint(l)
	if err != nil {
		return nil, err
	}
	first := l.events[0]
	f := &report.Finding{
		Fingerprint: fp, Rule: it.rule.ID, Provider: it.rule.Provider, Name: b.redact([]byte(it.rule.Name)),
		Severity: string(it.rule.Severity), Confidence: it.confidence, Redacted: report.Redact([]byte(it.display)),
		Place: b.place(first), Occurrences: []report.Place{}, AtHead: l.atHead,
		Tips: b.names(l.tips), ReachableFrom: b.names(l.heads),
		Decoded: append([]string{}, first.at.decoded...), Parts: b.parts(companions),
		Verdict: report.Verdict{Status: "unasked"}, Rotate: it.rule.Rotate, Revocable: it.rule.Revocable,
		Excerpt: b.excerpt(first), Details: detectors.Details(it.rule, []byte(it.secret)),
	}
	f.Secret, f.SecretB64 = b.secret(it.display)
	for _, e := range l.events[1:] {
		f.Occurrences = append(f.Occurrences, b.place(e))
	}
	b.life(f, l)
	return f, nil
}

// life fills in introduction, removal and exposure.
func (b *builder) life(f *report.Finding, l *lifeStory) {
	first := l.events[0]
	if b.s.repo == nil {
		return
	}
	f.Introduced = &report.Introduction{Commit: f.Commit, Date: f.Date, Committed: f.Committed, Uncertain: first.uncertain}
	if first.commit == history.None {
		return
	}
	f.Introduced.Boundary = b.s.graph.Boundary(first.commit)
	until := b.s.o.Now().Unix()
	if l.gone != history.None {
		c := b.commit(l.gone)
		f.Removed = &report.Removal{Commit: c.id, Author: c.author, Date: c.authored, Committed: c.commits}
		until = c.seconds
	}
	exposed := max(0, until-b.commit(first.commit).seconds)
	f.ExposedSeconds = &exposed
}

// secret returns the raw secret for the report: empty unless the caller asked for secrets.
func (b *builder) secret(raw string) (text, b64 string) {
	switch {
	case !b.s.o.ShowSecrets:
		return "", ""
	case utf8.ValidString(raw):
		return raw, ""
	}
	return "", encodeBase64(raw)
}

// distance is the number of lines between two places of one text; places of different texts are far from each other.
func distance(a, b event) int {
	if a.commit != b.commit || a.path != b.path || a.source != b.source || a.at.innerPath() != b.at.innerPath() {
		return math.MaxInt
	}
	return max(a.at.line-b.at.line, b.at.line-a.at.line)
}

// sortCompanions orders the companions of a secret that first came in with first by name, the closest of each name first.
func (b *builder) sortCompanions(first event, companions []*lifeStory) {
	slices.SortFunc(companions, func(x, y *lifeStory) int {
		return cmp.Or(
			cmp.Compare(b.s.items.get(x.item).part, b.s.items.get(y.item).part),
			cmp.Compare(distance(first, x.events[0]), distance(first, y.events[0])),
			b.compare(x, y),
		)
	})
}

// parts describes companions.
func (b *builder) parts(companions []*lifeStory) []report.Part {
	parts := []report.Part{}
	for _, l := range companions {
		it := b.s.items.get(l.item)
		at := b.place(l.events[0])
		p := report.Part{Name: it.part, Redacted: report.Redact([]byte(it.display)), Commit: at.Commit, Path: at.Path, PathB64: at.PathB64, Line: at.Line, Column: at.Column}
		if it.public {
			p.Redacted = it.display
		}
		p.Secret, p.SecretB64 = b.secret(it.display)
		parts = append(parts, p)
	}
	return parts
}

// place describes where an event happened.
func (b *builder) place(e event) report.Place {
	p := report.Place{Source: e.source}
	if e.allowed != nil {
		p.Suppressed = e.allowed.by
	}
	if e.commit != history.None {
		c := b.commit(e.commit)
		p.Commit, p.Author, p.Email, p.Date, p.Committed = &c.id, c.author, c.email, c.authored, c.commits
	}
	if !e.tag.IsZero() {
		p.Tag = e.tag.String()
	}
	if e.hasPath {
		path, b64 := report.EscapePath([]byte(b.redact([]byte(e.shownPath()))))
		p.Path, p.PathB64 = &path, b64
	}
	switch e.source {
	case sourceAuthor, sourcePath:
	default:
		line, end, column := e.at.line, e.at.endLine, e.at.column
		p.Line, p.Column = &line, &column
		if end > line {
			p.EndLine = &end
		}
	}
	return p
}

// commit describes a commit of the graph.
func (b *builder) commit(c int32) *commitInfo {
	if known := b.people[c]; known != nil {
		return known
	}
	info := &commitInfo{id: b.s.graph.ID(c).String(), seconds: b.s.graph.Time(c)}
	b.people[c] = info
	if data, err := b.w.read(b.s.graph.ID(c), gitstore.Commit); err == nil {
		if o, err := gitstore.ParseCommit(data, b.s.repo.Format); err == nil {
			info.author, _ = report.EscapePath([]byte(b.redact(o.Author.Name)))
			info.email, _ = report.EscapePath([]byte(b.redact(o.Author.Email)))
			info.authored, info.commits = o.Author.When.Format(time.RFC3339), o.Committer.When.Format(time.RFC3339)
		}
	}
	return info
}

func (b *builder) names(refs []string) []string {
	out := []string{}
	for _, r := range refs {
		name, _ := report.EscapePath([]byte(b.redact([]byte(r))))
		out = append(out, name)
	}
	return out
}

// summary counts the findings, and what was found and not reported.
func (b *builder) summary(findings []*report.Finding) report.Summary {
	s := report.Summary{Findings: len(findings), BySeverity: map[string]int{}, ByVerdict: map[string]int{}}
	for _, f := range findings {
		s.BySeverity[f.Severity]++
		s.ByVerdict[f.Verdict.Status]++
	}
	for n := range b.s.items.len() {
		it := b.s.items.get(history.Item(n))
		if it.part != "" || !b.s.whole && b.s.repo != nil && !b.s.introduced[history.Item(n)] {
			continue
		}
		switch b.s.choice.of(it) {
		case belowConfidence:
			s.BelowConfidence++
		case filtered:
			s.Filtered++
		}
	}
	return s
}

// chosen returns the findings that are to be reported by their verdicts, and corrects the summary.
func (b *builder) chosen(findings []*report.Finding, s *report.Summary) []*report.Finding {
	if b.s.o.Verdicts == nil {
		return findings
	}
	s.NotShown = map[string]int{}
	kept := slices.DeleteFunc(findings, func(f *report.Finding) bool {
		status := cmp.Or(verify.Status(f.Verdict.Status), verify.Unasked)
		if slices.Contains(b.s.o.Verdicts, status) {
			return false
		}
		s.NotShown[string(status)]++
		return true
	})
	s.NotVerified = s.Findings - len(kept)
	s.Findings, s.BySeverity = len(kept), map[string]int{}
	for _, f := range kept {
		s.BySeverity[f.Severity]++
	}
	return kept
}

// redactCoverage redacts what the repository may have written: names, and the reasons that quote it.
func (b *builder) redactCoverage(c *report.Coverage) {
	for i := range c.Skipped {
		s := &c.Skipped[i]
		s.What, _ = report.EscapePath([]byte(b.redact([]byte(s.What))))
		s.Why, _ = report.EscapePath([]byte(b.redact([]byte(s.Why))))
		s.Accepted = b.redact([]byte(s.Accepted))
	}
	for i, n := range c.Notes {
		c.Notes[i] = b.redact([]byte(n))
	}
}
