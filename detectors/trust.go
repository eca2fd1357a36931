package detectors

import (
	"slices"

	"mudlark/rules"
)

// Rules that come with what is scanned must not hide what others find: such a rule could win over another one and then be left out itself,
// for its paths, its confidence or its name.

// withoutUsurpers drops the findings of untrusted rules that share bytes with a finding of a trusted one which they may not win over: one
// that says itself what it is or, for rules that may be left out later, any.
func withoutUsurpers(own, inner []*finding) (restOfOwn, restOfInner []*finding) {
	var specific, all []interval
	for _, list := range [][]*finding{own, inner} {
		for _, f := range list {
			if f.Rule.Untrusted || f.Confidence == rules.Low {
				continue
			}
			span := interval{f.Start, f.End - 1}
			all = append(all, span)
			if f.literal > 1 || f.verdict > 0 {
				specific = append(specific, span)
			}
		}
	}
	if len(all) == 0 {
		return own, inner
	}
	specific, all = normalise(specific), normalise(all)
	usurps := func(f *finding) bool {
		if !f.Rule.Untrusted {
			return false
		}
		guarded := specific
		if f.Rule.PathBound() || f.Confidence != rules.High || f.Rule.Severity != rules.High && f.Rule.Severity != rules.Critical {
			guarded = all
		}
		return meets(guarded, f.Start, f.End-1)
	}
	return slices.DeleteFunc(own, usurps), slices.DeleteFunc(inner, usurps)
}

// meets reports whether one of the disjoint intervals, which are in order, shares a byte with those from lo to hi.
func meets(list []interval, lo, hi int) bool {
	i, _ := slices.BinarySearchFunc(list, lo, func(s interval, lo int) int { return s.hi - lo })
	return i < len(list) && list[i].lo <= hi
}
