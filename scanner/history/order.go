package history

// The functions of this file answer questions about many sets of commits at once: each commit carries one bit for each of
// 64 sets, and one pass over the graph settles them all.

const batch = 64

// Earliest returns, for each set, the commit that counts as the first: members with another member among their ancestors
// are dropped, and of the rest the least by (committer time, id) is taken. An empty set gives None.
func (g *Graph) Earliest(sets [][]int32) []int32 {
	first := make([]int32, len(sets))
	g.batches(sets, func(from int, own []uint64) {
		above := make([]uint64, len(own)) // sets with a member among the proper ancestors
		for c := range own {
			for _, p := range g.commits[c].parents {
				above[c] |= own[p] | above[p]
			}
		}
		g.pick(sets, from, first, func(c int32, bit uint64) bool { return above[c]&bit == 0 }, g.Less)
	})
	return first
}

// Latest returns, for each set, the commit that counts as the last: members with another member among their descendants are
// dropped, and of the rest the greatest by (committer time, id) is taken. An empty set gives None.
func (g *Graph) Latest(sets [][]int32) []int32 {
	last := make([]int32, len(sets))
	g.batches(sets, func(from int, own []uint64) {
		below := make([]uint64, len(own)) // sets with a member among the proper descendants
		for c := len(own) - 1; c >= 0; c-- {
			for _, p := range g.commits[c].parents {
				below[p] |= own[c] | below[c]
			}
		}
		g.pick(sets, from, last, func(c int32, bit uint64) bool { return below[c]&bit == 0 },
			func(a, b int32) bool { return g.Less(b, a) })
	})
	return last
}

// Reaching returns, for each set, the indexes of those heads from which a member of the set is reachable.
func (g *Graph) Reaching(sets [][]int32, heads []int32) [][]int {
	found := make([][]int, len(sets))
	g.batches(sets, func(from int, own []uint64) {
		for c := range own {
			for _, p := range g.commits[c].parents {
				own[c] |= own[p]
			}
		}
		for h, c := range heads {
			if c == None || own[c] == 0 {
				continue
			}
			for i := from; i < min(from+batch, len(sets)); i++ {
				if own[c]&(1<<(i-from)) != 0 {
					found[i] = append(found[i], h)
				}
			}
		}
	})
	return found
}

// batches calls do for every 64 sets, with the bits of each commit's own memberships.
func (g *Graph) batches(sets [][]int32, do func(from int, own []uint64)) {
	for from := 0; from < len(sets); from += batch {
		own := make([]uint64, len(g.commits))
		for i := from; i < min(from+batch, len(sets)); i++ {
			for _, c := range sets[i] {
				own[c] |= 1 << (i - from)
			}
		}
		do(from, own)
	}
}

// pick chooses from each set of a batch the least member, by less, that keep accepts.
func (g *Graph) pick(sets [][]int32, from int, out []int32, keep func(int32, uint64) bool, less func(a, b int32) bool) {
	for i := from; i < min(from+batch, len(sets)); i++ {
		best := None
		for _, c := range sets[i] {
			if keep(c, 1<<(i-from)) && (best == None || less(c, best)) {
				best = c
			}
		}
		out[i] = best
	}
}
