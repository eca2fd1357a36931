package verify

import (
	"crypto/rand"
	"path/filepath"
	"strings"
	"testing"
)

// TestMariaDBServer asks a real server, by TLS, before and after the password is changed.
func TestMariaDBServer(t *testing.T) {
	t.Parallel()
	install, server, client := program(t, "mariadb-install-db"), program(t, "mariadbd"), program(t, "mariadb")
	dir := serverDir(t)
	data, socket := filepath.Join(dir, "data"), filepath.Join(dir, "s")
	run(t, dir, "", install, "--no-defaults", "--datadir="+data, "--auth-root-authentication-method=normal", "--skip-test-db",
		"--innodb-log-file-size=4M", "--innodb-buffer-pool-size=8M")
	cert, key, roots := certificate(t, dir)
	port := freePort(t)
	serve(t, dir, port, server, "--no-defaults", "--datadir="+data, "--socket="+socket, "--port="+port, "--bind-address=127.0.0.1",
		"--pid-file="+filepath.Join(dir, "pid"), "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=8M", "--innodb-log-file-size=4M",
		"--ssl-cert="+cert, "--ssl-key="+key)
	address := "127.0.0.1:" + port
	sql := func(text string) { run(t, dir, text, client, "--no-defaults", "--socket="+socket, "--user=root") }
	password, special := rand.Text(), "ä@:/?#%"+rand.Text()
	sql("CREATE USER ann@'%' IDENTIFIED BY '" + password + "'; CREATE USER bob@'%' IDENTIFIED BY '" + special + "'")
	o := onLoopback()
	o.AllowPlaintext, o.rootCAs = false, roots
	ask := func(user, password string) Verdict {
		t.Helper()
		return verdictOfLogin(t, o, "mysql", loginURL("mysql", user, password, address))
	}
	v := ask("ann", password)
	check(t, v, Active, "")
	if v.Identity["user"] != "ann" || !strings.Contains(v.Identity["server_version"], "MariaDB") {
		t.Errorf("identity %q", v.Identity)
	}
	check(t, ask("bob", special), Active, "")
	check(t, ask("ann", rand.Text()), Unknown, Unclear)
	check(t, ask("nobodyelse", password), Unknown, Unclear)
	check(t, verdictOfLogin(t, onLoopback(), "mysql", loginURL("mysql", "ann", password, address)), Unknown, Untrusted) // unknown certificate

	sql("DROP USER bob@'%'; ALTER USER ann@'%' IDENTIFIED BY '" + rand.Text() + "'")
	check(t, ask("ann", password), Unknown, Unclear)
	check(t, ask("bob", special), Unknown, Unclear)
}
