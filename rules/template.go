package rules

import (
	"fmt"
	"strings"
)

// Template is a text with placeholders.
type Template []Piece

// Piece is a part of a Template: a literal, or a placeholder for one or two values.
type Piece struct {
	Literal string   // if Values is empty
	Values  []string // names of parts, "" for the secret, "identity.NAME" for a field of identity; two of them are joined by ":"
	Filters []Filter // applied in this order
}

// Filter changes the text of a placeholder.
type Filter struct {
	Name string // json, urlquery, urlpath, base64, basic, basicuser or field
	Arg  string // basic: the user; field: the separator, a comma, and the index
}

// filterNames are the filters that a placeholder may have. basic(USER) is the base64 of USER:value, basicuser that of
// value: with an empty password, field(SEPARATOR,N) the piece of the value that stands behind N separators.
const filterNames = "json, urlquery, urlpath, base64, basic(USER), basicuser, field(SEPARATOR,N)"

// placeholderHint says what a placeholder looks like.
const placeholderHint = "placeholders are {secret}, {part.NAME}, {secret|FILTER} and {basic(part.NAME,secret)}; filters are " + filterNames

// placeholderStarts are the texts that begin a placeholder. Any other brace is itself, as JSON and GraphQL need it.
var placeholderStarts = [...]string{"{secret", "{part.", "{identity.", "{basic("}

// identityPrefix begins the names of values that the provider told when it was asked.
const identityPrefix = "identity."

// IdentityValue returns the field of identity that a value of a template names; ok says whether it names one.
func IdentityValue(name string) (field string, ok bool) {
	return strings.CutPrefix(name, identityPrefix)
}

// mistaken are what rule writers may take for placeholders.
var mistaken = [...]string{"{token}", "{token|", "{parts.", "{part|", "{part}", "{value}", "{value|", "{{secret"}

// ParseTemplate reads a template.
func ParseTemplate(text string) (Template, error) {
	var t Template
	literal := 0
	for i := 0; i < len(text); {
		for _, m := range mistaken {
			if strings.HasPrefix(text[i:], m) {
				return nil, fmt.Errorf("%s is no placeholder", quote(m))
			}
		}
		if !startsPlaceholder(text[i:]) {
			i++
			continue
		}
		end := strings.IndexByte(text[i:], '}')
		if end < 0 {
			return nil, fmt.Errorf("the placeholder %s does not end", quote(text[i:]))
		}
		p, err := parsePlaceholder(text[i+1 : i+end])
		if err != nil {
			return nil, err
		}
		if literal < i {
			t = append(t, Piece{Literal: text[literal:i]})
		}
		t = append(t, p)
		i += end + 1
		literal = i
	}
	if literal < len(text) {
		t = append(t, Piece{Literal: text[literal:]})
	}
	return t, nil
}

func startsPlaceholder(text string) bool {
	for _, s := range placeholderStarts {
		if strings.HasPrefix(text, s) {
			return true
		}
	}
	return false
}

// parsePlaceholder reads what stands between the braces.
func parsePlaceholder(text string) (Piece, error) {
	fields := strings.Split(text, "|")
	var p Piece
	if inner, ok := strings.CutPrefix(fields[0], "basic("); ok {
		inner, closed := strings.CutSuffix(inner, ")")
		user, password, two := strings.Cut(inner, ",")
		if !closed || !two {
			return p, fmt.Errorf("{%s} is not written basic(VALUE,VALUE)", text)
		}
		for _, v := range []string{user, password} {
			name, err := valueName(strings.TrimSpace(v))
			if err != nil {
				return p, err
			}
			p.Values = append(p.Values, name)
		}
		p.Filters = append(p.Filters, Filter{Name: "base64"})
	} else {
		name, err := valueName(fields[0])
		if err != nil {
			return p, err
		}
		p.Values = []string{name}
	}
	for _, f := range fields[1:] {
		filter, err := parseFilter(f)
		if err != nil {
			return p, err
		}
		p.Filters = append(p.Filters, filter)
	}
	return p, nil
}

// valueName returns the name of a part, "" for the secret.
func valueName(text string) (string, error) {
	if text == "secret" {
		return "", nil
	}
	if field, ok := IdentityValue(text); ok && field != "" {
		return text, nil
	}
	name, ok := strings.CutPrefix(text, "part.")
	if !ok || name == "" {
		return "", fmt.Errorf("{%s} is no placeholder", text)
	}
	return name, nil
}

func parseFilter(text string) (Filter, error) {
	switch text {
	case "json", "urlquery", "urlpath", "base64", "basicuser":
		return Filter{Name: text}, nil
	}
	if arg, ok := strings.CutPrefix(text, "basic("); ok {
		if arg, ok = strings.CutSuffix(arg, ")"); ok && !strings.ContainsAny(arg, ":,") {
			return Filter{Name: "basic", Arg: arg}, nil
		}
	}
	if arg, ok := strings.CutPrefix(text, "field("); ok {
		if arg, ok = strings.CutSuffix(arg, ")"); ok && len(arg) == 3 && arg[1] == ',' && isDigit(arg[2]) {
			return Filter{Name: "field", Arg: arg}, nil
		}
	}
	return Filter{}, fmt.Errorf("there is no filter %s", quote(text))
}

// Values returns the names of the parts that the template needs, "" for the secret, each once.
func (t Template) Values() []string {
	var names []string
	seen := map[string]bool{}
	for _, p := range t {
		for _, v := range p.Values {
			if !seen[v] {
				seen[v] = true
				names = append(names, v)
			}
		}
	}
	return names
}

// String returns the template as it is written, but for the order of equivalent spellings.
func (t Template) String() string {
	var b strings.Builder
	for _, p := range t {
		if len(p.Values) == 0 {
			b.WriteString(p.Literal)
			continue
		}
		b.WriteByte('{')
		filters := p.Filters
		if len(p.Values) == 2 {
			b.WriteString("basic(" + spelled(p.Values[0]) + "," + spelled(p.Values[1]) + ")")
			filters = filters[1:]
		} else {
			b.WriteString(spelled(p.Values[0]))
		}
		for _, f := range filters {
			b.WriteString("|" + f.Name)
			if f.Name == "basic" || f.Name == "field" {
				b.WriteString("(" + f.Arg + ")")
			}
		}
		b.WriteByte('}')
	}
	return b.String()
}

func spelled(value string) string {
	if value == "" {
		return "secret"
	}
	if _, ok := IdentityValue(value); ok {
		return value
	}
	return "part." + value
}

// Authority splits the template of a URL: scheme ("https" or "http"), what stands for host and port, and the rest, which
// begins with a slash or question mark or is empty. A URL that begins with a placeholder has no scheme; all of it is the
// authority then.
func (t Template) Authority() (scheme string, authority, rest Template) {
	if len(t) == 0 {
		return "", nil, nil
	}
	scheme, after, ok := strings.Cut(t[0].Literal, "://")
	if !ok {
		return "", t, nil
	}
	for i, p := range t {
		text := p.Literal
		if i == 0 {
			text = after
		}
		if len(p.Values) > 0 {
			authority = append(authority, p)
			continue
		}
		end := strings.IndexAny(text, "/?#")
		if end < 0 {
			if text != "" {
				authority = append(authority, Piece{Literal: text})
			}
			continue
		}
		if end > 0 {
			authority = append(authority, Piece{Literal: text[:end]})
		}
		rest = append(Template{{Literal: text[end:]}}, t[i+1:]...)
		break
	}
	return scheme, authority, rest
}

// Fixed returns the text of a template without placeholders; ok says whether it is one.
func (t Template) Fixed() (text string, ok bool) {
	for _, p := range t {
		if len(p.Values) > 0 {
			return "", false
		}
		text += p.Literal
	}
	return text, true
}
