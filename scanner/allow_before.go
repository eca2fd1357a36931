package scanner

import (
	"context"
	"fmt"

	"mudlark/scanner/gitstore"
	"mudlark/scanner/history"
)

// statesBefore returns the commits that hold the states before the change: for the index HEAD and what is being merged; for a range what
// it is compared with; for a push what the refs were before; and for both where the change was begun. unread says why not all of them
// are known; "" if they are.
func (s *scan) statesBefore() (commits []gitstore.ID, unread string) {
	if s.o.Staged {
		if _, head, ok := s.repo.Head(); ok {
			commits = append(append(commits, head), s.mergeHeads()...)
		}
		return commits, ""
	}
	if s.o.Push != nil {
		commits, unread = s.refsBefore()
	} else {
		commits = append(commits, s.toLoad.Bases...)
	}
	begun, whole := s.begunAt()
	if !whole {
		return commits, "the history of this clone is cut off"
	}
	if len(begun) > 0 {
		unread = "" // what somebody else has put there meanwhile is not in the change
	}
	return append(commits, begun...), unread
}

// refsBefore returns what the refs that a push changes were before it. What other refs of the remote hold is no state before this change.
func (s *scan) refsBefore() (commits []gitstore.ID, unread string) {
	for _, u := range s.o.Push.Updates {
		id, err := s.updateID(u, u.Old)
		if err != nil || id.IsZero() || zeroName(u.New) {
			continue
		}
		if commit, ok := s.commitBehind(id); ok {
			commits = append(commits, commit)
		} else {
			unread = fmt.Sprintf("what %s was before is not here", u.Ref)
		}
	}
	return commits, unread
}

// begunAt returns the commits, known before, on which the change was built, without those that another one of them reaches: who merges an
// old commit does not bring back what it allowed. whole is false if the history is not all there to tell.
func (s *scan) begunAt() (commits []gitstore.ID, whole bool) {
	known := map[int32]bool{}
	for c := range int32(s.graph.Len()) {
		if !s.selected[c] {
			continue
		}
		if s.graph.Boundary(c) || s.graph.Orphaned(c) {
			return nil, false
		}
		for _, p := range s.graph.Parents(c) {
			if !s.selected[p] && !known[p] {
				known[p] = true
				commits = append(commits, s.graph.ID(p))
			}
		}
	}
	if len(commits) < 2 {
		return commits, true
	}
	whole = true
	full, err := history.Load(context.Background(), s.repo, s.workers[0].reader, history.LoadOptions{Tips: commits, Problem: func(error) { whole = false }})
	if err != nil || !whole {
		return nil, false
	}
	var below []int32
	for _, id := range commits {
		if c, ok := full.Lookup(id); ok {
			below = append(below, full.Parents(c)...)
		}
	}
	reached := full.ReachableFrom(below...)
	var newest []gitstore.ID
	for _, id := range commits {
		if c, ok := full.Lookup(id); ok && !reached[c] {
			newest = append(newest, id)
		}
	}
	return newest, true
}
