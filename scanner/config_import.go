package scanner

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"mudlark/rules"
	"mudlark/rules/imports"
	"mudlark/scanner/allow"
)

// GitleaksConfigName is the name of Gitleaks' configuration in a repository. It counts where there is no .mudlark.toml.
const GitleaksConfigName = ".gitleaks.toml"

// ParseAnyConfig reads a trusted configuration file: Mudlark's, Gitleaks' or, by the ending of its name, TruffleHog's. What it cannot
// honour of the others stands in Warnings. open reads the files that Gitleaks' extend.path names.
func ParseAnyConfig(file string, data []byte, v rules.Vocabulary, open func(string) ([]byte, error)) (*Config, error) {
	imported, err := ImportRules(file, data, open)
	if err != nil {
		return nil, err
	}
	if imported == nil {
		return ParseConfig(file, data, v, true)
	}
	c := fromImport(file, imported)
	c.OnlyOwn = !imported.UseDefault
	return c, nil
}

// ImportRules reads a file of another tool's; nil if it is none of those known. open may be nil.
func ImportRules(file string, data []byte, open func(string) ([]byte, error)) (*imports.Config, error) {
	var c *imports.Config
	var err error
	switch ext := strings.ToLower(filepath.Ext(file)); {
	case ext == ".yaml" || ext == ".yml":
		c, err = imports.TruffleHog(file, data)
	case imports.IsGitleaks(data):
		c, err = imports.Gitleaks(file, data, open)
	}
	if err != nil {
		hint := ""
		if strings.Contains(err.Error(), "does not compile") {
			hint = "RE2 syntax: neither look-around nor back references"
		}
		err = &UsageError{Message: err.Error(), Hint: hint}
	}
	return c, err
}

// fromImport turns what another tool's file says into a configuration.
func fromImport(file string, imported *imports.Config) *Config {
	c := &Config{File: file, Rules: imported.Rules}
	for _, n := range imported.Notes {
		c.Warnings = append(c.Warnings, file+": "+n)
	}
	for _, id := range imported.Disabled {
		c.Warnings = append(c.Warnings, fmt.Sprintf("%s: the rule %s, which is to be disabled, is not in the file", file, id))
	}
	for i, a := range imported.Allows {
		t := allowTable{PathRegexes: a.PathRegexes, Regexes: a.Regexes, RegexTarget: a.Target, Stopwords: a.Stopwords, Commits: a.Commits,
			Rules: a.Rules, Reason: a.Reason}
		if a.And {
			t.Condition = "and"
		}
		entries := t.entries(allow.Entry{By: allow.Config, File: file})
		for k := range entries {
			entries[k].Text = fmt.Sprintf("allowlist %d, %s", i+1, strings.TrimPrefix(entries[k].Text, "allow: "))
		}
		c.Allow = append(c.Allow, entries...)
	}
	return c
}

// parseGitleaks reads Gitleaks' file of what is scanned: it may add rules and allows, and neither replaces rules nor leads to another file.
func (s *scan) parseGitleaks(data []byte) (*Config, error) {
	taken := map[string]bool{}
	for _, r := range slices.Concat(s.o.Rules, s.conf.Rules) {
		taken[r.ID] = true
	}
	return parseRepositoryGitleaks(data, taken)
}

// parseRepositoryGitleaks reads Gitleaks' file as scan.parseGitleaks does; taken are the ids that rules have already.
func parseRepositoryGitleaks(data []byte, taken map[string]bool) (*Config, error) {
	imported, err := imports.Gitleaks(GitleaksConfigName, data, nil)
	if err != nil {
		return nil, err
	}
	imported.Rename(taken)
	for _, r := range imported.Rules {
		r.Untrusted = true
	}
	return fromImport(GitleaksConfigName, imported), nil
}
