package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// hostileRun is a run of which every text is an attack, but for those that the scanner itself chooses.
func hostileRun() (*Config, []*Finding, *Coverage) {
	c, sampled, v := sample()
	var findings []*Finding
	for i, source := range []string{"blob", "message", "author", "tag", "path", "note", "stdin", "index", "worktree", "file"} {
		f := &Finding{}
		poison(reflect.ValueOf(f))
		f.Fingerprint, f.Severity, f.Source = objectID(fmt.Sprint(i) + "c")[:32], sampled[i%4].Severity, source
		f.Excerpt = &Excerpt{Text: hostile + hostile + hostile, Start: len(hostile), End: 2 * len(hostile)}
		findings = append(findings, f)
	}
	v.Complete, v.Skipped = false, []Skipped{{Class: "damaged", What: hostile, Why: hostile}}
	return c, findings, v
}

func allRuns() map[string]func() (*Config, []*Finding, *Coverage) {
	all := runs()
	all["hostile"] = hostileRun
	return all
}

// sarifOfficialSchema returns the standard's own schema (Errata 01), which forbids unknown properties nearly everywhere. It is a constant of
// package sarif.
func sarifOfficialSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	dir, err := exec.Command("go", "list", "-f", "{{.Dir}}", "github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif").Output()
	if err != nil {
		t.Fatal(err)
	}
	file, err := parser.ParseFile(gotoken.NewFileSet(), filepath.Join(strings.TrimSpace(string(dir)), "schema.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	literal := file.Decls[0].(*ast.GenDecl).Specs[0].(*ast.ValueSpec).Values[0].(*ast.BasicLit)
	text, err := strconv.Unquote(literal.Value)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("sarif.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("sarif.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestSARIFIsValid validates logs by the standard's schema and has another implementation read them.
func TestSARIFIsValid(t *testing.T) {
	s := sarifOfficialSchema(t)
	for name, run := range allRuns() {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			c, f, v := run()
			play(t, NewSARIF(&b), c, f, v)
			if err := validate(s, b.Bytes()); err != nil {
				t.Errorf("%v\n%s", err, b.Bytes())
			}
			log, err := sarif.FromBytes(b.Bytes())
			if err != nil {
				t.Fatalf("%v\n%s", err, b.Bytes())
			}
			if len(log.Runs) != 1 || len(log.Runs[0].Results) != len(f) {
				t.Fatalf("%d runs; want one with %d results", len(log.Runs), len(f))
			}
			for _, r := range log.Runs[0].Results {
				if rule := log.Runs[0].Tool.Driver.Rules[r.RuleIndex]; *rule.ID != *r.RuleID {
					t.Errorf("result of rule %s points to rule %s", *r.RuleID, *rule.ID)
				}
			}
		})
	}
}

// TestSARIFKeepsToLimits sends more findings than GitHub takes.
func TestSARIFKeepsToLimits(t *testing.T) {
	var b bytes.Buffer
	c, f, v := sample()
	h := &sarifHandler{w: newJSONList(&b).w, limit: 10, ruleIndex: map[string]int{}}
	many := *f[0]
	many.Occurrences = slices.Repeat(many.Occurrences[:1], 500)
	findings := append(slices.Repeat([]*Finding{f[3]}, 20), &many, f[1])
	play(t, h, c, findings, v)
	log, err := sarif.FromBytes(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	results := log.Runs[0].Results
	if len(results) != 10 || results[0].Properties.Properties["redacted"] != f[1].Redacted || len(results[1].RelatedLocations) != sarifLocations {
		t.Errorf("%d results, the first %v, with %d related locations", len(results), results[0].Properties, len(results[1].RelatedLocations))
	}
	if n := log.Runs[0].Invocations[0].ToolExecutionNotifications; len(n) == 0 || !strings.Contains(*n[0].Message.Text, "12 findings more") {
		t.Errorf("notifications: %+v", n)
	}
}

// TestSARIFFingerprintSurvivesMoves changes everything about a finding but its secret.
func TestSARIFFingerprintSurvivesMoves(t *testing.T) {
	_, f, _ := sample()
	moved := *f[0]
	moved.Place = Place{Path: ref("elsewhere"), Line: ref(99), Commit: ref(objectID("77")), Source: "blob", Author: "Zed"}
	if got, want := sarifFingerprints(&moved), sarifFingerprints(f[0]); !reflect.DeepEqual(got, want) {
		t.Errorf("%v; before: %v", got, want)
	}
	if reflect.DeepEqual(sarifFingerprints(f[0]), sarifFingerprints(f[1])) {
		t.Error("two secrets have one fingerprint")
	}
}

// TestSARIFNamesNobody looks for people in the log.
func TestSARIFNamesNobody(t *testing.T) {
	var b bytes.Buffer
	c, f, v := sample()
	for _, one := range f {
		one.Author, one.Email = "Ann Person", "ann.person@example.org"
		for i := range one.Occurrences {
			one.Occurrences[i].Author, one.Occurrences[i].Email = "Ann Person", "ann.person@example.org"
		}
		one.Removed = &Removal{Commit: objectID("3"), Date: "2024-01-01T00:00:00Z", Author: "Ann Person"}
	}
	play(t, NewSARIF(&b), c, f, v)
	if strings.Contains(b.String(), "Person") || strings.Contains(b.String(), "ann.") {
		t.Errorf("a person is named:\n%s", b.String())
	}
}

// gitLabSchemas returns the schemas that reports for GitLab must obey: a strict one of our own, made by GitLab's documentation, and
// GitLab's, if the environment names the file.
func gitLabSchemas(t *testing.T) map[string]*jsonschema.Schema {
	schemas := map[string]*jsonschema.Schema{}
	files := []string{"testdata/gitlab.schema.json"}
	if official := os.Getenv("MUDLARK_TEST_GITLAB_SCHEMA"); official != "" {
		files = append(files, official)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		c := jsonschema.NewCompiler()
		if err := c.AddResource(file, doc); err != nil {
			t.Fatal(err)
		}
		if schemas[file], err = c.Compile(file); err != nil {
			t.Fatal(err)
		}
	}
	return schemas
}

// gitLabRuns are the states that a report can be in.
func gitLabRuns() map[string]func() (*Config, []*Finding, *Coverage) {
	all := allRuns()
	with := func(change func(c *Config, f []*Finding, v *Coverage) []*Finding) func() (*Config, []*Finding, *Coverage) {
		return func() (*Config, []*Finding, *Coverage) {
			c, f, v := sample()
			return c, change(c, f, v), v
		}
	}
	all["a thousand findings"] = with(func(_ *Config, f []*Finding, _ *Coverage) (all []*Finding) {
		for i := range 1000 {
			one := *f[i%len(f)]
			one.Fingerprint = fmt.Sprintf("%032x", i+1)
			all = append(all, &one)
		}
		return all
	})
	all["texts longer than the format allows for"] = with(func(_ *Config, f []*Finding, v *Coverage) []*Finding {
		long := strings.Repeat("long ", 300_000)
		f[0].Name, f[0].Rule, f[0].Redacted, f[0].Author, f[0].Rotate, f[0].Path = long, long, long, long, "https://example.org/"+long, &long
		f[0].Verdict, f[0].Excerpt = Verdict{Status: "unknown", Reason: long}, &Excerpt{Text: long}
		v.Complete, v.Skipped = false, []Skipped{{Class: "damaged", What: long, Why: long}}
		return f[:1]
	})
	for _, status := range []string{"active", "inactive", "expired", "unknown", "unsupported", "skipped"} {
		all[status] = with(func(_ *Config, f []*Finding, _ *Coverage) []*Finding {
			for _, one := range f {
				one.Verdict = Verdict{Status: status, Reason: "said so", CheckedAt: "2024-01-01T00:00:00Z", Identity: map[string]string{"user": ""}}
			}
			return f
		})
	}
	all["merged"] = with(func(_ *Config, f []*Finding, v *Coverage) []*Finding {
		other := *f[0]
		other.Path, other.Commit = ref("elsewhere"), nil
		return append(f[1:], merge(f[0], &other), merge(&other, f[0]))
	})
	return all
}

func TestGitLabIsValid(t *testing.T) {
	for file, s := range gitLabSchemas(t) {
		for name, run := range gitLabRuns() {
			t.Run(file+" "+name, func(t *testing.T) {
				var b bytes.Buffer
				c, f, v := run()
				play(t, NewGitLab(&b), c, f, v)
				if err := validate(s, b.Bytes()); err != nil {
					t.Errorf("%v\n%.5000s", err, b.Bytes())
				}
			})
		}
		if validate(s, []byte(`{"version": "15.2.1", "vulnerabilities": [{"id": "x", "identifiers": [{"type": "a", "name": "b", "value": "c"}], "location": {"file": "x"}}]}`)) == nil {
			t.Errorf("%s accepts a finding without a commit", file)
		}
	}
}

func TestFingerprintUUID(t *testing.T) {
	// The name of RFC 9562 appendix A.4 in its name space of DNS is another one; this checks the form, and that it depends on the name.
	form := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	a, b := fingerprintUUID("1"), fingerprintUUID("2")
	if !form.MatchString(a) || !form.MatchString(b) || a == b || a != fingerprintUUID("1") {
		t.Errorf("%s, %s", a, b)
	}
}

func TestCodeQuality(t *testing.T) {
	for name, run := range allRuns() {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			c, f, v := run()
			play(t, NewCodeQuality(&b), c, f, v)
			d := json.NewDecoder(&b)
			d.DisallowUnknownFields()
			var issues []codeQualityIssue
			if err := d.Decode(&issues); err != nil || len(issues) != len(f) {
				t.Fatalf("%d issues of %d findings; %v", len(issues), len(f), err)
			}
			seen := map[string]bool{}
			for _, i := range issues {
				if i.Description == "" || i.Location.Path == "" || i.Location.Lines.Begin < 1 || seen[i.Fingerprint] ||
					!slices.Contains([]string{"info", "minor", "major", "critical", "blocker"}, i.Severity) {
					t.Errorf("%+v", i)
				}
				seen[i.Fingerprint] = true
			}
		})
	}
}

func TestJUnitCounts(t *testing.T) {
	type suites struct {
		Suites []struct {
			Tests    int `xml:"tests,attr"`
			Failures int `xml:"failures,attr"`
			Errors   int `xml:"errors,attr"`
			Cases    []struct {
				Name    string    `xml:"name,attr"`
				Class   string    `xml:"classname,attr"`
				Failure *struct{} `xml:"failure"`
				Error   *struct{} `xml:"error"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	for name, run := range allRuns() {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			c, f, v := run()
			play(t, NewJUnit(&b), c, f, v)
			var got suites
			if err := xml.Unmarshal(b.Bytes(), &got); err != nil || len(got.Suites) != 1 {
				t.Fatalf("%d suites, %v\n%s", len(got.Suites), err, b.Bytes())
			}
			s := got.Suites[0]
			failures, errors := 0, 0
			for _, c := range s.Cases {
				if c.Name == "" || c.Class == "" {
					t.Errorf("a case has no name: %+v", c)
				}
				if c.Failure != nil {
					failures++
				}
				if c.Error != nil {
					errors++
				}
			}
			if s.Tests != len(s.Cases) || s.Tests == 0 || s.Failures != failures || s.Failures != len(f) || s.Errors != errors || (errors > 0) == v.Complete && len(v.Skipped) > 0 {
				t.Errorf("%+v: %d failures and %d errors", s, failures, errors)
			}
		})
	}
}

func TestCSVIsNoProgram(t *testing.T) {
	for name, run := range allRuns() {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			c, f, v := run()
			play(t, NewCSV(&b), c, f, v)
			rows, err := csv.NewReader(&b).ReadAll()
			if err != nil || len(rows) != len(f)+1 {
				t.Fatalf("%d rows of %d findings; %v", len(rows), len(f), err)
			}
		})
	}
	for _, lead := range []string{"=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "\r=1", "＝1", "|calc", "'=1", "\u3000@x"} {
		if got := csvCell(lead); !strings.HasPrefix(got, "'") {
			t.Errorf("%q becomes %q", lead, got)
		}
	}
	if got := csvCell("src/a-b.py"); got != "src/a-b.py" {
		t.Errorf("a path becomes %q", got)
	}
}

// TestReportsForOthersHoldNoSecrets gives findings with secrets in full to the handlers of reports that leave the machine.
func TestReportsForOthersHoldNoSecrets(t *testing.T) {
	secret := "exa_" + strings.Repeat("Zq7", 12)
	companion := strings.Repeat("pT4", 9)
	for name, handler := range map[string]func(io.Writer) Handler{
		"sarif": NewSARIF, "gitlab": NewGitLab, "codequality": NewCodeQuality, "junit": NewJUnit, "github": NewGitHub, "azure": NewAzure, "markdown": NewMarkdown,
		"discreet json": func(w io.Writer) Handler { return Discreet(NewJSON(w)) },
		"discreet text": func(w io.Writer) Handler { return Discreet(NewText(w, TextOptions{ShowSecrets: true})) },
		"discreet csv":  func(w io.Writer) Handler { return Discreet(NewCSV(w)) },
	} {
		t.Run(name, func(t *testing.T) {
			c, f, v := sample()
			one := f[1]
			one.Secret, one.Redacted = secret, "exa_…"
			one.Parts[0].SecretB64, one.Parts[0].Secret = "", companion
			one.Path, one.Occurrences = ref("keys/"+secret), []Place{{Path: ref("old/" + secret), Source: "path", Author: companion}}
			one.Excerpt = &Excerpt{Text: "a " + secret + " " + companion, Start: 2, End: 2 + len(secret)}
			one.Verdict.Identity = map[string]string{"echo": secret}
			var b bytes.Buffer
			play(t, handler(&b), c, f[1:2], v)
			if strings.Contains(b.String(), secret) || strings.Contains(b.String(), companion) {
				t.Errorf("a secret is in\n%s", b.String())
			}
			if one.Secret == "" || one.Occurrences[0].Author != companion {
				t.Error("the finding itself was changed")
			}
		})
	}
}

// TestGitHubShowsTheWorstFirst sends more findings than GitHub shows.
func TestGitHubShowsTheWorstFirst(t *testing.T) {
	_, f, v := sample()
	var b bytes.Buffer
	play(t, NewGitHub(&b), &Config{}, append(slices.Repeat([]*Finding{f[0]}, 14), f[1]), v)
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	if n := strings.Count(b.String(), "::error "); n != githubShown || len(lines) != 15 {
		t.Errorf("%d commands in %d lines", n, len(lines))
	}
	if !strings.Contains(lines[0], "which works") || !strings.HasPrefix(lines[14], "error: ") {
		t.Errorf("first %s, last %s", lines[0], lines[14])
	}
}

// TestMarkdownIsText makes sure that foreign text is no Markdown and no HTML, whatever it holds.
func TestMarkdownIsText(t *testing.T) {
	attack := "<img src=x onerror=1> ![a](https://evil.example/x.png) [b](https://evil.example) @ann #1 `x` | y ~~z~~ **w** https://evil.example"
	c, f, v := sample()
	for _, one := range f {
		one.Name, one.Redacted, one.Path, one.Severity = attack, attack, ref(attack), attack
		one.Rotate = "javascript:alert(1)"
	}
	v.Skipped = []Skipped{{What: attack, Why: attack}}
	var b bytes.Buffer
	play(t, NewMarkdown(&b), c, f, v)
	for _, bad := range []string{"<img", "![", "](http", "@ann", "`", "**", "https://evil", "javascript:"} {
		if strings.Contains(b.String(), bad) {
			t.Errorf("%q is in\n%s", bad, b.String())
		}
	}
}
