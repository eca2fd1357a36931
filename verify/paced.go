package verify

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"
)

// notSent is why no connection was made to a host that may be reached.
type notSent struct{ why Reason }

func (n *notSent) Error() string { return string(n.why) }

// dialPaced connects when the pace of the host allows for it. The connection takes one of the host's places until it is closed, and ends
// after a time-out.
func (e *Engine) dialPaced(ctx context.Context, network, address string, timeout time.Duration) (net.Conn, error) {
	g := e.gate(address)
	probe, err := g.admit()
	if err != nil {
		return nil, &notSent{e.whyNot(ctx, err)}
	}
	if err := g.enter(ctx, e.deadline(), probe); err != nil {
		why := e.whyNot(ctx, err)
		g.settle(probe, stateBy(why))
		return nil, &notSent{why}
	}
	dial := e.policy.dial
	if e.o.dial != nil {
		dial = e.o.dial
	}
	conn, err := dial(ctx, network, address)
	if err != nil {
		g.leave()
		how := hostFailed
		if ctx.Err() != nil || errors.Is(err, errNotPublic) {
			how = nothingKnown
		}
		g.settle(probe, how)
		return nil, err
	}
	_ = conn.SetDeadline(time.Now().Add(timeout)) // what fails shows when it is read
	return &pacedConn{Conn: conn, ctx: ctx, gate: g, probe: probe}, nil
}

// pacedConn is a connection that gives its place back when it is closed.
type pacedConn struct {
	net.Conn
	ctx   context.Context
	gate  *gate
	probe bool

	mu       sync.Mutex
	answered bool // something was received
	failed   bool // it was waited for in vain
	closed   sync.Once
}

// Read implements net.Conn.
func (c *pacedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	var timeout net.Error
	c.mu.Lock()
	c.answered = c.answered || n > 0
	c.failed = c.failed || errors.As(err, &timeout) && timeout.Timeout()
	c.mu.Unlock()
	return n, err
}

// Close implements net.Conn.
func (c *pacedConn) Close() error {
	c.closed.Do(func() {
		c.mu.Lock()
		how := hostAnswered
		switch {
		case c.ctx.Err() != nil:
			how = nothingKnown
		case c.failed || !c.answered:
			how = hostFailed
		}
		c.mu.Unlock()
		c.gate.leave()
		c.gate.settle(c.probe, how)
	})
	return c.Conn.Close()
}
