package detectors

import (
	_ "embed"
	"math"

	"mudlark/detectors/internal/symbols"
)

// Is a value random, or made of words? Two ways to have written it are compared: a source of words, in which each character depends on the
// one before as in source text and English, and a die with as many sides as the value's alphabet has characters. How many more bits the
// words would have needed than the die is the evidence for the die. Below zero it is evidence for words. It grows with the length, so
// that no table of thresholds by length is needed: at n bits, words are taken for a random value about once in 2^n times, if both are
// equally likely beforehand. docs/accuracy.md has the rates of error that were measured.

// bigramCosts are, in eighths of a bit, what a symbol costs behind another, row by row, and then what a capital or a small letter costs behind
// the one or the other; made by detectors/internal/bigrams.
//
//go:embed bigrams.bin
var bigramCosts string

// evidence returns for how many bits value speaks for random characters rather than words; it is negative for words.
func evidence(value []byte) float64 {
	cost, last := 0, uint8(symbols.Start)
	for i, c := range value {
		s := symbols.Of[c]
		cost += int(bigramCosts[int(last)*symbols.Count+int(s)])
		if symbols.IsLetter(s) && symbols.IsLetter(last) {
			cost += int(bigramCosts[symbols.Count*symbols.Count+2*symbols.Case(value[i-1])+symbols.Case(c)])
		}
		last = s
	}
	return float64(cost)/8 - float64(len(value))*math.Log2(alphabet(value))
}

// alphabet returns how many characters the alphabet has that value seems to be written in: hex, letters of one case or both, with or without
// digits, with few marks or any.
func alphabet(value []byte) float64 {
	if isAll(value, "hex") {
		return 16
	}
	var lower, upper, digit, mark, other bool
	for _, c := range value {
		switch {
		case isLower(c):
			lower = true
		case isUpper(c):
			upper = true
		case c >= '0' && c <= '9':
			digit = true
		case c == '+' || c == '/' || c == '-' || c == '_' || c == '=' || c == '.':
			mark = true
		default:
			other = true
		}
	}
	size := 0.0
	for _, part := range []struct {
		there bool
		size  float64
	}{{lower, 26}, {upper, 26}, {digit, 10}, {mark && !other, 2}, {other, 32}} {
		if part.there {
			size += part.size
		}
	}
	return max(size, 2)
}
