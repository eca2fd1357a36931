package detectors

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"mudlark/rules"
)

func TestRulesMatrix(t *testing.T) {
	set := catalogue(t)
	e := catalogueEngine(t, set)
	for _, r := range set {
		t.Run(r.ID, func(t *testing.T) {
			t.Parallel()
			failures := TestRule(e, r, source(r), tokens())
			for _, f := range failures[:min(len(failures), 3)] {
				t.Error(f)
			}
			if len(failures) > 3 {
				t.Errorf("and %d failures more", len(failures)-3)
			}
		})
	}
}

// TestRulesGenerate demands that every rule but those that are a regex can be tested.
func TestRulesGenerate(t *testing.T) {
	for _, r := range catalogue(t) {
		text, secret := Generate(source(r), r)
		if (len(text) == 0 || len(secret) == 0) != (r.Regex != "") {
			t.Errorf("rule %s: generated %q", r.ID, text)
		}
	}
}

// TestRulesMatrixHolds demands that nearly every syntax can hold a token, and that multi-line keys have some too.
func TestRulesMatrixHolds(t *testing.T) {
	for _, s := range Matrix() {
		if !s.Holds("abc_DEF-123") {
			t.Errorf("%s does not hold a plain token", s.Name)
		}
	}
	lines := slices.DeleteFunc(Matrix(), func(s Syntax) bool { return !s.Holds("a\nb\n") })
	if len(lines) < 5 {
		t.Errorf("%d syntaxes hold lines, want 5 or more", len(lines))
	}
}

// A nearMiss is a text that is almost a token.
type nearMiss struct {
	what string
	make func(rnd *rand.Rand, token []byte) []byte
}

func nearMisses() []nearMiss {
	return []nearMiss{
		{"one character short", func(_ *rand.Rand, token []byte) []byte { return token[:len(token)-1] }},
		{"one character long", func(_ *rand.Rand, token []byte) []byte { return append(bytes.Clone(token), token[len(token)-1]) }},
		{"a letter before", func(_ *rand.Rand, token []byte) []byte { return append([]byte("x"), token...) }},
		{"a letter behind", func(_ *rand.Rand, token []byte) []byte { return append(bytes.Clone(token), 'z') }},
		{"another end", func(rnd *rand.Rand, token []byte) []byte {
			changed := bytes.Clone(token)
			last := &changed[len(changed)-1]
			for old := *last; *last == old; {
				*last = token[rnd.IntN(len(token))]
			}
			return changed
		}},
		{"the other case", func(_ *rand.Rand, token []byte) []byte {
			changed := bytes.Clone(token)
			for i, c := range changed[:min(3, len(changed))] {
				if isLower(c) || isUpper(c) {
					changed[i] ^= 'a' - 'A'
				}
			}
			return changed
		}},
	}
}

func TestRulesNearMisses(t *testing.T) {
	set := catalogue(t)
	e := catalogueEngine(t, set)
	s := e.NewScanner()
	for _, r := range set {
		if len(r.Formats) == 0 {
			continue
		}
		t.Run(r.ID, func(t *testing.T) {
			rnd, name := source(r), variableName(r)
			for range max(tokens()/5, 1) {
				token, _ := Generate(rnd, r)
				for _, miss := range nearMisses() {
					text := miss.make(rnd, token)
					if valid(r, text) {
						continue // still a token
					}
					got := s.Scan([]byte(name + "=" + string(text) + "\n")).Matches
					for _, m := range got {
						// A longer text may hold a token in its own right: of another kind, or one that ends sooner.
						if m.Confidence == rules.High && (bytes.Equal(m.Secret, token) || !valid(m.Rule, m.Secret)) {
							t.Errorf("%s: %q gives %s %q", miss.what, text, m.Rule.ID, m.Secret)
						}
					}
				}
			}
		})
	}
}

// valid reports whether text is a token of the rule, with the right checksum.
func valid(r *rules.Rule, text []byte) bool {
	return slices.ContainsFunc(r.Formats, func(f rules.Format) bool {
		if !slices.Contains(ends(f.Node, text, []int{0}), len(text)) {
			return false
		}
		c, ok := checkFor(f.Checksum)
		return !ok || c.verify(text)
	})
}

// ends returns where matches of a node end that begin at one of the offsets. It is a plain reading of the grammar, and slow.
func ends(n rules.Node, text []byte, from []int) []int {
	var out []int
	switch n := n.(type) {
	case *rules.Literal:
		for _, at := range from {
			if end := at + len(n.Bytes); end <= len(text) && (bytes.Equal(text[at:end], n.Bytes) || n.Fold && bytes.EqualFold(text[at:end], n.Bytes)) {
				out = append(out, end)
			}
		}
	case *rules.Run:
		for _, at := range from {
			for _, c := range n.Counts {
				for end := at; end-at <= c.Max && end <= len(text); end++ {
					if end-at >= c.Min {
						out = append(out, end)
					}
					if end == len(text) || !n.Set.Has(text[end]) {
						break
					}
				}
			}
		}
	case *rules.Seq:
		out = from
		for _, m := range n.Nodes {
			out = ends(m, text, out)
		}
	case *rules.Alt:
		for _, m := range n.Nodes {
			out = append(out, ends(m, text, from)...)
		}
	case *rules.Repeat:
		for i := 0; i <= n.Max && len(from) > 0; i++ {
			if i >= n.Min {
				out = append(out, from...)
			}
			from = ends(n.Node, text, from)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func TestRulesPlaceholders(t *testing.T) {
	set := catalogue(t)
	s := catalogueEngine(t, set).NewScanner()
	for _, r := range set {
		for _, f := range r.Formats {
			for _, fill := range []byte("xX0aA1") {
				text, filled := monotone(f.Node, fill)
				if filled*4 < len(text)*3 || !valid(r, text) {
					continue
				}
				for _, m := range s.Scan([]byte(variableName(r) + "=" + string(text) + "\n")).Matches {
					if m.Confidence != rules.Low {
						t.Errorf("rule %s: %q gives %s at %s confidence", r.ID, text, m.Rule.ID, m.Confidence)
					}
				}
			}
		}
	}
}

// monotone returns a text of the format that has c wherever it may, and how many these are.
func monotone(n rules.Node, c byte) (text []byte, filled int) {
	switch n := n.(type) {
	case *rules.Literal:
		return n.Bytes, 0
	case *rules.Run:
		if n.Set.Has(c) {
			return bytes.Repeat([]byte{c}, n.Counts[0].Min), n.Counts[0].Min
		}
		return rules.GenerateFormat(rand.New(rand.NewPCG(1, 1)), n), 0
	case *rules.Seq:
		for _, m := range n.Nodes {
			b, k := monotone(m, c)
			text, filled = append(text, b...), filled+k
		}
	case *rules.Alt:
		return monotone(n.Nodes[0], c)
	case *rules.Repeat:
		for range n.Min {
			b, k := monotone(n.Node, c)
			text, filled = append(text, b...), filled+k
		}
	}
	return text, filled
}

// TestRulesPairs plants keys with their companions.
func TestRulesPairs(t *testing.T) {
	set := catalogue(t)
	s := catalogueEngine(t, set).NewScanner()
	for _, r := range set {
		if len(r.Parts) == 0 || r.Regex != "" {
			continue // for what a regex finds nothing can be made up
		}
		t.Run(r.ID, func(t *testing.T) {
			rnd := source(r)
			for range tokens() {
				id, _ := Generate(rnd, r)
				all := *r
				all.Parts = slices.Clone(r.Parts)
				planted := 0
				for i := range all.Parts {
					// What must stand in the line itself cannot be planted below it.
					p := &all.Parts[i]
					if p.Required = p.File || p.Lines > 0; p.Required {
						planted++
					}
				}
				text := variableName(r) + " = " + string(id) + "\n" + requiredParts(rnd, &all)
				got := s.Scan([]byte(text)).Matches
				if len(got) != 1 || got[0].Rule != r || !isOrRaised(got[0].Confidence, confidenceOf(r, id)) || len(got[0].Parts) < planted {
					t.Fatalf("%q gives %+v", text, got)
				}
				for _, p := range got[0].Parts {
					named := strings.HasPrefix(string(p.Secret), p.Name+" = \"") // its format holds the variable's name
					if !named && !strings.Contains(text, "\""+string(p.Secret)+"\"") {
						t.Errorf("%q: part %s is %q", text, p.Name, p.Secret)
					}
				}
				if r.Block != "" {
					continue // a block holds its companions
				}
				alone := s.Scan([]byte(variableName(r) + " = " + string(id))).Matches
				alone = slices.DeleteFunc(alone, func(m Match) bool { return m.Rule != r && m.Rule.Block == "assignment" })
				if requiredParts(rnd, r) != "" {
					if len(alone) > 0 {
						t.Errorf("%q alone gives %+v, want nothing", id, alone)
					}
				} else if want := confidenceAlone(r, id); len(alone) != 1 || !isOrRaised(alone[0].Confidence, want) {
					t.Errorf("%q alone gives %+v, want it at %s confidence", id, alone, want)
				}
			}
		})
	}
}

// isOrRaised reports whether a confidence is the one that a rule has, or the medium that a generic rule raised a low one to, because the name
// of the variable says secret.
func isOrRaised(got, want rules.Confidence) bool {
	return got == want || want == rules.Low && got == rules.Medium
}

// confidenceOf returns the confidence of the alternative that a token was made of.
func confidenceOf(r *rules.Rule, token []byte) rules.Confidence {
	for i := range r.Formats {
		one := *r
		one.Formats = r.Formats[i : i+1]
		if valid(&one, token) {
			return r.Formats[i].Confidence
		}
	}
	return r.Confidence
}

// confidenceAlone returns the confidence of a match of which no companion was found: at most medium if one of them is a secret.
func confidenceAlone(r *rules.Rule, token []byte) rules.Confidence {
	secret := slices.ContainsFunc(r.Parts, func(p rules.Part) bool { return !p.Public })
	if c := confidenceOf(r, token); !secret || c != rules.High {
		return c
	}
	return rules.Medium
}

// TestPairsPublic: a companion that is no secret itself, such as a host, is of use when it is found and not missed when it is not.
func TestPairsPublic(t *testing.T) {
	set, err := rules.Parse("acme.toml", []byte(publicPair), Vocabulary())
	if err != nil {
		t.Fatal(err)
	}
	s := catalogueEngine(t, set).NewScanner()
	rnd := named("public pair")
	token := string(rules.GenerateFormat(rnd, set[0].Formats[0].Node))
	host := string(rules.GenerateFormat(rnd, set[0].Parts[0].Formats[0].Node))
	for text, parts := range map[string]int{token: 0, token + "\nhost = " + host: 1} {
		got := s.Scan([]byte(text)).Matches
		if len(got) != 1 || got[0].Confidence != rules.High || len(got[0].Parts) != parts {
			t.Errorf("%q gives %+v, want it at high confidence with %d parts", text, got, parts)
		}
	}
}

const publicPair = `
provider = "Acme"

[[rule]]
id         = "acme-shop-token"
name       = "Acme shop token"
format     = "acmes_{base62:32}"
severity   = "high"
confidence = "high"

[[rule.part]]
name   = "host"
format = "{base36:3-63}.acme-shops.net"
public = true
`
