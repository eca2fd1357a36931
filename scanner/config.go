package scanner

import (
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"mudlark/rules"
	"mudlark/scanner/allow"
)

// Config is what a configuration file says.
type Config struct {
	File           string
	FingerprintKey []byte        // keyBytes bytes; nil if it sets none
	Rules          []*rules.Rule // its [[rule]] tables
	Accept         []Accept      // its [[coverage.accept]] tables
	Allow          []allow.Entry // its [[allow]] tables and disabled rules
	Verify         VerifyConfig
	Warnings       []string // what was ignored, in words
	OnlyOwn        bool     // the built-in rules are not to be used beside Rules
}

// Accept names something that may stay unread without making a run incomplete.
type Accept struct {
	Object string // object name, ref or path, as the coverage lists it
	Reason string
	Line   int
}

// keyBytes is the length of a fingerprint key: that of the hash it is used with.
const keyBytes = 32

// configFile is the schema of a configuration file. Package rules reads Rule.
type configFile struct {
	FingerprintKey *string `toml:"fingerprint_key"`
	Rule           any     `toml:"rule"`
	Rules          struct {
		Disable []string `toml:"disable"`
	} `toml:"rules"`
	Allow    toml.Primitive `toml:"allow"`
	Verify   *verifyTable   `toml:"verify"`
	Coverage struct {
		Accept []struct {
			Object string `toml:"object"`
			Reason string `toml:"reason"`
		} `toml:"accept"`
	} `toml:"coverage"`
}

// ParseConfig reads a configuration file, which has the schema of .mudlark.toml. It is strict: a key that is not in the schema is an
// error. The error joins a *rules.Error for everything that is wrong, with file and line. A file that is not trusted comes with what is
// scanned: what it may not say is ignored and named in Warnings.
func ParseConfig(file string, data []byte, v rules.Vocabulary, trusted bool) (*Config, error) {
	if err := rules.CheckDepth(file, data); err != nil {
		return nil, err
	}
	c := &Config{File: file}
	errs := c.tables(data, trusted)
	set, err := c.rules(data, v, trusted)
	if err != nil && len(errs) > 0 && errs[0].syntax {
		err = nil // both decoders stumble over the same mistake
	}
	c.Rules = set
	list := make([]error, 0, len(errs)+1)
	for _, e := range errs {
		list = append(list, e.Error)
	}
	if err = errors.Join(append(list, err)...); err != nil {
		return nil, err
	}
	return c, nil
}

// withoutQuotes shortens what a syntax error quotes of the file: it may be a piece of a secret, which would not be recognised as one.
func withoutQuotes(message string) string {
	const shown = 4
	from, to := strings.IndexByte(message, '"'), strings.LastIndexByte(message, '"')
	if to-from-1 <= shown {
		return message
	}
	return message[:from] + "…" + message[to+1:]
}

// configError is an error of a configuration file; syntax says that nothing of it could be read.
type configError struct {
	*rules.Error
	syntax bool
}

// tables reads everything but the rules.
func (c *Config) tables(data []byte, trusted bool) []configError {
	var f configFile
	meta, err := toml.Decode(string(data), &f)
	if err != nil {
		return []configError{{c.decodeError(err), true}}
	}
	var errs []configError
	report := func(line int, hint, format string, args ...any) {
		errs = append(errs, configError{Error: &rules.Error{File: c.File, Line: line, Text: fmt.Sprintf(format, args...), Hint: hint}})
	}
	c.allow(data, &f, meta, report)
	c.verify(data, f.Verify, trusted, report)
	for _, key := range meta.Undecoded() {
		if key[0] != "rule" {
			report(keyLine(data, key), unknownHint(key), "unknown key %q", key)
		}
	}
	if f.FingerprintKey != nil {
		if c.FingerprintKey = parseKey(*f.FingerprintKey); c.FingerprintKey == nil {
			report(keyLine(data, toml.Key{"fingerprint_key"}), "make one with: openssl rand -hex 32", "fingerprint_key is not %d bytes in hexadecimal or base64", keyBytes)
		}
	}
	lines := headerLines(data, "[[coverage.accept]]")
	for i, a := range f.Coverage.Accept {
		line := 1
		if i < len(lines) {
			line = lines[i]
		}
		if strings.TrimSpace(a.Object) == "" {
			report(line, "copy the name from the list of what was not read", "object is missing from [[coverage.accept]]")
		}
		if strings.TrimSpace(a.Reason) == "" {
			report(line, "say why it may stay unread; reports show it", "reason is missing from [[coverage.accept]]")
		}
		c.Accept = append(c.Accept, Accept{Object: a.Object, Reason: a.Reason, Line: line})
	}
	slices.SortStableFunc(errs, func(a, b configError) int { return cmp.Compare(a.Line, b.Line) })
	return errs
}

// decodeError describes an error of the TOML decoder. Those of types come as text only: "toml: line 2 (last key "a"): message".
func (c *Config) decodeError(err error) *rules.Error {
	e := &rules.Error{File: c.File, Line: 1, Text: strings.TrimPrefix(err.Error(), "toml: ")}
	var syntax toml.ParseError
	if errors.As(err, &syntax) {
		e.Line, e.Text = max(1, syntax.Position.Line), withoutQuotes(syntax.Message)
	} else if n, _ := fmt.Sscanf(e.Text, "line %d", &e.Line); n == 1 {
		if _, text, ok := strings.Cut(e.Text, "): "); ok {
			e.Text = text
		}
	}
	return e
}

func (c *Config) rules(data []byte, v rules.Vocabulary, trusted bool) ([]*rules.Rule, error) {
	if trusted {
		return rules.ParseConfigRules(c.File, data, v)
	}
	set, dropped, err := rules.ParseUntrusted(c.File, data, v)
	for _, id := range dropped {
		c.Warnings = append(c.Warnings, fmt.Sprintf("%s: rule %s: its [rule.verify] and [rule.revoke] are ignored, as the file comes with what is scanned", c.File, id))
	}
	return set, err
}

// parseKey decodes a fingerprint key, or returns nil.
func parseKey(text string) []byte {
	if key, err := hex.DecodeString(text); err == nil && len(key) == keyBytes {
		return key
	}
	text = strings.TrimRight(text, "=")
	for _, e := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		if key, err := e.DecodeString(text); err == nil && len(key) == keyBytes {
			return key
		}
	}
	return nil
}

// unknownHint says what to do about a key that is not in the schema.
func unknownHint(key toml.Key) string {
	switch key[0] {
	case "rules":
		return "[rules] has the key disable, a list of ids or providers; a rule of your own begins with [[rule]]"
	case "allow":
		return "[[allow]] has the keys " + allowKeys
	case "verify":
		return "[verify] has the keys hosts, endpoints, effects and plaintext"
	case "coverage":
		return "coverage has [[coverage.accept]] tables with object and reason"
	}
	return "the keys are fingerprint_key, [[rule]], [rules], [[allow]], [verify] and [[coverage.accept]]"
}

// keyLine returns the line on which the last part of a key first stands as a key or table, else 1.
func keyLine(data []byte, key toml.Key) int {
	name := key[len(key)-1]
	for i, l := range strings.Split(string(data), "\n") {
		l = strings.TrimSpace(l)
		if inner := strings.Trim(l, "[] \t"); strings.HasPrefix(l, "[") && (inner == name || inner == key.String()) {
			return i + 1
		}
		if k, _, ok := strings.Cut(l, "="); ok && strings.Trim(k, " \t\"'") == name || strings.HasPrefix(l, key.String()+".") {
			return i + 1
		}
	}
	return 1
}

// headerLines returns the lines on which a header stands.
func headerLines(data []byte, header string) []int {
	var lines []int
	for i, l := range strings.Split(string(data), "\n") {
		l, _, _ = strings.Cut(l, "#")
		if strings.ReplaceAll(strings.TrimSpace(l), " ", "") == header {
			lines = append(lines, i+1)
		}
	}
	return lines
}

// withUntrusted returns c with what the scanned repository's configuration adds. The key of c, if it has one, stays.
func (c *Config) withUntrusted(repo *Config) *Config {
	sum := *c
	if sum.FingerprintKey == nil {
		sum.FingerprintKey = repo.FingerprintKey
	}
	sum.Rules = slices.Concat(c.Rules, repo.Rules)
	sum.Allow = slices.Concat(c.Allow, repo.Allow)
	sum.Accept = slices.Concat(c.Accept, repo.Accept)
	return &sum
}

// Accepted maps what may stay unread to the reason given for it.
func (c *Config) Accepted() map[string]string {
	m := make(map[string]string, len(c.Accept))
	for _, a := range c.Accept {
		if _, ok := m[a.Object]; !ok {
			m[a.Object] = a.Reason
		}
	}
	return m
}
