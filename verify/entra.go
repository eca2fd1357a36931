package verify

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// entra asks Microsoft Entra ID for an access token by the secret of an application
// (https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-client-creds-grant-flow). The parts "tenant" and "client" name the
// application, "authority" the national cloud, if it is one. The token is read for what it says of the application, and dropped.
//
// A secret is active if it gets a token, while a made-up one is refused as one (AADSTS7000215), which also shows that there is such an
// application: else the secret is not sent. It is expired if Entra says so of this secret (AADSTS7000222). It is never inactive: with
// tenant and client from near by, AADSTS7000215 may mean another application's secret
// (https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes).
type entra struct{}

// entraCloud is where a cloud gives tokens, and what for (https://learn.microsoft.com/en-us/graph/deployments).
type entraCloud struct{ host, scope string }

// entraCloudOf returns the cloud of a part.
func entraCloudOf(authority string) entraCloud {
	switch strings.ToLower(authority) {
	case "login.microsoftonline.us":
		return entraCloud{"login.microsoftonline.us", "https://graph.microsoft.us/.default"}
	case "login.chinacloudapi.cn", "login.partner.microsoftonline.cn":
		return entraCloud{"login.chinacloudapi.cn", "https://microsoftgraph.chinacloudapi.cn/.default"}
	}
	return entraCloud{"login.microsoftonline.com", "https://graph.microsoft.com/.default"}
}

// Targets implements Protocol.
func (entra) Targets(p *Probe) ([]Target, bool) {
	tenant, client := p.Parts["tenant"], p.Parts["client"]
	return []Target{{Scheme: "https", Host: entraCloudOf(p.Parts["authority"]).host, Port: "443"}}, tenant != "" && client != ""
}

// Verify implements Protocol.
func (entra) Verify(ctx context.Context, p *Probe) Answer {
	switch control := entraAsk(ctx, p, madeUpName()+"~"+madeUpName()); {
	case control.Status == Active:
		return unknown(AcceptsAny)
	case control.Status == Unknown && control.Reason != Pairing:
		return control
	case control.Status != Unknown:
		return unknown(Unclear)
	}
	return entraAsk(ctx, p, p.Secret)
}

// entraReply is a token or an error (RFC 6749, sections 5.1 and 5.2), with the numbers of the latter.
type entraReply struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	Error       string `json:"error"`
	Codes       []int  `json:"error_codes"`
}

// entraAsk asks with a secret.
func entraAsk(ctx context.Context, p *Probe, secret string) Answer {
	cloud := entraCloudOf(p.Parts["authority"])
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {p.Parts["client"]}, "client_secret": {secret}, "scope": {cloud.scope}}
	r, a := p.send(ctx, http.MethodPost, "https://"+cloud.host+"/"+url.PathEscape(p.Parts["tenant"])+"/oauth2/v2.0/token",
		http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, form.Encode())
	if r == nil {
		return a
	}
	var reply entraReply
	if r.cut || json.Unmarshal(r.body, &reply) != nil {
		return unknown(Unclear)
	}
	refused := (r.status == http.StatusUnauthorized || r.status == http.StatusBadRequest) && reply.Error == "invalid_client"
	switch {
	case r.status == http.StatusOK && reply.AccessToken != "" && strings.EqualFold(reply.TokenType, "Bearer") && reply.Error == "":
		return Answer{Status: Active, Identity: entraIdentity(p, reply.AccessToken)}
	case refused && slices.Contains(reply.Codes, 7000222):
		return Answer{Status: Expired}
	case refused && slices.Contains(reply.Codes, 7000215):
		return unknown(Pairing)
	}
	return unknown(Unclear)
}

// entraIdentity reads the claims of an access token (https://learn.microsoft.com/en-us/entra/identity-platform/access-token-claims-reference).
func entraIdentity(p *Probe, token string) map[string]string {
	m := map[string]string{"tenant": p.Parts["tenant"], "client": p.Parts["client"]}
	_, rest, _ := strings.Cut(token, ".")
	payload, _, _ := strings.Cut(rest, ".")
	text, err := base64.RawURLEncoding.DecodeString(payload)
	var claims struct {
		Name  string   `json:"app_displayname"`
		Roles []string `json:"roles"`
	}
	if err == nil && json.Unmarshal(text, &claims) == nil {
		m["application"], m["roles"] = claims.Name, strings.Join(claims.Roles, ", ")
	}
	return m
}
