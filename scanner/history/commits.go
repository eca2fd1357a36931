package history

import (
	"context"
	"slices"

	"mudlark/scanner/gitstore"
)

// Commits is what a graph needs of all commits in a store's packs, whether a tip reaches them or not. It is for reading whole
// histories: commits stand in packs in about the order of their dates, and reading them in that order, by several goroutines, is
// faster than following parents.
type Commits struct {
	numbers *gitstore.Numbers
	list    []commitRecord
	at      []uint32 // by number: position in list plus 1
}

// commitRecord is a commit.
type commitRecord struct {
	number  uint32
	quiet   bool
	tree    gitstore.ID
	parents []gitstore.ID
	time    int64
}

// CommitsOptions says how to read commits.
type CommitsOptions struct {
	Workers int
	Budget  int64 // bytes for walking packs
	// Quiet is shown every commit, by all workers at once, and says whether nothing is to be said of its texts. What it is shown
	// is valid during the call.
	Quiet func(worker int, c *gitstore.CommitObject) bool
}

// ReadCommits reads all commits in the packs of a store. What cannot be read is left out: it has to be read again to learn what
// is wrong. The error is that of ctx.
func ReadCommits(ctx context.Context, repo *gitstore.Repo, numbers *gitstore.Numbers, o CommitsOptions) (*Commits, error) {
	type worker struct {
		list []commitRecord
		ids  []gitstore.ID // of parents
	}
	workers := make([]worker, max(1, o.Workers))
	_, err := repo.Objects.Walk(ctx, gitstore.WalkOptions{
		All: true, Packed: true, Type: gitstore.Commit, Workers: len(workers), Budget: o.Budget,
		Visit: func(n int, v *gitstore.Visit) any {
			c, err := gitstore.ParseCommit(v.Data, repo.Format)
			if err != nil {
				return nil
			}
			w := &workers[n]
			if cap(w.ids)-len(w.ids) < len(c.Parents) {
				w.ids = make([]gitstore.ID, 0, max(1024, len(c.Parents)))
			}
			from := len(w.ids)
			w.ids = append(w.ids, c.Parents...)
			w.list = append(w.list, commitRecord{
				number: numbers.NumberOf(v.ID), quiet: o.Quiet != nil && o.Quiet(n, c),
				tree: c.Tree, parents: w.ids[from:len(w.ids):len(w.ids)], time: c.Committer.When.Unix(),
			})
			return nil
		},
	})
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	cs := &Commits{numbers: numbers, at: make([]uint32, numbers.Len())}
	if err != nil {
		return cs, nil
	}
	for _, w := range workers {
		cs.list = append(slices.Grow(cs.list, len(w.list)), w.list...)
	}
	for i, c := range cs.list {
		cs.at[c.number] = uint32(i) + 1
	}
	return cs, nil
}

// Len returns how many commits there are.
func (cs *Commits) Len() int { return len(cs.list) }

// get returns a commit, nil if it is not there.
func (cs *Commits) get(id gitstore.ID) *commitRecord {
	if cs == nil || id.IsZero() {
		return nil
	}
	n := cs.numbers.NumberOf(id)
	if int(n) >= len(cs.at) || cs.at[n] == 0 {
		return nil
	}
	return &cs.list[cs.at[n]-1]
}
