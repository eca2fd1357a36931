package detectors

import (
	"cmp"
	"slices"

	"mudlark/rules"
)

// Findings that claim the same bytes compete. The better one is that whose checksum passed, then that with the longer
// literal, then the more certain one, then that of the lesser rule id; a failed checksum is the worst of all. Within one
// text "the same bytes" means that the spans, those of parts included, share a byte. Findings of what is encoded in the
// text compete with those of the text: where it is known which bytes they were made of, with those that share one of
// these, else with those that cover at least half of the encoded run. They do not compete with each other: that was
// settled in the decoded text.
//
// A rule with conditions on paths wins over others only at a path where these hold, which is not known here: its finding stands, and so does
// the other, which yields to it there (Match.Yields).

// resolve returns those of the findings of a text, and of what is encoded in it, that stand.
func resolve(own, inner []*finding) []*finding {
	own = winners(own)
	if len(inner) == 0 {
		return own
	}
	var everywhere, bound []*finding
	for _, f := range own {
		if f.Rule.PathBound() {
			bound = append(bound, f)
		} else {
			everywhere = append(everywhere, f)
		}
	}
	inner = contestBound(bound[:min(len(bound), maxYields)], contest(everywhere, distinct(own, inner)))
	return append(slices.DeleteFunc(own, func(f *finding) bool { return f.rule == nil }), inner...)
}

// widest drops the findings that lie within another of the same rule, unless their checksum makes them the better one: of the
// ways to read a format the longest counts.
func widest(found []*finding) []*finding {
	if len(found) < 2 {
		return found
	}
	slices.SortStableFunc(found, func(a, b *finding) int {
		return cmp.Or(cmp.Compare(a.Rule.ID, b.Rule.ID), cmp.Compare(a.Start, b.Start), -cmp.Compare(a.End, b.End), better(a, b))
	})
	var reach [3]int // how far findings of the rule reach, by verdict
	kept := found[:0]
	for i, f := range found {
		if i > 0 && kept[len(kept)-1].Rule != f.Rule {
			reach = [3]int{}
		}
		if slices.Max(reach[f.verdict+1:]) >= f.End {
			continue
		}
		reach[f.verdict+1] = f.End
		kept = append(kept, f)
	}
	return kept
}

// better orders findings that claim the same bytes.
func better(a, b *finding) int {
	return cmp.Or(
		-cmp.Compare(a.verdict, b.verdict),
		-cmp.Compare(a.literal, b.literal),
		-cmp.Compare(level3(a.Confidence), level3(b.Confidence)),
		cmp.Compare(a.Rule.ID, b.Rule.ID),
		-cmp.Compare(a.End-a.Start, b.End-b.Start),
		cmp.Compare(a.Start, b.Start),
	)
}

// level3 numbers the confidences.
func level3(c rules.Confidence) int {
	switch c {
	case rules.High:
		return 2
	case rules.Medium:
		return 1
	}
	return 0
}

// winners returns the findings of one text that stand, by start.
func winners(own []*finding) []*finding {
	if len(own) < 2 {
		return own
	}
	slices.SortStableFunc(own, better)
	cover := newCover(own)
	kept := own[:0]
	var bound []*finding // those that stand at some paths only
	parts := companionClaims{}
	for _, f := range own {
		if cover.any(f.Start, f.End) {
			noteTie(kept, f)
			raise(kept, f)
			parts.note(f)
			continue
		}
		if len(bound) > 0 && !f.yieldTo(bound) {
			continue
		}
		kept = append(kept, f)
		if f.Rule.PathBound() {
			bound = append(bound, f)
			continue
		}
		cover.add(f.Start, f.End)
		for _, p := range f.Parts {
			cover.add(p.Start, p.End)
		}
		parts.add(f)
	}
	parts.settle()
	slices.SortFunc(kept, func(a, b *finding) int { return cmp.Compare(a.Start, b.Start) })
	return kept
}

// maxYields bounds how many findings of rules with conditions on paths are looked at for one finding.
const maxYields = 1 << 12

// yieldTo notes which of the better findings, of rules with conditions on paths, claim the same bytes as f. It returns false if one of them is of
// the same rule, and so stands wherever f would.
func (f *finding) yieldTo(bound []*finding) bool {
	for _, b := range bound[:min(len(bound), maxYields)] {
		shares := b.Start < f.End && f.Start < b.End
		for _, p := range b.Parts {
			shares = shares || p.Start < f.End && f.Start < p.End
		}
		switch {
		case !shares:
		case b.Rule == f.Rule:
			return false
		case !slices.Contains(f.Yields, b.Rule):
			f.Yields = append(f.Yields, b.Rule)
		}
	}
	return true
}

// raise gives the confidence of a generic rule, which has judged the value, to a finding on the same bytes whose rule names the kind of secret
// but knows no more of it than its name.
func raise(kept []*finding, f *finding) {
	if f.Rule.Block != "assignment" {
		return
	}
	for _, k := range kept {
		if k.Start == f.Start && k.End == f.End && k.Rule.Confidence == rules.Low && !k.Rule.Public && level3(f.Confidence) > level3(k.Confidence) {
			k.Confidence = f.Confidence
		}
	}
}

// noteTie marks that of the findings that stand which won over f by the name of its rule alone.
func noteTie(kept []*finding, f *finding) {
	for i := len(kept) - 1; i >= 0 && kept[i].verdict == f.verdict && kept[i].literal == f.literal && kept[i].Confidence == f.Confidence; i-- {
		if k := kept[i]; k.Start == f.Start && k.End == f.End && k.Rule.Provider != f.Rule.Provider {
			k.Tied = true
		}
	}
}

// distinct drops the decoded findings whose rule and secret also stand raw in bytes that overlap, or that another chain of
// decoders, shorter or of lesser names, made of bytes that overlap.
func distinct(own, inner []*finding) []*finding {
	groups := map[string][]*finding{}
	var order []string
	for _, f := range inner {
		k := key(f.Rule.ID, f.Secret)
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], f)
	}
	raw := map[string][]*finding{}
	for _, f := range own {
		if k := key(f.Rule.ID, f.Secret); groups[k] != nil {
			raw[k] = append(raw[k], f)
		}
	}
	var kept []*finding
	for _, k := range order {
		kept = append(kept, firstChains(raw[k], groups[k])...)
	}
	return kept
}

func key(rule string, secret []byte) string { return rule + "\x00" + string(secret) }

// firstChains is distinct for findings of one rule and secret.
func firstChains(raw, group []*finding) []*finding {
	slices.SortStableFunc(group, func(a, b *finding) int {
		return cmp.Or(cmp.Compare(len(a.Decoded), len(b.Decoded)), slices.Compare(a.Decoded, b.Decoded),
			cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	cover := newCover(append(slices.Clone(raw), group...))
	for _, f := range raw {
		cover.add(f.Start, f.End)
	}
	var kept []*finding
	for i, f := range group {
		// Several places in one UTF-16 text have its span in common, but not their positions.
		sibling := i > 0 && len(kept) > 0 && kept[len(kept)-1].siblingOf(f)
		if !sibling && cover.any(f.Start, f.End) {
			continue
		}
		cover.add(f.Start, f.End)
		kept = append(kept, f)
	}
	return kept
}

// siblingOf reports whether f and g stand at different positions of the same decoded text.
func (f *finding) siblingOf(g *finding) bool {
	return f.placed && g.placed && f.Start == g.Start && f.End == g.End && slices.Equal(f.Decoded, g.Decoded) &&
		(f.Line != g.Line || f.Column != g.Column)
}

// contest lets the decoded findings and those of the text, which are sorted by start and disjoint, compete. It marks the
// latter's losers by taking away their rule and returns the former's winners.
func contest(own, inner []*finding) []*finding {
	lost := make([]bool, len(own))
	kept := inner[:0]
	for _, f := range inner {
		first, _ := slices.BinarySearchFunc(own, f.lo, func(o *finding, at int) int {
			if o.End <= at {
				return -1
			}
			return 1
		})
		last, wins := first, true
		for ; last < len(own) && own[last].Start < f.hi; last++ {
			wins = wins && (!f.rivals(own[last]) || f.beats(own[last]))
		}
		if !wins {
			continue
		}
		kept = append(kept, f)
		for i := first; i < last; i++ {
			switch {
			case !f.rivals(own[i]):
			case !f.Rule.PathBound():
				lost[i] = true
			case !slices.Contains(own[i].Yields, f.Rule):
				own[i].Yields = append(own[i].Yields, f.Rule)
			}
		}
	}
	for i, l := range lost {
		if l {
			own[i].rule = nil
		}
	}
	return kept
}

// contestBound is contest for those findings of the text whose rules have conditions on paths.
func contestBound(bound, inner []*finding) []*finding {
	yield := func(f *finding, to *rules.Rule) {
		if !slices.Contains(f.Yields, to) {
			f.Yields = append(f.Yields, to)
		}
	}
	if len(bound) == 0 {
		return inner
	}
	return slices.DeleteFunc(inner, func(f *finding) bool {
		for _, o := range bound {
			if o.rule == nil || o.Start >= f.hi || f.lo >= o.End || !f.rivals(o) {
				continue
			}
			switch wins := f.beats(o); {
			case wins && (o.Rule == f.Rule || !f.Rule.PathBound()):
				o.rule = nil
			case wins:
				yield(o, f.Rule)
			case o.Rule == f.Rule:
				return true
			default:
				yield(f, o.Rule)
			}
		}
		return false
	})
}

// rivals reports whether the decoded finding f and o, which share a byte, claim the same bytes.
func (f *finding) rivals(o *finding) bool {
	return f.exact || 2*(min(o.End, f.hi)-max(o.Start, f.lo)) >= f.hi-f.lo
}

// beats reports whether the decoded finding f is better than o. Of one rule the longer reading counts, and what stands in the
// text before what is decoded.
func (f *finding) beats(o *finding) bool {
	if f.Rule == o.Rule && f.exact && f.verdict == o.verdict {
		return f.lo <= o.Start && f.hi >= o.End && f.hi-f.lo > o.End-o.Start
	}
	return better(f, o) < 0
}

// A cover is a set of offsets, kept by the pieces that the bounds of findings cut the text into.
type cover struct {
	bounds []int
	tree   []int // Fenwick tree of covered pieces
	next   []int // the next piece not covered, with path compression
}

func newCover(found []*finding) *cover {
	c := &cover{}
	for _, f := range found {
		c.bounds = append(c.bounds, f.Start, f.End)
		for _, p := range f.Parts {
			c.bounds = append(c.bounds, p.Start, p.End)
		}
	}
	slices.Sort(c.bounds)
	c.bounds = slices.Compact(c.bounds)
	c.tree = make([]int, len(c.bounds)+1)
	c.next = make([]int, len(c.bounds)+1)
	for i := range c.next {
		c.next[i] = i
	}
	return c
}

// piece returns the number of the piece that begins at a bound.
func (c *cover) piece(bound int) int {
	i, _ := slices.BinarySearch(c.bounds, bound)
	return i
}

// add covers [start, end).
func (c *cover) add(start, end int) {
	last := c.piece(end)
	for i := c.free(c.piece(start)); i < last; i = c.free(i) {
		c.next[i] = i + 1
		for k := i + 1; k < len(c.tree); k += k & -k {
			c.tree[k]++
		}
	}
}

func (c *cover) free(i int) int {
	for c.next[i] != i {
		c.next[i] = c.next[c.next[i]]
		i = c.next[i]
	}
	return i
}

// any reports whether an offset in [start, end) is covered.
func (c *cover) any(start, end int) bool { return c.count(c.piece(end)) > c.count(c.piece(start)) }

// count returns how many of the first n pieces are covered.
func (c *cover) count(n int) int {
	sum := 0
	for ; n > 0; n -= n & -n {
		sum += c.tree[n]
	}
	return sum
}
