package detectors

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"

	"mudlark/rules"
)

// An edit makes a text of pieces of another one and new bytes between them, and tells what they have in common.
type edit struct {
	text []byte
	runs []Run
}

func (e *edit) copy(base []byte, from, to int) {
	if from >= to {
		return
	}
	if n := len(e.runs); n > 0 {
		last := &e.runs[n-1]
		if last.TargetStart+last.Len == len(e.text) && last.BaseStart+last.Len == from {
			last.Len += to - from // as in a delta, whose copies are cut
			e.text = append(e.text, base[from:to]...)
			return
		}
	}
	e.runs = append(e.runs, Run{TargetStart: len(e.text), BaseStart: from, Len: to - from})
	e.text = append(e.text, base[from:to]...)
}

// randomEdit changes a text as programmers and delta compressors do: small changes, whole lines, parts moved and doubled, ends cut off.
func randomEdit(rnd *rand.Rand, base []byte, fragment func() []byte) edit {
	var e edit
	at := 0
	cut := func() int { return rnd.IntN(len(base) + 1) }
	if rnd.IntN(12) == 0 { // the start is lost
		at = rnd.IntN(min(len(base), 200) + 1)
	}
	for range rnd.IntN(4) {
		to := at
		if at < len(base) {
			to = at + rnd.IntN(len(base)-at+1)
		}
		e.copy(base, at, to)
		at = to
		switch rnd.IntN(7) {
		case 0: // bytes are lost
			at = min(len(base), at+1+rnd.IntN(6))
		case 1: // a byte is put in
			e.text = append(e.text, "aZ0_-=+/\n\\;}{\"' %.:@&#<"[rnd.IntN(23)])
		case 2:
			e.text = append(e.text, fragment()...)
		case 3: // what was there is replaced
			e.text = append(e.text, fragment()...)
			at = min(len(base), at+rnd.IntN(60))
		case 4: // a part is copied from elsewhere
			a, b := cut(), cut()
			e.copy(base, min(a, b), min(max(a, b), min(a, b)+400))
		case 5: // a part is left out
			at = min(len(base), at+rnd.IntN(300))
		case 6: // a seam without any change
			mid := min(len(base), at+1+rnd.IntN(40))
			e.copy(base, at, mid)
			if at = mid; at < len(base) {
				e.text = append(e.text, base[at]) // as an insertion
				at++
			}
		}
	}
	end := len(base)
	if rnd.IntN(12) == 0 {
		end = max(at, len(base)-rnd.IntN(200))
	}
	e.copy(base, at, end)
	return e
}

// fragments returns a source of pieces of text: tokens of all rules, in syntaxes and encodings, whole and broken, between code.
func fragments(rnd *rand.Rand, set []*rules.Rule) func() []byte {
	words := strings.Fields("token secret password key api auth = : => \" ' ( ) { } ; , aws_secret_access_key https:// postgres:// -----BEGIN " +
		"PRIVATE KEY----- \\n \\u0041 %20 %3D &quot; eyJ AKIA ghp_ xoxb- sk- func return int const static 0x7f void struct git_config_get_string /usr/lib/x")
	code := func() []byte {
		var b bytes.Buffer
		for range 1 + rnd.IntN(12) {
			b.WriteString(words[rnd.IntN(len(words))])
			b.WriteString([]string{" ", "", "\n", "\t", "", " "}[rnd.IntN(6)])
		}
		return b.Bytes()
	}
	token := func() []byte {
		r := set[rnd.IntN(len(set))]
		if r.Regex != "" {
			return code()
		}
		t, _ := Generate(rnd, r)
		text := t
		if rnd.IntN(3) > 0 {
			text = []byte(variableName(r) + "=" + string(t) + "\n")
		}
		switch rnd.IntN(15) {
		case 14:
			return []byte(escapeAll(string(text), "&#%d;"))
		case 13:
			return []byte(strings.ReplaceAll(strings.ReplaceAll(string(text), "_", "&lowbar;"), "=", "&quot;:\n  &quot;"))
		case 12:
			return []byte(quotedPrintableOf(strings.Repeat("x=", rnd.IntN(30)) + string(text)))
		case 11: // wrapped at any width, with something around the lines
			w := wrapLines(base64.StdEncoding.EncodeToString(append(text, text...)), 20+rnd.IntN(40))
			gap := []string{"\n# ", "\" +\n\t\"", "\n> ", "\n+", "\\n", "\n12: ", "\n * ", "\necho "}[rnd.IntN(8)]
			return bytes.ReplaceAll(w, []byte("\n"), []byte(gap))
		case 9: // the name is not encoded with the value
			return []byte(variableName(r) + ": " + base64.StdEncoding.EncodeToString(t) + "\n")
		case 0:
			return []byte(base64.StdEncoding.EncodeToString(text))
		case 1:
			return wrapLines(base64.StdEncoding.EncodeToString(text), 76)
		case 2:
			return []byte(hex.EncodeToString(text))
		case 3:
			return []byte(url.QueryEscape(string(text)))
		case 4:
			return []byte(strings.ReplaceAll(fmt.Sprintf("%+q", text), "=", `\u003d`))
		}
		return text
	}
	return func() []byte {
		var f []byte
		switch rnd.IntN(5) {
		case 0, 1:
			f = token()
		case 2:
			f = []byte(string(randomOf(rnd, "abcdefXYZ0189+/_-=\n", 1+rnd.IntN(90))))
		default:
			f = code()
		}
		if rnd.IntN(4) == 0 && len(f) > 1 { // broken off
			f = f[:1+rnd.IntN(len(f)-1)]
		}
		return f
	}
}

func wrapLines(s string, width int) []byte {
	var b []byte
	for len(s) > width {
		b = append(append(b, s[:width]...), '\n')
		s = s[width:]
	}
	return append(append(b, s...), '\n')
}

// sameMatches compares results but for the order in which equal things are listed.
func sameMatches(a, b Result) bool {
	return slices.EqualFunc(a.Matches, b.Matches, func(a, b Match) bool {
		return a.Rule == b.Rule && a.Confidence == b.Confidence && bytes.Equal(a.Secret, b.Secret) && bytes.Equal(a.Display, b.Display) &&
			a.Start == b.Start && a.End == b.End && a.Line == b.Line && a.Column == b.Column && a.EndLine == b.EndLine &&
			slices.Equal(a.Decoded, b.Decoded) && a.ChecksumOK == b.ChecksumOK && slices.EqualFunc(a.Parts, b.Parts, func(a, b PartMatch) bool {
			return a.Name == b.Name && bytes.Equal(a.Secret, b.Secret) && a.Start == b.Start && a.End == b.End && a.Line == b.Line &&
				a.Column == b.Column && a.EndLine == b.EndLine
		})
	}) && slices.Equal(a.Problems, b.Problems) && a.Binary == b.Binary
}

func showMatches(list []Match) string {
	var b strings.Builder
	for _, m := range list {
		fmt.Fprintf(&b, "\n  %d-%d %d:%d %s %s %v %q", m.Start, m.End, m.Line, m.Column, m.Rule.ID, m.Confidence, m.Decoded, m.Secret)
		for _, p := range m.Parts {
			fmt.Fprintf(&b, " %s=%q@%d", p.Name, p.Secret, p.Start)
		}
	}
	return b.String()
}

// sameStates compares what is carried on to later versions.
func sameStates(a, b *State) bool {
	return (a == nil) == (b == nil) && (a == nil || showState(a) == showState(b))
}

func showState(s *State) string {
	var lines []string
	for _, h := range s.hits {
		lines = append(lines, fmt.Sprintf("hit %d %d", h.at, h.anchor))
	}
	for i := range s.raw {
		r := &s.raw[i]
		lines = append(lines, fmt.Sprintf("raw %d %d %d %s %d-%d %q", r.origin, r.at, r.id, r.Rule.ID, r.Start, r.End, r.Secret))
	}
	for _, o := range s.blocks {
		found := ""
		if o.raw >= 0 {
			found = fmt.Sprint(s.raw[o.raw].Start)
		}
		lines = append(lines, fmt.Sprintf("block %d %d %d %s", o.at, o.block, o.end, found))
	}
	for _, d := range s.regions {
		lines = append(lines, fmt.Sprintf("region %d %d-%d %d-%d %d %q", d.kind, d.start, d.end, d.lo, d.hi, len(d.found), d.problems))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// versionRules are the built-in rules and some of kinds that these lack.
func versionRules(t testing.TB) []*rules.Rule {
	own, err := rules.ParseConfigRules("own.toml", []byte(`
[[rule]]
id = "own-regex"
name = "regex with a bound"
regex = '''(?i)acmecorp[_-]?login\s{0,4}[:=]\s{0,4}(?P<secret>[^\s:"]{6,24})'''
keywords = ["acmecorp"]
severity = "low"
confidence = "medium"

[[rule]]
id = "own-regex-whole"
name = "regex without a bound"
regex = '''zetacorp begin(?P<secret>[a-z\s]+)zetacorp end'''
keywords = ["zetacorp"]
severity = "low"
confidence = "medium"

[[rule]]
id = "own-short"
name = "anchor of three bytes"
format = "sk-{hex:12-40}"
severity = "low"
confidence = "medium"

[[rule]]
id = "own-near"
name = "near words and words behind"
format = "{hex:20}"
near = ["password", "token"]
after = ["key"]
severity = "low"
confidence = "medium"
`), Vocabulary())
	if err != nil {
		t.Fatal(err)
	}
	return append(catalogue(t), own...)
}

// TestVersions: what is found in a version by way of earlier ones is what is found in it alone.
func TestVersions(t *testing.T) {
	rounds := 300
	if testing.Short() {
		rounds = 15
	}
	set := versionRules(t)
	e := catalogueEngine(t, set)
	found, carried := 0, 0
	for round := range rounds {
		rnd := rand.New(rand.NewPCG(uint64(round), 77))
		fragment := fragments(rnd, set)
		extra := fragment
		fragment = func() []byte {
			switch rnd.IntN(12) {
			case 0:
				return []byte("acmecorp_login: " + randomText(rnd, 4+rnd.IntN(24)) + "\n")
			case 1:
				return []byte([]string{"zetacorp begin", "zetacorp end", " abc "}[rnd.IntN(3)])
			case 2:
				return []byte("sk-" + hex.EncodeToString(randomBytes(rnd, 8)))
			}
			return extra()
		}
		var text []byte
		for range rnd.IntN(40) {
			text = append(text, fragment()...)
		}
		s := e.NewScanner()
		oracle := e.NewScanner()
		_, state := s.ScanVersion(text, nil, nil, true)
		for step := range 25 {
			ed := randomEdit(rnd, text, fragment)
			got, next := s.ScanVersion(ed.text, state, ed.runs, true)
			want := oracle.Scan(ed.text)
			if !sameMatches(got, want) {
				t.Fatalf("round %d, step %d: %d bytes, runs %v\ngot:%s\nwant:%s\nproblems %v, %v\ntext %q\nbase %q", round, step, len(ed.text), ed.runs,
					showMatches(got.Matches), showMatches(want.Matches), got.Problems, want.Problems, ed.text, text)
			}
			if _, whole := oracle.ScanVersion(ed.text, nil, nil, true); !sameStates(next, whole) {
				t.Fatalf("round %d, step %d: %d bytes, runs %v\ngot: %s\nwant: %s\ntext %q\nbase %q", round, step, len(ed.text), ed.runs,
					showState(next), showState(whole), ed.text, text)
			}
			found += len(want.Matches)
			if state != nil && len(ed.runs) > 0 {
				carried++
			}
			text, state = ed.text, next
			if len(text) > 20000 {
				text = text[:10000]
				_, state = s.ScanVersion(text, nil, nil, true)
			}
		}
	}
	if found < rounds*25 || carried < rounds*15 {
		t.Errorf("%d matches, %d versions: the test tests nothing", found, carried)
	}
}

// FuzzVersions lets the fuzzer choose the texts and where they are cut.
func FuzzVersions(f *testing.F) {
	set := versionRules(f)
	e := catalogueEngine(f, set)
	s, oracle := e.NewScanner(), e.NewScanner()
	rnd := rand.New(rand.NewPCG(1, 2))
	fragment := fragments(rnd, set)
	for range 20 {
		var text []byte
		for range 8 {
			text = append(text, fragment()...)
		}
		f.Add(text, fragment(), uint16(rnd.IntN(len(text)+1)), uint16(rnd.IntN(len(text)+1)), uint16(rnd.IntN(len(text)+1)))
	}
	f.Fuzz(func(t *testing.T, base, put []byte, a, b, c uint16) {
		cuts := []int{min(int(a), len(base)), min(int(b), len(base)), min(int(c), len(base))}
		slices.SortFunc(cuts[1:], cmp.Compare[int])
		var ed edit
		ed.copy(base, 0, cuts[0])
		ed.text = append(ed.text, put...)
		ed.copy(base, cuts[1], cuts[2])
		ed.copy(base, cuts[0], len(base))
		_, state := s.ScanVersion(base, nil, nil, true)
		got, _ := s.ScanVersion(ed.text, state, ed.runs, true)
		if want := oracle.Scan(ed.text); !sameMatches(got, want) {
			t.Fatalf("runs %v: got %s\nwant %s", ed.runs, showMatches(got.Matches), showMatches(want.Matches))
		}
	})
}
