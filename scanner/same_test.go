package scanner

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// normal is a run's output without what may differ between runs: target and durations.
func (c *collected) normal(t testing.TB) string {
	t.Helper()
	c.config.Target = ""
	c.coverage.Started, c.coverage.Duration = "", 0
	for _, f := range c.findings {
		f.ExposedSeconds = nil
	}
	out, err := json.MarshalIndent([]any{c.config, c.findings, c.coverage}, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestSameForAnyWorkersAndPacking(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			r := newGitRepo(t)
			r.randomHistory(rand.New(rand.NewPCG(seed, 7)), 40, 6)
			want := mustRun(t, Options{Target: r.path, Workers: 1}).normal(t)
			for _, workers := range []int{2, 8} {
				got := mustRun(t, Options{Target: r.path, Workers: workers}).normal(t)
				if d := cmp.Diff(want, got); d != "" {
					t.Errorf("-j %d differs (-one +many):\n%s", workers, d)
				}
			}
			for _, p := range packings(t, r) {
				got := mustRun(t, Options{Target: p.path, Workers: 2}).normal(t)
				if d := cmp.Diff(want, got); d != "" {
					t.Errorf("%s differs:\n%s", p.name, d)
				}
			}
		})
	}
}

type packing struct{ name, path string }

// packings returns copies of r that hold the same refs and objects in other ways.
func packings(t testing.TB, r *gitRepo) []packing {
	var out []packing
	copyOf := func(name string, clone []string, then ...[]string) {
		path := filepath.Join(t.TempDir(), "copy.git")
		r.git(append(append([]string{"clone", "-q", "--mirror"}, clone...), r.path, path)...)
		c := &gitRepo{t, path}
		for _, args := range then {
			c.git(args...)
		}
		out = append(out, packing{name, path})
	}
	copyOf("mirror --shared", []string{"--shared"})
	copyOf("gc --aggressive", []string{"--no-local"}, []string{"gc", "-q", "--aggressive", "--prune=now"})
	copyOf("window 250, depth 250", []string{"--no-local"}, []string{"repack", "-adfq", "--window=250", "--depth=250"})
	copyOf("ref deltas", []string{"--no-local"}, []string{"-c", "repack.useDeltaBaseOffset=false", "repack", "-adfq"})
	copyOf("multi-pack-index", []string{"--no-local"}, []string{"multi-pack-index", "write"})
	loose := filepath.Join(t.TempDir(), "loose.git")
	r.git("clone", "-q", "--mirror", "--no-local", r.path, loose)
	unpack(t, loose)
	return append(out, packing{"loose objects", loose})
}

// unpack turns all packs of a bare repository into loose objects.
func unpack(t testing.TB, path string) {
	t.Helper()
	packs, err := filepath.Glob(filepath.Join(path, "objects/pack/*.pack"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range packs {
		data, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		files, err := filepath.Glob(p[:len(p)-len("pack")] + "*")
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if err := os.Remove(f); err != nil {
				t.Fatal(err)
			}
		}
		(&gitRepo{t, path}).run(data, "unpack-objects", "-q")
	}
}
