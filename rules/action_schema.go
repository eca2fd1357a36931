package rules

import (
	"cmp"
	"maps"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// verifyTable reads [rule.verify].
func (r *Rule) verifyTable(t *table) *Verify {
	sub := t.action("verify")
	if sub == nil {
		return nil
	}
	v := &Verify{Protocol: sub.text("protocol"), Effect: EffectRead, Hosts: sub.hosts(), Endpoint: sub.text("endpoint"), Evidence: sub.evidence()}
	if _, given := sub.value("effect"); given {
		v.Effect = sub.level("effect", "", EffectNone, EffectRead, EffectCost, EffectWrite)
	}
	if v.Endpoint != "" && !kebab(v.Endpoint) {
		sub.errorf("endpoint", "use small letters, digits and single hyphens", "endpoint %q is not in kebab case", v.Endpoint)
	}
	v.Requests = sub.requests(r)
	v.Active = sub.conditions("active", true)
	v.Inactive = sub.conditions("inactive", true)
	v.Expired = sub.conditions("expired", true)
	v.Identity = sub.identity()
	sub.finish()
	sub.checkVerify(v)
	return v
}

// checkVerify finds what is missing from or contradicts itself in [rule.verify].
func (t *table) checkVerify(v *Verify) {
	if v.Protocol != "" {
		if !kebab(v.Protocol) {
			t.errorf("protocol", "use small letters, digits and single hyphens", "protocol %q is not in kebab case", v.Protocol)
		}
		for _, key := range []string{"request", "headers", "body", "active", "inactive", "expired", "identity"} {
			if t.has(key) {
				t.errorf(key, "a protocol has a request and answers of its own", "%s stands beside protocol", key)
			}
		}
		return
	}
	if !t.has("request") {
		t.errorf("", `write request = "GET https://api.example.com/me", or protocol = "..."`, "there is neither request nor protocol in [rule.verify]")
		return
	}
	if !t.has("active") {
		t.errorf("", `write active = { status = [200], json = "login" }`, "active is missing from [rule.verify]")
	}
	for _, q := range v.Requests {
		if text, fixed := hostText(q.URL); !fixed && len(v.Hosts) == 0 && v.Endpoint == "" {
			t.errorf("request", `write hosts = ["*.example.com"], the suffixes that it may have`, "the host %s comes from scanned text, so hosts must say which are the provider's", quote(text))
		}
	}
}

// hostText returns the authority of a URL, and whether it holds no placeholder.
func hostText(t Template) (string, bool) {
	_, authority, _ := t.Authority()
	_, fixed := authority.Fixed()
	return authority.String(), fixed
}

// revokeTable reads [rule.revoke].
func (r *Rule) revokeTable(t *table) *Revoke {
	sub := t.action("revoke")
	if sub == nil {
		return nil
	}
	v := &Revoke{Proof: sub.text("proof"), Protocol: sub.text("protocol"), Evidence: sub.evidence()}
	if v.Proof != "" && v.Proof != "verify" {
		sub.errorf("proof", `it is "verify" or left out`, "proof %q is unknown", v.Proof)
	}
	if v.Protocol != "" {
		sub.checkRevokeProtocol(r, v)
		return v
	}
	r.Revoke = v // what it finds may stand in its requests
	v.Find = sub.find(r)
	v.Requests = sub.requests(r)
	switch {
	case !sub.has("request"):
		sub.errorf("", `write request = "DELETE https://api.example.com/token"`, "request is missing from [rule.revoke]")
	case len(v.Requests) > 1 && (r.Verify == nil || len(v.Requests) != len(r.Verify.Requests)):
		sub.errorf("request", "a credential is revoked in one place: write one request, or one for each of [rule.verify]", "request is a list of another length than that of [rule.verify]")
	}
	v.Gone = sub.conditions("gone", true)
	if v.Success = sub.conditions("success", false); !sub.has("success") {
		sub.errorf("", "write success = { status = [204] }", "success is missing from [rule.revoke]")
	}
	sub.finish()
	for _, q := range v.Requests {
		if _, fixed := hostText(q.URL); !fixed && (r.Verify == nil || len(r.Verify.Hosts) == 0 && r.Verify.Endpoint == "") {
			sub.errorf("request", "hosts in [rule.verify] says which are the provider's", "the host comes from scanned text")
		}
	}
	return v
}

// find reads how the provider's own name of a credential is found.
func (t *table) find(r *Rule) *Find {
	v, ok := t.value("find")
	if !ok {
		return nil
	}
	m, ok := v.(map[string]any)
	if !ok {
		t.wrongType("find", `a table, such as { request = "GET https://api.example.com/tokens", secret = "token", identity = { token_id = "json:id" } }`, v)
		return nil
	}
	sub := t.sub("find", m)
	f := &Find{List: sub.jsonPath("list"), Secret: sub.jsonPath("secret"), Fields: sub.identity()}
	if q, ok := sub.request("request", sub.text("request"), r); ok {
		f.Request = q
		f.Request.Headers = t.headers(r)
	}
	for _, field := range f.Fields {
		if field.JSON == nil {
			sub.errorf(join("identity", field.Name), `write token_id = "json:id"`, "identity.%s is no path in an element", field.Name)
		}
	}
	if len(f.Fields) == 0 || f.Secret == nil {
		sub.errorf("", `write secret = "token", identity = { token_id = "json:id" }`, "find lacks secret or identity")
	}
	sub.finish()
	return f
}

// jsonPath reads a path in a JSON document; nil if there is none.
func (t *table) jsonPath(key string) JSONPath {
	if !t.has(key) {
		t.used[key] = true
		return nil
	}
	p, ok := ParseJSONPath(t.text(key))
	if !ok {
		t.errorf(key, `write "login" or "data[0].id"`, "%s is no path", key)
	}
	return p
}

// checkRevokeProtocol finds what contradicts a protocol in [rule.revoke].
func (t *table) checkRevokeProtocol(r *Rule, v *Revoke) {
	if r.Verify == nil || r.Verify.Protocol != v.Protocol {
		t.errorf("protocol", "what verifies also revokes", "protocol %q is not that of [rule.verify]", v.Protocol)
	}
	for _, key := range []string{"request", "headers", "body", "success", "find", "gone"} {
		if t.has(key) {
			t.errorf(key, "a protocol has a request and answers of its own", "%s stands beside protocol", key)
		}
	}
	t.finish()
}

// action returns the sub-table [rule.verify] or [rule.revoke], or nil.
func (t *table) action(key string) *table {
	v, ok := t.value(key)
	if !ok {
		return nil
	}
	m, ok := v.(map[string]any)
	if !ok {
		t.wrongType(key, "a table, [rule."+key+"]", v)
		return nil
	}
	return t.sub(key, m)
}

// evidence reads the URL of the document that the answers rest on.
func (t *table) evidence() string {
	if !t.has("evidence") {
		t.errorf("", `write evidence = "https://...", the provider's page that states the answers`, "evidence is missing")
	}
	return t.link("evidence")
}

// hosts reads suffixes of host names.
func (t *table) hosts() []string {
	list := t.list("hosts")
	for i, h := range list {
		name := strings.TrimPrefix(h, "*.")
		if !HostName(name) || !strings.Contains(name, ".") {
			t.errorf(element("hosts", i), `write "*.example.com" or "api.example.com", in small letters`, "hosts holds %q, which is no host name", h)
		}
	}
	return list
}

// HostName reports whether s is a host name of letters, digits and hyphens (RFC 1123, section 2.1) in small letters, and no
// internationalized one.
func HostName(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	var last string
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' || strings.HasPrefix(label, "xn--") {
			return false
		}
		for i := range len(label) {
			if c := label[i]; !isDigit(c) && kindOf(c) != 3 && c != '-' {
				return false
			}
		}
		last = label
	}
	_, err := strconv.Atoi(last)
	return err != nil // else it would be read as an address
}

// methods are the HTTP methods that a request may have.
var methods = [...]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}

// requests reads request, headers and body.
func (t *table) requests(r *Rule) []Request {
	headers, body := t.headers(r), t.body(r)
	var list []Request
	for i, text := range t.list("request") {
		key := "request"
		if _, ok := t.values[key].([]any); ok {
			key = element(key, i)
		}
		q, ok := t.request(key, text, r)
		if !ok {
			continue
		}
		q.Headers, q.Body = headers, body
		if !q.asks(r) {
			t.errorf(key, placeholderHint, "the request holds neither the secret nor a part that is one")
		}
		list = append(list, q)
	}
	return list
}

// request reads "METHOD URL".
func (t *table) request(key, text string, r *Rule) (Request, bool) {
	method, rest, ok := strings.Cut(text, " ")
	if !ok || !slices.Contains(methods[:], method) {
		t.errorf(key, `write "GET https://api.example.com/me"; methods are `+strings.Join(methods[:], ", "), "request %s is not a method and a URL", quote(text))
		return Request{}, false
	}
	u, ok := t.template(key, rest, r)
	if !ok {
		return Request{}, false
	}
	return Request{Method: method, URL: u}, t.checkURL(key, rest, u)
}

// checkURL makes sure that a template can only become a URL of http or https.
func (t *table) checkURL(key, text string, u Template) bool {
	if len(u) > 0 && len(u[0].Values) == 1 && len(u[0].Filters) == 0 {
		return true // the value is the beginning of a URL; what it is gets checked when it is known
	}
	scheme, authority, rest := u.Authority()
	sample := scheme + "://"
	for _, p := range slices.Concat(authority, rest) {
		switch sample += p.Literal; {
		case len(p.Values) == 0:
		case strings.HasSuffix(sample, ":"): // a port
			sample += "1"
		default:
			sample += "x"
		}
	}
	parsed, err := url.Parse(sample)
	switch {
	case scheme != "https" && scheme != "http":
		t.errorf(key, "write https://", "%s is no http or https URL", quote(text))
	case err != nil || parsed.Host == "" || parsed.User != nil || parsed.Fragment != "" || strings.ContainsAny(sample, " \t\r\n"):
		t.errorf(key, "", "%s is no URL of a host and a path", quote(text))
	case slices.ContainsFunc(authority, func(p Piece) bool { return len(p.Values) > 1 || slices.ContainsFunc(p.Filters, changes) }):
		t.errorf(key, "drop the filter; only field(SEPARATOR,N) may stand in a host", "the host of %s has a filter", quote(text))
	case !HostName(parsed.Hostname()) && !isAddress(parsed.Hostname()):
		t.errorf(key, "small letters, digits and hyphens", "%s has no valid host name", quote(text))
	default:
		return true
	}
	return false
}

// changes reports whether a filter makes something else of a value than a piece of it.
func changes(f Filter) bool { return f.Name != "field" }

func isAddress(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}

// asks reports whether the request holds something that is secret.
func (q *Request) asks(r *Rule) bool {
	for _, name := range q.Values() {
		if name == "" || !slices.ContainsFunc(r.Parts, func(p Part) bool { return p.Name == name && p.Public }) {
			return true
		}
	}
	return false
}

// Values returns the names of the parts that the request needs, "" for the secret, each once.
func (q *Request) Values() []string {
	all := slices.Concat(q.URL, q.Body)
	for _, h := range q.Headers {
		all = append(all, h.Value...)
	}
	return all.Values()
}

// headers reads the table of headers.
func (t *table) headers(r *Rule) []Header {
	var list []Header
	for name, text := range t.texts("headers") {
		switch {
		case !headerName(name):
			t.errorf(join("headers", name), "", "headers: %q is no name of a header", name)
		case slices.Contains([]string{"host", "content-length", "transfer-encoding", "connection", "user-agent", "accept-encoding", "proxy-authorization"}, strings.ToLower(name)):
			t.errorf(join("headers", name), "drop it", "headers: %s is set by Mudlark", name)
		}
		if v, ok := t.template(join("headers", name), text, r); ok {
			list = append(list, Header{Name: name, Value: v})
		}
	}
	slices.SortFunc(list, func(a, b Header) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

// headerName reports whether s is a token (RFC 9110, section 5.6.2) of letters, digits and the usual punctuation.
func headerName(s string) bool {
	for i := range len(s) {
		if c := s[i]; !isDigit(c) && kindOf(c) < 2 && c != '-' && c != '_' {
			return false
		}
	}
	return s != ""
}

// texts returns the entries of a table of strings.
func (t *table) texts(key string) map[string]string {
	v, ok := t.value(key)
	if !ok {
		return nil
	}
	m, ok := v.(map[string]any)
	if !ok {
		t.wrongType(key, `a table, such as { Accept = "application/json" }`, v)
		return nil
	}
	out := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		s, ok := m[name].(string)
		if !ok {
			t.errorf(join(key, name), "", "%s.%s is %s, but must be a string", key, name, typeName(m[name]))
			continue
		}
		out[name] = s
	}
	return out
}

func (t *table) body(r *Rule) Template {
	if !t.has("body") {
		t.used["body"] = true
		return nil
	}
	b, _ := t.template("body", t.text("body"), r)
	return b
}

// template reads a template whose parts the rule has.
func (t *table) template(key, text string, r *Rule) (Template, bool) {
	v, err := ParseTemplate(text)
	if err != nil {
		t.errorf(key, placeholderHint, "%v", err)
		return nil, false
	}
	if strings.ContainsAny(text, "\r\x00") || key != "body" && strings.Contains(text, "\n") {
		t.errorf(key, "", "%s holds a control character", quote(text))
		return nil, false
	}
	for _, name := range v.Values() {
		if field, ok := IdentityValue(name); ok {
			t.checkIdentity(key, field, r)
			continue
		}
		if name != "" && !slices.ContainsFunc(r.Parts, func(p Part) bool { return p.Name == name }) {
			t.errorf(key, "name a [[rule.part]] of the rule", "there is no part %q", name)
			return nil, false
		}
	}
	return v, true
}

// checkIdentity makes sure that a field of identity is used where it is known: in [rule.revoke], if [rule.verify] or find reads it.
func (t *table) checkIdentity(key, field string, r *Rule) {
	var known []IdentityField
	if r.Verify != nil {
		known = r.Verify.Identity
	}
	if r.Revoke != nil && r.Revoke.Find != nil {
		known = slices.Concat(known, r.Revoke.Find.Fields)
	}
	if !slices.ContainsFunc(known, func(f IdentityField) bool { return f.Name == field }) {
		t.errorf(key, "only [rule.revoke] may use what identity of [rule.verify] or its find reads", "there is no identity %q", field)
	}
}
