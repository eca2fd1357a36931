package detectors

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"mudlark/rules"
)

// testRule returns a rule with one format; edits change it before the rule's values are copied to its format.
func testRule(t testing.TB, id, format string, edits ...func(*rules.Rule)) *rules.Rule {
	t.Helper()
	r := &rules.Rule{ID: id, Confidence: rules.High, Severity: rules.High, Class: rules.Local, Reach: 512}
	for _, edit := range edits {
		edit(r)
	}
	if format != "" {
		r.Formats = []rules.Format{testFormat(t, format)}
	}
	for i := range r.Formats {
		f := &r.Formats[i]
		f.Near, f.After, f.Checksum, f.Confidence = r.Near, r.After, r.Checksum, r.Confidence
		f.Entropy, f.Boundary = r.Entropy, r.Boundary
	}
	return r
}

func testFormat(t testing.TB, format string) rules.Format {
	t.Helper()
	n, err := rules.ParseFormat(format)
	if err != nil {
		t.Fatal(err)
	}
	return rules.Format{Text: format, Node: n}
}

func near(words ...string) func(*rules.Rule) { return func(r *rules.Rule) { r.Near = words } }

func withPart(t testing.TB, p rules.Part, format string) func(*rules.Rule) {
	p.Formats = []rules.Format{testFormat(t, format)}
	return func(r *rules.Rule) { r.Parts = append(r.Parts, p) }
}

func scannerFor(t testing.TB, set ...*rules.Rule) *Scanner {
	t.Helper()
	e, err := New(set, DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	return e.NewScanner()
}

// summary writes matches as "rule=secret" with what else is set.
func summary(matches []Match) []string {
	var out []string
	for _, m := range matches {
		s := m.Rule.ID + "=" + string(m.Secret)
		for _, p := range m.Parts {
			s += " +" + p.Name + "=" + string(p.Secret)
		}
		if len(m.Decoded) > 0 {
			s += " (" + strings.Join(m.Decoded, " ") + ")"
		}
		out = append(out, s)
	}
	return out
}

func expect(t *testing.T, s *Scanner, data string, want ...string) {
	t.Helper()
	got := summary(s.Scan([]byte(data)).Matches)
	if !slices.Equal(got, want) {
		t.Errorf("in %.300q:\ngot  %q\nwant %q", data, got, want)
	}
}

var (
	body36 = strings.Repeat("aB3dE6gH9", 4)
	hex32  = strings.Repeat("3fa90b7c", 4)
)

func TestFormatsAndBoundaries(t *testing.T) {
	s := scannerFor(t, testRule(t, "acme", "acme_{base62:36}"))
	token := "acme_" + body36
	for _, c := range []struct {
		name, data string
		found      bool
	}{
		{"alone", token, true},
		{"assignment", "KEY=" + token + "\n", true},
		{"sentence", "It is " + token + ".", true},
		{"comma", token + ",", true},
		{"dash", token + "-x", true},
		{"underscore", token + "_x", false},
		{"too long", token + "x", false},
		{"too short", token[:40], false},
		{"letter before", "x" + token, false},
		{"underscore before", "x_" + token, false},
		{"escaped newline before", `a\n` + token, true},
		{"doubly escaped newline before", `a\\n` + token, true},
		{"escaped newline after", token + `\nfoo`, true},
		{"escaped quote", `\"` + token + `\"`, true},
		{"by number", `\u0022` + token + `\u0022`, true},
		{"by number of a letter", `\u0041` + token, false},
		{"hexadecimal escape", `\x22` + token, true},
		{"percent", "%3D" + token + "%26", true},
		{"percent of a letter", "%41" + token, false},
		{"percent twice", "%253D" + token, true},
		{"quoted-printable", "=3D" + token + "=0A", true},
		{"entity", "&quot;" + token + "&quot;", true},
		{"colour", "\x1b[31m" + token + "\x1b[0m", true},
		{"written colour", `\033[1;31m` + token, true},
		{"not a colour", "[31m" + token, false},
		{"wrong case", "ACME_" + body36, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var want []string
			if c.found {
				want = []string{"acme=" + token}
			}
			expect(t, s, c.data, want...)
		})
	}
}

func TestInfixLiteralInItsOwnClass(t *testing.T) {
	s := scannerFor(t, testRule(t, "acme", "sk-{[0-9A-Za-z_-]:20-74}T3Bl{[0-9A-Za-z_-]:20-74}"))
	left, right := strings.Repeat("aT3_Bl-9", 5), strings.Repeat("T3BlT3Bl", 4)
	token := "sk-" + left + "T3Bl" + right
	expect(t, s, "x = '"+token+"'", "acme="+token)
	expect(t, s, "x = '"+token+strings.Repeat("y", 80)+"'")
}

func TestNear(t *testing.T) {
	s := scannerFor(t, testRule(t, "databento", "{hex:32}", near("databento")), testRule(t, "after", "zq{digit:9}", func(r *rules.Rule) { r.After = []string{"tail"} }))
	for _, c := range []struct {
		name, data string
		found      bool
	}{
		{"variable", `DATABENTO_API_KEY="` + hex32 + `"`, true},
		{"camel case", `databentoKey: ` + hex32, true},
		{"next line", "databento:\n  key: " + hex32, true},
		{"two lines on", "databento:\n  a: b\n  key: " + hex32, false},
		{"blank line", "databento\n\n" + hex32, false},
		{"another statement", `databento(); key = "` + hex32 + `"`, false},
		{"entity", `databento=&quot;` + hex32 + `&quot;`, true},
		{"closed object", `{"databento": {"a": 1}}, "k": "` + hex32 + `"`, false},
		{"same object", `{"databento": {"a": {}, "k": "` + hex32 + `"}}`, true},
		{"too far", "databento" + strings.Repeat(" ", rules.NearDistance+1) + hex32, false},
		{"as far as can be", "databento" + strings.Repeat(" ", rules.NearDistance) + hex32, true},
		{"longer run", "databento=" + hex32 + "a", false},
		{"escape before", `databento=\n` + hex32, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var want []string
			if c.found {
				want = []string{"databento=" + hex32}
			}
			expect(t, s, c.data, want...)
		})
	}
	expect(t, s, "databento: "+hex32+", "+hex32[1:]+"a", "databento="+hex32, "databento="+hex32[1:]+"a")
	expect(t, s, "zq123456789 tail", "after=zq123456789")
	expect(t, s, "tail zq123456789")
}

func TestRegex(t *testing.T) {
	regex := func(text string, keywords ...string) func(*rules.Rule) {
		return func(r *rules.Rule) { r.Regex, r.Keywords, r.Reach = text, keywords, 100 }
	}
	s := scannerFor(t,
		testRule(t, "group", "", regex(`acme\s*=\s*(?:x)?(?P<secret>\d{4,10})\b`, "acme")),
		testRule(t, "first", "", regex(`bolt(\d*)-([a-z]+)`, "BOLT")),
		testRule(t, "line", "", regex(`(?m)^crane:(\w+)$`, "crane")),
		testRule(t, "text", "", regex(`^drill (\w+)$`, "drill")),
	)
	expect(t, s, "acme = x123456 acme=7777", "group=123456", "group=7777")
	expect(t, s, "bolt-abc Bolt bolt12-abc", "first=abc", "first=12")
	expect(t, s, "a\ncrane:one\nxcrane:two\ncrane:three", "line=one", "line=three")
	expect(t, s, "drill one", "text=one")
	pad := strings.Repeat("lorem ipsum\n", 100)
	expect(t, s, pad+"drill one")
	expect(t, s, pad+"acme = 123456\n"+pad, "group=123456")
	if _, err := New([]*rules.Rule{testRule(t, "bad", "", regex("("))}, DefaultOptions()); err == nil {
		t.Error("a broken regex was accepted")
	}
}

func TestPairs(t *testing.T) {
	id := "AKXX" + strings.Repeat("Q7", 8)
	secret := func(c string) string { return strings.Repeat(c+"b/D4+f6H", 4) + "wxYz"[:4] }
	s1, s2 := secret("1"), secret("2")
	generic := testRule(t, "generic", "", func(r *rules.Rule) {
		r.Regex, r.Keywords, r.Confidence = `secret\w*\s*=\s*([0-9A-Za-z/+]{20,})`, []string{"secret"}, rules.Low
	})
	parts := func(p rules.Part) *Scanner {
		p.Name = "secret"
		return scannerFor(t, testRule(t, "aws", "AKXX{[0-9A-Z]:16}", withPart(t, p, "{base64:40}")), generic)
	}
	s := parts(rules.Part{Lines: 3, Near: []string{"secret"}})
	expect(t, s, "id="+id+"\nsecret="+s1+"\n", "aws="+id+" +secret="+s1)
	expect(t, s, "secret="+s1+"\nid="+id+"\n", "aws="+id+" +secret="+s1)
	expect(t, s, "id="+id+"\n"+s2+"\nsecret="+s1+"\n", "aws="+id+" +secret="+s1)
	expect(t, s, "id="+id+"\n"+s2+"\n", "aws="+id+" +secret="+s2)
	expect(t, s, "id="+id+"\n\n\n\n\n"+s2+"\n", "aws="+id)
	r := s.Scan([]byte(id))
	if len(r.Matches) != 1 || r.Matches[0].Confidence != rules.Medium {
		t.Errorf("a lone id: %+v", r.Matches)
	}
	expect(t, parts(rules.Part{Lines: 3, Required: true}), id)
	expect(t, parts(rules.Part{File: true}), id+strings.Repeat("\n", 500)+s1, "aws="+id+" +secret="+s1)
	encoded := base64.StdEncoding.EncodeToString([]byte("id: " + id + "\nsecret: " + s1 + "\n"))
	expect(t, parts(rules.Part{Lines: 3}), "x: "+encoded+"\n", "aws="+id+" +secret="+s1+" (base64)")
}

func TestOverlap(t *testing.T) {
	generic := testRule(t, "a-generic", "", func(r *rules.Rule) {
		r.Regex, r.Keywords, r.Confidence = `key\s*=\s*(\S{8,})`, []string{"key"}, rules.Low
	})
	s := scannerFor(t, generic, testRule(t, "b-short", "ac-{[0-9a-z-]:10-40}"), testRule(t, "c-long", "ac-live-{hex:32}"))
	long := "ac-live-" + hex32
	expect(t, s, "key="+long, "c-long="+long)
	expect(t, s, "key=ac-0123456789", "b-short=ac-0123456789")
	expect(t, s, "key=whatever9", "a-generic=whatever9")
	encoded := base64.StdEncoding.EncodeToString([]byte(`{"a": "` + long + `"}`))
	expect(t, s, "key = "+encoded, "c-long="+long+" (base64)")
}

func TestDecodedAndRawAreOne(t *testing.T) {
	s := scannerFor(t, testRule(t, "acme", "acme_{base62:36}"))
	token, other := "acme_"+body36, "acme_"+strings.Repeat("Zy8xW5vU2", 4)
	expect(t, s, "a=%22"+token+"%22%20b", "acme="+token)
	two := base64.StdEncoding.EncodeToString([]byte("a " + token + "\nb " + other + "\n"))
	expect(t, s, two, "acme="+other+" (base64)", "acme="+token+" (base64)")
	twice := base64.StdEncoding.EncodeToString([]byte(two))
	expect(t, s, "x "+twice, "acme="+other+" (base64 base64)", "acme="+token+" (base64 base64)")
}

func TestPositions(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 8))
	for range 3000 {
		data := randomOf(rnd, "a\n\xc3\xa9\xe2\x82\xac\xff\xf0\x9f\x98\x80", rnd.IntN(40))
		type pos struct{ offset, line, column int }
		got := make([]pos, 1+rnd.IntN(6))
		var places []place
		for i := range got {
			got[i].offset = rnd.IntN(len(data) + 1)
			places = append(places, place{got[i].offset, &got[i].line, &got[i].column})
		}
		locate(data, places)
		for _, p := range got {
			head := data[:p.offset]
			line := 1 + bytes.Count(head, []byte("\n"))
			// Code points are those of the whole text: a start within one counts the bytes before as one each.
			column := 1
			for i := bytes.LastIndexByte(head, '\n') + 1; i < len(head); {
				_, n := decodeRune(head[i:])
				i += n
				column++
			}
			if p.line != line || p.column != column {
				t.Fatalf("%q at %d: got %d:%d, want %d:%d", data, p.offset, p.line, p.column, line, column)
			}
		}
	}
}

func decodeRune(b []byte) (rune, int) {
	for _, r := range string(b) {
		return r, max(1, len(string(b))-len(strings.TrimPrefix(string(b), string(r))))
	}
	return 0, 1
}

func TestBinary(t *testing.T) {
	s := scannerFor(t, testRule(t, "acme", "acme_{base62:36}"), testRule(t, "weak", "wk_{base62:36}"), testRule(t, "near", "{hex:32}", near("databento")))
	token := "acme_" + body36
	r := s.Scan([]byte("\x00\x01" + token + "\x00wk_" + body36 + "\x00databento " + hex32))
	if got := summary(r.Matches); !r.Binary || !slices.Equal(got, []string{"acme=" + token}) {
		t.Errorf("binary %v: %q", r.Binary, got)
	}
}

func TestUTF16Positions(t *testing.T) {
	s := scannerFor(t, testRule(t, "acme", "acme_{base62:36}"))
	token := "acme_" + body36
	text := []byte{0xff, 0xfe}
	for _, c := range "one\n two " + token + "\n" + token + "\n" {
		text = append(text, byte(c), 0)
	}
	r := s.Scan(text)
	if len(r.Matches) != 2 || r.Binary {
		t.Fatalf("binary %v: %q", r.Binary, summary(r.Matches))
	}
	for i, want := range [][3]int{{2, 6, 2}, {3, 1, 3}} {
		m := r.Matches[i]
		if got := [3]int{m.Line, m.Column, m.EndLine}; got != want {
			t.Errorf("match %d: %v, want %v", i, got, want)
		}
	}
}

// manyRules returns a catalogue of n format rules of various kinds.
func manyRules(t testing.TB, n int) []*rules.Rule {
	rnd := rand.New(rand.NewPCG(9, 9))
	var set []*rules.Rule
	for i := range n {
		word := syllables(rnd)
		format, edits := "", []func(*rules.Rule){}
		switch i % 6 {
		case 0:
			format = word[:4] + "_{base62:36}"
		case 1:
			format = word[:3] + "-{[0-9A-Za-z_-]:20-80}"
		case 2:
			format, edits = "{hex:32}", append(edits, near(word))
		case 3:
			format, edits = "{base62:40}", append(edits, near(word, "api_key"))
		case 4:
			format = strings.ToUpper(word[:3]) + "{[0-9A-Z]:16}"
		case 5:
			format = "(" + word[:2] + "|" + word[1:3] + "q)_(live|test)_{base62:24,32}"
		}
		set = append(set, testRule(t, fmt.Sprintf("rule-%d", i), format, edits...))
	}
	return set
}

func TestAdversarialInputIsLinear(t *testing.T) {
	id := func(r *rules.Rule) { r.ID = "pair" }
	set := append(manyRules(t, 60),
		testRule(t, "ghx", "ghx_{base62:36}"),
		testRule(t, "jwt", "{jwt}"),
		testRule(t, "infix", "{[0-9A-Za-z_-]:20-4000}T3Bl{[0-9A-Za-z_-]:20-4000}"),
		testRule(t, "pair", "AKXX{[0-9A-Z]:16}", id, withPart(t, rules.Part{Name: "secret", Lines: 40}, "{base64:40}")),
		testRule(t, "file", "BKXX{[0-9A-Z]:16}", withPart(t, rules.Part{Name: "secret", File: true}, "{base64:40}")),
		testRule(t, "word", "{hex:32}", near("key")),
		testRule(t, "regex", "", func(r *rules.Rule) { r.Regex, r.Keywords = `token\s*=\s*(\w{8,64})\b`, []string{"token"} }),
	)
	s := scannerFor(t, set...)
	lines := func(n int, f func(i int) string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(f(i))
		}
		return b.String()
	}
	for _, c := range []struct{ name, data string }{
		{"one anchor", strings.Repeat("ghx_", 1<<18)},
		{"anchors with a boundary", strings.Repeat("eyJ-", 1<<18)},
		{"infix", strings.Repeat("T3Bl", 1<<18)},
		{"infix with a boundary", strings.Repeat("T3Bl-.", 1<<17)},
		{"a class", strings.Repeat("a", 1<<20)},
		{"key ids alone", lines(100_000, func(i int) string { return fmt.Sprintf("AKXX%016d\n", i) })},
		{"key ids alone on a line", lines(100_000, func(i int) string { return fmt.Sprintf("AKXX%016d,", i) })},
		{"pairs in a file", lines(20_000, func(i int) string { return fmt.Sprintf("BKXX%016d\n%040d\n", i, i*7919) })},
		{"near words", strings.Repeat("key=", 100_000)},
		{"near words and values", lines(20_000, func(i int) string { return fmt.Sprintf("key=%032x ", i) })},
		{"braces", strings.Repeat("key}{;", 1<<17)},
		{"keywords", strings.Repeat("token = ", 100_000)},
		{"tokens", lines(5_000, func(i int) string { return fmt.Sprintf("ghx_%036d\n", i) })},
		{"long line of tokens", lines(1_000, func(i int) string { return fmt.Sprintf("ghx_%036d", i) + strings.Repeat(" lorem ipsum", 1000) + " " })},
	} {
		t.Run(c.name, func(t *testing.T) {
			begin := time.Now()
			r := s.Scan([]byte(c.data))
			took := time.Since(begin)
			t.Logf("%d bytes, %d matches, %v", len(c.data), len(r.Matches), took)
			if took > slow*2*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

func TestScansAreAlikeAndKeepNothing(t *testing.T) {
	set := manyRules(t, 60)
	rnd := rand.New(rand.NewPCG(10, 11))
	s := scannerFor(t, set...)
	for round := range 40 {
		var data []byte
		for range 20 {
			r := set[rnd.IntN(len(set))]
			for _, w := range r.Near {
				data = append(data, w...)
			}
			data = append(data, "=\""...)
			data = append(data, rules.GenerateFormat(rnd, r.Formats[0].Node)...)
			data = append(data, "\";\n"...)
		}
		first := s.Scan(data)
		again := scannerFor(t, set...).Scan(bytes.Clone(data))
		if got, want := fmt.Sprint(summary(first.Matches)), fmt.Sprint(summary(again.Matches)); got != want {
			t.Fatalf("round %d: %s\n%s", round, got, want)
		}
		if len(first.Matches) < 15 {
			t.Fatalf("round %d: only %d of 20: %q", round, len(first.Matches), summary(first.Matches))
		}
		before := fmt.Sprint(summary(first.Matches))
		clear(data)
		s.Scan(data)
		if after := fmt.Sprint(summary(first.Matches)); after != before {
			t.Fatal("matches changed with the data")
		}
	}
}

func BenchmarkScanSource(b *testing.B) {
	text := sourceText(b, 32<<20)
	for _, c := range []struct {
		name  string
		depth int
	}{{"raw", 0}, {"decoding", 5}} {
		b.Run(c.name, func(b *testing.B) {
			e, err := New(manyRules(b, 60), Options{MaxDecodeDepth: c.depth, MaxEncodedRun: 1 << 20})
			if err != nil {
				b.Fatal(err)
			}
			s := e.NewScanner()
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				s.Scan(text)
			}
		})
	}
}
