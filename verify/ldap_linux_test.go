package verify

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"testing"
)

// TestSlapdServer asks a real directory, by StartTLS, by TLS and in clear text, before and after the password is changed.
func TestSlapdServer(t *testing.T) {
	t.Parallel()
	server, add, passwd := program(t, "slapd"), program(t, "slapadd"), program(t, "ldappasswd")
	dir := serverDir(t)
	cert, key, roots := certificate(t, dir)
	port, secure := freePort(t), freePort(t)
	admin, password, config := rand.Text(), "ä@:/?#%"+rand.Text(), filepath.Join(dir, "slapd.conf")
	data := filepath.Join(dir, "data")
	writeServerFile(t, config, `include /etc/ldap/schema/core.schema
modulepath /usr/lib/ldap
moduleload ppolicy
pidfile `+filepath.Join(dir, "pid")+`
TLSCertificateFile `+cert+`
TLSCertificateKeyFile `+key+`
database ldif
suffix dc=acme,dc=example
rootdn cn=admin,dc=acme,dc=example
rootpw `+admin+`
directory `+data+`
overlay ppolicy
ppolicy_default cn=policy,dc=acme,dc=example
ppolicy_use_lockout
`)
	if _, err := os.Stat("/etc/ldap/schema/core.schema"); err != nil {
		t.Skip("slapd has no schema at /etc/ldap/schema")
	}
	run(t, dir, "", program(t, "mkdir"), data)
	run(t, dir, `dn: dc=acme,dc=example
objectClass: dcObject
objectClass: organization
o: Acme
dc: acme

dn: cn=ann,dc=acme,dc=example
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: ann
userPassword: `+password+`

dn: cn=eve,dc=acme,dc=example
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: eve
userPassword: `+password+`

dn: cn=policy,dc=acme,dc=example
objectClass: organizationalRole
objectClass: pwdPolicy
cn: policy
pwdAttribute: userPassword
pwdLockout: TRUE
pwdMaxFailure: 12
`, add, "-f", config, "-q")
	serve(t, dir, secure, server, "-d", "0", "-f", config, "-h", "ldap://127.0.0.1:"+port+" ldaps://127.0.0.1:"+secure)
	o := onLoopback()
	o.AllowPlaintext, o.rootCAs = false, roots
	const ann = "cn=ann,dc=acme,dc=example"
	for scheme, at := range map[string]string{"ldap": port, "ldaps": secure} {
		ask := func(user, password string) Verdict {
			t.Helper()
			return verdictOfLogin(t, o, "ldap", loginURL(scheme, user, password, "127.0.0.1:"+at))
		}
		v := ask(ann, password)
		check(t, v, Active, "")
		if v.Identity["user"] != ann {
			t.Errorf("identity %q", v.Identity)
		}
		check(t, ask(ann, rand.Text()), Inactive, "")
		check(t, ask("cn=nobodyelse,dc=acme,dc=example", password), Inactive, "")
		check(t, ask("cn=admin,dc=acme,dc=example", admin), Active, "")
		check(t, ask("no name", password), Unknown, Unclear) // invalidDNSyntax
		check(t, verdictNear(t, o, scheme+"://127.0.0.1:"+at, ann, password), Active, "")
		check(t, verdictNear(t, o, scheme+"://127.0.0.1:"+at, ann, rand.Text()), Unknown, Pairing)
	}
	for range 12 {
		check(t, verdictOfLogin(t, o, "ldap", loginURL("ldaps", "cn=eve,dc=acme,dc=example", rand.Text(), "127.0.0.1:"+secure)), Inactive, "")
	}
	check(t, verdictOfLogin(t, o, "ldap", loginURL("ldaps", "cn=eve,dc=acme,dc=example", password, "127.0.0.1:"+secure)), Unknown, Unclear) // locked
	check(t, verdictOfLogin(t, onLoopback(), "ldap", loginURL("ldap", ann, password, "127.0.0.1:"+port)), Unknown, Untrusted)               // unknown certificate
	run(t, dir, "", passwd, "-x", "-H", "ldap://127.0.0.1:"+port, "-D", "cn=admin,dc=acme,dc=example", "-w", admin, "-s", rand.Text(), ann)
	check(t, verdictOfLogin(t, o, "ldap", loginURL("ldaps", ann, password, "127.0.0.1:"+secure)), Inactive, "")
}
