package scanner

import (
	"cmp"
	"slices"

	"mudlark/report"
	"mudlark/scanner/gitstore"
	"mudlark/scanner/history"
)

// The values of report.Place.Source.
const (
	sourceBlob     = "blob"
	sourceMessage  = "message"
	sourceTag      = "tag"
	sourceNote     = "note"
	sourceAuthor   = "author"
	sourcePath     = "path"
	sourceIndex    = "index"
	sourceWorktree = "worktree"
	sourceFile     = "file"
	sourceStdin    = "stdin"
)

// event is an introduction, of any source: a place where an item came in.
type event struct {
	item      history.Item
	source    string
	commit    int32       // history.None where there is no commit
	tag       gitstore.ID // for sourceTag, and for a tagger
	path      string
	hasPath   bool
	blob      history.Blob // what to show an excerpt of; 0 for other texts
	at        hit
	uncertain bool
	header    bool            // in a header field of the commit other than author and committer
	excerpt   *report.Excerpt // for texts that are not at hand later
	allowed   *allowance      // what declares it to be no leak here, or nil
}

// lifeStory is what is known of one item.
type lifeStory struct {
	item   history.Item
	events []event // the first introduction comes first
	atHead *bool
	gone   int32 // the commit that removed it from HEAD, or history.None
	tips   []string
	heads  []string // branches and tags that reach an introduction

	allowed *allowance       // what declares the secret to be no leak, or nil
	changed map[markKey]bool // markers that were made for another secret
}

// compareEvents orders the events of one item: by the commit (committer time, id), those without a commit last, then by
// source, path bytes and position.
func (s *scan) compareEvents(a, b event) int {
	return cmp.Or(
		s.compareCommits(a.commit, b.commit),
		cmp.Compare(sourceOrder(a.source), sourceOrder(b.source)),
		cmp.Compare(a.path, b.path),
		cmp.Compare(a.at.innerPath(), b.at.innerPath()),
		cmp.Compare(a.at.line, b.at.line),
		cmp.Compare(a.at.column, b.at.column),
		a.tag.Compare(b.tag),
		cmp.Compare(len(a.at.decoded), len(b.at.decoded)),
	)
}

func (s *scan) compareCommits(a, b int32) int {
	switch {
	case a == b:
		return 0
	case a == history.None:
		return 1
	case b == history.None:
		return -1
	case s.graph.Less(a, b):
		return -1
	}
	return 1
}

// sourceOrder says which of a commit's places is shown first.
func sourceOrder(source string) int {
	return slices.Index([]string{sourceBlob, sourceNote, sourceIndex, sourceWorktree, sourceFile, sourceStdin, sourcePath, sourceMessage, sourceTag, sourceAuthor}, source)
}

// expand turns the events of package history into one event for each position in the blob.
func (s *scan) expand(e history.Event, source string) []event {
	out := event{item: e.Item, source: source, commit: e.Commit, path: e.Path, hasPath: true, blob: e.Blob, uncertain: e.Uncertain}
	hits := s.paths.get([]byte(e.Path))
	if e.Blob != 0 {
		found, _ := s.results.get(e.Blob)
		hits = found.hits
	} else {
		out.source = sourcePath
	}
	var all []event
	for _, h := range find(hits, e.Item) {
		out.at = h
		all = append(all, out)
	}
	return all
}
