package rules

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"
)

func mustParse(t *testing.T, text string) Node {
	t.Helper()
	n, err := ParseFormat(text)
	if err != nil {
		t.Fatalf("ParseFormat(%q): %v", text, err)
	}
	return n
}

// matchNaive reports whether n matches all of s. It follows the definition of the grammar by sets of end offsets and
// knows nothing of how nodes are printed, measured or generated.
func matchNaive(n Node, s string) bool { return ends(n, s, map[int]bool{0: true})[len(s)] }

func ends(n Node, s string, from map[int]bool) map[int]bool {
	to := map[int]bool{}
	for at := range from {
		switch n := n.(type) {
		case *Literal:
			end := at + len(n.Bytes)
			if end <= len(s) && (s[at:end] == string(n.Bytes) || n.Fold && strings.EqualFold(s[at:end], string(n.Bytes))) {
				to[end] = true
			}
		case *Run:
			for k := 0; ; k++ {
				for _, c := range n.Counts {
					if c.Min <= k && k <= c.Max {
						to[at+k] = true
					}
				}
				if at+k >= len(s) || !n.Set.Has(s[at+k]) {
					break
				}
			}
		case *Seq:
			here := map[int]bool{at: true}
			for _, m := range n.Nodes {
				here = ends(m, s, here)
			}
			union(to, here)
		case *Alt:
			for _, m := range n.Nodes {
				union(to, ends(m, s, map[int]bool{at: true}))
			}
		case *Repeat:
			here := map[int]bool{at: true}
			for k := 0; k <= n.Max && len(here) > 0; k++ {
				if k >= n.Min {
					union(to, here)
				}
				here = ends(n.Node, s, here)
			}
		}
	}
	return to
}

func union(to, from map[int]bool) {
	for at := range from {
		to[at] = true
	}
}

func TestFormatMatches(t *testing.T) {
	tests := []struct {
		name, format string
		match, fail  []string
	}{
		{"run", "ab_{digit:3}", []string{"ab_123"}, []string{"ab_12", "ab_1234", "AB_123", "ab_12a"}},
		{"range", "x{hex:2-4}", []string{"xab", "xabc", "xabcd"}, []string{"xa", "xabcde", "xAB"}},
		{"list", "x{HEX:1,3,5-6}", []string{"xA", "xABC", "xABCDE", "xABCDEF"}, []string{"xAB", "xABCD", "x", "xABCDEF0"}},
		{"zero", "x{digit:0-2}y", []string{"xy", "x1y", "x12y"}, []string{"x123y"}},
		{"zero in a list", "x{digit:0,2}y", []string{"xy", "x12y"}, []string{"x1y"}},
		{"set", `{[0-9a-c_\-\]]:3}`, []string{"0a_", "-]c"}, []string{"abd", `a\b`}},
		{"set with a hyphen last", "{[a-]:2}", []string{"a-", "--"}, []string{"ab"}},
		{"set with a hyphen first", "{[-a]:2}", []string{"a-", "--"}, []string{"ab"}},
		{"set with a bracket", "{[[{(|]:4}", []string{"[{(|"}, nil},
		{"escapes", `\{\[\(\|\}\]\)\\`, []string{`{[(|}])\`}, nil},
		{"folded", "i'Key_1'{digit:1}", []string{"kEY_12", "KEY_12"}, []string{"kez_12"}},
		{"folded quote", `i'a\'b\\'`, []string{`A'B\`}, nil},
		{"i before a quote", `i\'a'`, []string{"i'a'"}, []string{"I'a'"}},
		{"folded beside plain", "Ai'b'C", []string{"AbC", "ABC"}, []string{"abC", "Abc"}},
		{"alternatives", "(live|test)_{digit:1}", []string{"live_1", "test_2"}, []string{"_1", "livetest_1"}},
		{"nested", "(a(b|c)|d){2}", []string{"abac", "dd", "abd"}, []string{"ab", "ddd"}},
		{"repeat", "({hex:4}-){2-3}x", []string{"0000-1111-x", "0000-1111-2222-x"}, []string{"0000-x"}},
		{"repeat from none", "a(bc){0-2}", []string{"a", "abc", "abcbc"}, []string{"ab"}},
		{"option", "ab[-cd]e", []string{"abe", "ab-cde"}, []string{"ab-e"}},
		{"option of alternatives", "x[a|bc]", []string{"x", "xa", "xbc"}, []string{"xabc"}},
		{"padding", "x{base64:2}[=][=]", []string{"xab", "xab=", "xab=="}, []string{"xab==="}},
		{"uuid", "{uuid}", []string{"01234567-89ab-cdef-0123-456789ABCDEF"}, []string{"0123456789abcdef0123456789abcdef"}},
		{"infix", "{base62:2}T3{base62:2}", []string{"abT3cd", "T3T3T3"}, []string{"abcdef"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := mustParse(t, tt.format)
			for _, s := range tt.match {
				if !matchNaive(n, s) {
					t.Errorf("%s does not match %q", tt.format, s)
				}
			}
			for _, s := range tt.fail {
				if matchNaive(n, s) {
					t.Errorf("%s matches %q", tt.format, s)
				}
			}
		})
	}
}

func TestClasses(t *testing.T) {
	const (
		digits, small, capital = "0123456789", "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	)
	tests := []struct{ name, want string }{
		{"digit", digits},
		{"hex", digits + "abcdef"},
		{"HEX", digits + "ABCDEF"},
		{"xdigit", digits + "ABCDEFabcdef"},
		{"base32", "234567" + capital},
		{"base36", digits + small},
		{"base58", "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"},
		{"base62", digits + capital + small},
		{"base64", "+/" + digits + capital + small},
		{"base64url", "-" + digits + capital + "_" + small},
		{"upper", capital},
		{"lower", small},
		{"alpha", capital + small},
	}
	for _, tt := range tests {
		s, ok := Alphabet(tt.name)
		if got := string(s.Bytes()); !ok || got != tt.want {
			t.Errorf("Alphabet(%s) = %q, want %q", tt.name, got, tt.want)
		}
	}
	graph, _ := Alphabet("graph")
	space, _ := Alphabet("print")
	if got := graph.Bytes(); len(got) != 94 || got[0] != '!' || got[93] != '~' {
		t.Errorf("graph = %q", got)
	}
	if got := space.Bytes(); len(got) != 95 || got[0] != ' ' {
		t.Errorf("print = %q", got)
	}
	if _, ok := Alphabet("base63"); ok {
		t.Error("Alphabet knows base63")
	}
}

func TestParseFormatErrors(t *testing.T) {
	tests := []struct{ name, format, want string }{
		{"empty", "", "column 1: found the end, expected a format; hint: an empty format matches nothing"},
		{"no class", "abc{}", `column 5: found '}', expected a class name or a set; hint: write {base62:36} or {[0-9a-f]:32}; a literal brace is \{`},
		{"unknown class", "abc{base63:3}", "column 5: found 'base63', expected a class name; hint: the classes are digit, hex, HEX, xdigit, base32, base36, base58, base62, base64, base64url, upper, lower, alpha, graph, print, and the macros {uuid} and {jwt}"},
		{"no count", "abc{hex}", "column 8: found '}', expected ':' and a count; hint: write {hex:32}, {hex:20-40} or {hex:20,58}"},
		{"no upper bound", "abc{hex:20-}", "column 12: found '}', expected a number; hint: every run has a bound: {class:n-m}, with n and m written out"},
		{"unbounded", "abc{hex:20+}", "column 11: found '+', expected ',' or '}'; hint: counts are written 32, 20-40 or 20,58,60-74"},
		{"count too large", "abc{hex:65537}", "column 9: found a count too large, expected at most 65536; hint: a format matches at most 64 KiB"},
		{"reversed", "abc{hex:4-2}", "column 9: found '4-2', expected a range from low to high; hint: write 2-4"},
		{"overlapping counts", "abc{hex:2-4,4}", "column 13: found '4', expected a count above 4; hint: counts ascend and do not overlap"},
		{"descending counts", "abc{hex:4,2}", "column 11: found '2', expected a count above 4; hint: counts ascend and do not overlap"},
		{"leading zero", "abc{hex:04}", "column 9: found '0', expected a number without leading zeros"},
		{"zero run", "abc{hex:0}", "column 4: found a run of no characters, expected a count above 0; hint: leave it out"},
		{"count for a macro", "{uuid:2}", "column 6: found ':', expected '}'; hint: {uuid} takes no count"},
		{"lone brace", "abc}", `column 4: found '}', expected a literal, a class {...}, a group (...) or an option [...]; hint: a literal } is written \}`},
		{"lone bar", "abc|def", `column 4: found '|', expected a literal, a class {...}, a group (...) or an option [...]; hint: alternatives stand in parentheses, (a|b); a literal | is written \|`},
		{"leading bar", "|def", `column 1: found '|', expected a literal, a class {...}, a group (...) or an option [...]; hint: alternatives stand in parentheses, (a|b); a literal | is written \|`},
		{"open group", "abc(de", `column 7: found the end, expected ')' or '|'; hint: '(' was opened in column 4; a literal one is written \(`},
		{"open option", "abc[de", `column 7: found the end, expected ']' or '|'; hint: '[' was opened in column 4; a literal one is written \[`},
		{"crossed", "abc[d(e]f)", `column 8: found ']', expected ')' or '|'; hint: '(' was opened in column 6; a literal ] is written \]`},
		{"empty alternative", "abc(d|)", "column 7: found ')', expected an alternative; hint: an alternative cannot be empty; write [a] for an optional a"},
		{"empty group", "abc()", "column 5: found ')', expected an alternative; hint: an alternative cannot be empty; write [a] for an optional a"},
		{"equal alternatives", "(ab|cd|ab)", "column 1: found alternative 3 equal to alternative 1, 'ab', expected alternatives that differ; hint: drop one of them"},
		{"equal by alphabet", "({hex:3}|{[0-9a-f]:3})", "column 1: found alternative 2 equal to alternative 1, '{hex:3}', expected alternatives that differ; hint: drop one of them"},
		{"equal in an inner group", "((ab|cd)|ab)", "column 1: found alternative 3 equal to alternative 1, 'ab', expected alternatives that differ; hint: drop one of them"},
		{"alternative that may be empty", "x(a|[b])", "column 5: found '[b]', expected an alternative that matches something; hint: make the group optional instead: [a|b]"},
		{"option that may be empty", "x[[b]]", "column 2: found '[[b]]', expected an option that matches something; hint: its content can be empty already; drop the brackets"},
		{"repeat of nothing", "x([b]){3}", "column 2: found '([b]){3}', expected a group that matches something; hint: what is repeated cannot be empty; write the optional part as {0-n} or [...]"},
		{"repeat of a variable run", "x({hex:2-3}){3}", "column 2: found a repeated run of variable length, expected a literal that separates its repetitions; hint: write one run whose counts are the products"},
		{"two variable runs", "x{hex:2-3}{hex:1-5}", "column 11: found a second run of variable length and the same alphabet, expected something between them; hint: write one run whose counts are the sums"},
		{"repeat zero times", "x(a){0}", "column 5: found '{0}', expected a count above 0; hint: leave the group out"},
		{"repeat with a list", "x(a){1,3}", "column 5: found '{1,3}', expected one count; hint: a group is repeated {n} or {n-m} times"},
		{"repeated option", "x[a]{3}", "column 5: found '{', expected an item that is no count; hint: an option is not repeated; write (...){0-3}"},
		{"repeated literal", "xa{3}", "column 3: found a count, expected a class; hint: only a group can be repeated, (...){3}; a run is {class:3}"},
		{"all optional", "[abc]", "column 1: found '[abc]', expected a format that matches at least one byte; hint: everything in it is optional"},
		{"unknown escape", `abc\n`, `column 5: found 'n', expected one of { } [ ] ( ) | \ ' after the backslash; hint: a literal backslash is \\; control characters cannot be part of a format`},
		{"backslash at the end", `abc\`, `column 5: found the end, expected one of { } [ ] ( ) | \ ' after the backslash; hint: a literal backslash is \\; control characters cannot be part of a format`},
		{"control character", "abc\x01", `column 4: found '\x01', expected a printable ASCII character; hint: formats are ASCII`},
		{"not ASCII", "abcé", `column 4: found '\xc3', expected a printable ASCII character; hint: formats are ASCII`},
		{"open fold", "abi'cd", `column 7: found the end, expected the closing ' of i'...'; hint: it was opened in column 3; a literal i before a quote is written i\'`},
		{"empty fold", "abi''", "column 5: found ''', expected a character; hint: i'' is empty"},
		{"negated set", "{[^a]:3}", `column 3: found '^', expected a character of the set; hint: sets are never negated; write \^ for the character`},
		{"empty set", "{[]:3}", "column 3: found ']', expected a character of the set; hint: an empty set matches nothing"},
		{"open set", "{[ab", `column 5: found the end, expected ']' at the end of the set; hint: a literal ] within a set is \]`},
		{"mixed range", "{[A-z]:3}", "column 3: found 'A-z', expected a range within digits, capitals or small letters; hint: such a range holds the punctuation between them too; write A-Za-z"},
		{"empty range", "{[z-a]:3}", "column 3: found 'z-a', expected a range from low to high; hint: the range is empty"},
		{"twice in a set", "{[a-cb]:3}", "column 6: found 'b', expected a character that is not in the set yet; hint: 'b' stands in it twice"},
		{"escape in a set", `{[\d]:3}`, `column 4: found 'd', expected one of ] [ \ - ^ after the backslash; hint: other characters of a set need no escape`},
		{"matches too long", "x{hex:40000}-{hex:40000}", "column 1: found matches of up to 80002 bytes, expected at most 65536; hint: lower the counts"},
		{"repeats too large", "((((ab){16}c){16}d){16}e){2}", "column 1: found a grammar too large when its repetitions are written out, expected at most 4096 elements; hint: lower the counts, or write a run {class:n-m} instead of a repeated group"},
		{"many steps", "(({digit:1}){60}a){80}", "column 1: found a grammar too large when its repetitions are written out, expected at most 4096 elements; hint: lower the counts, or write a run {class:n-m} instead of a repeated group"},
		{"too deep", strings.Repeat("(", 17) + "a" + strings.Repeat(")", 17), "column 17: found '(', expected at most 16 groups within each other"},
		{"too long", strings.Repeat("a", 32769), "column 32769: found more, expected at most 32768 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n, err := ParseFormat(tt.format)
			if err == nil {
				t.Fatalf("ParseFormat(%q) = %s, want an error", tt.format, FormatText(n))
			}
			if err.Error() != tt.want {
				t.Errorf("ParseFormat(%q)\n got %s\nwant %s", tt.format, err, tt.want)
			}
		})
	}
}

func TestFormatText(t *testing.T) {
	tests := []struct{ format, want, canonical string }{
		{"ab(cd)ef", "abcdef", "abcdef"},
		{"{hex:3,4,5-6}", "{hex:3-6}", "{hex:3-6}"},
		{"((a|b)|c)", "(a|b|c)", "(a|b|c)"},
		{"(ab){1}", "ab", "ab"},
		{"(ab){0-1}x", "[ab]x", "[ab]x"},
		{"i'12'i'AB'i'c'", "12i'abc'", "12i'abc'"},
		{"{[a-f0-9]:3}", "{[a-f0-9]:3}", "{hex:3}"},
		{"{[_a-c\\-]:3}", "{[_a-c\\-]:3}", "{[\\-_a-c]:3}"},
		{"a{uuid}", "a{xdigit:8}-{xdigit:4}-{xdigit:4}-{xdigit:4}-{xdigit:12}", "a{xdigit:8}-{xdigit:4}-{xdigit:4}-{xdigit:4}-{xdigit:12}"},
	}
	for _, tt := range tests {
		n := mustParse(t, tt.format)
		if got := FormatText(n); got != tt.want {
			t.Errorf("FormatText(%s) = %s, want %s", tt.format, got, tt.want)
		}
		if got := canonical(n); got != tt.canonical {
			t.Errorf("canonical(%s) = %s, want %s", tt.format, got, tt.canonical)
		}
	}
}

func TestLength(t *testing.T) {
	tests := []struct {
		format   string
		min, max int
	}{
		{"ghx_{base62:36}", 40, 40},
		{"{base64:20,58,74}", 20, 74},
		{"a[bc]({hex:2-4}|xyz){2-3}", 5, 15},
		{"{uuid}", 36, 36},
	}
	for _, tt := range tests {
		if lo, hi := Length(mustParse(t, tt.format)); lo != tt.min || hi != tt.max {
			t.Errorf("Length(%s) = %d, %d, want %d, %d", tt.format, lo, hi, tt.min, tt.max)
		}
	}
}

func TestAnchored(t *testing.T) {
	tests := []struct {
		format string
		want   bool
	}{
		{"abc{hex:4}", true},
		{"ab{hex:4}", true},
		{"a{hex:4}", false},
		{"{hex:4}ab", true},
		{"abc", true},
		{"ab", false},
		{"{hex:32}", false},
		{"{uuid}", false},
		{"{jwt}", true},
		{"[abc]{hex:4}", false},
		{"(abc|def){hex:4}", true},
		{"(abc|d){hex:4}", false},
		{"(ab|cd){hex:4}", true},
		{"a(b|c){hex:4}", true},
		{"a[b]{hex:4}", false},
		{"a[b]c", false},
		{"{hex:4}a(b){2}", true},
		{"(a){3}", true},
		{"(a){2}", false},
		{"(a){2}{hex:1}", true},
		{"(a){0-5}{hex:1}", false},
		{"a{hex:0-3}b", false},
		{"a{hex:0-3}bc", true},
		{"ab{hex:0-3}", false},
		{"i'ab'i'c'{hex:2}", true},
		{"({hex:4}-){3}{hex:4}", false},
	}
	for _, tt := range tests {
		if got := Anchored(mustParse(t, tt.format)); got != tt.want {
			t.Errorf("Anchored(%s) = %v, want %v", tt.format, got, tt.want)
		}
	}
}

// randomFormat writes a format that mostly parses.
func randomFormat(rnd *rand.Rand, depth int) string {
	var b strings.Builder
	for range 1 + rnd.IntN(4) {
		switch k := rnd.IntN(9); {
		case k < 2:
			b.WriteString([]string{"ab", "x_", `\{`, `\\`, "i", "I", `i\'`, "'", "-", "="}[rnd.IntN(10)])
		case k < 3:
			b.WriteString([]string{"i'ab'", "i'_1'", `i'\'x'`}[rnd.IntN(3)])
		case k < 5:
			class := []string{"digit", "hex", "base58", "base64url", "print", "[a-c_]", `[\]x]`}[rnd.IntN(7)]
			count := []string{"1", "3", "0-2", "2-5", "1,3", "0,4-6,9"}[rnd.IntN(6)]
			b.WriteString("{" + class + ":" + count + "}")
		case k < 6 && depth == 0:
			b.WriteString("{uuid}")
		case depth > 2:
			b.WriteByte('z')
		default:
			open, closer := "(", ")"
			if k == 8 {
				open, closer = "[", "]"
			}
			b.WriteString(open + randomFormat(rnd, depth+1))
			for range rnd.IntN(3) {
				b.WriteString("|" + randomFormat(rnd, depth+1))
			}
			b.WriteString(closer)
			if k == 7 {
				b.WriteString([]string{"{2}", "{0-3}", "{1-2}"}[rnd.IntN(3)])
			}
		}
	}
	return b.String()
}

// checkFormat tests what holds for every node that ParseFormat returns.
func checkFormat(t *testing.T, rnd *rand.Rand, n Node) {
	t.Helper()
	text := FormatText(n)
	again, err := ParseFormat(text)
	if err != nil {
		t.Fatalf("%s does not parse: %v", text, err)
	}
	if !reflect.DeepEqual(n, again) {
		t.Fatalf("%s parses to something else, %s", text, FormatText(again))
	}
	if n, err := ParseFormat(canonical(n)); err != nil || canonical(n) != canonical(again) {
		t.Fatalf("the canonical form of %s does not parse to itself (%v)", text, err)
	}
	lo, hi := Length(n)
	if hi > 4096 {
		return
	}
	for range 3 {
		s := string(GenerateFormat(rnd, n))
		if len(s) < lo || len(s) > hi {
			t.Fatalf("%s has lengths %d to %d, but generated %q", text, lo, hi, s)
		}
		if len(s) < 300 && !matchNaive(n, s) {
			t.Fatalf("%s generated %q, which it does not match", text, s)
		}
		if len(s) < 300 && Anchored(n) && !holdsLiteral(n, s) {
			t.Fatalf("%s is said to be anchored, but matches %q", text, s)
		}
	}
}

// holdsLiteral reports whether s holds two neighbouring bytes that stand in literals of n, or three.
func holdsLiteral(n Node, s string) bool {
	var in ByteSet
	collect(n, &in)
	for i := 1; i < len(s); i++ {
		if in.Has(s[i-1]) && in.Has(s[i]) {
			return true
		}
	}
	return false
}

func collect(n Node, in *ByteSet) {
	switch n := n.(type) {
	case *Literal:
		for _, c := range n.Bytes {
			in.Add(c)
			if n.Fold && kindOf(c) > 1 {
				in.Add(c ^ 0x20)
			}
		}
	case *Seq:
		for _, m := range n.Nodes {
			collect(m, in)
		}
	case *Alt:
		for _, m := range n.Nodes {
			collect(m, in)
		}
	case *Repeat:
		collect(n.Node, in)
	}
}

func TestFormatProperties(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	parsed := 0
	for range 20000 {
		text := randomFormat(rnd, 0)
		n, err := ParseFormat(text)
		if err != nil {
			continue
		}
		parsed++
		checkFormat(t, rnd, n)
	}
	if parsed < 5000 {
		t.Errorf("only %d of the random formats parsed", parsed)
	}
}

// TestGenerateReaches checks that every alternative, count and extreme is generated.
func TestGenerateReaches(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	tests := []struct {
		format string
		want   int
	}{
		{"(a|b|c)", 3},
		{"{[x]:1,3,5-7}", 5},
		{"({[x]:1}){2-4}", 3},
		{"x[y]", 2},
		{"i'ab'", 4},
		{"{[ab]:2}", 4},
	}
	for _, tt := range tests {
		n, seen := mustParse(t, tt.format), map[string]bool{}
		for range 500 {
			seen[string(GenerateFormat(rnd, n))] = true
		}
		if len(seen) != tt.want {
			t.Errorf("%s generated %d different texts, want %d", tt.format, len(seen), tt.want)
		}
	}
}

// TestFormatHostile checks that formats made to explode are refused or handled at once.
func TestFormatHostile(t *testing.T) {
	options := strings.Repeat("[a]", 1300) + "b"
	tests := []struct{ name, format string }{
		{"nested repeats", strings.Repeat("(", 15) + "ab" + strings.Repeat("){65536}", 15)},
		{"many options", options},
		{"many alternatives", "x(" + strings.Repeat("{[ab]:1}y|", 3000) + "z)"},
		{"many groups", strings.Repeat("(a|b)", 800)},
		{"repeated options", "x(" + strings.Repeat("[a]b", 40) + "){60}"},
		{"open brackets", strings.Repeat("[", 30000)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			start := time.Now()
			if n, err := ParseFormat(tt.format); err == nil {
				Anchored(n)
				canonical(n)
			}
			if d := time.Since(start); d > 10*time.Second {
				t.Errorf("took %v", d)
			}
		})
	}
}

func TestParseSet(t *testing.T) {
	hex, err := ParseSet("[a-f0-9]")
	if want, _ := Alphabet("hex"); err != nil || hex != want {
		t.Errorf("ParseSet([a-f0-9]) = %q, %v", hex.Bytes(), err)
	}
	for _, text := range []string{"", "hexx", "hex:3", "[a-f0-9]x", "[", "abc"} {
		if _, err := ParseSet(text); err == nil {
			t.Errorf("ParseSet(%q) gives no error", text)
		}
	}
}

func FuzzFormat(f *testing.F) {
	rnd := rand.New(rand.NewPCG(5, 6))
	for range 50 {
		f.Add(randomFormat(rnd, 0))
	}
	f.Add("{jwt}")
	f.Add("((a){9}){9}")
	f.Fuzz(func(t *testing.T, text string) {
		n, err := ParseFormat(text)
		if err != nil {
			return
		}
		checkFormat(t, rand.New(rand.NewPCG(7, 8)), n)
	})
}
