package rules

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// conditions reads a condition or a list of them. With proof each needs something beside the status.
func (t *table) conditions(key string, proof bool) []Condition {
	v, ok := t.value(key)
	if !ok {
		return nil
	}
	var tables []*table
	if m, ok := v.(map[string]any); ok {
		tables = []*table{t.sub(key, m)}
	} else {
		tables = t.tables(key)
	}
	var list []Condition
	for _, sub := range tables {
		c := Condition{Status: sub.statuses(), JSON: sub.jsonTests(), Body: sub.list("body"), Header: sub.headerTests()}
		sub.finish()
		if proof && len(c.JSON)+len(c.Body)+len(c.Header) == 0 {
			sub.errorf("", `write what else the answer holds: json = "login", body = "..." or header = "..."`, "%s rests on the status alone, which other causes share", key)
		}
		list = append(list, c)
	}
	return list
}

// statuses reads the key status.
func (t *table) statuses() []int {
	v, ok := t.value("status")
	if !ok {
		t.errorf("", "write status = [200]", "status is missing")
		return nil
	}
	items, ok := v.([]any)
	if !ok {
		items = []any{v}
	}
	var list []int
	for i, item := range items {
		n, ok := item.(int64)
		switch {
		case !ok:
			t.errorf(element("status", i), "", "status holds %s, but must be a list of integers", typeName(item))
		case n < 200 || n > 299 && n < 400 || n > 499 || n == 429:
			t.errorf(element("status", i), "redirects, failures of the server and limits of rate prove nothing", "status %d is none of 200 to 299 and 400 to 499 without 429", n)
		default:
			list = append(list, int(n))
		}
	}
	if len(items) == 0 {
		t.errorf("status", "write status = [200]", "status is an empty list")
	}
	return list
}

// jsonTests reads paths such as "a.b[0].c" and "error.code=invalid_auth".
func (t *table) jsonTests() []JSONTest {
	var list []JSONTest
	for i, text := range t.list("json") {
		path, value, equal := strings.Cut(text, "=")
		p, ok := ParseJSONPath(strings.TrimSpace(path))
		if !ok {
			t.errorf(element("json", i), `write "login", "data[0].id" or "error.code=invalid_auth"`, "json %q is no path", text)
			continue
		}
		list = append(list, JSONTest{Path: p, Equal: equal, Text: strings.TrimSpace(value)})
	}
	return list
}

// ParseJSONPath reads a path such as "a.b[0].c".
func ParseJSONPath(text string) (JSONPath, bool) {
	var path JSONPath
	for i, field := range strings.Split(text, ".") {
		name, index, indexed := strings.Cut(field, "[")
		if name != "" {
			path = append(path, JSONStep{Name: name})
		} else if !indexed || i > 0 {
			return nil, false // only a document that is a list begins with an index
		}
		for indexed {
			digits, rest, closed := strings.Cut(index, "]")
			n, err := strconv.Atoi(digits)
			if err != nil || n < 0 || !closed {
				return nil, false
			}
			path = append(path, JSONStep{Index: n})
			if index, indexed = strings.CutPrefix(rest, "["); !indexed && rest != "" {
				return nil, false
			}
		}
		if strings.ContainsAny(name, "]|\"' ") {
			return nil, false
		}
	}
	return path, true
}

// String returns the path as it is written.
func (p JSONPath) String() string {
	var b strings.Builder
	for i, s := range p {
		switch {
		case s.Name == "":
			b.WriteString("[" + strconv.Itoa(s.Index) + "]")
		case i > 0:
			b.WriteString("." + s.Name)
		default:
			b.WriteString(s.Name)
		}
	}
	return b.String()
}

// headerTests reads "Name" and "Name: text".
func (t *table) headerTests() []HeaderTest {
	var list []HeaderTest
	for i, text := range t.list("header") {
		name, value, _ := strings.Cut(text, ":")
		if !headerName(name) {
			t.errorf(element("header", i), `write "Name" or "Name: text"`, "header %q names no header", text)
			continue
		}
		list = append(list, HeaderTest{Name: name, Text: strings.TrimSpace(value)})
	}
	return list
}

// identity reads what a positive answer tells about the credential.
func (t *table) identity() []IdentityField {
	var list []IdentityField
	for name, text := range t.texts("identity") {
		f := IdentityField{Name: name}
		kind, rest, _ := strings.Cut(text, ":")
		ok := lowerSnake(name)
		switch kind {
		case "json":
			var parsed bool
			f.JSON, parsed = ParseJSONPath(rest)
			ok = ok && parsed
		case "header":
			f.Header, ok = rest, ok && headerName(rest)
		default:
			ok = false
		}
		if !ok {
			t.errorf(join("identity", name), `write login = "json:user.login" or scopes = "header:X-Scopes"`, "identity.%s = %q is not understood", name, text)
			continue
		}
		list = append(list, f)
	}
	slices.SortFunc(list, func(a, b IdentityField) int { return cmp.Compare(a.Name, b.Name) })
	return list
}
