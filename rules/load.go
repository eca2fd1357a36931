package rules

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// Vocabulary says which names of checksums and blocks are known; package detectors has it. A nil function knows every
// name.
type Vocabulary struct {
	Checksum, Block func(name string) bool
}

// Parse reads a rule file: a provider and its [[rule]] tables. It is strict: keys that are not in the schema, missing
// and contradicting ones are errors. The error joins one *Error for everything that is wrong; there are no rules then.
func Parse(file string, data []byte, v Vocabulary) ([]*Rule, error) {
	l, doc, err := openFile(file, data, v)
	if err != nil {
		return nil, err
	}
	l.provider = doc.text("provider")
	rules := l.rules(doc)
	doc.finish()
	return l.result(rules)
}

// ParseConfigRules reads the [[rule]] tables of a configuration file and ignores its other keys. A rule may name its
// provider; else that is "Custom". Errors are those of Parse.
func ParseConfigRules(file string, data []byte, v Vocabulary) ([]*Rule, error) {
	l, doc, err := openFile(file, data, v)
	if err != nil {
		return nil, err
	}
	l.config = true
	return l.result(l.rules(doc))
}

// ParseUntrusted is ParseConfigRules for a file that somebody else controls, such as one in the scanned repository:
// [rule.verify] and [rule.revoke] are dropped. It returns the ids of the rules that had one of them, for a message.
func ParseUntrusted(file string, data []byte, v Vocabulary) (rules []*Rule, dropped []string, err error) {
	rules, err = ParseConfigRules(file, data, v)
	for _, r := range rules {
		if r.Verify != nil || r.Revoke != nil {
			dropped = append(dropped, r.ID)
		}
		r.Verify, r.Revoke, r.Revocable, r.Untrusted = nil, nil, false, true
	}
	return rules, dropped, err
}

// CheckDepth refuses TOML that is too large or too deeply nested to be decoded at reasonable cost. Whoever decodes a
// foreign file by other means than this package should call it first.
func CheckDepth(file string, data []byte) error {
	_, err := checkedPositions(file, data)
	return err
}

func checkedPositions(file string, data []byte) (*positions, error) {
	if len(data) > maxFileSize {
		return nil, &Error{File: file, Line: 1, Text: fmt.Sprintf("the file has %d bytes", len(data)), Hint: fmt.Sprintf("at most %d are read", maxFileSize)}
	}
	pos := findTables(data)
	if pos.tooDeep != 0 {
		return nil, &Error{File: file, Line: pos.tooDeep, Text: "the key is too long or too deeply nested", Hint: fmt.Sprintf("at most %d levels and %d bytes are read", maxDepth, maxKeyPath)}
	}
	return pos, nil
}

// openFile decodes data into a table.
func openFile(file string, data []byte, v Vocabulary) (*loader, *table, error) {
	pos, err := checkedPositions(file, data)
	if err != nil {
		return nil, nil, err
	}
	var values map[string]any
	if _, err := toml.Decode(string(data), &values); err != nil {
		e := &Error{File: file, Line: 1, Text: err.Error()}
		var syntax toml.ParseError
		if errors.As(err, &syntax) {
			e.Line, e.Text = max(1, syntax.Position.Line), syntax.Message
		}
		return nil, nil, e
	}
	l := &loader{file: file, vocabulary: v, data: data, tables: pos}
	return l, &table{l: l, values: values, used: map[string]bool{}}, nil
}

// loader gathers the rules and the errors of one file.
type loader struct {
	file       string
	vocabulary Vocabulary
	data       []byte
	tables     *positions // of tables
	keys       *positions // of everything, once there is an error
	provider   string     // of the whole file
	config     bool       // a configuration file, where rules need no provider
	errs       []*Error
}

// keyLine returns the line of a key for an error.
func (l *loader) keyLine(path string) int {
	if l.keys == nil {
		l.keys = findPositions(l.data)
	}
	return l.keys.line(path)
}

// result returns the rules, or everything that is wrong in the order of lines.
func (l *loader) result(rules []*Rule) ([]*Rule, error) {
	if len(l.errs) == 0 {
		if err := CheckSet(rules); err != nil {
			return nil, err
		}
		return rules, nil
	}
	slices.SortStableFunc(l.errs, func(a, b *Error) int { return cmp.Compare(a.Line, b.Line) })
	if last := l.errs[len(l.errs)-1]; l.full() {
		l.errs = append(l.errs, &Error{File: l.file, Line: last.Line, Text: "there are more errors than these", Hint: "mend these first"})
	}
	list := make([]error, len(l.errs))
	for i, e := range l.errs {
		list[i] = e
	}
	return nil, errors.Join(list...)
}

// CheckSet reports ids that more than one of the rules have. The error joins one *Error for each.
func CheckSet(rules []*Rule) error {
	var errs []error
	seen := make(map[string]*Rule, len(rules))
	for _, r := range rules {
		first, ok := seen[r.ID]
		if !ok {
			seen[r.ID] = r
			continue
		}
		errs = append(errs, &Error{File: r.File, Line: r.Line, Rule: r.ID, Text: "the id is taken",
			Hint: fmt.Sprintf("%s:%d has a rule of this id; ids are unique", first.File, first.Line)})
	}
	return errors.Join(errs...)
}

// table is a TOML table that is read key by key. What nobody asked for is an error at the end.
type table struct {
	l      *loader
	path   string
	rule   string // the rule for messages
	values map[string]any
	used   map[string]bool
}

// maxErrors bounds how many errors of a file are reported.
const maxErrors = 100

// full reports whether there are enough errors.
func (l *loader) full() bool { return len(l.errs) >= maxErrors }

// errorf adds an error about a key of the table, or about the table itself.
func (t *table) errorf(key, hint, format string, args ...any) {
	if t.l.full() {
		return
	}
	path := t.path
	if key != "" {
		path = join(path, key)
	}
	t.l.errs = append(t.l.errs, &Error{File: t.l.file, Line: t.l.keyLine(path), Rule: t.rule, Text: fmt.Sprintf(format, args...), Hint: hint})
}

// has reports whether the key is there, whatever its value.
func (t *table) has(key string) bool {
	_, ok := t.values[key]
	return ok
}

// value returns the key's value and counts it as asked for.
func (t *table) value(key string) (any, bool) {
	t.used[key] = true
	v, ok := t.values[key]
	return v, ok
}

func (t *table) wrongType(key, want string, v any) {
	t.errorf(key, "", "%s is %s, but must be %s", key, typeName(v), want)
}

func typeName(v any) string {
	switch v.(type) {
	case string:
		return "a string"
	case bool:
		return "a boolean"
	case int64:
		return "an integer"
	case float64:
		return "a number"
	case []any, []map[string]any:
		return "a list"
	case map[string]any:
		return "a table"
	}
	return "a date"
}

// text returns a string; empty strings are errors, "" means that there is none.
func (t *table) text(key string) string {
	v, ok := t.value(key)
	if !ok {
		return ""
	}
	s, ok := v.(string)
	if !ok {
		t.wrongType(key, "a string", v)
	} else if strings.TrimSpace(s) == "" {
		t.errorf(key, "leave the key out", "%s is empty", key)
	}
	return s
}

func (t *table) flag(key string) bool {
	v, ok := t.value(key)
	if !ok {
		return false
	}
	b, ok := v.(bool)
	if !ok {
		t.wrongType(key, "true or false", v)
	}
	return b
}

func (t *table) number(key string) float64 {
	switch v, ok := t.value(key); n := v.(type) {
	case float64:
		return n
	case int64:
		return float64(n)
	default:
		if ok {
			t.wrongType(key, "a number", v)
		}
	}
	return 0
}

// maxItems bounds the lists of a rule; some are compared item by item.
const maxItems = 1000

// list returns a list of strings; a string alone is a list of one.
func (t *table) list(key string) []string {
	v, ok := t.value(key)
	if !ok {
		return nil
	}
	items, ok := v.([]any)
	if !ok {
		items = []any{v}
	}
	if len(items) > maxItems {
		t.errorf(key, "", "%s holds %d items, more than %d", key, len(items), maxItems)
		return nil
	}
	list := make([]string, 0, len(items))
	for i, item := range items {
		s, ok := item.(string)
		switch {
		case !ok && len(items) == 1:
			t.wrongType(key, "a list of strings", item)
		case !ok:
			t.errorf(element(key, i), "", "%s holds %s, but must be a list of strings", key, typeName(item))
		case strings.TrimSpace(s) == "":
			t.errorf(element(key, i), "drop it", "%s holds an empty string", key)
		case slices.ContainsFunc(list, func(old string) bool { return strings.EqualFold(old, s) }):
			t.errorf(element(key, i), "drop one", "%s holds %q twice", key, s)
		default:
			list = append(list, s)
		}
	}
	return list
}

// tables returns the tables of an array of tables.
func (t *table) tables(key string) []*table {
	v, ok := t.value(key)
	if !ok {
		return nil
	}
	var list []*table
	switch v := v.(type) {
	case []map[string]any:
		for i, m := range v {
			list = append(list, t.sub(element(key, i), m))
		}
		return list
	case []any:
		for i, item := range v {
			m, ok := item.(map[string]any)
			if !ok {
				t.errorf(element(key, i), "write [["+key+"]]", "%s holds %s, but must be a list of tables", key, typeName(item))
				continue
			}
			list = append(list, t.sub(element(key, i), m))
		}
		return list
	}
	t.errorf(key, "write it with two brackets on each side", "%s is %s, but must be a list of tables", key, typeName(v))
	return nil
}

func (t *table) sub(key string, values map[string]any) *table {
	return &table{l: t.l, path: join(t.path, key), rule: t.rule, values: values, used: map[string]bool{}}
}

// finish reports the keys that nobody asked for. Every key of the schema has been asked for by then.
func (t *table) finish() {
	var unknown []string
	for key := range t.values {
		if !t.used[key] {
			unknown = append(unknown, key)
		}
	}
	if len(unknown) == 0 {
		return
	}
	slices.Sort(unknown)
	known := slices.Sorted(maps.Keys(t.used))
	for _, key := range unknown {
		if t.l.full() {
			return
		}
		t.errorf(key, suggest(key, known), "unknown key %q", key)
	}
}

// suggest names the known key that is most like the unknown one, or all of them.
func suggest(key string, known []string) string {
	best, distance := "", 3
	for _, k := range known {
		if d := editDistance(key, k); d < distance {
			best, distance = k, d
		}
	}
	if best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	return "the keys here are " + strings.Join(known, ", ")
}

// editDistance is Levenshtein's; names too long to be meant are far from everything.
func editDistance(a, b string) int {
	if len(a) > 40 || len(b) > 40 {
		return 40
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
