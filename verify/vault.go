package verify

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// vault asks a Vault or OpenBao server about a token (https://developer.hashicorp.com/vault/api-docs/auth/token#lookup-a-token-self).
// People run it themselves, so the server is one of --endpoint, or the part "address" that stands near the token, under the policy
// for hosts. The part "namespace" is that of the token.
//
// A token is active if the answer names its accessor and policies; it is inactive on the server's "invalid token" only, as a 403 may
// mean a policy, a namespace or a proxy as well. A sealed, uninitialized or standby server says nothing.
type vault struct{}

// vaultServers returns the servers to ask, as URLs without a slash at the end.
func vaultServers(p *Probe) (servers []*url.URL, text bool) {
	if len(p.Endpoints) > 0 {
		return p.Endpoints, false
	}
	u, err := url.Parse(p.Parts["address"])
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil {
		return nil, true
	}
	return []*url.URL{{Scheme: u.Scheme, Host: strings.ToLower(u.Host)}}, true
}

// Targets implements Protocol.
func (vault) Targets(p *Probe) (targets []Target, ok bool) {
	servers, text := vaultServers(p)
	for _, u := range servers {
		targets = append(targets, Target{Scheme: u.Scheme, Host: strings.ToLower(u.Hostname()), Port: portOf(u), Text: text, Clear: u.Scheme == "http"})
	}
	return targets, len(targets) > 0
}

// Verify implements Protocol.
func (vault) Verify(ctx context.Context, p *Probe) Answer {
	servers, text := vaultServers(p)
	var all []answer
	for _, u := range servers {
		a := vaultAsk(ctx, p, u)
		if a.Status == Active {
			return a
		}
		all = append(all, answer{Answer: a})
	}
	a := together(all, false, text && len(all) != 1)
	return a.Answer
}

// vaultAsk asks one server, and no other token than this one: a made-up token goes there first.
func vaultAsk(ctx context.Context, p *Probe, u *url.URL) Answer {
	if a := vaultLookUp(ctx, p, u, "hvs."+madeUpName()+madeUpName()); a.Status == Active {
		return unknown(AcceptsAny)
	}
	return vaultLookUp(ctx, p, u, p.Secret)
}

// vaultReply is what lookup-self answers.
type vaultReply struct {
	Data struct {
		Accessor    string   `json:"accessor"`
		DisplayName string   `json:"display_name"`
		Policies    []string `json:"policies"`
		Path        string   `json:"path"`
		Type        string   `json:"type"`
		TTL         *int64   `json:"ttl"`
		ExpireTime  string   `json:"expire_time"`
	} `json:"data"`
	Errors []string `json:"errors"`
}

// vaultLookUp asks a server about a token.
func vaultLookUp(ctx context.Context, p *Probe, u *url.URL, token string) Answer {
	h, ok := vaultHeader(p, token)
	if !ok {
		return Answer{Status: Skipped, Reason: Unsendable}
	}
	r, a := p.send(ctx, http.MethodGet, vaultAPI(u, "auth/token/lookup-self"), h, "")
	if r == nil {
		return a
	}
	var reply vaultReply
	if r.cut || json.Unmarshal(r.body, &reply) != nil {
		return unknown(Unclear)
	}
	d := reply.Data
	switch {
	case r.status == http.StatusOK && len(d.Policies) > 0 && d.Path != "" && (d.Accessor != "" || d.Type == "batch") && len(reply.Errors) == 0:
		return Answer{Status: Active, Identity: vaultIdentity(&reply)}
	case r.status == http.StatusForbidden && (slices.ContainsFunc(reply.Errors, vaultInvalid) || p.Lived && slices.Contains(reply.Errors, "permission denied")):
		return Answer{Status: Inactive}
	}
	return unknown(Unclear)
}

// vaultAPI returns the URL of a path of a server's API.
func vaultAPI(u *url.URL, path string) string {
	return strings.TrimSuffix(strings.TrimSuffix(u.String(), "/"), "/v1") + "/v1/" + path
}

// vaultNamespace returns the namespace of a part, which may stand there with its name, as in "VAULT_NAMESPACE=team/a".
func vaultNamespace(part string) string { return part[strings.LastIndexAny(part, "=: \"'")+1:] }

// vaultHeader returns the headers of a token's requests. ok is false if they cannot be sent.
func vaultHeader(p *Probe, token string) (h http.Header, ok bool) {
	ns := vaultNamespace(p.Parts["namespace"])
	if hasControls(token + ns) {
		return nil, false
	}
	h = http.Header{"X-Vault-Token": {token}, "X-Vault-Request": {"true"}}
	if ns != "" {
		h["X-Vault-Namespace"] = []string{ns}
	}
	return h, true
}

// vaultInvalid reports whether an error is Vault's about tokens that do not exist
// (https://developer.hashicorp.com/vault/docs/concepts/tokens#error-responses). OpenBao and old versions say "permission denied" only,
// which a live token gets as well that may not look itself up.
func vaultInvalid(text string) bool { return strings.Contains(text, "invalid token") }

// vaultIdentity is what an incident needs to know of a token. The accessor revokes it without showing it.
func vaultIdentity(r *vaultReply) map[string]string {
	m := map[string]string{"accessor": r.Data.Accessor, "display_name": r.Data.DisplayName, "policies": strings.Join(r.Data.Policies, ", "), "type": r.Data.Type,
		"expires": r.Data.ExpireTime}
	if r.Data.TTL != nil {
		m["ttl"] = strconv.FormatInt(*r.Data.TTL, 10)
	}
	return m
}
