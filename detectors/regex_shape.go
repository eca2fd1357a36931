package detectors

import "regexp/syntax"

const (
	// manyLines is a number of line feeds from which on it does not pay to count them in the text.
	manyLines = 64
	// manyTimes is a number of repetitions from which on a regex is much smaller that does not count them.
	manyTimes = 6
)

// lineFeeds returns how many line feeds a match holds at most, manyLines for that many and more.
func lineFeeds(re *syntax.Regexp) int {
	n := 0
	switch re.Op {
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			if r == '\n' {
				n++
			}
		}
	case syntax.OpCharClass:
		for i := 0; i < len(re.Rune); i += 2 {
			if re.Rune[i] <= '\n' && '\n' <= re.Rune[i+1] {
				n = 1
			}
		}
	case syntax.OpAnyChar:
		n = 1
	case syntax.OpCapture, syntax.OpQuest:
		n = lineFeeds(re.Sub[0])
	case syntax.OpStar, syntax.OpPlus:
		n = manyLines * lineFeeds(re.Sub[0])
	case syntax.OpRepeat:
		times := re.Max
		if times < 0 {
			times = manyLines
		}
		n = times * lineFeeds(re.Sub[0])
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			n += lineFeeds(sub)
		}
	case syntax.OpAlternate:
		for _, sub := range re.Sub {
			n = max(n, lineFeeds(sub))
		}
	}
	return min(n, manyLines)
}

// looseText returns a regex that matches wherever the given one does, but does not count to large numbers.
func looseText(text string) string {
	re, err := syntax.Parse(text, syntax.Perl)
	if err != nil || !loosen(re) {
		return text
	}
	return re.String()
}

// loosen changes a parsed regex as looseText says. It is false if there was nothing to change.
func loosen(re *syntax.Regexp) (simpler bool) {
	for _, sub := range re.Sub {
		simpler = loosen(sub) || simpler
	}
	if re.Op != syntax.OpRepeat || max(re.Min, re.Max) < manyTimes {
		return simpler
	}
	re.Op = syntax.OpPlus
	if re.Min == 0 {
		re.Op = syntax.OpStar
	}
	return true
}
