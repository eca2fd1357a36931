package rules

import (
	"regexp/syntax"
	"slices"
	"strings"
	"unicode/utf8"
)

// regex reads the keys regex and keywords.
func (r *Rule) regex(t *table) {
	r.Regex = t.text("regex")
	r.Keywords = t.words("keywords")
	if r.Regex == "" {
		return
	}
	if len(r.Regex) > maxRegex || len(r.Keywords) > maxKeywords {
		t.errorf("regex", "", "regex has %d bytes and %d keywords, more than %d and %d", len(r.Regex), len(r.Keywords), maxRegex, maxKeywords)
		r.Regex = ""
		return
	}
	re, err := syntax.Parse(r.Regex, syntax.Perl)
	if err != nil {
		t.errorf("regex", "RE2 syntax: neither look-around nor back references", "regex does not compile: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
		r.Regex = ""
		return
	}
	if r.Verbatim {
		r.verbatimRegex(t, re)
		return
	}
	if minLength(re) == 0 {
		t.errorf("regex", "demand at least one character", "regex matches the empty string")
	}
	for i, w := range r.Keywords {
		if len(w) < minKeyword {
			t.errorf(element("keywords", i), "write more of it", "keyword %q is shorter than %d bytes", w, minKeyword)
		}
	}
	if !t.has("keywords") {
		if r.Keywords = deriveKeywords(re); r.Keywords == nil && len(r.Near) == 0 {
			t.errorf("regex", "give near = [...], a word that stands close before such a value", "no word of at least %d bytes is in all that the regex matches", minKeyword)
		}
		return
	}
	if !implies(re, r.Keywords) {
		t.errorf("keywords", "a word that only stands close before the value belongs in near",
			"the regex does not imply its keywords: it matches text without any of %s", strings.Join(r.Keywords, ", "))
	}
}

const (
	// minKeyword is the length below which a keyword is everywhere.
	minKeyword  = 3
	maxRegex    = 16 << 10 // bytes
	maxKeywords = 200
	// maxChoices bounds the set of texts that stand for the branches of an alternation.
	maxChoices = 512
	// maxVariants bounds the set of texts that a part of a regex is written out to.
	maxVariants = 64
)

// implies reports whether all that re matches holds one of the keywords, ignoring ASCII case.
func implies(re *syntax.Regexp, keywords []string) bool {
	w := regexWords{accept: func(set []string) bool {
		return !slices.ContainsFunc(set, func(s string) bool {
			return !slices.ContainsFunc(keywords, func(k string) bool { return strings.Contains(s, k) })
		})
	}}
	_, found := w.visit(re)
	return found != nil
}

// deriveKeywords returns words of which re's matches hold at least one, the longest that it finds; nil if there are none.
func deriveKeywords(re *syntax.Regexp) []string {
	w := regexWords{accept: func(set []string) bool { return shortest(set) >= minKeyword }}
	_, found := w.visit(re)
	slices.Sort(found)
	return slices.Compact(found)
}

// regexWords looks for sets of texts of which all matches of a regex hold one.
type regexWords struct{ accept func(set []string) bool }

// visit returns all that re matches, in lower case (nil if that is too much), and the best acceptable set of texts of
// which each of its matches holds one (nil if there is none).
func (w regexWords) visit(re *syntax.Regexp) (exact, found []string) {
	switch re.Op {
	case syntax.OpLiteral:
		exact = []string{asciiLower(string(re.Rune))}
	case syntax.OpCharClass:
		exact = classTexts(re.Rune)
	case syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText, syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return []string{""}, nil
	case syntax.OpCapture:
		return w.visit(re.Sub[0])
	case syntax.OpPlus:
		_, found = w.visit(re.Sub[0])
		return nil, found
	case syntax.OpQuest:
		if exact, _ = w.visit(re.Sub[0]); exact != nil {
			exact = append(slices.Clone(exact), "")
		}
		return exact, nil
	case syntax.OpRepeat:
		if re.Min == 0 {
			return nil, nil
		}
		exact, found = w.visit(re.Sub[0])
		if re.Min != re.Max || re.Min > 1 {
			exact = nil
		}
		return exact, found
	case syntax.OpConcat:
		return w.concat(re.Sub)
	case syntax.OpAlternate:
		return w.alternate(re.Sub)
	}
	return exact, w.better(nil, exact)
}

// better returns the better of two sets of which the second may be unacceptable.
func (w regexWords) better(old, set []string) []string {
	if len(set) == 0 || !w.accept(set) || old != nil && shortest(old) >= shortest(set) {
		return old
	}
	return set
}

func (w regexWords) concat(subs []*syntax.Regexp) (exact, found []string) {
	whole, current := true, []string{""}
	for _, sub := range subs {
		texts, inner := w.visit(sub)
		found = w.better(found, inner)
		if texts != nil && len(texts)*len(current) <= maxVariants {
			current = crossTexts(current, texts)
			continue
		}
		whole = false
		found = w.better(found, current)
		if current = texts; current == nil {
			current = []string{""}
		}
	}
	found = w.better(found, current)
	if whole {
		exact = current
	}
	return exact, found
}

func (w regexWords) alternate(subs []*syntax.Regexp) (exact, found []string) {
	whole, all := true, true
	for _, sub := range subs {
		texts, inner := w.visit(sub)
		whole = whole && texts != nil && len(exact)+len(texts) <= maxVariants
		all = all && inner != nil && len(found)+len(inner) <= maxChoices
		if whole {
			exact = append(exact, texts...)
		}
		if all {
			found = append(found[:len(found):len(found)], inner...)
		}
	}
	if !whole {
		exact = nil
	}
	if !all {
		found = nil
	}
	return exact, found
}

func crossTexts(heads, tails []string) []string {
	all := make([]string, 0, len(heads)*len(tails))
	for _, h := range heads {
		for _, t := range tails {
			all = append(all, h+t)
		}
	}
	return all
}

// classTexts writes out a small character class.
func classTexts(pairs []rune) []string {
	var texts []string
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1]-pairs[i] > maxVariants {
			return nil
		}
		for c := pairs[i]; c <= pairs[i+1]; c++ {
			texts = append(texts, asciiLower(string(c)))
		}
	}
	slices.Sort(texts)
	texts = slices.Compact(texts)
	if len(texts) > maxVariants/4 {
		return nil
	}
	return texts
}

func asciiLower(s string) string {
	b := []byte(s)
	for i, c := range b {
		b[i] = lowerByte(c)
	}
	return string(b)
}

func shortest(set []string) int {
	n := unbounded
	for _, s := range set {
		n = min(n, len(s))
	}
	return n
}

// minLength returns the length in characters of the shortest text that re matches.
func minLength(re *syntax.Regexp) int {
	switch re.Op {
	case syntax.OpLiteral:
		return len(re.Rune)
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return 1
	case syntax.OpCapture, syntax.OpPlus:
		return minLength(re.Sub[0])
	case syntax.OpRepeat:
		return satMul(re.Min, minLength(re.Sub[0]))
	case syntax.OpConcat:
		sum := 0
		for _, sub := range re.Sub {
			sum = satAdd(sum, minLength(sub))
		}
		return sum
	case syntax.OpAlternate:
		least := unbounded
		for _, sub := range re.Sub {
			least = min(least, minLength(sub))
		}
		return least
	}
	return 0
}

// regexMaxLength returns the length in bytes of the longest text that a regex matches; false if there is no bound.
func regexMaxLength(text string) (int, bool) {
	re, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return 0, false
	}
	return RegexLength(re)
}

// RegexLength returns the length in bytes of the longest text that a parsed regex matches; false if there is no bound, or a larger one than
// for formats.
func RegexLength(re *syntax.Regexp) (int, bool) {
	n := maxLength(re)
	return n, n <= maxFormatMatch
}

func maxLength(re *syntax.Regexp) int {
	switch re.Op {
	case syntax.OpLiteral:
		return literalBytes(re)
	case syntax.OpCharClass:
		if len(re.Rune) == 0 {
			return 0
		}
		return utf8.RuneLen(re.Rune[len(re.Rune)-1])
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return utf8.UTFMax
	case syntax.OpCapture, syntax.OpQuest:
		return maxLength(re.Sub[0])
	case syntax.OpStar, syntax.OpPlus:
		return satMul(unbounded, maxLength(re.Sub[0]))
	case syntax.OpRepeat:
		times := re.Max
		if times < 0 {
			times = unbounded
		}
		return satMul(times, maxLength(re.Sub[0]))
	case syntax.OpConcat:
		sum := 0
		for _, sub := range re.Sub {
			sum = satAdd(sum, maxLength(sub))
		}
		return sum
	case syntax.OpAlternate:
		most := 0
		for _, sub := range re.Sub {
			most = max(most, maxLength(sub))
		}
		return most
	}
	return 0
}

// literalBytes allows for folding: k and s also match U+212A and U+017F, and no fold takes more than UTFMax bytes.
func literalBytes(re *syntax.Regexp) int {
	n := 0
	for _, c := range re.Rune {
		switch size := utf8.RuneLen(c); {
		case re.Flags&syntax.FoldCase == 0:
			n += max(size, 1)
		case size == 1 && !strings.ContainsRune("kKsS", c):
			n++
		default:
			n += utf8.UTFMax
		}
	}
	return n
}
