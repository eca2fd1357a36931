package verify

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strings"
)

// postgres logs in to a PostgreSQL server with the password of a URL, and out again. It speaks the protocol 3.0 itself
// (https://www.postgresql.org/docs/current/protocol-message-formats.html), so nothing of the environment (PGHOST, .pgpass) has a say.
//
// A password is active if the server asked for it and accepted it; by SCRAM the server proves that it knows it. A server that asks
// for none, or accepts another one as well, says nothing. It is inactive on the server's error 28P01.
type postgres struct{}

const postgresPort = "5432"

// Targets implements Protocol. Whether the server has TLS shows only when it is asked.
func (postgres) Targets(p *Probe) ([]Target, bool) {
	l, ok := parseLogin(p.Secret)
	return []Target{l.target(postgresPort)}, ok && l.user != ""
}

// Verify implements Protocol.
func (postgres) Verify(ctx context.Context, p *Probe) Answer {
	l, _ := parseLogin(p.Secret)
	a, proved := postgresLogin(ctx, p, l)
	if a.Status != Active || proved {
		return a
	}
	fake := l
	fake.user, fake.password = madeUpName(), madeUpName()
	if control, _ := postgresLogin(ctx, p, fake); control.Status != Inactive {
		return unknown(AcceptsAny)
	}
	return a
}

// postgresLogin logs in once. proved: the server has shown that it knows the password.
func postgresLogin(ctx context.Context, p *Probe, l login) (a Answer, proved bool) {
	s, a := p.open(ctx, l.target(postgresPort), false)
	if s == nil {
		return a, false
	}
	defer s.Close()
	if a := postgresTLS(s, p, l.host); a.Status != "" {
		return a, false
	}
	c := &postgresConn{session: s, login: l, identity: map[string]string{"user": l.user}}
	if err := c.start(); err != nil {
		return s.failed(err), false
	}
	return c.run(), c.proved
}

// postgresTLS asks for TLS, which is what SSLRequest does, and begins it.
func postgresTLS(s *session, p *Probe, host string) Answer {
	if _, err := s.Write([]byte{0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f}); err != nil {
		return s.failed(err)
	}
	reply, err := s.bytes(1)
	switch {
	case err != nil:
		return s.failed(err)
	case reply[0] == 'S':
		if err := s.secure(p.TLS, host); err != nil {
			return s.failed(err)
		}
		return Answer{}
	case reply[0] != 'N':
		return unknown(Unclear)
	case !p.Plaintext:
		return Answer{Status: Skipped, Reason: ClearText}
	}
	return Answer{}
}

// postgresConn is a login that goes on.
type postgresConn struct {
	*session
	login
	scram    *scram
	asked    bool // the server wanted the password and has got it, or its hash
	proved   bool
	accepted bool
	identity map[string]string
}

// start sends the StartupMessage. The database "postgres" is there almost always; the password is checked before it is looked for.
func (c *postgresConn) start() error {
	body := []byte{0, 3, 0, 0}
	for _, t := range []string{"user", c.user, "database", "postgres", "application_name", "mudlark", "client_encoding", "UTF8"} {
		body = append(append(body, t...), 0)
	}
	body = append(body, 0)
	_, err := c.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(body)+4)), body...))
	return err
}

// send sends a message with password or SASL data, which all have the type 'p'.
func (c *postgresConn) send(body []byte) error {
	_, err := c.Write(append(binary.BigEndian.AppendUint32([]byte{'p'}, uint32(len(body)+4)), body...))
	return err
}

// receive reads a message.
func (c *postgresConn) receive() (kind byte, body []byte, err error) {
	head, err := c.bytes(5)
	if err != nil {
		return 0, nil, err
	}
	body, err = c.bytes(int(int32(binary.BigEndian.Uint32(head[1:]))) - 4)
	return head[0], body, err
}

// run reads until the server is ready or refuses.
func (c *postgresConn) run() Answer {
	for range 200 { // messages; a server sends some twenty
		kind, body, err := c.receive()
		if err != nil {
			if c.accepted && c.proved {
				return c.active()
			}
			return c.failed(err)
		}
		switch {
		case kind == 'R':
			if a := c.authentication(body); a.Status != "" {
				return a
			}
		case kind == 'E':
			return c.refusal(body)
		case kind == 'S' && c.accepted:
			name, value, _ := bytes.Cut(bytes.TrimSuffix(body, []byte{0}), []byte{0})
			switch string(name) {
			case "server_version", "is_superuser":
				c.identity[string(name)] = string(value)
			}
		case kind == 'Z' && c.accepted:
			_, _ = c.Write([]byte{'X', 0, 0, 0, 4}) // Terminate; that the connection is closed says the same
			return c.active()
		case kind != 'N' && kind != 'v' && !(kind == 'K' && c.accepted):
			return unknown(Unclear)
		}
	}
	return unknown(Unclear)
}

func (c *postgresConn) active() Answer { return Answer{Status: Active, Identity: c.identity} }

// authentication answers an Authentication message. An empty answer means: read on.
func (c *postgresConn) authentication(body []byte) Answer {
	if len(body) < 4 || c.accepted {
		return unknown(Unclear)
	}
	code, data := binary.BigEndian.Uint32(body), body[4:]
	var err error
	switch {
	case code == 0: // AuthenticationOk
		if !c.asked || c.scram != nil && !c.proved {
			return unknown(AcceptsAny)
		}
		c.accepted = true
	case code == 3 && !c.asked: // AuthenticationCleartextPassword
		c.asked = true
		err = c.send(append([]byte(c.password), 0))
	case code == 5 && len(data) == 4 && !c.asked: // AuthenticationMD5Password
		c.asked = true
		err = c.send(append([]byte(postgresMD5(c.user, c.password, data)), 0))
	case code == 10 && !c.asked && strings.Contains("\x00"+string(data), "\x00SCRAM-SHA-256\x00"): // AuthenticationSASL
		c.asked = true
		c.scram = newScram(sha256.New, "", c.password)
		first := c.scram.first()
		err = c.send(append(binary.BigEndian.AppendUint32([]byte("SCRAM-SHA-256\x00"), uint32(len(first))), first...))
	case code == 11 && c.scram != nil && c.scram.signature == nil: // AuthenticationSASLContinue
		final, bad := c.scram.final(string(data))
		if bad != nil {
			return unknown(Unclear)
		}
		err = c.send([]byte(final))
	case code == 12 && c.scram != nil: // AuthenticationSASLFinal
		if c.proved = c.scram.proved(string(data)); !c.proved {
			return unknown(AcceptsAny)
		}
	default:
		return unknown(Unclear)
	}
	if err != nil {
		return c.failed(err)
	}
	return Answer{}
}

// postgresMD5 is the answer to a challenge by MD5, which old servers want.
func postgresMD5(user, password string, salt []byte) string {
	inner := md5.Sum([]byte(password + user))
	outer := md5.Sum(append([]byte(hex.EncodeToString(inner[:])), salt...))
	return "md5" + hex.EncodeToString(outer[:])
}

// refusal reads an ErrorResponse, by the codes of https://www.postgresql.org/docs/current/errcodes-appendix.html.
func (c *postgresConn) refusal(body []byte) Answer {
	code := ""
	for _, field := range strings.Split(string(body), "\x00") {
		if strings.HasPrefix(field, "C") {
			code = field[1:]
			break
		}
	}
	switch {
	case len(code) != 5:
		return unknown(Unclear)
	case c.accepted: // the password is right, but there is no such database, no right to connect, no room
		return c.active()
	case code == "28P01" && c.asked: // invalid_password
		return Answer{Status: Inactive}
	case code == "53300", strings.HasPrefix(code, "57P"): // too many connections; starting up, shutting down
		return unknown(ServerError)
	}
	return unknown(Unclear)
}
