package rules

import (
	"fmt"
	"slices"
	"strings"
)

// Problem is what Check found about a rule.
type Problem struct {
	File    string
	Line    int
	Rule    string
	Text    string
	Hint    string
	Warning bool // the rule works, but should be better
}

// String returns "file:line: rule id: text; hint", with "warning:" before the text of a warning.
func (p Problem) String() string {
	text := p.Text
	if p.Warning {
		text = "warning: " + text
	}
	return (&Error{File: p.File, Line: p.Line, Rule: p.Rule, Text: text, Hint: p.Hint}).Error()
}

// Check examines a set of loaded rules together, without running them: ids are unique, no two rules report the same
// bytes for the same reason, every rule says where its format is documented and where to rotate. Problems are in the
// order of the rules.
func Check(rules []*Rule) []Problem {
	var list []Problem
	ids := make(map[string]*Rule, len(rules))
	grammars := make(map[string]*Rule, len(rules))
	for _, r := range rules {
		if first, ok := ids[r.ID]; ok {
			list = append(list, problem(r, "the id is taken", fmt.Sprintf("%s:%d has a rule of this id; ids are unique", first.File, first.Line)))
		} else {
			ids[r.ID] = r
		}
		list = append(list, overlaps(r, grammars)...)
		list = append(list, incomplete(r)...)
	}
	return list
}

func problem(r *Rule, text, hint string) Problem {
	return Problem{File: r.File, Line: r.Line, Rule: r.ID, Text: text, Hint: hint}
}

// overlaps finds grammars that another rule has too, and with no word of its own to tell them apart.
func overlaps(r *Rule, seen map[string]*Rule) []Problem {
	var list []Problem
	for _, g := range grammars(r) {
		first, ok := seen[g.text]
		if !ok {
			seen[g.text] = r
			continue
		}
		if first == r {
			continue
		}
		list = append(list, problem(r, fmt.Sprintf("%s is in rule %s too (%s:%d)%s; two rules never report the same bytes", g.shown, first.ID, first.File, first.Line, nearText(g.near)),
			"give each its own near, or make them one rule"))
	}
	return list
}

// grammar is something that a rule reports, with the conditions that tell it from the same thing in another rule.
type grammar struct {
	text, shown string
	near        []string
}

func grammars(r *Rule) []grammar {
	var list []grammar
	paths := strings.Join(sorted(r.Paths), "\x01")
	for _, f := range r.Formats {
		text := strings.Join([]string{"format", canonical(f.Node), strings.Join(sorted(f.Near), "\x01"), strings.Join(sorted(f.After), "\x01"), f.Checksum, paths}, "\x00")
		list = append(list, grammar{text: text, shown: "format " + quote(f.Text), near: f.Near})
	}
	if r.Regex != "" {
		text := strings.Join([]string{"regex", r.Regex, strings.Join(sorted(r.Near), "\x01"), paths}, "\x00")
		list = append(list, grammar{text: text, shown: "the regex", near: r.Near})
	}
	if r.Block != "" {
		args := make([]string, 0, len(r.BlockArgs))
		for k, v := range r.BlockArgs {
			args = append(args, k+"="+v)
		}
		slices.Sort(args)
		text := strings.Join([]string{"block", r.Block, strings.Join(args, "\x01"), strings.Join(sorted(r.Near), "\x01"), paths}, "\x00")
		list = append(list, grammar{text: text, shown: fmt.Sprintf("block %q with the same match", r.Block), near: r.Near})
	}
	return list
}

func nearText(near []string) string {
	if len(near) == 0 {
		return ""
	}
	return " with the same near"
}

// incomplete warns of what a good rule says and this one does not.
func incomplete(r *Rule) []Problem {
	var list []Problem
	warn := func(text, hint string) {
		p := problem(r, text, hint)
		p.Warning = true
		list = append(list, p)
	}
	if r.Source == "" {
		warn("source is missing", "name the page that documents the format")
	}
	if r.Rotate == "" {
		warn("rotate is missing", "name the page where such a secret is replaced")
	}
	return list
}
