package detectors

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	randv2 "math/rand/v2"
	"testing"

	"golang.org/x/crypto/ssh"

	"mudlark/rules"
)

// TestDetailsKey compares the fingerprints of public keys with those of another implementation, in every format and with every kind of key.
func TestDetailsKey(t *testing.T) {
	rnd := randv2.New(randv2.NewPCG(3, 4))
	p256, p384 := newECDSA(rnd), must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
	r, e := newRSA(rnd), newEd25519(rnd)
	openSSH := func(key crypto.PrivateKey, passphrase string) []byte {
		block := (*pem.Block)(nil)
		if passphrase == "" {
			block = must(ssh.MarshalPrivateKey(key, "user@host"))
		} else {
			block = must(ssh.MarshalPrivateKeyWithPassphrase(key, "user@host", []byte(passphrase)))
		}
		return block.Bytes
	}
	tests := []struct {
		name string
		raw  []byte
		of   crypto.Signer // nil: no fingerprint
		kind string
		lock string
	}{
		{"RSA, PKCS #1", x509.MarshalPKCS1PrivateKey(r), r, "RSA, 1024 bits", ""},
		{"RSA, PKCS #8", must(x509.MarshalPKCS8PrivateKey(r)), r, "RSA, 1024 bits", ""},
		{"RSA, OpenSSH", openSSH(r, ""), r, "RSA, 1024 bits", ""},
		{"P-256, SEC 1", must(x509.MarshalECPrivateKey(p256)), p256, "ECDSA, P-256", ""},
		{"P-256, PKCS #8", must(x509.MarshalPKCS8PrivateKey(p256)), p256, "ECDSA, P-256", ""},
		{"P-384, PKCS #8", must(x509.MarshalPKCS8PrivateKey(p384)), p384, "ECDSA, P-384", ""},
		{"P-384, OpenSSH", openSSH(p384, ""), p384, "ECDSA, P-384", ""},
		{"Ed25519, PKCS #8", must(x509.MarshalPKCS8PrivateKey(e)), e, "Ed25519", ""},
		{"Ed25519, OpenSSH", openSSH(&e, ""), e, "Ed25519", ""},
		{"Ed25519, OpenSSH, passphrase", openSSH(e, "x"), e, "Ed25519", "needed (aes256-ctr)"},
		{"DSA", newDSA(rnd), nil, "DSA, 1024 bits", ""},
	}
	rule := &rules.Rule{ID: "test", Block: "pem"}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := map[string]string{"key": tt.kind}
			if tt.lock != "" {
				want["passphrase"] = tt.lock
			}
			if tt.of != nil {
				want["public key"] = ssh.FingerprintSHA256(must(ssh.NewPublicKey(tt.of.Public())))
			}
			if got := Details(rule, tt.raw); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("got %v, want %v", got, want)
			}
			for n := range tt.raw { // nothing but part of a key
				_ = Details(rule, tt.raw[:n])
				_ = Details(rule, bytes.Join([][]byte{tt.raw[:n], {0xff}, tt.raw[n:]}, nil))
			}
		})
	}
	for _, nothing := range [][]byte{nil, []byte("x"), tests[1].raw[:300], newEncryptedPKCS8(rnd)} {
		if got := Details(rule, nothing); got != nil {
			t.Errorf("%d bytes give %v", len(nothing), got)
		}
	}
}
