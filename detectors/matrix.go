package detectors

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"

	"mudlark/rules"
)

// A Syntax is a way in which files hold a named value.
type Syntax struct {
	Name string
	// Wrap returns a text in which the variable, key or header of that name has that value. The value is escaped as the syntax
	// demands.
	Wrap func(name, value string) string
	// Holds reports whether the syntax can hold the value so that it can be found in the text.
	Holds func(value string) bool
}

// Matrix returns the syntaxes in which every kind of token must be found.
func Matrix() []Syntax {
	list := []Syntax{
		line("env", "# settings\n%s=%s\n"),
		line("shell export", "export %s=%s; echo done\n"),
		line("shell quotes", "export %s='%s' # set\n"),
		line("YAML", "app:\n  %s: %s\n  debug: true\n"),
		line("YAML quotes", "- name: %s\n  value: \"%s\"\n"),
		{"JSON", func(name, value string) string {
			return "{\n  \"" + name + "\": " + quote(value) + ",\n  \"a\": 1\n}\n"
		}, isPlain},
		{"escaped JSON", func(name, value string) string {
			return "{\"body\": " + quote("{\""+name+"\":"+quote(value)+",\"a\":1}") + "}\n"
		}, isQuotable},
		xml("XML element", "<config>\n  <%s>%s</%[1]s>\n</config>\n"),
		xml("XML attribute", "<add key=\"%s\" value=\"%s\" />\n"),
		line("TOML", "[auth]\n%s = \"%s\"\n"),
		line("INI", "[auth]\n%s = %s\n; end\n"),
		line("properties", "app.%s=%s\r\napp.debug=1\r\n"),
		line("Go", "const %s = \"%s\"\n"),
		line("Java", "    private static final String %s = \"%s\";\n"),
		line("Python", "%s = '%s'\n"),
		line("Python call", "client = Client(%s=\"%s\")\n"),
		line("JavaScript", "const %s = `%s`;\n"),
		line("JavaScript object", "module.exports = {%s: '%s', debug: true};\n"),
		line("C#", "var options = new Options { %s = \"%s\" };\n"),
		line("PHP", "<?php $config['%s'] = '%s';\n"),
		line("Ruby", "config = { :%s => \"%s\" }\n"),
		line("SQL", "INSERT INTO settings (name, value) VALUES ('%s', '%s');\n"),
		line("Terraform", "variable \"%s\" {\n  default = \"%s\"\n}\n"),
		line("Dockerfile", "FROM scratch\nENV %s=%s\nRUN true\n"),
		{"URL query", func(name, value string) string {
			return "see http://host.internal/a?b=1&" + name + "=" + strings.ReplaceAll(url.QueryEscape(value), "+", "%20") + "&c=2 there\n"
		}, isLine},
		line("HTTP header", "> %s: %s\r\n> Accept: */*\r\n"),
		line("Markdown code", "Set `%s` to `%s` first.\n"),
		{"Markdown block", func(name, value string) string { return "So:\n\n```\n" + name + "\n" + value + "\n```\n" }, isPlain},
		{"bare line", func(name, value string) string { return name + "\n" + value + "\n" }, anything},
		{"YAML block", func(name, value string) string {
			return "  " + name + ": |\n    " + strings.ReplaceAll(value, "\n", "\n    ") + "\n  a: 1\n"
		}, isPlain},
		{"Python block", func(name, value string) string { return name + " = \"\"\"" + value + "\"\"\"\n" }, isPlain},
	}
	for _, end := range []string{",", ";", ")", "]", "}", "<", "&", "\"", "'", "`", "\n", ""} {
		list = append(list, Syntax{"followed by " + followed(end), func(name, value string) string {
			text := name + ": " + value + end
			if end == "" || end == "\n" {
				return text
			}
			return text + " and so on\n"
		}, isLine})
	}
	return list
}

func followed(end string) string {
	if end == "" {
		return "the end of the file"
	}
	return fmt.Sprintf("%q", end)
}

// line is a syntax for values that need no escaping; pattern takes the name and the value.
func line(name, pattern string) Syntax {
	return Syntax{name, func(name, value string) string { return fmt.Sprintf(pattern, name, value) }, isLine}
}

// xml is a syntax for values in XML.
func xml(name, pattern string) Syntax {
	return Syntax{name, func(name, value string) string { return fmt.Sprintf(pattern, name, value) }, func(value string) bool {
		return isLine(value) && !strings.ContainsAny(value, "<>&")
	}}
}

func anything(string) bool { return true }

// isPlain reports whether value can stand in a text file.
func isPlain(value string) bool {
	return strings.IndexFunc(value, func(c rune) bool { return c < ' ' && c != '\n' || c >= 0x7f }) < 0
}

// isQuotable reports whether value can be a JSON string and means the same without its quotes.
func isQuotable(value string) bool { return isPlain(value) && !strings.Contains(value, `\u`) }

// isLine reports whether value is printable and free of quotes and line breaks.
func isLine(value string) bool {
	return isPlain(value) && !strings.ContainsAny(value, "\n\"'`\\")
}

// quote returns value as a JSON string, in which "&", "<" and ">" stand for themselves.
func quote(value string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		return `""`
	}
	return strings.TrimSpace(b.String())
}

// A Failure is a text in which a rule did not find its token, and only that.
type Failure struct {
	Rule   string // the id
	Syntax string
	Text   string
	Secret []byte
	Got    []Match
}

// String says in a few lines what was looked for and what was found.
func (f Failure) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "rule %s: %s: want %q once in %q", f.Rule, f.Syntax, f.Secret, f.Text)
	for _, m := range f.Got {
		fmt.Fprintf(&b, "\n\tgot %s (%s) %q", m.Rule.ID, m.Confidence, m.Secret)
	}
	if len(f.Got) == 0 {
		b.WriteString("\n\tgot nothing")
	}
	return b.String()
}

// TestRule makes n random tokens of a rule and plants them in every syntax that can hold them. Each time the engine, which may
// know other rules too, must report exactly the token, once, by this rule. It returns the failures; none for a rule of which no
// tokens can be made (Generate).
func TestRule(e *Engine, r *rules.Rule, rnd *rand.Rand, n int) []Failure {
	var failures []Failure
	s := e.NewScanner()
	syntaxes := Matrix()
	name := variableName(r)
	for range n {
		text, secret := Generate(rnd, r)
		if text == nil {
			return nil
		}
		for _, syntax := range syntaxes {
			if !syntax.Holds(string(text)) {
				continue
			}
			planted := syntax.Wrap(name, string(text)) + requiredParts(rnd, r)
			if got := s.Scan([]byte(planted)).Matches; !isOnly(got, r, secret) {
				failures = append(failures, Failure{Rule: r.ID, Syntax: syntax.Name, Text: planted, Secret: secret, Got: got})
			}
		}
	}
	return failures
}

// isOnly reports whether the secret is what is found, by this rule and, where the rule's conditions on paths hold, by no other.
func isOnly(got []Match, r *rules.Rule, secret []byte) bool {
	got = slices.DeleteFunc(slices.Clone(got), func(m Match) bool { return slices.Contains(m.Yields, r) })
	return len(got) == 1 && got[0].Rule == r && bytes.Equal(got[0].Secret, secret)
}

// variableName returns an identifier that holds a word of those that each format of a rule wants near, as far as there are such
// words that an identifier can hold.
func variableName(r *rules.Rule) string {
	name := "value"
	for _, f := range append([]rules.Format{{Near: r.Near}}, r.Formats...) {
		if w := identifierOf(f.Near); !strings.Contains(name, w) {
			name += "_" + w
		}
	}
	return strings.TrimPrefix(name, "value_")
}

// identifierOf returns the first of the words that is an identifier, "" if there is none.
func identifierOf(words []string) string {
	for _, w := range words {
		if strings.Trim(w, "abcdefghijklmnopqrstuvwxyz0123456789_") == "" {
			return w
		}
	}
	return ""
}

// requiredParts returns lines with the companions without which the rule reports nothing.
func requiredParts(rnd *rand.Rand, r *rules.Rule) string {
	var b strings.Builder
	for _, p := range r.Parts {
		if !p.Required || len(p.Formats) == 0 {
			continue
		}
		name := p.Name
		if w := identifierOf(p.Near); w != "" {
			name = w
		}
		for range maxAttempts {
			value := rules.GenerateFormat(rnd, p.Formats[rnd.IntN(len(p.Formats))].Node)
			if require(value, p.Require) && !rejected(value, p.Reject) && entropy(value) >= p.Entropy && !placeholder(value, nil) {
				fmt.Fprintf(&b, "\n%s = \"%s\"\n", name, value)
				break
			}
		}
	}
	return b.String()
}
