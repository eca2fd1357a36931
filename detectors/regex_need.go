package detectors

import (
	"bytes"
	"regexp/syntax"
)

// A need is a list of literals, in lower case, of which every text that a regex matches holds at least one, ASCII case ignored.
type need [][]byte

// minNeed is the number of bytes of the shortest literal that is worth looking for.
const minNeed = 2

// needsOf returns what must be in every match. That is looked for before a regex runs: to find that "password" stands nowhere near
// "server" is a hundred times cheaper than to have the regex find out.
func needsOf(re *syntax.Regexp) []need {
	switch re.Op {
	case syntax.OpLiteral:
		if lit, ok := asciiLower(re.Rune); ok && len(lit) >= minNeed {
			return []need{{lit}}
		}
	case syntax.OpCapture, syntax.OpPlus:
		return needsOf(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min > 0 {
			return needsOf(re.Sub[0])
		}
	case syntax.OpConcat:
		var all []need
		for _, sub := range re.Sub {
			all = append(all, needsOf(sub)...)
		}
		return all
	case syntax.OpAlternate:
		var any need
		for _, sub := range re.Sub {
			best := bestNeed(needsOf(sub))
			if best == nil {
				return nil
			}
			any = append(any, best...)
		}
		return []need{any}
	}
	return nil
}

// bestNeed returns the need whose shortest literal is longest.
func bestNeed(list []need) need {
	var best need
	length := 0
	for _, n := range list {
		shortest := len(n[0])
		for _, lit := range n {
			shortest = min(shortest, len(lit))
		}
		if shortest > length {
			best, length = n, shortest
		}
	}
	return best
}

// asciiLower returns the text in lower case; false if it holds anything that Unicode folds with a letter outside ASCII, or that is itself
// outside.
func asciiLower(text []rune) ([]byte, bool) {
	out := make([]byte, 0, len(text))
	for _, r := range text {
		if r >= 0x80 {
			return nil, false
		}
		out = append(out, lower(byte(r)))
	}
	return out, true
}

// metBy reports whether the text, which is in lower case, holds one of the literals.
func (n need) metBy(lowered []byte) bool {
	for _, lit := range n {
		if bytes.Contains(lowered, lit) {
			return true
		}
	}
	return false
}

// lowerInto appends text in lower case.
func lowerInto(dst, text []byte) []byte {
	for _, c := range text {
		dst = append(dst, lower(c))
	}
	return dst
}
