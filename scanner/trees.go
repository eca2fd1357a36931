package scanner

import (
	"context"
	"strings"

	"mudlark/scanner/gitstore"
	"mudlark/scanner/history"
)

// sparseHistory is how many times as many objects as commits a store may have for all of its trees to be read: with more, most of
// them are of no concern here, as in a small fork that borrows the objects of a large repository.
const sparseHistory = 64

// treesRead is what history.ReadTrees returned.
type treesRead struct {
	trees *history.Trees
	err   error
}

// readTrees reads the trees in packs in the background. It is called when the commits were read, which may still have to be put in
// order.
func (s *scan) readTrees(ctx context.Context) {
	if s.trees != nil || s.inPart() {
		return
	}
	ready := make(chan treesRead, 1)
	s.trees = ready
	o := history.TreesOptions{Workers: len(s.workers), Budget: s.o.Memory / 2, Limit: s.o.Memory / 4, MaxObjects: sparseHistory * max(s.commitsRead(), 1024)}
	numbers := s.objectNumbers()
	go func() {
		trees, err := history.ReadTrees(ctx, s.repo, numbers, o)
		ready <- treesRead{trees, err}
	}()
}

// commitsRead returns how many commits are known.
func (s *scan) commitsRead() int {
	if s.commits == nil {
		return s.graph.Len()
	}
	return s.commits.Len()
}

// inPart reports whether the options ask for a part of the history, or of its paths.
func (s *scan) inPart() bool {
	return s.rangeMode() || s.o.MaxDepth > 0 || !s.o.After.IsZero() || !s.o.Before.IsZero() || s.include != nil || s.o.Push != nil
}

// allTrees reads the trees of the whole history by way of the store's own deltas, which names the blobs and the paths to examine
// and checks that all trees are there. It returns false, and has done nothing, if that can only be told by comparing the trees
// of each commit with those of its parent.
func (s *scan) allTrees(ctx context.Context) bool {
	if s.inPart() || !s.whole || !s.exact {
		return false
	}
	s.readTrees(ctx)
	read := <-s.trees
	s.trees = nil
	reach, err := (*history.Reach)(nil), read.err
	if err == nil {
		reach, err = read.trees.Reach(ctx, s.graph, s.readers())
	}
	switch {
	case err != nil:
		s.cover.skip(interrupted, "trees", "stopped while the trees were being read")
		return true
	case reach == nil:
		return false
	}
	reach.Blobs(func(id gitstore.ID) { s.blobs.Number(id) })
	visit := s.workers[0].pathVisitor()
	reach.Paths(func(path []byte) {
		if ctx.Err() == nil {
			visit(path)
		}
	})
	s.cover.reached(reach)
	s.reach = reach
	return true
}

func (s *scan) readers() []*gitstore.Reader {
	list := make([]*gitstore.Reader, len(s.workers))
	for i, w := range s.workers {
		list[i] = w.reader
	}
	return list
}

// changed returns what is known of the changes of commits, nil if that is nothing.
func (s *scan) changed() history.Source {
	switch {
	case s.changes != nil:
		return s.changes
	case s.reach == nil:
		return nil
	}
	names := map[string]bool{}
	s.paths.each(func(path string) { names[path[strings.LastIndexByte(path, '/')+1:]] = true })
	marked := s.reach.Mark(s.interesting, func(name string) bool { return names[name] })
	if marked == nil {
		s.compareTrees(context.Background())
		return s.changes
	}
	return marked
}
