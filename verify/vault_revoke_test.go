package verify

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// A token revokes itself, and is dead when a server that knew it knows it no more.
func TestVaultRevocation(t *testing.T) {
	t.Parallel()
	r := protocolRule(t, "vault", "namespace")
	r.Revoke = parse(t, ruleText+"[rule.verify]\nprotocol = \"vault\"\nevidence = \"https://acme.example/docs\"\n[rule.revoke]\nprotocol = \"vault\"\nevidence = \"https://acme.example/docs\"\n").Revoke
	for _, tt := range []struct {
		name   string
		status int
		body   string
		dies   bool
		want   Outcome
		why    Refusal
	}{
		{"revoked", 204, "", true, Revoked, ""},
		{"in words alone", 204, "", false, Failed, StillWorks},
		{"denied", 403, `{"errors":["permission denied"]}`, false, Failed, NotAccepted},
		{"another status", 200, `{}`, false, Failed, NotAccepted},
		{"sealed", 503, `{"errors":["Vault is sealed"]}`, false, Failed, Refusal(ServerError)},
		{"limited", 429, "", false, Failed, Refusal(RateLimited)},
		{"standby", 307, "", false, Failed, Refusal(Redirected)},
		{"page", 200, "<html>log in", false, Failed, Refusal(WebPage)},
		{"dropped", 0, "", false, Failed, Refusal(NetworkError)},
		// Without an answer to the revocation a denial afterwards proves nothing.
		{"dropped, but done", 0, "", true, Failed, Refusal(NetworkError)},
	} {
		token := newToken(r)
		var alive atomic.Bool
		var sent atomic.Int32
		alive.Store(true)
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.URL.Path == "/base/v1/auth/token/revoke-self" && r.Method == "POST":
				sent.Add(1)
				if r.Header.Get("X-Vault-Token") != token || r.Header.Get("X-Vault-Namespace") != "team/a" {
					t.Errorf("headers %q", r.Header)
				}
				alive.Store(!tt.dies)
				if tt.status == 0 {
					hangUp(w)
					return
				}
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, tt.body)
			case r.Header.Get("X-Vault-Token") == token && alive.Load():
				_, _ = io.WriteString(w, `{"data":{"accessor":"a1","policies":["default"],"path":"auth/token/create","type":"service"}}`)
			default:
				w.WriteHeader(403)
				_, _ = io.WriteString(w, `{"errors":["permission denied"]}`)
			}
		}))
		u, _ := url.Parse(s.URL + "/base")
		o := onLoopback()
		o.Endpoints, o.backOff = map[string][]*url.URL{"acme": {u}}, time.Millisecond
		got := Revoke(context.Background(), o, Credential{Rule: r, Secret: token, Parts: map[string][]string{"namespace": {"VAULT_NAMESPACE=team/a"}}}, func(*Revocation) bool { return true })
		s.Close()
		if got.Outcome != tt.want || got.Why != tt.why || sent.Load() != 1 {
			t.Errorf("%s: %s (%s), want %s (%s); %d revocations sent", tt.name, got.Outcome, got.Why, tt.want, tt.why, sent.Load())
		}
		if tt.want == Revoked && got.After.Status != Inactive {
			t.Errorf("afterwards it is %s", got.After.Status)
		}
		if text, err := json.Marshal(got); err != nil || strings.Contains(string(text), token) || got.Request != "POST "+s.URL+"/base/v1/auth/token/revoke-self" {
			t.Errorf("%s: the record is %s", tt.name, text)
		}
	}
}

// What cannot be revoked, or not exactly, is refused before anything is sent.
func TestVaultRevocable(t *testing.T) {
	t.Parallel()
	r := protocolRule(t, "vault", "namespace", "address")
	r.Revoke = parse(t, ruleText+"[rule.verify]\nprotocol = \"vault\"\nevidence = \"https://acme.example/docs\"\n[rule.revoke]\nprotocol = \"vault\"\nevidence = \"https://acme.example/docs\"\n").Revoke
	one, two := &url.URL{Scheme: "https", Host: "one.example"}, &url.URL{Scheme: "https", Host: "two.example"}
	here := map[string][]string{"address": {"https://vault.example"}}
	for _, tt := range []struct {
		name, secret string
		parts        map[string][]string
		endpoints    []*url.URL
		want         Refusal
	}{
		{"here", "hvs.x", nil, []*url.URL{one}, ""},
		{"two servers", "hvs.x", nil, []*url.URL{one, two}, SeveralPlaces},
		{"no server", "hvs.x", nil, nil, Refusal(PartMissing)},
		{"address of the text", "hvs.x", here, nil, Refusal(HostNotAllowed)},
		{"two namespaces", "hvs.x", map[string][]string{"namespace": {"a", "b"}}, []*url.URL{one}, NotExact},
		{"batch token", "hvb.x", nil, []*url.URL{one}, NoRevoker},
		{"batch token of old", "b.x", nil, []*url.URL{one}, NoRevoker},
	} {
		o := Options{Endpoints: map[string][]*url.URL{"acme": tt.endpoints}}
		e := New(o)
		where, no := e.Revocable(Credential{Rule: r, Secret: tt.secret, Parts: tt.parts})
		e.Close()
		if no != tt.want {
			t.Errorf("%s: %q, %s, want %s", tt.name, where, no, tt.want)
		}
	}
}
