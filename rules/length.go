package rules

// unbounded stands for lengths too large to be of use; sums and products stop there.
const unbounded = 1 << 30

// Length returns the lengths in bytes of the shortest and the longest text that n matches.
func Length(n Node) (min, max int) {
	switch n := n.(type) {
	case *Literal:
		return len(n.Bytes), len(n.Bytes)
	case *Run:
		return n.Counts[0].Min, n.Counts[len(n.Counts)-1].Max
	case *Seq:
		for _, m := range n.Nodes {
			lo, hi := Length(m)
			min, max = satAdd(min, lo), satAdd(max, hi)
		}
	case *Alt:
		for i, m := range n.Nodes {
			lo, hi := Length(m)
			if i == 0 || lo < min {
				min = lo
			}
			if hi > max {
				max = hi
			}
		}
	case *Repeat:
		lo, hi := Length(n.Node)
		return satMul(n.Min, lo), satMul(n.Max, hi)
	}
	return min, max
}

// steps returns how many literal bytes, runs and branches n has when its repetitions are written out.
func steps(n Node) int {
	switch n := n.(type) {
	case *Literal:
		return len(n.Bytes)
	case *Seq:
		return sumSteps(n.Nodes)
	case *Alt:
		return satAdd(1, sumSteps(n.Nodes))
	case *Repeat:
		return satMul(n.Max, satAdd(1, steps(n.Node)))
	}
	return 1
}

func sumSteps(nodes []Node) int {
	sum := 0
	for _, n := range nodes {
		sum = satAdd(sum, steps(n))
	}
	return sum
}

func satAdd(a, b int) int {
	if a >= unbounded-b {
		return unbounded
	}
	return a + b
}

func satMul(a, b int) int {
	if b != 0 && a >= unbounded/b {
		return unbounded
	}
	return a * b
}

// Anchored reports whether every text of n holds a literal by which it can be found: one of three bytes, or one of two
// bytes with a run beside it (together they are a keyword). Formats without an anchor need a word near by.
func Anchored(n Node) bool { return unanchored(n) == 0 }

// A shapes is a set of shapes that a text without an anchor can have: a literal of 0 to 2 bytes, or runs and literals
// with a literal of 0 or 1 bytes at the beginning and at the end.
type shapes uint8

const numShapes = 7

// literalShape and runShape number the shapes; -1 says that the text has an anchor.
func literalShape(size int) int {
	if size > 2 {
		return -1
	}
	return size
}

func runShape(head, tail int) int {
	if head > 1 || tail > 1 {
		return -1
	}
	return 3 + 2*head + tail
}

// joinShapes returns the shape of a text of shape a followed by one of shape b.
func joinShapes(a, b int) int {
	headA, tailA := (a-3)>>1, (a-3)&1
	headB, tailB := (b-3)>>1, (b-3)&1
	switch {
	case a < 3 && b < 3:
		return literalShape(a + b)
	case a < 3:
		return runShape(a+headB, tailB)
	case b < 3:
		return runShape(headA, tailA+b)
	case tailA+headB > 1:
		return -1
	}
	return runShape(headA, tailB)
}

func (s shapes) join(t shapes) shapes {
	var all shapes
	for a := range numShapes {
		for b := range numShapes {
			if s&(1<<a) != 0 && t&(1<<b) != 0 {
				if c := joinShapes(a, b); c >= 0 {
					all |= 1 << c
				}
			}
		}
	}
	return all
}

// unanchored returns the shapes of n's texts without an anchor.
func unanchored(n Node) shapes {
	const empty, run = shapes(1), shapes(1 << 3)
	switch n := n.(type) {
	case *Literal:
		if c := literalShape(len(n.Bytes)); c >= 0 {
			return 1 << c
		}
		return 0
	case *Run:
		if n.Counts[0].Min == 0 {
			return empty | run
		}
		return run
	case *Seq:
		all := empty
		for _, m := range n.Nodes {
			all = all.join(unanchored(m))
		}
		return all
	case *Alt:
		var all shapes
		for _, m := range n.Nodes {
			all |= unanchored(m)
		}
		return all
	case *Repeat:
		// After three repetitions one more changes nothing.
		body, current, all := unanchored(n.Node), empty, shapes(0)
		for i := 0; i <= min(n.Max, min(n.Min, 3)+3); i++ {
			if i >= min(n.Min, 3) {
				all |= current
			}
			current = current.join(body)
		}
		return all
	}
	return 0
}
