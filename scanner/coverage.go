package scanner

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"mudlark/report"
	"mudlark/scanner/gitstore"
	"mudlark/scanner/history"
)

// coverage collects what was read and what was not. It is safe for concurrent use.
type coverage struct {
	mu      sync.Mutex
	seen    map[[2]string]bool
	skipped []report.Skipped
	notes   []string
	trees   map[gitstore.ID]struct{} // those that reach does not have
	reach   *history.Reach

	refs, commits       int
	files, blobs, bytes atomic.Int64
	lookalikes          atomic.Int64 // files that begin like archives and are none
}

func newCoverage() *coverage {
	return &coverage{seen: map[[2]string]bool{}, trees: map[gitstore.ID]struct{}{}}
}

// interrupted is the class of work that was not done because the scan was stopped.
const interrupted = "interrupted"

// skip notes that something was not read; the same thing is noted once a class.
func (c *coverage) skip(class, what, why string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := [2]string{class, what}
	if !c.seen[key] {
		c.seen[key] = true
		c.skipped = append(c.skipped, report.Skipped{Class: class, What: what, Why: why})
	}
}

// also is skip for one of several things to be said of the same class and what.
func (c *coverage) also(class, what, why string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen[[2]string{class, what}] = true
	if s := (report.Skipped{Class: class, What: what, Why: why}); !slices.Contains(c.skipped, s) {
		c.skipped = append(c.skipped, s)
	}
}

// problem is skip for errors of package gitstore.
func (c *coverage) problem(err error) {
	var e *gitstore.Error
	if errors.As(err, &e) {
		c.skip(string(e.Class), e.What, e.Why)
		return
	}
	c.skip(string(gitstore.Damaged), "repository", err.Error())
}

// incomplete reports whether anything was skipped until now.
func (c *coverage) incomplete() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.skipped) > 0
}

func (c *coverage) note(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !slices.Contains(c.notes, text) {
		c.notes = append(c.notes, text)
	}
}

// tree notes that the tree id was read.
func (c *coverage) tree(id gitstore.ID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reach == nil || !c.reach.HasTree(id) {
		c.trees[id] = struct{}{}
	}
}

// reached notes that all trees of r were read.
func (c *coverage) reached(r *history.Reach) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reach = r
	maps.DeleteFunc(c.trees, func(id gitstore.ID, _ struct{}) bool { return r.HasTree(id) })
}

// treeCount returns how many trees were read.
func (c *coverage) treeCount() int {
	if c.reach == nil {
		return len(c.trees)
	}
	return c.reach.Trees() + len(c.trees)
}

// report returns the coverage in its final form. accept maps what may stay unread to the reason given for it.
func (c *coverage) report(accept map[string]string) report.Coverage {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := report.Coverage{
		Refs: c.refs, Commits: c.commits, Trees: c.treeCount(), Blobs: int(c.blobs.Load()), Files: int(c.files.Load()),
		Bytes: c.bytes.Load(), Complete: true,
		Skipped: append([]report.Skipped{}, c.skipped...), Notes: append([]string{}, c.notes...),
	}
	if n := c.lookalikes.Load(); n > 0 {
		out.Notes = append(out.Notes, fmt.Sprintf("begins like an archive and is none: %d of the files; all were examined as the bytes that they are", n))
	}
	used := map[string]bool{}
	for i := range out.Skipped {
		s := &out.Skipped[i]
		if reason, ok := accept[s.What]; ok && s.Class != interrupted {
			s.Accepted = reason
			used[s.What] = true
		} else {
			out.Complete = false
		}
	}
	slices.SortFunc(out.Skipped, func(a, b report.Skipped) int {
		return cmp.Or(cmp.Compare(a.Class, b.Class), cmp.Compare(a.What, b.What), cmp.Compare(a.Why, b.Why))
	})
	for what := range accept {
		if !used[what] {
			out.Notes = append(out.Notes, "coverage.accept names "+what+", but nothing of that name was skipped; write the name as the report shows it")
		}
	}
	slices.Sort(out.Notes)
	return out
}
