package history

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mudlark/scanner/gitstore"
)

// describe lists what a graph says of its commits.
func (g *Graph) describe() []string {
	var out []string
	for c := range int32(g.Len()) {
		var parents []string
		for _, p := range g.Parents(c) {
			parents = append(parents, g.ID(p).String())
		}
		out = append(out, fmt.Sprint(g.ID(c), g.Tree(c), g.Time(c), parents, g.Boundary(c), g.Orphaned(c), g.InRange(c)))
	}
	return out
}

// Reading all commits of the packs at once, at whatever point, gives the graph that following parents gives.
func TestReadingCommitsAtOnceGivesTheSameGraph(t *testing.T) {
	t.Parallel()
	for name, pack := range packings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rnd := rand.New(rand.NewPCG(5, 13))
			r := newGitDir(t)
			n := 20 + rnd.IntN(60)
			r.randomTrees(rnd, n)
			r.keepSome(rnd, n)
			pack(r)
			repo, g := r.load()
			numbers := repo.Objects.Numbers()
			for _, after := range []int{0, 1, 10} {
				packed := 0
				at, err := Load(context.Background(), repo, repo.Objects.NewReader(1<<20), LoadOptions{
					Tips: tipsOf(g), Problem: func(err error) { t.Error(err) }, ReadAllAfter: after,
					ReadAll: func() (*Commits, error) {
						cs, err := ReadCommits(context.Background(), repo, numbers, CommitsOptions{Workers: 2,
							Quiet: func(_ int, c *gitstore.CommitObject) bool { return c.Committer.When.Unix()%2 == 0 }})
						packed = cs.Len()
						return cs, err
					},
				})
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(g.describe(), at.describe()); diff != "" {
					t.Fatalf("after %d commits: -one by one +at once\n%s", after, diff)
				}
				if (packed == 0) != (name == "loose") {
					t.Fatalf("%d commits are in packs", packed)
				}
				quiet := 0
				for c := range int32(at.Len()) {
					if at.Quiet(c) {
						quiet++
						if at.Time(c)%2 != 0 {
							t.Fatalf("commit %d passes for quiet", c)
						}
					}
				}
				if quiet == 0 && packed > 0 && after == 0 {
					t.Fatal("no commit is quiet")
				}
			}
		})
	}
}

// tipsOf returns the commits of a graph that have no child in it.
func tipsOf(g *Graph) []gitstore.ID {
	var tips []gitstore.ID
	for c := range int32(g.Len()) {
		if !slices.ContainsFunc(g.commits, func(n node) bool { return slices.Contains(n.parents, c) }) {
			tips = append(tips, g.ID(c))
		}
	}
	return tips
}
