package detectors

import (
	_ "embed"
	"math"
	"sync"
)

// commonGrams are the folded grams that are common in source text of several languages, documentation and configuration files, measured
// by detectors/internal/grams: five bytes each, ascending by the gram; the last byte is the negative binary logarithm of its share, in eighths.
//
//go:embed grams.bin
var commonGrams string

const (
	gramRecord = 5
	// maxMeasured is the number of grams up to which a window's share is looked up and not estimated.
	maxMeasured = 1 << 9
)

// gramTable holds the common grams so that one of them is found at once.
type gramTable struct {
	grams  []uint32 // ascending
	shares []float64
	first  [1<<16 + 1]int32 // by the upper half of a gram: index in grams
}

var gramShares = sync.OnceValue(func() *gramTable {
	n := len(commonGrams) / gramRecord
	t := &gramTable{grams: make([]uint32, n), shares: make([]float64, n)}
	for i := range n {
		r := commonGrams[i*gramRecord:]
		t.grams[i] = uint32(r[0]) | uint32(r[1])<<8 | uint32(r[2])<<16 | uint32(r[3])<<24
		t.shares[i] = math.Exp2(-float64(r[4]) / 8)
		t.first[t.grams[i]>>16+1]++
	}
	for i := range 1 << 16 {
		t.first[i+1] += t.first[i]
	}
	return t
})

// share returns the share of a folded gram in source text, 0 if it is not common.
func (t *gramTable) share(g uint32) float64 {
	for i := t.first[g>>16]; i < t.first[g>>16+1]; i++ {
		if t.grams[i] == g {
			return t.shares[i]
		}
	}
	return 0
}

// measured returns the share of the common grams that a window stands for.
func measured(window grams) float64 {
	share, table := 0.0, gramShares()
	window.each(func(g uint32) { share += table.share(g) })
	return share
}
