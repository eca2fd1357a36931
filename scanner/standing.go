package scanner

import (
	"fmt"
	"slices"
	"strings"

	"mudlark/scanner/gitstore"
	"mudlark/scanner/history"
)

// standing says which items stand in the trees of commits.
type standing interface {
	holds(commit gitstore.ID, n history.Item) bool
	// items returns the items in the commit's tree, ascending.
	items(commit gitstore.ID) []history.Item
	// removals returns, by item, those of the marked commits that took the item out of a parent's tree.
	removals(marked []bool, steps []history.Step) map[history.Item][]int32
}

// allKnown answers from the sums of all changes: for scans of a whole history.
type allKnown struct {
	s *scan
	p *history.Presence
	t *byTree
}

func (a *allKnown) holds(commit gitstore.ID, n history.Item) bool {
	if c, ok := a.s.graph.Lookup(commit); ok {
		return a.p.Holds(c, n)
	}
	return a.trees().holds(commit, n)
}

func (a *allKnown) items(commit gitstore.ID) (out []history.Item) {
	c, ok := a.s.graph.Lookup(commit)
	if !ok {
		return a.trees().items(commit)
	}
	a.p.Items(c, func(n history.Item) { out = append(out, n) })
	return out
}

// trees answers for commits outside the graph: HEAD, when only branches were asked for.
func (a *allKnown) trees() *byTree {
	if a.t == nil {
		a.t = &byTree{s: a.s, memo: map[string][]history.Item{}}
	}
	return a.t
}

func (a *allKnown) removals(marked []bool, _ []history.Step) map[history.Item][]int32 {
	out := map[history.Item][]int32{}
	for n, commits := range a.p.Removals(a.s.graph, marked, a.s.items.len()) {
		if len(commits) > 0 {
			out[history.Item(n)] = commits
		}
	}
	return out
}

// byTree answers by examining whole trees, each directory once: for scans of a part of the history.
type byTree struct {
	s    *scan
	memo map[string][]history.Item // by tree id and, where paths matter, path
	// of returns the items of a file that count; nil for all of them.
	of func(b history.Blob, path []byte) []history.Item
	// crowded: memo has become so large that a tree is examined at one of its paths only.
	crowded bool
}

// maxTreePaths bounds byTree.memo: where paths matter, a tree may stand at more of them than can be visited.
const maxTreePaths = 1 << 18

func (t *byTree) holds(commit gitstore.ID, n history.Item) bool {
	_, ok := slices.BinarySearch(t.items(commit), n)
	return ok
}

func (t *byTree) items(commit gitstore.ID) []history.Item {
	w := t.s.workers[0]
	data, err := w.read(commit, gitstore.Commit)
	if err != nil {
		t.s.cover.problem(err)
		return nil
	}
	c, err := gitstore.ParseCommit(data, t.s.repo.Format)
	if err != nil {
		return nil
	}
	return t.tree(c.Tree, "", 0)
}

// tree returns the items below the tree id, which stands at the path prefix.
func (t *byTree) tree(id gitstore.ID, prefix string, depth int) []history.Item {
	key := id.String()
	if t.s.pathRules || t.s.include != nil || len(t.s.paths.m) > 0 {
		if !t.crowded && len(t.memo) >= maxTreePaths {
			t.crowded = true
			t.s.cover.skip(string(gitstore.Limit), "tree", fmt.Sprintf("more than %d directories in one commit; repeated ones are read once only", maxTreePaths))
		}
		if !t.crowded {
			key += prefix
		}
	}
	if known, ok := t.memo[key]; ok || depth > 2048 {
		return known
	}
	t.memo[key] = nil
	w := t.s.workers[0]
	data, err := w.read(id, gitstore.Tree)
	if err != nil {
		t.s.cover.problem(err)
		return nil
	}
	data = slices.Clone(data)
	var out []history.Item
	for it := gitstore.NewTreeIter(data, t.s.repo.Format); it.Next(); {
		path := prefix + string(it.Name)
		switch it.Mode & 0o170000 {
		case 0o040000:
			out = append(out, t.tree(it.ID, path+"/", depth+1)...)
		case 0o100000, 0o120000:
			out = append(out, t.file(it.ID, path)...)
		}
	}
	slices.Sort(out)
	out = slices.Compact(out)
	t.memo[key] = out
	return out
}

func (t *byTree) file(id gitstore.ID, path string) []history.Item {
	if t.s.include != nil && !t.s.include([]byte(path)) {
		return nil
	}
	if t.of != nil {
		return t.of(t.s.blobs.Number(id), []byte(path))
	}
	v := view{t.s.workers[0]}
	if id.IsZero() {
		t.s.cover.problem(&gitstore.Error{Class: gitstore.Missing, What: id.String(), Why: "a tree holds the null object name"})
	}
	items, _ := v.Blob(t.s.blobs.Number(id), []byte(path))
	return slices.Concat(items, v.Path([]byte(path)))
}

// removals takes the items that the steps saw on a parent's side, and keeps the commits whose own tree does not hold them.
func (t *byTree) removals(marked []bool, steps []history.Step) map[history.Item][]int32 {
	out := map[history.Item][]int32{}
	for _, st := range steps {
		if !marked[st.Commit] || len(st.Gone) == 0 {
			continue
		}
		own := t.items(t.s.graph.ID(st.Commit))
		for _, n := range st.Gone {
			if _, holds := slices.BinarySearch(own, n); !holds && t.s.wanted(n) {
				out[n] = append(out[n], st.Commit)
			}
		}
	}
	return out
}

func isBranchOrTag(name string) bool {
	return strings.HasPrefix(name, "refs/heads/") || strings.HasPrefix(name, "refs/remotes/") || strings.HasPrefix(name, "refs/tags/")
}
