package main

import (
	"os"
	"strings"
	"testing"

	"mudlark/detectors"
	"mudlark/rules"
)

// TestCoverageDocument: docs/coverage.md is what the rules are.
func TestCoverageDocument(t *testing.T) {
	all, err := rules.Builtin(detectors.Vocabulary())
	if err != nil {
		t.Fatal(err)
	}
	c := coverage(all)
	var want strings.Builder
	if err := writeCoverage(&want, all, &c); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../../docs/coverage.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want.String() {
		t.Error("docs/coverage.md is not that of the rules; run: go run ./cmd/mudlark rules coverage --markdown > docs/coverage.md")
	}
}

// TestCoverageBounds: of GitHub's types of secrets, and of kinds of secrets at all, so many are found.
func TestCoverageBounds(t *testing.T) {
	all, err := rules.Builtin(detectors.Vocabulary())
	if err != nil {
		t.Fatal(err)
	}
	if c := coverage(all); c.Covered < 440 {
		t.Errorf("%d of GitHub's types are found, want 440 or more", c.Covered)
	}
	if n := pairsOf(all); n < 900 {
		t.Errorf("%d pairs of provider and format, want 900 or more", n)
	}
	for _, r := range all {
		if r.Source == "" || r.Rotate == "" {
			t.Errorf("rule %s does not point to documentation", r.ID)
		}
	}
}
