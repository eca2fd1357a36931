package verify

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
)

// session is a connection of a protocol. It ends with its context, and whoever sends more than maxBody is not read any further.
type session struct {
	net.Conn
	ctx   context.Context
	r     *bufio.Reader
	close func()
}

var errTooLong = errors.New("longer than it may be")

// open connects to a target, by TLS if secure. Where that fails, the answer says why.
func (p *Probe) open(ctx context.Context, t Target, secure bool) (*session, Answer) {
	conn, err := p.Dial(ctx, "tcp", net.JoinHostPort(t.Host, t.Port))
	if err != nil {
		return nil, dialFailure(t, err)
	}
	timed, cancel := context.WithTimeout(ctx, p.timeout)
	s := &session{Conn: conn, ctx: timed}
	stop := context.AfterFunc(timed, func() { _ = conn.Close() })
	s.close = func() {
		if stop() { // so that a time-out can be told from an end
			s.ctx = ctx
		}
		cancel()
	}
	s.buffer()
	if secure {
		if err := s.secure(p.TLS, t.Host); err != nil {
			s.Close()
			return nil, s.failed(err)
		}
	}
	return s, Answer{}
}

// dialFailure says what it means that there is no connection.
func dialFailure(t Target, err error) Answer {
	switch {
	case errors.Is(err, errNotPublic) && t.Text:
		return Answer{Status: Skipped, Reason: HostNotAllowed}
	case errors.Is(err, errNotPublic):
		return unknown(PrivateAddress)
	}
	return unknown(failure(err))
}

func unknown(why Reason) Answer { return Answer{Status: Unknown, Reason: why} }

func (s *session) buffer() { s.r = bufio.NewReader(io.LimitReader(s.Conn, maxBody)) }

// secure begins TLS. What was sent before it in clear text, and not read, would be a forgery; it is an error.
func (s *session) secure(c *tls.Config, host string) error {
	if s.r.Buffered() > 0 {
		return errTooLong
	}
	c = c.Clone()
	c.ServerName = host
	conn := tls.Client(s.Conn, c)
	if err := conn.HandshakeContext(s.ctx); err != nil {
		return err
	}
	s.Conn = conn
	s.buffer()
	return nil
}

// Close ends the connection.
func (s *session) Close() error {
	s.close()
	return s.Conn.Close()
}

// line reads up to a line feed, which it drops together with a carriage return before it.
func (s *session) line() (string, error) {
	const maxLine = 4 << 10
	text, err := s.r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) || len(text) > maxLine {
		return "", errTooLong
	}
	if err != nil {
		return "", err
	}
	return strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r"), nil
}

// bytes reads exactly n bytes.
func (s *session) bytes(n int) ([]byte, error) {
	if n < 0 || n > maxBody {
		return nil, errTooLong
	}
	b := make([]byte, n)
	_, err := io.ReadFull(s.r, b)
	return b, err
}

// failed says what an error of the connection means.
func (s *session) failed(err error) Answer {
	switch {
	case s.ctx.Err() != nil:
		return unknown(TimedOut)
	case errors.Is(err, errTooLong):
		return unknown(Unclear)
	}
	return unknown(failure(err))
}

// madeUpName returns a name that nobody has, for trying whether a server accepts anything.
func madeUpName() string { return "m" + strings.ToLower(rand.Text())[:15] }
