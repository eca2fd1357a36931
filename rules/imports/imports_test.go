package imports

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"mudlark/rules"
)

func TestGitleaksNotes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text string
		want       []string // notes or, with "!", the error
	}{
		{"unknown keys", "colour = 1\n[[rules]]\nid = \"a\"\nregex = \"abc\"\nx = 1\n[[rules.allowlists]]\ny = 1\npaths = [\"p\"]\n",
			[]string{"rule a: allowlists: y is unknown and was left out", "rule a: x is unknown and was left out", "colour is unknown and was left out"}},
		{"id", "[[rules]]\nid = \"A B\"\nregex = \"abc\"\n", []string{"rule A B is called a-b here"}},
		{"id twice", "[[rules]]\nid = \"a\"\nregex = \"abc\"\n[[rules]]\nid = \"a\"\nregex = \"abd\"\n", []string{"rule a is called a-2 here"}},
		{"url", "[extend]\nurl = \"https://example.com\"\n", []string{"extend.url is not honoured: nothing is fetched"}},
		{"path", "[extend]\npath = \"/etc/passwd\"\n", []string{"extend.path is not honoured: a configuration that comes with what is scanned reads no other file"}},
		{"patch of nothing", "[extend]\nuseDefault = true\n[[rules]]\nid = \"x\"\n[[rules.allowlists]]\npaths = [\"a\"]\n",
			[]string{"extend.useDefault stands for Mudlark's own rules, not for those of Gitleaks", "rule x changes a rule of another file, which is not there, and was left out with its allowlists"}},
		{"required", "[[rules]]\nid = \"a\"\nregex = \"abc\"\n[[rules.required]]\nid = \"b\"\n", []string{"rule a: required names the rule b, which is not in the file"}},
		{"empty allowlist", "[allowlist]\ndescription = \"x\"\n", []string{"allowlist names nothing and was left out"}},
		{"minVersion", "minVersion = \"v8.25\"\n", []string{"minVersion v8.25 is not checked"}},
		{"no id", "[[rules]]\nregex = \"a\"\n", []string{"!x: rule 1 has no id"}},
		{"no regex", "[[rules]]\nid = \"a\"\n", []string{"!x: rule a has neither regex nor path"}},
		{"look-ahead", "[[rules]]\nid = \"a\"\nregex = '''(?=a)'''\n", []string{"!x: rule a: regex does not compile: invalid or unsupported Perl syntax: `(?=`"}},
		{"group", "[[rules]]\nid = \"a\"\nregex = \"a\"\nsecretGroup = 1\n", []string{"!x: rule a: secretGroup is 1, but the regex has 0 groups"}},
		{"condition", "[[allowlists]]\ncondition = \"XOR\"\npaths = [\"a\"]\n", []string{`!x: allowlists: condition "XOR" is neither OR nor AND`}},
		{"type", "[[rules]]\nid = \"a\"\nregex = 5\n", []string{"!x: rule a: regex is no string\nx: rule a has neither regex nor path"}},
		{"syntax", "a = \n", []string{"!x:1: is no TOML"}},
	}
	for _, tt := range tests {
		c, err := Gitleaks("x", []byte(tt.text), nil)
		var got []string
		if err != nil {
			got = []string{"!" + err.Error()}
		} else {
			got = c.Notes
		}
		slices.Sort(got)
		slices.Sort(tt.want)
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestGitleaksExtends(t *testing.T) {
	t.Parallel()
	base := "[[rules]]\nid = \"a\"\nregex = \"aaa\"\nkeywords = [\"x\"]\n[[rules]]\nid = \"b\"\nregex = \"bbb\"\n[[rules]]\nid = \"c\"\nregex = \"ccc\"\n[allowlist]\npaths = [\"q\"]\n"
	top := "[extend]\npath = \"base\"\ndisabledRules = [\"b\", \"z\"]\n[[rules]]\nid = \"a\"\nkeywords = [\"y\"]\nentropy = 3\n[[rules]]\nid = \"c\"\nregex = \"own\"\n"
	c, err := Gitleaks("top", []byte(top), func(name string) ([]byte, error) {
		if name != "base" {
			return nil, errors.New("no such file")
		}
		return []byte(base), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]*rules.Rule{}
	for _, r := range c.Rules {
		got[r.ID] = r
	}
	if len(got) != 2 || got["a"].Regex != "aaa" || !slices.Equal(got["a"].Keywords, []string{"x", "y"}) || got["a"].Entropy <= 3 || got["c"].Regex != "own" {
		t.Errorf("rules %+v %+v", got["a"], got["c"])
	}
	if len(c.Allows) != 1 || !slices.Equal(c.Disabled, []string{"z"}) {
		t.Errorf("allows %v, disabled %v", c.Allows, c.Disabled)
	}
}

// FuzzImports reads both formats. What is read must be printed as a configuration that our own loader accepts, with the same rules.
func FuzzImports(f *testing.F) {
	f.Add([]byte("[[rules]]\nid = \"a\"\nregex = '''(a|b)c{3}'''\nkeywords = [\"x\"]\nentropy = 3.5\nsecretGroup = 1\npath = \"p\"\n[[rules.required]]\nid = \"a\"\nwithinLines = 3\n[[rules.allowlists]]\ncondition = \"AND\"\nregexes = [\"'\"]\n"))
	f.Add([]byte("[extend]\nuseDefault = true\n[[allowlists]]\ntargetRules = [\"a\"]\nstopwords = [\"b\"]\ncommits = [\"c\"]\n"))
	f.Add([]byte("detectors:\n- name: x y\n  keywords: [a]\n  regex: {p: 'abc', q: 'd\\d'}\n  exclude_words: [b]\n  verify: [{endpoint: z}]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, read := range []func() (*Config, error){
			func() (*Config, error) { return Gitleaks("x", data, nil) },
			func() (*Config, error) { return TruffleHog("x", data) },
		} {
			c, err := read()
			if err != nil {
				continue
			}
			var out bytes.Buffer
			if err := c.WriteTOML(&out); err != nil {
				t.Fatal(err)
			}
			if usual(c) {
				back, err := rules.ParseConfigRules("x", out.Bytes(), rules.Vocabulary{})
				if err != nil || len(back) != len(c.Rules) {
					t.Fatalf("%v: %d rules, want %d\n%s", err, len(back), len(c.Rules), out.Bytes())
				}
				for i, r := range back {
					if w := c.Rules[i]; r.ID != w.ID || r.Regex != w.Regex || r.Entropy != w.Entropy || r.PathRegex != w.PathRegex || r.OnPath != w.OnPath {
						t.Fatalf("%+v, want %+v", r, w)
					}
				}
			}
		}
	})
}

// usual reports whether the rules stay within what our loader wants of texts beyond their meaning.
func usual(c *Config) bool {
	for _, r := range c.Rules {
		if len(r.Keywords) > 200 || len(r.Requires) > 20 || strings.TrimSpace(r.Name) == "" || strings.TrimSpace(r.Regex) == "" || r.PathRegex != "" && strings.TrimSpace(r.PathRegex) == "" {
			return false
		}
		seen := map[string]bool{}
		for _, k := range r.Keywords {
			if seen[k] || strings.TrimSpace(k) == "" || len(k) > 64 || strings.ContainsFunc(k, func(r rune) bool { return r < ' ' || r > '~' }) {
				return false
			}
			seen[k] = true
		}
		for _, q := range r.Requires {
			if strings.TrimSpace(q.Rule) == "" {
				return false
			}
		}
	}
	return true
}

// TestGitleaksDisabled: disabledRules is about rules of the file that is extended, by their ids there, and about no others. The answers are
// those of gitleaks 8.30.
func TestGitleaksDisabled(t *testing.T) {
	t.Parallel()
	rule := func(id, regex string) string { return "[[rules]]\nid = \"" + id + "\"\nregex = \"" + regex + "\"\n" }
	base := rule("mc", "base_[a-z]{5}") + rule("My_Rule", "my_[a-z]{5}")
	extend := func(disabled string) string { return "[extend]\npath = \"base\"\ndisabledRules = [" + disabled + "]\n" }
	for _, tt := range []struct{ name, top, base, want, note string }{
		{"one of the base", extend(`"mc"`), base, "my-rule=my_[a-z]{5}", ""},
		{"by its name there", extend(`"My_Rule"`), base, "mc=base_[a-z]{5}", ""},
		{"its own", "[extend]\ndisabledRules = [\"mc\"]\n" + rule("mc", "own_[a-z]{5}"), "", "mc=own_[a-z]{5}", "which is a rule of the file itself"},
		{"its own in place of the base's", extend(`"mc"`) + rule("mc", "own_[a-z]{5}"), base, "mc=own_[a-z]{5} my-rule=my_[a-z]{5}", ""},
		{"the base disables one of the top", extend("") + rule("mine", "mine_[a-z]{5}"), "[extend]\ndisabledRules = [\"mine\"]\n" + base, "mine=mine_[a-z]{5} mc=base_[a-z]{5} my-rule=my_[a-z]{5}", ""},
		{"one that is nowhere", extend(`"none"`) + rule("mine", "mine_[a-z]{5}"), "", "mine=mine_[a-z]{5}", ""},
	} {
		c, err := Gitleaks("top", []byte(tt.top), func(string) ([]byte, error) { return []byte(tt.base), nil })
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		var got []string
		for _, r := range c.Rules {
			got = append(got, r.ID+"="+r.Regex)
		}
		if strings.Join(got, " ") != tt.want || !strings.Contains(strings.Join(c.Notes, "\n"), tt.note) {
			t.Errorf("%s: %v, want %s; notes %q", tt.name, got, tt.want, c.Notes)
		}
	}
}
