package imports

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"mudlark/rules"
)

// IsGitleaks reports whether a TOML file is a configuration of Gitleaks and not of Mudlark. Both may have "rules": there a list of
// tables, here one table.
func IsGitleaks(data []byte) bool {
	var doc map[string]any
	if rules.CheckDepth("", data) != nil {
		return false
	}
	if _, err := toml.Decode(string(data), &doc); err != nil {
		return false
	}
	if _, isList := doc["rules"].([]map[string]any); isList {
		return true
	}
	for _, key := range []string{"extend", "allowlist", "allowlists", "minVersion", "title"} {
		if _, ok := doc[key]; ok {
			return true
		}
	}
	return false
}

// maxExtends is how many files may extend each other.
const maxExtends = 5

// Gitleaks reads a configuration of Gitleaks, by the semantics that its README gives ("Configuration"). open reads the file that
// extend.path names; nil if none may be read.
func Gitleaks(file string, data []byte, open func(path string) ([]byte, error)) (*Config, error) {
	return gitleaks(file, data, open, maxExtends)
}

func gitleaks(file string, data []byte, open func(path string) ([]byte, error), extends int) (*Config, error) {
	if err := rules.CheckDepth(file, data); err != nil {
		return nil, err
	}
	var doc map[string]any
	if _, err := toml.Decode(string(data), &doc); err != nil {
		var syntax toml.ParseError
		if errors.As(err, &syntax) {
			return nil, fmt.Errorf("%s:%d: is no TOML", file, syntax.Position.Line)
		}
		return nil, fmt.Errorf("%s: is no TOML", file)
	}
	g := &gitleaksFile{c: &Config{Tool: "Gitleaks"}, file: file, ids: map[string]string{}, taken: map[string]bool{}, patches: map[string]*rules.Rule{}}
	_, g.extends = doc["extend"]
	top := g.table("", doc)
	for _, key := range []string{"title", "description"} {
		top.value(key)
	}
	if v := top.text("minVersion"); v != "" {
		g.c.note("minVersion %s is not checked", v)
	}
	list := top.tables("rules")
	if len(list) > maxRules {
		return nil, fmt.Errorf("%s: %d rules, more than %d", file, len(list), maxRules)
	}
	for i, t := range list {
		g.rule(i+1, t)
	}
	for _, t := range slices.Concat(top.tables("allowlists"), top.tables("allowlist")) {
		g.allowlist(t, nil)
	}
	g.extend(top, open, extends)
	top.finish()
	g.resolve()
	if len(g.errs) > 0 {
		return nil, joined(file, g.errs)
	}
	return g.c, nil
}

// gitleaksFile gathers what a configuration says.
type gitleaksFile struct {
	c     *Config
	file  string
	errs  []error
	ids   map[string]string // as there, to here
	taken map[string]bool
	// patches are rules without a regex, which change rules of a file that this one extends.
	patches map[string]*rules.Rule
	extends bool
}

func (g *gitleaksFile) errorf(format string, args ...any) {
	g.errs = append(g.errs, fmt.Errorf(format, args...))
}

// foreignTable is a table of which keys that nobody asks for are noted.
type foreignTable struct {
	g      *gitleaksFile
	path   string
	values map[string]any
	used   map[string]bool
}

func (g *gitleaksFile) table(path string, values map[string]any) *foreignTable {
	return &foreignTable{g, path, values, map[string]bool{}}
}

func (t *foreignTable) value(key string) any {
	t.used[key] = true
	return t.values[key]
}

func (t *foreignTable) name(key string) string {
	if t.path == "" {
		return key
	}
	return t.path + ": " + key
}

func (t *foreignTable) wrong(key, want string) { t.g.errorf("%s is no %s", t.name(key), want) }

func (t *foreignTable) text(key string) string {
	v := t.value(key)
	s, ok := v.(string)
	if v != nil && !ok {
		t.wrong(key, "string")
	}
	return s
}

func (t *foreignTable) number(key string) float64 {
	switch v := t.value(key).(type) {
	case nil:
	case int64:
		return float64(v)
	case float64:
		return v
	default:
		t.wrong(key, "number")
	}
	return 0
}

func (t *foreignTable) flag(key string) bool {
	v := t.value(key)
	b, ok := v.(bool)
	if v != nil && !ok {
		t.wrong(key, "boolean")
	}
	return b
}

func (t *foreignTable) list(key string) []string {
	v := t.value(key)
	items, ok := v.([]any)
	if v != nil && !ok {
		t.wrong(key, "list of strings")
	}
	var out []string
	for _, item := range items {
		s, ok := item.(string)
		if !ok {
			t.wrong(key, "list of strings")
			return nil
		}
		out = append(out, s)
	}
	return out
}

// tables returns the tables of a list of tables, or a single table.
func (t *foreignTable) tables(key string) []*foreignTable {
	var out []*foreignTable
	switch v := t.value(key).(type) {
	case nil:
	case map[string]any:
		out = append(out, t.g.table(t.name(key), v))
	case []map[string]any:
		for _, m := range v {
			out = append(out, t.g.table(t.name(key), m))
		}
	default:
		t.wrong(key, "table")
	}
	return out
}

// finish notes the keys that nobody asked for.
func (t *foreignTable) finish() {
	for _, key := range slices.Sorted(maps.Keys(t.values)) {
		if !t.used[key] {
			t.g.c.note("%s is unknown and was left out", t.name(key))
		}
	}
}

// rule reads a [[rules]] table.
func (g *gitleaksFile) rule(number int, t *foreignTable) {
	id := t.text("id")
	t.path = fmt.Sprintf("rule %d", number)
	if id == "" {
		g.errorf("%s has no id", t.path)
		return
	}
	t.path = "rule " + id
	r := &rules.Rule{
		ID: uniqueID(idOf(id), g.taken), Name: t.text("description"), Provider: "Custom", Severity: rules.High, Confidence: rules.Medium,
		Regex: t.text("regex"), Verbatim: true, SecretGroup: int(t.number("secretGroup")), OnMismatch: "drop",
		PathRegex: t.text("path"), Silent: t.flag("skipReport"), Class: rules.Whole, Reach: -1, File: g.file, Line: 1,
	}
	if r.ID == "" {
		r.ID = uniqueID(fmt.Sprintf("rule-%d", number), g.taken)
	}
	if r.Name == "" {
		r.Name = id
	}
	if r.ID != id {
		g.c.note("rule %s is called %s here", id, r.ID)
	}
	if _, twice := g.ids[id]; !twice {
		g.ids[id] = r.ID
	}
	if e := t.number("entropy"); e > 0 && e < 8 {
		r.Entropy = math.Nextafter(e, 8) // there a value of just this entropy is dropped, here it is kept
	} else if e != 0 {
		g.errorf("%s: entropy %v is out of range", t.path, e)
	}
	for _, k := range t.list("keywords") {
		if k = strings.ToLower(k); k != "" {
			r.Keywords = append(r.Keywords, k)
		}
	}
	t.value("tags") // they say nothing of what is found
	for _, q := range t.tables("required") {
		r.Requires = append(r.Requires, g.requirement(q))
	}
	for _, a := range slices.Concat(t.tables("allowlists"), t.tables("allowlist")) {
		g.allowlist(a, []string{r.ID})
	}
	t.finish()
	g.finishRule(t.path, r)
}

// finishRule checks a rule's regexes and keeps it.
func (g *gitleaksFile) finishRule(path string, r *rules.Rule) {
	switch {
	case r.Regex == "" && r.PathRegex == "" && g.extends:
		g.patches[r.ID] = r
		return
	case r.Regex == "" && r.PathRegex == "":
		g.errorf("%s has neither regex nor path", path)
		return
	case r.Regex == "":
		if err := checkRegex(path+": path", r.PathRegex); err != nil {
			g.errs = append(g.errs, err)
			return
		}
		r.Regex, r.PathRegex, r.OnPath, r.Keywords, r.SecretGroup, r.Entropy = wholePath(r.PathRegex), "", true, nil, 0, 0
	}
	for what, re := range map[string]string{"regex": r.Regex, "path": r.PathRegex} {
		if err := checkRegex(path+": "+what, re); err != nil {
			g.errs = append(g.errs, err)
			return
		}
	}
	if n := groups(r.Regex); r.SecretGroup < 0 || r.SecretGroup > n {
		g.errorf("%s: secretGroup is %d, but the regex has %d groups", path, r.SecretGroup, n)
		return
	}
	g.c.Rules = append(g.c.Rules, r)
}

// requirement reads a [[rules.required]] table. The id is that of the other tool until resolve.
func (g *gitleaksFile) requirement(t *foreignTable) rules.Requirement {
	q := rules.Requirement{Rule: t.text("id"), Lines: -1, Columns: -1}
	if t.values["withinLines"] != nil {
		q.Lines = max(0, int(t.number("withinLines")))
	}
	if t.values["withinColumns"] != nil {
		q.Columns = max(0, int(t.number("withinColumns")))
	}
	t.finish()
	return q
}

// allowlist reads an allowlist of one rule or, if only is nil, of all.
func (g *gitleaksFile) allowlist(t *foreignTable, only []string) {
	a := Allow{Rules: only, Reason: t.text("description"), PathRegexes: t.list("paths"), Regexes: t.list("regexes"), Stopwords: t.list("stopwords"),
		Commits: t.list("commits")}
	if only == nil {
		a.Rules = t.list("targetRules")
		t.used["targetRules"] = true
	}
	switch c := strings.ToUpper(t.text("condition")); c {
	case "AND", "&&":
		a.And = true
	case "", "OR", "||":
	default:
		g.errorf("%s: condition %q is neither OR nor AND", t.path, c)
	}
	switch target := strings.ToLower(t.text("regexTarget")); target {
	case "", "secret":
		a.Target = "secret"
	case "match", "line":
		a.Target = target
	default:
		g.errorf("%s: regexTarget %q is none of secret, match, line", t.path, target)
	}
	for _, re := range slices.Concat(a.Regexes, a.PathRegexes) {
		if err := checkRegex(t.path+": a regex", re); err != nil {
			g.errs = append(g.errs, err)
		}
	}
	t.finish()
	if len(a.Regexes)+len(a.PathRegexes)+len(a.Stopwords)+len(a.Commits) == 0 {
		g.c.note("%s names nothing and was left out", t.path)
		return
	}
	if only == nil && len(a.Rules) > 0 {
		a.Rules = append([]string{"?"}, a.Rules...) // to be resolved when all ids are known
	}
	g.c.Allows = append(g.c.Allows, a)
}

// extend reads [extend] and joins what it leads to.
func (g *gitleaksFile) extend(top *foreignTable, open func(string) ([]byte, error), extends int) {
	for _, t := range top.tables("extend") {
		g.c.UseDefault = t.flag("useDefault")
		if g.c.UseDefault {
			g.c.note("extend.useDefault stands for Mudlark's own rules, not for those of Gitleaks")
		}
		g.c.Disabled = append(g.c.Disabled, t.list("disabledRules")...)
		if url := t.text("url"); url != "" {
			g.c.note("extend.url is not honoured: nothing is fetched")
		}
		path := t.text("path")
		t.finish()
		switch {
		case path == "":
		case open == nil:
			g.c.note("extend.path is not honoured: a configuration that comes with what is scanned reads no other file")
		case extends == 0:
			g.errorf("extend.path: more than %d files extend each other", maxExtends)
		default:
			data, err := open(path)
			if err != nil {
				g.errorf("extend.path %s: %v", path, err)
				return
			}
			base, err := gitleaks(path, data, open, extends-1)
			if err != nil {
				g.errs = append(g.errs, err)
				return
			}
			g.join(base)
		}
	}
}

// join adds the rules of a file that this one extends. A rule of the same id is overridden: what it says itself counts, and lists
// are joined.
func (g *gitleaksFile) join(base *Config) {
	own := map[string]*rules.Rule{}
	for _, r := range g.c.Rules {
		own[r.ID] = r
	}
	disabled := g.disable(base)
	for _, r := range base.Rules {
		if disabled[r.ID] {
			continue
		}
		if o := own[r.ID]; o != nil {
			o.Keywords = slices.Concat(o.Keywords, r.Keywords)
			if o.Entropy == 0 {
				o.Entropy = r.Entropy
			}
			continue
		}
		if p := g.patches[r.ID]; p != nil {
			patch(r, p)
			delete(g.patches, r.ID)
		}
		g.c.Rules = append(g.c.Rules, r)
	}
	for id, own := range base.ids {
		if _, ok := g.ids[id]; !ok {
			g.ids[id] = own
		}
	}
	g.c.Allows = append(g.c.Allows, base.Allows...)
	g.c.UseDefault = g.c.UseDefault || base.UseDefault
	g.c.Disabled = append(g.c.Disabled, base.Disabled...)
	for _, n := range base.Notes {
		g.c.note("%s", n)
	}
}

// disable returns the rules of a file that this one extends and does not want: disabledRules is about no others, whatever their ids.
func (g *gitleaksFile) disable(base *Config) map[string]bool {
	disabled := map[string]bool{}
	g.c.Disabled = slices.DeleteFunc(g.c.Disabled, func(id string) bool {
		here, ok := base.ids[id]
		disabled[here] = ok
		return ok
	})
	return disabled
}

// patch changes a rule by what another file says of it.
func patch(r, p *rules.Rule) {
	r.Keywords = slices.Concat(r.Keywords, p.Keywords)
	r.Requires = slices.Concat(r.Requires, p.Requires)
	if p.Entropy > 0 {
		r.Entropy = p.Entropy
	}
	if p.SecretGroup > 0 && p.SecretGroup <= groups(r.Regex) {
		r.SecretGroup = p.SecretGroup
	}
	if p.Name != p.ID {
		r.Name = p.Name
	}
	r.Silent = r.Silent || p.Silent
}

// resolve turns ids of Gitleaks' into ids here, now that all are known.
func (g *gitleaksFile) resolve() {
	for _, id := range slices.Sorted(maps.Keys(g.patches)) {
		g.c.note("rule %s changes a rule of another file, which is not there, and was left out with its allowlists", id)
		g.c.Allows = slices.DeleteFunc(g.c.Allows, func(a Allow) bool { return len(a.Rules) == 1 && a.Rules[0] == id })
	}
	known := map[string]bool{}
	for _, r := range g.c.Rules {
		known[r.ID] = true
	}
	here := func(id, where string) (string, bool) {
		if own, ok := g.ids[id]; ok {
			id = own
		}
		if !known[id] {
			g.c.note("%s names the rule %s, which is not in the file", where, id)
		}
		return id, known[id]
	}
	for _, r := range g.c.Rules {
		for i, q := range r.Requires {
			r.Requires[i].Rule, _ = here(q.Rule, "rule "+r.ID+": required")
		}
	}
	var allows []Allow
	for _, a := range g.c.Allows {
		if len(a.Rules) > 0 && a.Rules[0] == "?" {
			var ids []string
			for _, id := range a.Rules[1:] {
				if id, ok := here(id, "targetRules"); ok {
					ids = append(ids, id)
				}
			}
			if a.Rules = ids; len(ids) == 0 {
				continue // it is for rules that are not there
			}
		}
		allows = append(allows, a)
	}
	g.c.Allows = allows
	var disabled []string
	for _, id := range g.c.Disabled {
		if own, ok := g.ids[id]; ok {
			if known[own] {
				g.c.note("disabledRules names %s, which is a rule of the file itself; only rules of a file that is extended are disabled", id)
			}
			continue
		}
		disabled = append(disabled, id)
	}
	g.c.Disabled, g.c.ids = disabled, g.ids
}
