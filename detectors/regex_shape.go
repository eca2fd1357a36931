package detectors

import (
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"
	"sync"
)

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

// looseText returns a regex that matches wherever the given one does, but does not count to large numbers. What it returns need not compile if
// the given one repeats a repetition.
func looseText(text string) string {
	if strings.Contains(text, `\Q`) {
		return text // what follows is no syntax
	}
	return regexTokens().ReplaceAllStringFunc(text, func(token string) string {
		if token[0] != '{' {
			return token
		}
		least, most, ranged := strings.Cut(token[1:len(token)-1], ",")
		if !ranged {
			most = least
		}
		if n, err := strconv.Atoi(most); err == nil && n < manyTimes {
			return token
		}
		if strings.Trim(least, "0") == "" {
			return "*"
		}
		return "+"
	})
}

// regexTokens matches the repetitions of a regex, and whole what may hold what looks like one: escapes and classes of characters.
var regexTokens = sync.OnceValue(func() *regexp.Regexp {
	const escape = `\\[xpP]\{[^}]*\}|\\.`
	return regexp.MustCompile(`(?s)` + escape + `|\[\^?\]?(?:` + escape + `|\[:\^?\w+:\]|[^\]\\])*\]|\{\d+(?:,\d*)?\}`)
})
