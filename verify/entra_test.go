package verify

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"mudlark/rules"
)

func entraError(code int) string {
	return fmt.Sprintf(`{"error":"invalid_client","error_description":"AADSTS%d: No. Trace ID: x","error_codes":[%[1]d],"timestamp":"x","trace_id":"x"}`, code)
}

// entraTenant plays Entra for one application.
func entraTenant(host, tenant, client, secret, scope string) *play {
	return &play{
		real: func(r *http.Request, body string) bool {
			form, err := url.ParseQuery(body)
			return err == nil && r.Method == "POST" && r.Host == host && r.URL.Path == "/"+tenant+"/oauth2/v2.0/token" && r.Header.Get("Content-Type") == "application/x-www-form-urlencoded" &&
				len(form) == 4 && form.Get("grant_type") == "client_credentials" && form.Get("client_id") == client && form.Get("client_secret") == secret && form.Get("scope") == scope
		},
		refusal: reply{status: 401, body: entraError(7000215)},
		positive: func(text string) reply {
			claims, _ := json.Marshal(map[string]any{"app_displayname": text, "roles": []string{"Mail.Read", "User.Read.All"}})
			e := base64.RawURLEncoding
			body, _ := json.Marshal(map[string]any{"token_type": "Bearer", "expires_in": 3599, "access_token": e.EncodeToString([]byte(`{"alg":"RS256"}`)) + "." + e.EncodeToString(claims) + ".x"})
			return reply{status: 200, body: string(body)}
		},
	}
}

func entraRule(t *testing.T) *rules.Rule {
	r := protocolRule(t, "entra", "tenant", "client", "authority")
	for i := range r.Parts {
		r.Parts[i].Public = true
	}
	return r
}

func TestEntra(t *testing.T) {
	t.Parallel()
	const tenant, client = "11111111-aaaa-bbbb-cccc-000000000001", "22222222-aaaa-bbbb-cccc-000000000002"
	secret := rand.Text()[:7] + "~" + rand.Text() + "&=+%"
	p := entraTenant("login.microsoftonline.com", tenant, client, secret, "https://graph.microsoft.com/.default")
	o := everyHost(t, p)
	c := Credential{Rule: entraRule(t), Secret: secret, Parts: map[string][]string{"tenant": {tenant}, "client": {client}}}
	p.answers(t, o, c)
	v := p.ask(t, o, c, p.positive("backup job").script())
	check(t, v, Active, "")
	if v.Identity["tenant"] != tenant || v.Identity["client"] != client || v.Identity["application"] != "backup job" || v.Identity["roles"] != "Mail.Read, User.Read.All" {
		t.Errorf("identity %q", v.Identity)
	}
	for _, tt := range []struct {
		name   string
		status int
		body   string
		want   Status
		reason Reason
	}{
		{"a token that is none of ours to read", 200, `{"token_type":"Bearer","access_token":"x"}`, Active, ""},
		{"no type", 200, `{"access_token":"x"}`, Unknown, Unclear},
		{"token and error", 200, `{"token_type":"Bearer","access_token":"x","error":"x"}`, Unknown, Unclear},
		{"other status", 202, `{"token_type":"Bearer","access_token":"x"}`, Unknown, Unclear},
		{"expired", 401, entraError(7000222), Expired, ""},
		{"expired, as of old", 400, entraError(7000222), Expired, ""},
		{"expired, other status", 403, entraError(7000222), Unknown, Unclear},
		{"expired, in words only", 401, `{"error":"invalid_client","error_description":"AADSTS7000222"}`, Unknown, Unclear},
		{"wrong, or another application's", 401, entraError(7000215), Unknown, Pairing},
		{"no such application", 400, entraError(700016), Unknown, Unclear},
		{"no such tenant", 400, entraError(90002), Unknown, Unclear},
		{"disabled", 401, entraError(7000112), Unknown, Unclear},
		{"blocked by a policy", 401, strings.Replace(entraError(53003), "invalid_client", "access_denied", 1), Unknown, Unclear},
		{"other error", 401, strings.Replace(entraError(7000222), "invalid_client", "invalid_request", 1), Unknown, Unclear},
	} {
		if v := p.ask(t, o, c, reply{status: tt.status, body: tt.body}.script()); v.Status != tt.want || v.Reason != tt.reason {
			t.Errorf("%s: %s (%s), want %s (%s)", tt.name, v.Status, v.Reason, tt.want, tt.reason)
		}
	}
}

// A secret goes to the cloud that its text names, and only for an application that there is.
func TestEntraPlaces(t *testing.T) {
	t.Parallel()
	const tenant, client, other = "11111111-aaaa-bbbb-cccc-000000000001", "22222222-aaaa-bbbb-cccc-000000000002", "33333333-aaaa-bbbb-cccc-000000000003"
	secret := rand.Text()
	parts := func(tenants, clients []string, authority ...string) map[string][]string {
		return map[string][]string{"tenant": tenants, "client": clients, "authority": authority}
	}
	for authority, cloud := range map[string][2]string{
		"login.microsoftonline.us":         {"login.microsoftonline.us", "https://graph.microsoft.us/.default"},
		"login.chinacloudapi.cn":           {"login.chinacloudapi.cn", "https://microsoftgraph.chinacloudapi.cn/.default"},
		"login.partner.microsoftonline.cn": {"login.chinacloudapi.cn", "https://microsoftgraph.chinacloudapi.cn/.default"},
		"login.evil.example":               {"login.microsoftonline.com", "https://graph.microsoft.com/.default"},
	} {
		p := entraTenant(cloud[0], tenant, client, secret, cloud[1])
		v := p.ask(t, everyHost(t, p), Credential{Rule: entraRule(t), Secret: secret, Parts: parts([]string{tenant}, []string{client}, authority)}, p.positive("").script())
		if v.Status != Active {
			t.Errorf("%s: %s (%s); asked %q", authority, v.Status, v.Reason, p.asked)
		}
	}
	for _, code := range []int{700016, 90002, 7000112} {
		p := entraTenant("login.microsoftonline.com", tenant, client, secret, "https://graph.microsoft.com/.default")
		p.refusal = reply{status: 400, body: entraError(code)}
		v := p.ask(t, everyHost(t, p), Credential{Rule: entraRule(t), Secret: secret, Parts: parts([]string{tenant}, []string{client})}, p.positive("").script())
		check(t, v, Unknown, Unclear)
		if len(p.asked) != 1 {
			t.Errorf("%d: asked %q", code, p.asked)
		}
	}
	p := entraTenant("login.microsoftonline.com", tenant, client, secret, "https://graph.microsoft.com/.default")
	c := Credential{Rule: entraRule(t), Secret: secret, Parts: parts([]string{other, tenant}, []string{tenant, client})}
	check(t, p.ask(t, everyHost(t, p), c, p.positive("").script()), Active, "")
	for _, missing := range []map[string][]string{parts(nil, []string{client}), parts([]string{tenant}, nil)} {
		check(t, p.ask(t, everyHost(t, p), Credential{Rule: entraRule(t), Secret: secret, Parts: missing}, p.positive("").script()), Skipped, PartMissing)
		if len(p.asked) > 0 {
			t.Errorf("asked %q", p.asked)
		}
	}
}
