package verify

import (
	"crypto/rand"
	"testing"
)

// TestRedisServer asks a real server, by TLS and in clear text, before and after the password is changed.
func TestRedisServer(t *testing.T) {
	t.Parallel()
	server, client := program(t, "redis-server"), program(t, "redis-cli")
	dir := serverDir(t)
	cert, key, roots := certificate(t, dir)
	port, secure := freePort(t), freePort(t)
	serve(t, dir, port, server, "--port", port, "--tls-port", secure, "--bind", "127.0.0.1", "--save", "", "--dir", dir,
		"--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", cert, "--tls-auth-clients", "no")
	password, own := rand.Text(), rand.Text()
	run(t, dir, "ACL SETUSER ann on >"+own+" ~* +@read\nACL SETUSER open on nopass ~* +@all\nACL SETUSER admin on >"+own+" ~* +@all\n", client, "-p", port)
	o := onLoopback()
	o.rootCAs = roots
	ask := func(scheme, user, password string) Verdict {
		t.Helper()
		at := "127.0.0.1:" + port
		if scheme == "rediss" {
			at = "127.0.0.1:" + secure
		}
		return verdictOfLogin(t, o, "redis", loginURL(scheme, user, password, at))
	}
	check(t, ask("redis", "", password), Unknown, AcceptsAny)
	check(t, ask("redis", "ann", own), Active, "")
	check(t, ask("redis", "ann", password), Inactive, "")
	run(t, dir, "CONFIG SET requirepass "+password+"\n", client, "-p", port)
	for _, scheme := range []string{"redis", "rediss"} {
		for _, user := range []string{"", "default", "h"} { // users are often made up
			v := ask(scheme, user, password)
			check(t, v, Active, "")
			if v.Identity["user"] != "default" {
				t.Errorf("identity %q", v.Identity)
			}
			check(t, ask(scheme, user, rand.Text()), Inactive, "")
		}
		check(t, ask(scheme, "ann", own), Active, "") // has no right to ask who it is
		if v := ask(scheme, "admin", own); v.Status != Active || v.Identity["user"] != "admin" {
			t.Errorf("%+v", v)
		}
		check(t, ask(scheme, "open", own), Unknown, AcceptsAny)
	}
	run(t, dir, "AUTH "+password+"\nACL DELUSER admin\nCONFIG SET requirepass "+rand.Text()+"\n", client, "-p", port)
	check(t, ask("rediss", "", password), Inactive, "")
	check(t, ask("rediss", "admin", own), Inactive, "")
	o.AllowPlaintext = false
	check(t, ask("rediss", "ann", own), Active, "")
	check(t, ask("redis", "ann", own), Skipped, ClearText)
}
