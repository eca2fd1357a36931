package detectors

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"mudlark/rules"
)

// streamed scans by pieces and puts the matches together.
func streamed(t testing.TB, s *Scanner, r io.Reader, window, overlap int) []Match {
	t.Helper()
	var all []Match
	if _, err := s.ScanReader(r, window, overlap, func(p Piece) {
		for _, m := range p.Matches {
			move := func(start, end, line, column, endLine *int) {
				if *line == 1 {
					*column += p.Columns
				}
				*start, *end, *line, *endLine = *start+int(p.At), *end+int(p.At), *line+p.Lines, *endLine+p.Lines
			}
			move(&m.Start, &m.End, &m.Line, &m.Column, &m.EndLine)
			m.Parts = slices.Clone(m.Parts)
			for i := range m.Parts {
				q := &m.Parts[i]
				move(&q.Start, &q.End, &q.Line, &q.Column, &q.EndLine)
			}
			all = append(all, m)
		}
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

// boundedRules are those whose findings depend on bytes nearby only.
func boundedRules(t testing.TB) []*rules.Rule {
	set := versionRules(t)
	e := catalogueEngine(t, set)
	far := map[*rules.Rule]bool{}
	for i, list := range e.tasks {
		for _, task := range list {
			if e.reaches[i].whole || task.kind == runRegex && task.rule.Reach <= 0 {
				far[task.rule.Rule] = true
			}
		}
	}
	return slices.DeleteFunc(set, func(r *rules.Rule) bool {
		return far[r] || slices.ContainsFunc(r.Parts, func(p rules.Part) bool { return p.File })
	})
}

func TestStreamIsWhole(t *testing.T) {
	set := boundedRules(t)
	e := catalogueEngine(t, set)
	s, oracle := e.NewScanner(), e.NewScanner()
	rnd := rand.New(rand.NewPCG(31, 32))
	fragment := fragments(rnd, set)
	found := 0
	for round := range 4 {
		var text []byte
		for len(text) < 600<<10 {
			text = append(text, fragment()...)
			if rnd.IntN(3) == 0 {
				text = append(text, '\n')
			}
			if rnd.IntN(400) == 0 { // a long line
				text = append(text, bytes.Repeat([]byte("var a=[1,2,3]; "), rnd.IntN(4000))...)
			}
		}
		window, overlap := 192<<10+rnd.IntN(5000), 48<<10
		got := streamed(t, s, iotest.OneByteReader(bytes.NewReader(text)), window, overlap)
		want := oracle.Scan(text).Matches
		found += len(want)
		slices.SortStableFunc(got, func(a, b Match) int { return a.Start - b.Start })
		slices.SortStableFunc(want, func(a, b Match) int { return a.Start - b.Start })
		if !sameMatches(Result{Matches: got}, Result{Matches: want}) {
			t.Fatalf("round %d, window %d: %s", round, window, differing(got, want))
		}
	}
	if found < 100 {
		t.Errorf("only %d findings", found)
	}
}

// differing shows what is in one list only.
func differing(got, want []Match) string {
	var b strings.Builder
	only := func(name string, a, c []Match) {
		for _, m := range a {
			if !slices.ContainsFunc(c, func(n Match) bool { return sameMatches(Result{Matches: []Match{m}}, Result{Matches: []Match{n}}) }) {
				fmt.Fprintf(&b, "\n%s:%s", name, showMatches([]Match{m}))
			}
		}
	}
	only("got", got, want)
	only("want", want, got)
	return b.String()
}

// TestStreamLongRuns: what is in an encoded run longer than the overlap is found once.
func TestStreamLongRuns(t *testing.T) {
	set := versionRules(t)
	e := catalogueEngine(t, set)
	s := e.NewScanner()
	rnd := rand.New(rand.NewPCG(33, 34))
	r := ruleNamed(t, set, "github-pat-classic")
	for _, c := range encoders() {
		t.Run(c.decoder, func(t *testing.T) {
			var text strings.Builder
			var want []string
			for range 12 {
				_, secret := Generate(rnd, r)
				want = append(want, string(secret))
				text.WriteString(strings.Repeat("filler ", 2000+rnd.IntN(900)) + string(secret) + " ")
			}
			data := "first\nx " + c.encode(text.String()) + "\n"
			var got []string
			for _, m := range streamed(t, s, strings.NewReader(data), 96<<10, 24<<10) {
				got = append(got, string(m.Secret))
			}
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("%d found, want %d", len(got), len(want))
			}
		})
	}
}

// TestStreamMarks: text with a byte order mark is decoded on the way.
func TestStreamMarks(t *testing.T) {
	set := versionRules(t)
	e := catalogueEngine(t, set)
	s := e.NewScanner()
	rnd := rand.New(rand.NewPCG(35, 36))
	_, secret := Generate(rnd, ruleNamed(t, set, "github-pat-classic"))
	text := strings.Repeat("a line of text, \U0001F600\n", 20000) + "key " + string(secret) + "\n"
	for name, data := range map[string]string{
		decoderUTF16:           "\xff\xfe" + encodeUTF16(text, false),
		decoderUTF16 + ", big": "\xfe\xff" + encodeUTF16(text, true),
		decoderUTF32:           "\xff\xfe\x00\x00" + encodeUTF32(text, false),
	} {
		got := streamed(t, s, iotest.HalfReader(strings.NewReader(data)), 64<<10, 8<<10)
		decoder, _, _ := strings.Cut(name, ",")
		if len(got) != 1 || got[0].Line != 20001 || got[0].Column != 5 || !slices.Equal(got[0].Decoded, []string{decoder}) {
			t.Errorf("%s: %s", name, showMatches(got))
		}
	}
}
