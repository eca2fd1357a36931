package verify_test

import (
	"math/rand/v2"
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
	if tried < 40 && !testing.Short() {
		t.Errorf("only %d rules were tried", tried)
	}
}
