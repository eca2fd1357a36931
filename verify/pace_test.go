package verify

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func discardLog() *log.Logger { return log.New(io.Discard, "", 0) }

// pipeNet connects by net.Pipe, which a synctest bubble can wait for.
type pipeNet struct {
	conns chan net.Conn
	done  chan struct{}
	dials atomic.Int64
	dead  atomic.Bool
}

func newPipeNet() *pipeNet { return &pipeNet{conns: make(chan net.Conn), done: make(chan struct{})} }

func (p *pipeNet) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	p.dials.Add(1)
	if p.dead.Load() {
		return nil, errors.New("nobody is there")
	}
	near, far := net.Pipe()
	select {
	case p.conns <- far:
		return near, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept implements net.Listener, as do Close and Addr.
func (p *pipeNet) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipeNet) Close() error   { close(p.done); return nil }
func (p *pipeNet) Addr() net.Addr { return &net.UnixAddr{} }

// limited is a server that answers so many requests a second and refuses the others.
type limited struct {
	perSecond int
	active    map[string]bool

	mu       sync.Mutex
	second   int64
	used     int
	answered map[string]int
	refused  int
}

func (l *limited) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := time.Now().Unix(); now != l.second {
		l.second, l.used = now, 0
	}
	if l.used++; l.used > l.perSecond {
		l.refused++
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
		return
	}
	l.answered[token]++
	if l.active[token] {
		io.WriteString(w, `{"login":"ann"}`)
		return
	}
	w.WriteHeader(401)
	io.WriteString(w, `{"error":"revoked"}`)
}

// Two thousand secrets of one provider, which allows ten requests a second: every verdict is right, the server is not stormed, and
// it takes about as long as it must.
func TestManySecretsOfOneProvider(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const secrets, rate = 2000, 10
		r := acmeRule(t)
		l := &limited{perSecond: rate, active: map[string]bool{}, answered: map[string]int{}}
		var list []Credential
		for i := range secrets {
			token := newToken(r)
			l.active[token] = i%3 == 0
			list = append(list, Credential{Rule: r, Secret: token})
		}
		p := newPipeNet()
		server := &http.Server{Handler: l}
		go server.Serve(p)
		e := New(Options{Generate: newToken, dial: p.dial})
		start := time.Now()
		for i, v := range e.Verify(t.Context(), list, nil) {
			want := Inactive
			if i%3 == 0 {
				want = Active
			}
			if v.Status != want || l.answered[list[i].Secret] != 1 {
				t.Fatalf("secret %d: %+v, answered %d times, want %s", i, v, l.answered[list[i].Secret], want)
			}
		}
		if took := time.Since(start); took > 300*time.Second {
			t.Errorf("it took %s", took)
		}
		if l.refused > secrets/20 {
			t.Errorf("%d requests were refused", l.refused)
		}
		e.Close()
		server.Close()
	})
}

// A host that is down is not asked for every secret.
func TestBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := acmeRule(t)
		p := newPipeNet()
		p.dead.Store(true)
		var list []Credential
		for range 200 {
			list = append(list, Credential{Rule: r, Secret: newToken(r)})
		}
		e := New(Options{Generate: newToken, dial: p.dial})
		for _, v := range e.Verify(t.Context(), list, nil) {
			if v.Status != Unknown || v.Reason != NetworkError && v.Reason != NotAnswering {
				t.Fatalf("verdict %+v", v)
			}
		}
		if n := p.dials.Load(); n > 30 {
			t.Errorf("%d connections were tried", n)
		}
		e.Close()
	})
}

// After a pause one request tries whether the host is back.
func TestBreakerCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(hostConcurrency, 1000)
		for range breakerFailures {
			probe, err := g.admit()
			if err != nil {
				t.Fatal(err)
			}
			g.settle(probe, hostFailed)
		}
		if _, err := g.admit(); err == nil {
			t.Error("the breaker did not open")
		}
		time.Sleep(breakerPause)
		probe, err := g.admit()
		if err != nil || !probe {
			t.Fatalf("no probe: %v", err)
		}
		if _, err := g.admit(); err == nil {
			t.Error("two probes at once")
		}
		if err := g.enter(t.Context(), time.Now().Add(time.Minute), probe); err != nil {
			t.Fatal(err)
		}
		g.leave()
		g.settle(probe, hostAnswered)
		if probe, err := g.admit(); err != nil || probe {
			t.Errorf("the breaker did not close: %v", err)
		}
	})
}

// Failures are tried again, at growing intervals.
func TestRetries(t *testing.T) {
	for name, tt := range map[string]struct {
		failures int
		effect   string
		status   Status
		requests int
	}{
		"one failure":        {1, "read", Active, 2},
		"two failures":       {2, "read", Active, 3},
		"three failures":     {3, "read", Unknown, 3},
		"cost: never again":  {1, "cost", Unknown, 1},
		"write: never again": {1, "write", Unknown, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := parse(t, ruleText+acme+"effect = \""+tt.effect+"\"\n")
				token := newToken(r)
				requests := 0
				p := newPipeNet()
				server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					switch {
					case !strings.Contains(r.Header.Get("Authorization"), token):
						w.WriteHeader(401)
					case requests < tt.failures:
						requests++
						w.WriteHeader(502)
					default:
						requests++
						io.WriteString(w, `{"login":"ann"}`)
					}
				})}
				go server.Serve(p)
				e := New(Options{Generate: newToken, dial: p.dial, AllowEffects: []string{"cost", "write"}})
				start := time.Now()
				v := e.Verify(t.Context(), []Credential{{Rule: r, Secret: token}}, nil)[0]
				if v.Status != tt.status || requests != tt.requests {
					t.Errorf("%s after %d requests, want %s after %d", v.Status, requests, tt.status, tt.requests)
				}
				if took := time.Since(start); tt.requests == 3 && took < firstBackOff {
					t.Errorf("tried again after %s", took)
				}
				e.Close()
				server.Close()
			})
		})
	}
}

// A pause that is longer than what is left is not waited for.
func TestLongPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := acmeRule(t)
		p := newPipeNet()
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "86400")
			w.WriteHeader(429)
		})}
		go server.Serve(p)
		e := New(Options{Generate: newToken, dial: p.dial})
		start := time.Now()
		early := Credential{Rule: r, Secret: newToken(r)}
		e.Early(early)
		synctest.Wait()
		v := e.Verify(t.Context(), []Credential{early, {Rule: r, Secret: newToken(r)}, {Rule: r, Secret: newToken(r)}}, nil)
		for _, v := range v {
			if v.Reason != RateLimited || !v.Reason.Passing() {
				t.Errorf("verdict %+v", v)
			}
		}
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("it took %s", took)
		}
		e.Close()
		server.Close()
	})
}

// limitedRegistry is limited for a protocol that sends several requests for each secret.
type limitedRegistry struct{ limited }

func (l *limitedRegistry) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := time.Now().Unix(); now != l.second {
		l.second, l.used = now, 0
	}
	if l.used++; l.used > l.perSecond {
		l.refused++
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
		return
	}
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	l.answered[token]++
	if l.active[token] {
		io.WriteString(w, `{"username":"ann"}`)
		return
	}
	io.WriteString(w, `{}`)
}

// What a protocol sends keeps to the pace of its host, request by request, and a limit is waited for.
func TestManySecretsOfOneProtocol(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const secrets, rate = 200, 10
		r := protocolRule(t, "npm", "registry")
		l := &limitedRegistry{limited{perSecond: rate, active: map[string]bool{}, answered: map[string]int{}}}
		var list []Credential
		for range secrets {
			token := newToken(r)
			l.active[token] = true
			list = append(list, Credential{Rule: r, Secret: token, Parts: map[string][]string{"registry": {"//npm.acme.example/"}}})
		}
		p := newPipeNet()
		server := &http.Server{Handler: l}
		go server.Serve(p)
		e := New(Options{dial: p.dial, AllowHosts: []HostPattern{{host: "npm.acme.example"}}})
		start := time.Now()
		for i, v := range e.Verify(t.Context(), list, nil) {
			if v.Status != Active || l.answered[list[i].Secret] != 1 {
				t.Fatalf("secret %d: %+v, answered %d times", i, v, l.answered[list[i].Secret])
			}
		}
		// Two requests for each secret.
		if took := time.Since(start); took < 2*secrets/rate*time.Second-2*time.Second || took > 3*secrets/rate*time.Second {
			t.Errorf("it took %s", took)
		}
		if l.refused > secrets/20 {
			t.Errorf("%d requests were refused", l.refused)
		}
		e.Close()
		server.Close()
	})
}

// A failure of a server that a protocol asks is tried again, but no log-in that may lock an account.
func TestProtocolRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for protocol, want := range map[string]int{"npm": 3, "npm-basic": 1} {
			r := protocolRule(t, protocol, "registry")
			requests := 0
			p := newPipeNet()
			server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				requests++
				w.WriteHeader(502)
			})}
			go server.Serve(p)
			e := New(Options{dial: p.dial, AllowHosts: []HostPattern{{host: "npm.acme.example"}}})
			c := Credential{Rule: r, Secret: basicLogin("ann", newToken(r)), Parts: map[string][]string{"registry": {"//npm.acme.example/"}}}
			if v := e.Verify(t.Context(), []Credential{c}, nil)[0]; v.Reason != ServerError || requests != want {
				t.Errorf("%s: %+v after %d requests, want %d", protocol, v, requests, want)
			}
			e.Close()
			server.Close()
		}
	})
}

// Several places on one host, such as the clusters behind one address, do not wait for each other, and a slow pace is no time-out.
func TestSeveralPlacesOnOneHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := protocolRule(t, "kubernetes")
		p := newPipeNet()
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/two/") && strings.HasSuffix(r.Header.Get("Authorization"), "live") {
				w.WriteHeader(http.StatusCreated)
				io.WriteString(w, `{"kind":"SelfSubjectReview","status":{"userInfo":{"username":"ann"}}}`)
				return
			}
			w.WriteHeader(http.StatusUnauthorized)
			io.WriteString(w, `{"kind":"Status","reason":"Unauthorized","code":401}`)
		})}
		go server.Serve(p)
		var places []*url.URL
		for _, path := range []string{"/one", "/two", "/three"} {
			places = append(places, &url.URL{Scheme: "https", Host: "k8s.acme.example", Path: path})
		}
		e := New(Options{dial: p.dial, Rate: 0.1, Timeout: time.Hour, Endpoints: map[string][]*url.URL{"acme": places}})
		var list []Credential
		for range 8 {
			list = append(list, Credential{Rule: r, Secret: newToken(r) + "live"})
		}
		for _, v := range e.Verify(t.Context(), list, nil) {
			if v.Status != Active {
				t.Errorf("%+v", v)
			}
		}
		e.Close()
		server.Close()
	})
}
