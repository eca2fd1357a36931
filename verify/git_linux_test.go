package verify

import (
	"crypto/rand"
	"crypto/x509"
	"io"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// TestGitServer asks git's own server for repositories: one that needs a password, and one that everybody may read and some may write.
func TestGitServer(t *testing.T) {
	t.Parallel()
	git := program(t, "git")
	dir, password := t.TempDir(), rand.Text()
	for _, name := range []string{"closed.git", "open.git"} {
		for _, args := range [][]string{{"init", "-q", "--bare", filepath.Join(dir, name)}, {"-C", filepath.Join(dir, name), "config", "http.receivepack", "true"}} {
			cmd := exec.Command(git, args...)
			cmd.Env = []string{"HOME=" + dir, "PATH=/usr/bin:/bin"}
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("git %s: %v\n%s", args, err, out)
			}
		}
	}
	backend := &cgi.Handler{Path: git, Args: []string{"http-backend"}, Dir: dir, Env: []string{"GIT_PROJECT_ROOT=" + dir, "GIT_HTTP_EXPORT_ALL=1", "HOME=" + dir}, InheritEnv: []string{"PATH"}, Stderr: io.Discard}
	var valid atomic.Value
	valid.Store(password)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, got, _ := r.BasicAuth()
		open := strings.HasPrefix(r.URL.Path, "/open.git/") && r.URL.Query().Get("service") == "git-upload-pack" || r.URL.Path == "/"
		if !open && (user != "ann" || got != valid.Load()) {
			w.Header().Set("WWW-Authenticate", `Basic realm="Acme Git"`)
			http.Error(w, "no", http.StatusUnauthorized)
			return
		}
		backend.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	o := onLoopback()
	o.AllowPlaintext, o.rootCAs = false, x509.NewCertPool()
	o.rootCAs.AddCert(server.Certificate())
	r := protocolRule(t, "url", "repository")
	r.Parts[0].Public = true
	ask := func(password, path string) Verdict {
		t.Helper()
		return verdicts(t, o, Credential{Rule: r, Secret: loginURL("https", "ann", password, server.Listener.Addr().String()), Parts: map[string][]string{"repository": {path}}})[0]
	}
	for path, access := range map[string]string{"/closed.git": "read", "/open.git": "write"} {
		v := ask(password, path)
		check(t, v, Active, "")
		if v.Identity["user"] != "ann" || v.Identity["realm"] != "Acme Git" || v.Identity["access"] != access {
			t.Errorf("%s: identity %q", path, v.Identity)
		}
		check(t, ask(rand.Text(), path), Unknown, Unclear)
	}
	check(t, ask(password, "/none.git"), Unknown, Unclear)
	valid.Store(rand.Text())
	check(t, ask(password, "/closed.git"), Unknown, Unclear)
}
