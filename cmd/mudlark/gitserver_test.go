package main

import (
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// gitServer serves the repositories below a folder by Git's own http-backend, on the loopback interface, and puts the URL into $GITURL.
// With a name, requests need that user and $GITPASSWORD; everything that was asked for goes into $GITLOG.
func gitServer(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: gitserver DIR [USER]")
	}
	out, err := exec.Command("git", "--exec-path").Output()
	ts.Check(err)
	backend := filepath.Join(strings.TrimSpace(string(out)), "git-http-backend")
	if _, err := os.Stat(backend); err != nil {
		ts.Fatalf("git http-backend: %v", err)
	}
	env := []string{"GIT_PROJECT_ROOT=" + ts.MkAbs(args[0]), "GIT_HTTP_EXPORT_ALL=1", "REMOTE_USER=ann"}
	for _, name := range []string{"PATH", "HOME", "XDG_CONFIG_HOME", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_GLOBAL", "GL_ID"} {
		env = append(env, name+"="+ts.Getenv(name))
	}
	handler := http.Handler(&cgi.Handler{Path: backend, Env: env, Stderr: ts.Stderr()})
	if len(args) == 2 {
		handler = guarded(handler, args[1], ts.Getenv("GITPASSWORD"))
	}
	server := httptest.NewServer(handler)
	ts.Defer(server.Close)
	ts.Setenv("GITURL", server.URL)
}

// guarded asks for a user and a password.
func guarded(next http.Handler, user, password string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if u, p, ok := r.BasicAuth(); !ok || u != user || p != password {
			w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// urlWith puts $GITURL/shop.git with a user and $GITPASSWORD in it into $WITHPASSWORD.
func urlWith(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: urlwith USER")
	}
	ts.Setenv("WITHPASSWORD", strings.Replace(ts.Getenv("GITURL"), "://", "://"+args[0]+":"+ts.Getenv("GITPASSWORD")+"@", 1)+"/shop.git")
}

// lonely makes $PATH hold mudlark and no other program.
func lonely(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: lonely")
	}
	self, err := exec.LookPath("mudlark")
	ts.Check(err)
	dir := ts.MkAbs("lonely")
	ts.Check(os.MkdirAll(dir, 0o777))
	ts.Check(os.Symlink(self, filepath.Join(dir, "mudlark")))
	ts.Setenv("PATH", dir)
}
