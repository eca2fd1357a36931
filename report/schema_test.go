package report

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	data, err := os.ReadFile("../docs/report.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("urn:mudlark:report:1", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("urn:mudlark:report:1")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func validate(s *jsonschema.Schema, text []byte) error {
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return err
	}
	return s.Validate(v)
}

// runs are the messages whose JSON is validated.
func runs() map[string]func() (*Config, []*Finding, *Coverage) {
	return map[string]func() (*Config, []*Finding, *Coverage){
		"sample": sample,
		"empty": func() (*Config, []*Finding, *Coverage) {
			return &Config{SchemaVersion: SchemaVersion, Tool: Tool{Name: "mudlark"}, Mode: "stdin"}, nil, &Coverage{}
		},
		"incomplete": func() (*Config, []*Finding, *Coverage) {
			c, f, v := sample()
			v.Complete = false
			v.Skipped = []Skipped{{Class: "damaged", What: "x", Why: "y"}, {Class: "limit", What: "x", Why: "y", Accepted: "z"}}
			return c, f, v
		},
	}
}

func TestJSONIsValid(t *testing.T) {
	s := schema(t)
	for name, run := range runs() {
		t.Run(name, func(t *testing.T) {
			var doc, lines bytes.Buffer
			c, f, v := run()
			play(t, Multi(NewJSON(&doc), NewJSONL(&lines)), c, f, v)
			if err := validate(s, doc.Bytes()); err != nil {
				t.Errorf("document: %v\n%s", err, doc.Bytes())
			}
			if n := bytes.Count(lines.Bytes(), []byte("\n")); n != len(f)+2 {
				t.Errorf("%d lines; want %d", n, len(f)+2)
			}
			for l := range bytes.Lines(lines.Bytes()) {
				if err := validate(s, l); err != nil {
					t.Errorf("line: %v\n%s", err, l)
				}
			}
		})
	}
}

// TestSchemaIsStrict changes valid output and demands that the schema notices.
func TestSchemaIsStrict(t *testing.T) {
	s := schema(t)
	var b bytes.Buffer
	c, f, v := sample()
	play(t, NewJSON(&b), c, f, v)
	tests := map[string]func(*testing.T, map[string]any){
		"unknown key":               func(t *testing.T, m map[string]any) { m["x"] = 1 },
		"unknown key in finding":    func(t *testing.T, m map[string]any) { m["findings"].([]any)[0].(map[string]any)["x"] = 1 },
		"unknown key in occurrence": func(t *testing.T, m map[string]any) { deep(t, m, "occurrences")["x"] = 1 },
		"unknown key in part":       func(t *testing.T, m map[string]any) { deep(t, m, "parts")["x"] = 1 },
		"unknown key in coverage":   func(t *testing.T, m map[string]any) { m["coverage"].(map[string]any)["x"] = 1 },
		"summary in coverage":       func(t *testing.T, m map[string]any) { m["coverage"].(map[string]any)["summary"] = m["summary"] },
		"unknown key in summary":    func(t *testing.T, m map[string]any) { m["summary"].(map[string]any)["x"] = 1 },
		"null list":                 func(t *testing.T, m map[string]any) { m["findings"].([]any)[0].(map[string]any)["tips"] = nil },
		"missing at_head":           func(t *testing.T, m map[string]any) { delete(m["findings"].([]any)[0].(map[string]any), "at_head") },
		"type in document":          func(t *testing.T, m map[string]any) { m["type"] = "config" },
		"unknown mode":              func(t *testing.T, m map[string]any) { m["mode"] = "x" },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			var m map[string]any
			if err := json.Unmarshal(b.Bytes(), &m); err != nil {
				t.Fatal(err)
			}
			change(t, m)
			text, err := json.Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			if validate(s, text) == nil {
				t.Error("the schema accepts it")
			}
		})
	}
}

// deep returns the first element of the finding's list that is not empty.
func deep(t *testing.T, m map[string]any, list string) map[string]any {
	t.Helper()
	for _, f := range m["findings"].([]any) {
		if l := f.(map[string]any)[list].([]any); len(l) > 0 {
			return l[0].(map[string]any)
		}
	}
	t.Fatalf("no finding has %s", list)
	return nil
}

// TestKeyOrder keeps the order of keys that people read.
func TestKeyOrder(t *testing.T) {
	var b bytes.Buffer
	c, f, v := sample()
	play(t, NewJSON(&b), c, f[:1], v)
	at := -1
	for _, key := range []string{"schema_version", "tool", "target", "mode", "rules_hash", "findings", "fingerprint", "rule", "provider", "name",
		"severity", "confidence", "secret", "redacted", "path", "line", "column", "commit", "author", "email", "date", "introduced", "occurrences",
		"at_head", "removed", "tips", "reachable_from", "decoded", "parts", "verdict", "rotate", "revocable", "coverage", "summary"} {
		i := strings.Index(b.String()[at+1:], `"`+key+`":`)
		if i < 0 {
			t.Fatalf("%s is missing or too early", key)
		}
		at += 1 + i
	}
}
