package verify

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
)

// gitServices are what a Git client asks a server for (https://git-scm.com/docs/gitprotocol-http, "Discovering References"), and what that
// shows. Asking changes nothing; pushing is asked about where everybody may read.
func gitServices() [][2]string {
	return [][2]string{{"git-upload-pack", "read"}, {"git-receive-pack", "write"}}
}

// gitVerify asks a Git server about the repository of the part "repository": without a password, with a made-up one, and with that of a
// URL. asked is false if there is no such part, or the server wants no password for it: no password was sent then.
//
// A password is active if the server offers the repository to it, and refuses the made-up one, and everybody. It is never inactive: it may
// be meant for another repository of the server.
func gitVerify(ctx context.Context, p *Probe, l login) (a Answer, asked bool) {
	path, err := url.Parse(p.Parts["repository"])
	if err != nil || path.Path == "" || path.Host != "" || dotted(path.EscapedPath()) {
		return a, false
	}
	for _, service := range gitServices() {
		u := basicURL(l)
		u.Path, u.RawPath = path.Path+"/info/refs", path.EscapedPath()+"/info/refs"
		u.RawQuery = "service=" + service[0]
		open, a := basicAsk(ctx, p, u, nil)
		if open == nil {
			return a, true
		}
		if realm, closed := basicChallenge(open); closed {
			a := gitAsk(ctx, p, u, l, service[0])
			if a.Status == Active {
				a.Identity = map[string]string{"user": l.user, "realm": realm, "repository": path.Path, "access": service[1]}
			}
			return a, true
		}
	}
	return a, false
}

// gitAsk asks with passwords.
func gitAsk(ctx context.Context, p *Probe, u *url.URL, l login, service string) Answer {
	fake := l
	fake.user, fake.password = madeUpName(), madeUpName()
	control, a := basicAsk(ctx, p, u, &fake)
	if control == nil {
		return a
	}
	if _, refused := basicChallenge(control); !refused {
		return unknown(AcceptsAny)
	}
	shown, a := basicAsk(ctx, p, u, &l)
	switch {
	case shown == nil:
		return a
	case shown.status == http.StatusOK && shown.header.Get("Content-Type") == "application/x-"+service+"-advertisement" && gitOffers(shown.body, service):
		return Answer{Status: Active}
	}
	return unknown(Unclear)
}

// gitOffers reports whether an answer begins as a smart server's does: with the line of its service, in the format of packet lines.
func gitOffers(body []byte, service string) bool {
	line := "# service=" + service + "\n"
	return bytes.HasPrefix(body, fmt.Appendf(nil, "%04x%s", len(line)+4, line))
}
