package verify

import (
	"net"
	"net/url"
	"strconv"
	"strings"
)

// login is a user's password for a server, as a URL states them (RFC 3986, section 3.2).
type login struct {
	scheme, user, password string
	host, port             string
}

// parseLogin reads "scheme://user:password@host:port". A dialect ("postgresql+psycopg2") is no part of the scheme. It is as lenient as
// what finds such URLs: of several "@" the last one ends the password. ok is false for several hosts and for templates.
func parseLogin(text string) (l login, ok bool) {
	scheme, rest, ok := strings.Cut(text, "://")
	sign := strings.LastIndexByte(rest, '@')
	if !ok || sign < 0 {
		return l, false
	}
	user, password, _ := strings.Cut(rest[:sign], ":")
	l.scheme, _, _ = strings.Cut(strings.ToLower(scheme), "+")
	l.user, l.password = percentDecoded(user), percentDecoded(password)
	host := rest[sign+1:]
	if end := strings.IndexAny(host, "/?#"); end >= 0 {
		host = host[:end]
	}
	if l.host, l.port, ok = splitHost(host); !ok || l.password == "" {
		return l, false
	}
	return l, !strings.ContainsAny(l.user+l.password, "\x00\r\n")
}

// splitHost reads "host", "host:port" or "[address]:port".
func splitHost(text string) (host, port string, ok bool) {
	host = strings.ToLower(text)
	if h, p, err := net.SplitHostPort(host); err == nil {
		if n, err := strconv.ParseUint(p, 10, 16); err != nil || n == 0 {
			return "", "", false
		}
		host, port = h, p
	} else {
		host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	}
	return host, port, host != "" && !strings.ContainsAny(host, ",{}<>$ ")
}

// percentDecoded decodes what is well-formed; a stray "%" means itself.
func percentDecoded(s string) string {
	if plain, err := url.PathUnescape(s); err == nil {
		return plain
	}
	return s
}

// target returns where the login goes to. defaultPort is taken where the URL has none.
func (l login) target(defaultPort string) Target {
	t := Target{Scheme: l.scheme, Host: l.host, Port: l.port, Text: true, User: l.user}
	if t.Port == "" {
		t.Port = defaultPort
	}
	if t.User == "" {
		t.User = "default"
	}
	return t
}
