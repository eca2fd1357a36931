package verify

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"mudlark/rules"
)

var errNested = errors.New("nested too deeply")

// maxIdentity is how many characters of a field are kept.
const maxIdentity = 200

// identify reads what a positive answer tells about the credential.
func identify(fields []rules.IdentityField, r *response, v *values) map[string]string {
	if len(fields) == 0 {
		return nil
	}
	doc := parseJSON(r.body, r.cut)
	found := map[string]string{}
	for _, f := range fields {
		text := strings.Join(r.header.Values(f.Header), ", ")
		if f.JSON != nil {
			value, _ := lookUp(doc, f.JSON)
			text = listText(value)
		}
		found[f.Name] = text
	}
	return discreet(found, v)
}

// listText returns a scalar, or the scalars of a list.
func listText(v any) string {
	if list, ok := v.([]any); ok {
		var texts []string
		for _, e := range list {
			if t, ok := scalarText(e); ok {
				texts = append(texts, t)
			}
		}
		return strings.Join(texts, ", ")
	}
	if v == nil {
		return ""
	}
	t, _ := scalarText(v)
	return t
}

// discreet makes what a provider says fit for a report: printable, of bounded length, and nothing of the secret in it.
func discreet(fields map[string]string, v *values) map[string]string {
	out := map[string]string{}
	for name, text := range fields {
		if text = printable(text); text != "" && !echoes(text, v.secrets()) {
			out[name] = text
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// printable drops what is not a graphic character or a space, and cuts at maxIdentity.
func printable(s string) string {
	var b strings.Builder
	n := 0
	for _, r := range s {
		if r == utf8.RuneError || !unicode.IsGraphic(r) {
			continue
		}
		if n++; n > maxIdentity {
			break
		}
		b.WriteRune(r)
	}
	return strings.TrimSpace(b.String())
}

// echoLength is the length from which a piece of a secret in a text is one: shorter ones may stand there by chance.
const echoLength = 8

// echoes reports whether text holds one of the secrets, plain or encoded, or a piece of it.
func echoes(text string, secrets []string) bool {
	lower := strings.ToLower(text)
	for _, s := range secrets {
		for _, form := range []string{s, url.QueryEscape(s), hex.EncodeToString([]byte(s)), base64.StdEncoding.EncodeToString([]byte(s))} {
			form = strings.ToLower(form)
			if len(form) < echoLength {
				if form != "" && strings.Contains(lower, form) {
					return true
				}
				continue
			}
			for i := 0; i+echoLength <= len(form); i++ {
				if strings.Contains(lower, form[i:i+echoLength]) {
					return true
				}
			}
		}
	}
	return false
}
