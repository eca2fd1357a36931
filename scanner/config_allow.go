package scanner

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"mudlark/scanner/allow"
)

// allowTable is an [[allow]] table. Its lists are alternatives, joined by condition; rules narrows all of them.
type allowTable struct {
	Paths        []string `toml:"paths"`
	PathRegexes  []string `toml:"path_regexes"`
	Fingerprints []string `toml:"fingerprints"`
	Regexes      []string `toml:"regexes"`
	RegexTarget  string   `toml:"regex_target"`
	Stopwords    []string `toml:"stopwords"`
	Commits      []string `toml:"commits"`
	Rules        []string `toml:"rules"`
	Condition    string   `toml:"condition"`
	Until        string   `toml:"until"`
	Reason       string   `toml:"reason"`
}

const allowKeys = "paths, path_regexes, fingerprints, regexes, regex_target, stopwords, commits, rules, condition, until, reason"

const (
	// maxAllowItems bounds a list of an [[allow]] table.
	maxAllowItems = 1000
	// maxAllowRegex is the length of the longest regex there, and maxAllowRegexes the number of them in one file.
	maxAllowRegex   = 4 << 10
	maxAllowRegexes = 1000
)

// allow reads [rules] and [allow], which may be one table or a list of tables.
func (c *Config) allow(data []byte, f *configFile, meta toml.MetaData, report func(line int, hint, format string, args ...any)) {
	for _, name := range f.Rules.Disable {
		c.Allow = append(c.Allow, allow.Entry{By: allow.Config, File: c.File, Line: keyLine(data, toml.Key{"disable"}),
			Text: "rules.disable: " + name, Rules: []string{strings.ToLower(name)}, Reason: "the rule is disabled"})
	}
	if !meta.IsDefined("allow") {
		return
	}
	var tables []allowTable
	lines := headerLines(data, "[[allow]]")
	if meta.Type("allow") == "Hash" {
		tables, lines = make([]allowTable, 1), headerLines(data, "[allow]")
		if err := meta.PrimitiveDecode(f.Allow, &tables[0]); err != nil {
			report(c.decodeError(err).Line, "", "[allow]: %s", c.decodeError(err).Text)
			return
		}
	} else if err := meta.PrimitiveDecode(f.Allow, &tables); err != nil {
		report(c.decodeError(err).Line, "", "[[allow]]: %s", c.decodeError(err).Text)
		return
	}
	regexes := 0
	for i := range tables {
		line := 1
		if i < len(lines) {
			line = lines[i]
		}
		t := &tables[i]
		if regexes += len(t.Regexes) + len(t.PathRegexes); regexes > maxAllowRegexes {
			report(line, "", "the [[allow]] tables have more than %d regexes", maxAllowRegexes)
			return
		}
		ok := true
		t.check(func(hint, format string, args ...any) { ok = false; report(line, hint, format, args...) })
		if ok {
			c.Allow = append(c.Allow, t.entries(allow.Entry{By: allow.Config, File: c.File, Line: line})...)
		}
	}
}

// check reports what is wrong with a table.
func (t *allowTable) check(report func(hint, format string, args ...any)) {
	lists := map[string][]string{"paths": t.Paths, "path_regexes": t.PathRegexes, "fingerprints": t.Fingerprints, "regexes": t.Regexes,
		"stopwords": t.Stopwords, "commits": t.Commits, "rules": t.Rules}
	for _, name := range strings.Split(allowKeys, ", ") {
		if len(lists[name]) > maxAllowItems {
			report("write several tables", "%s has %d items, more than %d", name, len(lists[name]), maxAllowItems)
		}
		if slices.Contains(lists[name], "") {
			report("remove it", "%s holds an empty text, which would match everything", name)
		}
	}
	if len(t.criteria(allow.Entry{})) == 0 && len(t.Rules) == 0 {
		report("give paths, fingerprints or regexes", "[[allow]] names nothing")
	}
	for _, g := range t.Paths {
		if validGlob(g) != nil {
			report("use *, ?, [a-z] and **", "pattern %q is malformed", g)
		}
	}
	for _, fp := range t.Fingerprints {
		if !allow.IsFingerprint(fp) {
			report("it is the 32 digits that a report shows as fingerprint", "%q is no fingerprint", fp[:min(len(fp), 4)]+"…")
		}
	}
	for _, re := range slices.Concat(t.Regexes, t.PathRegexes) {
		switch compiled, err := regexp.Compile(re); {
		case len(re) > maxAllowRegex:
			report("", "a regex has %d bytes, more than %d", len(re), maxAllowRegex)
		case err != nil:
			report("RE2 syntax: neither look-around nor back references", "regex does not compile: %s", withoutQuotes(strings.TrimPrefix(err.Error(), "error parsing regexp: ")))
		case compiled.MatchString(""):
			report("demand at least one character; to leave out whole paths use paths", "regex %q matches the empty text, and so everything", re)
		}
	}
	t.checkWords(report)
}

func (t *allowTable) checkWords(report func(hint, format string, args ...any)) {
	if t.Condition = strings.ToLower(t.Condition); t.Condition != "" && t.Condition != "or" && t.Condition != "and" {
		report(`write condition = "or" or "and"`, "condition %q is unknown", t.Condition)
	}
	switch t.RegexTarget {
	case "", allow.TargetSecret, allow.TargetMatch, allow.TargetLine:
	default:
		report("it is one of secret, match, line", "regex_target %q is unknown", t.RegexTarget)
	}
	if t.Until != "" {
		if _, ok := allow.Day(t.Until); !ok {
			report("write until = \"YYYY-MM-DD\"", "until %q is no date", t.Until)
		}
	}
}

// criteria returns an entry for each of the table's lists, from base.
func (t *allowTable) criteria(base allow.Entry) []allow.Entry {
	var out []allow.Entry
	add := func(there bool, set func(*allow.Entry)) {
		if there {
			e := base
			set(&e)
			out = append(out, e)
		}
	}
	add(len(t.Paths) > 0, func(e *allow.Entry) { e.Paths = t.Paths })
	add(len(t.PathRegexes) > 0, func(e *allow.Entry) { e.PathRegexes = t.PathRegexes })
	add(len(t.Fingerprints) > 0, func(e *allow.Entry) { e.Fingerprints = lowered(t.Fingerprints) })
	add(len(t.Regexes) > 0, func(e *allow.Entry) { e.Regexes, e.Target = t.Regexes, t.RegexTarget })
	add(len(t.Stopwords) > 0, func(e *allow.Entry) { e.Stopwords = lowered(t.Stopwords) })
	add(len(t.Commits) > 0, func(e *allow.Entry) { e.Commits = lowered(t.Commits) })
	return out
}

// entries returns what a table that check found nothing wrong with allows: one entry for each list, or with condition "and" one for all.
func (t *allowTable) entries(base allow.Entry) []allow.Entry {
	base.Rules, base.Reason = lowered(t.Rules), t.Reason
	if t.Until != "" {
		base.Until, _ = allow.Day(t.Until)
	}
	if t.Condition == "and" || len(t.criteria(base)) == 0 {
		e := base
		e.Paths, e.PathRegexes, e.Fingerprints, e.Regexes, e.Target = t.Paths, t.PathRegexes, lowered(t.Fingerprints), t.Regexes, t.RegexTarget
		e.Stopwords, e.Commits = lowered(t.Stopwords), lowered(t.Commits)
		e.Text = t.text(e)
		return []allow.Entry{e}
	}
	list := t.criteria(base)
	var out []allow.Entry
	for _, e := range list {
		if len(e.Fingerprints) == 0 {
			e.Text = t.text(e)
			out = append(out, e)
			continue
		}
		for _, fp := range e.Fingerprints { // one by one, so that each can be stale
			one := e
			one.Fingerprints, one.Fingerprint = nil, fp
			one.Text = t.text(one)
			out = append(out, one)
		}
	}
	return out
}

// text names an entry by what it holds.
func (t *allowTable) text(e allow.Entry) string {
	var parts []string
	say := func(name string, list []string) {
		switch {
		case len(list) == 1:
			parts = append(parts, name+" "+list[0])
		case len(list) > 1:
			parts = append(parts, fmt.Sprintf("%s %s and %d more", name, list[0], len(list)-1))
		}
	}
	if e.Fingerprint != "" {
		parts = append(parts, e.Fingerprint)
	}
	say("rule", e.Rules)
	say("path", e.Paths)
	say("path regex", e.PathRegexes)
	say("fingerprint", e.Fingerprints)
	say("regex", e.Regexes)
	say("stopword", e.Stopwords)
	say("commit", e.Commits)
	return "allow: " + strings.Join(parts, ", ")
}
