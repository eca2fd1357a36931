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

// TestIndexDiff: comparing the index with a tree folder by folder finds what comparing the lists of their files finds, for random files with
// names that sort in surprising ways, files in the place of folders, submodules, and with and without trees that the index knows.
func TestIndexDiff(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(7, 11))
	names := []string{"a", "a.b", "a-b", "a0", "a/b", "a/b.c", "a/b/c", "ab/c", "A/x", "z", "z/y/x", "z/y.x", "z/y0/x", "é/ü", "m/n/o/p"}
	for round := range 12 {
		r := newSandbox(t)
		blobs := []string{r.blob("one\n"), r.blob("two\n"), r.blob("three\n")}
		entry := func(name string) string {
			if rnd.IntN(8) == 0 {
				return fmt.Sprintf("160000 %s\t%s\n", strings.Repeat("1", 40), name)
			}
			return fmt.Sprintf("%s %s\t%s\n", []string{"100644", "100755", "120000"}[rnd.IntN(3)], blobs[rnd.IntN(3)], name)
		}
		fill := func() {
			var in bytes.Buffer
			for _, n := range names {
				if rnd.IntN(2) == 0 {
					in.WriteString(entry(n))
				}
			}
			r.run(in.Bytes(), "update-index", "--add", "--replace", "--index-info")
		}
		fill()
		tree := strings.TrimSpace(string(r.run(nil, "write-tree")))
		commit := strings.TrimSpace(string(r.run(nil, "commit-tree", "-m", "x", tree)))
		r.git("update-ref", "refs/heads/main", commit)
		if round%3 > 0 {
			for range rnd.IntN(3) {
				fill()
			}
		}
		if round%2 > 0 {
			r.git("write-tree") // and the index knows its trees
		}
		repo, err := gitstore.Open(r.path, gitstore.Options{Env: os.Getenv})
		if err != nil {
			t.Fatal(err)
		}
		s := &scan{o: (&Options{Now: time.Now}).withDefaults(), cover: newCoverage(), repo: repo}
		w := &worker{s: s, reader: repo.Objects.NewReader(1 << 20)}
		w.differ = history.NewDiffer(w.reader, repo.Format, 1<<20)
		s.workers = []*worker{w}
		idx, err := repo.Index()
		if err != nil {
			t.Fatal(err)
		}
		id, err := gitstore.ParseID(tree)
		if err != nil {
			t.Fatal(err)
		}
		head := snapshot{}
		s.flatten(id, "", head)
		want := listed(snapshotDiff(head, s.staged(idx)))
		idx.Entries = slices.DeleteFunc(idx.Entries, func(e gitstore.IndexEntry) bool { return !isFileMode(e.Mode) })
		for _, known := range []*gitstore.CacheTree{idx.Trees, nil} {
			d := indexDiff{s: s}
			d.folder(idx.Entries, 0, id, known)
			if got := listed(d.visit); !slices.Equal(got, want) {
				t.Errorf("round %d, trees known: %v:\ngot  %q\nwant %q", round, known != nil, got, want)
			}
		}
		if round == 1 && idx.Trees.ID().IsZero() {
			t.Error("the index knows no tree after git write-tree")
		}
		repo.Close()
	}
}

// listed writes changes down, sorted by path.
func listed(diff history.DiffFunc) []string {
	var out []string
	diff(func(c history.Change) {
		out = append(out, fmt.Sprintf("%s %o %s %o %s", c.Path, c.OldMode, c.Old, c.NewMode, c.New))
	})
	slices.Sort(out)
	return out
}
