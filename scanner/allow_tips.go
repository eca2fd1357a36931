package scanner

import (
	"maps"
	"slices"

	"mudlark/scanner/allow"
	"mudlark/scanner/history"
)

// allowAtTips allows secrets that were introduced without a marker and have got one since: there is a tip that holds the secret,
// and at every place in the tip's tree a marker stands beside it. A tip is a ref or HEAD that the scan starts from or, where that is
// scanned, the working tree.
func (s *scan) allowAtTips(b *builder, list []*lifeStory) error {
	var marked []*lifeStory
	for _, l := range list {
		if it := s.items.get(l.item); l.allowed == nil && it.part == "" && it.marked {
			marked = append(marked, l)
		}
	}
	if len(marked) == 0 || s.repo == nil {
		return nil
	}
	m := &markedItems{s: s, b: b, stories: map[history.Item]*lifeStory{}, found: map[history.Item]*allowance{}}
	for _, l := range marked {
		m.stories[l.item] = l
	}
	bare := &byTree{s: s, memo: map[string][]history.Item{}, of: m.unmarked}
	for _, t := range s.tipList {
		if c, ok := s.graph.Lookup(t.commit); !ok || !s.graph.InRange(c) {
			continue
		}
		m.decide(bare.items(t.commit), func(l *lifeStory) bool { return slices.Contains(l.tips, t.name) })
	}
	s.allowInFiles(m)
	return m.err
}

// allowInFiles is allowAtTips for the working tree.
func (s *scan) allowInFiles(m *markedItems) {
	if s.files == nil {
		return
	}
	held := map[history.Item]bool{}
	var bare []history.Item
	for _, p := range slices.Sorted(maps.Keys(s.files)) {
		blob := s.blobs.Number(s.files[p].id)
		bare = append(bare, m.unmarked(blob, []byte(p))...)
		if e, ok := s.results.get(blob); ok {
			for _, h := range e.hits {
				held[h.item] = true
			}
		}
	}
	slices.Sort(bare)
	m.decide(bare, func(l *lifeStory) bool { return held[l.item] })
}

// markedItems looks for the items that stand somewhere without a marker that counts.
type markedItems struct {
	s       *scan
	b       *builder
	stories map[history.Item]*lifeStory // of the items in question
	found   map[history.Item]*allowance // a marker that counts, of each item that has one
	err     error
}

// unmarked returns the items, of those in question, that stand in a file without a marker that counts.
func (m *markedItems) unmarked(blob history.Blob, path []byte) (out []history.Item) {
	if m.s.include != nil && !m.s.include(path) {
		return nil
	}
	for _, h := range m.s.workers[0].blob(blob).hits {
		l := m.stories[h.item]
		if l == nil {
			continue
		}
		ok, err := m.s.markerCounts(m.b, l, string(path), h.allow)
		if err != nil {
			m.err = err
		}
		if !ok {
			out = append(out, h.item)
		} else if m.found[h.item] == nil {
			m.found[h.item] = &allowance{by: allow.Inline, marker: h.allow, at: &event{item: h.item, source: sourceBlob, path: string(path), hasPath: true, blob: blob, at: h, commit: history.None}}
		}
	}
	return out
}

// decide allows the items in question that a tip holds and that are not among bare, which is sorted.
func (m *markedItems) decide(bare []history.Item, holds func(*lifeStory) bool) {
	for n, l := range m.stories {
		if _, isBare := slices.BinarySearch(bare, n); !isBare && l.allowed == nil && holds(l) && m.found[n] != nil {
			l.allowed = m.found[n]
		}
	}
}
