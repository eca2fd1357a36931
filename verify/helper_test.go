package verify

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"mudlark/rules"
)

// ruleText is the head of a rule of tests; what follows it are the lines of [rule.verify].
const ruleText = `provider = "Acme"
[[rule]]
id = "acme-token"
name = "Acme token"
severity = "high"
confidence = "high"
format = "acme_{base62:32}"
`

// acme is a verifier whose instance the tests name by Options.Endpoints.
const acme = `[rule.verify]
request  = "GET https://api.acme.example/me"
headers  = { Authorization = "Bearer {secret}" }
endpoint = "acme"
evidence = "https://acme.example/docs"
active   = { status = [200], json = "login" }
inactive = { status = [401], json = "error=revoked" }
expired  = { status = [401], json = "error=expired" }
identity = { login = "json:login", scopes = "header:X-Scopes" }
`

// parse returns a rule of the text.
func parse(t testing.TB, text string) *rules.Rule {
	t.Helper()
	set, err := rules.Parse("test.toml", []byte(text), rules.Vocabulary{})
	if err != nil {
		t.Fatal(err)
	}
	return set[0]
}

func acmeRule(t testing.TB) *rules.Rule { return parse(t, ruleText+acme) }

// newToken makes up a token of the test rule.
func newToken(*rules.Rule) string {
	return "acme_" + (rand.Text() + rand.Text())[:32]
}

// provider is a server that knows tokens.
type provider struct {
	*httptest.Server
	mu       sync.Mutex
	active   map[string]bool
	expired  map[string]bool
	requests []string // "METHOD path token"
	before   func(w http.ResponseWriter, r *http.Request) bool
}

// newProvider starts a server; active tokens are answered with a login.
func newProvider(t testing.TB, active ...string) *provider {
	p := &provider{active: map[string]bool{}, expired: map[string]bool{}}
	for _, a := range active {
		p.active[a] = true
	}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	p.mu.Lock()
	p.requests = append(p.requests, r.Method+" "+r.URL.Path+" "+token)
	active, expired, before := p.active[token], p.expired[token], p.before
	p.mu.Unlock()
	if before != nil && before(w, r) {
		return
	}
	w.Header().Set("Content-Type", "application/json")
	switch {
	case active:
		w.Header().Set("X-Scopes", "read")
		io.WriteString(w, `{"login":"ann"}`)
	case expired:
		w.WriteHeader(401)
		io.WriteString(w, `{"error":"expired"}`)
	default:
		w.WriteHeader(401)
		io.WriteString(w, `{"error":"revoked"}`)
	}
}

// count returns how many requests held the token.
func (p *provider) count(token string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, r := range p.requests {
		if strings.Contains(r, token) {
			n++
		}
	}
	return n
}

func (p *provider) all() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string{}, p.requests...)
}

// options returns those for verifying against the provider.
func (p *provider) options(t testing.TB) Options {
	t.Helper()
	u, err := url.Parse(p.URL)
	if err != nil {
		t.Fatal(err)
	}
	return Options{
		Endpoints:  map[string][]*url.URL{"acme": {u}},
		AllowHosts: []HostPattern{{host: "127.0.0.1"}}, AllowPlaintext: true,
		Rate: 1e6, Generate: newToken, backOff: time.Millisecond, UserAgent: "mudlark/test",
	}
}

// verdicts verifies with a new engine.
func verdicts(t testing.TB, o Options, list ...Credential) []Verdict {
	t.Helper()
	e := New(o)
	defer e.Close()
	got := e.Verify(context.Background(), list, nil)
	text, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range list {
		if strings.Contains(string(text)+fmt.Sprintf("%+v", got), c.Secret) {
			t.Errorf("a verdict shows the secret: %s", text)
		}
	}
	return got
}

// check compares status and reason.
func check(t testing.TB, v Verdict, want Status, reason Reason) {
	t.Helper()
	if v.Status != want || v.Reason != reason {
		t.Errorf("verdict %s (%s), want %s (%s)", v.Status, v.Reason, want, reason)
	}
}
