package detectors

import (
	"bytes"
	"slices"

	"mudlark/rules"
)

// A branch is one way to read a format: a sequence of elements of which the first and the last consume at least one byte in
// one known alphabet, so that the boundaries are known.
type branch struct {
	elements    []*element
	at          int    // index of the anchor's literal in elements; -1 when the branch has no usable literal
	first, last side   // boundaries
	open        *class // bytes that a match may begin with
	strictStart bool   // a match can only start close to where the run of its first element starts
	strictEnd   bool   // a match can only end where the run of its last element ends
	literal     int    // bytes of the longest literal
	anchor      anchor // where at >= 0
	nodes       []rules.Node
}

const (
	// maxBranches limits the branches that a format is expanded to in search of boundaries and literals.
	maxBranches = 256
	// maxReadings limits the branches that a format has because of what it may begin and end with.
	maxReadings = 4096
	// usableLiteral is the least length of a literal that serves as an anchor where there are near words as well.
	usableLiteral = 3
)

// compileFormat returns the branches of a format; none when it matches nothing or begins and ends in too many ways.
func compileFormat(n rules.Node, explicit *class, known *classes) []*branch {
	var out []*branch
	for _, nodes := range expand(n) {
		out = append(out, compileBranch(nodes, explicit, known))
	}
	return out
}

// expand turns a format into sequences whose ends are definite and that hold a good literal where expanding alternatives
// gives one.
func expand(n rules.Node) [][]rules.Node {
	var done [][]rules.Node
	todo := [][]rules.Node{flatten(nil, n)}
	for len(todo) > 0 {
		if len(done)+len(todo) > maxReadings {
			return nil
		}
		nodes := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if len(nodes) == 0 {
			continue // the empty match is none
		}
		i := len(nodes) - 1
		if definite(nodes[i]) {
			i = 0
		}
		if definite(nodes[i]) {
			if i = worthOpening(nodes); i < 0 || len(done)+len(todo) >= maxBranches {
				done = append(done, nodes)
				continue
			}
		}
		readings := open(nodes[i], i > 0)
		for _, r := range slices.Backward(readings) {
			all := slices.Concat(nodes[:i], r, nodes[i+1:])
			todo = append(todo, flatten(nil, &rules.Seq{Nodes: all}))
		}
	}
	return done
}

// definite reports whether n consumes at least one byte and always of the same alphabet.
func definite(n rules.Node) bool {
	switch n := n.(type) {
	case *rules.Literal:
		return true
	case *rules.Run:
		return n.Counts[0].Min > 0
	}
	return false
}

// open returns the ways to read an indefinite node, together as wide as the node. What repeats is taken out of the repetition
// once: at its end where the node ends a branch, else at its start.
func open(n rules.Node, atEnd bool) [][]rules.Node {
	switch n := n.(type) {
	case *rules.Run:
		counts := slices.Clone(n.Counts)
		counts[0].Min = 1
		if counts[0].Max == 0 {
			counts = counts[1:]
		}
		if len(counts) == 0 {
			return [][]rules.Node{nil}
		}
		return [][]rules.Node{{&rules.Run{Class: n.Class, Set: n.Set, Counts: counts}}, nil}
	case *rules.Alt:
		var out [][]rules.Node
		for _, a := range n.Nodes {
			out = append(out, []rules.Node{a})
		}
		return out
	case *rules.Repeat:
		var out [][]rules.Node
		if n.Max > 0 {
			one := flatten(nil, n.Node)
			rest := []rules.Node{&rules.Repeat{Node: n.Node, Min: max(n.Min-1, 0), Max: n.Max - 1}}
			if n.Max == 1 {
				rest = nil
			}
			if atEnd {
				out = append(out, slices.Concat(rest, one))
			} else {
				out = append(out, slices.Concat(one, rest))
			}
		}
		if n.Min == 0 {
			out = append(out, nil)
		}
		return out
	}
	return [][]rules.Node{{n}}
}

// worthOpening returns the index of an alternative whose opening joins it to literals, or makes literals of it, in a branch
// that has no good literal without; -1 when there is none.
func worthOpening(nodes []rules.Node) int {
	if longestLiteral(nodes) >= 4 {
		return -1
	}
	for i, n := range nodes {
		if a, ok := n.(*rules.Alt); ok && len(a.Nodes) <= 64 && startsLiteral(a) {
			return i
		}
	}
	return -1
}

// startsLiteral reports whether every alternative begins or ends with a literal.
func startsLiteral(a *rules.Alt) bool {
	for _, n := range a.Nodes {
		nodes := flatten(nil, n)
		if len(nodes) == 0 {
			return false
		}
		_, first := nodes[0].(*rules.Literal)
		_, last := nodes[len(nodes)-1].(*rules.Literal)
		if !first && !last {
			return false
		}
	}
	return true
}

func longestLiteral(nodes []rules.Node) int {
	n := 0
	for _, node := range nodes {
		if l, ok := node.(*rules.Literal); ok {
			n = max(n, len(l.Bytes))
		}
	}
	return n
}

// flatten appends n to nodes without nested sequences, empty nodes and single repetitions, neighbouring literals joined.
func flatten(nodes []rules.Node, n rules.Node) []rules.Node {
	switch n := n.(type) {
	case *rules.Seq:
		for _, m := range n.Nodes {
			nodes = flatten(nodes, m)
		}
		return nodes
	case *rules.Alt:
		if len(n.Nodes) == 1 {
			return flatten(nodes, n.Nodes[0])
		}
	case *rules.Repeat:
		if n.Max == 0 {
			return nodes
		}
		if n.Min == 1 && n.Max == 1 {
			return flatten(nodes, n.Node)
		}
	case *rules.Run:
		if n.Counts[len(n.Counts)-1].Max == 0 {
			return nodes
		}
	case *rules.Literal:
		if len(n.Bytes) == 0 {
			return nodes
		}
		if k := len(nodes); k > 0 {
			if before, ok := nodes[k-1].(*rules.Literal); ok && before.Fold == n.Fold {
				nodes[k-1] = &rules.Literal{Bytes: slices.Concat(before.Bytes, n.Bytes), Fold: n.Fold}
				return nodes
			}
		}
	}
	return append(nodes, n)
}

func compileBranch(nodes []rules.Node, explicit *class, known *classes) *branch {
	b := &branch{nodes: nodes, literal: longestLiteral(nodes)}
	for _, n := range nodes {
		b.elements = append(b.elements, compileNode(n, known))
	}
	first, last := nodes[0], nodes[len(nodes)-1]
	b.open = known.intern(edge(first, false, true))
	b.first = side{touch: known.intern(edge(first, false, false)), explicit: explicit}
	b.last = side{touch: known.intern(edge(last, true, false)), explicit: explicit}
	if e := b.elements[0]; e.run != nil {
		b.strictStart = b.first.strict(e.run)
	}
	if e := b.elements[len(b.elements)-1]; e.run != nil {
		b.strictEnd = b.last.strict(e.run)
	}
	b.at = -1
	for i, n := range nodes {
		if _, ok := n.(*rules.Literal); !ok {
			continue
		}
		if a, ok := newAnchor(nodes, i); ok && (b.at < 0 || a.cost < b.anchor.cost/2) {
			b.at, b.anchor = i, a
		}
	}
	return b
}

// edge returns the alphabet at the start or the end of a definite node. Of a folded literal that is both cases if cases.
func edge(n rules.Node, end, cases bool) rules.ByteSet {
	var set rules.ByteSet
	switch n := n.(type) {
	case *rules.Run:
		return n.Set
	case *rules.Literal:
		c := n.Bytes[0]
		if end {
			c = n.Bytes[len(n.Bytes)-1]
		}
		set.Add(c)
		if n.Fold && cases {
			addFolded(&set, c)
		}
	}
	return set
}

// addFolded adds c in both cases.
func addFolded(set *rules.ByteSet, c byte) {
	c = lower(c)
	set.Add(c)
	if 'a' <= c && c <= 'z' {
		set.Add(c - ('a' - 'A'))
	}
}

func compileNode(n rules.Node, known *classes) *element {
	switch n := n.(type) {
	case *rules.Literal:
		if n.Fold {
			return &element{literal: lowered(n.Bytes), fold: true}
		}
		return &element{literal: bytes.Clone(n.Bytes)}
	case *rules.Run:
		return &element{run: known.intern(n.Set), counts: n.Counts}
	case *rules.Seq:
		return &element{seq: compileNodes(n.Nodes, known)}
	case *rules.Alt:
		return &element{alt: compileNodes(n.Nodes, known)}
	case *rules.Repeat:
		return &element{repeat: compileNode(n.Node, known), min: n.Min, max: n.Max}
	}
	return &element{}
}

func compileNodes(nodes []rules.Node, known *classes) []*element {
	var out []*element
	for _, n := range nodes {
		out = append(out, compileNode(n, known))
	}
	return out
}

// lowered returns a copy of b with ASCII letters in lower case.
func lowered(b []byte) []byte {
	b = bytes.Clone(b)
	for i, c := range b {
		b[i] = lower(c)
	}
	return b
}
