package detectors

import (
	"math"
	"math/bits"
	"sync"

	"mudlark/rules"
)

// An anchor is a short sequence of byte sets that stands in every match of a branch, or a keyword: a literal, together with
// what is known of the bytes beside it. The prefilter looks for a window of it.
type anchor struct {
	sets   []rules.ByteSet
	offset int     // of the literal in sets
	window int     // index of the set at which the window begins
	core   core    // around the window
	cost   float64 // estimated share of positions in source text where the window stands
}

// A core is a part of an anchor, short enough to be looked for where little of a text is new: from and to are indexes of sets.
type core struct{ from, to int }

const (
	// minAnchor is the number of bytes of the shortest anchor.
	minAnchor = 3
	// maxCore is the number of bytes of the longest core: enough to be as rare as the whole anchor.
	maxCore = 12
	// windowSize is the number of bytes that the prefilter looks at.
	windowSize = 4
	// maxGrams limits the windows that one anchor may stand for.
	maxGrams = 1 << 15
	// besides is how many bytes of the runs beside a literal belong to its anchor: with them, a short literal is as rare as a long one.
	besides = 9
)

// newAnchor returns the anchor around the literal nodes[i]; false when it stands for too much.
func newAnchor(nodes []rules.Node, i int) (anchor, bool) {
	var a anchor
	if i > 0 {
		a.sets = beside(nil, nodes[i-1])
	}
	a.offset = len(a.sets)
	l := nodes[i].(*rules.Literal)
	a.sets = appendLiteral(a.sets, l.Bytes, l.Fold)
	if i+1 < len(nodes) {
		a.sets = beside(a.sets, nodes[i+1])
	}
	return a, a.choose()
}

// keywordAnchor returns the anchor of a word.
func keywordAnchor(word string, fold bool) (anchor, bool) {
	a := anchor{sets: appendLiteral(nil, []byte(word), fold)}
	return a, a.choose()
}

// beside appends the sets of the bytes that n has next to a literal, where they are certain.
func beside(sets []rules.ByteSet, n rules.Node) []rules.ByteSet {
	run, ok := n.(*rules.Run)
	if !ok {
		return sets
	}
	for range min(run.Counts[0].Min, besides) {
		sets = append(sets, run.Set)
	}
	return sets
}

func appendLiteral(sets []rules.ByteSet, literal []byte, fold bool) []rules.ByteSet {
	for _, c := range literal {
		var s rules.ByteSet
		s.Add(c)
		if fold {
			addFolded(&s, c)
		}
		sets = append(sets, s)
	}
	return sets
}

// choose picks the rarest window. It is false when every window stands for too many grams.
func (a *anchor) choose() bool {
	a.cost = math.Inf(1)
	weights := a.weights()
	for i := 0; i == 0 || i+windowSize <= len(a.sets); i++ {
		grams, share := 1, 1.0
		for _, w := range weights[i : i+windowSize] {
			grams *= w.grams
			share *= w.share
		}
		if grams <= maxMeasured {
			// Letters are not independent of each other: a common word is more common than its letters suggest.
			share += measured(a.gramsAt(i))
		}
		if grams <= maxGrams && share < a.cost {
			a.window, a.cost = i, share
		}
	}
	a.core = coreOf(a.window, len(a.sets))
	return !math.IsInf(a.cost, 1)
}

// coreOf returns the core around a window of an anchor of n sets.
func coreOf(window, n int) core {
	to := min(n, max(window-(maxCore-windowSize)/2, 0)+maxCore)
	return core{from: max(0, to-maxCore), to: to}
}

// weights returns the weight of each set; where the anchor is shorter than a window, any byte may follow.
func (a *anchor) weights() []weight {
	out := make([]weight, 0, max(len(a.sets), windowSize))
	shares := byteShares()
	for i, s := range a.sets {
		if i > 0 && s == a.sets[i-1] {
			out = append(out, out[i-1])
			continue
		}
		out = append(out, weigh(s, shares))
	}
	for len(out) < windowSize {
		out = append(out, weigh(anyByte(), shares))
	}
	return out
}

// anyByte returns the set of all bytes.
func anyByte() rules.ByteSet {
	return rules.ByteSet{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)}
}

// gramsAt returns the grams of the window at i; where the anchor is too short for it, any byte may follow.
func (a *anchor) gramsAt(i int) grams {
	var g grams
	for k := range g {
		set := anyByte()
		if i+k < len(a.sets) {
			set = a.sets[i+k]
		}
		g[k] = foldedBytes(set)
	}
	return g
}

// foldSet returns the folded bytes of s: letters lose their case, some other bytes fall together. Folding sets bit 5, so it takes the lower half of each word of the set to the upper.
func foldSet(s rules.ByteSet) rules.ByteSet {
	for i, w := range s {
		s[i] = (w | w<<32) &^ (1<<32 - 1)
	}
	return s
}

// A weight says how many bytes of a set the prefilter tells apart and their share in source text.
type weight struct {
	grams int
	share float64
}

func weigh(s rules.ByteSet, shares *[256]float64) weight {
	var w weight
	for i, word := range foldSet(s) {
		for ; word != 0; word &= word - 1 {
			w.grams++
			w.share += shares[i<<6|bits.TrailingZeros64(word)]
		}
	}
	w.share = min(w.share, 1)
	return w
}

// byteShares returns shareOf of every byte.
var byteShares = sync.OnceValue(func() *[256]float64 {
	var t [256]float64
	for c := range t {
		t[c] = shareOf(byte(c))
	}
	return &t
})

// shareOf estimates the share of a folded byte in source text of several languages, in which about two thirds are letters.
func shareOf(c byte) float64 {
	const letters = "etraniosldcupmfghbyvwxkjqz" // by falling frequency
	for i := range letters {
		if letters[i] == c {
			return 0.09 * math.Exp(-float64(i)/9)
		}
	}
	switch {
	case c == ' ':
		return 0.16
	case '0' <= c && c <= '9':
		return 0.008
	case c >= 0x80:
		return 0.0002
	case c < ' ':
		return 0.0002
	}
	switch c {
	case '*', ')', '(', '.', ',', '"', '-', '=', ';', '/', 0x7f:
		return 0.012 // 0x7f is the folded underscore
	}
	return 0.004
}
