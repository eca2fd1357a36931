package scanner

import (
	"bytes"
	"crypto/sha1"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"mudlark/scanner/gitstore"
	"mudlark/scanner/history"
)

// graphWriters are ways in which Git stores a commit-graph.
var graphWriters = map[string][]string{
	"one file": {"commit-graph", "write", "--reachable"},
	"split":    {"commit-graph", "write", "--reachable", "--split=no-merge"},
}

// TestReached: what a commit-graph tells of ancestry is what the commits do, also of commits that it does not hold.
func TestReached(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"sha1", "sha256"} {
		for name, write := range graphWriters {
			t.Run(format+" "+name, func(t *testing.T) {
				t.Parallel()
				rnd := rand.New(rand.NewPCG(7, uint64(len(name)+len(format))))
				r := newSandbox(t, "--object-format="+format)
				var all []string
				for n := range 80 {
					r.ref = fmt.Sprintf("refs/heads/b%d", rnd.IntN(5))
					var others []string
					for n > 6 && len(others) < 4 && rnd.IntN(3) == 0 { // also merges of more than two
						if id := all[rnd.IntN(len(all))]; !slices.Contains(others, id) && id != r.tip() {
							others = append(others, id)
						}
					}
					all = append(all, r.merge(others, text("f", fmt.Sprint(n))))
					if n == 25 || n == 50 || n == 60 { // the last commits are in no graph
						r.git(write...)
					}
				}
				checkReached(t, r, rnd, all)
			})
		}
	}
}

func checkReached(t *testing.T, r *sandbox, rnd *rand.Rand, all []string) {
	repo, err := gitstore.Open(r.path, gitstore.Options{Env: os.Getenv})
	if err != nil {
		t.Fatal(err)
	}
	defer repo.Close()
	cg, err := repo.OpenCommitGraph()
	if err != nil {
		t.Fatal(err)
	}
	defer cg.Close()
	if cg.Len() < 40 || cg.Len() == len(all) {
		t.Fatalf("the graph holds %d of %d commits: the test shows nothing", cg.Len(), len(all))
	}
	pick := func(n int) (ids []gitstore.ID) {
		for range n {
			id, err := gitstore.ParseID(all[rnd.IntN(len(all))])
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, id)
		}
		return ids
	}
	answers := map[bool]int{}
	for range 300 {
		bases, of := pick(rnd.IntN(3)), map[gitstore.ID]bool{}
		for _, id := range pick(1 + rnd.IntN(3)) {
			of[id] = true
		}
		full, err := history.Load(t.Context(), repo, repo.Objects.NewReader(1<<20), history.LoadOptions{Tips: bases, Problem: func(err error) { t.Error(err) }})
		if err != nil {
			t.Fatal(err)
		}
		want := false
		for id := range of {
			_, reached := full.Lookup(id)
			want = want || reached
		}
		given := slices.Clone(bases)
		got, err := history.Reached(t.Context(), repo, repo.Objects.NewReader(1<<20), cg, bases, of)
		if err != nil || got != want || !slices.Equal(bases, given) {
			t.Errorf("from %v to %v: %v, %v; want %v", bases, of, got, err, want)
		}
		answers[got]++
	}
	if answers[true] < 20 || answers[false] < 20 {
		t.Errorf("%v: the test shows little", answers)
	}
}

// A commit-graph that says that a base reaches what is new hides nothing.
func TestForgedCommitGraph(t *testing.T) {
	t.Parallel()
	r := newSandbox(t)
	r.base()
	r.base()
	base := r.tip()
	c := r.put("n.env", key(1))
	r.git("commit-graph", "write", "--reachable")
	path := filepath.Join(r.path, ".git/objects/info/commit-graph")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	place := func(id string) int { return bytes.Index(data, r.raw(id)) }
	names := place(base) // of the table of names; the data of a commit lies in another table, by the same order
	for _, id := range []string{c, r.rev(base + "~1")} {
		names = min(names, place(id))
	}
	entry := bytes.Index(data, r.raw(r.rev(base+"^{tree}"))) // the data of base
	binary.BigEndian.PutUint32(data[entry+20:], uint32(place(c)-names)/20)
	sum := sha1.Sum(data[:len(data)-20])
	copy(data[len(data)-20:], sum[:])
	os.Chmod(path, 0o644)
	writeFile(t, path, string(data))

	repo, err := gitstore.Open(r.path, gitstore.Options{Env: os.Getenv})
	if err != nil {
		t.Fatal(err)
	}
	defer repo.Close()
	cg, err := repo.OpenCommitGraph()
	if err != nil {
		t.Fatal(err)
	}
	defer cg.Close()
	of := map[gitstore.ID]bool{mustParse(t, c): true}
	if reached, err := history.Reached(t.Context(), repo, repo.Objects.NewReader(1<<20), cg, []gitstore.ID{mustParse(t, base)}, of); err != nil || !reached {
		t.Fatalf("the forged graph is no lie: %v, %v", reached, err)
	}
	r.opt.Since, r.opt.Branches = []string{base}, []string{"main"}
	r.expect(token(1), c, "n.env", 1, here)
	r.verify()
}

// raw returns the bytes of an object's name.
func (r *sandbox) raw(id string) []byte { return mustParse(r.t, id).AppendBytes(nil) }

func mustParse(t testing.TB, s string) gitstore.ID {
	t.Helper()
	id, err := gitstore.ParseID(s)
	if err != nil {
		t.Fatal(err)
	}
	return id
}
