package verify

import (
	"context"
	"encoding/base64"
	"slices"
	"strings"
)

// smtp logs in to a mail server with the password of a URL (RFC 4954), and sends no mail.
//
// A password is active if the server accepts it and refuses a made-up user. It is inactive on reply 535, unless that has an enhanced
// status code of another meaning than "credentials invalid": servers send 535 as well where passwords are not allowed at all.
type smtp struct{}

// smtpScheme says whether TLS comes first (RFC 8314), and the port.
func smtpScheme(scheme string) (secure bool, port string) {
	switch scheme {
	case "smtps":
		return true, "465"
	case "submission":
		return false, "587"
	}
	return false, "25"
}

// Targets implements Protocol. Whether the server has STARTTLS shows only when it is asked.
func (smtp) Targets(p *Probe) ([]Target, bool) {
	l, ok := parseLogin(p.Secret)
	_, port := smtpScheme(l.scheme)
	return []Target{l.target(port)}, ok && l.user != ""
}

// Verify implements Protocol.
func (smtp) Verify(ctx context.Context, p *Probe) Answer {
	l, _ := parseLogin(p.Secret)
	a := smtpLogin(ctx, p, l)
	if a.Status != Active {
		return a
	}
	fake := l
	fake.user, fake.password = madeUpName(), madeUpName()
	if control := smtpLogin(ctx, p, fake); control.Status != Inactive {
		return unknown(AcceptsAny)
	}
	return a
}

func smtpLogin(ctx context.Context, p *Probe, l login) Answer {
	secure, port := smtpScheme(l.scheme)
	s, a := p.open(ctx, l.target(port), secure)
	if s == nil {
		return a
	}
	defer s.Close()
	c := &smtpConn{s}
	extensions, a := c.greet()
	if a.Status == "" && !secure {
		extensions, a = c.startTLS(p, l.host, extensions)
	}
	if a.Status != "" {
		return a
	}
	return c.auth(l, extensions)
}

// smtpConn speaks SMTP (RFC 5321).
type smtpConn struct{ *session }

// ask sends a command, if there is one, and reads the reply: its code and the texts of its lines.
func (c *smtpConn) ask(command string) (code string, lines []string, err error) {
	if command != "" {
		if _, err := c.Write([]byte(command + "\r\n")); err != nil {
			return "", nil, err
		}
	}
	for range 100 {
		line, err := c.line()
		if err != nil {
			return "", nil, err
		}
		if len(line) < 3 || code != "" && line[:3] != code || len(line) > 3 && line[3] != ' ' && line[3] != '-' {
			return "", nil, errTooLong
		}
		code = line[:3]
		lines = append(lines, strings.TrimLeft(line[3:], " -"))
		if len(line) == 3 || line[3] == ' ' {
			return code, lines, nil
		}
	}
	return "", nil, errTooLong
}

// unclear is the answer for a reply that says nothing of the password; 4xx is for the time being.
func (c *smtpConn) unclear(code string, err error) Answer {
	switch {
	case err != nil:
		return c.failed(err)
	case strings.HasPrefix(code, "4"):
		return unknown(ServerError)
	}
	return unknown(Unclear)
}

// greet reads the greeting, says EHLO and returns the server's extensions.
func (c *smtpConn) greet() ([]string, Answer) {
	if code, _, err := c.ask(""); err != nil || code != "220" {
		return nil, c.unclear(code, err)
	}
	return c.hello()
}

func (c *smtpConn) hello() ([]string, Answer) {
	code, lines, err := c.ask("EHLO [127.0.0.1]")
	if err != nil || code != "250" {
		return nil, c.unclear(code, err)
	}
	return lines[1:], Answer{}
}

// startTLS begins TLS (RFC 3207), after which the extensions are others.
func (c *smtpConn) startTLS(p *Probe, host string, extensions []string) ([]string, Answer) {
	offered := slices.ContainsFunc(extensions, func(e string) bool { return strings.EqualFold(e, "STARTTLS") })
	switch {
	case !offered && p.Plaintext:
		return extensions, Answer{}
	case !offered:
		return nil, Answer{Status: Skipped, Reason: ClearText}
	}
	if code, _, err := c.ask("STARTTLS"); err != nil || code != "220" {
		return nil, c.unclear(code, err)
	}
	if err := c.secure(p.TLS, host); err != nil {
		return nil, c.failed(err)
	}
	return c.hello()
}

// auth logs in by PLAIN (RFC 4616), or by LOGIN, which some servers have alone.
func (c *smtpConn) auth(l login, extensions []string) Answer {
	var ways []string
	for _, e := range extensions {
		if words := strings.Fields(strings.ToUpper(strings.Replace(e, "=", " ", 1))); len(words) > 0 && words[0] == "AUTH" {
			ways = append(ways, words[1:]...)
		}
	}
	encode := base64.StdEncoding.EncodeToString
	var steps []string
	switch {
	case slices.Contains(ways, "PLAIN"):
		steps = []string{"AUTH PLAIN " + encode([]byte("\x00"+l.user+"\x00"+l.password))}
	case slices.Contains(ways, "LOGIN"):
		steps = []string{"AUTH LOGIN", encode([]byte(l.user)), encode([]byte(l.password))}
	default:
		return unknown(Unclear)
	}
	for i, step := range steps {
		code, lines, err := c.ask(step)
		switch last := i == len(steps)-1; {
		case err == nil && code == "334" && !last:
		case err == nil && code == "235" && last:
			_, _ = c.Write([]byte("QUIT\r\n")) // that the connection is closed says the same
			return Answer{Status: Active, Identity: map[string]string{"user": l.user}}
		case err == nil && code == "535" && last && smtpInvalid(lines):
			return Answer{Status: Inactive}
		default:
			return c.unclear(code, err)
		}
	}
	return unknown(Unclear)
}

// smtpInvalid reports whether a reply 535 has no enhanced status code (RFC 2034), or that of invalid credentials (RFC 4954, section 6).
func smtpInvalid(lines []string) bool {
	word, _, _ := strings.Cut(lines[0], " ")
	enhanced := strings.Count(word, ".") == 2 && strings.Trim(word, "0123456789.") == ""
	return !enhanced || word == "5.7.8"
}
