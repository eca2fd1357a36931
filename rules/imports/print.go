package imports

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"mudlark/rules"
)

// WriteTOML writes the configuration as a .mudlark.toml says it. What is not honoured stands in comments at the top.
func (c *Config) WriteTOML(w io.Writer) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# Made by mudlark rules import from a configuration of %s.\n", c.Tool)
	for _, n := range c.Notes {
		fmt.Fprintf(&b, "# not taken over as it was: %s\n", oneLine(n))
	}
	if len(c.Disabled) > 0 {
		fmt.Fprintf(&b, "# disabled there, and no rules of this file: %s\n", oneLine(strings.Join(c.Disabled, ", ")))
	}
	for _, r := range c.Rules {
		writeRule(&b, r)
	}
	for i := range c.Allows {
		c.Allows[i].write(&b)
	}
	_, err := w.Write(b.Bytes())
	return err
}

// oneLine keeps a text within its comment.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == utf8.RuneError {
			return '?'
		}
		return r
	}, s)
}

func writeRule(b *bytes.Buffer, r *rules.Rule) {
	b.WriteString("\n[[rule]]\n")
	text := func(key, value string) {
		if value != "" {
			fmt.Fprintf(b, "%s = %s\n", key, quote(value))
		}
	}
	text("id", r.ID)
	text("name", r.Name)
	text("severity", string(r.Severity))
	text("confidence", string(r.Confidence))
	b.WriteString("verbatim = true\n")
	text("regex", r.Regex)
	if r.SecretGroup > 0 {
		fmt.Fprintf(b, "secret_group = %d\n", r.SecretGroup)
	}
	writeList(b, "keywords", r.Keywords)
	if r.Entropy > 0 {
		fmt.Fprintf(b, "entropy = %s\n", strconv.FormatFloat(r.Entropy, 'f', -1, 64))
	}
	writeList(b, "require", r.Require)
	text("path_regex", r.PathRegex)
	if r.OnPath {
		b.WriteString("on_path = true\n")
	}
	if r.Silent {
		b.WriteString("silent = true\n")
	}
	for _, q := range r.Requires {
		fmt.Fprintf(b, "[[rule.requires]]\nrule = %s\n", quote(q.Rule))
		if q.Lines >= 0 {
			fmt.Fprintf(b, "lines = %d\n", q.Lines)
		}
		if q.Columns >= 0 {
			fmt.Fprintf(b, "columns = %d\n", q.Columns)
		}
	}
}

func (a *Allow) write(b *bytes.Buffer) {
	b.WriteString("\n[[allow]]\n")
	writeList(b, "rules", a.Rules)
	writeList(b, "path_regexes", a.PathRegexes)
	writeList(b, "regexes", a.Regexes)
	if len(a.Regexes) > 0 && a.Target != "secret" {
		fmt.Fprintf(b, "regex_target = %s\n", quote(a.Target))
	}
	writeList(b, "stopwords", a.Stopwords)
	writeList(b, "commits", a.Commits)
	if a.And {
		b.WriteString("condition = \"and\"\n")
	}
	if a.Reason != "" {
		fmt.Fprintf(b, "reason = %s\n", quote(a.Reason))
	}
}

func writeList(b *bytes.Buffer, key string, list []string) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(b, "%s = [", key)
	for i, s := range list {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(quote(s))
	}
	b.WriteString("]\n")
}

// quote writes a TOML string: literal where that is possible, as regexes are full of backslashes.
func quote(s string) string {
	plain := utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
	switch {
	case plain && !strings.Contains(s, "'"):
		return "'" + s + "'"
	case plain && !strings.Contains(s, "'''") && !strings.HasSuffix(s, "'") && !strings.HasPrefix(s, "'"):
		return "'''" + s + "'''"
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
