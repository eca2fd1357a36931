package history

import (
	"bytes"
	"context"
	"fmt"

	"mudlark/scanner/gitstore"
)

// None is the number of no commit: the parent of a root.
const None = int32(-1)

// Graph is a set of commits numbered from 0, parents before children, and among commits that are free to come next by
// (committer time, id). The numbering does not depend on how the repository is stored.
type Graph struct {
	commits []node
	index   map[gitstore.ID]int32
}

type node struct {
	id, tree gitstore.ID
	parents  []int32
	time     int64
	flags    nodeFlag
}

type nodeFlag uint8

const (
	reachesTip nodeFlag = 1 << iota // reachable from a tip
	excluded                        // reachable from a base
	boundary                        // a shallow boundary: its parents are cut off
	orphaned                        // a parent commit could not be read
	quiet                           // nothing is to be said of its texts
)

// Len returns the number of commits.
func (g *Graph) Len() int { return len(g.commits) }

// Lookup returns the number of the commit with the given id.
func (g *Graph) Lookup(id gitstore.ID) (int32, bool) {
	n, ok := g.index[id]
	return n, ok
}

// ID returns the name of commit c.
func (g *Graph) ID(c int32) gitstore.ID { return g.commits[c].id }

// Tree returns the tree of commit c, the zero ID for None.
func (g *Graph) Tree(c int32) gitstore.ID {
	if c == None {
		return gitstore.ID{}
	}
	return g.commits[c].tree
}

// Parents returns the numbers of c's parents that could be read. The caller must not change them.
func (g *Graph) Parents(c int32) []int32 { return g.commits[c].parents }

// FirstParent returns c's first parent, or None.
func (g *Graph) FirstParent(c int32) int32 {
	if p := g.commits[c].parents; len(p) > 0 {
		return p[0]
	}
	return None
}

// Time returns c's committer time in seconds since 1970.
func (g *Graph) Time(c int32) int64 { return g.commits[c].time }

// Boundary reports whether c is a shallow boundary.
func (g *Graph) Boundary(c int32) bool { return g.commits[c].flags&boundary != 0 }

// Orphaned reports whether a parent of c could not be read, so that what c introduces is uncertain.
func (g *Graph) Orphaned(c int32) bool { return g.commits[c].flags&orphaned != 0 }

// Quiet reports whether CommitsOptions.Quiet was true for c. It is false where that was not called.
func (g *Graph) Quiet(c int32) bool { return g.commits[c].flags&quiet != 0 }

// InRange reports whether c is reachable from a tip and from no base.
func (g *Graph) InRange(c int32) bool {
	return g.commits[c].flags&(reachesTip|excluded) == reachesTip
}

// Less orders commits by (committer time, id).
func (g *Graph) Less(a, b int32) bool {
	x, y := &g.commits[a], &g.commits[b]
	if x.time != y.time {
		return x.time < y.time
	}
	return x.id.Compare(y.id) < 0
}

// newer orders commits by committer time, the newest first, and then by id.
func (g *Graph) newer(a, b int32) bool {
	x, y := &g.commits[a], &g.commits[b]
	if x.time != y.time {
		return x.time > y.time
	}
	return x.id.Compare(y.id) < 0
}

// LoadOptions says which commits a graph holds.
type LoadOptions struct {
	Tips  []gitstore.ID // commits
	Bases []gitstore.ID // commits; whatever they reach is excluded
	// Known, for LoadRange, says of a commit that a tip reaches that it is a base, too: for bases that are too many to be read all.
	Known func(gitstore.ID) bool
	// Problem is told of every commit that could not be read.
	Problem func(error)
	// ReadAll, if set, is called once when ReadAllAfter commits were read one by one and there are more. It returns what is known
	// of the others; those that are not among them are still read one by one. The error is that of ctx.
	ReadAll      func() (*Commits, error)
	ReadAllAfter int
}

// Load reads every commit that is reachable from the tips and bases. Replacements and grafts are not applied; shallow
// boundaries are honoured. The error is that of ctx.
func Load(ctx context.Context, repo *gitstore.Repo, r *gitstore.Reader, o LoadOptions) (*Graph, error) {
	l := loader{repo: repo, reader: r, o: o, g: &Graph{index: map[gitstore.ID]int32{}}, unreadable: map[gitstore.ID]bool{}}
	for _, ids := range [][]gitstore.ID{o.Tips, o.Bases} {
		if err := l.walk(ctx, ids); err != nil {
			return nil, err
		}
	}
	l.link()
	l.g.number()
	l.g.paint(o.Tips, reachesTip)
	l.g.paint(o.Bases, excluded)
	return l.g, nil
}

type loader struct {
	repo       *gitstore.Repo
	reader     *gitstore.Reader
	o          LoadOptions
	g          *Graph
	known      *Commits
	parents    [][]gitstore.ID
	unreadable map[gitstore.ID]bool
}

// walk reads all commits reachable from ids that are not in the graph yet.
func (l *loader) walk(ctx context.Context, ids []gitstore.ID) error {
	var stack []gitstore.ID
	for i := len(ids) - 1; i >= 0; i-- {
		stack = append(stack, ids[i])
	}
	for n := 0; len(stack) > 0; n++ {
		if n%256 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		id := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if _, seen := l.g.index[id]; seen || l.unreadable[id] {
			continue
		}
		if l.known == nil && l.o.ReadAll != nil && len(l.g.commits) >= l.o.ReadAllAfter {
			var err error
			if l.known, err = l.o.ReadAll(); err != nil {
				return err
			}
		}
		parents, ok := l.read(id)
		if !ok {
			l.unreadable[id] = true
			continue
		}
		stack = append(stack, parents...)
	}
	return nil
}

// read adds one commit to the graph and returns its parents' ids.
func (l *loader) read(id gitstore.ID) ([]gitstore.ID, bool) {
	n := node{id: id}
	var parents []gitstore.ID
	if c := l.known.get(id); c != nil {
		n.tree, n.time, parents = c.tree, c.time, c.parents
		if c.quiet {
			n.flags = quiet
		}
	} else {
		c, err := l.readOne(id)
		if err != nil {
			l.o.Problem(err)
			return nil, false
		}
		n.tree, n.time, parents = c.Tree, c.Committer.When.Unix(), c.Parents
	}
	if n.tree.IsZero() {
		l.o.Problem(nullName(n.tree, "commit "+id.String()))
	}
	if l.repo.Shallow[id] {
		n.flags |= boundary
		parents = nil
	}
	l.g.index[id] = int32(len(l.g.commits))
	l.g.commits = append(l.g.commits, n)
	l.parents = append(l.parents, parents)
	return parents, true
}

// readOne reads a commit.
func (l *loader) readOne(id gitstore.ID) (*gitstore.CommitObject, error) {
	typ, data, err := l.reader.Read(id)
	if err != nil {
		return nil, err
	}
	if typ != gitstore.Commit {
		return nil, &gitstore.Error{Class: gitstore.Damaged, What: id.String(), Why: fmt.Sprintf("is a %s where a commit is expected", typ)}
	}
	c, err := gitstore.ParseCommit(data, l.repo.Format)
	if err != nil {
		return nil, &gitstore.Error{Class: gitstore.Damaged, What: id.String(), Why: "commit: " + err.Error()}
	}
	return c, nil
}

// link turns the parents' ids into numbers.
func (l *loader) link() {
	total := 0
	for _, ps := range l.parents {
		total += len(ps)
	}
	arena := make([]int32, 0, total)
	for i, ps := range l.parents {
		from := len(arena)
		for _, p := range ps {
			if n, ok := l.g.index[p]; ok {
				if !containsCommit(arena[from:], n) {
					arena = append(arena, n)
				}
			} else {
				l.g.commits[i].flags |= orphaned
			}
		}
		l.g.commits[i].parents = arena[from:len(arena):len(arena)]
	}
	l.parents = nil
}

func containsCommit(s []int32, c int32) bool {
	for _, x := range s {
		if x == c {
			return true
		}
	}
	return false
}

// number renumbers the commits: parents before children, then by (committer time, id). Object names make cycles
// impossible, so every commit gets its turn.
func (g *Graph) number() {
	n := len(g.commits)
	waiting := make([]int32, n) // parents not yet numbered
	children := childLists(g)
	ready := queue[int32]{less: g.Less}
	for c := range g.commits {
		waiting[c] = int32(len(g.commits[c].parents))
		if waiting[c] == 0 {
			ready.push(int32(c))
		}
	}
	newNumber := make([]int32, n)
	order := make([]int32, 0, n)
	for ready.Len() > 0 {
		c := ready.take()
		newNumber[c] = int32(len(order))
		order = append(order, c)
		for _, child := range children.of(c) {
			if waiting[child]--; waiting[child] == 0 {
				ready.push(child)
			}
		}
	}
	commits := make([]node, 0, n)
	for _, c := range order {
		nd := g.commits[c]
		for i, p := range nd.parents {
			nd.parents[i] = newNumber[p]
		}
		g.index[nd.id] = int32(len(commits))
		commits = append(commits, nd)
	}
	g.commits = commits
}

// childList holds, for every commit, the commits that have it as a parent.
type childList struct {
	start []int32
	list  []int32
}

func childLists(g *Graph) childList {
	start := make([]int32, len(g.commits)+1)
	for c := range g.commits {
		for _, p := range g.commits[c].parents {
			start[p+1]++
		}
	}
	for i := 1; i < len(start); i++ {
		start[i] += start[i-1]
	}
	list := make([]int32, start[len(start)-1])
	next := append([]int32(nil), start...)
	for c := range g.commits {
		for _, p := range g.commits[c].parents {
			list[next[p]] = int32(c)
			next[p]++
		}
	}
	return childList{start, list}
}

func (l childList) of(c int32) []int32 { return l.list[l.start[c]:l.start[c+1]] }

// paint sets flag on every commit reachable from ids.
func (g *Graph) paint(ids []gitstore.ID, flag nodeFlag) {
	for _, id := range ids {
		if c, ok := g.index[id]; ok {
			g.commits[c].flags |= flag
		}
	}
	for c := len(g.commits) - 1; c >= 0; c-- {
		if g.commits[c].flags&flag != 0 {
			for _, p := range g.commits[c].parents {
				g.commits[p].flags |= flag
			}
		}
	}
}

// ReachableFrom returns the set of commits reachable from c, itself included.
func (g *Graph) ReachableFrom(commits ...int32) []bool {
	in := make([]bool, len(g.commits))
	for _, c := range commits {
		if c != None {
			in[c] = true
		}
	}
	for c := len(in) - 1; c >= 0; c-- {
		if in[c] {
			for _, p := range g.commits[c].parents {
				in[p] = true
			}
		}
	}
	return in
}

// Newest returns the first n of the given commits in the order children before parents, then committer time descending,
// then id: what --max-depth keeps.
func (g *Graph) Newest(selected []bool, n int) []bool {
	children := childLists(g)
	waiting := make([]int32, len(selected))
	newest := queue[int32]{less: g.newer}
	for c := range selected {
		if !selected[c] {
			continue
		}
		for _, child := range children.of(int32(c)) {
			if selected[child] {
				waiting[c]++
			}
		}
		if waiting[c] == 0 {
			newest.push(int32(c))
		}
	}
	keep := make([]bool, len(selected))
	for ; n > 0 && newest.Len() > 0; n-- {
		c := newest.take()
		keep[c] = true
		for _, p := range g.commits[c].parents {
			if selected[p] {
				if waiting[p]--; waiting[p] == 0 {
					newest.push(p)
				}
			}
		}
	}
	return keep
}

// compareNames orders tree entries as Git sorts them: a directory's name counts as if it ended in '/'.
func compareNames(a []byte, aDir bool, b []byte, bDir bool) int {
	n := min(len(a), len(b))
	if c := bytes.Compare(a[:n], b[:n]); c != 0 {
		return c
	}
	return int(nextByte(a, n, aDir)) - int(nextByte(b, n, bDir))
}

func nextByte(name []byte, i int, dir bool) byte {
	switch {
	case i < len(name):
		return name[i]
	case dir:
		return '/'
	}
	return 0
}
