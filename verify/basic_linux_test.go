package verify

import (
	"crypto/rand"
	"path/filepath"
	"strings"
	"testing"
)

// TestNginxServer asks a real server, by TLS, before and after the password is changed.
func TestNginxServer(t *testing.T) {
	t.Parallel()
	server, openssl := program(t, "nginx"), program(t, "openssl")
	dir, port := serverDir(t), freePort(t)
	cert, key, roots := certificate(t, dir)
	accounts, config := filepath.Join(dir, "accounts"), filepath.Join(dir, "nginx.conf")
	password, special := rand.Text(), "ä@:/?#%"+rand.Text()
	write := func(password string) {
		hash := func(password string) string {
			return strings.TrimSpace(run(t, dir, password+"\n", openssl, "passwd", "-apr1", "-stdin"))
		}
		writeServerFile(t, accounts, "ann:"+hash(password)+"\nbob:"+hash(special)+"\n")
	}
	write(password)
	places := ""
	for _, name := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		places += name + "_temp_path " + filepath.Join(dir, name) + ";\n"
	}
	writeServerFile(t, config, `daemon off;
worker_processes 1;
error_log stderr;
pid `+filepath.Join(dir, "pid")+`;
events {}
http {
access_log off;
`+places+`
server {
listen 127.0.0.1:`+port+` ssl;
ssl_certificate `+cert+`;
ssl_certificate_key `+key+`;
location / {
auth_basic "Acme builds";
auth_basic_user_file `+accounts+`;
return 404;
}
location = / {
auth_basic "Acme builds";
auth_basic_user_file `+accounts+`;
root `+dir+`;
try_files /index.html =404;
}
}
}
`)
	writeServerFile(t, filepath.Join(dir, "index.html"), "<!DOCTYPE html><html>builds</html>")
	serve(t, dir, port, server, "-c", config)
	o := onLoopback()
	o.AllowPlaintext, o.rootCAs = false, roots
	ask := func(user, password string) Verdict {
		t.Helper()
		return verdictOfLogin(t, o, "basic", loginURL("https", user, password, "127.0.0.1:"+port))
	}
	v := ask("ann", password)
	check(t, v, Active, "")
	if v.Identity["user"] != "ann" || v.Identity["realm"] != "Acme builds" {
		t.Errorf("identity %q", v.Identity)
	}
	check(t, ask("bob", special), Active, "")
	check(t, ask("ann", rand.Text()), Unknown, Unclear)
	check(t, verdictOfLogin(t, onLoopback(), "basic", loginURL("https", "ann", password, "127.0.0.1:"+port)), Unknown, Untrusted) // unknown certificate
	write(rand.Text())
	check(t, ask("ann", password), Unknown, Unclear)
}
