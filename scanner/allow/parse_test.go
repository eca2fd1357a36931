package allow

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"
)

const fingerprint = "0123456789abcdef0123456789abcdef"

func TestParseIgnore(t *testing.T) {
	t.Parallel()
	until := time.Date(2027, 1, 31, 23, 59, 59, 999999999, time.UTC)
	tests := []struct {
		line    string
		want    Entry // without By, File, Line, Text
		problem string
	}{
		{line: "# comment"},
		{line: "   "},
		{line: fingerprint, want: Entry{Fingerprint: fingerprint}},
		{line: strings.ToUpper(fingerprint) + " # why", want: Entry{Fingerprint: fingerprint, Reason: "why"}},
		{line: fingerprint + "  until=2027-01-31  # a #b", want: Entry{Fingerprint: fingerprint, Until: until, Reason: "a #b"}},
		{line: "path: a/**", want: Entry{Paths: []string{"a/**"}}},
		{line: "path:a b/c#d.txt", want: Entry{Paths: []string{"a b/c#d.txt"}}},
		{line: "path: a b  rule: Stripe until=2027-01-31", want: Entry{Paths: []string{"a b"}, Rules: []string{"stripe"}, Until: until}},
		{line: "rule:aws path: x path: y", want: Entry{Rules: []string{"aws"}, Paths: []string{"x", "y"}}},
		{line: "\xef\xbb\xbfpath: x", want: Entry{Paths: []string{"x"}}},
		{line: "path:", problem: "path: names nothing"},
		{line: "path: rule: x", problem: "path: names nothing"},
		{line: "until=2027-01-31", problem: "the line names no finding"},
		{line: fingerprint + " until=tomorrow", problem: `"tomorrow" is no date`},
		{line: fingerprint + " " + fingerprint, problem: `"0123…" is not understood`},
		{line: "rule: a b", problem: `"b" is not understood`},
		{line: "path: \xff", problem: "the line is no UTF-8"},
		{line: "path: " + strings.Repeat("x", maxLine), problem: "the line has 8199 bytes"},
	}
	for _, tt := range tests {
		f := ParseIgnore("x", []byte("\n"+tt.line+"\r\n"))
		if strings.HasPrefix(tt.line, "\xef") {
			f = ParseIgnore("x", []byte(tt.line))
		}
		switch {
		case tt.problem != "":
			if len(f.Problems) != 1 || len(f.Entries) != 0 || f.Problems[0].Text != tt.problem || f.Problems[0].Line != 2 {
				t.Errorf("%q: problems %v, entries %v", tt.line, f.Problems, f.Entries)
			}
		case len(f.Problems) > 0:
			t.Errorf("%q: %v", tt.line, f.Problems)
		case tt.want.Fingerprint == "" && tt.want.Paths == nil && tt.want.Rules == nil:
			if len(f.Entries) > 0 {
				t.Errorf("%q: %v", tt.line, f.Entries)
			}
		case len(f.Entries) != 1:
			t.Errorf("%q: %v", tt.line, f.Entries)
		default:
			e := f.Entries[0]
			if e.Fingerprint != tt.want.Fingerprint || !slices.Equal(e.Paths, tt.want.Paths) || !slices.Equal(e.Rules, tt.want.Rules) || !e.Until.Equal(tt.want.Until) || e.Reason != tt.want.Reason {
				t.Errorf("%q: %+v", tt.line, e)
			}
		}
	}
}

func TestParseGitleaksIgnore(t *testing.T) {
	t.Parallel()
	commit := strings.Repeat("ab", 20)
	f := ParseGitleaksIgnore("x", []byte(commit+":a:b/c.txt:Some-Rule:12\n./d\\e.txt:rule:1 # why\n\nno\n:rule:1\na:rule:x\na: :1\n"))
	want := []Entry{
		{Commit: commit, Path: "a:b/c.txt", PeerRule: "some-rule", PathLine: 12},
		{Path: "d/e.txt", PeerRule: "rule", PathLine: 1, Reason: "why"},
	}
	if len(f.Entries) != len(want) || len(f.Problems) != 4 {
		t.Fatalf("entries %+v, problems %v", f.Entries, f.Problems)
	}
	for i, w := range want {
		if e := f.Entries[i]; e.Commit != w.Commit || e.Path != w.Path || e.PeerRule != w.PeerRule || e.PathLine != w.PathLine || e.Reason != w.Reason {
			t.Errorf("%+v, want %+v", e, w)
		}
	}
}

func TestBaselineRoundTrip(t *testing.T) {
	t.Parallel()
	list := []Known{{Fingerprint: fingerprint, Rule: "b-c", Path: "z\"\n", Line: 3, Reason: "why"}, {Fingerprint: strings.Repeat("f", 32), Rule: "a-b"}}
	var out bytes.Buffer
	if err := WriteBaseline(&out, "0badcafe", list); err != nil {
		t.Fatal(err)
	}
	f, err := ParseBaseline("x", out.Bytes())
	if err != nil || f.Format != "mudlark" || f.KeyCheck != "0badcafe" || len(f.Entries) != 2 || f.Entries[1].Reason != "why" {
		t.Errorf("%+v, %v", f, err)
	}
	back, err := ReadKnown(out.Bytes())
	if err != nil || len(back) != 2 || back[1] != list[0] {
		t.Errorf("%+v, %v", back, err)
	}
	for _, text := range []string{"", "x", "{}", "[1]", `{"mudlark_baseline": 2}`, `{"mudlark_baseline": "x"}`, `{"a": [`, "null"} {
		if f, err := ParseBaseline("x", []byte(text)); err == nil {
			t.Errorf("%q: %+v", text, f)
		}
	}
}

// FuzzParse reads all formats. No input may panic, an entry must name something, and no problem may show more than a word.
func FuzzParse(f *testing.F) {
	f.Add([]byte(fingerprint + " until=2027-01-31 # x\npath: a rule: b\n"))
	f.Add([]byte(strings.Repeat("ab", 20) + ":a:b:1\n"))
	f.Add([]byte(`{"mudlark_baseline": 1, "key": "x", "findings": [{"fingerprint": "` + fingerprint + `"}]}`))
	f.Add([]byte(`[{"RuleID": "x", "File": "y", "Secret": "REDACTED", "Commit": "abc", "StartLine": 1}]`))
	f.Add([]byte(`{"results": {"a": [{"type": "x", "hashed_secret": "` + strings.Repeat("ab", 20) + `", "line_number": 1}]}}`))
	f.Add([]byte(`{"DetectorName": "x", "Raw": "", "SourceMetadata": {"Data": {"Git": {"file": "a", "line": 1, "commit": "b"}}}}` + "\n{}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		files := []*File{ParseIgnore("x", data), ParseGitleaksIgnore("x", data)}
		if b, err := ParseBaseline("x", data); err == nil {
			files = append(files, b)
		}
		for _, file := range files {
			for i := range file.Entries {
				e := &file.Entries[i]
				if e.Fingerprint == "" && len(e.Paths) == 0 && len(e.Rules) == 0 && e.Path == "" && e.SecretSHA1 == "" && e.SecretSHA256 == "" {
					t.Errorf("an entry that names nothing: %+v", e)
				}
			}
			if len(file.Problems) > maxProblems && file.Format != "mudlark" && len(file.Problems) > len(data) {
				t.Errorf("%d problems of %d bytes", len(file.Problems), len(data))
			}
		}
	})
}
