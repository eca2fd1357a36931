package detectors

import (
	"bytes"
	"fmt"
	"regexp/syntax"
	"sync"

	re2 "github.com/wasilibs/go-re2"

	"mudlark/rules"
)

// cutMargin is what a regex sees beyond the span in which it may match, so that \b, ^ and $ see real neighbours.
const cutMargin = 16

// A lazyRegex is compiled when it is first needed: most rules' keywords stand in no file of a repository.
type lazyRegex struct {
	text   string
	length int // the most bytes of a match; -1 without bound
	lines  int // the most line feeds of a match; many without bound
	whole  int // the most bytes of a text that matches as a whole, which is the only way to match; 0 for any
	group  int // of the secret; 0 for the first that takes part in the match
	needs  []need
	exact  compiled // text
	loose  compiled // matches where text does, and elsewhere; it is the same if it would be no simpler
}

// compiled is a regex that is compiled when it is first asked for.
type compiled struct {
	once sync.Once
	re   *re2.Regexp
	err  error
}

// newRegex checks the syntax and returns the regex, not yet compiled. group is that of the secret, 0 if the regex says it.
func newRegex(text string, group int) (*lazyRegex, error) {
	parsed, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return nil, err
	}
	l := &lazyRegex{text: text, length: -1, lines: lineFeeds(parsed), group: group, needs: needsOf(parsed), whole: wholeLength(parsed)}
	if n, bounded := rules.RegexLength(parsed); bounded {
		l.length = n
	}
	if group > 0 {
		if group > parsed.MaxCap() {
			return nil, fmt.Errorf("there is no group %d", group)
		}
		return l, nil
	}
	for i, name := range parsed.CapNames() {
		if name == "secret" {
			l.group = i
		}
	}
	return l, nil
}

// wholeLength returns lazyRegex.whole: the regex begins with \A and ends with \z.
func wholeLength(re *syntax.Regexp) int {
	if re.Op != syntax.OpConcat || re.Sub[0].Op != syntax.OpBeginText || re.Sub[len(re.Sub)-1].Op != syntax.OpEndText {
		return 0
	}
	n, bounded := rules.RegexLength(re)
	if !bounded {
		return 0
	}
	return n
}

// get returns the compiled regex; the text is asked for once.
func (c *compiled) get(text func() string) (*re2.Regexp, error) {
	c.once.Do(func() {
		defer func() {
			if p := recover(); p != nil {
				c.err = fmt.Errorf("regex library: %v", p)
			}
		}()
		c.re, c.err = re2.Compile(text())
	})
	return c.re, c.err
}

// possible reports whether a match may lie in the text. Scratch is used and returned for use again.
func (l *lazyRegex) possible(text, scratch []byte) (bool, []byte) {
	scratch = scratch[:0]
	if l.whole > 0 && len(text) > l.whole {
		return false, scratch
	}
	lowered := func() []byte {
		if len(scratch) == 0 {
			scratch = lowerInto(scratch, text)
		}
		return scratch
	}
	for _, n := range l.needs {
		if !n.metBy(text, lowered) {
			return false, scratch
		}
	}
	return true, scratch
}

// find calls yield with the bounds of the secret, and of the whole, of each match that lies between lo and hi, which may lie outside the
// data. An error says that the regex could not be run.
func (l *lazyRegex) find(data []byte, lo, hi int, yield func(start, end, from, to int)) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("regex library: %v", p)
		}
	}()
	from, to := max(lo-cutMargin, 0), min(hi+cutMargin, len(data))
	if !l.mayMatch(data[from:to]) {
		return nil
	}
	re, err := l.exact.get(func() string { return l.text })
	if err != nil {
		return err
	}
	var matches [][]int
	for from < to {
		matches = re.FindAllSubmatchIndex(data[from:to], -1)
		if len(matches) == 0 || matches[0][0] > 0 || from == 0 || from > lo {
			break
		}
		from++ // a match may begin at the cut only because of the cut, and may hide another
	}
	for _, m := range matches {
		if m[1] == to-from && to < len(data) || from+m[0] < lo || from+m[1] > hi {
			continue
		}
		if start, end := l.secret(m); start < end {
			yield(from+start, from+end, from+m[0], from+m[1])
		}
	}
	return nil
}

// secret returns the bounds of the secret of a match: the group of that name, else the first group that is not empty, else
// the whole match.
func (l *lazyRegex) secret(m []int) (start, end int) {
	if g := 2 * l.group; g > 0 && m[g] >= 0 {
		return m[g], m[g+1]
	}
	for g := 2; g+1 < len(m); g += 2 {
		if m[g] >= 0 && m[g] < m[g+1] {
			return m[g], m[g+1]
		}
	}
	return m[0], m[1]
}

// spanAround returns the span in which every match lies that holds the keyword data[at:at+n]: no further from it than a match is long, and
// over no more line feeds than a match has.
func (l *lazyRegex) spanAround(data []byte, at, n int) interval {
	if l.length < 0 {
		return interval{0, len(data)}
	}
	s := interval{max(at+n-l.length, 0), min(at+l.length, len(data))}
	if l.lines >= manyLines {
		return s
	}
	for before, left := at, l.lines; left >= 0; left-- {
		before = s.lo + bytes.LastIndexByte(data[s.lo:before], '\n')
		if before < s.lo {
			break
		}
		if left == 0 {
			s.lo = before + 1
		}
	}
	for behind, left := min(at+n, s.hi), l.lines; left >= 0; left-- {
		i := bytes.IndexByte(data[behind:s.hi], '\n')
		if i < 0 {
			break
		}
		if behind += i + 1; left == 0 {
			s.hi = behind - 1
		}
	}
	return s
}

// mayMatch reports whether the text may hold a match. Most texts beside a keyword do not, and that is told faster by a regex that does not
// count: it compiles in a tenth of the time.
func (l *lazyRegex) mayMatch(text []byte) bool {
	re, err := l.loose.get(func() string { return looseText(l.text) })
	return err != nil || re.Match(text)
}
