package detectors

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"mudlark/rules"
)

func TestPrefilteredMatchesAreThoseOfTheGrammar(t *testing.T) {
	rnd := rand.New(rand.NewPCG(12, 13))
	used, hits := 0, 0
	for used < 250 {
		n := &rules.Seq{Nodes: []rules.Node{randomNode(rnd, 1), randomNode(rnd, 2), randomNode(rnd, 1)}}
		r := &rules.Rule{ID: "r", Confidence: rules.High, Formats: []rules.Format{{Node: n, Confidence: rules.High}}}
		e, err := New([]*rules.Rule{r}, Options{})
		if err != nil || len(e.rules[0].formats[0].branches) > 40 {
			continue // without a literal
		}
		used++
		s := e.NewScanner()
		for range 8 {
			data := randomOf(rnd, "aabbA--. \\n", 1+rnd.IntN(20))
			data = append(append(data, '.'), rules.GenerateFormat(rnd, n)...)
			l := s.level(0)
			l.start(data)
			e.collect(l, nil)
			for i := range l.hits {
				e.evaluate(l, &l.hits[i], nil)
			}
			var got [][2]int
			for _, f := range widest(l.findings()) {
				got = append(got, [2]int{f.Start, f.End})
			}
			want := oracleMatches(n, nil, data)
			if !slices.Equal(got, want) {
				t.Fatalf("%s on %q: got %v, want %v", show(n), data, got, want)
			}
			hits += len(want)
		}
	}
	if hits < 250 {
		t.Errorf("only %d matches", hits)
	}
}

// Winners against the definition: by rank, each that shares no byte with one before it.
func TestWinnersAgainstTheDefinition(t *testing.T) {
	rnd := rand.New(rand.NewPCG(14, 15))
	var set []*rule
	for i := range 4 {
		set = append(set, &rule{Rule: &rules.Rule{ID: fmt.Sprint("r", i)}})
	}
	for round := range 2000 {
		var all []*finding
		for range rnd.IntN(12) {
			r, start := set[rnd.IntN(4)], rnd.IntN(30)
			all = append(all, &finding{rule: r, verdict: rnd.IntN(3) - 1, literal: rnd.IntN(3), Match: Match{
				Rule: r.Rule, Start: start, End: start + 1 + rnd.IntN(8), Confidence: []rules.Confidence{rules.Low, rules.High}[rnd.IntN(2)],
			}})
		}
		sorted := slices.Clone(all)
		slices.SortStableFunc(sorted, better)
		var want []*finding
		for _, f := range sorted {
			if !slices.ContainsFunc(want, func(g *finding) bool { return f.Start < g.End && g.Start < f.End }) {
				want = append(want, f)
			}
		}
		slices.SortFunc(want, func(a, b *finding) int { return a.Start - b.Start })
		if got := winners(all); !slices.Equal(got, want) {
			t.Fatalf("round %d: got %d, want %d findings", round, len(got), len(want))
		}
	}
}

func TestChecksumVerdicts(t *testing.T) {
	edit := func(onMismatch string) func(*rules.Rule) {
		return func(r *rules.Rule) { r.Checksum, r.OnMismatch = "github", onMismatch }
	}
	rnd := rand.New(rand.NewPCG(16, 17))
	const format = "ghx_{base62:36}"
	strict, lax := testRule(t, "strict", format, edit("drop")), testRule(t, "lax", format, edit("low"))
	good, _ := Generate(rnd, strict)
	last := byte('a')
	if good[len(good)-1] == last {
		last = 'b'
	}
	wrong := append(slices.Clone(good[:len(good)-1]), last)
	for _, c := range []struct {
		name       string
		rule       *rules.Rule
		data       string
		found, ok  bool
		confidence rules.Confidence
	}{
		{"right", strict, string(good), true, true, rules.High},
		{"wrong", strict, string(wrong), false, false, ""},
		{"wrong, kept", lax, string(wrong), true, false, rules.Low},
		{"no boundary in text", strict, "x" + string(good), false, false, ""},
		{"no boundary in a binary", strict, "\x00x" + string(good) + "y", true, true, rules.High},
		{"wrong in a binary", strict, "\x00x" + string(wrong) + "y", false, false, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := scannerFor(t, c.rule).Scan([]byte(c.data)).Matches
			if len(got) == 1 != c.found {
				t.Fatalf("%q", summary(got))
			}
			if c.found && (got[0].ChecksumOK != c.ok || got[0].Confidence != c.confidence) {
				t.Errorf("checksum %v, confidence %s", got[0].ChecksumOK, got[0].Confidence)
			}
		})
	}
}

func TestPlaceholdersAreOfLowConfidence(t *testing.T) {
	s := scannerFor(t, testRule(t, "acme", "acme_{base62:36}"))
	m := s.Scan([]byte("acme_" + strings.Repeat("x", 36))).Matches
	if len(m) != 1 || m[0].Confidence != rules.Low {
		t.Errorf("%+v", m)
	}
}

func TestLongEncodedRunsAreDecodedWhole(t *testing.T) {
	rnd := rand.New(rand.NewPCG(18, 19))
	e, err := New([]*rules.Rule{testRule(t, "acme", "acme_{base62:20-60}")}, Options{MaxDecodeDepth: 2, MaxEncodedRun: 4096})
	if err != nil {
		t.Fatal(err)
	}
	var text []byte
	var want []string
	for i := range 300 {
		text = append(text, randomOf(rnd, "lorem ipsum\n", rnd.IntN(120))...)
		token := fmt.Sprintf("acme_%03d%s", i, randomOf(rnd, "aB3dE6gH9kLmN", 50))
		want = append(want, "acme="+token+" (base64)")
		text = append(append(append(text, ' '), token...), '\n')
	}
	r := e.NewScanner().Scan([]byte("data: " + base64.StdEncoding.EncodeToString(text)))
	slices.Sort(want)
	if got := summary(r.Matches); !slices.Equal(got, want) {
		t.Errorf("%d matches, want %d", len(got), len(want))
		for _, g := range got {
			if !slices.Contains(want, g) {
				t.Error(g)
			}
		}
	}
	if len(r.Problems) > 0 {
		t.Error(r.Problems)
	}
}

func TestDepthIsReported(t *testing.T) {
	rule := testRule(t, "acme", "acme_{base62:36}")
	token := "acme_" + body36
	text := "key: " + token + " and some more text\n"
	for range 3 {
		text = "x: " + base64.StdEncoding.EncodeToString([]byte(text)) + "\n"
	}
	for depth, found := range map[int]bool{2: false, 3: true} {
		e, err := New([]*rules.Rule{rule}, Options{MaxDecodeDepth: depth, MaxEncodedRun: 1 << 20})
		if err != nil {
			t.Fatal(err)
		}
		r := e.NewScanner().Scan([]byte(text))
		if len(r.Matches) == 1 != found || len(r.Problems) > 0 == found {
			t.Errorf("depth %d: %q, %v", depth, summary(r.Matches), r.Problems)
		}
		for _, p := range r.Problems {
			if p.Start < 0 || p.End > len(text) || p.Start >= p.End {
				t.Errorf("depth %d: %+v in %d bytes", depth, p, len(text))
			}
		}
	}
}

func TestEscapedSecretIsOne(t *testing.T) {
	s := scannerFor(t, testRule(t, "sas", "sig={[0-9A-Za-z%+/]:20-60}[=]"))
	expect(t, s, "https://h/?a=b%20c&sig=abcdefgh%2Bijklmnopqr%3D%3D x", "sas=sig=abcdefgh%2Bijklmnopqr%3D%3D")
}

func TestNewRejects(t *testing.T) {
	var ways []string
	for i := range 100 {
		ways = append(ways, fmt.Sprintf("w%02d", i))
	}
	manyWays := "(" + strings.Join(ways, "|") + ")"
	for name, r := range map[string]*rules.Rule{
		"no matcher":    {ID: "x"},
		"no literal":    testRule(t, "x", "{hex:32}"),
		"checksum":      testRule(t, "x", "acme_{hex:32}", func(r *rules.Rule) { r.Checksum = "no-such" }),
		"block":         {ID: "x", Block: "no-such"},
		"boundary":      testRule(t, "x", "acme_{hex:32}", func(r *rules.Rule) { r.Boundary = "[" }),
		"too many ways": testRule(t, "x", manyWays+"acme_"+manyWays),
		"short word":    testRule(t, "x", "{hex:32}", near("a")),
		"not parsed":    {ID: "x", Formats: []rules.Format{{Text: "a"}}},
		"part without":  testRule(t, "x", "acme_{hex:32}", func(r *rules.Rule) { r.Parts = []rules.Part{{Name: "p", Formats: []rules.Format{{}}}} }),
	} {
		if _, err := New([]*rules.Rule{r}, DefaultOptions()); err == nil || !strings.Contains(err.Error(), "rule x") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestScannersShareAnEngine(t *testing.T) {
	set := manyRules(t, 60)
	set = append(set, testRule(t, "regex", "", func(r *rules.Rule) { r.Regex, r.Keywords = `token=(\d{6,})`, []string{"token"} }))
	e, err := New(set, DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			s := e.NewScanner()
			for i := range 20 {
				if got := s.Scan(fmt.Appendf(nil, "token=%06d", i)).Matches; len(got) != 1 {
					t.Errorf("%q", summary(got))
				}
			}
		})
	}
	wg.Wait()
}

func FuzzScan(f *testing.F) {
	f.Add([]byte("acme_" + body36 + " databento " + hex32))
	f.Add([]byte("\xff\xfea\x00c\x00m\x00e\x00_\x00"))
	f.Add([]byte("%61cme_ \\u0061 YWNtZV8= =3D &quot;"))
	s := scannerFor(f, testRule(f, "acme", "acme_{base62:36}"), testRule(f, "near", "{hex:8-32}", near("databento")),
		testRule(f, "infix", "({hex:2}:){3}zz{[0-9a-z:]:2-9}", withPart(f, rules.Part{Name: "p", Lines: 1}, "{hex:4}")))
	f.Fuzz(func(t *testing.T, data []byte) {
		last := 0
		for _, m := range s.Scan(data).Matches {
			if m.Start < last || m.End <= m.Start || m.End > len(data) || m.Line < 1 || m.Column < 1 || m.EndLine < m.Line {
				t.Fatalf("%+v", m)
			}
			last = m.Start
			if len(m.Decoded) == 0 && string(data[m.Start:m.End]) != string(m.Secret) {
				t.Fatalf("%+v", m)
			}
		}
	})
}

func TestDecodedFindingsClaimWhatTheyWereMadeOf(t *testing.T) {
	s := scannerFor(t, testRule(t, "short", "sk_live_{base62:10-99}"), testRule(t, "whole", "sk_live_a2V5{base64:20-80}"))
	short := "sk_live_" + strings.Repeat("Zq8", 6)
	expect(t, s, "u?x="+short+"&v=sk_live_a2V5Xzjabcdefghij%2Bklmnopqrstuv&c=%20"+short,
		"whole=sk_live_a2V5Xzjabcdefghij+klmnopqrstuv (percent)", "short="+short, "short="+short)
}

// Tracing back gives the shortest piece of the source that decodes to what was found.
func TestTraceBack(t *testing.T) {
	rnd := rand.New(rand.NewPCG(20, 21))
	for name, c := range map[string]struct {
		alphabet []string
		decode   func(dst, src []byte) []byte
	}{
		decoderPercent: {[]string{"a", "%", "%41", "%e2", "2", "b"}, appendPercent},
		decoderEscape:  {[]string{"a", `\`, `\u0041`, `\u20ac`, `\x41`, `\n`, `\ud83d\ude00`, `\ud83d`, "u"}, appendUnescaped},
	} {
		for range 2000 {
			var src []byte
			for range 1 + rnd.IntN(10) {
				src = append(src, c.alphabet[rnd.IntN(len(c.alphabet))]...)
			}
			text := c.decode(nil, src)
			var bounds []int // of the units in text
			for raw, at := 0, 0; raw < len(src); {
				n, length := unit(name, src[raw:])
				bounds, raw, at = append(bounds, at), raw+n, at+length
			}
			bounds = append(bounds, len(text))
			i := rnd.IntN(len(bounds) - 1)
			k := i + 1 + rnd.IntN(len(bounds)-i-1)
			f := &finding{lo: bounds[i], hi: bounds[k]}
			data := append([]byte("##"), src...)
			if !traceBack(region{decoder: name, start: 2, end: len(data)}, data, []*finding{f}) {
				t.Fatal("not traced")
			}
			if got := c.decode(nil, data[f.lo:f.hi]); string(got) != string(text[bounds[i]:bounds[k]]) {
				t.Fatalf("%s %q: %q of %q is %q, want %q", name, src, data[f.lo:f.hi], text, got, text[bounds[i]:bounds[k]])
			}
		}
	}
}
