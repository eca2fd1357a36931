package verify_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"mudlark/rules"
	"mudlark/verify"
)

// forge is a Git host of somebody's own below a path, with one token.
type forge struct {
	path, header string // of the request, and where the token stands
	prefix       string // before the token
	yes, no      string // what it answers
	login        string // what of yes goes into the identity
}

// Tokens of GitLab and Gitea are asked about at the instance that --endpoint names, and nowhere else.
func TestSelfHostedForges(t *testing.T) {
	t.Parallel()
	byID := map[string]*rules.Rule{}
	for _, r := range builtin(t) {
		byID[r.ID] = r
	}
	gitlab := forge{"/api/v4/personal_access_tokens/self", "PRIVATE-TOKEN", "",
		`{"id":4,"name":"deploy","revoked":false,"active":true,"scopes":["api"],"user_id":3,"expires_at":"2031-01-01"}`, `{"message":"401 Unauthorized"}`, "deploy"}
	gitea := forge{"/api/v1/user", "Authorization", "token ", `{"id":1,"login":"ann","email":"ann@acme.test"}`, `{"message":"invalid username, password or token","url":"x"}`, "ann"}
	for _, tt := range []struct {
		rule, endpoint, base string
		forge                forge
	}{
		{"gitlab-personal-access-token", "gitlab", "", gitlab},
		{"gitlab-personal-access-token", "gitlab", "/gitlab", gitlab},
		{"gitlab-personal-access-token", "gitlab", "/gitlab/api/v4", gitlab},
		{"gitlab-personal-access-token-legacy", "gitlab", "/gitlab/", gitlab},
		{"gitea-access-token", "gitea", "", gitea},
		{"gitea-access-token", "gitea", "/git", gitea},
	} {
		t.Run(tt.rule+" at "+tt.base, func(t *testing.T) {
			t.Parallel()
			r := byID[tt.rule]
			token := generate(r)
			var mu sync.Mutex
			var asked []string
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
				got := q.Header.Get(tt.forge.header)
				mu.Lock()
				asked = append(asked, q.Method+" "+q.URL.RequestURI())
				mu.Unlock()
				w.Header().Set("Content-Type", "application/json")
				if got == tt.forge.prefix+token {
					_, _ = io.WriteString(w, tt.forge.yes)
					return
				}
				w.WriteHeader(http.StatusUnauthorized)
				_, _ = io.WriteString(w, tt.forge.no)
			}))
			defer server.Close()
			u, err := url.Parse(server.URL + tt.base)
			if err != nil {
				t.Fatal(err)
			}
			host, err := verify.ParseHostPattern("127.0.0.1")
			if err != nil {
				t.Fatal(err)
			}
			ask := func(secret string, hosts ...verify.HostPattern) verify.Verdict {
				e := verify.New(verify.Options{Endpoints: map[string][]*url.URL{tt.endpoint: {u}}, AllowHosts: hosts, AllowPlaintext: true, Generate: generate})
				defer e.Close()
				return e.Verify(context.Background(), []verify.Credential{{Rule: r, Secret: secret}}, nil)[0]
			}
			if v := ask(token); v.Status != verify.Skipped || v.Reason != verify.HostNotAllowed || len(asked) > 0 {
				t.Errorf("at a private address: %s (%s); asked %q", v.Status, v.Reason, asked)
			}
			v := ask(token, host)
			if v.Status != verify.Active || v.Identity["login"]+v.Identity["name"] != tt.forge.login {
				t.Errorf("%s (%s), identity %q; asked %q", v.Status, v.Reason, v.Identity, asked)
			}
			want := "GET " + strings.TrimSuffix(strings.TrimRight(tt.base, "/"), "/api/v4") + tt.forge.path
			for _, a := range asked {
				if a != want {
					t.Errorf("asked %q, want %q", a, want)
				}
			}
			if len(asked) != 2 { // a made-up token, and this one
				t.Errorf("asked %q", asked)
			}
			if v := ask(generate(r), host); v.Status == verify.Active || v.Status == verify.Inactive {
				t.Errorf("another token: %s (%s)", v.Status, v.Reason)
			}
		})
	}
}
