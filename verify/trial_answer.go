package verify

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"mudlark/rules"
)

// reply is what a scripted server answers.
type reply struct {
	status int
	header map[string]string
	body   string
}

// answering returns a reply that meets a condition, with identity fields that say what fill says of each.
func answering(c *rules.Condition, status int, identity []rules.IdentityField, fill func(name string) string) reply {
	a := reply{status: status, header: map[string]string{}}
	for _, h := range c.Header {
		a.header[h.Name] = h.Text
		if h.Text == "" {
			a.header[h.Name] = "1"
		}
	}
	var doc any
	for _, t := range c.JSON {
		if t.Equal {
			doc, _ = placed(doc, t.Path, typed(t.Text))
		}
	}
	for _, f := range identity {
		switch {
		case f.Header != "" && a.header[f.Header] == "":
			a.header[f.Header] = fill(f.Name)
		case f.JSON != nil && len(c.JSON) > 0:
			if _, taken := lookUp(doc, f.JSON); !taken {
				doc, _ = placed(doc, f.JSON, fill(f.Name))
			}
		}
	}
	for _, t := range c.JSON {
		if !t.Equal && !meetsJSON(doc, &t) {
			doc, _ = placed(doc, t.Path, "x")
		}
	}
	a.body = bodyText(doc, c.Body)
	return a
}

// typed returns the value that a JSON document has for a text.
func typed(text string) any {
	var v any
	if err := json.Unmarshal([]byte(text), &v); err == nil {
		switch v.(type) {
		case bool, float64, nil:
			return json.RawMessage(text)
		}
	}
	return text
}

// placed returns doc with the value at the path. ok is false if something of another kind stands in its way.
func placed(doc any, path rules.JSONPath, value any) (out any, ok bool) {
	if len(path) == 0 {
		return value, true
	}
	step := path[0]
	if step.Name == "" {
		list, isList := doc.([]any)
		if doc != nil && !isList {
			return doc, false
		}
		for len(list) <= step.Index {
			list = append(list, nil)
		}
		list[step.Index], ok = placed(list[step.Index], path[1:], value)
		return list, ok
	}
	m, isMap := doc.(map[string]any)
	if doc != nil && !isMap {
		return doc, false
	}
	if m == nil {
		m = map[string]any{}
	}
	m[step.Name], ok = placed(m[step.Name], path[1:], value)
	return m, ok
}

// bodyText returns a body that holds a document, or none, and texts.
func bodyText(doc any, texts []string) string {
	if doc == nil {
		return strings.Join(texts, "\n")
	}
	encoded, err := json.Marshal(doc)
	if err != nil {
		return ""
	}
	body := string(encoded)
	for _, t := range texts {
		if strings.Contains(body, t) {
			continue
		}
		// Beside a document a text is a piece of one, or stands in a string.
		member := strings.Trim(t, "{}, ")
		if json.Valid([]byte("{" + member + ":1}")) {
			member += ":1" // the name of a member
		}
		if !json.Valid([]byte("{" + member + "}")) {
			quoted, err := json.Marshal(t)
			if err != nil {
				return ""
			}
			member = `"text":` + string(quoted)
		}
		if rest, ok := strings.CutPrefix(body, "{"); ok {
			body = "{" + member + "," + rest
			body = strings.Replace(body, ",}", "}", 1)
		} else if rest, ok := strings.CutPrefix(body, "["); ok {
			body = "[" + rest[:len(rest)-1] + ",{" + member + "}]"
		}
	}
	return body
}

// write sends a reply.
func (a reply) write(w http.ResponseWriter) {
	for name, text := range a.header {
		w.Header()[name] = []string{text}
	}
	if strings.HasPrefix(a.body, "{") || strings.HasPrefix(a.body, "[") {
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(a.status)
	_, _ = w.Write([]byte(a.body)) // the client may have gone; it is the one that is tried
}

// statuses returns all statuses of conditions, each once.
func statuses(lists ...[]rules.Condition) []int {
	var out []int
	for _, list := range lists {
		for _, c := range list {
			for _, s := range c.Status {
				if !slices.Contains(out, s) {
					out = append(out, s)
				}
			}
		}
	}
	return out
}
