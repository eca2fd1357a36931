package remote

import (
	"net/url"
	"strings"
)

// Source names a repository that is elsewhere.
type Source struct {
	// URL has no password in it, and can be shown. It may name a user.
	URL string

	scheme, host   string // host without the port
	user, password string // of an https or http URL; "" if it names none
}

// IsURL reports whether a target is meant to be elsewhere: a URL other than file://, or user@host:path as ssh has it.
func IsURL(target string) bool {
	if scheme, _, ok := strings.Cut(target, "://"); ok {
		return scheme != "file" && !strings.ContainsAny(scheme, `/\`)
	}
	host, _, ok := strings.Cut(target, ":")
	return ok && strings.Contains(host, "@") && !strings.ContainsAny(host, `/\`)
}

// schemes are the protocols by which repositories are fetched. Others that Git knows run programs (ext) or are local.
var schemes = map[string]bool{"https": true, "http": true, "ssh": true, "git": true}

// Parse reads the target of a scan for which IsURL is true. Errors are *Error and repeat no password.
func Parse(target string) (*Source, error) {
	if strings.ContainsAny(target, "\x00\r\n") {
		return nil, &Error{Message: "the URL holds a line break", Hint: "put it on one line"}
	}
	scheme, _, ok := strings.Cut(target, "://")
	if !ok {
		return parseSCP(target)
	}
	if !schemes[strings.ToLower(scheme)] {
		return nil, &Error{Message: "repositories are not fetched by " + scheme + "://", Hint: "use https://, ssh:// or user@host:path; for a path on this machine file://"}
	}
	u, err := url.Parse(target)
	if err != nil { // which would be repeated with the password
		return nil, &Error{Message: "the " + scheme + ":// URL is malformed", Hint: "special characters in a name or password are written as %XX"}
	}
	s := &Source{scheme: strings.ToLower(u.Scheme), host: u.Hostname()}
	switch {
	case s.host == "" || strings.HasPrefix(s.host, "-"):
		return nil, &Error{Message: "the URL names no host", Hint: "write for example https://example.org/team/shop.git"}
	case strings.Trim(u.Path, "/") == "":
		return nil, &Error{Message: "the URL names a host, but no repository on it", Hint: "write for example https://example.org/team/shop.git"}
	}
	if u.User != nil {
		s.user = u.User.Username()
		s.password, _ = u.User.Password()
		switch {
		case s.scheme == "ssh":
			u.User = url.User(s.user)
		default: // a token may stand in the place of the name
			u.User = nil
		}
	}
	if s.scheme == "http" || s.scheme == "https" {
		u.RawQuery, u.Fragment = "", ""
	}
	s.URL = u.String()
	return s, nil
}

func parseSCP(target string) (*Source, error) {
	address, path, _ := strings.Cut(target, ":")
	user, host, _ := strings.Cut(address, "@")
	if host == "" || strings.HasPrefix(host, "-") || strings.HasPrefix(user, "-") || path == "" {
		return nil, &Error{Message: "the address names no host or no repository", Hint: "write for example git@example.org:team/shop.git"}
	}
	return &Source{URL: target, scheme: "ssh", host: host, user: user}, nil
}

// loopback reports whether the host is this machine, so that nothing leaves it.
func (s *Source) loopback() bool {
	return s.host == "localhost" || strings.HasPrefix(s.host, "127.") || s.host == "::1"
}
