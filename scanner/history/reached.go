package history

import (
	"context"
	"errors"

	"mudlark/scanner/gitstore"
)

// Reached reports whether one of the commits of, by name, is reached from a base, as far as a commit-graph tells: the graph is asked about
// the commits that it holds, the others are read. If it is wrong, so may the answer be; an error says that there is none.
func Reached(ctx context.Context, repo *gitstore.Repo, r *gitstore.Reader, cg *gitstore.CommitGraph, bases []gitstore.ID, of map[gitstore.ID]bool) (bool, error) {
	w := ancestry{cg: cg, sought: map[int]bool{}, seen: make(bitset, (cg.Len()+63)/64)}
	for id := range of {
		pos, ok, err := cg.Position(id)
		if err != nil {
			return false, err
		}
		if ok {
			w.sought[pos] = true
		}
	}
	l := loader{repo: repo, reader: r}
	read := map[gitstore.ID]bool{}
	for stack := bases; len(stack) > 0; {
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		id := stack[len(stack)-1]
		stack = stack[: len(stack)-1 : len(stack)-1] // the caller keeps its list
		pos, ok, err := cg.Position(id)
		switch {
		case err != nil:
			return false, err
		case read[id]:
			continue
		case of[id]:
			return true, nil
		case ok:
			if found, err := w.follow(ctx, pos); found || err != nil {
				return found, err
			}
			continue
		}
		read[id] = true
		c, err := l.readOne(id)
		if err != nil {
			return false, err
		}
		stack = append(stack, c.Parents...)
	}
	return false, nil
}

// maxWaiting is how many times as many commits may wait to be followed as the graph has: parents are few, but those of a damaged graph.
const maxWaiting = 8

var errManyParents = errors.New("commit-graph names too many parents")

// ancestry is a walk through a commit-graph.
type ancestry struct {
	cg     *gitstore.CommitGraph
	sought map[int]bool
	seen   bitset
	stack  []int
}

// follow reports whether the commit at a position reaches one that is sought. The graph holds all that its commits reach, so there is nothing
// to follow if it holds none that is sought.
func (w *ancestry) follow(ctx context.Context, pos int) (bool, error) {
	if len(w.sought) == 0 {
		return false, nil
	}
	w.stack = append(w.stack[:0], pos)
	for n := 0; len(w.stack) > 0; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return false, ctx.Err()
		}
		pos := w.stack[len(w.stack)-1]
		w.stack = w.stack[:len(w.stack)-1]
		if !w.seen.add(uint32(pos)) {
			continue
		}
		if w.sought[pos] {
			return true, nil
		}
		var err error
		if w.stack, err = w.cg.AppendParents(w.stack, pos); err != nil {
			return false, err
		}
		if len(w.stack) > maxWaiting*w.cg.Len() {
			return false, errManyParents
		}
	}
	return false, nil
}
