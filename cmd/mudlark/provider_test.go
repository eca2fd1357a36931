package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
)

// provider starts a server that plays GitHub's API. Its URL goes into $NAME, one line for each request into the file NAME.log.
//
//	provider NAME github TOKEN...   the tokens work, others do not; they can be revoked
//	provider NAME failing           every request fails
//	provider NAME limited           every request is refused for a day
//	provider NAME hanging           no request is answered
//	provider NAME page              every answer is a web page
func provider(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: provider NAME KIND [TOKEN...]")
	}
	log, err := os.Create(ts.MkAbs(args[0] + ".log"))
	ts.Check(err)
	p := &fakeProvider{kind: args[1], tokens: args[2:], log: log}
	s := httptest.NewServer(p)
	ts.Setenv(args[0], s.URL)
	ts.Defer(func() {
		s.CloseClientConnections()
		s.Close()
		ts.Check(log.Close())
	})
}

// fakeProvider plays GitHub's API.
type fakeProvider struct {
	kind string
	log  io.Writer

	mu     sync.Mutex
	tokens []string // that work
}

func (p *fakeProvider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintf(p.log, "%s %s\n", r.Method, r.URL.Path)
	switch p.kind {
	case "failing":
		w.WriteHeader(http.StatusBadGateway)
		return
	case "limited":
		w.Header().Set("Retry-After", "86400")
		w.WriteHeader(http.StatusTooManyRequests)
		return
	case "hanging":
		p.mu.Unlock()
		<-r.Context().Done()
		p.mu.Lock()
		return
	case "page":
		io.WriteString(w, "<!DOCTYPE html><html>login")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if r.Method == http.MethodPost && r.URL.Path == "/credentials/revoke" {
		p.revoke(w, r)
		return
	}
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	if r.URL.Path != "/user" || !slices.Contains(p.tokens, token) {
		w.WriteHeader(http.StatusUnauthorized)
		io.WriteString(w, `{"message":"Bad credentials"}`)
		return
	}
	w.Header().Set("X-OAuth-Scopes", "repo")
	io.WriteString(w, `{"login":"ann\u001b[2J","id":7}`)
}

func (p *fakeProvider) revoke(w http.ResponseWriter, r *http.Request) {
	var q struct{ Credentials []string }
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil || len(q.Credentials) != 1 {
		w.WriteHeader(http.StatusUnprocessableEntity)
		return
	}
	p.tokens = slices.DeleteFunc(p.tokens, func(t string) bool { return t == q.Credentials[0] })
	w.WriteHeader(http.StatusAccepted)
}
