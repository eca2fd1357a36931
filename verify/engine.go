package verify

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"mudlark/rules"
)

// Options says how an Engine asks.
type Options struct {
	// Endpoints are instances by the name that rules give them. Where there are some, they take the place of the rule's own host.
	Endpoints      map[string][]*url.URL
	AllowHosts     []HostPattern
	AllowPlaintext bool
	AllowEffects   []string // of EffectCost and EffectWrite
	Canaries       bool     // ask about known canaries, too
	Rate           float64  // requests per second and host; 0 for DefaultRate
	Timeout        time.Duration
	Cache          *Cache // may be nil
	UserAgent      string
	Getenv         func(string) string
	// Generate makes up a well-formed secret of a rule, or returns "".
	Generate func(*rules.Rule) string

	lived bool // Probe.Lived of what is asked about

	// For tests and trials against servers of their own.
	dial           func(ctx context.Context, network, address string) (net.Conn, error)
	rootCAs        *x509.CertPool
	resolver       *net.Resolver
	client         *http.Client
	backOff        time.Duration
	requestTimeout time.Duration
	protocols      map[string]Protocol
}

// The defaults of Options, and what is not to be chosen.
const (
	DefaultRate    = 10
	DefaultTimeout = 10 * time.Minute

	hostConcurrency = 4
	requestTimeout  = 15 * time.Second
	firstBackOff    = 500 * time.Millisecond
	// maxEarly bounds how many credentials wait to be asked about while the scan goes on.
	maxEarly = 1000
)

// Engine verifies credentials, each once. It is safe for concurrent use.
type Engine struct {
	o      Options
	policy *policy
	client *http.Client
	ctx    context.Context
	stop   context.CancelCauseFunc
	until  atomic.Pointer[time.Time]

	mu       sync.Mutex
	calls    map[string]*call
	lanes    map[string]*lane
	gates    map[string]*gate
	controls map[string]*control
	tried    map[string]bool // host and user of protocols that ask once
	waiting  int
}

// call is the verification of one credential.
type call struct {
	c       Credential
	verdict Verdict
	done    chan struct{}
}

// lane is the queue of one rule, so that a slow provider holds up nobody else.
type lane struct {
	queue   []*call
	workers int
}

var (
	errOutOfTime   = errors.New("the time for verification is over")
	errInterrupted = errors.New("interrupted")
)

// New returns an engine for one run. Close ends it.
func New(o Options) *Engine {
	if o.Rate <= 0 {
		o.Rate = DefaultRate
	}
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Getenv == nil {
		o.Getenv = func(string) string { return "" }
	}
	if o.Generate == nil {
		o.Generate = func(*rules.Rule) string { return "" }
	}
	if o.backOff <= 0 {
		o.backOff = firstBackOff
	}
	if o.requestTimeout <= 0 {
		o.requestTimeout = requestTimeout
	}
	if o.protocols == nil {
		o.protocols = protocols()
	}
	e := &Engine{o: o, policy: newPolicy(&o), calls: map[string]*call{}, lanes: map[string]*lane{}, gates: map[string]*gate{},
		controls: map[string]*control{}, tried: map[string]bool{}}
	if e.client = o.client; e.client == nil {
		e.client = newClient(e.policy, &o)
	}
	e.ctx, e.stop = context.WithCancelCause(context.Background())
	return e
}

// Close ends what is still going on.
func (e *Engine) Close() {
	e.stop(errInterrupted)
	if e.o.client == nil {
		e.client.CloseIdleConnections()
	}
}

// deadline is when the time for verification will be over. While the scan goes on, that is not before Timeout from now.
func (e *Engine) deadline() time.Time {
	if t := e.until.Load(); t != nil {
		return *t
	}
	return time.Now().Add(e.o.Timeout)
}

// Early begins to ask about a credential whose verdict will be wanted, if there is room; it never waits.
func (e *Engine) Early(c Credential) { e.submit(c, true) }

// Verify returns the verdicts of credentials, in their order. It stops asking when ctx ends or Options.Timeout has passed; those
// without an answer are unknown then. done is told how many are finished, and may be nil.
func (e *Engine) Verify(ctx context.Context, list []Credential, done func(int)) []Verdict {
	until := time.Now().Add(e.o.Timeout)
	e.until.Store(&until)
	timer := time.AfterFunc(e.o.Timeout, func() { e.stop(errOutOfTime) })
	defer timer.Stop()
	defer context.AfterFunc(ctx, func() { e.stop(errInterrupted) })()
	calls := make([]*call, len(list))
	for i, c := range list {
		calls[i] = e.submit(c, false)
	}
	out := make([]Verdict, len(list))
	for i, c := range calls {
		out[i] = e.await(c)
		if done != nil {
			done(i + 1)
		}
	}
	return out
}

// await waits for a call or for the end.
func (e *Engine) await(c *call) Verdict {
	select {
	case <-c.done:
		return c.verdict
	default:
	}
	select {
	case <-c.done:
		return c.verdict
	case <-e.ctx.Done():
		return Verdict{Status: Unknown, Reason: e.whyNot(e.ctx, e.ctx.Err()), CheckedAt: time.Now().UTC()}
	}
}

// key tells credentials apart.
func (c *Credential) key() string {
	var b strings.Builder
	b.WriteString(c.Rule.ID + "\x00" + c.Secret)
	for _, p := range c.Rule.Parts {
		b.WriteString("\x00" + p.Name + "=" + strings.Join(c.Parts[p.Name], "\x01"))
	}
	if c.Ambiguous {
		b.WriteString("\x00ambiguous")
	}
	return b.String()
}

// submit returns the call for a credential, which is new unless there is one; nil if an early one finds no room.
func (e *Engine) submit(c Credential, early bool) *call {
	e.mu.Lock()
	defer e.mu.Unlock()
	key := c.key()
	if known := e.calls[key]; known != nil {
		return known
	}
	if early && e.waiting >= maxEarly {
		return nil
	}
	k := &call{c: c, done: make(chan struct{})}
	e.calls[key] = k
	l := e.lanes[c.Rule.ID]
	if l == nil {
		l = &lane{}
		e.lanes[c.Rule.ID] = l
	}
	l.queue = append(l.queue, k)
	e.waiting++
	if l.workers < hostConcurrency {
		l.workers++
		go e.work(l)
	}
	return k
}

// work asks about what is in a lane until it is empty.
func (e *Engine) work(l *lane) {
	for {
		e.mu.Lock()
		if len(l.queue) == 0 {
			l.workers--
			e.mu.Unlock()
			return
		}
		k := l.queue[0]
		l.queue = l.queue[1:]
		e.waiting--
		e.mu.Unlock()
		k.verdict = e.verdict(k.c)
		close(k.done)
	}
}

// gate returns the gate of a host.
func (e *Engine) gate(host string) *gate {
	e.mu.Lock()
	defer e.mu.Unlock()
	g := e.gates[host]
	if g == nil {
		g = newGate(hostConcurrency, e.o.Rate)
		e.gates[host] = g
	}
	return g
}

// verdict finds out about one credential.
func (e *Engine) verdict(c Credential) (v Verdict) {
	defer func() {
		if recover() != nil { // what a provider sends must not end a scan
			v = Verdict{Status: Unknown, Reason: VerifierFailed}
		}
		if v.CheckedAt.IsZero() {
			v.CheckedAt = time.Now().UTC()
		}
	}()
	p, status, reason := e.prepare(&c)
	if status != "" {
		return Verdict{Status: status, Reason: reason}
	}
	var all []answer
	for _, choice := range p.choices.list {
		a := e.remembered(e.ctx, choice)
		if a.Status == Active {
			return a.verdict()
		}
		all = append(all, a)
	}
	return together(all, p.choices.pairings, p.choices.partial).verdict()
}

// prepared is a credential that may be asked about.
type prepared struct {
	verify  *rules.Verify
	choices choices
}

// prepare returns what is to be asked, or the verdict where nothing is.
func (e *Engine) prepare(c *Credential) (p prepared, s Status, r Reason) {
	v := c.Rule.Verify
	if v == nil || v.Protocol != "" && e.o.protocols[v.Protocol] == nil {
		return p, Unsupported, NoVerifier
	}
	if some, ok := e.o.protocols[v.Protocol].(supporter); ok && !some.supports(c.Secret) {
		return p, Unsupported, NoVerifier
	}
	p.verify = v
	switch {
	case c.Ambiguous:
		return p, Skipped, Ambiguous
	case (v.Effect == rules.EffectCost || v.Effect == rules.EffectWrite) && !slices.Contains(e.o.AllowEffects, v.Effect):
		return p, Skipped, EffectNotAllow
	}
	var missing bool
	if p.choices, missing = choose(*c, e.needs(v, c)); missing {
		return p, Skipped, PartMissing
	}
	if _, one := e.o.protocols[v.Protocol].(bound); one && (len(p.choices.list) > 1 || p.choices.partial) {
		return p, Skipped, Ambiguous
	}
	return p, "", ""
}

// needs returns the names of the parts that asking needs.
func (e *Engine) needs(v *rules.Verify, c *Credential) []string {
	if v.Protocol != "" {
		var names []string
		for _, p := range c.Rule.Parts {
			if len(c.Parts[p.Name]) > 0 || p.Required {
				names = append(names, p.Name)
			}
		}
		return names
	}
	var names []string
	for i := range v.Requests {
		for _, n := range v.Requests[i].Values() {
			if !slices.Contains(names, n) && !(n != "" && e.replaced(v, &v.Requests[i], n)) {
				names = append(names, n)
			}
		}
	}
	return names
}

// replaced reports whether a part is wanted only as the host, which an endpoint takes the place of.
func (e *Engine) replaced(v *rules.Verify, q *rules.Request, part string) bool {
	if len(e.o.Endpoints[v.Endpoint]) == 0 {
		return false
	}
	rest := *q
	_, _, rest.URL = q.URL.Authority()
	if scheme, _, _ := q.URL.Authority(); scheme == "" {
		rest.URL = q.URL[1:]
	}
	return !slices.Contains(rest.Values(), part)
}

// remembered asks about one choice of values, unless the cache knows the answer.
func (e *Engine) remembered(ctx context.Context, v *values) answer {
	if a, ok := e.o.Cache.get(e, v); ok {
		return a
	}
	var a answer
	if v.rule.Verify.Protocol != "" {
		a = e.askProtocol(ctx, v)
	} else {
		a = e.askHTTP(ctx, v)
	}
	e.o.Cache.put(e, v, a)
	return a
}
