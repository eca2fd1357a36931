package verify

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"mudlark/rules"
)

// response is what came back.
type response struct {
	status int
	header http.Header
	body   []byte
	cut    bool // the body is longer than what was read
}

// evaluate says what a response means by the rule's conditions.
func evaluate(v *rules.Verify, r *response) (Status, Reason) {
	switch {
	case r.status == http.StatusTooManyRequests:
		return Unknown, RateLimited
	case r.status >= 500:
		return Unknown, ServerError
	case r.status >= 300 && r.status < 400:
		return Unknown, Redirected
	case isWebPage(r.body):
		return Unknown, WebPage
	}
	doc := parseJSON(r.body, r.cut)
	met := func(list []rules.Condition) bool {
		return slices.ContainsFunc(list, func(c rules.Condition) bool { return r.meets(&c, doc) })
	}
	active, inactive, expired := met(v.Active), met(v.Inactive), met(v.Expired)
	switch {
	case active && !inactive && !expired:
		return Active, ""
	case expired && !active:
		return Expired, ""
	case inactive && !active:
		return Inactive, ""
	}
	return Unknown, Unclear
}

// meets reports whether everything in c holds. doc is the body as JSON.
func (r *response) meets(c *rules.Condition, doc any) bool {
	if !slices.Contains(c.Status, r.status) {
		return false
	}
	for _, t := range c.JSON {
		if !meetsJSON(doc, &t) {
			return false
		}
	}
	for _, text := range c.Body {
		if !bytes.Contains(r.body, []byte(text)) {
			return false
		}
	}
	for _, h := range c.Header {
		values := r.header.Values(h.Name)
		if !slices.ContainsFunc(values, func(v string) bool { return strings.Contains(strings.ToLower(v), strings.ToLower(h.Text)) }) {
			return false
		}
	}
	return true
}

// isWebPage reports whether the body is a page for people, whatever its Content-Type says: log-in pages and those of firewalls
// hold every word that one may look for.
func isWebPage(body []byte) bool {
	head := bytes.ToLower(bytes.TrimLeft(body[:min(len(body), 2048)], " \t\r\n\ufeff"))
	for _, tag := range []string{"<!doctype html", "<html", "<head", "<body", "<script"} {
		if bytes.HasPrefix(head, []byte(tag)) {
			return true
		}
	}
	return bytes.HasPrefix(head, []byte("<")) && bytes.Contains(head, []byte("<html"))
}

func meetsJSON(doc any, t *rules.JSONTest) bool {
	v, ok := lookUp(doc, t.Path)
	if !ok {
		return false
	}
	if t.Equal {
		text, scalar := scalarText(v)
		return scalar && text == t.Text
	}
	switch v := v.(type) {
	case nil:
		return false
	case bool:
		return v
	case string:
		return v != ""
	case []any:
		return len(v) > 0
	case map[string]any:
		return len(v) > 0
	}
	return true
}

func lookUp(doc any, path rules.JSONPath) (any, bool) {
	for _, s := range path {
		if s.Name == "" {
			list, ok := doc.([]any)
			if !ok || s.Index >= len(list) {
				return nil, false
			}
			doc = list[s.Index]
			continue
		}
		m, ok := doc.(map[string]any)
		if !ok {
			return nil, false
		}
		if doc, ok = m[s.Name]; !ok {
			return nil, false
		}
	}
	return doc, true
}

func scalarText(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		if v {
			return "true", true
		}
		return "false", true
	case nil:
		return "null", true
	}
	return "", false
}

// maxNesting bounds the depth of a document.
const maxNesting = 64

// parseJSON reads a document. Of one that is cut off it returns what stands before the cut; anything else that is no JSON is nil.
func parseJSON(body []byte, cut bool) any {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	v, err := parseValue(d, 0)
	if err != nil && !cut {
		return nil
	}
	if err == nil && !cut && len(bytes.TrimSpace(body[d.InputOffset():])) > 0 {
		return nil
	}
	return v
}

// parseValue reads one value; with an error it returns what it has of it.
func parseValue(d *json.Decoder, depth int) (any, error) {
	if depth > maxNesting {
		return nil, errNested
	}
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t {
	case json.Delim('{'):
		m := map[string]any{}
		for d.More() {
			k, err := d.Token()
			if err != nil {
				return m, err
			}
			v, err := parseValue(d, depth+1)
			if err == nil || v != nil {
				m[k.(string)] = v
			}
			if err != nil {
				return m, err
			}
		}
		_, err = d.Token()
		return m, err
	case json.Delim('['):
		list := []any{}
		for d.More() {
			v, err := parseValue(d, depth+1)
			if err == nil || v != nil {
				list = append(list, v)
			}
			if err != nil {
				return list, err
			}
		}
		_, err = d.Token()
		return list, err
	}
	return t, nil
}
