package verify

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// basic asks a web server for its first page: without a password, with that of a URL, and with a made-up one (RFC 7617).
//
// The answers must differ. A password is active if the server refuses to show the page without one, and to the made-up one, and shows it to
// this one; or says to this one alone that there is no such page. It is never inactive: the path of the URL belongs to no credential, and
// what is refused here may be of use there. A password that nobody asks for is not sent. With the part "repository", a path, the server
// is asked as by Git before that.
type basic struct{}

// basicURL returns the first page of a URL's server.
func basicURL(l login) *url.URL {
	host := l.host
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if l.port != "" {
		host = net.JoinHostPort(l.host, l.port)
	}
	return &url.URL{Scheme: l.scheme, Host: host, Path: "/"}
}

// Targets implements Protocol.
func (basic) Targets(p *Probe) ([]Target, bool) {
	l, ok := parseLogin(p.Secret)
	if !ok || l.scheme != "https" && l.scheme != "http" || strings.Contains(l.user, ":") {
		return nil, false
	}
	t := l.target(portOf(basicURL(l)))
	t.Clear = l.scheme == "http"
	return []Target{t}, true
}

// Verify implements Protocol.
func (basic) Verify(ctx context.Context, p *Probe) Answer {
	l, _ := parseLogin(p.Secret)
	if a, asked := gitVerify(ctx, p, l); asked {
		return a
	}
	closed, a := basicAsk(ctx, p, basicURL(l), nil)
	if closed == nil {
		return a
	}
	realm, ok := basicChallenge(closed)
	if !ok {
		return unknown(Unclear)
	}
	shown, a := basicAsk(ctx, p, basicURL(l), &l)
	if shown == nil {
		return a
	}
	if shown.status != http.StatusNotFound && (shown.status < 200 || shown.status > 299) {
		return unknown(Unclear)
	}
	fake := l
	fake.user, fake.password = madeUpName(), madeUpName()
	control, a := basicAsk(ctx, p, basicURL(l), &fake)
	if control == nil {
		return a
	}
	if _, refused := basicChallenge(control); !refused {
		return unknown(AcceptsAny)
	}
	return Answer{Status: Active, Identity: map[string]string{"user": l.user, "realm": realm}}
}

// basicAsk asks for a page, with a password unless l is nil.
func basicAsk(ctx context.Context, p *Probe, u *url.URL, l *login) (*response, Answer) {
	h := http.Header{}
	if l != nil {
		r := http.Request{Header: h}
		r.SetBasicAuth(l.user, l.password)
	}
	return p.sendForPage(ctx, http.MethodGet, u.String(), h, "")
}

// basicChallenge reports whether a response asks for a password, and for which realm (RFC 9110, section 11.6.1).
func basicChallenge(r *response) (realm string, ok bool) {
	if r.status != http.StatusUnauthorized {
		return "", false
	}
	for _, value := range r.header.Values("WWW-Authenticate") {
		for part := range strings.SplitSeq(value, ",") {
			scheme, rest, _ := strings.Cut(strings.TrimSpace(part), " ")
			if !strings.EqualFold(scheme, "Basic") {
				continue
			}
			if name, text, found := strings.Cut(rest, "="); found && strings.EqualFold(strings.TrimSpace(name), "realm") {
				realm = strings.Trim(strings.TrimSpace(text), `"`)
			}
			return realm, true
		}
	}
	return "", false
}
