package scanner

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"mudlark/scanner/gitstore"
	"mudlark/scanner/history"
)

// TestLoadRange: read from its new end, a range holds every commit of it, whatever the clocks were, and exactly those once it is confirmed.
func TestLoadRange(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(3, 5))
	larger, short := 0, 0
	for round := range 6 {
		r := newSandbox(t)
		var all []string
		for n := range 60 {
			r.ref = fmt.Sprintf("refs/heads/b%d", rnd.IntN(4))
			when := 1_700_000_000 + int64(n)*200_000
			if rnd.IntN(3) == 0 {
				when = 1_600_000_000 + rnd.Int64N(200_000_000)
			}
			var others []string
			if n > 3 && rnd.IntN(3) == 0 {
				others = []string{all[rnd.IntN(len(all))]}
			}
			all = append(all, r.merge(others, dated(when), text("f", fmt.Sprint(n))))
		}
		repo, err := gitstore.Open(r.path, gitstore.Options{Env: os.Getenv})
		if err != nil {
			t.Fatal(err)
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
		for range 20 {
			o := history.LoadOptions{Tips: pick(1 + rnd.IntN(3)), Bases: pick(rnd.IntN(3)), Problem: func(err error) { t.Error(err) }}
			full, err := history.Load(t.Context(), repo, repo.Objects.NewReader(1<<20), o)
			if err != nil {
				t.Fatal(err)
			}
			read := o
			if len(o.Bases) > 0 && rnd.IntN(2) == 0 { // as a base that is noticed when the walk comes to it
				noticed := o.Bases[0]
				read.Bases, read.Known = o.Bases[1:], func(id gitstore.ID) bool { return id == noticed }
			}
			part, exact, err := history.LoadRange(t.Context(), repo, repo.Objects.NewReader(1<<20), read)
			if err != nil {
				t.Fatal(err)
			}
			want, got := inRange(full), inRange(part)
			for _, id := range want {
				if !slices.Contains(got, id) {
					t.Fatalf("round %d: commit %s is missing", round, id)
				}
			}
			if exact && read.Known == nil && len(got) != len(want) {
				t.Errorf("round %d: %d commits are said to be exact; want %d", round, len(got), len(want))
			}
			if len(got) > len(want) {
				larger++
			}
			if part.Len() < full.Len() {
				short++
			}
			part.Confirm(full)
			if got := inRange(part); !slices.Equal(got, want) {
				t.Errorf("round %d: confirmed: %v\nwant %v", round, got, want)
			}
		}
		repo.Close()
	}
	if larger == 0 || short == 0 {
		t.Errorf("%d ranges had to be confirmed and %d were read in part: the test shows nothing", larger, short)
	}
}

// inRange returns the commits of a graph's range, by name.
func inRange(g *history.Graph) (ids []string) {
	for c := range int32(g.Len()) {
		if g.InRange(c) {
			ids = append(ids, g.ID(c).String())
		}
	}
	slices.Sort(ids)
	return ids
}

// TestPushManyRefs: of more refs than are followed, those left over are asked when something is found.
func TestPushManyRefs(t *testing.T) {
	t.Parallel()
	zero := "0000000000000000000000000000000000000000"
	runScenarios(t, []scenario{
		{"an old secret that only a ref far down the list reaches", func(r *sandbox) {
			var many bytes.Buffer
			for n := range maxFollowed + 5 {
				fmt.Fprintf(&many, "commit refs/changes/%04d\ncommitter C <c@example.org> %d +0000\ndata 1\nx\n\n", n, 1_600_000_000+n)
			}
			r.run(many.Bytes(), "fast-import", "--quiet")
			r.ref = "refs/heads/side"
			old := r.put("old.env", key(8))
			r.git("update-ref", "refs/changes/9999", r.commit(text("more", "x")))
			r.git("update-ref", "-d", "refs/heads/side")
			r.ref = "refs/scratch/push"
			r.git("update-ref", r.ref, old)
			r.heads[r.ref] = old
			tip := r.put("new.env", key(1))
			r.git("update-ref", "-d", r.ref)
			r.opt.Hook = true
			r.opt.Push = &Push{Received: true, Updates: []Update{{Name: "refs/heads/new", Ref: "refs/heads/new", Old: zero, New: tip}}}
			r.expect(token(1), tip, "new.env", 1, anyHead)
		}},
		{"a ref to a blob", func(r *sandbox) {
			r.put("README.md", "start\n")
			blob := r.blob(key(2))
			r.opt.Hook = true
			r.opt.Push = &Push{Received: true, Updates: []Update{{Name: "refs/x/blob", Ref: "refs/x/blob", Old: zero, New: blob}}}
			r.expect(token(2), "", "", 1, anyHead)
		}},
	})
}

// TestPushStopsInTime: a tree that names a few objects at a billion paths does not hold up a push beyond its time.
func TestPushStopsInTime(t *testing.T) {
	t.Parallel()
	r := newSandbox(t)
	tree := func(mode, kind, id string) string {
		var in bytes.Buffer
		for n := range 10 {
			fmt.Fprintf(&in, "%s %s %s\t%d\n", mode, kind, id, n)
		}
		return strings.TrimSpace(string(r.run(in.Bytes(), "mktree")))
	}
	id := tree("100644", "blob", r.blob("x\n"))
	for range 9 {
		id = tree("040000", "tree", id)
	}
	tip := strings.TrimSpace(string(r.run(nil, "commit-tree", "-m", "x", id)))
	r.opt.Hook, r.opt.Timeout = true, 200*time.Millisecond
	r.opt.Push = &Push{Received: true, Updates: []Update{{Name: "refs/heads/x", Ref: "refs/heads/x", Old: strings.Repeat("0", 40), New: tip}}}
	r.skipped = []string{interrupted}
	started := time.Now()
	r.verify()
	if took := time.Since(started); took > 5*time.Second*slow {
		t.Errorf("took %v", took)
	}
}
