package detectors

import (
	"bytes"
	"crypto/x509"
	"math/rand/v2"
	"testing"

	"golang.org/x/crypto/ssh"

	"mudlark/rules"
)

func TestGenerateMeetsConditions(t *testing.T) {
	node := parseShape(t, "ghp_{base62:36}")
	r := &rules.Rule{
		ID: "test", Require: []string{"digit", "upper", "lower"}, Reject: []string{"all:hex"}, Entropy: 4, Checksum: "github",
		Formats: []rules.Format{{Node: node, Checksum: "github", Entropy: 4}},
	}
	rnd := rand.New(rand.NewPCG(33, 34))
	c, _ := checkFor("github")
	for range 200 {
		text, secret := Generate(rnd, r)
		if !bytes.Equal(text, secret) || len(text) != 40 || !c.verify(text) || entropy(text) < 4 ||
			!require(text, r.Require) || placeholder(text, nil) {
			t.Fatalf("%q", text)
		}
	}
}

func TestGenerateGivesUp(t *testing.T) {
	r := &rules.Rule{Entropy: 7, Formats: []rules.Format{{Node: parseShape(t, "abc_{hex:10}"), Entropy: 7}}}
	if text, secret := Generate(rand.New(rand.NewPCG(1, 1)), r); text != nil || secret != nil {
		t.Errorf("%q, %q", text, secret)
	}
	if text, _ := Generate(rand.New(rand.NewPCG(1, 1)), &rules.Rule{Regex: "x"}); text != nil {
		t.Errorf("%q", text)
	}
}

// The same source gives the same tokens.
func TestGenerateRepeats(t *testing.T) {
	for name, r := range blockRules() {
		a, _ := Generate(rand.New(rand.NewPCG(35, 36)), r)
		b, _ := Generate(rand.New(rand.NewPCG(35, 36)), r)
		if !bytes.Equal(a, b) {
			t.Errorf("%s differs:\n%s\n%s", name, a, b)
		}
	}
}

// Generated keys are what their labels say to those who use them.
func TestGeneratedKeysParse(t *testing.T) {
	rnd := rand.New(rand.NewPCG(37, 38))
	for range 5 {
		if _, err := x509.ParsePKCS8PrivateKey(newKey(rnd, pemKey)); err != nil {
			t.Error(err)
		}
		if _, err := x509.ParsePKCS1PrivateKey(newKey(rnd, "RSA "+pemKey)); err != nil {
			t.Error(err)
		}
		if _, err := x509.ParseECPrivateKey(newKey(rnd, "EC "+pemKey)); err != nil {
			t.Error(err)
		}
		if _, err := ssh.ParseRawPrivateKey(encodePEM("OPENSSH "+pemKey, newKey(rnd, "OPENSSH "+pemKey))); err != nil {
			t.Error(err)
		}
	}
}

func TestVocabulary(t *testing.T) {
	v := Vocabulary()
	for name := range checksumShapes() {
		if !v.Checksum(name) {
			t.Errorf("checksum %q is not known", name)
		}
	}
	for _, r := range blockRules() {
		if !v.Block(r.Block) {
			t.Errorf("block %q is not known", r.Block)
		}
	}
	if v.Checksum("") || v.Checksum("x") || v.Block("") || v.Block("x") {
		t.Error("unknown names are known")
	}
}
