package rules

import (
	"slices"
	"strings"
	"testing"
)

const hashed1 = `provider = "Acme"
[[rule]]
id = "acme-x"
name = "n"
severity = "high"
confidence = "high"
near = ["acme", "acm_"]
[[rule.format]]
format = "{hex:20}"
[[rule.part]]
name = "s"
format = "{hex:8}"

[[rule]]
id = "acme-y"
name = "n"
severity = "high"
confidence = "high"
boundary = "[a-z]"
regex = 'acme-[a-z]{3}'

[[rule]]
id = "acme-z"
name = "n"
severity = "high"
confidence = "high"
block = "json"
[rule.match]
type = "t"
`

func hashOf(t *testing.T, text string) string {
	t.Helper()
	rules, err := Parse("f.toml", []byte(text), Vocabulary{})
	if err != nil {
		t.Fatal(err)
	}
	return Hash(rules)
}

func TestHash(t *testing.T) {
	base := hashOf(t, hashed1)
	if len(base) != 64 {
		t.Errorf("hash %q", base)
	}
	same := [][2]string{
		{`"n"`, `"other name"`},
		{`severity = "high"`, "severity = \"low\"\nrotate = \"https://acme.example/\"\ngithub = [\"x\"]"},
		{`"acme", "acm_"`, `"ACM_", "Acme"`},
		{`{hex:20}`, `{[a-f0-9]:20}`},
		{`boundary = "[a-z]"`, `boundary = "lower"`},
		{`provider = "Acme"`, "# comment\nprovider = \"Acme Inc.\""},
	}
	for _, edit := range same {
		if got := hashOf(t, strings.Replace(hashed1, edit[0], edit[1], 1)); got != base {
			t.Errorf("%s -> %s changes the hash", edit[0], edit[1])
		}
	}
	different := [][2]string{
		{"acme-x", "acme-w"},
		{`confidence = "high"`, `confidence = "low"`},
		{"{hex:20}", "{hex:20-21}"},
		{`"acme", "acm_"`, `"acme"`},
		{"{hex:8}", "{hex:9}"},
		{`name = "s"`, "name = \"s\"\nrequired = true"},
		{`name = "s"`, "name = \"s\"\nwithin = \"file\""},
		{`name = "s"`, "name = \"s\"\nwithin = \"39 lines\""},
		{"{3}", "{4}"},
		{"[a-z]\"", "[a-y]\""},
		{`"t"`, `"u"`},
		{`block = "json"`, `block = "yaml"`},
		{"boundary", "weak = true\nboundary"},
		{"boundary", "public = true\nboundary"},
		{"boundary", "entropy = 3\nboundary"},
		{"boundary", "paths = [\"*.env\"]\nboundary"},
		{"boundary", "placeholders = [\"x\"]\nboundary"},
		{"boundary", "require = [\"digit\"]\nboundary"},
		{"boundary", "reject = [\"uuid\"]\nboundary"},
		{"boundary", "checksum = \"c\"\nboundary"},
		{"boundary", "checksum = \"c\"\non_mismatch = \"low\"\nboundary"},
		{"boundary", "after = [\"x\"]\nboundary"},
	}
	seen := map[string]string{base: "the original"}
	for _, edit := range different {
		got := hashOf(t, strings.Replace(hashed1, edit[0], edit[1], 1))
		if before, ok := seen[got]; ok {
			t.Errorf("%s -> %s has the hash of %s", edit[0], edit[1], before)
		}
		seen[got] = edit[1]
	}
	rules, err := Parse("f.toml", []byte(hashed1), Vocabulary{})
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(rules)
	if Hash(rules) != base {
		t.Error("the order of rules changes the hash")
	}
}
