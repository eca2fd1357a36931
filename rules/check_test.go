package rules

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// ruleText writes a rule with links, so that nothing but what a test is about is missing from it.
func ruleText(id, rest string) string {
	return "[[rule]]\nid = \"" + id + "\"\n" + head + "rotate = \"https://acme.example/r\"\nsource = \"https://acme.example/s\"\n" + rest + "\n"
}

func TestCheck(t *testing.T) {
	tests := []struct {
		name, a, b string
		want       []string
	}{
		{"different", ruleText("acme-a", `format = "acme_{hex:3}"`), ruleText("acme-b", `format = "acme_{hex:4}"`), nil},
		{"same format", ruleText("acme-a", `format = "acme_{hex:3}"`), ruleText("acme-b", `format = ["x_{hex:9}", "acme_{[a-f0-9]:3}"]`), []string{
			"b.toml:2: rule acme-b: format 'acme_{[a-f0-9]:3}' is in rule acme-a too (a.toml:2); two rules never report the same bytes; give each its own near, or make them one rule"}},
		{"same format and near", ruleText("acme-a", "format = \"{hex:3}\"\nnear = [\"abc\", \"def\"]"), ruleText("acme-b", "format = \"{hex:3}\"\nnear = [\"DEF\", \"ABC\"]"), []string{
			"b.toml:2: rule acme-b: format '{hex:3}' is in rule acme-a too (a.toml:2) with the same near; two rules never report the same bytes; give each its own near, or make them one rule"}},
		{"other near", ruleText("acme-a", "format = \"{hex:3}\"\nnear = [\"abc\"]"), ruleText("acme-b", "format = \"{hex:3}\"\nnear = [\"def\"]"), nil},
		{"other paths", ruleText("acme-a", "format = \"abc{hex:3}\"\npaths = [\"*.a\"]"), ruleText("acme-b", "format = \"abc{hex:3}\"\npaths = [\"*.b\"]"), nil},
		{"same regex", ruleText("acme-a", `regex = 'acme_[a-z]+'`), ruleText("acme-b", `regex = 'acme_[a-z]+'`), []string{
			"b.toml:2: rule acme-b: the regex is in rule acme-a too (a.toml:2); two rules never report the same bytes; give each its own near, or make them one rule"}},
		{"same block", ruleText("acme-a", `block = "json"`), ruleText("acme-b", "block = \"json\"\n[rule.match]\ntype = \"x\""), nil},
		{"same block and match", ruleText("acme-a", "block = \"json\"\n[rule.match]\ntype = \"x\""), ruleText("acme-b", "block = \"json\"\n[rule.match]\ntype = \"x\""), []string{
			"b.toml:2: rule acme-b: block \"json\" with the same match is in rule acme-a too (a.toml:2); two rules never report the same bytes; give each its own near, or make them one rule"}},
		{"same id", ruleText("acme-a", `format = "acme_{hex:3}"`), ruleText("acme-a", `format = "acme_{hex:4}"`), []string{
			"b.toml:2: rule acme-a: the id is taken; a.toml:2 has a rule of this id; ids are unique"}},
		{"no links", ruleText("acme-a", `format = "acme_{hex:3}"`), "[[rule]]\nid = \"acme-b\"\n" + head + "format = \"acme_{hex:4}\"\n", []string{
			"b.toml:2: rule acme-b: warning: source is missing; name the page that documents the format",
			"b.toml:2: rule acme-b: warning: rotate is missing; name the page where such a secret is replaced"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, err := Parse("a.toml", []byte("provider = \"Acme\"\n"+tt.a), Vocabulary{})
			if err != nil {
				t.Fatal(err)
			}
			b, err := Parse("b.toml", []byte("provider = \"Acme\"\n"+tt.b), Vocabulary{})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, p := range Check(append(a, b...)) {
				got = append(got, p.String())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

// TestBuiltin holds the rules that come with Mudlark to what is asked of all rules.
func TestBuiltin(t *testing.T) {
	set, err := Builtin(Vocabulary{})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range Check(set) {
		if !p.Warning {
			t.Error(p)
		}
	}
}

func BenchmarkBuiltin(b *testing.B) {
	for b.Loop() {
		if _, err := Builtin(Vocabulary{}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkParse loads a file of 60 rules.
func BenchmarkParse(b *testing.B) {
	text := "provider = \"Acme\"\n"
	for i := range 60 {
		text += ruleText("acme-"+string(rune('a'+i/26))+string(rune('a'+i%26)), "near = [\"acme\", \"acm\"]\nformat = [\"acme_{base62:36}\", \"acme-(live|test)-{hex:32,40,64}[=]\"]\ngithub = [\"acme_key\"]\nchecksum = \"acme\"\n[[rule.part]]\nname = \"secret\"\nformat = \"{base64:40}\"\n")
	}
	data := []byte(text)
	for b.Loop() {
		if _, err := Parse("f.toml", data, Vocabulary{}); err != nil {
			b.Fatal(err)
		}
	}
}
