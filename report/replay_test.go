package report

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func savedAs(t *testing.T, handler func(io.Writer) Handler, c *Config, f []*Finding, v *Coverage) Saved {
	t.Helper()
	var b bytes.Buffer
	play(t, handler(&b), c, f, v)
	return Saved{Name: "saved", Data: bytes.NewReader(b.Bytes()), Size: int64(b.Len())}
}

// TestReplayIsTheSame sends saved runs to every handler: it must write what it would have written for the run.
func TestReplayIsTheSame(t *testing.T) {
	handlers := map[string]func(io.Writer) Handler{
		"json": NewJSON, "jsonl": NewJSONL, "sarif": NewSARIF, "gitlab": NewGitLab, "junit": NewJUnit, "csv": NewCSV, "html": NewHTML,
		"text": func(w io.Writer) Handler { return NewText(w, TextOptions{ShowSecrets: true}) },
	}
	for name, run := range runs() {
		c, f, v := run()
		for _, format := range []string{"json", "jsonl"} {
			saved := savedAs(t, handlers[format], c, f, v)
			for to, handler := range handlers {
				var want, got bytes.Buffer
				play(t, handler(&want), c, f, v)
				if err := Replay(handler(&got), []Saved{saved}); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want.String(), got.String()); diff != "" {
					t.Errorf("%s, %s to %s:\n%s", name, format, to, diff)
				}
			}
		}
	}
}

// TestReplayGivesTheSameBytes writes every format a hundred times.
func TestReplayGivesTheSameBytes(t *testing.T) {
	c, f, v := sample()
	f[1].Verdict.Identity = map[string]string{"a": "1", "b": "2", "c": "3", "d": "4"}
	saved := savedAs(t, NewJSONL, c, f, v)
	for name, handler := range map[string]func(io.Writer) Handler{
		"sarif": NewSARIF, "gitlab": NewGitLab, "codequality": NewCodeQuality, "junit": NewJUnit, "csv": NewCSV, "html": NewHTML, "github": NewGitHub, "azure": NewAzure,
		"markdown": NewMarkdown, "json": NewJSON, "text": func(w io.Writer) Handler { return NewText(w, TextOptions{}) },
	} {
		var first []byte
		for range 100 {
			var b bytes.Buffer
			if err := Replay(handler(&b), []Saved{saved, saved}); err != nil {
				t.Fatal(err)
			}
			if first == nil {
				first = b.Bytes()
			}
			if !bytes.Equal(first, b.Bytes()) {
				t.Errorf("%s differs from run to run", name)
				break
			}
		}
	}
}

// recorder keeps what it is sent.
type recorder struct {
	config   *Config
	findings []*Finding
	coverage *Coverage
}

func (r *recorder) Config(c *Config) error     { r.config = c; return nil }
func (r *recorder) Finding(f *Finding) error   { r.findings = append(r.findings, f); return nil }
func (r *recorder) Coverage(c *Coverage) error { r.coverage = c; return nil }
func (r *recorder) Done() error                { return nil }

// TestReplayMerges puts two reports together that have a finding in common.
func TestReplayMerges(t *testing.T) {
	c, f, v := sample()
	c2, f2, v2 := sample()
	c2.Target, v2.Complete, v2.Skipped = "/src/other", false, []Skipped{{Class: "missing", What: "x", Why: "y"}}
	again := f2[0]
	again.Place = Place{Path: ref("copy.py"), Line: ref(1), Column: ref(1), Commit: ref(objectID("55")), Source: "blob", Committed: "2030-01-01T00:00:00Z"}
	again.AtHead, again.Removed, again.Tips = ref(true), nil, []string{"HEAD"}
	again.Verdict = Verdict{Status: "active", CheckedAt: "2030-01-01T00:00:00Z"}
	var got recorder
	if err := Replay(&got, []Saved{savedAs(t, NewJSON, c, f, v), savedAs(t, NewJSONL, c2, []*Finding{again}, v2)}); err != nil {
		t.Fatal(err)
	}
	if got.config.Target != "/src/shop, /src/other" || got.coverage.Complete || got.coverage.Commits != 2*v.Commits || got.coverage.Skipped[0].What != "/src/other: x" {
		t.Errorf("%+v\n%+v", got.config, got.coverage)
	}
	if len(got.findings) != len(f) || got.coverage.Summary.Findings != len(f) || got.coverage.Summary.ByVerdict["active"] != 2 {
		t.Fatalf("%d findings; %+v", len(got.findings), got.coverage.Summary)
	}
	if !slices.IsSortedFunc(got.findings, func(a, b *Finding) int { return int(unixTime(a.Committed)/1000 - unixTime(b.Committed)/1000) }) {
		t.Error("the findings are not in order")
	}
	i := slices.IndexFunc(got.findings, func(one *Finding) bool { return one.Fingerprint == again.Fingerprint })
	m := got.findings[i]
	if *m.Path != "src/config.py" || len(m.Occurrences) != len(f[0].Occurrences)+1 || !*m.AtHead || m.Removed != nil || m.Verdict.Status != "active" || len(m.Tips) != 1 {
		t.Errorf("%+v", m)
	}
}

// TestReplayRefuses what is no report, or only a part of one, without repeating it.
func TestReplayRefuses(t *testing.T) {
	c, f, v := sample()
	var doc, lines bytes.Buffer
	play(t, Multi(NewJSON(&doc), NewJSONL(&lines)), c, f, v)
	tests := map[string]string{
		"nothing": "", "no JSON": "hello", "a list": "[]", "another object": `{"a": {"b": 1}}`, "a number": "1", "another line": `{"type":"x"}`,
		"another version":        strings.Replace(doc.String(), `"schema_version": "1"`, `"schema_version": "7"`, 1),
		"lines without coverage": lines.String()[:strings.LastIndex(strings.TrimSpace(lines.String()), "\n")],
	}
	for n := 1; n < doc.Len(); n += 97 {
		tests["cut document at "+grouped(int64(n))] = doc.String()[:n]
	}
	for name, text := range tests {
		err := Replay(NewJSON(io.Discard), []Saved{{Name: "x", Data: strings.NewReader(text), Size: int64(len(text))}})
		if !errors.Is(err, ErrNoReport) || strings.Contains(err.Error(), "exa_") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzReplay(f *testing.F) {
	f.Add(`{"type":"config","schema_version":"1"}` + "\n" + `{"type":"finding","path":"x"}` + "\n" + `{"type":"coverage"}`)
	f.Add(`{"schema_version":"1","findings":[{"excerpt":{"text":"x","start":-1,"end":9}}],"coverage":{},"summary":{}}`)
	f.Fuzz(func(t *testing.T, text string) {
		h := Multi(NewJSON(io.Discard), NewSARIF(io.Discard), NewGitLab(io.Discard), NewText(io.Discard, TextOptions{}), NewHTML(io.Discard), NewCSV(io.Discard), NewJUnit(io.Discard))
		if err := Replay(h, []Saved{{Name: "x", Data: strings.NewReader(text), Size: int64(len(text))}}); err != nil && !errors.Is(err, ErrNoReport) {
			t.Errorf("%v", err)
		}
	})
}
