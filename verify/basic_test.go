package verify

import (
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"
)

// Only a page that ann alone is shown proves her password.
func TestBasicServers(t *testing.T) {
	t.Parallel()
	const challenge = `Basic realm="Acme", charset="UTF-8"`
	type reply struct {
		code              int
		challenge, header string
	}
	no, page, none := reply{code: 401, challenge: challenge}, reply{code: 200}, reply{code: 404}
	for _, tt := range []struct {
		name              string
		open, ann, others reply
		want              Status
		reason            Reason
	}{
		{"knows ann", no, page, no, Active, ""},
		{"knows ann, has no such page", no, none, no, Active, ""},
		{"has other ways as well", reply{code: 401, challenge: `Bearer realm="x", basic realm="Acme"`}, page, no, Active, ""},
		{"is open", page, page, page, Unknown, Unclear},
		{"accepts anything", no, page, page, Unknown, AcceptsAny},
		{"has no page for anybody", no, none, none, Unknown, AcceptsAny},
		{"refuses", no, no, no, Unknown, Unclear},
		{"forbids", no, reply{code: 403}, no, Unknown, Unclear},
		{"redirects", no, reply{code: 302, header: "/login"}, no, Unknown, Redirected},
		{"redirects all", reply{code: 302, header: "/login"}, page, no, Unknown, Redirected},
		{"limits", no, reply{code: 429}, no, Unknown, RateLimited},
		{"fails", no, reply{code: 500}, no, Unknown, ServerError},
		{"fails for others", no, page, reply{code: 503}, Unknown, ServerError},
		{"wants another way", reply{code: 401, challenge: `Digest realm="Basic "`}, page, no, Unknown, Unclear},
		{"does not say what it wants", reply{code: 401}, page, no, Unknown, Unclear},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			password := rand.Text()
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				user, got, sent := r.BasicAuth()
				answer := tt.others
				switch {
				case !sent:
					answer = tt.open
				case user == "ann" && got == password:
					answer = tt.ann
				}
				if answer.challenge != "" {
					w.Header().Set("WWW-Authenticate", answer.challenge)
				}
				if answer.header != "" {
					w.Header().Set("Location", answer.header)
				}
				w.WriteHeader(answer.code)
				fmt.Fprintf(w, "<!DOCTYPE html><html>hello %s %s", user, got)
			}))
			t.Cleanup(s.Close)
			v := verdictOfLogin(t, onLoopback(), "basic", loginURL("http", "ann", password, s.Listener.Addr().String()))
			check(t, v, tt.want, tt.reason)
			if v.Status == Active && (v.Identity["user"] != "ann" || v.Identity["realm"] != "Acme") {
				t.Errorf("identity %q", v.Identity)
			}
		})
	}
}

// A password that nobody asks for stays here, and so does one for another scheme or with a user that cannot be written.
func TestBasicKeepsPasswords(t *testing.T) {
	t.Parallel()
	var sent, asked atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.Header.Get("Authorization") != "" {
			sent.Add(1)
		}
		_, _ = io.WriteString(w, "hello")
	}))
	t.Cleanup(s.Close)
	at := s.Listener.Addr().String()
	check(t, verdictOfLogin(t, onLoopback(), "basic", loginURL("http", "ann", rand.Text(), at)), Unknown, Unclear)
	if asked.Load() != 1 || sent.Load() != 0 {
		t.Errorf("%d requests, %d with a password", asked.Load(), sent.Load())
	}
	check(t, verdictOfLogin(t, onLoopback(), "basic", loginURL("gopher", "ann", rand.Text(), at)), Skipped, PartMissing)
	check(t, verdictOfLogin(t, onLoopback(), "basic", "http://a%3Ab:"+rand.Text()+"@"+at), Skipped, PartMissing)
	o := onLoopback()
	o.AllowPlaintext = false
	check(t, verdictOfLogin(t, o, "basic", loginURL("http", "ann", rand.Text(), at)), Skipped, ClearText)
	o.requestTimeout = time.Second
	check(t, verdictOfLogin(t, o, "basic", loginURL("https", "ann", rand.Text(), at)), Unknown, NetworkError) // no TLS there
	if asked.Load() != 1 {
		t.Errorf("%d requests", asked.Load())
	}
}
