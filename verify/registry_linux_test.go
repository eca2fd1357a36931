package verify

import (
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestDockerRegistryServer asks a real registry that keeps its users in a file.
func TestDockerRegistryServer(t *testing.T) {
	t.Parallel()
	server, htpasswd := program(t, "docker-registry"), program(t, "htpasswd")
	dir, port, password := serverDir(t), freePort(t), rand.Text()
	users := filepath.Join(dir, "users")
	writeServerFile(t, users, run(t, dir, password+"\n", htpasswd, "-Bin", "ann"))
	config := filepath.Join(dir, "config.yml")
	writeServerFile(t, config, "version: 0.1\nstorage: {filesystem: {rootdirectory: "+dir+"/data}}\nhttp: {addr: 127.0.0.1:"+port+"}\n"+
		"auth: {htpasswd: {realm: test, path: "+users+"}}\n")
	serve(t, dir, port, server, "serve", config)
	r := protocolRule(t, "registry", "host")
	ask := func(user, password string) Verdict {
		return verdicts(t, onLoopback(), Credential{Rule: r, Secret: basicLogin(user, password), Parts: map[string][]string{"host": {`"127.0.0.1:` + port + `": {`}}})[0]
	}
	v := ask("ann", password)
	check(t, v, Active, "")
	if v.Identity["login"] != "ann" {
		t.Errorf("identity %q", v.Identity)
	}
	check(t, ask("ann", password+"x"), Inactive, "")
	check(t, ask("bob", password), Inactive, "")
}

// TestDockerRegistryTokens asks a real registry that leaves log-ins to a service, which the registry alone names.
func TestDockerRegistryTokens(t *testing.T) {
	t.Parallel()
	server := program(t, "docker-registry")
	dir, port, password := serverDir(t), freePort(t), rand.Text()
	cert, _, _ := certificate(t, dir)
	var asked atomic.Int32
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		w.Header().Set("Content-Type", "application/json")
		if user, got, _ := r.BasicAuth(); user != "ann" || got != password || r.URL.RequestURI() != "/token?service=registry.test" {
			w.WriteHeader(401)
			_, _ = io.WriteString(w, `{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}`)
			return
		}
		_, _ = io.WriteString(w, `{"token":"t","expires_in":60}`)
	}))
	t.Cleanup(service.Close)
	config := filepath.Join(dir, "config.yml")
	writeServerFile(t, config, "version: 0.1\nstorage: {filesystem: {rootdirectory: "+dir+"/data}}\nhttp: {addr: 127.0.0.1:"+port+"}\n"+
		"auth: {token: {realm: "+service.URL+"/token, service: registry.test, issuer: acme, rootcertbundle: "+cert+"}}\n")
	serve(t, dir, port, server, "serve", config)
	o := onLoopback()
	ask := func(password string) Verdict {
		return verdicts(t, o, Credential{Rule: protocolRule(t, "registry", "host"), Secret: basicLogin("ann", password), Parts: map[string][]string{"host": {`"127.0.0.1:` + port + `": {`}}})[0]
	}
	v := ask(password)
	check(t, v, Active, "")
	if v.Identity["login"] != "ann" {
		t.Errorf("identity %q", v.Identity)
	}
	check(t, ask(rand.Text()), Inactive, "")

	// Leave for the registry is none for the service.
	before := asked.Load()
	o.AllowHosts = []HostPattern{{host: "127.0.0.1", port: port}}
	check(t, ask(password), Skipped, HostNotAllowed)
	if asked.Load() != before {
		t.Error("a service that was not allowed was asked")
	}
}

// TestVerdaccioServer asks a real package registry.
func TestVerdaccioServer(t *testing.T) {
	t.Parallel()
	server := program(t, "verdaccio")
	dir, port, password := t.TempDir(), freePort(t), rand.Text()
	config := filepath.Join(dir, "config.yaml")
	writeServerFile(t, config, "storage: "+dir+"/data\nauth: {htpasswd: {file: "+dir+"/users}}\nuplinks: {}\npackages: {'**': {access: $authenticated}}\n")
	serveAs(t, nil, dir, port, server, "--config", config, "--listen", "127.0.0.1:"+port)
	token := newUser(t, "http://127.0.0.1:"+port, "ann", password)
	ask := func(protocol, secret string) Verdict {
		r := protocolRule(t, protocol, "registry")
		return verdicts(t, onLoopback(), Credential{Rule: r, Secret: secret, Parts: map[string][]string{"registry": {"//127.0.0.1:" + port + "/:_authToken"}}})[0]
	}
	for _, v := range []Verdict{ask("npm", token), ask("npm-basic", basicLogin("ann", password))} {
		check(t, v, Active, "")
		if v.Identity["login"] != "ann" {
			t.Errorf("identity %q", v.Identity)
		}
	}
	check(t, ask("npm", token[1:]), Unknown, Unclear) // the registry says 200 and nothing
	check(t, ask("npm-basic", basicLogin("ann", rand.Text())), Unknown, Unclear)
}

// newUser creates a user of a package registry and returns a token.
func newUser(t *testing.T, registry, user, password string) string {
	t.Helper()
	body := `{"name":"` + user + `","password":"` + password + `"}`
	last := "no answer"
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		req, _ := http.NewRequest("PUT", registry+"/-/user/org.couchdb.user:"+user, strings.NewReader(body))
		req.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			continue
		}
		var reply struct{ Token string }
		err = json.NewDecoder(resp.Body).Decode(&reply)
		resp.Body.Close()
		if last = resp.Status; err == nil && reply.Token != "" {
			return reply.Token
		}
	}
	t.Fatalf("no user can be created: %s", last)
	return ""
}
