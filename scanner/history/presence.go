package history

import "slices"

// Presence says which items stand in each commit's tree. It is made for a graph all of whose commits were selected, from
// the deltas against first parents: the items of a root are its own, those of any other commit its first parent's and the
// difference. Commits that change nothing share their parent's list.
type Presence struct {
	states [][]Delta // by commit: items with the number of places
}

// NewPresence sums up the steps of all selected commits.
func NewPresence(g *Graph, steps []Step) *Presence {
	p := &Presence{states: make([][]Delta, g.Len())}
	next := 0
	for c := range int32(g.Len()) {
		var state []Delta
		if parent := g.FirstParent(c); parent != None {
			state = p.states[parent]
		}
		if next < len(steps) && steps[next].Commit == c {
			state = sum(state, steps[next].Deltas)
			next++
		}
		p.states[c] = state
	}
	return p
}

// sum adds two ascending lists; items whose count becomes zero go.
func sum(a, b []Delta) []Delta {
	if len(b) == 0 {
		return a
	}
	out := make([]Delta, 0, len(a)+len(b))
	for len(a) > 0 || len(b) > 0 {
		switch {
		case len(b) == 0 || len(a) > 0 && a[0].Item < b[0].Item:
			out = append(out, a[0])
			a = a[1:]
		case len(a) == 0 || b[0].Item < a[0].Item:
			out = append(out, b[0])
			b = b[1:]
		default:
			if n := a[0].Count + b[0].Count; n != 0 {
				out = append(out, Delta{a[0].Item, n})
			}
			a, b = a[1:], b[1:]
		}
	}
	return out
}

// Holds reports whether item stands in the tree of commit c.
func (p *Presence) Holds(c int32, item Item) bool {
	_, ok := slices.BinarySearchFunc(p.states[c], item, func(d Delta, it Item) int { return int(int64(d.Item) - int64(it)) })
	return ok
}

// Items calls yield for each item in the tree of commit c, ascending.
func (p *Presence) Items(c int32, yield func(Item)) {
	for _, d := range p.states[c] {
		yield(d.Item)
	}
}

// Removals returns, for each of n items, the commits among those marked that do not hold the item while one of their
// parents does.
func (p *Presence) Removals(g *Graph, marked []bool, n int) [][]int32 {
	out := make([][]int32, n)
	for c := range int32(g.Len()) {
		if !marked[c] {
			continue
		}
		for _, parent := range g.Parents(c) {
			if sameList(p.states[parent], p.states[c]) {
				continue
			}
			p.Items(parent, func(it Item) {
				if !p.Holds(c, it) && !containsCommit(out[it], c) {
					out[it] = append(out[it], c)
				}
			})
		}
	}
	return out
}

// sameList reports whether two lists are the same slice, which is how unchanged states are shared.
func sameList(a, b []Delta) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}
