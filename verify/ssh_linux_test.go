package verify

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"net/url"
	"os"
	"os/user"
	"path/filepath"
	"testing"

	"golang.org/x/crypto/ssh"
)

// TestOpenSSHServer asks a real server, before and after the key is taken from the list of those that it lets in.
func TestOpenSSHServer(t *testing.T) {
	t.Parallel()
	server := program(t, "sshd")
	dir := t.TempDir()
	if os.Getuid() != 0 {
		t.Skip("sshd takes accounts for locked if it may not read how their passwords are kept")
	}
	if err := os.MkdirAll("/run/sshd", 0o755); err != nil { // where sshd puts its children away
		t.Skip(err)
	}
	me, err := user.Current()
	if err != nil {
		t.Skip(err)
	}
	write := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	hostSecret, hostKey := sshKey(t)
	host := write("host", hostSecret)
	secret, public := sshKey(t)
	big, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	bigSigner, err := ssh.NewSignerFromKey(big)
	if err != nil {
		t.Fatal(err)
	}
	list := write("authorized_keys", string(ssh.MarshalAuthorizedKey(public))+string(ssh.MarshalAuthorizedKey(bigSigner.PublicKey())))
	port := freePort(t)
	config := write("sshd_config", "ListenAddress 127.0.0.1:"+port+"\nHostKey "+host+"\nAuthorizedKeysFile "+list+
		"\nStrictModes no\nUsePAM no\nPidFile none\nPasswordAuthentication no\nPermitRootLogin prohibit-password\n")
	serveAs(t, nil, dir, port, server, "-D", "-e", "-f", config)

	u := sshURL("127.0.0.1:"+port, ssh.FingerprintSHA256(hostKey))
	u.User = url.User(me.Username)
	r := protocolRule(t, "ssh")
	ask := func(secret string) Verdict {
		t.Helper()
		return verdicts(t, atEndpoint(u), Credential{Rule: r, Secret: secret})[0]
	}
	for _, s := range []string{secret, string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(big)}))} {
		v := ask(s)
		check(t, v, Active, "")
		if v.Identity["user"] != me.Username || v.Identity["host"] != "127.0.0.1" || v.Identity["key_fingerprint"] == "" {
			t.Errorf("identity %q", v.Identity)
		}
	}
	other, _ := sshKey(t)
	check(t, ask(other), Inactive, "")
	write("authorized_keys", string(ssh.MarshalAuthorizedKey(bigSigner.PublicKey())))
	check(t, ask(secret), Inactive, "")
	u.Fragment = ssh.FingerprintSHA256(public)
	check(t, ask(secret), Unknown, NetworkError) // another host key
}
