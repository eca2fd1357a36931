package rules

import (
	"regexp"
	"regexp/syntax"
)

// maxRequirements bounds the [[rule.requires]] tables of a rule.
const maxRequirements = 20

// verbatim reads the keys of rules that come from other tools.
func (r *Rule) verbatim(t *table) {
	r.Verbatim = t.flag("verbatim")
	r.SecretGroup = int(t.number("secret_group"))
	r.PathRegex = t.text("path_regex")
	r.OnPath = t.flag("on_path")
	r.Silent = t.flag("silent")
	for _, sub := range t.tables("requires") {
		q := Requirement{Rule: sub.text("rule"), Lines: -1, Columns: -1}
		if sub.has("lines") {
			q.Lines = int(sub.number("lines"))
		}
		if sub.has("columns") {
			q.Columns = int(sub.number("columns"))
		}
		if q.Rule == "" || q.Lines < -1 || q.Columns < -1 {
			sub.errorf("", `write rule = "id" and perhaps lines = 5 and columns = 80`, "[[rule.requires]] names no rule, or a distance below 0")
		}
		sub.finish()
		r.Requires = append(r.Requires, q)
	}
	if len(r.Requires) > maxRequirements {
		t.errorf("requires", "", "there are %d [[rule.requires]], more than %d", len(r.Requires), maxRequirements)
		r.Requires = nil
	}
	if _, err := regexp.Compile(r.PathRegex); err != nil || len(r.PathRegex) > maxRegex {
		t.errorf("path_regex", "RE2 syntax, at most 16 KiB", "path_regex does not compile")
		r.PathRegex = ""
	}
	for _, key := range []string{"secret_group", "on_path", "silent", "requires"} {
		if t.has(key) && !r.Verbatim {
			t.errorf(key, "write verbatim = true, or drop it", "%s is for rules with verbatim = true", key)
		}
	}
}

// verbatimRegex checks what a verbatim rule says of its regex.
func (r *Rule) verbatimRegex(t *table, re *syntax.Regexp) {
	if r.SecretGroup < 0 || r.SecretGroup > re.MaxCap() {
		t.errorf("secret_group", "", "secret_group is %d, but the regex has %d groups", r.SecretGroup, re.MaxCap())
	}
}
