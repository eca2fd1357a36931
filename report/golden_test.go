package report

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

func ref[T any](v T) *T { return &v }

// objectID returns an object name that is easy to recognize.
func objectID(digits string) string { return strings.Repeat(digits, 40)[:40] }

// sample returns the messages of a run that shows everything a report can say.
func sample() (*Config, []*Finding, *Coverage) {
	config := &Config{SchemaVersion: SchemaVersion, Tool: Tool{"mudlark", "1.0.0"}, Target: "/src/shop", Mode: "history", RulesHash: objectID("ab"), Rules: 812}
	findings := []*Finding{sampleRemoved(), samplePair(), sampleMessage(), sampleLongLine()}
	coverage := &Coverage{
		Refs: 14, Commits: 81966, Trees: 162875, Blobs: 161216, Bytes: 5_500_000_000, Complete: true, Started: "2024-06-01T12:00:00Z", Duration: 5.64,
		Notes: []string{"shallow clone: history ends at " + objectID("77")},
		Summary: Summary{Findings: 4, BySeverity: map[string]int{"critical": 1, "high": 1, "medium": 1, "low": 1}, ByVerdict: map[string]int{"unasked": 4}, BelowConfidence: 2, Filtered: 1,
			Suppressed: 2, SuppressedBy: map[string]int{"inline": 1, "baseline": 1}},
		Suppressed: []Suppressed{
			{Fingerprint: objectID("7f")[:32], Rule: "example-token", Severity: "high", Redacted: "exa_…", By: "inline", Where: "test/a.py:7", Reason: "made up",
				Added: ref(true), Path: ref("test/a.py"), Line: ref(8), Commit: ref(objectID("3f2a"))},
			{Fingerprint: objectID("8f")[:32], Rule: "example-token", Severity: "high", Redacted: "exa_…", By: "baseline", Where: "known.json", Added: ref(false)},
			{Fingerprint: objectID("9f")[:32], Rule: "example-token", Severity: "high", Redacted: "exa_…", By: "ignore", Where: ".mudlarkignore:7", Reason: "known",
				Added: ref(true), Change: "changed: until 2027-01-31, before until 2026-01-31"},
			{Fingerprint: objectID("af")[:32], Rule: "example-token", Severity: "high", Redacted: "exa_…", By: "config", Where: ".mudlark.toml:3",
				Change: "it is not known what allows were there before"},
			{Fingerprint: objectID("bf")[:32], Rule: "other-token", Severity: "high", Redacted: "oth_…", By: "ignore", Where: ".mudlarkignore:7", Reason: "known",
				Added: ref(true), Change: "changed: until 2027-01-31, before until 2026-01-31"},
		},
		Allows: []AllowNote{
			{Kind: "stale", Where: ".mudlarkignore:3", Text: "path: old/**", Why: "matches nothing that was found; remove it"},
			{Kind: "unknown", Where: "\x1b[31m:1", Text: "mudlark:alow", Why: "there is no marker mudlark:alow; write mudlark:allow"},
		},
	}
	return config, findings, coverage
}

func sampleRemoved() *Finding {
	return &Finding{
		Fingerprint: objectID("1f")[:32], Rule: "example-token", Provider: "Example", Name: "Example token", Severity: "high", Confidence: "high",
		Secret: "exa_" + strings.Repeat("x", 36), Redacted: "exa_…",
		Place: Place{Path: ref("src/config.py"), Line: ref(12), Column: ref(10), Commit: ref(objectID("3f2a")), Source: "blob",
			Author: "Ann Lee", Email: "ann@example.org", Date: "2024-03-02T10:11:12+01:00", Committed: "2024-03-02T10:11:12+01:00"},
		Introduced: &Introduction{Commit: ref(objectID("3f2a")), Date: "2024-03-02T10:11:12+01:00", Committed: "2024-03-02T10:11:12+01:00"},
		Occurrences: []Place{
			{Path: ref("deploy/prod.env"), Line: ref(3), Column: ref(7), Commit: ref(objectID("4d")), Date: "2024-03-05T10:00:00Z", Source: "blob", Suppressed: "inline"},
			{Path: ref("deploy/a name that is longer than a line of eighty columns has room for, spaces and all.env"), Line: ref(3), Column: ref(7), Commit: ref(objectID("5e")), Date: "2024-03-06T10:00:00Z", Source: "blob"},
			{Line: ref(1), Column: ref(3), Commit: ref(objectID("6a")), Date: "2024-03-07T10:00:00Z", Source: "message"},
			{Path: ref("x"), Line: ref(1), Column: ref(3), Commit: ref(objectID("6b")), Date: "2024-03-07T10:00:00Z", Source: "blob"},
		},
		AtHead: ref(false), ExposedSeconds: ref(int64(60 * 86400)),
		Removed:       &Removal{Commit: objectID("8c7d"), Date: "2024-05-01T08:00:00Z", Committed: "2024-05-01T08:00:00Z", Author: "Bob"},
		ReachableFrom: []string{"refs/heads/main", "refs/heads/dev", "refs/tags/v1.0", "refs/remotes/origin/main", "refs/remotes/origin/dev"},
		Rotate:        "https://example.org/settings/tokens/a-page-whose-address-is-longer-than-the-line-that-it-stands-on",
		Revocable:     true,
		Excerpt:       &Excerpt{Text: "\ttoken = \"exa_…\"  # for the shop", Start: 10, End: 17},
	}
}

func samplePair() *Finding {
	return &Finding{
		Fingerprint: objectID("2f")[:32], Rule: "example-pair", Provider: "Example", Name: "Example key pair", Severity: "critical", Confidence: "medium",
		Secret: "line one\nline two\n", Redacted: "exk_…",
		Place:      Place{Path: ref("a.json"), Line: ref(2), EndLine: ref(4), Column: ref(1), Commit: ref(objectID("9")), Source: "blob", Author: "李雷", Date: "2020-01-01T00:00:00Z", Committed: "2020-01-01T00:00:00Z"},
		Introduced: &Introduction{Commit: ref(objectID("9")), Date: "2020-01-01T00:00:00Z", Committed: "2020-01-01T00:00:00Z", Uncertain: true},
		AtHead:     ref(true), ExposedSeconds: ref(int64(3 * 365.25 * 86400)),
		Tips:    []string{"HEAD", "refs/heads/main"},
		Decoded: []string{"base64", "utf-16"},
		Parts:   []Part{{Name: "secret", SecretB64: "/w==", Redacted: "Ab3d…", Commit: ref(objectID("9")), Path: ref("b.json"), Line: ref(7), Column: ref(2)}},
		Verdict: Verdict{Status: "active", Reason: "200 OK", CheckedAt: "2024-01-01T00:00:00Z", Identity: map[string]string{"user": "shop"}},
		Excerpt: &Excerpt{Text: "名前 exk_…", Start: 7, End: 14},
	}
}

func sampleMessage() *Finding {
	return &Finding{
		Fingerprint: objectID("3f")[:32], Rule: "example-token", Provider: "Example", Name: "Example token", Severity: "medium", Confidence: "low",
		Redacted: "exa_…",
		Place: Place{Line: ref(3), Column: ref(1), Commit: ref(objectID("b")), Source: "message",
			Author: "Mallory\x1b[2J\u202e ::error::x", Date: "2024-03-02T10:11:12+01:00", Committed: "2024-03-02T10:11:12+01:00"},
		Introduced: &Introduction{Commit: ref(objectID("b")), Boundary: true},
		AtHead:     ref(false),
		Excerpt:    &Excerpt{Text: "::warning::\x1b[31m exa_… ##[error]\u009b \u200b\u2066", Start: 17, End: 24},
	}
}

func sampleLongLine() *Finding {
	return &Finding{
		Fingerprint: objectID("4f")[:32], Rule: "example-token", Provider: "Example", Name: "Example token with a name that says much about it", Severity: "low", Confidence: "high",
		SecretB64: "/v8=", Redacted: "…",
		Place:   Place{Path: ref(`caf\xe9/` + strings.Repeat("deep/", 20) + "x.env"), PathB64: "Y2Fm6Q==", Line: ref(100000), Column: ref(300), Source: "worktree"},
		Excerpt: &Excerpt{Text: strings.Repeat("before ", 40) + "…" + strings.Repeat(" after", 40), Start: 280, End: 283},
	}
}

// play sends a run to a handler.
func play(t *testing.T, h Handler, c *Config, findings []*Finding, v *Coverage) {
	t.Helper()
	if err := h.Config(c); err != nil {
		t.Fatal(err)
	}
	for _, f := range findings {
		if err := h.Finding(f); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.Coverage(v); err != nil {
		t.Fatal(err)
	}
	if err := h.Done(); err != nil {
		t.Fatal(err)
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	unix := func(b []byte) string { return string(bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n"))) }
	if diff := cmp.Diff(unix(want), unix(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

func TestGolden(t *testing.T) {
	text := func(o TextOptions) func(*bytes.Buffer) Handler {
		return func(b *bytes.Buffer) Handler { return NewText(b, o) }
	}
	tests := []struct {
		file   string
		handle func(*bytes.Buffer) Handler
	}{
		{"all.txt", text(TextOptions{})},
		{"wide.txt", text(TextOptions{Width: 120})},
		{"color.txt", text(TextOptions{Color: true})},
		{"secrets.txt", text(TextOptions{ShowSecrets: true})},
		{"quiet.txt", text(TextOptions{Quiet: true})},
		{"all.json", func(b *bytes.Buffer) Handler { return NewJSON(b) }},
		{"all.jsonl", func(b *bytes.Buffer) Handler { return NewJSONL(b) }},
		{"all.sarif", func(b *bytes.Buffer) Handler { return NewSARIF(b) }},
		{"all.gitlab.json", func(b *bytes.Buffer) Handler { return NewGitLab(b) }},
		{"all.codequality.json", func(b *bytes.Buffer) Handler { return NewCodeQuality(b) }},
		{"all.junit.xml", func(b *bytes.Buffer) Handler { return NewJUnit(b) }},
		{"all.csv", func(b *bytes.Buffer) Handler { return NewCSV(b) }},
		{"all.markdown.md", func(b *bytes.Buffer) Handler { return NewMarkdown(b) }},
		{"all.azure.txt", func(b *bytes.Buffer) Handler { return NewAzure(b) }},
		{"all.github.txt", func(b *bytes.Buffer) Handler { return NewGitHub(b) }},
	}
	for _, tt := range tests {
		t.Run(tt.file, func(t *testing.T) {
			var b bytes.Buffer
			c, f, v := sample()
			play(t, tt.handle(&b), c, f, v)
			golden(t, tt.file, b.Bytes())
		})
	}
}

func TestGoldenCoverage(t *testing.T) {
	skipped := func(n int) (list []Skipped) {
		for range n {
			list = append(list, Skipped{Class: "missing", What: objectID("ef"), Why: "is not there, in no pack and not loose"})
		}
		return list
	}
	accepted := Skipped{Class: "policy", What: "assets/big.bin", Why: "LFS pointer without its object", Accepted: "no text"}
	base := Coverage{Refs: 1, Commits: 1, Blobs: 1, Complete: true, Duration: 0.04}
	tests := []struct {
		file, mode string
		quiet      bool
		change     func(*Coverage)
	}{
		{"none.txt", "history", false, func(*Coverage) {}},
		{"none-quiet.txt", "history", true, func(*Coverage) {}},
		{"none-dir.txt", "dir", false, func(c *Coverage) { c.Files, c.Bytes = 1234, 3<<20 }},
		{"none-stdin.txt", "stdin", false, func(c *Coverage) { c.Files, c.Bytes = 1, 17 }},
		{"none-staged.txt", "staged", false, func(c *Coverage) { c.Blobs = 3 }},
		{"none-accepted.txt", "history", false, func(c *Coverage) { c.Skipped = []Skipped{accepted} }},
		{"incomplete.txt", "history", false, func(c *Coverage) {
			c.Complete, c.Skipped = false, append(skipped(23), accepted)
			c.Summary = Summary{Filtered: 3, BelowConfidence: 1200}
		}},
		{"incomplete-quiet.txt", "range", true, func(c *Coverage) { c.Complete, c.Skipped = false, skipped(1) }},
	}
	for _, tt := range tests {
		t.Run(tt.file, func(t *testing.T) {
			var b bytes.Buffer
			c, _, _ := sample()
			c.Mode = tt.mode
			v := base
			tt.change(&v)
			play(t, NewText(&b, TextOptions{Quiet: tt.quiet}), c, nil, &v)
			golden(t, tt.file, b.Bytes())
		})
	}
}
