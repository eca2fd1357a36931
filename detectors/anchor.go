package detectors

import (
	"math"
	"math/bits"
	"slices"
	"sync"

	"mudlark/rules"
)

// An anchor is a short sequence of byte sets that stands in every match of a branch, or a keyword: a literal, together with
// what is known of the bytes beside it. The prefilter looks for one of two windows of it.
type anchor struct {
	sets    []rules.ByteSet
	offset  int // of the literal in sets
	windows windows
	core    core    // around the windows
	cost    float64 // estimated share of positions in source text where the rarer window stands
}

// windows are the indexes of the sets at which an anchor's two windows begin: an even and an odd one, so that wherever the anchor stands, one
// of them begins at an even offset of the text, and the prefilter need not look at the others. An index may be -1: then any byte may come
// before the anchor.
type windows struct{ even, odd int }

func (w windows) both() [2]int { return [2]int{w.even, w.odd} }

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
	// besides is how many bytes on each side of a literal belong to its anchor: with them, a short literal is as rare as a long one.
	besides = 9
)

// newAnchor returns the anchor around the literal nodes[i]; false when it stands for too much.
func newAnchor(nodes []rules.Node, i int) (anchor, bool) {
	var a anchor
	for k := i - 1; k >= 0 && len(a.sets) < besides; k-- {
		sets, on := certain(nodes[k])
		a.sets = append(slices.Clone(sets[max(0, len(sets)+len(a.sets)-besides):]), a.sets...)
		if !on {
			break
		}
	}
	a.offset = len(a.sets)
	l := nodes[i].(*rules.Literal)
	a.sets = appendLiteral(a.sets, l.Bytes, l.Fold)
	full := len(a.sets) + besides
	for _, n := range nodes[i+1:] {
		sets, on := certain(n)
		a.sets = append(a.sets, sets...)
		if !on || len(a.sets) >= full {
			break
		}
	}
	a.sets = a.sets[:min(len(a.sets), full)]
	return a, a.choose()
}

// keywordAnchor returns the anchor of a word.
func keywordAnchor(word string, fold bool) (anchor, bool) {
	a := anchor{sets: appendLiteral(nil, []byte(word), fold)}
	return a, a.choose()
}

// certain returns the sets of the bytes that n certainly has next to what stands beside it, and whether that is all of n, so that what comes
// next is certain, too.
func certain(n rules.Node) (sets []rules.ByteSet, all bool) {
	switch n := n.(type) {
	case *rules.Literal:
		return appendLiteral(nil, n.Bytes, n.Fold), true
	case *rules.Run:
		least := n.Counts[0].Min
		for range min(least, besides) {
			sets = append(sets, n.Set)
		}
		return sets, least <= besides && len(n.Counts) == 1 && n.Counts[0].Max == least
	}
	return nil, false
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

// choose picks the two rarest windows that one core holds. It is false when every window stands for too many grams.
func (a *anchor) choose() bool {
	shares := a.shares()
	a.cost = math.Inf(1)
	best := math.Inf(1)
	for i, even := range shares { // shares[i] is of the window at i-1
		a.cost = min(a.cost, even)
		if i&1 == 0 {
			continue
		}
		for k := max(0, i-maxApart); k <= min(len(shares)-1, i+maxApart); k++ {
			if k&1 == 0 && even+shares[k] < best {
				best = even + shares[k]
				a.windows = windows{even: i - 1, odd: k - 1}
			}
		}
	}
	a.core = coreOf(a.windows, len(a.sets))
	return !math.IsInf(best, 1)
}

// maxApart is how far apart the windows of an anchor may begin.
const maxApart = 5

// shares estimates, of the windows from the one at -1 on, the share of positions in source text where each stands: infinite for one that
// stands for too many grams.
func (a *anchor) shares() []float64 {
	weights := a.weights()
	any := weigh(anyByte(), byteShares())
	at := func(i int) weight {
		if i < 0 || i >= len(weights) {
			return any
		}
		return weights[i]
	}
	out := make([]float64, max(len(a.sets)-windowSize, 0)+3)
	for k := range out {
		i := k - 1
		grams, share := 1, 1.0
		for n := range windowSize {
			w := at(i + n)
			grams *= w.grams
			share *= w.share
		}
		if grams <= maxMeasured {
			// Letters are not independent of each other: a common word is more common than its letters suggest.
			share += measured(a.gramsAt(i))
		}
		if grams > maxGrams {
			share = math.Inf(1)
		}
		out[k] = share
	}
	return out
}

// coreOf returns the core around the windows of an anchor of n sets.
func coreOf(w windows, n int) core {
	lo, hi := min(w.even, w.odd), max(w.even, w.odd)+windowSize
	to := min(n, max(lo-(maxCore-(hi-lo))/2, 0)+maxCore)
	return core{from: max(0, to-maxCore), to: to}
}

// weights returns the weight of each set.
func (a *anchor) weights() []weight {
	out := make([]weight, 0, len(a.sets))
	shares := byteShares()
	for i, s := range a.sets {
		if i > 0 && s == a.sets[i-1] {
			out = append(out, out[i-1])
			continue
		}
		out = append(out, weigh(s, shares))
	}
	return out
}

// anyByte returns the set of all bytes.
func anyByte() rules.ByteSet {
	return rules.ByteSet{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)}
}

// gramsAt returns the grams of the window at i; beside the anchor any byte may stand.
func (a *anchor) gramsAt(i int) grams {
	var g grams
	for k := range g {
		set := anyByte()
		if i+k >= 0 && i+k < len(a.sets) {
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
