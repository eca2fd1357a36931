package verify

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// hostile tries what else a server, or what stands before it, can answer.
func (t *trial) hostile() {
	v := t.rule.Verify
	positive := answering(&v.Active[0], v.Active[0].Status[0], v.Identity, func(string) string { return "x" })
	for _, s := range statuses(v.Active, v.Inactive, v.Expired) {
		for _, body := range []string{"", "{}", "[]", "null", "[null]", `{"mudlark_trial":"something else"}`, "something else"} {
			t.expect(Unknown, fmt.Sprintf("status %d with body %q", s, body), reply{status: s, body: body}.script())
		}
	}
	for _, s := range []int{400, 401, 403, 404} {
		t.expect(Unknown, fmt.Sprintf("status %d of another meaning", s), reply{status: s, body: `{"mudlark_trial":"something else"}`}.script())
	}
	for _, s := range []int{429, 500, 502, 503} {
		for _, after := range []string{"", "0", "100000"} {
			if after == "" && s == 429 {
				continue // a pause of its own
			}
			a := reply{status: s, body: positive.body, header: map[string]string{}}
			if after != "" {
				a.header["Retry-After"] = after
			}
			t.expect(Unknown, fmt.Sprintf("status %d with Retry-After %q", s, after), a.script())
		}
	}
	for _, s := range []int{301, 302, 303, 307, 308} {
		a := reply{status: s, body: positive.body, header: map[string]string{"Location": "/login"}}
		t.expect(Unknown, fmt.Sprintf("redirect %d", s), a.script())
	}
	page := "<!DOCTYPE html>\n<html><body>Please log in. " + positive.body + strings.Join(v.Active[0].Body, " ") + "</body></html>"
	t.expect(Unknown, "a log-in page with status 200", reply{status: v.Active[0].Status[0], body: page}.script())
	t.expect(Unknown, "a page of a firewall", reply{status: 403, body: page}.script())
	t.broken(positive)
	t.echo()
	t.compare(Unknown, "a server that accepts everything", t.ask(patient, true, positive.script()))
}

func (a reply) script() func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) { a.write(w) }
}

// broken tries connections that break off or hang in the middle of a positive answer.
func (t *trial) broken(positive reply) {
	longer := reply{status: positive.status, body: positive.body, header: map[string]string{"Content-Length": fmt.Sprint(len(positive.body) + 10)}}
	for name, text := range positive.header {
		longer.header[name] = text
	}
	t.expect(Unknown, "a body that is cut off", longer.script())
	t.expect(Unknown, "a connection that is dropped", func(w http.ResponseWriter, _ *http.Request) { hangUp(w) })
	const short = 40 * time.Millisecond
	released := make(chan struct{})
	v := t.ask(short, false, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(positive.body)+1))
		w.WriteHeader(positive.status)
		_, _ = w.Write([]byte(positive.body))
		if f, ok := w.(http.Flusher); ok {
			f.Flush()
		}
		select { // nothing more comes
		case <-r.Context().Done():
		case <-released:
		}
	})
	close(released)
	t.compare(Unknown, "a server that does not finish its answer", v)
}

// hangUp closes the connection of a request without an answer.
func hangUp(w http.ResponseWriter) {
	if h, ok := w.(http.Hijacker); ok {
		if conn, _, err := h.Hijack(); err == nil {
			_ = conn.Close()
		}
	}
}

// echo tries a positive answer that repeats the secret, and one with control characters.
func (t *trial) echo() {
	v := t.rule.Verify
	secret := t.c.Secret[:min(len(t.c.Secret), maxBody/32)] // several of them must fit into what is read
	for what, text := range map[string]string{
		"an answer that repeats the secret":      secret,
		"an answer with control characters":      "a\x1b[31m\r\n::error::b\u202e\x00",
		"an answer that repeats it among others": "token " + secret + " is valid",
	} {
		a := answering(&v.Active[0], v.Active[0].Status[0], v.Identity, func(string) string { return text })
		for name, value := range a.header {
			a.header[name] = strings.Map(func(r rune) rune {
				if r < ' ' || r > '~' {
					return ' ' // HTTP itself allows no more
				}
				return r
			}, value)
		}
		t.expect(Active, what, a.script())
	}
}
