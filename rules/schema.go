package rules

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// rules reads the [[rule]] tables.
func (l *loader) rules(doc *table) []*Rule {
	var list []*Rule
	for i, t := range doc.tables("rule") {
		if l.full() {
			break
		}
		t.rule = strconv.Itoa(i + 1)
		if id, ok := t.values["id"].(string); ok && id != "" {
			t.rule = id
		}
		list = append(list, l.rule(t))
	}
	if len(list) == 0 && !l.config {
		doc.errorf("", "a rule begins with [[rule]]", "the file holds no rule")
	}
	return list
}

// rule reads one [[rule]] table.
func (l *loader) rule(t *table) *Rule {
	r := &Rule{File: l.file, Line: l.tables.line(t.path)}
	r.identity(t)
	r.values(t)
	r.verbatim(t)
	r.matcher(t)
	r.parts(t)
	r.Verify = r.verifyTable(t)
	r.Revoke = r.revokeTable(t)
	r.Revocable = r.Revoke != nil
	t.finish()
	r.checkTogether(t)
	r.derive()
	return r
}

// identity reads what people see of a rule.
func (r *Rule) identity(t *table) {
	r.ID = t.text("id")
	switch {
	case !t.has("id"):
		t.errorf("", `write id = "provider-kind"`, "id is missing")
	case r.ID != "" && !kebab(r.ID):
		t.errorf("id", "use small letters, digits and single hyphens, provider first, at most 80 bytes", "id %q is not in kebab case", r.ID)
	}
	if r.Name = t.text("name"); !t.has("name") {
		t.errorf("", "say in a few words what kind of secret it is", "name is missing")
	}
	r.Provider = t.l.provider
	if own := t.text("provider"); own != "" {
		if r.Provider != "" {
			t.errorf("provider", "drop it", "provider is given for the whole file already")
		}
		r.Provider = own
	}
	if r.Provider == "" && t.l.config {
		r.Provider = "Custom"
	}
	if r.Provider == "" {
		t.errorf("", `write provider = "..." above the first [[rule]]`, "provider is missing")
	}
	r.Severity = Severity(t.level("severity", "what an attacker gains", Critical, High, Medium, Low))
	r.Confidence = Confidence(t.level("confidence", "how rarely it is something else", High, Medium, Low))
	for i, slug := range t.list("github") {
		if !lowerSnake(slug) {
			t.errorf(element("github", i), "small letters, digits and underscores", "%q is no secret_type of GitHub", slug)
		}
		r.GitHub = append(r.GitHub, slug)
	}
	r.Rotate = t.link("rotate")
	r.Source = t.link("source")
}

// values reads the conditions on the value and on what stands around it.
func (r *Rule) values(t *table) {
	r.Near = t.words("near")
	r.After = t.words("after")
	r.Entropy = t.entropy()
	r.Placeholders = t.list("placeholders")
	r.Require = t.names("require", requireNames)
	r.Reject = t.names("reject", rejectNames)
	r.Checksum = t.checksum()
	r.OnMismatch = "drop"
	if t.has("on_mismatch") {
		r.OnMismatch = t.level("on_mismatch", "", "drop", Low)
	}
	r.Boundary = t.boundary()
	r.Weak = t.flag("weak")
	r.Public = t.flag("public")
	r.Paths = t.list("paths")
}

// matcher reads the one of format, regex and block that the rule has.
func (r *Rule) matcher(t *table) {
	var given []string
	for _, key := range []string{"format", "regex", "block"} {
		if t.has(key) {
			given = append(given, key)
		}
	}
	switch len(given) {
	case 0:
		t.errorf("", `write format = "prefix_{base62:36}"`, "there is neither format, regex nor block")
	case 1:
	default:
		t.errorf(given[1], "write two rules", "%s stand side by side", strings.Join(given, " and "))
	}
	inherited := Format{Near: r.Near, After: r.After, Checksum: r.Checksum, Confidence: r.Confidence, Entropy: r.Entropy, Boundary: r.Boundary}
	r.Formats = t.formats(inherited, true)
	r.regex(t)
	r.block(t)
}

// block reads the name of an extractor and its parameters.
func (r *Rule) block(t *table) {
	r.Block = t.text("block")
	if known := t.l.vocabulary.Block; r.Block != "" && known != nil && !known(r.Block) {
		t.errorf("block", "", "there is no block %q", r.Block)
	}
	v, ok := t.value("match")
	if !ok {
		return
	}
	args, ok := v.(map[string]any)
	if !ok {
		t.wrongType("match", "a table, [rule.match]", v)
		return
	}
	if r.Block == "" {
		t.errorf("match", "it holds the parameters of block", "match stands without block")
	}
	r.BlockArgs = make(map[string]string, len(args))
	for _, key := range slices.Sorted(maps.Keys(args)) {
		v := args[key]
		s, ok := v.(string)
		if !ok {
			t.errorf(join("match", key), "", "match.%s is %s, but must be a string", key, typeName(v))
		}
		r.BlockArgs[key] = s
	}
}

// formats reads the key format: a string, a list of strings, or [[rule.format]] tables.
func (t *table) formats(inherited Format, anchored bool) []Format {
	v, ok := t.value("format")
	if !ok {
		return nil
	}
	var items []any
	switch v := v.(type) {
	case []any:
		items = v
	case []map[string]any:
		for _, m := range v {
			items = append(items, m)
		}
	case map[string]any:
		t.errorf("format", "write [[rule.format]], with two brackets on each side", "format is a table, but must be a string, a list of strings or a list of tables")
		return nil
	default:
		items = []any{v}
	}
	if len(items) == 0 {
		t.errorf("format", "leave the key out", "format is an empty list")
	}
	var list []Format
	seen := map[string]int{}
	for i, item := range items {
		f, ok := t.format(element("format", i), item, inherited, anchored)
		if !ok {
			continue
		}
		if len(items) > 1 {
			key := fmt.Sprintf("%s\x00%q\x00%q", canonical(f.Node), f.Near, f.After)
			if j, ok := seen[key]; ok {
				t.errorf(element("format", i), "drop one", "format %d is the same as format %d", i+1, j+1)
				continue
			}
			seen[key] = i
		}
		list = append(list, f)
	}
	return list
}

// format reads one alternative.
func (t *table) format(key string, item any, f Format, anchored bool) (Format, bool) {
	switch v := item.(type) {
	case string:
		f.Text = v
	case map[string]any:
		sub := t.sub(key, v)
		if !sub.has("format") {
			sub.errorf("", `write format = "..." in it`, "format is missing from [[rule.format]]")
		}
		f.Text = sub.text("format")
		sub.overrides(&f)
		sub.finish()
		if f.Text == "" {
			return f, false
		}
		key = join(key, "format")
	default:
		t.errorf(key, "", "format holds %s, but must be a string or a table", typeName(item))
		return f, false
	}
	n, err := ParseFormat(f.Text)
	if err != nil {
		t.errorf(key, "", "format %s: %v", quote(f.Text), err)
		return f, false
	}
	f.Node = n
	if anchored {
		t.checkAnchor(key, f)
	}
	return f, true
}

// overrides reads an alternative's own conditions; an empty list or string takes the rule's away.
func (t *table) overrides(f *Format) {
	if t.has("near") {
		f.Near = t.words("near")
	}
	if t.has("after") {
		f.After = t.words("after")
	}
	if v, ok := t.value("checksum"); ok {
		if f.Checksum = ""; v != "" {
			f.Checksum = t.checksum()
		}
	}
	if t.has("confidence") {
		f.Confidence = Confidence(t.level("confidence", "", High, Medium, Low))
	}
	if t.has("entropy") {
		f.Entropy = t.entropy()
	}
	if v, ok := t.value("boundary"); ok {
		if f.Boundary = ""; v != "" {
			f.Boundary = t.boundary()
		}
	}
	for _, key := range []string{"near", "after", "confidence", "entropy"} {
		t.used[key] = true
	}
}

// checkAnchor demands something by which a format can be found without trying it everywhere.
func (t *table) checkAnchor(key string, f Format) {
	if Anchored(f.Node) {
		return
	}
	if len(f.Near) == 0 {
		t.errorf(key, "give near = [...], a word that stands close before such a value",
			"format %s has no anchor: no literal of 3 bytes, nor one of 2 with a class beside it, is in all that it matches", quote(f.Text))
		return
	}
	for _, w := range f.Near {
		if len(w) < 3 {
			t.errorf(key, "drop it or write more of it", "format %s has no anchor, so each word of near is searched for, and %q is shorter than 3 bytes", quote(f.Text), w)
		}
	}
}

// maxParts bounds the companions of a rule.
const maxParts = 20

// parts reads the [[rule.part]] tables.
func (r *Rule) parts(t *table) {
	tables := t.tables("part")
	if len(tables) > maxParts {
		t.errorf("part", "", "there are %d parts, more than %d", len(tables), maxParts)
		return
	}
	for _, p := range tables {
		r.Parts = append(r.Parts, r.part(p))
	}
}

// part reads one [[rule.part]] table.
func (r *Rule) part(t *table) Part {
	p := Part{Name: t.text("name"), Near: t.words("near"), Entropy: t.entropy(), Required: t.flag("required"), Public: t.flag("public")}
	if !t.has("name") {
		t.errorf("", `write name = "secret"`, "name is missing from [[rule.part]]")
	}
	if slices.ContainsFunc(r.Parts, func(old Part) bool { return old.Name == p.Name && p.Name != "" }) {
		t.errorf("name", "", "two parts are named %q", p.Name)
	}
	p.Require = t.names("require", requireNames)
	p.Reject = t.names("reject", rejectNames)
	if !t.has("format") {
		t.errorf("", `write format = "{base62:40}"`, "format is missing from [[rule.part]]")
	}
	p.Formats = t.formats(Format{Near: p.Near, Confidence: r.Confidence, Entropy: p.Entropy, Boundary: t.boundary()}, false)
	p.Lines, p.File = t.within()
	t.finish()
	return p
}

// defaultLines is how far a part may stand away where nothing is said.
const defaultLines = 40

// within reads "40 lines" or "file".
func (t *table) within() (lines int, file bool) {
	s := t.text("within")
	if s == "file" {
		return 0, true
	}
	if s == "" {
		return defaultLines, false
	}
	text, ok := strings.CutSuffix(strings.TrimSuffix(s, "s"), " line")
	n, err := strconv.Atoi(text)
	if !ok || err != nil || n < 0 || n > 1000 {
		t.errorf("within", `write "40 lines" (at most 1000) or "file"`, "within %q is no distance", s)
	}
	return n, false
}

// checkTogether finds keys that contradict each other.
func (r *Rule) checkTogether(t *table) {
	hasCheck := r.Checksum != "" || slices.ContainsFunc(r.Formats, func(f Format) bool { return f.Checksum != "" })
	if t.has("on_mismatch") && !hasCheck {
		t.errorf("on_mismatch", "drop it", "on_mismatch stands without checksum")
	}
	if t.has("keywords") && r.Regex == "" {
		t.errorf("keywords", "only a regex needs keywords; a format's literals are its own", "keywords stands without regex")
	}
}

// level reads one of a few words.
func (t *table) level(key, meaning string, words ...string) string {
	s := t.text(key)
	switch {
	case !t.has(key):
		t.errorf("", fmt.Sprintf("write %s = %q or another of %s: %s", key, words[0], strings.Join(words, ", "), meaning), "%s is missing", key)
	case s != "" && !slices.Contains(words, s):
		t.errorf(key, "it is one of "+strings.Join(words, ", "), "%s %q is unknown", key, s)
	}
	return s
}

// The words of require and reject.
const (
	requireNames = "digit, upper, lower, letter, special"
	rejectNames  = "all:hex, all:digit, all:xdigit, all:lower, all:upper, all:letter, uuid, words, readable, names, code"
)

// names reads a list of known words.
func (t *table) names(key, known string) []string {
	list := t.list(key)
	for i, s := range list {
		if !slices.Contains(strings.Split(known, ", "), s) {
			t.errorf(element(key, i), "known are "+known, "%s %q is unknown", key, s)
		}
	}
	return list
}

// words reads a list of words to be found ignoring ASCII case, and returns them in lower case.
func (t *table) words(key string) []string {
	list := t.list(key)
	for i, s := range list {
		lower := []byte(s)
		for j, c := range lower {
			lower[j] = lowerByte(c)
			if !printable(c) {
				t.errorf(element(key, i), "", "%s %q is not printable ASCII", key, s)
				break
			}
		}
		list[i] = string(lower)
		if len(s) > 64 {
			t.errorf(element(key, i), "", "%s %q is longer than 64 bytes", key, s)
		}
	}
	return list
}

func (t *table) entropy() float64 {
	e := t.number("entropy")
	if t.has("entropy") && !(e >= 0 && e <= 8) {
		t.errorf("entropy", "in bits per character; random hex has up to 4, base64 up to 6", "entropy %v is out of range", e)
		return 0
	}
	return e
}

func (t *table) checksum() string {
	name := t.text("checksum")
	if known := t.l.vocabulary.Checksum; name != "" && known != nil && !known(name) {
		t.errorf("checksum", "", "there is no checksum %q", name)
	}
	return name
}

func (t *table) boundary() string {
	s := t.text("boundary")
	if s != "" {
		if _, err := ParseSet(s); err != nil {
			t.errorf("boundary", "", "boundary %s: %v", quote(s), err)
		}
	}
	return s
}

func (t *table) link(key string) string {
	s := t.text(key)
	if s == "" {
		return s
	}
	if u, err := url.Parse(s); err != nil || u.Scheme != "https" || u.Host == "" {
		t.errorf(key, "write https://...", "%s %q is no https URL", key, s)
	}
	return s
}

// kebab reports whether s is in kebab case and of reasonable length.
func kebab(s string) bool { return len(s) <= 80 && joinedBy(s, '-') }

// lowerSnake reports whether s is in snake case.
func lowerSnake(s string) bool { return joinedBy(s, '_') }

// joinedBy reports whether s consists of words of small letters and digits with one sep between them.
func joinedBy(s string, sep byte) bool {
	last := sep
	for i := range len(s) {
		c := s[i]
		switch {
		case c == sep:
			if last == sep {
				return false
			}
		case !isDigit(c) && kindOf(c) != 3:
			return false
		}
		last = c
	}
	return last != sep
}
