package verify

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// A registry that leaves log-ins to a service is asked through it; only explicit answers count.
func TestRegistryService(t *testing.T) {
	t.Parallel()
	r := protocolRule(t, "registry", "host")
	login := basicLogin("ann", "secret word")
	refused := `{"errors":[{"code":"UNAUTHORIZED"}]}`
	for _, tt := range []struct {
		name, challenge string
		status          int
		body            string
		others          int // the answer to log-ins that are made up
		want            Status
		reason          Reason
	}{
		{"token", `Bearer realm="SELF/token",service="registry.test"`, 200, `{"token":"t"}`, 401, Active, ""},
		{"access token", `Bearer realm="SELF/token",service="registry.test"`, 200, `{"access_token":"t"}`, 401, Active, ""},
		{"refused", `Bearer realm="SELF/token",service="registry.test"`, 401, refused, 401, Inactive, ""},
		{"refused by Docker Hub", `Bearer realm="SELF/token",service="registry.test"`, 401, `{"details":"incorrect username or password"}`, 401, Inactive, ""},
		{"refused without words", `Bearer realm="SELF/token",service="registry.test"`, 401, `{}`, 401, Unknown, Unclear},
		{"denied", `Bearer realm="SELF/token",service="registry.test"`, 403, refused, 401, Unknown, Unclear},
		{"tokens for anybody", `Bearer realm="SELF/token",service="registry.test"`, 200, `{"token":"t"}`, 200, Unknown, AcceptsAny},
		{"no token", `Bearer realm="SELF/token",service="registry.test"`, 200, `{}`, 401, Unknown, Unclear},
		{"limited", `Bearer realm="SELF/token",service="registry.test"`, 429, refused, 401, Unknown, RateLimited},
		{"failure", `Bearer realm="SELF/token",service="registry.test"`, 502, refused, 401, Unknown, ServerError},
		{"redirect", `Bearer realm="SELF/token",service="registry.test"`, 307, refused, 401, Unknown, Redirected},
		{"page", `Bearer realm="SELF/token",service="registry.test"`, 200, `<html>{"token":"t"}`, 401, Unknown, WebPage},
		{"service elsewhere", `Bearer realm="https://evil.example/token",service="registry.test"`, 200, `{"token":"t"}`, 401, Skipped, HostNotAllowed},
		{"service with a user", `Bearer realm="http://a@SELFHOST/token"`, 200, `{"token":"t"}`, 401, Unknown, Unclear},
		{"no challenge", ``, 200, `{"token":"t"}`, 401, Unknown, Unclear},
		{"other challenge", `Negotiate`, 200, `{"token":"t"}`, 401, Unknown, Unclear},
	} {
		var asked []string
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			self := "http://" + r.Host
			switch {
			case r.URL.Path == "/v2/":
				if r.Header.Get("Authorization") != "" {
					t.Errorf("%s: the registry got a log-in", tt.name)
				}
				w.Header().Set("WWW-Authenticate", strings.NewReplacer("SELFHOST", r.Host, "SELF", self).Replace(tt.challenge))
				w.WriteHeader(401)
			case r.URL.RequestURI() != "/token?service=registry.test":
				t.Errorf("%s: request for %s", tt.name, r.URL)
			case r.Header.Get("Authorization") == "Basic "+login:
				asked = append(asked, "log-in")
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, tt.body)
			default:
				asked = append(asked, "made up")
				w.WriteHeader(tt.others)
				_, _ = io.WriteString(w, map[int]string{401: refused, 200: `{"token":"t"}`}[tt.others])
			}
		}))
		v := verdicts(t, onLoopback(), Credential{Rule: r, Secret: login, Parts: map[string][]string{"host": {s.Listener.Addr().String()}}})[0]
		s.Close()
		if v.Status != tt.want || v.Reason != tt.reason {
			t.Errorf("%s: %s (%s), want %s (%s)", tt.name, v.Status, v.Reason, tt.want, tt.reason)
		}
		if tt.reason == AcceptsAny && fmt.Sprint(asked) != "[made up]" {
			t.Errorf("%s: %q were asked about", tt.name, asked)
		}
	}
}

// A log-in goes to the one registry that it stands beside, and nowhere without leave.
func TestRegistryHosts(t *testing.T) {
	t.Parallel()
	o := onLoopback()
	o.AllowHosts = nil
	login := basicLogin("ann", "secret word")
	for _, tt := range []struct {
		protocol, part string
		hosts          []string
		want           Reason
	}{
		{"registry", "host", []string{`"registry.evil.example": {`}, HostNotAllowed},
		{"registry", "host", []string{`"127.0.0.1:5000": {`}, HostNotAllowed},
		{"registry", "host", []string{"a.example", "b.example"}, Ambiguous},
		{"registry", "host", []string{"auths"}, PartMissing},
		{"registry", "host", []string{"a@b.example"}, HostNotAllowed},
		{"registry", "host", nil, PartMissing},
		{"npm-basic", "registry", []string{"//npm.evil.example/:_auth"}, HostNotAllowed},
		{"npm-basic", "registry", []string{"//a.example/:_auth", "//b.example/:_auth"}, Ambiguous},
		{"npm-basic", "registry", []string{"//a@b.example/:_auth"}, PartMissing},
		{"npm-basic", "registry", []string{"//a.example/../b/:_auth"}, PartMissing},
	} {
		v := verdicts(t, o, Credential{Rule: protocolRule(t, tt.protocol, tt.part), Secret: login, Parts: map[string][]string{tt.part: tt.hosts}})[0]
		if v.Status != Skipped || v.Reason != tt.want {
			t.Errorf("%s at %q: %s (%s), want %s", tt.protocol, tt.hosts, v.Status, v.Reason, tt.want)
		}
	}
	for name, want := range map[string]string{
		"https://index.docker.io/v1/": "registry-1.docker.io:443", `"ghcr.io": {`: "ghcr.io:443", "reg.example:5000": "reg.example:5000", "http://localhost:5000/v2/": "localhost:5000",
	} {
		host, port, ok := registryHost(name)
		if !ok || host+":"+port != want {
			t.Errorf("%s is %s:%s (%v), want %s", name, host, port, ok, want)
		}
	}
}

// A service at another host gets a log-in by leave for that host only: that of the registry, or of the rule, is none.
func TestRegistryServiceLeave(t *testing.T) {
	t.Parallel()
	login := basicLogin("ann", "secret word")
	for _, tt := range []struct {
		realm, allow string
		plaintext    bool
		want         Status
		reason       Reason
	}{
		{"https://auth.acme.test/token", "auth.acme.test", false, Active, ""},
		{"https://auth.acme.test/token", "", false, Skipped, HostNotAllowed},
		{"https://auth.acme.test:8443/token", "auth.acme.test:443", false, Skipped, HostNotAllowed},
		{"https://auth.acme.test:8443/token", "auth.acme.test:8443", false, Active, ""},
		{"http://auth.acme.test/token", "auth.acme.test", false, Skipped, ClearText},
		{"http://auth.acme.test/token", "auth.acme.test", true, Active, ""},
		{"https://auth.known.test/token", "", false, Skipped, HostNotAllowed},
		{"https://reg.acme.test.evil.example/token", "", false, Skipped, HostNotAllowed},
		{"ftp://auth.acme.test/token", "auth.acme.test", true, Unknown, Unclear},
		{"https:///token", "auth.acme.test", true, Unknown, Unclear},
	} {
		p := &play{
			real:     func(r *http.Request, _ string) bool { return r.Header.Get("Authorization") == "Basic "+login },
			refusal:  reply{status: 401, header: map[string]string{"Www-Authenticate": `Bearer realm="` + tt.realm + `",service="reg.acme.test"`}, body: `{"errors":[{"code":"UNAUTHORIZED"}]}`},
			positive: func(string) reply { return reply{status: 200, body: `{"token":"t"}`} },
		}
		o := everyHost(t, p)
		o.AllowPlaintext = tt.plaintext
		o.AllowHosts = []HostPattern{{host: "reg.acme.test"}}
		if tt.allow != "" {
			h, err := ParseHostPattern(tt.allow)
			if err != nil {
				t.Fatal(err)
			}
			o.AllowHosts = append(o.AllowHosts, h)
		}
		r := protocolRule(t, "registry", "host")
		r.Verify.Hosts = []string{"*.known.test"}
		v := p.ask(t, o, Credential{Rule: r, Secret: login, Parts: map[string][]string{"host": {"reg.acme.test"}}}, p.positive("").script())
		if v.Status != tt.want || v.Reason != tt.reason {
			t.Errorf("%s with %q: %s (%s), want %s (%s)", tt.realm, tt.allow, v.Status, v.Reason, tt.want, tt.reason)
		}
		if tt.want != Active && len(p.asked) != 1 {
			t.Errorf("%s with %q: asked %q", tt.realm, tt.allow, p.asked)
		}
	}
}
