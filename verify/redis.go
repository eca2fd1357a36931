package verify

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// redis logs in to a Redis or Valkey server with the password of a URL (https://redis.io/docs/latest/commands/auth/).
//
// A password is active if the server wants one, accepts this one, and refuses a made-up one. It is inactive on WRONGPASS, or on the
// "invalid password" of versions before 6. Redis locks nobody out, so more than one attempt is harmless.
type redis struct{}

// redisScheme says what of a scheme matters: TLS and the port.
func redisScheme(scheme string) (secure bool, port string) {
	switch scheme {
	case "rediss", "valkeys":
		return true, "6379"
	case "redis-sentinel":
		return false, "26379"
	}
	return false, "6379"
}

// Targets implements Protocol.
func (redis) Targets(p *Probe) ([]Target, bool) {
	l, ok := parseLogin(p.Secret)
	secure, port := redisScheme(l.scheme)
	t := l.target(port)
	t.Clear = !secure
	return []Target{t}, ok
}

// Verify implements Protocol.
func (redis) Verify(ctx context.Context, p *Probe) Answer {
	l, _ := parseLogin(p.Secret)
	secure, port := redisScheme(l.scheme)
	s, a := p.open(ctx, l.target(port), secure)
	if s == nil {
		return a
	}
	defer s.Close()
	c := &redisConn{s}
	reply, err := c.ask("PING")
	if err != nil {
		return c.failed(err)
	}
	open := reply == "+PONG"
	switch {
	case open && (l.user == "" || l.user == "default"):
		return unknown(AcceptsAny) // without a password
	case !open && !strings.HasPrefix(reply, "-NOAUTH ") && reply != "-ERR operation not permitted":
		return redisUnclear(reply)
	}
	if a := c.auth(l.user, l.password, !open); a.Status != Active {
		return a
	}
	return c.identify()
}

// redisUnclear is the answer for an error that says nothing of the password.
func redisUnclear(reply string) Answer {
	if strings.HasPrefix(reply, "-ERR max number of clients") || strings.HasPrefix(reply, "-LOADING ") {
		return unknown(ServerError)
	}
	return unknown(Unclear)
}

// redisConn speaks RESP2 (https://redis.io/docs/latest/develop/reference/protocol-spec/).
type redisConn struct{ *session }

// ask sends a command. It returns the reply's first line, or a bulk string with "$" before it.
func (c *redisConn) ask(words ...string) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(words))
	for _, w := range words {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(w), w)
	}
	if _, err := c.Write([]byte(b.String())); err != nil {
		return "", err
	}
	line, err := c.line()
	if err != nil || !strings.HasPrefix(line, "$") {
		return line, err
	}
	n, err := strconv.Atoi(line[1:])
	if err != nil || n < 0 {
		return line, nil
	}
	text, err := c.bytes(n + len("\r\n"))
	if err != nil {
		return "", err
	}
	return "$" + string(text[:n]), nil
}

// auth tries a password. The user of a URL is often made up, as servers before version 6 know none: a refusal counts only if the
// default user is refused with the password as well. Where that one needs no password (alone is false), it is not tried.
func (c *redisConn) auth(user, password string, alone bool) Answer {
	var attempts [][]string
	if user != "" {
		attempts = append(attempts, []string{"AUTH", user})
	}
	if alone && user != "default" {
		attempts = append(attempts, []string{"AUTH"})
	}
	refused := false
	for _, words := range attempts {
		reply, err := c.ask(append(words, password)...)
		switch {
		case err != nil:
			return c.failed(err)
		case reply == "+OK":
			return c.control(words)
		case len(words) == 2 && strings.HasPrefix(reply, "-ERR wrong number of arguments"): // before version 6
		case !redisRefusal(reply):
			return redisUnclear(reply)
		default:
			refused = true
		}
	}
	if !refused {
		return unknown(Unclear)
	}
	return Answer{Status: Inactive}
}

// redisRefusal reports whether a reply to AUTH says that the password is wrong.
func redisRefusal(reply string) bool {
	return strings.HasPrefix(reply, "-WRONGPASS ") || reply == "-ERR invalid password"
}

// control makes sure that a made-up password is refused where the real one is accepted: users may have "nopass".
func (c *redisConn) control(words []string) Answer {
	reply, err := c.ask(append(words, madeUpName())...)
	switch {
	case err != nil:
		return c.failed(err)
	case !redisRefusal(reply):
		return unknown(AcceptsAny)
	}
	return Answer{Status: Active}
}

// identify says who is logged in, and makes sure that somebody is.
func (c *redisConn) identify() Answer {
	reply, err := c.ask("ACL", "WHOAMI")
	if err != nil {
		return c.failed(err)
	}
	a := Answer{Status: Active}
	switch user, known := strings.CutPrefix(reply, "$"); {
	case known:
		a.Identity = map[string]string{"user": user}
	case !strings.HasPrefix(reply, "-NOPERM ") && !strings.HasPrefix(reply, "-ERR "): // no right to ask; no ACL before version 6
		return unknown(Unclear)
	}
	return a
}
