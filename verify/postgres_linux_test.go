package verify

import (
	"crypto/rand"
	"path/filepath"
	"strings"
	"testing"
)

// TestPostgresServer asks a real server: by every way of authentication, and after the password has been changed.
func TestPostgresServer(t *testing.T) {
	t.Parallel()
	initdb, server, psql := program(t, "initdb"), program(t, "postgres"), program(t, "psql")
	dir := serverDir(t)
	data := filepath.Join(dir, "data")
	run(t, dir, "", initdb, "-D", data, "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8", "--no-locale")
	cert, key, roots := certificate(t, dir)
	writeServerFile(t, filepath.Join(data, "pg_hba.conf"), `local all all trust
host all trusted all trust
host all clear all password
host all old all md5
host all refused all reject
host all all all scram-sha-256
`)
	writeServerFile(t, filepath.Join(data, "postgresql.conf"),
		"fsync = off\nssl = on\nssl_cert_file = '"+cert+"'\nssl_key_file = '"+key+"'\nshared_buffers = 16MB\n")
	port := freePort(t)
	serve(t, dir, port, server, "-D", data, "-h", "127.0.0.1", "-p", port, "-k", dir)
	sql := func(text string) {
		run(t, dir, text, psql, "-h", dir, "-p", port, "-U", "postgres", "-q", "-v", "ON_ERROR_STOP=1")
	}
	for range 500 {
		if out, err := serverCommand(t, dir, psql, "-h", dir, "-p", port, "-U", "postgres", "-c", "select 1").CombinedOutput(); err == nil {
			break
		} else if !strings.Contains(string(out), "starting up") {
			t.Fatalf("%s", out)
		}
	}
	password, special := rand.Text(), "ä@:/?#%"+rand.Text()
	sql("CREATE ROLE ann LOGIN PASSWORD '" + password + "'; CREATE ROLE root2 SUPERUSER LOGIN PASSWORD '" + special + "';" +
		"CREATE ROLE trusted LOGIN; CREATE ROLE refused LOGIN PASSWORD '" + password + "'; CREATE ROLE clear LOGIN PASSWORD '" + password + "';" +
		"SET password_encryption = 'md5'; CREATE ROLE old LOGIN PASSWORD '" + password + "'")
	address := "127.0.0.1:" + port
	secure := onLoopback()
	secure.AllowPlaintext, secure.rootCAs = false, roots
	ask := func(user, password string) Verdict {
		t.Helper()
		return verdictOfLogin(t, secure, "postgres", loginURL("postgresql", user, password, address))
	}
	for _, user := range []string{"ann", "clear", "old"} {
		v := ask(user, password)
		check(t, v, Active, "")
		if v.Identity["user"] != user || v.Identity["is_superuser"] != "off" || v.Identity["server_version"] == "" {
			t.Errorf("%s: identity %q", user, v.Identity)
		}
		check(t, ask(user, rand.Text()), Inactive, "")
	}
	if v := ask("root2", special); v.Status != Active || v.Identity["is_superuser"] != "on" {
		t.Errorf("%+v", v)
	}
	check(t, ask("nobodyelse", password), Inactive, "")
	check(t, ask("trusted", password), Unknown, AcceptsAny)
	check(t, ask("refused", password), Unknown, Unclear)

	sql("ALTER ROLE ann PASSWORD '" + rand.Text() + "'; REVOKE CONNECT ON DATABASE postgres FROM PUBLIC")
	check(t, ask("ann", password), Inactive, "")
	check(t, ask("clear", password), Active, "") // the password is right, the database is closed

	stranger := onLoopback()
	check(t, verdictOfLogin(t, stranger, "postgres", loginURL("postgres", "clear", password, address)), Unknown, Untrusted) // unknown certificate
	sql("ALTER SYSTEM SET ssl = off")
	sql("SELECT pg_reload_conf()")
	for range 100 {
		if v := ask("clear", password); v.Status == Skipped && v.Reason == ClearText {
			break
		}
	}
	check(t, ask("clear", password), Skipped, ClearText)
	check(t, verdictOfLogin(t, stranger, "postgres", loginURL("postgres", "clear", password, address)), Active, "")
}
