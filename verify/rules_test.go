package verify_test

import (
	crand "crypto/rand"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"mudlark/detectors"
	"mudlark/rules"
	"mudlark/verify"
)

func builtin(t testing.TB) []*rules.Rule {
	t.Helper()
	all, err := rules.Builtin(detectors.Vocabulary())
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func generate(r *rules.Rule) string {
	text, _ := detectors.Generate(rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())), r)
	return string(text)
}

// TestRules tries the verifier of every built-in rule. Most of the time is waiting, so many are tried at once.
func TestRules(t *testing.T) {
	t.Parallel()
	tried := 0
	slots := make(chan struct{}, 24)
	var all sync.WaitGroup
	for i, r := range builtin(t) {
		if r.Verify == nil || r.Verify.Protocol != "" || testing.Short() && i%8 != 0 {
			continue
		}
		tried++
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			for _, p := range verify.Try(r, generate) {
				t.Errorf("%s:%d: rule %s: %s", r.File, r.Line, r.ID, p)
			}
		})
	}
	all.Wait()
	if tried < 300 && !testing.Short() {
		t.Errorf("only %d rules were tried", tried)
	}
}

// TestRevokers tries the revoker of every built-in rule.
func TestRevokers(t *testing.T) {
	t.Parallel()
	tried := 0
	slots := make(chan struct{}, 24)
	var all sync.WaitGroup
	for i, r := range builtin(t) {
		if r.Revoke == nil || testing.Short() && i%8 != 0 {
			continue
		}
		tried++
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			for _, p := range verify.TryRevoke(r, generate) {
				t.Errorf("%s:%d: rule %s: %s", r.File, r.Line, r.ID, p)
			}
		})
	}
	all.Wait()
	if tried < 60 && !testing.Short() {
		t.Errorf("only %d rules were tried", tried)
	}
}

// TestRulesOfProtocols: what a rule finds is what its protocol reads; with leave for its host it would be asked about.
func TestRulesOfProtocols(t *testing.T) {
	t.Parallel()
	host, err := verify.ParseHostPattern("db.acme.test")
	if err != nil {
		t.Fatal(err)
	}
	e := verify.New(verify.Options{AllowPlaintext: true, AllowHosts: []verify.HostPattern{host}})
	defer e.Close()
	planned := map[string]bool{}
	for _, r := range builtin(t) {
		if r.Verify == nil || r.Verify.Protocol == "" {
			continue
		}
		var secrets []string
		switch r.Block {
		case "url":
			for scheme := range strings.SplitSeq(r.BlockArgs["schemes"], "|") {
				secrets = append(secrets, scheme+"://app:"+crand.Text()+"@db.acme.test")
			}
		case "pem":
			secrets = append(secrets, generate(r))
		}
		for _, secret := range secrets {
			for _, p := range e.Plan([]verify.Credential{{Rule: r, Secret: secret}}) {
				scheme, _, _ := strings.Cut(secret, "://")
				if p.Status != "" && p.Status != verify.Unsupported && scheme != "mysqlx" { // which is another protocol
					t.Errorf("%s:%d: rule %s: %s %s (%s)", r.File, r.Line, r.ID, scheme, p.Status, p.Reason)
				}
				planned[p.Method] = true
			}
		}
	}
	for _, name := range []string{"amqp", "basic", "ftp", "ldap", "mongodb", "mysql", "postgres", "redis", "smtp", "ssh"} {
		if !planned[name] {
			t.Errorf("no rule is asked about by %s", name)
		}
	}
}
