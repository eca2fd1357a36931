package scanner

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestPushMatchesReference: what a push brings is what the definition says of the commits that the remote does not have, though a hook
// reads a file as it was before only where the new one holds something.
func TestPushMatchesReference(t *testing.T) {
	t.Parallel()
	histories := 200
	if testing.Short() {
		histories = 30
	}
	const secrets = 4
	set := testRules(t)
	r := newGitRepo(t)
	r.git("remote", "add", "origin", "https://example.org/shop.git")
	found, clean := 0, 0
	for seed := range uint64(histories) {
		rnd := rand.New(rand.NewPCG(seed, 77))
		ref := r.pushHistory(rnd, 4+rnd.IntN(14), secrets)
		for n := range 2 {
			push, keep := randomPush(rnd, ref)
			got := mustRun(t, Options{Target: r.path, Workers: 1 + n%2, Rules: set, Hook: true, Push: push})
			want := ref.stories(secrets, keep)
			for s, st := range want { // a hook does not work out what became of a secret
				st.AtHead, st.Removed = false, ""
				want[s] = st
			}
			if d := cmp.Diff(want, got.stories()); d != "" {
				t.Fatalf("history %d, push %d: %+v differs from the reference (-want +got):\n%s", seed, n, push, d)
			}
			if !got.coverage.Complete {
				t.Fatalf("history %d, push %d is incomplete: %v", seed, n, got.coverage.Skipped)
			}
			if len(want) > 0 {
				found++
			} else {
				clean++
			}
		}
	}
	if found < histories/2 || clean < histories/10 {
		t.Errorf("%d pushes brought a secret and %d none: the test shows too little", found, clean)
	}
}

// pushHistory puts a random history in place of the one that is there, with some refs that follow the remote. The reference is what was made,
// not what git reads.
func (r *gitRepo) pushHistory(rnd *rand.Rand, n, secrets int) *reference {
	r.t.Helper()
	if err := os.RemoveAll(filepath.Join(r.path, ".git", "refs")); err != nil {
		r.t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(r.path, ".git", "refs", "heads"), 0o755); err != nil {
		r.t.Fatal(err)
	}
	var in bytes.Buffer
	made := randomCommits(&in, rnd, n, secrets)
	marks := filepath.Join(r.path, ".git", "marks")
	r.run(in.Bytes(), "fast-import", "--quiet", "--force", "--date-format=raw-permissive", "--export-marks="+marks)
	data, err := os.ReadFile(marks)
	if err != nil {
		r.t.Fatal(err)
	}
	ids := make([]string, n)
	for line := range strings.Lines(string(data)) {
		var mark int
		var id string
		if _, err := fmt.Sscanf(line, ":%d %s", &mark, &id); err != nil {
			r.t.Fatal(err)
		}
		ids[mark-1] = id
	}
	if err := os.RemoveAll(filepath.Join(r.path, ".git", "refs", "heads")); err != nil {
		r.t.Fatal(err)
	}
	ref := &reference{commits: map[string]*refCommit{}, blobs: map[string]map[string]bool{}}
	for i, m := range made {
		c := &refCommit{id: ids[i], time: int64(m.time), files: map[string]string{}}
		for _, p := range m.parents {
			c.parents = append(c.parents, ids[p])
		}
		for path, f := range m.tree {
			sum := sha1.Sum([]byte(f.content))
			blob := hex.EncodeToString(sum[:])
			c.files[path] = f.mode + " " + blob
			ref.blobs[blob] = map[string]bool{}
			for n := range secrets {
				if strings.Contains(f.content, token(n)) {
					ref.blobs[blob][token(n)] = true
				}
			}
		}
		ref.commits[c.id] = c
		ref.order = append(ref.order, c.id)
	}
	ref.head = ids[n-1-rnd.IntN(min(3, n))]
	r.writeRef("refs/heads/main", ref.head)
	for i := range rnd.IntN(3) {
		name := fmt.Sprintf("refs/remotes/origin/r%d", i)
		ref.followed = append(ref.followed, ids[rnd.IntN(n)])
		r.writeRef(name, ref.followed[i])
	}
	return ref
}

func (r *gitRepo) writeRef(name, id string) {
	r.t.Helper()
	file := filepath.Join(r.path, ".git", filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(id+"\n"), 0o644); err != nil {
		r.t.Fatal(err)
	}
}

// randomPush makes a push of one or two refs, new, forced or deleted ones among them, and says which commits it brings.
func randomPush(rnd *rand.Rand, ref *reference) (*Push, func(id string) bool) {
	zero, unknown := strings.Repeat("0", 40), strings.Repeat("1", 40)
	any := func() string { return ref.order[rnd.IntN(len(ref.order))] }
	p := &Push{Remote: "origin", URL: "https://example.org/shop.git", Received: rnd.IntN(4) == 0}
	bases := slices.Clone(ref.followed)
	if p.Received {
		bases = append(bases, ref.head)
	}
	var tips []string
	for n := range 1 + rnd.IntN(2) {
		name := fmt.Sprintf("refs/heads/p%d", n)
		u := Update{Name: name, Ref: name, Old: zero, New: any()}
		switch rnd.IntN(6) {
		case 0:
			u.Old = unknown // somebody else pushed meanwhile
		case 1, 2, 3:
			u.Old = any()
			bases = append(bases, u.Old)
		}
		if u.Old != zero && rnd.IntN(8) == 0 {
			u.New = zero
		} else {
			tips = append(tips, u.New)
		}
		p.Updates = append(p.Updates, u)
	}
	reached := func(from []string, id string) bool {
		return slices.ContainsFunc(from, func(f string) bool { return ref.reaches(f, id) })
	}
	return p, func(id string) bool { return reached(tips, id) && !reached(bases, id) }
}
