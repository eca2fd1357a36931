package scanner

import (
	"cmp"
	"runtime"
	"slices"
	"strings"
	"sync"

	"mudlark/detectors"
	"mudlark/rules"
	"mudlark/scanner/history"
)

// item is one distinct secret of one rule, or a companion of one.
type item struct {
	rule       *rules.Rule
	secret     string // canonical
	display    string
	confidence string // the best that any match had
	part       string // name of the part, for companions
	public     bool   // the companion is no secret
	tied       bool   // a rule of another provider has as good a claim to it
	foreign    bool   // the companion is likelier another provider's secret, wherever it stands
	owner      history.Item
	marked     bool // a marker in some text covers it
	print      *fingerprintOnce
}

// fingerprintOnce keeps a fingerprint.
type fingerprintOnce struct {
	once sync.Once
	text string
	err  error
}

// fingerprint returns the item's fingerprint. That of a weak secret takes time and memory on purpose; garbage is collected before, since the
// collector would wait for a multiple of it.
func (it *item) fingerprint(key []byte) (string, error) {
	it.print.once.Do(func() {
		if it.rule.Weak {
			runtime.GC()
		}
		it.print.text, it.print.err = Fingerprint(key, it.rule, []byte(it.secret))
	})
	return it.print.text, it.print.err
}

type itemKey struct {
	rule   *rules.Rule
	part   string
	owner  history.Item
	secret string
}

// items numbers the distinct secrets of a scan. It is safe for concurrent use.
type items struct {
	mu    sync.Mutex
	byKey map[itemKey]history.Item
	list  []*item
	// fresh is told each item when it is first seen; it must not wait. It may be nil.
	fresh func(*item)
}

func newItems() *items { return &items{byKey: map[itemKey]history.Item{}} }

// hit is one match of an item, or of a companion, at one place.
type hit struct {
	item                  history.Item
	start, end            int
	line, column, endLine int
	decoded               []string
	yields                []*rules.Rule    // those that stand in its place where their conditions on paths hold
	allow                 *detectors.Allow // the marker beside it, or nil
	entries               []*allowEntry    // those whose regexes match in the text around it
	inside                *inside          // where in an archive; nil for what is in none
}

// number gives the item its number, notes how it was seen, and raises its confidence.
func (t *items) number(k itemKey, seen item) history.Item {
	t.mu.Lock()
	defer t.mu.Unlock()
	n, ok := t.byKey[k]
	if !ok {
		n = history.Item(len(t.list))
		t.byKey[k] = n
		it := new(item) // seen itself stays on the stack: most secrets are known already
		*it = seen
		it.rule, it.secret, it.part, it.owner = k.rule, k.secret, k.part, k.owner
		it.print = new(fingerprintOnce)
		t.list = append(t.list, it)
		if t.fresh != nil {
			t.fresh(it)
		}
		return n
	}
	it := t.list[n]
	it.tied, it.foreign = it.tied || seen.tied, it.foreign && seen.foreign
	if rank(seen.confidence) > rank(it.confidence) {
		it.confidence = seen.confidence
	}
	return n
}

// mark notes that a marker covers the item somewhere.
func (t *items) mark(n history.Item) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.list[n].marked = true
}

func (t *items) get(n history.Item) *item {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.list[n]
}

func (t *items) len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.list)
}

// hits turns the matches of one text into hits, ordered by item and position, one for each item and position. markers holds the
// marker of each match, or is nil; textual returns the entries whose regexes match around one, and may be nil.
func (t *items) hits(matches []detectors.Match, markers []*detectors.Allow, textual func(*detectors.Match) []*allowEntry) []hit {
	out := make([]hit, 0, len(matches))
	for i := range matches {
		m := &matches[i]
		display := m.Display
		if display == nil {
			display = m.Secret
		}
		marked := markers != nil && markers[i] != nil
		n := t.number(itemKey{rule: m.Rule, secret: string(m.Secret)}, item{display: string(display), confidence: string(m.Confidence), tied: m.Tied, marked: marked})
		h := hit{item: n, start: m.Start, end: m.End, line: m.Line, column: m.Column, endLine: m.EndLine, decoded: m.Decoded, yields: m.Yields}
		if marked {
			h.allow = markers[i]
			t.mark(n)
		}
		if textual != nil {
			h.entries = textual(m)
		}
		out = append(out, h)
		for _, p := range m.Parts {
			k := itemKey{rule: m.Rule, part: p.Name, owner: n, secret: string(p.Secret)}
			out = append(out, hit{
				item:  t.number(k, item{display: string(p.Secret), confidence: string(m.Confidence), public: partIsPublic(m.Rule, p.Name), foreign: p.Foreign}),
				start: p.Start, end: p.End, line: p.Line, column: p.Column, endLine: p.EndLine, decoded: m.Decoded, yields: m.Yields,
			})
		}
	}
	slices.SortFunc(out, func(a, b hit) int {
		return cmp.Or(cmp.Compare(a.item, b.item), a.start-b.start, len(a.decoded)-len(b.decoded))
	})
	return slices.CompactFunc(out, func(a, b hit) bool { return a.item == b.item && a.start == b.start })
}

func partIsPublic(r *rules.Rule, name string) bool {
	i := slices.IndexFunc(r.Parts, func(p rules.Part) bool { return p.Name == name })
	return i >= 0 && r.Parts[i].Public
}

// numbers returns the items of hits, ascending and without repetition.
func numbers(hits []hit) []history.Item {
	var out []history.Item
	for _, h := range hits {
		if n := len(out); n == 0 || out[n-1] != h.item {
			out = append(out, h.item)
		}
	}
	return out
}

// find returns those of hits that are of item n, in order of position.
func find(hits []hit, n history.Item) []hit {
	from, _ := slices.BinarySearchFunc(hits, n, func(h hit, n history.Item) int { return cmp.Compare(h.item, n) })
	to := from
	for to < len(hits) && hits[to].item == n {
		to++
	}
	return hits[from:to]
}

// selection says which findings the caller wants to see. It is applied after detection, so that what it leaves out still
// takes part in resolving overlaps.
type selection struct {
	only, except  []string
	minConfidence int
	minSeverity   int
}

func newSelection(o *Options) selection {
	return selection{lowered(o.RuleFilter), lowered(o.RuleExclude), rank(o.MinConfidence), rank(o.MinSeverity)}
}

func lowered(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = strings.ToLower(s)
	}
	return out
}

// verdict of a selection on an item.
type selected uint8

const (
	reported selected = iota
	belowConfidence
	filtered
)

func (s *selection) of(it *item) selected {
	id, provider := strings.ToLower(it.rule.ID), strings.ToLower(it.rule.Provider)
	named := func(list []string) bool { return slices.Contains(list, id) || slices.Contains(list, provider) }
	switch {
	case len(s.only) > 0 && !named(s.only), named(s.except), rank(string(it.rule.Severity)) < s.minSeverity:
		return filtered
	case rank(it.confidence) < s.minConfidence:
		return belowConfidence
	}
	return reported
}
