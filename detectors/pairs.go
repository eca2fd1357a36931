package detectors

import (
	"bytes"
	"cmp"
	"math"
	"slices"

	"mudlark/rules"
)

// maxCandidates is the most companions that a match keeps of each part.
const maxCandidates = 3

// A part is a compiled rules.Part.
type part struct {
	*rules.Part
	formats []*format
	near    *words
}

func (e *Engine) newPart(c *rule, p *rules.Part) (*part, error) {
	out := &part{Part: p, near: newWords(p.Near)}
	for i := range p.Formats {
		f, err := e.newFormat(c, &p.Formats[i])
		if err != nil {
			return nil, err
		}
		// Words near a companion make it preferred, not possible.
		f.near, f.after = nil, nil
		f.require, f.reject = p.Require, p.Reject
		f.entropy = cmp.Or(f.entropy, p.Entropy)
		out.formats = append(out.formats, f)
	}
	return out, nil
}

// A companion is a candidate for a part.
type companion struct {
	start, end int
	near       bool
}

// join gives the matches of rules with parts their companions, and drops those that lack one they need.
func (e *Engine) join(l *level, found []*finding) []*finding {
	byRule := map[*rule][]*finding{}
	var order []*rule
	for _, f := range found {
		if len(f.rule.parts) == 0 { // what found something is compiled
			continue
		}
		if byRule[f.rule] == nil {
			order = append(order, f.rule)
		}
		byRule[f.rule] = append(byRule[f.rule], f)
	}
	if len(order) == 0 {
		return found
	}
	taken := takenSpans(found)
	dropped := map[*finding]bool{}
	for _, r := range order {
		group := byRule[r]
		slices.SortFunc(group, func(a, b *finding) int { return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End)) })
		for _, p := range r.parts {
			l.joinPart(p, group, taken, dropped)
		}
	}
	companions := companionSpans(found)
	return slices.DeleteFunc(found, func(f *finding) bool {
		return dropped[f] || f.Rule.Public && overlaps(companions, f.Start, f.End)
	})
}

// companionSpans returns the spans of all companions: a public value that is one is not reported for itself.
func companionSpans(found []*finding) []interval {
	var spans []interval
	for _, f := range found {
		for _, p := range f.Parts {
			spans = append(spans, interval{p.Start, p.End - 1})
		}
	}
	return normalise(spans)
}

// takenSpans returns the spans of the matches that say by themselves what they are: no companion overlaps one. A match that
// rests on its surroundings alone does not take its bytes away: every companion looks random, and stands beside a name. Nor does
// a public value, such as a client id: it is what secrets go with.
func takenSpans(found []*finding) []interval {
	var taken []interval
	for _, f := range found {
		if !f.Rule.Public && !f.Rule.Untrusted && (f.literal > 1 || f.verdict > 0) {
			taken = append(taken, interval{f.Start, f.End - 1})
		}
	}
	return normalise(taken)
}

// joinPart finds the companions of one part for the matches of a rule, which are sorted by start.
func (l *level) joinPart(p *part, group []*finding, taken []interval, dropped map[*finding]bool) {
	scopes := l.scopes(p, group)
	all := l.companions(p, scopes, taken)
	var near []companion
	for _, c := range all {
		if c.near {
			near = append(near, c)
		}
	}
	for i, f := range group {
		chosen, any := closest(near, f, scopes[i]), closest(all, f, scopes[i])
		if len(chosen) == 0 || f.gap(any[0]) < f.gap(chosen[0]) && f.gap(chosen[0]) > gapToNeighbour(group, i, chosen[0]) {
			// No word names a companion, or it names that of a neighbour: a table's head stands above its first row only.
			chosen = any
		}
		if len(chosen) == 0 {
			if p.Required {
				dropped[f] = true
			} else if !p.Public && f.Confidence == rules.High {
				f.Confidence = rules.Medium // what is public, such as a host, says nothing about the match
			}
		}
		for _, c := range chosen {
			f.Parts = append(f.Parts, PartMatch{
				Name: p.Name, Secret: bytes.Clone(l.data[c.start:c.end]), Start: c.start, End: c.end,
			})
		}
	}
}

// scopes returns for each match, sorted by start, the span in which its companions stand: both bounds ascend.
func (l *level) scopes(p *part, group []*finding) []interval {
	out := make([]interval, len(group))
	if p.File {
		for i := range out {
			out[i] = interval{0, len(l.data)}
		}
		return out
	}
	lines := lineCursors{data: l.data, lines: max(p.Lines, 0)}
	reach := rules.PartScope
	for _, f := range p.formats {
		reach = max(reach, rules.PartScope+f.longest) // a companion that begins close enough counts as a whole
	}
	for i, f := range group {
		lo, hi := lines.around(f.Start)
		out[i] = interval{max(lo, f.Start-reach), min(max(hi, f.End), f.End+reach)}
		out[i].hi = min(max(out[i].hi, f.End), len(l.data))
	}
	return out
}

// lineCursors finds the start of the line some lines above an offset and the end of that some lines below. Offsets ascend, so
// that each of its three cursors passes over the data once.
type lineCursors struct {
	data                 []byte
	lines                int
	at, above, below     int // offsets
	atLine, aLine, bLine int // the lines that they stand in, from 0
}

func (c *lineCursors) around(offset int) (lo, hi int) {
	c.atLine += bytes.Count(c.data[c.at:offset], []byte{'\n'})
	c.at = offset
	for c.aLine < c.atLine-c.lines {
		c.above += bytes.IndexByte(c.data[c.above:], '\n') + 1
		c.aLine++
	}
	c.below = max(c.below, offset)
	if c.bLine < c.atLine {
		c.bLine = c.atLine
	}
	for c.bLine <= c.atLine+c.lines && c.below < len(c.data) {
		n := bytes.IndexByte(c.data[c.below:], '\n')
		if n < 0 {
			c.below = len(c.data)
			break
		}
		c.below += n + 1
		c.bLine++
	}
	return c.above, c.below
}

// companions returns the candidates for a part within the scopes, by start, each byte looked at once.
func (l *level) companions(p *part, scopes, taken []interval) []companion {
	var out []companion
	for _, scope := range normalise(slices.Clone(scopes)) {
		for at := scope.lo; at < scope.hi; at++ {
			end := l.companionAt(p, at)
			if end > scope.hi || end < 0 || overlaps(taken, at, end) {
				continue
			}
			out = append(out, companion{at, end, p.near != nil && p.near.before(l.outer, l.data, at)})
			at = end - 1
		}
	}
	return out
}

// companionAt returns the end of the longest companion that starts at an offset, or -1.
func (l *level) companionAt(p *part, at int) int {
	best := -1
	for _, f := range p.formats {
		for _, b := range f.branches {
			end, ok := l.matchAt(b, at)
			if !ok || end <= best {
				continue
			}
			value := l.data[at:end]
			if verdict, ok := f.judge(value); ok && (verdict > 0 || !placeholder(value, f.rule.Placeholders)) {
				best = end
			}
		}
	}
	return best
}

// overlaps reports whether a span of the sorted, disjoint list shares a byte with [start, end).
func overlaps(list []interval, start, end int) bool {
	i, _ := slices.BinarySearchFunc(list, start, func(s interval, v int) int { return cmp.Compare(s.hi, v) })
	return i < len(list) && list[i].lo < end
}

// gap returns how far a companion stands from the match.
func (f *finding) gap(c companion) int {
	if c.start >= f.End {
		return c.start - f.End
	}
	return f.Start - c.end
}

// gapToNeighbour returns how far a companion stands from the nearer neighbour of group[i].
func gapToNeighbour(group []*finding, i int, c companion) int {
	gap := math.MaxInt
	if i > 0 {
		gap = group[i-1].gap(c)
	}
	if i+1 < len(group) {
		gap = min(gap, group[i+1].gap(c))
	}
	return gap
}

// closest returns those of the candidates, sorted by start, that lie in the scope and closest to the match, the closest first.
func closest(list []companion, f *finding, scope interval) []companion {
	right, _ := slices.BinarySearchFunc(list, f.Start, func(c companion, v int) int { return cmp.Compare(c.start, v) })
	left := right - 1
	var out []companion
	for len(out) < maxCandidates {
		leftOK := left >= 0 && list[left].start >= scope.lo
		rightOK := right < len(list) && list[right].end <= scope.hi
		switch {
		case leftOK && (!rightOK || f.Start-list[left].end <= list[right].start-f.End):
			if list[left].end <= f.Start {
				out = append(out, list[left])
			}
			left--
		case rightOK:
			if list[right].start >= f.End {
				out = append(out, list[right])
			}
			right++
		default:
			return out
		}
	}
	return out
}
