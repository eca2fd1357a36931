package detectors

import (
	"cmp"
	"math"
	"slices"
	"sort"
)

// A text that is a small change of another one need not be scanned whole. What stands where is carried over:
//
//   - An anchor that lies in one run stands in the new text as well. The prefilter looks only at what is in no run, and at the
//     seams between runs.
//   - What an anchor led to depends on the bytes around it, no farther away than its reach. If all of these lie in one run, the outcome is
//     the same, else it is evaluated again, with the new text at hand.
//   - The same holds for what a decoder finds between two bytes that none of its runs can hold.
//
// What is carried over are raw findings, before they compete: a loser in the one text may win in the other.

// A Run is a range of bytes that a text has in common with an earlier version of it. It is an alias, so that other packages can name the
// same type.
type Run = struct{ TargetStart, BaseStart, Len int }

// A State is what is known of a text after it was scanned, for the scan of a later version. It does not change and may be
// shared.
type State struct {
	size    int
	hits    []hit     // by offset and anchor
	raw     []raw     // by offset
	blocks  []outcome // by offset and block
	regions []decoded // of which there is something to say, by start
}

// A hit is an anchor of which at least the core stands in the text.
type hit struct {
	at, anchor int32 // at may be less than 0
	// base is the offset in the earlier version if all that the evaluation looks at lies in one run, else -1.
	base int32
}

// A raw is a finding before companions and competition.
type raw struct {
	*finding // not to be changed
	origin   origin
	at       int32 // the anchor's offset; of a search or a regex that of the finding
	id       int32 // of the anchor, the search or the regex
}

type origin uint8

const (
	fromAnchor origin = iota
	fromSearch
	fromRegex
	fromBlock
)

// An outcome is what a block's extractor made of an anchor.
type outcome struct {
	at, block int32
	end       int32 // of the candidate; 0 if there was none
	raw       int32 // index of the finding; -1 if the candidate is none
}

// A span of the new text that the earlier version has as well. Where both begin or end together, nothing stands beyond: there
// the span has no bound.
type span struct {
	lo, hi int // in the text
	from   int // where its bytes begin in the text; lo may be less
	to     int
	shift  int // from offsets in the text to those in the earlier version
}

// An inheritance is what a text has in common with an earlier version of it; nil for a text of which there is none.
type inheritance struct {
	base  *State
	spans []span
	size  int
	zones []interval // scratch
}

// inherit returns nil if nothing is to be inherited. Runs ascend by TargetStart. What it returns is valid until the next call.
func (s *Scanner) inherit(base *State, runs []Run, size int) *inheritance {
	if base == nil || len(runs) == 0 {
		return nil
	}
	h := &s.inherited
	h.base, h.size, h.spans = base, size, h.spans[:0]
	for _, r := range runs {
		s := span{lo: r.TargetStart, hi: r.TargetStart + r.Len, shift: r.BaseStart - r.TargetStart}
		s.from, s.to = s.lo, s.hi
		if r.TargetStart == 0 && r.BaseStart == 0 {
			s.lo = math.MinInt
		}
		if s.to == size && r.BaseStart+r.Len == base.size {
			s.hi = math.MaxInt
		}
		h.spans = append(h.spans, s)
	}
	return h
}

// within returns the span that holds all of [lo, hi), which may reach beyond the text.
func (h *inheritance) within(lo, hi int) (span, bool) {
	if h == nil {
		return span{}, false
	}
	i := sort.Search(len(h.spans), func(i int) bool { return h.spans[i].lo > lo }) - 1
	if i < 0 || hi > h.spans[i].hi {
		return span{}, false
	}
	return h.spans[i], true
}

// inOne reports whether one span has all the bytes from lo to hi.
func (h *inheritance) inOne(lo, hi int) bool {
	s, ok := h.within(lo, hi)
	return ok && s.from <= lo && hi <= s.to
}

// dirty returns what lies in no span, and the seams between spans, widened by before and behind, within the text: ascending and disjoint.
// Without an inheritance that is the whole text. The list is valid until the next call.
func (h *inheritance) dirty(size, before, behind int) []interval {
	if h == nil {
		return []interval{{0, size}}
	}
	out := h.zones[:0]
	at := 0
	put := func(lo, hi int) {
		lo, hi = max(lo-before, 0), min(hi+behind, size)
		if n := len(out); n > 0 && lo <= out[n-1].hi {
			out[n-1].hi = max(out[n-1].hi, hi)
		} else if lo < hi {
			out = append(out, interval{lo, hi})
		}
	}
	for i, s := range h.spans {
		if i > 0 || s.lo != math.MinInt {
			put(at, s.from)
		}
		at = s.to
	}
	if n := len(h.spans); h.spans[n-1].hi != math.MaxInt {
		put(at, size)
	}
	h.zones = out
	return out
}

// regionZones returns where encoded runs are to be looked for anew: beside what is new. What stands before a run decides what is found
// in it only by near words; so where there are none, and were none, it need not be looked at again if it is farther away. The list is valid
// until the next call of dirty.
func (e *Engine) regionZones(l *level, h *inheritance) []interval {
	if h == nil {
		return h.dirty(len(l.data), 0, 0)
	}
	zones := h.dirty(h.size, regionMargin, regionMargin)
	next := 0
	for i := range zones {
		z := &zones[i]
		for next < len(l.hits) && int(l.hits[next].at) < z.lo-nearReach {
			next++
		}
		reached := z.hi
		for _, a := range l.hits[next:] {
			if int(a.at) > z.hi {
				break
			}
			if e.reaches[a.anchor].near {
				reached = int(a.at) + nearReach
			}
		}
		z.hi = min(max(z.hi, reached), h.size)
	}
	// What was found in the earlier version with something else before it.
	for _, s := range h.spans {
		for _, d := range h.base.regionsFrom(s.from + s.shift) {
			if d.start-s.shift >= s.to {
				break
			}
			if !d.lies(s) {
				zones = append(zones, interval{d.start - s.shift, min(d.end-s.shift, s.to)})
			}
		}
	}
	zones = normalise(zones)
	h.zones = zones
	return zones
}

// collect notes where anchors stand.
func (e *Engine) collect(l *level, h *inheritance) {
	l.hits = l.hits[:0]
	if h == nil {
		e.filter.scan(l.data, func(anchor, at int) { l.hits = append(l.hits, hit{int32(at), int32(anchor), -1}) })
		sortHits(l.hits)
		return
	}
	e.carry(l, h)
	// The windows of a core begin one byte before it or within it.
	for _, zone := range h.dirty(h.size, maxCore, maxCore-windowSize) {
		e.filter.windows(l.data, zone.lo, zone.hi, func(anchor, at int) {
			c := e.filter.marks[anchor].core
			if !h.inOne(at+c.from, at+c.to) {
				l.hits = append(l.hits, hit{int32(at), int32(anchor), -1})
			}
		})
	}
	sortHits(l.hits)
}

// carry notes the hits whose core lies in a span.
func (e *Engine) carry(l *level, h *inheritance) {
	hits := h.base.hits
	next := 0
	for _, s := range h.spans {
		if s.to-s.from < minAnchor {
			continue
		}
		// Hits are in the order of their anchors' starts, which may lie before the span.
		next = firstFrom(hits, next, s.from+s.shift-e.filter.lead)
		for ; next < len(hits) && int(hits[next].at)-s.shift < s.to; next++ {
			a := hits[next]
			at := int(a.at) - s.shift
			anchor := &e.filter.marks[a.anchor]
			if at+anchor.core.from < s.from || at+anchor.core.to > s.to {
				continue
			}
			c := hit{int32(at), a.anchor, -1}
			if e.reaches[a.anchor].lies(at, len(anchor.sets), s) {
				c.base = a.at
			}
			l.hits = append(l.hits, c)
		}
	}
}

// firstFrom returns the index of the first hit at or behind an offset. It is quick if that is near the hint.
func firstFrom(hits []hit, hint, at int) int {
	for k := 0; k < 4 && hint > 0 && int(hits[hint-1].at) >= at; k++ {
		hint--
	}
	if hint > 0 && int(hits[hint-1].at) >= at {
		n, _ := slices.BinarySearchFunc(hits[:hint], at, func(a hit, at int) int { return int(a.at) - at })
		return n
	}
	for range 4 {
		if hint == len(hits) || int(hits[hint].at) >= at {
			return hint
		}
		hint++
	}
	n, _ := slices.BinarySearchFunc(hits[hint:], at, func(a hit, at int) int { return int(a.at) - at })
	return hint + n
}

// sortHits sorts by offset and anchor.
func sortHits(hits []hit) {
	slices.SortFunc(hits, func(a, b hit) int {
		if a.at != b.at {
			return int(a.at) - int(b.at)
		}
		return int(a.anchor) - int(b.anchor)
	})
}

// inheritRaw appends the findings of anchors and searches whose evaluation lies in one span.
func (e *Engine) inheritRaw(l *level, h *inheritance) {
	if h == nil || len(h.base.raw) == 0 {
		return
	}
	for _, s := range h.spans {
		for _, r := range h.base.rawFrom(s.from + s.shift) {
			if int(r.at)-s.shift >= s.to {
				break
			}
			if e.unchanged(l, &r, s) {
				l.raw = append(l.raw, r.moved(s.shift))
			}
		}
	}
}

// regionsFrom returns the regions at or behind an offset.
func (s *State) regionsFrom(at int) []decoded {
	i, _ := slices.BinarySearchFunc(s.regions, at, func(d decoded, at int) int { return cmp.Compare(d.start, at) })
	return s.regions[i:]
}

// lies reports whether all that decides a region of the earlier version lies in the span.
func (d *decoded) lies(s span) bool {
	return d.start-s.shift >= s.from && d.end-s.shift <= s.to && d.lo-s.shift >= s.lo && d.hi-s.shift <= s.hi
}

// rawFrom returns the findings at or behind an offset.
func (s *State) rawFrom(at int) []raw {
	i, _ := slices.BinarySearchFunc(s.raw, at, func(r raw, at int) int { return cmp.Compare(int(r.at), at) })
	return s.raw[i:]
}

// unchanged reports whether a finding of the earlier version, at or behind the start of the span, is one of the text as well, and has
// not been made anew.
func (e *Engine) unchanged(l *level, r *raw, s span) bool {
	at := int(r.at) - s.shift
	switch r.origin {
	case fromAnchor:
		return e.reaches[r.id].lies(at, len(e.filter.marks[r.id].sets), s)
	case fromSearch:
		reach := e.sought(int(r.id)).reach
		end := r.End - s.shift
		return end <= s.to && at-reach >= s.lo && end+reach <= s.hi && !l.searched(int(r.id), at)
	}
	return false // regexes and blocks are taken over elsewhere
}

// moved returns the finding of the earlier version at its place in the text.
func (r *raw) moved(shift int) raw {
	f := *r.finding
	f.Start, f.End = f.Start-shift, f.End-shift
	m := *r
	m.finding, m.at = &f, r.at-int32(shift)
	return m
}

// state keeps what was found for later versions.
func (l *level) state() *State {
	s := &State{size: len(l.data), hits: slices.Clone(l.hits)}
	if len(l.outcomes) > 0 {
		s.blocks = slices.Clone(l.outcomes)
	}
	if len(l.raw) > 0 {
		s.keepRaw(l.raw)
	}
	if len(l.regions) > 0 {
		s.regions = slices.Clone(l.regions)
		slices.SortStableFunc(s.regions, func(a, b decoded) int { return cmp.Compare(a.start, b.start) })
	}
	return s
}

// keepRaw keeps the findings by offset.
func (s *State) keepRaw(list []raw) {
	order := make([]int, len(list))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(list[a].at, list[b].at) })
	s.raw = make([]raw, len(list))
	place := make([]int32, len(list))
	for to, from := range order {
		s.raw[to], place[from] = list[from], int32(to)
	}
	for i := range s.blocks {
		if o := &s.blocks[i]; o.raw >= 0 {
			o.raw = place[o.raw]
		}
	}
}
