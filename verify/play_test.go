package verify

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// play is a provider of a protocol over HTTP. What it knows to be a request with the real secret it answers by the script, and any other
// with a refusal.
type play struct {
	real    func(r *http.Request, body string) bool
	refusal reply
	// positive is the answer to the real secret, in which what is reported of its owner is text.
	positive func(text string) reply
	// prefix: how that begins proves it, however long it goes on.
	prefix bool

	mu     sync.Mutex
	script func(w http.ResponseWriter, r *http.Request)
	always bool // answer everything by the script
	asked  []string
}

func (p *play) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	p.mu.Lock()
	script := p.script
	real := err == nil && p.real(r, string(body))
	p.asked = append(p.asked, fmt.Sprintf("%s %s%s %v", r.Method, r.Host, r.URL.Path, real))
	answer := real || p.always
	p.mu.Unlock()
	if answer {
		script(w, r)
		return
	}
	p.refusal.write(w)
}

// everyHost leads all hosts to a handler on loopback. TLS is left out.
func everyHost(t testing.TB, h http.Handler) Options {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return Options{Rate: 1e6, requestTimeout: patient, backOff: time.Millisecond, dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, network, server.Listener.Addr().String())
	}}
}

// ask verifies a credential with the script.
func (p *play) ask(t testing.TB, o Options, c Credential, script func(http.ResponseWriter, *http.Request)) Verdict {
	t.Helper()
	p.mu.Lock()
	p.script, p.asked = script, nil
	p.mu.Unlock()
	return verdicts(t, o, c)[0]
}

// answers plays what trial plays for rules: the positive answer reads active, without an echo of the secret, and everything else that a
// server or what stands before it can answer reads unknown.
func (p *play) answers(t *testing.T, o Options, c Credential) {
	t.Helper()
	expect := func(what string, want Status, a reply) Verdict {
		t.Helper()
		v := p.ask(t, o, c, a.script())
		if v.Status != want {
			t.Errorf("%s reads %s (%s), must read %s; asked %q", what, v.Status, v.Reason, want, p.asked)
		}
		return v
	}
	good := p.positive("x")
	expect("the positive answer", Active, good)
	for _, s := range []int{good.status, p.refusal.status, 200, 201, 204, 400, 401, 403, 404, 409, 410, 418} {
		for _, body := range []string{"", "{}", "[]", "null", "true", `"x"`, `{"mudlark":"something else"}`, "something else", `<?xml version="1.0"?><Error><Code>Other</Code></Error>`, "<a/>"} {
			expect(fmt.Sprintf("status %d with body %q", s, body), Unknown, reply{status: s, body: body})
		}
	}
	for _, s := range []int{400, 401, 403, 404, 429, 500, 502, 503} {
		for _, after := range []string{"0", "100000"} {
			expect(fmt.Sprintf("status %d with Retry-After %s", s, after), Unknown, reply{status: s, body: good.body, header: map[string]string{"Retry-After": after}})
		}
	}
	for _, s := range []int{301, 302, 303, 307, 308} {
		expect(fmt.Sprintf("redirect %d", s), Unknown, reply{status: s, body: good.body, header: map[string]string{"Location": "/login"}})
	}
	for _, s := range []int{200, 403} {
		expect(fmt.Sprintf("page %d", s), Unknown, reply{status: s, body: "<!DOCTYPE html>\n<html><body>Please log in. " + good.body + "</body></html>"})
	}
	expect("an endless answer", map[bool]Status{true: Active, false: Unknown}[p.prefix], reply{status: good.status, header: good.header, body: good.body + strings.Repeat(" ", maxBody)})
	p.broken(t, o, c, good)
	for what, text := range map[string]string{"repeats the secret": c.Secret, "repeats it among others": "it is " + c.Secret + ".", "has control characters": "a\u009b31m\u202e::error::b"} {
		v := expect("an answer that "+what, Active, p.positive(text))
		for name, value := range v.Identity {
			if hasControls(value) {
				t.Errorf("identity %s holds control characters", name)
			}
		}
	}
	p.always = true
	v := expect("a server that accepts everything", Unknown, good)
	if v.Reason != AcceptsAny && v.Reason != Unclear {
		t.Errorf("a server that accepts everything: %s", v.Reason)
	}
	for _, a := range p.asked {
		if strings.HasSuffix(a, " true") {
			t.Error("a server that accepts everything got the secret")
		}
	}
	p.always = false
}

// broken tries connections that break off or hang in the middle of a positive answer.
func (p *play) broken(t *testing.T, o Options, c Credential, good reply) {
	t.Helper()
	longer := reply{status: good.status, body: good.body, header: map[string]string{"Content-Length": fmt.Sprint(len(good.body) + 10)}}
	for name, value := range good.header {
		longer.header[name] = value
	}
	check(t, p.ask(t, o, c, longer.script()), Unknown, NetworkError)
	check(t, p.ask(t, o, c, func(w http.ResponseWriter, _ *http.Request) { hangUp(w) }), Unknown, NetworkError)
	released := make(chan struct{})
	slow := o
	slow.requestTimeout = 100 * time.Millisecond
	check(t, p.ask(t, slow, c, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(good.body)+1))
		w.WriteHeader(good.status)
		_, _ = io.WriteString(w, good.body)
		w.(http.Flusher).Flush()
		select { // nothing more comes
		case <-r.Context().Done():
		case <-released:
		}
	}), Unknown, TimedOut)
	close(released)
}
