package scanner

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

func randomBytes(t testing.TB, n int) []byte {
	t.Helper()
	b := make([]byte, n)
	if _, err := rand.Read(b); err != nil {
		t.Fatal(err)
	}
	return b
}

// TestNoise scans what looks like secrets, and is none, with all rules; a real token beside it must be found.
func TestNoise(t *testing.T) {
	t.Parallel()
	hx := func(n int) string { return hex.EncodeToString(randomBytes(t, n)) }
	uuid := func() string {
		return fmt.Sprintf("%s-%s-4%s-a%s-%s", hx(4), hx(2), hx(2)[1:], hx(2)[1:], hx(6))
	}
	repeat := func(n int, line func() string) string {
		var b strings.Builder
		for range n {
			b.WriteString(line())
		}
		return b.String()
	}
	many := strings.Repeat
	tests := []struct{ name, path, content string }{
		{"placeholders", "docs.md", "GITHUB_TOKEN=gh" + "p_" + many("x", 36) + "\ntoken: ${GITHUB_TOKEN}\npassword: <your-password>\nhttps://hooks." + "slack.com/services/T" + many("0", 8) + "/B" + many("0", 8) + "/" + many("X", 24) +
			"\nxo" + "xb-" + many("0", 12) + "-" + many("0", 12) + "-" + many("x", 24) + "\nAK" + "IAIOSFODNN7" + "EXAMPLE\nsk" + "_live_" + many("x", 24) + "\npostgres://user:password@localhost/db\nhttps://user:${PASSWORD}@host/\nmysql://root:<password>@db\n"},
		{"hashes and ids beside suspicious words", "list.txt", repeat(60, func() string {
			return "commit " + hx(20) + "\nkey_id: " + uuid() + "\nmd5 " + hx(16) + "\nsha256:" + hx(32) + "\ntoken_uuid = \"" + uuid() + "\"\ncache-key: " + hx(20) + "\n"
		})},
		{"images as data URIs", "style.css", repeat(20, func() string {
			return ".i{background:url(data:image/png;base64," + base64.StdEncoding.EncodeToString(append([]byte("\x89PNG\r\n\x1a\n"), randomBytes(t, 3000)...)) + ")}\n"
		})},
		{"public keys and certificates", "pub.txt", publicKeys(t)},
		{"lock files", "package-lock.json", repeat(80, func() string {
			return `"integrity": "sha512-` + base64.StdEncoding.EncodeToString(randomBytes(t, 64)) + "\",\n\"resolved\": \"https://registry.npmjs.org/x/-/x-1.0.0.tgz\"\n"
		}) + repeat(80, func() string {
			return "github.com/a/b v1.2.3 h1:" + base64.StdEncoding.EncodeToString(randomBytes(t, 32)) + "\n"
		})},
		{"minified code and source maps", "app.js", repeat(200, func() string {
			return "function a(b,c){return b.token(c)?!0:1<<3|c}var password=d.password,secret=e.key;"
		}) +
			"\n//# sourceMappingURL=data:application/json;base64," + base64.StdEncoding.EncodeToString([]byte(many(`{"version":3,"mappings":"AAAA,SAASA"}`, 200))) + "\n"},
		{"base64 of text, of noise, nested", "blob.txt", repeat(50, func() string {
			return b64(doc(3, 5)) + "\n" + base64.StdEncoding.EncodeToString(randomBytes(t, 600)) + "\n" + b64(b64(doc(4, 2))) + "\n"
		})},
		{"random binary", "a.bin", "\x00" + string(randomBytes(t, 1<<20))},
		{"hex dump", "dump.txt", repeat(300, func() string { return hx(64) + "\n" })},
		{"code about secrets", "auth.py", "password = os.environ['PASSWORD']\nsecret = get_secret('name')\ntoken = request.headers.get('Authorization')\napi_key = None\nassert secret_key != ''\nclient_secret: str = field(default='')\n" +
			"Authorization: Bearer {token}\npasswd = getpass.getpass()\nprivate_key_path = '/etc/ssl/private/key.pem'\n"},
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			secretText, secret := secretOf(t, "github-pat-classic", uint64(i))
			r := newSandbox(t)
			r.put(tt.path, tt.content)
			c := r.put("real.env", "token = "+secretText+"\n")
			r.opt.Rules = builtin(t)
			r.expect(secret, c, "real.env", 1, here)
			r.verify()
		})
	}
}

// publicKeys is a certificate, public keys in several forms and a known_hosts line.
func publicKeys(t testing.TB) string {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "host.invalid"}, NotAfter: time.Unix(2000000000, 0)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	pkix, err := x509.MarshalPKIXPublicKey(&k.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	public, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	line, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})) + string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: pkix})) +
		string(ssh.MarshalAuthorizedKey(line)) + "host.invalid " + string(ssh.MarshalAuthorizedKey(line)) + "-----BEGIN PGP SIGNATURE-----\n\n" +
		wrapped(base64.StdEncoding.EncodeToString(randomBytes(t, 300)), 64) + "\n-----END PGP SIGNATURE-----\n"
}
