package verify

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// sshServer is a server of a host key that does what the configuration says, and greets who is let in.
func sshServer(t *testing.T, greeting string, c *ssh.ServerConfig) (address, fingerprint string) {
	t.Helper()
	host, err := madeUpSigner()
	if err != nil {
		t.Fatal(err)
	}
	c.AddHostKey(host)
	address = scripted(t, func(raw net.Conn) {
		conn, channels, requests, err := ssh.NewServerConn(raw, c)
		if err != nil {
			return
		}
		defer conn.Close()
		go ssh.DiscardRequests(requests)
		for ch := range channels {
			channel, requests, err := ch.Accept()
			if err != nil {
				return
			}
			for r := range requests {
				_ = r.Reply(r.Type == "shell", nil)
				if r.Type == "shell" {
					_, _ = io.WriteString(channel.Stderr(), greeting)
					break
				}
			}
			channel.Close()
		}
	})
	return address, ssh.FingerprintSHA256(host.PublicKey())
}

// knows lets one key in.
func knows(key ssh.PublicKey) func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) {
	return func(_ ssh.ConnMetadata, k ssh.PublicKey) (*ssh.Permissions, error) {
		if bytes.Equal(k.Marshal(), key.Marshal()) {
			return nil, nil
		}
		return nil, errors.New("unknown key")
	}
}

// sshKey makes up a key, as the rules for it find it.
func sshKey(t *testing.T) (secret string, public ssh.PublicKey) {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return openSSHKey(t, key)
}

func openSSHKey(t *testing.T, key crypto.PrivateKey) (secret string, public ssh.PublicKey) {
	t.Helper()
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(block)), signer.PublicKey()
}

// sshURL names a server as --endpoint does.
func sshURL(address, fingerprint string) *url.URL {
	return &url.URL{Scheme: "ssh", User: url.User("git"), Host: address, Fragment: fingerprint}
}

func atEndpoint(u ...*url.URL) Options {
	o := onLoopback()
	o.Endpoints = map[string][]*url.URL{"acme": u}
	return o
}

// Only a signature that is wanted and accepted, and a plain refusal, are answers; and only of the server with the known host key.
func TestSSHServers(t *testing.T) {
	t.Parallel()
	secret, public := sshKey(t)
	password := func(ssh.ConnMetadata, []byte) (*ssh.Permissions, error) { return nil, errors.New("wrong") }
	refuses := func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) { return nil, errors.New("unknown key") }
	more := func(c ssh.ConnMetadata, k ssh.PublicKey) (*ssh.Permissions, error) {
		return nil, &ssh.PartialSuccessError{Next: ssh.ServerAuthCallbacks{PasswordCallback: password}}
	}
	for _, tt := range []struct {
		name   string
		config ssh.ServerConfig
		want   Status
		reason Reason
	}{
		{"knows it", ssh.ServerConfig{PublicKeyCallback: knows(public)}, Active, ""},
		{"refuses it", ssh.ServerConfig{PublicKeyCallback: refuses, PasswordCallback: password}, Inactive, ""},
		{"accepts any", ssh.ServerConfig{PublicKeyCallback: func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) { return nil, nil }}, Unknown, AcceptsAny},
		{"accepts without", ssh.ServerConfig{NoClientAuth: true, PublicKeyCallback: knows(public)}, Unknown, AcceptsAny},
		{"wants a password as well", ssh.ServerConfig{PublicKeyCallback: more}, Unknown, Unclear},
		{"wants passwords only", ssh.ServerConfig{PasswordCallback: password}, Unknown, Unclear},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			address, fingerprint := sshServer(t, "", &tt.config)
			c := Credential{Rule: protocolRule(t, "ssh"), Secret: secret}
			v := verdicts(t, atEndpoint(sshURL(address, fingerprint)), c)[0]
			check(t, v, tt.want, tt.reason)
			if v.Status == Active && (v.Identity["key_fingerprint"] != ssh.FingerprintSHA256(public) || v.Identity["user"] != "git") {
				t.Errorf("identity %q", v.Identity)
			}
			_, other := sshKey(t)
			check(t, verdicts(t, atEndpoint(sshURL(address, ssh.FingerprintSHA256(other))), c)[0], Unknown, NetworkError)
		})
	}
}

// Hosts of Git say who is let in. A key that they refuse may open another server.
func TestSSHGitHosts(t *testing.T) {
	t.Parallel()
	secret, public := sshKey(t)
	at, fingerprint := sshServer(t, "Hi acme/app! You've successfully authenticated, but no \x1b[2Jshell.\n", &ssh.ServerConfig{PublicKeyCallback: knows(public)})
	other, otherPrint := sshServer(t, "", &ssh.ServerConfig{PublicKeyCallback: func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) {
		return nil, errors.New("unknown key")
	}})
	host := func(address, fingerprint string) sshHost {
		h, port, _ := net.SplitHostPort(address)
		return sshHost{h, port, "git", fingerprint, true}
	}
	o := onLoopback()
	o.protocols = map[string]Protocol{"ssh": sshKeys{[]sshHost{host(other, otherPrint), host(at, fingerprint)}}}
	r := protocolRule(t, "ssh")
	v := verdicts(t, o, Credential{Rule: r, Secret: secret})[0]
	check(t, v, Active, "")
	if v.Identity["account"] != "acme/app" {
		t.Errorf("identity %q", v.Identity)
	}
	stranger, _ := sshKey(t)
	check(t, verdicts(t, o, Credential{Rule: r, Secret: stranger})[0], Unknown, NotEverywhere)

	e := New(Options{})
	defer e.Close()
	for _, want := range []string{"ssh://github.com:22", "ssh://gitlab.com:22", "ssh://bitbucket.org:22"} {
		found := false
		for _, p := range e.Plan([]Credential{{Rule: r, Secret: secret}}) {
			found = found || p.URL == want
		}
		if !found {
			t.Errorf("%s is not planned", want)
		}
	}
}

// Every format that the rules find is read; what needs a passphrase is not tried.
func TestSSHKeyFormats(t *testing.T) {
	t.Parallel()
	_, ed, _ := ed25519.GenerateKey(rand.Reader)
	ec, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	big, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	sec1, err := x509.MarshalECPrivateKey(ec)
	if err != nil {
		t.Fatal(err)
	}
	armor := func(label string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der}))
	}
	formats := map[string]string{"PKCS #1": armor("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(big)), "SEC 1": armor("EC PRIVATE KEY", sec1)}
	for name, key := range map[string]crypto.PrivateKey{"Ed25519": ed, "EC": ec, "RSA": big} {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		formats["PKCS #8 "+name] = armor("PRIVATE KEY", der)
		formats["OpenSSH "+name], _ = openSSHKey(t, key)
	}
	r := protocolRule(t, "ssh")
	for name, text := range formats {
		signer, err := ssh.ParsePrivateKey([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		address, fingerprint := sshServer(t, "", &ssh.ServerConfig{PublicKeyCallback: knows(signer.PublicKey())})
		v := verdicts(t, atEndpoint(sshURL(address, fingerprint)), Credential{Rule: r, Secret: text})[0]
		if v.Status != Active {
			t.Errorf("%s: %+v", name, v)
		}
	}
	locked, err := ssh.MarshalPrivateKeyWithPassphrase(ed, "", []byte(rand.Text()))
	if err != nil {
		t.Fatal(err)
	}
	for name, secret := range map[string]string{"with passphrase": string(pem.EncodeToMemory(locked)), "without armor": string(locked.Bytes), "text": rand.Text()} {
		v := verdicts(t, onLoopback(), Credential{Rule: r, Secret: secret})[0]
		if v.Status != Skipped || v.Reason != PartMissing {
			t.Errorf("%s: %+v", name, v)
		}
	}
	secret, _ := sshKey(t)
	for _, address := range []string{"https://a.example", "ssh://a.example#SHA256:x", "ssh://git@a.example", "ssh://git@a.example#MD5:x"} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		check(t, verdicts(t, atEndpoint(u), Credential{Rule: r, Secret: secret})[0], Skipped, PartMissing)
	}
}

// Whatever a server says that is not SSH's own answer leaves a key unknown.
func TestSSHHostileServers(t *testing.T) {
	t.Parallel()
	secret, public := sshKey(t)
	scripts := hostileServers()
	scripts["a refusal in a disconnect"] = func(c net.Conn) { say(c, "SSH-2.0-x\r\n"+sshRefusal+"\r\n") }
	var all sync.WaitGroup
	for name, do := range scripts {
		address := scripted(t, do)
		all.Go(func() {
			o := atEndpoint(sshURL(address, ssh.FingerprintSHA256(public)))
			o.requestTimeout = 150 * time.Millisecond
			if v := verdicts(t, o, Credential{Rule: protocolRule(t, "ssh"), Secret: secret})[0]; v.Status != Unknown {
				t.Errorf("%s: %s (%s)", name, v.Status, v.Reason)
			}
		})
	}
	all.Wait()
}
