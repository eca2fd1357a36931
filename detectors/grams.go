package detectors

import (
	_ "embed"
	"math"
	"sort"
)

// commonGrams are the folded grams that are common in source text of several languages, documentation and configuration files, measured
// by detectors/internal/grams: five bytes each, ascending by the gram.
//
//go:embed grams.bin
var commonGrams string

const (
	gramRecord = 5
	// maxMeasured is the number of grams up to which a window's share is looked up and not estimated.
	maxMeasured = 16
)

// gramShare returns the share of a folded gram in source text, 0 if it is not common.
func gramShare(g uint32) float64 {
	n := len(commonGrams) / gramRecord
	i := sort.Search(n, func(i int) bool { return gramAt(i) >= g })
	if i == n || gramAt(i) != g {
		return 0
	}
	return math.Exp2(-float64(commonGrams[i*gramRecord+4]))
}

func gramAt(i int) uint32 {
	r := commonGrams[i*gramRecord:]
	return uint32(r[0]) | uint32(r[1])<<8 | uint32(r[2])<<16 | uint32(r[3])<<24
}

// measured returns the share of the common grams that a window stands for.
func measured(window grams) float64 {
	share := 0.0
	window.each(func(g uint32) { share += gramShare(g) })
	return share
}
