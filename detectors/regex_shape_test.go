package detectors

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// randomLinedRegex is a random regex over texts of more than one line.
func randomLinedRegex(rnd *rand.Rand, depth int) string {
	if depth == 0 || rnd.IntN(4) == 0 {
		return []string{"ab", "(?i:AB)", "b=", "[^b]", "a", "x?", `\n`, `\s`, ".", "(?s:.)", `\b`, "(?m:^)", "(?m:$)", `[]{7}b]{2,8}`, `\x{61}{2,9}`, `[^[:alpha:]]{0,7}`, `\{{0,7}`}[rnd.IntN(17)]
	}
	a, b := randomLinedRegex(rnd, depth-1), randomLinedRegex(rnd, depth-1)
	return fmt.Sprintf([]string{"%s%s", "(?:%s|%s)", "(?:%s)?%s", "(?:%s){2,3}%s", "(?:%s){0,7}%s", "(?:%s){7}%s", "(?:%s){1,9}?%s"}[rnd.IntN(7)], a, b)
}

// TestShapeHoldsForEveryMatch: no match has more bytes or line feeds than its regex says, and the loose regex matches where the regex does.
func TestShapeHoldsForEveryMatch(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 8))
	matches, many, none, refused := 0, 0, 0, 0
	for range 3000 {
		text := randomLinedRegex(rnd, 3)
		l, err := newRegex(text, 0)
		if err != nil {
			continue // too large
		}
		re := regexp.MustCompile(text)
		loose, err := regexp.Compile(looseText(text))
		if err != nil {
			t.Fatal(text, err)
		}
		for range 10 {
			data := randomOf(rnd, "aabb=\n\n x", rnd.IntN(40))
			if !loose.Match(data) {
				if refused++; re.Match(data) {
					t.Fatalf("%s matches in %q, but %s does not", text, data, loose)
				}
			}
			for _, m := range re.FindAllIndex(data, -1) {
				found := data[m[0]:m[1]]
				n := bytes.Count(found, []byte("\n"))
				if l.length >= 0 && len(found) > l.length || n > l.lines && l.lines < manyLines {
					t.Fatalf("%s matches %q, said to have %d bytes and %d line feeds at most", text, found, l.length, l.lines)
				}
				matches++
				if n > 1 {
					many++
				} else if n == 0 && l.lines == 0 {
					none++
				}
			}
		}
	}
	if matches < 10000 || many < 1000 || none < 1000 || refused < 1000 {
		t.Errorf("%d matches, %d of them of several lines, %d of regexes of one line, %d texts refused: the test tests nothing", matches, many, none, refused)
	}
}

// TestSpansHoldEveryMatch: what a regex finds in the spans around a keyword that all its matches hold is what it finds in the whole text.
func TestSpansHoldEveryMatch(t *testing.T) {
	rnd := rand.New(rand.NewPCG(9, 10))
	matches, narrowed := 0, 0
	for range 1500 {
		text := fmt.Sprintf("(?:%s)key(?:%s)", randomLinedRegex(rnd, 2), randomLinedRegex(rnd, 2))
		l, err := newRegex(text, 0)
		if err != nil || l.length < 0 {
			continue
		}
		re := regexp.MustCompile(text)
		for range 4 {
			data := []byte(strings.ReplaceAll(string(randomOf(rnd, "aabb=\n\n xKKK", rnd.IntN(200))), "K", "key"))
			var want, got [][2]int
			for _, m := range re.FindAllIndex(data, -1) {
				want = append(want, [2]int{m[0], m[1]})
			}
			var spans []interval
			for at := range data {
				if bytes.HasPrefix(data[at:], []byte("key")) {
					spans = extend(spans, l.spanAround(data, at, 3))
				}
			}
			for _, s := range normalise(spans) {
				narrowed += len(data) - (s.hi - s.lo)
				if err := l.find(data, s.lo, s.hi, func(_, _, from, to int) { got = append(got, [2]int{from, to}) }); err != nil {
					t.Fatal(err)
				}
			}
			if !slices.Equal(got, want) {
				t.Fatalf("%s in %q: %v, want %v; spans %v", text, data, got, want, spans)
			}
			matches += len(want)
		}
	}
	if matches < 2000 || narrowed < 10000 {
		t.Errorf("%d matches, %d bytes left out: the test tests nothing", matches, narrowed)
	}
}

func TestLooseText(t *testing.T) {
	for text, want := range map[string]string{
		`a{0,40}?b{3,}c{2,5}d{20}`:   `a*?b+c{2,5}d+`,
		`[^]{9}\]x{9}]{9}`:           `[^]{9}\]x{9}]+`,
		`\x{41}{12}\p{Greek}\{9}{9}`: `\x{41}+\p{Greek}\{9}+`,
		`[[:alpha:]{9}]{1,9}{,9}`:    `[[:alpha:]{9}]+{,9}`,
		`\Qa{9}\E`:                   `\Qa{9}\E`,
	} {
		if got := looseText(text); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// TestLooseRegexesCompile: the library takes the loose form of every regex of the built-in rules, and most of them are simpler for it.
func TestLooseRegexesCompile(t *testing.T) {
	simpler := 0
	for _, r := range builtinEngine(t).regexes {
		text := looseText(r.Regex)
		if text != r.Regex {
			simpler++
		}
		var c compiled
		if _, err := c.get(func() string { return text }); err != nil {
			t.Errorf("%s: %v", r.ID, err)
		}
	}
	if simpler < 20 {
		t.Errorf("%d simpler regexes: the test tests nothing", simpler)
	}
}
