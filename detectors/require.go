package detectors

import (
	"cmp"
	"slices"

	"mudlark/rules"
)

// requireOthers drops the findings of rules that demand a match of another rule where there is none, and then those of rules that only
// serve such demands.
func requireOthers(data []byte, own []*finding) []*finding {
	byRule := map[string][]*finding{}
	for _, f := range own {
		byRule[f.Rule.ID] = append(byRule[f.Rule.ID], f)
	}
	var places []place
	for _, f := range own {
		if f.rule.Silent || len(f.rule.Requires) > 0 {
			places = append(places, place{f.Start, &f.Line, &f.Column})
		}
		for _, r := range f.rule.Requires {
			for _, other := range byRule[r.Rule] {
				if !other.rule.Silent && len(other.rule.Requires) == 0 && other.Line == 0 {
					other.Line = -1 // once is enough
					places = append(places, place{other.Start, &other.Line, &other.Column})
				}
			}
		}
	}
	locate(data, places)
	for id, list := range byRule {
		slices.SortFunc(list, func(a, b *finding) int { return cmp.Or(a.Line-b.Line, a.Column-b.Column) })
		byRule[id] = list
	}
	byColumn := map[string][]*finding{}
	return slices.DeleteFunc(own, func(f *finding) bool {
		return f.rule.Silent || slices.ContainsFunc(f.rule.Requires, func(r rules.Requirement) bool {
			if r.Lines >= 0 || r.Columns < 0 {
				return !nearLine(f, byRule[r.Rule], r)
			}
			if byColumn[r.Rule] == nil {
				byColumn[r.Rule] = slices.Clone(byRule[r.Rule])
				slices.SortFunc(byColumn[r.Rule], func(a, b *finding) int { return a.Column - b.Column })
			}
			return !nearColumn(f, byColumn[r.Rule], r.Columns)
		})
	})
}

// nearLine reports whether one of list, which is sorted by line and column, is where r demands it.
func nearLine(f *finding, list []*finding, r rules.Requirement) bool {
	if r.Lines < 0 {
		return len(list) > 1 || len(list) == 1 && list[0] != f
	}
	at, _ := slices.BinarySearchFunc(list, f.Line-r.Lines, func(g *finding, line int) int { return g.Line - line })
	for at < len(list) && list[at].Line <= f.Line+r.Lines {
		line := list[at].Line
		end, _ := slices.BinarySearchFunc(list[at:], line+1, func(g *finding, line int) int { return g.Line - line })
		same := list[at : at+end]
		if r.Columns < 0 && (len(same) > 1 || same[0] != f) || r.Columns >= 0 && nearColumn(f, same, r.Columns) {
			return true
		}
		at += end
	}
	return false
}

// nearColumn reports whether one of list, which is sorted by column, begins within so many columns of f.
func nearColumn(f *finding, list []*finding, columns int) bool {
	at, _ := slices.BinarySearchFunc(list, f.Column-columns, func(g *finding, column int) int { return g.Column - column })
	for _, g := range list[at:] {
		if g.Column > f.Column+columns {
			return false
		}
		if g != f {
			return true
		}
	}
	return false
}
