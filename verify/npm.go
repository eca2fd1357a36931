package verify

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
)

// npm asks a package registry whose token it is (https://github.com/npm/registry/blob/main/docs/REGISTRY-API.md: GET /-/whoami). The part
// "registry" names the registry as .npmrc does, "//host/path/:_authToken"
// (https://docs.npmjs.com/cli/configuring-npm/npmrc#auth-related-configuration). With basic the secret is the base64 of "user:password".
//
// A token is active if the registry names a user, and names none for a made-up one. It is never inactive: registries refuse without a
// word about the token, some by a plain 200.
type npm struct{ basic bool }

// npmRegistry returns the URL of a registry, without a slash at the end.
func npmRegistry(part string) (*url.URL, bool) {
	part, _, _ = strings.Cut(part, ":_")
	i := strings.Index(part, "//")
	if i < 0 {
		return nil, false
	}
	u, err := url.Parse(strings.ToLower(part[:i]) + strings.TrimRight(part[i:], "/"))
	if err != nil || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || dotted(u.EscapedPath()) {
		return nil, false
	}
	u.Host = strings.ToLower(u.Host)
	if u.Scheme = "https"; registryScheme(u.Hostname()) == "http" {
		u.Scheme = "http"
	}
	return u, true
}

// onePlace implements bound.
func (npm) onePlace() {}

// Targets implements Protocol.
func (n npm) Targets(p *Probe) ([]Target, bool) {
	u, ok := npmRegistry(p.Parts["registry"])
	if !ok {
		return nil, false
	}
	t := Target{Scheme: u.Scheme, Host: u.Hostname(), Port: portOf(u), Text: true, Clear: u.Scheme == "http"}
	if n.basic {
		user, _, ok := registryLogin(p.Secret)
		if !ok {
			return nil, false
		}
		t.User = user
	}
	return []Target{t}, true
}

// Verify implements Protocol.
func (n npm) Verify(ctx context.Context, p *Probe) Answer {
	u, _ := npmRegistry(p.Parts["registry"])
	madeUp := madeUpName() + madeUpName()
	if n.basic {
		madeUp = basicLogin(madeUpName(), madeUpName())
	}
	if a := n.ask(ctx, p, u, madeUp); a.Status == Active {
		return unknown(AcceptsAny)
	} else if a.Reason != Unclear {
		return a
	}
	return n.ask(ctx, p, u, p.Secret)
}

// ask asks about one token.
func (n npm) ask(ctx context.Context, p *Probe, u *url.URL, token string) Answer {
	if hasControls(token) || !isASCII(token) {
		return Answer{Status: Skipped, Reason: Unsendable}
	}
	kind := "Bearer "
	if n.basic {
		kind = "Basic "
	}
	r, a := p.send(ctx, http.MethodGet, u.String()+"/-/whoami", http.Header{"Authorization": {kind + token}, "Accept": {"application/json"}}, "")
	if r == nil {
		return a
	}
	var reply struct {
		Username string `json:"username"`
	}
	if r.cut || r.status != http.StatusOK || json.Unmarshal(r.body, &reply) != nil || reply.Username == "" {
		return unknown(Unclear)
	}
	return Answer{Status: Active, Identity: map[string]string{"login": reply.Username, "registry": u.Host}}
}
