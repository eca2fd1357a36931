package detectors

import "mudlark/rules"

const (
	// maxWord is the length of the longest near or after word; package rules refuses longer ones.
	maxWord = 64
	// reachSlack is more than what is looked at beside a value for its boundaries: escapes, character entities, terminal colours.
	reachSlack = 64
	// nearReach is how far from a value its near and after words may stand, with what divides them from it.
	nearReach = rules.NearDistance + maxWord + reachSlack
)

// A reach says how far from an anchor the bytes may be that decide what its tasks come to.
type reach struct {
	before, behind int  // bytes before the anchor's first byte and behind its last one
	whole          bool // all of the text may matter
	ordered        bool // a block or a regex: outcomes depend on the anchors before
	near           bool // a near word
}

// lies reports whether all that the tasks of an anchor of n bytes at an offset look at lies in the span.
func (r *reach) lies(at, n int, s span) bool {
	return !r.whole && at-r.before >= s.lo && at+n+r.behind <= s.hi
}

// widen makes the reach cover that of a task, whose rule is compiled.
func (r *reach) widen(t *task) {
	before, behind := 0, 0
	switch t.kind {
	case matchBranch:
		f := t.rule.formats[t.format]
		before, behind = f.longest+f.reach, f.longest+f.reach
	case searchNear:
		f := t.rule.formats[t.format]
		r.near = true
		before, behind = f.reach, rules.NearDistance+f.longest+f.reach
	case runRegex:
		r.ordered = true // its span is looked at as a whole
	case runEach:
		before, behind = t.rule.block.reach, t.rule.block.reach
	case runBlock:
		r.ordered = true
		x := t.rule.block.reach
		r.whole = r.whole || x < 0
		before, behind = x+nearReach, x+nearReach
	}
	r.before, r.behind = max(r.before, before), max(r.behind, behind)
}

// reachOf returns how far from a value what a format asks of its surroundings may stand.
func (f *format) reachOf() int {
	if f.near == nil && f.after == nil {
		return reachSlack
	}
	return nearReach
}
