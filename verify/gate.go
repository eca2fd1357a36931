package verify

import (
	"context"
	"errors"
	"sync"
	"time"
)

// The circuit breaker: so many requests in a row that fail with all their attempts mean that a host is not to be asked for a while.
const (
	breakerFailures = 3
	breakerPause    = 30 * time.Second
)

// gate paces the requests to one host.
type gate struct {
	slots    chan struct{}
	interval time.Duration // between two requests

	mu       sync.Mutex
	next     time.Time // when the next request may go
	paused   time.Time // until when the host wants to be left alone
	failures int       // of requests, in a row
	open     time.Time // until when the breaker is open
	probing  bool      // a request tries whether the host is back
}

var (
	errBreaker = errors.New("the breaker is open")
	errPaused  = errors.New("the host wants a longer pause than there is time for")
)

func newGate(concurrency int, rate float64) *gate {
	return &gate{slots: make(chan struct{}, concurrency), interval: time.Duration(float64(time.Second) / rate)}
}

// admit says whether a request may be made at all. After breakerPause one request, the probe, tries whether the host is back.
// settle must be called in the end.
func (g *gate) admit() (probe bool, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.failures < breakerFailures {
		return false, nil
	}
	if g.open.After(time.Now()) || g.probing {
		return false, errBreaker
	}
	g.probing = true
	return true, nil
}

// hostState is what a request says of its host.
type hostState int

const (
	nothingKnown hostState = iota // it was not sent, or not waited for
	hostAnswered
	hostFailed
)

// stateBy reads the state of a host off the reason for which there is no response.
func stateBy(r Reason) hostState {
	switch r {
	case ServerError, NetworkError, Untrusted, TimedOut:
		return hostFailed
	case NotAnswering, OutOfTime, Interrupted:
		return nothingKnown
	}
	return hostAnswered
}

// settle says how a request ended, all attempts together.
func (g *gate) settle(probe bool, how hostState) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if probe {
		g.probing = false
	}
	switch how {
	case hostAnswered:
		g.failures = 0
	case hostFailed:
		if g.failures++; g.failures >= breakerFailures {
			g.open = time.Now().Add(breakerPause)
		}
	}
}

// enter waits until an attempt may go; leave must be called afterwards. deadline is when the time is over.
func (g *gate) enter(ctx context.Context, deadline time.Time, probe bool) error {
	select {
	case g.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	for {
		at, err := g.reserve(deadline, probe)
		if err == nil {
			err = sleep(ctx, time.Until(at))
		}
		if err != nil {
			<-g.slots
			return err
		}
		g.mu.Lock()
		early := g.paused.After(time.Now())
		g.mu.Unlock()
		if !early {
			return nil
		}
	}
}

func (g *gate) leave() { <-g.slots }

// reserve returns when the next attempt may go.
func (g *gate) reserve(deadline time.Time, probe bool) (time.Time, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	if !probe && g.open.After(now) {
		return now, errBreaker
	}
	at := later(now, later(g.next, g.paused))
	switch {
	case !at.After(deadline):
	case g.paused.After(deadline):
		return now, errPaused
	default:
		return now, errOutOfTime
	}
	g.next = at.Add(g.interval)
	return at, nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// pause lets the host alone for d, and asks it less often from then on.
func (g *gate) pause(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	until := time.Now().Add(d)
	if until.After(g.paused) {
		// Requests that are refused at the same time are one refusal.
		if !g.paused.After(time.Now()) {
			g.interval = min(g.interval*5/4, slowest)
		}
		g.paused = until
	}
}

// slowest is the longest interval between requests that refusals lead to.
const slowest = 5 * time.Second

// sleep waits for d or until ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
