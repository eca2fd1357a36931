package history

import (
	"math/rand/v2"
	"slices"
	"testing"

	"mudlark/scanner/gitstore"
)

// randomGraph returns a graph of n commits with random parents and dates.
func randomGraph(rnd *rand.Rand, n int) *Graph {
	g := &Graph{index: map[gitstore.ID]int32{}}
	for i := range n {
		raw := make([]byte, 20)
		for j := range raw {
			raw[j] = byte(rnd.Uint32())
		}
		id, _ := gitstore.IDFromBytes(raw)
		var parents []int32
		for range rnd.IntN(4) {
			if i > 0 {
				if p := int32(rnd.IntN(i)); !slices.Contains(parents, p) {
					parents = append(parents, p)
				}
			}
		}
		g.commits = append(g.commits, node{id: id, parents: parents, time: int64(rnd.IntN(20))})
	}
	g.index = map[gitstore.ID]int32{}
	g.number()
	return g
}

func (g *Graph) naiveReaches(from, to int32) bool {
	if from == to {
		return true
	}
	return slices.ContainsFunc(g.commits[from].parents, func(p int32) bool { return g.naiveReaches(p, to) })
}

func randomSets(rnd *rand.Rand, n, sets int) [][]int32 {
	out := make([][]int32, sets)
	for i := range out {
		for range rnd.IntN(5) {
			out[i] = append(out[i], int32(rnd.IntN(n)))
		}
	}
	return out
}

func TestOrderAgainstNaive(t *testing.T) {
	for seed := range uint64(30) {
		rnd := rand.New(rand.NewPCG(seed, 3))
		g := randomGraph(rnd, 1+rnd.IntN(25))
		sets := randomSets(rnd, g.Len(), 150)
		first, last := g.Earliest(sets), g.Latest(sets)
		heads := []int32{None, int32(rnd.IntN(g.Len())), int32(g.Len() - 1)}
		reaching := g.Reaching(sets, heads)
		for i, set := range sets {
			wantFirst, wantLast := None, None
			for _, c := range set {
				if !slices.ContainsFunc(set, func(o int32) bool { return o != c && g.naiveReaches(c, o) }) && (wantFirst == None || g.Less(c, wantFirst)) {
					wantFirst = c
				}
				if !slices.ContainsFunc(set, func(o int32) bool { return o != c && g.naiveReaches(o, c) }) && (wantLast == None || g.Less(wantLast, c)) {
					wantLast = c
				}
			}
			if first[i] != wantFirst || last[i] != wantLast {
				t.Fatalf("seed %d, set %v: first %d, want %d; last %d, want %d", seed, set, first[i], wantFirst, last[i], wantLast)
			}
			for h, c := range heads {
				want := c != None && slices.ContainsFunc(set, func(m int32) bool { return g.naiveReaches(c, m) })
				if slices.Contains(reaching[i], h) != want {
					t.Fatalf("seed %d, set %v: head %d reaching: want %v", seed, set, c, want)
				}
			}
		}
	}
}

func TestNumberingPutsParentsFirst(t *testing.T) {
	for seed := range uint64(20) {
		g := randomGraph(rand.New(rand.NewPCG(seed, 4)), 60)
		for c := range g.commits {
			for _, p := range g.commits[c].parents {
				if p >= int32(c) {
					t.Fatalf("commit %d has parent %d", c, p)
				}
			}
		}
	}
}

func TestNewestTakesChildrenFirst(t *testing.T) {
	for seed := range uint64(20) {
		rnd := rand.New(rand.NewPCG(seed, 5))
		g := randomGraph(rnd, 40)
		all := make([]bool, g.Len())
		for c := range all {
			all[c] = true
		}
		n := rnd.IntN(g.Len() + 1)
		kept := g.Newest(all, n)
		count := 0
		for c, yes := range kept {
			if !yes {
				continue
			}
			count++
			for child := range g.commits {
				if slices.Contains(g.commits[child].parents, int32(c)) && !kept[child] {
					t.Fatalf("seed %d: %d is kept without its child %d", seed, c, child)
				}
			}
		}
		if count != n {
			t.Fatalf("kept %d of %d", count, n)
		}
	}
}
