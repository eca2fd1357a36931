package detectors

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"mudlark/rules"
)

// The oracle: it tries every parse of a grammar, with no interval, no anchor and no branch.

// parse is one way to have got through some of a grammar.
type parse struct {
	at          int
	begun       bool
	first, last rules.ByteSet // alphabets of the parts that touch the ends
}

func oracleParses(n rules.Node, data []byte, p parse) map[parse]bool {
	out := map[parse]bool{}
	switch n := n.(type) {
	case *rules.Literal:
		for i, c := range n.Bytes {
			if p.at >= len(data) || data[p.at] != c && !(n.Fold && lower(data[p.at]) == lower(c)) {
				return out
			}
			var touch rules.ByteSet
			touch.Add(n.Bytes[i])
			p = p.took(touch)
		}
		out[p] = true
	case *rules.Run:
		for k := 0; ; k++ {
			for _, c := range n.Counts {
				if c.Min <= k && k <= c.Max {
					out[p] = true
				}
			}
			if k == n.Counts[len(n.Counts)-1].Max || p.at >= len(data) || !n.Set.Has(data[p.at]) {
				return out
			}
			p = p.took(n.Set)
		}
	case *rules.Seq:
		now := map[parse]bool{p: true}
		for _, m := range n.Nodes {
			now = oracleAll(m, data, now)
		}
		return now
	case *rules.Alt:
		for _, m := range n.Nodes {
			for q := range oracleParses(m, data, p) {
				out[q] = true
			}
		}
	case *rules.Repeat:
		now := map[parse]bool{p: true}
		for k := 0; k <= n.Max; k++ {
			if k >= n.Min {
				for q := range now {
					out[q] = true
				}
			}
			now = oracleAll(n.Node, data, now)
		}
	}
	return out
}

func oracleAll(n rules.Node, data []byte, from map[parse]bool) map[parse]bool {
	out := map[parse]bool{}
	for p := range from {
		for q := range oracleParses(n, data, p) {
			out[q] = true
		}
	}
	return out
}

func (p parse) took(set rules.ByteSet) parse {
	if !p.begun {
		p.begun, p.first = true, set
	}
	p.at++
	p.last = set
	return p
}

// oracleMatches returns the spans that match with boundaries and lie in no longer one.
func oracleMatches(n rules.Node, explicit *rules.ByteSet, data []byte) [][2]int {
	holds := func(c byte, touch rules.ByteSet) bool {
		if explicit != nil {
			return !explicit.Has(c)
		}
		return !wordByte(c) && !touch.Has(c)
	}
	var all [][2]int
	for s := range data {
		for p := range oracleParses(n, data, parse{at: s}) {
			if p.at == s {
				continue
			}
			left := s == 0 || holds(data[s-1], p.first) || escapeBefore(data[:s], !p.first.Has('2'))
			right := p.at == len(data) || holds(data[p.at], p.last) || escapeAfter(data[p.at:])
			if left && right {
				all = append(all, [2]int{s, p.at})
			}
		}
	}
	return maximal(all)
}

// maximal sorts spans and drops those that lie in another.
func maximal(all [][2]int) [][2]int {
	slices.SortFunc(all, func(a, b [2]int) int { return cmp.Or(cmp.Compare(a[0], b[0]), -cmp.Compare(a[1], b[1])) })
	var out [][2]int
	for _, s := range all {
		if len(out) == 0 || s[1] > out[len(out)-1][1] {
			out = append(out, s)
		}
	}
	return out
}

// randomNode returns a grammar over a, b, A, '-' and '\\'.
func randomNode(rnd *rand.Rand, depth int) rules.Node {
	kind := rnd.IntN(6)
	if depth == 0 {
		kind = rnd.IntN(3)
	}
	switch kind {
	case 0:
		b := make([]byte, 1+rnd.IntN(3))
		for i := range b {
			b[i] = "abA-"[rnd.IntN(4)]
		}
		return &rules.Literal{Bytes: b, Fold: rnd.IntN(4) == 0}
	case 1, 2:
		var set rules.ByteSet
		for range 1 + rnd.IntN(3) {
			set.Add("abA-\\"[rnd.IntN(4+rnd.IntN(2))])
		}
		lo := rnd.IntN(3)
		counts := []rules.Count{{Min: lo, Max: lo + rnd.IntN(4)}}
		if rnd.IntN(3) == 0 {
			next := counts[0].Max + 2 + rnd.IntN(3)
			counts = append(counts, rules.Count{Min: next, Max: next + rnd.IntN(2)})
		}
		return &rules.Run{Set: set, Counts: counts}
	case 3:
		lo := rnd.IntN(3)
		return &rules.Repeat{Node: randomNode(rnd, depth-1), Min: lo, Max: lo + rnd.IntN(3)}
	case 4:
		a := &rules.Alt{}
		for range 2 + rnd.IntN(2) {
			a.Nodes = append(a.Nodes, randomNode(rnd, depth-1))
		}
		return a
	}
	s := &rules.Seq{}
	for range 1 + rnd.IntN(4) {
		s.Nodes = append(s.Nodes, randomNode(rnd, depth-1))
	}
	return s
}

func randomOf(rnd *rand.Rand, alphabet string, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[rnd.IntN(len(alphabet))]
	}
	return b
}

func TestMatcherFindsWhatTheGrammarSays(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	var hits int
	for round := range 3000 {
		n := &rules.Seq{Nodes: []rules.Node{randomNode(rnd, 2), randomNode(rnd, 2), randomNode(rnd, 1)}}
		var known classes
		var explicit *class
		var explicitSet *rules.ByteSet
		if rnd.IntN(4) == 0 {
			var set rules.ByteSet
			set.Add('a')
			set.Add('n')
			explicit, explicitSet = known.intern(set), &set
		}
		branches := compileFormat(n, explicit, &known)
		if len(branches) > 60 {
			continue
		}
		for range 4 {
			data := randomOf(rnd, "aabbA--. \\n", 1+rnd.IntN(24))
			if rnd.IntN(2) == 0 {
				data = append(append([]byte("."), rules.GenerateFormat(rnd, n)...), data[:len(data)/4]...)
			}
			want := oracleMatches(n, explicitSet, data)
			hits += len(want)
			fromAnchors, fromStarts := bothWays(branches, data)
			if !slices.Equal(fromStarts, want) || !slices.Equal(fromAnchors, want) {
				t.Fatalf("round %d: %s on %q:\nfrom starts %v\nfrom anchors %v\nwant %v", round, show(n), data, fromStarts, fromAnchors, want)
			}
		}
	}
	if hits < 1000 {
		t.Errorf("only %d matches in all: the test tests little", hits)
	}
}

// bothWays matches from the anchors, and from the starts.
func bothWays(branches []*branch, data []byte) (fromAnchors, fromStarts [][2]int) {
	var w walker
	w.start(data)
	for _, b := range branches {
		for s := range data {
			if e, ok := w.matchAt(b, s); ok {
				fromStarts = append(fromStarts, [2]int{s, e})
				if b.at < 0 {
					fromAnchors = append(fromAnchors, [2]int{s, e})
				}
			}
			if b.at >= 0 && b.anchor.standsAt(data, s) {
				if from, to, ok := w.matchAnchor(b, s+b.anchor.offset, false); ok {
					fromAnchors = append(fromAnchors, [2]int{from, to})
				}
			}
		}
	}
	return maximal(fromAnchors), maximal(fromStarts)
}

// show prints a grammar for messages.
func show(n rules.Node) string {
	switch n := n.(type) {
	case *rules.Literal:
		return fmt.Sprintf("%q(%v)", n.Bytes, n.Fold)
	case *rules.Run:
		return fmt.Sprintf("{%q:%v}", n.Set.Bytes(), n.Counts)
	case *rules.Repeat:
		return fmt.Sprintf("(%s){%d-%d}", show(n.Node), n.Min, n.Max)
	case *rules.Alt:
		return fmt.Sprintf("alt%s", showAll(n.Nodes))
	case *rules.Seq:
		return showAll(n.Nodes)
	}
	return "?"
}

func showAll(nodes []rules.Node) string {
	s := "("
	for i, n := range nodes {
		if i > 0 {
			s += " "
		}
		s += show(n)
	}
	return s + ")"
}
