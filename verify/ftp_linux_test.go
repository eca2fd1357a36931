package verify

import (
	"crypto/rand"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
)

// TestProFTPDServer asks a real server, by AUTH TLS, by TLS from the beginning and in clear text, before and after the password is changed.
func TestProFTPDServer(t *testing.T) {
	t.Parallel()
	server, openssl := program(t, "proftpd"), program(t, "openssl")
	if found, _ := filepath.Glob("/usr/lib/proftpd/mod_tls.so"); len(found) == 0 {
		t.Skip("proftpd has no mod_tls")
	}
	group := "nogroup"
	if u, err := user.Lookup("nobody"); err == nil {
		if g, err := user.LookupGroupId(u.Gid); err == nil {
			group = g.Name
		}
	}
	password, special := rand.Text(), "ä@:/?#%"+rand.Text()
	hash := func(password string) string {
		return strings.TrimSpace(run(t, "/", password+"\n", openssl, "passwd", "-6", "-stdin"))
	}
	for scheme, options := range map[string]string{"ftp": "NoSessionReuseRequired", "ftps": "UseImplicitSSL NoSessionReuseRequired"} {
		dir, port := serverDir(t), freePort(t)
		cert, key, roots := certificate(t, dir)
		accounts, config := filepath.Join(dir, "accounts"), filepath.Join(dir, "proftpd.conf")
		write := func(password string) {
			writeServerFile(t, accounts, "ann:"+hash(password)+":65534:65534::"+dir+":/bin/sh\nbob:"+hash(special)+":65534:65534::"+dir+":/bin/sh\n")
		}
		write(password)
		writeServerFile(t, config, `LoadModule mod_tls.c
User nobody
Group `+group+`
DefaultAddress 127.0.0.1
SocketBindTight on
Port `+port+`
ServerIdent off
UseReverseDNS off
WtmpLog off
RequireValidShell off
AuthOrder mod_auth_file.c
AuthUserFile `+accounts+`
PidFile `+filepath.Join(dir, "pid")+`
ScoreboardFile `+filepath.Join(dir, "scores")+`
DelayTable `+filepath.Join(dir, "delays")+`
SystemLog none
TLSEngine on
TLSRequired off
TLSOptions `+options+`
TLSECCertificateFile `+cert+`
TLSECCertificateKeyFile `+key+`
`)
		serve(t, dir, port, server, "-n", "-c", config)
		o := onLoopback()
		o.AllowPlaintext, o.rootCAs = false, roots
		ask := func(user, password string) Verdict {
			t.Helper()
			return verdictOfLogin(t, o, "ftp", loginURL(scheme, user, password, "127.0.0.1:"+port))
		}
		v := ask("ann", password)
		check(t, v, Active, "")
		if v.Identity["user"] != "ann" {
			t.Errorf("identity %q", v.Identity)
		}
		check(t, ask("bob", special), Active, "")
		check(t, ask("ann", rand.Text()), Inactive, "")
		check(t, ask("nobodyelse", password), Inactive, "")
		check(t, verdictOfLogin(t, onLoopback(), "ftp", loginURL(scheme, "ann", password, "127.0.0.1:"+port)), Unknown, Untrusted) // unknown certificate
		write(rand.Text())
		check(t, ask("ann", password), Inactive, "")
	}
}
