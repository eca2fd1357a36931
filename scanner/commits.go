package scanner

import (
	"context"

	"mudlark/scanner/gitstore"
	"mudlark/scanner/history"
)

// A history is read commit by commit until it has shown that it is not small beside the store: then all commits in packs are read at
// once, in the order in which they stand there.
const (
	fewObjects   = 2000 // in a store of so many objects commits are always read one by one
	smallHistory = 256  // so many times as many objects as commits make a history a small part of the store
)

// loadAll reads the commits of a whole history.
func (s *scan) loadAll(ctx context.Context) (*history.Graph, error) {
	if s.numbers == nil {
		s.blobs = history.NewBlobs(s.objectNumbers())
	}
	o := s.toLoad
	if n := s.objectNumbers().Len(); n >= fewObjects {
		o.ReadAll = func() (*history.Commits, error) { return s.readCommits(ctx) }
		o.ReadAllAfter = n / smallHistory
	}
	return history.Load(ctx, s.repo, s.workers[0].reader, o)
}

// objectNumbers returns the numbers of the repository's objects.
func (s *scan) objectNumbers() *gitstore.Numbers {
	if s.numbers == nil {
		s.numbers = s.repo.Objects.Numbers()
	}
	return s.numbers
}

// readCommits reads all commits in packs. Their texts are examined as they pass: mostly there is nothing in them, and then they need
// not be read again. What there is in others, commitTexts finds, once it is known whether they belong to the history.
func (s *scan) readCommits(ctx context.Context) (*history.Commits, error) {
	if s.commits != nil {
		return s.commits, nil
	}
	workers := append([]*worker(nil), s.workers...)
	var all *history.Commits
	finished := make(chan error, 1)
	go func() {
		var err error
		all, err = history.ReadCommits(ctx, s.repo, s.numbers, history.CommitsOptions{
			Workers: len(workers), Budget: s.o.Memory / 4,
			Quiet: func(n int, c *gitstore.CommitObject) bool { return workers[n].quiet(c) },
		})
		finished <- err
	}()
	if err := s.await(ctx, finished); err != nil {
		return nil, err
	}
	s.commits = all
	s.readTrees(ctx)
	return all, nil
}

// quiet reports whether nothing stands in what a commit says beside its tree.
func (w *worker) quiet(c *gitstore.CommitObject) bool {
	if !w.silent(c.Message) {
		return false
	}
	if other := otherHeaders(c); len(other) > 0 && !w.silent(other) {
		return false
	}
	for _, p := range []gitstore.Signature{c.Author, c.Committer} {
		who := person(p)
		if w.s.people.innocent(who) {
			continue
		}
		if !w.silent(who) {
			return false
		}
		w.s.people.note(who, false)
	}
	return true
}

// silent reports whether nothing is found in a text, nor anything that keeps it from being examined.
func (w *worker) silent(text []byte) (yes bool) {
	defer func() {
		if recover() != nil {
			w.scanner = w.s.engine.NewScanner() // examining it again will say so
		}
	}()
	res := w.scanner.Scan(text)
	return len(res.Matches) == 0 && len(res.Problems) == 0
}

// commitTexts examines what commits say beside their trees: message, author, committer and other header fields.
func (s *scan) commitTexts(ctx context.Context) {
	var ids []gitstore.ID
	for c := range int32(s.graph.Len()) {
		if s.selected[c] && !s.graph.Quiet(c) {
			ids = append(ids, s.graph.ID(c))
		}
	}
	s.repo.Objects.Order(ids)
	s.phase("messages", int64(len(ids)))
	eachChunk(s, ctx, ids, 256, func(w *worker, id gitstore.ID) {
		data, err := w.read(id, gitstore.Commit)
		if err != nil {
			s.cover.problem(err)
			return
		}
		c, err := gitstore.ParseCommit(data, s.repo.Format)
		if err != nil {
			return // reported when the graph was loaded
		}
		n, _ := s.graph.Lookup(id)
		s.addTexts(w.text(c.Message, id.String()), event{source: sourceMessage, commit: n})
		if other := otherHeaders(c); len(other) > 0 {
			s.addTexts(w.text(other, id.String()), event{source: sourceMessage, commit: n, header: true})
		}
		for _, p := range []gitstore.Signature{c.Author, c.Committer} {
			who := person(p)
			if s.people.innocent(who) {
				continue
			}
			hits := w.text(who, id.String())
			s.people.note(who, len(hits) > 0)
			s.addTexts(hits, event{source: sourceAuthor, commit: n})
		}
	})
}
