package verify

import (
	"crypto/rand"
	"os/exec"
	"path/filepath"
	"testing"
)

// smtpServer is a mail server of aiosmtpd with one account, which is read from a file at every log-in. Its arguments: the port,
// certificate, key, the file, and whether TLS comes first.
const smtpServer = `
import asyncio, ssl, sys
from aiosmtpd.smtp import SMTP, AuthResult
port, cert, key, account, first = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(cert, key)
def check(server, session, envelope, mechanism, data):
    user, password = open(account, encoding="utf-8").read().split("\n")
    return AuthResult(success=(data.login, data.password) == (user.encode(), password.encode()), handled=False)
class Handler: pass
async def main():
    make = lambda: SMTP(Handler(), authenticator=check, tls_context=None if first == "1" else context, auth_require_tls=first != "1",
                        require_starttls=first != "1", hostname="localhost")
    await asyncio.get_running_loop().create_server(make, "127.0.0.1", int(port), ssl=context if first == "1" else None)
    await asyncio.Event().wait()
asyncio.run(main())
`

// TestSMTPServer asks a real server, by STARTTLS and by TLS from the beginning, before and after the password is changed.
func TestSMTPServer(t *testing.T) {
	t.Parallel()
	python := program(t, "python3")
	if exec.Command(python, "-c", "import aiosmtpd").Run() != nil {
		t.Skip("aiosmtpd is not installed for python3")
	}
	for scheme, first := range map[string]string{"smtp": "0", "smtps": "1"} {
		dir := t.TempDir()
		cert, key, roots := certificate(t, dir)
		script, account, port := filepath.Join(dir, "server.py"), filepath.Join(dir, "account"), freePort(t)
		writeServerFile(t, script, smtpServer)
		password := "ä@:/?" + rand.Text()
		writeServerFile(t, account, "ann@acme.example\n"+password)
		serveAs(t, nil, dir, port, python, script, port, cert, key, account, first)
		o := onLoopback()
		o.AllowPlaintext, o.rootCAs = false, roots
		ask := func(user, password string) Verdict {
			return verdictOfLogin(t, o, "smtp", loginURL(scheme, user, password, "127.0.0.1:"+port))
		}
		v := ask("ann@acme.example", password)
		check(t, v, Active, "")
		if v.Identity["user"] != "ann@acme.example" {
			t.Errorf("identity %q", v.Identity)
		}
		check(t, ask("ann@acme.example", rand.Text()), Inactive, "")
		check(t, ask("bob@acme.example", password), Inactive, "")
		writeServerFile(t, account, "ann@acme.example\n"+rand.Text())
		check(t, ask("ann@acme.example", password), Inactive, "")
	}
}
