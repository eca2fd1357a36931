package rules

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

func readDocs(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("../docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestDocsExamples loads every example of docs/rules.md.
func TestDocsExamples(t *testing.T) {
	blocks := regexp.MustCompile("(?ms)^```toml( config)?\n(.*?)^```").FindAllStringSubmatch(readDocs(t), -1)
	if len(blocks) < 7 {
		t.Fatalf("%d examples", len(blocks))
	}
	for _, b := range blocks {
		parse := Parse
		if b[1] != "" {
			parse = ParseConfigRules
		}
		if set, err := parse("docs.toml", []byte(b[2]), Vocabulary{}); err != nil || len(set) != 1 {
			t.Errorf("%d rules, %v in\n%s", len(set), err, b[2])
		}
	}
}

// TestDocsClasses compares the table of classes with the classes.
func TestDocsClasses(t *testing.T) {
	docs := readDocs(t)
	for name := range strings.SplitSeq(classNames, ", ") {
		row := regexp.MustCompile("(?m)^\\| `" + name + "` \\| (.*) \\|$").FindStringSubmatch(docs)
		if row == nil {
			t.Errorf("class %s is not documented", name)
			continue
		}
		text := "[" + strings.Trim(row[1], "`") + "]"
		switch name {
		case "graph":
			text = "[!-~]"
		case "print":
			text = "[ -~]"
		}
		want, _ := Alphabet(name)
		if got, err := ParseSet(text); err != nil || got != want {
			t.Errorf("class %s is documented as %s (%v)", name, text, err)
		}
	}
}

// TestDocsKeys checks that each key of the schema is documented.
func TestDocsKeys(t *testing.T) {
	docs := readDocs(t)
	_, err := Parse("f.toml", []byte("[[rule]]\nno-such-key = 1\n[[rule.part]]\nno-such-key = 1\n[[rule.format]]\nno-such-key = 1\n"), Vocabulary{})
	if err == nil {
		t.Fatal("unknown keys are accepted")
	}
	lists := regexp.MustCompile("the keys here are (.*)").FindAllStringSubmatch(err.Error(), -1)
	if len(lists) != 3 {
		t.Fatalf("%d lists of keys in %v", len(lists), err)
	}
	for _, list := range lists {
		for key := range strings.SplitSeq(list[1], ", ") {
			header := key == "match" || key == "part" || key == "verify" || key == "revoke"
			if !strings.Contains(docs, "`"+key+"`") && !(header && strings.Contains(docs, "rule."+key+"]")) {
				t.Errorf("key %s is not documented", key)
			}
		}
	}
}
