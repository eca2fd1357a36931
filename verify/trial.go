package verify

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"mudlark/rules"
)

// Try runs a rule's verifier against a server on loopback that plays its provider: the request must be as the rule declares it, the
// declared answers must read as they are declared, and whatever else a server can do must read unknown. generate makes up
// secrets of a rule, as Options.Generate. It returns what is wrong, in words.
func Try(r *rules.Rule, generate func(*rules.Rule) string) []string {
	v := r.Verify
	if v == nil {
		return nil
	}
	if v.Protocol != "" {
		if protocols()[v.Protocol] == nil {
			return []string{fmt.Sprintf("this version has no verifier for protocol %q", v.Protocol)}
		}
		return nil
	}
	t := &trial{rule: r, generate: generate}
	if err := t.listen(t); err != nil {
		return []string{"no server can be started to try it against: " + err.Error()}
	}
	defer t.close()
	if !t.choose() {
		return append(t.problems, "its secrets and parts make no request that may be sent: see hosts and the formats of the parts")
	}
	t.declared()
	t.hostile()
	return t.problems
}

// trial is a verifier and the server that it is tried against.
type trial struct {
	rule     *rules.Rule
	generate func(*rules.Rule) string
	listener net.Listener
	client   *http.Client // of all engines, so that they share connections
	server   *http.Server
	c        Credential
	want     []message // what the requests must be

	mu       sync.Mutex
	script   func(w http.ResponseWriter, r *http.Request)
	always   bool // answer made-up secrets by the script, too
	problems []string
}

// listen starts the server.
func (t *trial) listen(handler http.Handler) (err error) {
	if t.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return err
	}
	t.client = newClient(nil, &Options{dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, network, t.listener.Addr().String())
	}})
	t.server = &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	go func() { _ = t.server.Serve(t.listener) }() // ends with an error, by close
	return nil
}

func (t *trial) close() {
	t.client.CloseIdleConnections()
	_ = t.server.Close()
}

// maxTrials is how many secrets and parts are made up until they make requests.
const maxTrials = 50

// choose makes up a credential whose requests may be sent.
func (t *trial) choose() bool {
	e := t.engine(time.Minute)
	defer e.Close()
	for range maxTrials {
		t.c = Credential{Rule: t.rule, Secret: t.generate(t.rule), Parts: map[string][]string{}}
		if t.c.Secret == "" {
			t.c.Secret = "x" + fmt.Sprintf("%016x%016x", rand.Uint64(), rand.Uint64())
		}
		for _, p := range t.rule.Parts {
			if len(p.Formats) > 0 {
				t.c.Parts[p.Name] = []string{generatePart(&p)}
			}
		}
		p, status, _ := e.prepare(&t.c)
		if status != "" {
			continue
		}
		t.want = nil
		seen := map[string]bool{}
		for _, c := range e.candidates(t.rule.Verify) {
			if m, why := e.message(c, p.choices.list[0], t.rule.Verify.Hosts); why == "" {
				t.want = append(t.want, m)
				seen[c.request.URL.String()] = true
			}
		}
		if len(seen) == len(t.rule.Verify.Requests) {
			return true
		}
	}
	return false
}

// engine returns an engine that reaches the server under every name.
func (t *trial) engine(timeout time.Duration) *Engine { return New(t.options(timeout)) }

func (t *trial) options(timeout time.Duration) Options {
	endpoints := map[string][]*url.URL{}
	if v := t.rule.Verify; v.Endpoint != "" && len(v.Hosts) == 0 {
		endpoints[v.Endpoint] = []*url.URL{{Scheme: "https", Host: "instance.example"}}
	}
	return Options{
		Endpoints:      endpoints,
		AllowPlaintext: true, AllowEffects: []string{rules.EffectCost, rules.EffectWrite}, Rate: 1e6, Generate: t.generate,
		UserAgent: "mudlark", backOff: time.Nanosecond, requestTimeout: timeout, Timeout: time.Minute,
		client: t.client,
	}
}

// ServeHTTP answers requests with the real secret by the script, and others with a refusal.
func (t *trial) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	t.mu.Lock()
	script, always := t.script, t.always
	real := err == nil && slices.ContainsFunc(t.want, func(m message) bool { return m.same(r, string(body)) })
	t.mu.Unlock()
	if real || always {
		script(w, r)
		return
	}
	reply{status: http.StatusUnauthorized, body: `{"mudlark_trial":"refused"}`}.write(w)
}

// same reports whether a request is what the message says.
func (m *message) same(r *http.Request, body string) bool {
	for _, h := range m.headers {
		if r.Header.Get(h[0]) != strings.TrimSpace(h[1]) {
			return false
		}
	}
	return r.Method == m.method && r.Host == m.target.url.Host && r.RequestURI == m.target.url.RequestURI() && body == m.body
}

// ask verifies the credential with the server answering by the script.
func (t *trial) ask(timeout time.Duration, always bool, script func(http.ResponseWriter, *http.Request)) Verdict {
	t.mu.Lock()
	t.script, t.always = script, always
	t.mu.Unlock()
	e := t.engine(timeout)
	defer e.Close()
	return e.Verify(context.Background(), []Credential{t.c}, nil)[0]
}

// patient is a time in which a server on loopback answers even if the machine is busy.
const patient = 20 * time.Second

// expect asks and compares the status.
func (t *trial) expect(want Status, what string, script func(http.ResponseWriter, *http.Request)) Verdict {
	v := t.ask(patient, false, script)
	t.compare(want, what, v)
	return v
}

func (t *trial) compare(want Status, what string, v Verdict) {
	if v.Status != want {
		t.problems = append(t.problems, fmt.Sprintf("%s reads %s, but must read %s%s", what, v.Status, want, because(v.Reason)))
	}
	for name, text := range v.Identity {
		if echoes(text, []string{t.c.Secret}) {
			t.problems = append(t.problems, fmt.Sprintf("%s: identity.%s shows the secret", what, name))
		}
		if hasControls(text) {
			t.problems = append(t.problems, fmt.Sprintf("%s: identity.%s holds control characters", what, name))
		}
	}
}

func because(r Reason) string {
	if r == "" {
		return ""
	}
	return " (" + string(r) + ")"
}

// declared tries the answers that the rule declares.
func (t *trial) declared() {
	v := t.rule.Verify
	shows := func(name string) string { return "value of " + name }
	for _, kind := range []struct {
		status Status
		list   []rules.Condition
	}{{Active, v.Active}, {Inactive, v.Inactive}, {Expired, v.Expired}} {
		for i, c := range kind.list {
			for _, status := range c.Status {
				a := answering(&c, status, v.Identity, shows)
				what := fmt.Sprintf("an answer by %s, condition %d with status %d,", kind.status, i+1, status)
				got := t.expect(kind.status, what, func(w http.ResponseWriter, _ *http.Request) { a.write(w) })
				if kind.status == Active && len(v.Identity) > 0 && got.Status == Active && len(c.JSON) > 0 && len(got.Identity) == 0 {
					t.problems = append(t.problems, what+" tells no identity")
				}
			}
		}
	}
}
