package verify

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// Only a server's own words about the token are believed.
func TestVaultAnswers(t *testing.T) {
	t.Parallel()
	r := protocolRule(t, "vault", "namespace")
	yes := `{"data":{"accessor":"a1","policies":["default","ops"],"path":"auth/token/create","type":"service","ttl":60}}`
	for _, tt := range []struct {
		name   string
		status int
		body   string
		want   Status
		reason Reason
	}{
		{"active", 200, yes, Active, ""},
		{"invalid", 403, `{"errors":["2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n"]}`, Inactive, ""},
		{"denied", 403, `{"errors":["permission denied"]}`, Unknown, Unclear},
		{"sealed", 503, `{"errors":["Vault is sealed"]}`, Unknown, ServerError},
		{"standby", 307, ``, Unknown, Redirected},
		{"standby, health", 429, `{"errors":[]}`, Unknown, RateLimited},
		{"performance standby", 473, `{"errors":["invalid token"]}`, Unknown, Unclear},
		{"no policies", 200, `{"data":{"accessor":"a1","path":"x"}}`, Unknown, Unclear},
		{"no Vault", 200, `{"login":"ann"}`, Unknown, Unclear},
		{"not found", 404, `{"errors":["invalid token"]}`, Unknown, Unclear},
		{"page", 403, `<html>invalid token</html>`, Unknown, WebPage},
		{"cut", 200, yes[:40], Unknown, Unclear},
		{"huge", 200, yes + strings.Repeat(" ", maxBody), Unknown, Unclear},
	} {
		token := newToken(r)
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/base/v1/auth/token/lookup-self" || r.Method != "GET" || r.Header.Get("X-Vault-Namespace") != "team/a" {
				t.Errorf("%s %s %q", r.Method, r.URL, r.Header)
			}
			if r.Header.Get("X-Vault-Token") != token {
				w.WriteHeader(403)
				return
			}
			w.WriteHeader(tt.status)
			_, _ = io.WriteString(w, tt.body)
		}))
		u, _ := url.Parse(s.URL + "/base")
		o := onLoopback()
		o.Endpoints = map[string][]*url.URL{"acme": {u}}
		v := verdicts(t, o, Credential{Rule: r, Secret: token, Parts: map[string][]string{"namespace": {"team/a"}}})[0]
		s.Close()
		if v.Status != tt.want || v.Reason != tt.reason {
			t.Errorf("%s: %s (%s), want %s (%s)", tt.name, v.Status, v.Reason, tt.want, tt.reason)
		}
		if tt.want == Active && fmt.Sprint(v.Identity) != "map[accessor:a1 policies:default, ops ttl:60 type:service]" {
			t.Errorf("identity %q", v.Identity)
		}
	}
}

// An address beside a token is whoever's who wrote it: without leave nothing goes there.
func TestVaultAddress(t *testing.T) {
	t.Parallel()
	r := protocolRule(t, "vault", "address")
	asked := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { asked++ }))
	defer s.Close()
	ask := func(o Options, address string) Verdict {
		return verdicts(t, o, Credential{Rule: r, Secret: newToken(r), Parts: map[string][]string{"address": {address}}})[0]
	}
	o := onLoopback()
	o.AllowHosts = nil
	for _, address := range []string{s.URL, "https://vault.example", "https://127.0.0.1:1"} {
		check(t, ask(o, address), Skipped, HostNotAllowed)
	}
	for _, address := range []string{"ftp://127.0.0.1", "https://a@127.0.0.1", "127.0.0.1", "https://"} {
		check(t, ask(o, address), Skipped, PartMissing)
	}
	if asked > 0 {
		t.Error("an address of the text was asked")
	}
	o = onLoopback()
	o.AllowPlaintext = false
	check(t, ask(o, s.URL), Skipped, ClearText)
	o.AllowPlaintext = true
	check(t, ask(o, s.URL), Unknown, Unclear)
	slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer slow.Close()
	o.requestTimeout = 100 * time.Millisecond
	check(t, ask(o, slow.URL), Unknown, TimedOut)
}
