package verify

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"regexp"
	"strings"

	"mudlark/rules"
)

// message is a request with the values of a credential in it.
type message struct {
	method  string
	target  target
	headers [][2]string
	body    string
	once    bool // it is not sent again, whatever happens
}

// render puts values into a request. endpoint takes the place of the request's own scheme and host if it is not nil. ok is false
// if a value has no place in a request: control characters would end a header, dots would lead to another path.
func render(q *rules.Request, v *values, endpoint *url.URL) (m message, ok bool) {
	m.method = q.Method
	if m.target, ok = renderURL(q.URL, v, endpoint); !ok {
		return m, false
	}
	form := bodyForm(q)
	if m.body, ok = fill(q.Body, v, func(string) encoder { return form }); !ok {
		return m, false
	}
	for _, h := range q.Headers {
		text, ok := fill(h.Value, v, func(string) encoder { return plain })
		if !ok || hasControls(text) || !isASCII(text) {
			return m, false
		}
		m.headers = append(m.headers, [2]string{h.Name, text})
	}
	return m, true
}

// renderURL makes a target of a URL's template.
func renderURL(t rules.Template, v *values, endpoint *url.URL) (target, bool) {
	scheme, authority, rest := t.Authority()
	_, fixed := authority.Fixed()
	port := len(authority) > 0 && portLiteral.MatchString(authority[len(authority)-1].Literal)
	var text string
	if scheme == "" {
		// The first value is the beginning of a URL, such as that of a web hook, or an origin.
		first := v.get(t[0].Values[0])
		rest, ok := fill(t[1:], v, urlEncoder)
		if !ok {
			return target{}, false
		}
		if !strings.Contains(first, "://") {
			first = "https://" + first
		}
		text = first + rest
		if len(t) > 1 {
			text = strings.TrimRight(first, "/") + rest
		}
	} else {
		host, ok := fill(authority, v, func(string) encoder { return plain })
		if !ok || strings.ContainsAny(host, "/?#@\\%") {
			return target{}, false
		}
		path, ok := fill(rest, v, urlEncoder)
		if !ok {
			return target{}, false
		}
		text = scheme + "://" + host + path
	}
	u, err := url.Parse(text)
	if err != nil || hasControls(text) || !isASCII(text) || dotted(u.EscapedPath()) {
		return target{}, false
	}
	if endpoint != nil {
		u, fixed = redirected(u, endpoint), true
	}
	return target{url: u, fixed: fixed, port: port}, true
}

// portLiteral matches what stands behind a host.
var portLiteral = regexp.MustCompile(`^(.*[^:])?:[0-9]{1,5}$`)

// dotted reports whether a path holds a segment that leads upwards.
func dotted(path string) bool {
	for s := range strings.SplitSeq(strings.ToLower(path), "/") {
		if s = strings.ReplaceAll(s, "%2e", "."); s == "." || s == ".." {
			return true
		}
	}
	return false
}

// redirected returns u at another instance: scheme and host are the endpoint's, and its path stands before that of u, without the
// segments at its end that u begins with.
func redirected(u, endpoint *url.URL) *url.URL {
	out := *endpoint
	path := u.EscapedPath()
	path = ownBase(endpoint, path) + path
	out.RawQuery = u.RawQuery
	if decoded, err := url.PathUnescape(path); err == nil {
		out.Path, out.RawPath = decoded, path
	}
	return &out
}

// ownBase returns what of an endpoint's path a request's path does not repeat: people name a service by its root, or by that of its API.
func ownBase(endpoint *url.URL, path string) string {
	base := strings.TrimRight(endpoint.EscapedPath(), "/")
	for i := range len(base) {
		if base[i] == '/' && strings.HasPrefix(path, base[i:]+"/") {
			return base[:i]
		}
	}
	return base
}

// encoder makes a value fit for its place.
type encoder func(string) string

func plain(s string) string { return s }

// urlEncoder returns the encoder for a place behind the text of a URL: in the query after "=", values are escaped; a whole query
// behind "?" or "&" is left alone; in the path slashes and escapes stay what they are.
func urlEncoder(before string) encoder {
	if i := strings.LastIndexAny(before, "?&="); i >= 0 && strings.Contains(before, "?") {
		if before[i] == '=' {
			return url.QueryEscape
		}
		if i == len(before)-1 {
			return rawQuery
		}
		return url.QueryEscape
	}
	return pathEscape
}

// rawQuery escapes what cannot stand in a query at all.
func rawQuery(s string) string {
	return strings.NewReplacer(" ", "%20", "#", "%23", `"`, "%22", "<", "%3C", ">", "%3E").Replace(s)
}

// pathEscape escapes everything that is not a character of a path (RFC 3986, section 3.3).
func pathEscape(s string) string {
	segments := strings.Split(s, "/")
	for i, p := range segments {
		segments[i] = url.PathEscape(p)
	}
	return strings.Join(segments, "/")
}

func jsonEscape(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		return ""
	}
	return string(text[1 : len(text)-1])
}

// bodyForm returns the encoder for values in a body, by its Content-Type or else its first character.
func bodyForm(q *rules.Request) encoder {
	first, _ := rules.Template(q.Body).Fixed()
	if len(q.Body) > 0 {
		first = q.Body[0].Literal
	}
	kind := ""
	for _, h := range q.Headers {
		if strings.EqualFold(h.Name, "Content-Type") {
			kind, _ = h.Value.Fixed()
		}
	}
	switch {
	case strings.Contains(kind, "json"), kind == "" && strings.HasPrefix(first, "{"), kind == "" && strings.HasPrefix(first, "["):
		return jsonEscape
	case strings.HasPrefix(kind, "application/x-www-form-urlencoded"):
		return url.QueryEscape
	case strings.Contains(kind, "xml"):
		return xmlEscape
	}
	return plain
}

func xmlEscape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&apos;").Replace(s)
}

// fill puts values into a template. by returns the encoder for a place, given the text before it; it is not applied where the
// last filter has made the value fit. Values that hold CR, LF or NUL have no place in anything but JSON, base64 or escapes.
func fill(t rules.Template, v *values, by func(before string) encoder) (string, bool) {
	var b strings.Builder
	for _, p := range t {
		if len(p.Values) == 0 {
			b.WriteString(p.Literal)
			continue
		}
		text := v.get(p.Values[0])
		if len(p.Values) == 2 {
			text += ":" + v.get(p.Values[1])
		}
		fits := false
		for _, f := range p.Filters {
			text, fits = filtered(f, text)
		}
		if !fits {
			text = by(b.String())(text)
		}
		if strings.ContainsAny(text, "\r\n\x00") {
			return "", false
		}
		b.WriteString(text)
	}
	return b.String(), true
}

// filtered applies a filter; fits says that the result needs no encoder.
func filtered(f rules.Filter, text string) (out string, fits bool) {
	switch f.Name {
	case "json":
		return jsonEscape(text), true
	case "urlquery":
		return url.QueryEscape(text), true
	case "urlpath":
		return url.PathEscape(text), true
	case "field":
		pieces := strings.Split(text, f.Arg[:1])
		if i := int(f.Arg[2] - '0'); i < len(pieces) {
			return pieces[i], false
		}
		return "", false
	case "basic":
		text = f.Arg + ":" + text
	case "basicuser":
		text += ":"
	}
	return base64.StdEncoding.EncodeToString([]byte(text)), false
}

func hasControls(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 })
}
