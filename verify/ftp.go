package verify

import (
	"context"
	"slices"
	"strings"
)

// ftp logs in to a file server with the password of a URL (RFC 959), by TLS where the server has it (RFC 4217), and transfers nothing.
//
// A password is active if the server accepts it and refuses a made-up one. It is inactive on reply 530 to the password that says in words
// that the log-in is incorrect: servers send 530 as well where they are full, or closed to a user or an address.
type ftp struct{}

// ftpScheme says whether TLS comes first, and the port.
func ftpScheme(scheme string) (secure bool, port string) {
	if scheme == "ftps" {
		return true, "990"
	}
	return false, "21"
}

// Targets implements Protocol. Whether the server has AUTH TLS shows only when it is asked.
func (ftp) Targets(p *Probe) ([]Target, bool) {
	l, ok := parseLogin(p.Secret)
	_, port := ftpScheme(l.scheme)
	return []Target{l.target(port)}, ok && l.user != ""
}

// Verify implements Protocol.
func (ftp) Verify(ctx context.Context, p *Probe) Answer {
	l, _ := parseLogin(p.Secret)
	a, _ := ftpLogin(ctx, p, l)
	if a.Status != Active {
		return a
	}
	fake := l
	fake.password = madeUpName()
	if !slices.Contains([]string{"anonymous", "ftp"}, strings.ToLower(l.user)) { // who get in with any password
		fake.user = madeUpName()
	}
	if _, refused := ftpLogin(ctx, p, fake); !refused {
		return unknown(AcceptsAny)
	}
	return a
}

// ftpLogin logs in once. refused: the server did not let the user in, for whatever reason.
func ftpLogin(ctx context.Context, p *Probe, l login) (a Answer, refused bool) {
	secure, port := ftpScheme(l.scheme)
	s, a := p.open(ctx, l.target(port), secure)
	if s == nil {
		return a, false
	}
	defer s.Close()
	c := &ftpConn{s}
	if code, _, err := c.ask(""); err != nil || code != "220" {
		return c.unclear(code, err), false
	}
	if !secure {
		if a := c.startTLS(p, l.host); a.Status != "" {
			return a, false
		}
	}
	return c.auth(l)
}

// ftpConn speaks FTP on the control connection.
type ftpConn struct{ *session }

// ask sends a command, if there is one, and reads the reply: its code and its last line (RFC 959, section 4.2).
func (c *ftpConn) ask(command string) (code, text string, err error) {
	if command != "" {
		if _, err := c.Write([]byte(command + "\r\n")); err != nil {
			return "", "", err
		}
	}
	for range 100 {
		line, err := c.line()
		switch {
		case err != nil:
			return "", "", err
		case code == "" && (len(line) < 3 || strings.Trim(line[:3], "0123456789") != "" || len(line) > 3 && line[3] != ' ' && line[3] != '-'):
			return "", "", errTooLong
		case code == "":
			code = line[:3]
			if len(line) == 3 || line[3] == ' ' {
				return code, strings.TrimSpace(line[3:]), nil
			}
		case line == code || strings.HasPrefix(line, code+" "):
			return code, strings.TrimSpace(line[3:]), nil
		}
	}
	return "", "", errTooLong
}

// unclear is the answer for a reply that says nothing of the password; 4xx is for the time being.
func (c *ftpConn) unclear(code string, err error) Answer {
	switch {
	case err != nil:
		return c.failed(err)
	case strings.HasPrefix(code, "4"):
		return unknown(ServerError)
	}
	return unknown(Unclear)
}

// startTLS begins TLS (RFC 4217, section 4).
func (c *ftpConn) startTLS(p *Probe, host string) Answer {
	code, _, err := c.ask("AUTH TLS")
	switch {
	case err != nil || strings.HasPrefix(code, "4"):
		return c.unclear(code, err)
	case code == "234":
		if err := c.secure(p.TLS, host); err != nil {
			return c.failed(err)
		}
		return Answer{}
	case !p.Plaintext:
		return Answer{Status: Skipped, Reason: ClearText}
	}
	return Answer{}
}

// auth logs in. The server must want the password.
func (c *ftpConn) auth(l login) (a Answer, refused bool) {
	code, _, err := c.ask("USER " + l.user)
	switch {
	case err == nil && code == "230":
		return unknown(AcceptsAny), false
	case err != nil || code != "331":
		return c.unclear(code, err), code == "530"
	}
	code, text, err := c.ask("PASS " + l.password)
	switch {
	case err == nil && code == "230":
		_, _ = c.Write([]byte("QUIT\r\n")) // that the connection is closed says the same
		return Answer{Status: Active, Identity: map[string]string{"user": l.user}}, false
	case err == nil && code == "530" && ftpIncorrect(text):
		return Answer{Status: Inactive}, true
	}
	return c.unclear(code, err), code == "530"
}

// ftpIncorrect reports whether the text of a reply 530 says that user or password is wrong, in the words of vsftpd, ProFTPD, FileZilla and Pure-FTPd.
func ftpIncorrect(text string) bool {
	text = strings.ToLower(text)
	return strings.Contains(text, "login incorrect") || strings.Contains(text, "login authentication failed")
}
