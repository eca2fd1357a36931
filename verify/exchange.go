package verify

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"mudlark/rules"
)

const (
	// maxBody is how much of a response is read.
	maxBody = 64 << 10
	// maxResponseHeader bounds the headers of a response.
	maxResponseHeader = 64 << 10
	// retries is how often a request is repeated after a failure of the network or the server.
	retries = 2
	// patience is how often a request is repeated because the provider wants to be asked later.
	patience = 6
)

// newClient returns the client that all requests go through: no redirects, no cookies, TLS verified, connections by the policy.
func newClient(p *policy, o *Options) *http.Client {
	t := &http.Transport{
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.rootCAs},
		TLSNextProto:           map[string]func(string, *tls.Conn) http.RoundTripper{}, // HTTP/1.1 only
		TLSHandshakeTimeout:    connectTimeout,
		MaxResponseHeaderBytes: maxResponseHeader,
		MaxIdleConnsPerHost:    hostConcurrency,
		IdleConnTimeout:        30 * time.Second,
	}
	if o.dial != nil {
		t.DialContext, t.DialTLSContext = o.dial, o.dial
	} else {
		t.DialContext = p.dial
		t.Proxy = func(r *http.Request) (*url.URL, error) { return p.proxy(r.URL) }
	}
	return &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// exchange sends a request, again if need be, and returns the response, or why there is none.
func (e *Engine) exchange(ctx context.Context, m *message, effect string) (*response, Reason) {
	g := e.gate(hostKey(m.target.url))
	probe, err := g.admit()
	if err != nil {
		return nil, e.whyNot(ctx, err)
	}
	r, reason := e.attempts(ctx, g, probe, m, effect)
	g.settle(probe, stateBy(reason))
	return r, reason
}

// attempts is exchange for a host that is not given up.
func (e *Engine) attempts(ctx context.Context, g *gate, probe bool, m *message, effect string) (*response, Reason) {
	failures, waits := 0, 0
	for {
		if err := g.enter(ctx, e.deadline(), probe); err != nil {
			return nil, e.whyNot(ctx, err)
		}
		r, err := e.send(ctx, m)
		wait, limited := retryAfter(r, pausePerBackOff*e.o.backOff)
		if limited {
			g.pause(wait)
		}
		g.leave()
		switch {
		case ctx.Err() != nil:
			return nil, e.whyNot(ctx, ctx.Err())
		case limited:
			if waits++; m.once || waits > patience || wait > e.o.Timeout {
				return nil, RateLimited
			}
			continue
		case errors.Is(err, errNotPublic):
			return nil, PrivateAddress
		case err == nil && r.status < 500:
			return r, ""
		}
		reason := ServerError
		if err != nil {
			reason = failure(err)
		}
		if failures++; m.once || failures > retries || reason == Untrusted || effect == rules.EffectCost || effect == rules.EffectWrite {
			return nil, reason
		}
		backOff := e.o.backOff << (failures - 1)
		if err := sleep(ctx, backOff/2+rand.N(backOff+1)); err != nil {
			return nil, e.whyNot(ctx, err)
		}
	}
}

// send sends a request once.
func (e *Engine) send(ctx context.Context, m *message) (*response, error) {
	ctx, cancel := context.WithTimeout(ctx, e.o.requestTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, m.method, m.target.url.String(), strings.NewReader(m.body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", e.o.UserAgent)
	for _, h := range m.headers {
		req.Header[h[0]] = []string{h[1]} // as it is written: some servers heed the case
	}
	resp, err := e.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusSwitchingProtocols { // what follows is no body, and ends with no context
		return &response{status: resp.StatusCode, header: resp.Header}, nil
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err != nil {
		return nil, err
	}
	r := &response{status: resp.StatusCode, header: resp.Header, body: body}
	if len(body) > maxBody {
		r.body, r.cut = body[:maxBody], true
	}
	return r, nil
}

// pausePerBackOff is how long a provider is left alone that limits requests and does not say for how long, in first back-offs: two seconds.
const pausePerBackOff = 4

// retryAfter reports whether the provider wants to be asked later, and when: 429 (RFC 6585, section 4), and 403 and 503 with
// Retry-After (RFC 9110, section 10.2.3). Where that is no time, pause is taken.
func retryAfter(r *response, pause time.Duration) (time.Duration, bool) {
	if r == nil {
		return 0, false
	}
	text := r.header.Get("Retry-After")
	if r.status != http.StatusTooManyRequests && (text == "" || r.status != http.StatusForbidden && r.status != http.StatusServiceUnavailable) {
		return 0, false
	}
	if n, err := strconv.Atoi(text); err == nil && n >= 0 && n < 1<<30 {
		return time.Duration(n) * time.Second, true
	}
	if t, err := http.ParseTime(text); err == nil {
		return max(0, time.Until(t)), true
	}
	return pause, true
}

// whyNot explains an error of a gate or a context.
func (e *Engine) whyNot(ctx context.Context, err error) Reason {
	switch {
	case errors.Is(err, errBreaker):
		return NotAnswering
	case errors.Is(err, errPaused):
		return RateLimited
	case errors.Is(err, errOutOfTime), errors.Is(context.Cause(ctx), errOutOfTime):
		return OutOfTime
	}
	return Interrupted
}

// failure says in the words of Reason what a transport error is. Its own text may hold the URL, and with it the secret.
func failure(err error) Reason {
	var kept *notSent
	if errors.As(err, &kept) {
		return kept.why
	}
	var certificate *tls.CertificateVerificationError
	if errors.As(err, &certificate) {
		return Untrusted
	}
	var timeout net.Error
	if errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout() {
		return TimedOut
	}
	return NetworkError
}
