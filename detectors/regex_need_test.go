package detectors

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"regexp/syntax"
	"testing"
)

// TestNeedsAreInEveryMatch: whatever a regex matches holds what is looked for before it runs.
func TestNeedsAreInEveryMatch(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	matches, refused := 0, 0
	for range 4000 {
		text := randomRegex(rnd, 3)
		parsed, err := syntax.Parse(text, syntax.Perl)
		if err != nil {
			t.Fatal(text, err)
		}
		l := &lazyRegex{needs: needsOf(parsed)}
		re := regexp.MustCompile(text)
		for range 20 {
			data := randomOf(rnd, "abAB=: x", rnd.IntN(16))
			ok, _ := l.possible(data, nil)
			if re.Match(data) {
				matches++
				if !ok {
					t.Fatalf("%s matches %q, but %v is demanded", text, data, l.needs)
				}
			}
			if !ok {
				refused++
			}
		}
	}
	if matches < 1000 || refused < 1000 {
		t.Errorf("%d matches, %d texts refused: the test tests nothing", matches, refused)
	}
}

func randomRegex(rnd *rand.Rand, depth int) string {
	if depth == 0 || rnd.IntN(3) == 0 {
		return []string{"ab", "(?i:AB)", "b=", "[ab]", "a", "x?", ":", `\s`, "(?i:ba)"}[rnd.IntN(9)]
	}
	a, b := randomRegex(rnd, depth-1), randomRegex(rnd, depth-1)
	return fmt.Sprintf([]string{"%s%s", "(?:%s|%s)", "(?:%s)?%s", "(?:%s)+%s", "(?:%s){2,3}%s", "(?:%s){0,2}%s"}[rnd.IntN(6)], a, b)
}

func TestLowerInto(t *testing.T) {
	text := make([]byte, 256+7)
	for i := range text {
		text[i] = byte(i)
	}
	for n := range 9 {
		got := lowerInto([]byte("kept "), text[n:])
		if want := "kept " + string(lowerASCII(text[n:])); string(got) != want {
			t.Errorf("from %d: %q, want %q", n, got, want)
		}
	}
}
