package scanner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"mudlark/detectors"
	"mudlark/rules"
	"mudlark/scanner/gitstore"
	"mudlark/scanner/history"
)

// scan is one run over one source.
type scan struct {
	o      Options
	engine *detectors.Engine
	conf   *Config // trusted and repository configuration together
	choice selection

	ahead ahead

	repo    *gitstore.Repo
	workers []*worker
	cover   *coverage
	items   *items
	results *results
	blobs   *history.Blobs
	paths   *pathHits
	include func([]byte) bool
	// pathRules: some rule has conditions on paths, so what a blob holds depends on where it stands.
	pathRules   bool
	pathRegexes map[*rules.Rule]*regexp.Regexp
	big         *sync.Mutex // held while a big blob is examined

	tipList    []tip
	tags       map[gitstore.ID]*tagText
	numbers    *gitstore.Numbers
	commits    *history.Commits // nil if they were not read all at once
	people     people
	trees      chan treesRead // nil unless they are being read
	graph      *history.Graph
	toLoad     history.LoadOptions // what graph was made of
	unfollowed []gitstore.ID       // what refs name that are bases, too
	exact      bool                // graph holds everything that decides which commits are of the range
	selected   []bool              // commits that the job is about
	whole      bool                // every commit of the graph is selected
	notes      []bool              // commits that only notes refs reach
	changes    *history.Changes    // nil if reach says what the commits' trees hold
	reach      *history.Reach
	texts      []event // in messages, tags, author fields and outside commits
	pseudo     []event // in the index and the working tree

	meter   meter
	early   atomic.Bool // see verifyEarly
	stopped bool        // the scan was cut short
	// introduced holds the items that have an introduction; in a part of the history not every item that is seen has one.
	introduced map[history.Item]bool
	warnings   []string

	configCommit gitstore.ID // of Options.ConfigRevision, else zero
	allows       *allows
	suppressed   []*lifeStory
	files        snapshot              // of the working tree, if that is scanned
	pseudoSides  map[string][]snapshot // by source: what the index and the working tree are compared with
}

// git scans a repository.
func (s *scan) git(ctx context.Context) ([]*lifeStory, error) {
	if s.o.Staged {
		if err := s.uncommitted(false); err != nil {
			return nil, err
		}
		return s.stories(ctx)
	}
	if err := s.tips(); err != nil {
		return nil, err
	}
	if err := s.load(ctx); err != nil {
		return nil, err
	}
	if s.o.Unreachable && ctx.Err() == nil {
		if err := s.addUnreachable(ctx); err != nil {
			return nil, err
		}
	}
	s.mayVerifyEarly()
	s.commits = nil // the graph has what is needed
	s.commitTexts(ctx)
	s.tagTexts()
	s.collect(ctx)
	s.looseRoots(ctx)
	s.allBlobs(ctx, s.toExamine())
	if s.o.Push != nil {
		s.confirm(ctx, nil)
		if ctx.Err() != nil {
			s.unseen()
		}
	}
	if s.o.Worktree {
		if err := s.uncommitted(true); err != nil {
			return nil, err
		}
	}
	return s.stories(ctx)
}

// load reads the commits and works out which of them the job is about.
func (s *scan) load(ctx context.Context) error {
	o := history.LoadOptions{Tips: commitsOf(s.tipList), Problem: s.cover.problem}
	if err := s.setBases(&o); err != nil {
		return err
	}
	s.phase("commits", 0)
	s.toLoad = o
	var err error
	g, exact := (*history.Graph)(nil), true
	if s.rangeMode() {
		g, exact, err = history.LoadRange(ctx, s.repo, s.workers[0].reader, s.toLoad)
	} else {
		g, err = s.loadAll(ctx)
	}
	if err != nil {
		s.cover.skip(interrupted, "commits", "stopped while the commits were being read")
		g, err = history.Load(context.Background(), s.repo, s.workers[0].reader, history.LoadOptions{})
		if err != nil {
			return err
		}
	}
	s.graph, s.exact = g, exact
	s.choose()
	return nil
}

// setBases finds the commits of which everything that they reach is left out.
func (s *scan) setBases(o *history.LoadOptions) error {
	if s.o.Push != nil {
		b, err := s.pushBases()
		s.unfollowed = b.refs
		o.Bases, o.Known = b.commits, b.known()
		return err
	}
	for _, rev := range s.o.Since {
		id, err := s.resolve(rev, "--since-commit")
		if err != nil {
			return err
		}
		o.Bases = append(o.Bases, id)
	}
	return nil
}

// confirm makes sure, if something was found, that the commits that brought it are of the range: until then the range was read by
// committer times. It returns the steps of those that are.
func (s *scan) confirm(ctx context.Context, steps []history.Step) []history.Step {
	if s.exact && len(s.unfollowed) == 0 || s.items.len() == 0 {
		return steps
	}
	brings := func(st history.Step) bool { return len(st.Events) > 0 }
	if s.o.Push == nil && len(s.texts) == 0 && !slices.ContainsFunc(steps, brings) {
		return steps
	}
	o := s.toLoad
	o.Bases = slices.Clone(o.Bases)
	for _, id := range s.unfollowed {
		if commit, ok := s.commitBehind(id); ok && ctx.Err() == nil {
			o.Bases = append(o.Bases, commit)
		}
	}
	if s.surelyNew(ctx, o.Bases, steps) {
		return steps
	}
	o.Problem = func(error) {} // what is wrong with the commits of the range is known
	full, err := history.Load(ctx, s.repo, s.workers[0].reader, o)
	if err != nil {
		s.cover.note("stopped before it was certain that every commit is new; where clocks were wrong, a secret may be an old one")
		return steps
	}
	s.graph.Confirm(full)
	for c := range s.selected {
		s.selected[c] = s.selected[c] && s.graph.InRange(int32(c))
	}
	s.meter.mu.Lock()
	defer s.meter.mu.Unlock()
	s.texts = slices.DeleteFunc(s.texts, func(e event) bool { return e.commit != history.None && !s.selected[e.commit] && e.tag.IsZero() })
	return slices.DeleteFunc(steps, func(st history.Step) bool { return !s.selected[st.Commit] })
}

// surelyNew reports whether the repository's commit-graph says of all commits that brought something that no base reaches them. Where it says
// otherwise it is not believed: nothing is left out because of a file that nobody checks.
func (s *scan) surelyNew(ctx context.Context, bases []gitstore.ID, steps []history.Step) bool {
	if s.o.Push != nil || len(s.repo.Shallow) > 0 {
		return false
	}
	cg, err := s.repo.OpenCommitGraph()
	if err != nil {
		return false
	}
	defer cg.Close()
	brought := map[gitstore.ID]bool{}
	for _, st := range steps {
		if len(st.Events) > 0 {
			brought[s.graph.ID(st.Commit)] = true
		}
	}
	s.meter.mu.Lock()
	for _, e := range s.texts {
		if e.commit != history.None {
			brought[s.graph.ID(e.commit)] = true
		}
	}
	s.meter.mu.Unlock()
	reached, err := history.Reached(ctx, s.repo, s.workers[0].reader, cg, bases, brought)
	return err == nil && !reached
}

// choose selects the commits of the job.
func (s *scan) choose() {
	g := s.graph
	s.selected = make([]bool, g.Len())
	n := 0
	for c := range int32(g.Len()) {
		s.selected[c] = g.InRange(c) && !s.outsideDates(g.Time(c))
		if g.InRange(c) && g.Boundary(c) {
			s.cover.note("shallow clone: history ends at " + g.ID(c).String())
		}
	}
	if s.o.MaxDepth > 0 {
		s.selected = g.Newest(s.selected, s.o.MaxDepth)
	}
	for _, yes := range s.selected {
		if yes {
			n++
		}
	}
	s.whole = n == g.Len()
	s.cover.commits = n
	s.notes = s.onlyNotes()
	if len(s.o.Since) > 0 && n == 0 {
		s.cover.note("the range is empty: there is no commit that --since-commit does not reach")
	}
}

func (s *scan) outsideDates(seconds int64) bool {
	t := time.Unix(seconds, 0)
	return !s.o.After.IsZero() && t.Before(s.o.After) || !s.o.Before.IsZero() && t.After(s.o.Before)
}

// onlyNotes marks the commits that only refs/notes/ reach.
func (s *scan) onlyNotes() []bool {
	var notes, others []int32
	for _, t := range s.tipList {
		if c, ok := s.graph.Lookup(t.commit); ok {
			if isNotesRef(t.name) {
				notes = append(notes, c)
			} else {
				others = append(others, c)
			}
		}
	}
	if len(notes) == 0 {
		return nil
	}
	only, known := s.graph.ReachableFrom(notes...), s.graph.ReachableFrom(others...)
	for c := range only {
		only[c] = only[c] && !known[c]
	}
	return only
}

// collect names the blobs and paths to examine and checks that all trees are there.
func (s *scan) collect(ctx context.Context) {
	s.phase("trees", int64(s.graph.Len()))
	if !s.allTrees(ctx) {
		s.compareTrees(ctx)
	}
}

// compareTrees is collect by comparing the trees of each selected commit with those of its first parent.
func (s *scan) compareTrees(ctx context.Context) {
	s.stopWith(ctx)
	defer s.stopWith(context.Background())
	ch, err := history.Collect(ctx, s.graph, s.selected, s.blobs, history.CollectOptions{
		Workers: len(s.workers), Include: s.include, Progress: s.progress,
		NewDiffer: s.differs(),
		NewPathVisitor: func() func([]byte) bool {
			return (&worker{s: s, scanner: s.engine.NewScanner(), big: s.big}).pathVisitor()
		},
	})
	if err != nil {
		s.cover.skip(interrupted, "trees", "stopped while the trees were being compared")
	}
	s.changes = ch
	for _, w := range s.workers {
		w.differ.Forget()
	}
}

// stopWith makes comparisons of trees end early when ctx ends: one of them may take long.
func (s *scan) stopWith(ctx context.Context) {
	for _, w := range s.workers {
		w.differ.Stop = func() bool { return ctx.Err() != nil }
	}
}

// differs returns a function that hands out the workers' differs, one after another.
func (s *scan) differs() func() *history.Differ {
	var next atomic.Int64
	return func() *history.Differ { return s.workers[next.Add(1)-1].differ }
}

// tagTexts examines the annotated tags that the tips lead through.
func (s *scan) tagTexts() {
	w := s.workers[0]
	for _, t := range s.tags {
		n, ok := s.graph.Lookup(t.commit)
		if !ok {
			n = history.None
		}
		s.addTexts(w.text(t.message, t.id.String()), event{source: sourceTag, commit: n, tag: t.id})
		s.addTexts(w.text(t.tagger, t.id.String()), event{source: sourceAuthor, commit: n, tag: t.id})
	}
}

// addTexts notes hits in a text that is no blob.
func (s *scan) addTexts(hits []hit, e event) {
	if len(hits) == 0 {
		return
	}
	s.meter.mu.Lock()
	defer s.meter.mu.Unlock()
	for _, h := range hits {
		if !s.allowedAt(&h, s.items.get(h.item).rule, []byte(e.path)) {
			continue
		}
		e.item, e.at = h.item, h
		s.texts = append(s.texts, e)
	}
}

// looseRoots examines trees and blobs that refs name without a commit.
func (s *scan) looseRoots(ctx context.Context) {
	for _, t := range s.tipList {
		if t.root.IsZero() || ctx.Err() != nil {
			continue
		}
		s.root(t.root, t.isTree)
	}
}

// maxRootPlaces bounds the places that are listed of one tree without a commit.
const maxRootPlaces = 100_000

// root examines what stands under a tree, or a blob, that belongs to no commit.
func (s *scan) root(id gitstore.ID, isTree bool) {
	w := s.workers[0]
	if !isTree {
		s.rootBlob(w, id, nil)
		return
	}
	listed := 0
	w.differ.Diff(gitstore.ID{}, id, func(d history.Change) {
		if s.include != nil && !s.include(d.Path) {
			return
		}
		if listed >= maxRootPlaces {
			if e := w.blob(s.blobs.Number(d.New)); len(e.hits) > 0 {
				s.tooManyPlaces(id.String())
			}
			return
		}
		listed += s.rootBlob(w, d.New, d.Path)
	})
}

// rootBlob examines a blob that belongs to no commit and returns the number of hits in it.
func (s *scan) rootBlob(w *worker, id gitstore.ID, path []byte) int {
	b := s.blobs.Number(id)
	e := w.blob(b)
	ev := event{source: sourceBlob, commit: history.None, path: string(path), hasPath: path != nil, blob: b}
	s.addTexts(e.hits, ev)
	return len(e.hits)
}

// addUnreachable takes commits that no tip reaches as tips, and trees and blobs that no commit reaches as roots.
func (s *scan) addUnreachable(ctx context.Context) error {
	var lost []gitstore.ID
	loose := map[gitstore.ID]bool{} // trees and blobs; true for trees
	r := s.workers[0].reader
	add := func(id gitstore.ID) {
		if _, ok := s.graph.Lookup(id); ok {
			return
		}
		switch typ, _, err := r.Header(id); {
		case err != nil:
			s.cover.problem(err)
		case typ == gitstore.Commit:
			lost = append(lost, id)
		case typ == gitstore.Tree:
			loose[id] = true
		case typ == gitstore.Blob:
			loose[id] = false
		case typ == gitstore.Tag && s.tags[id] == nil:
			s.addTip(gitstore.Ref{Name: "unreachable tag " + id.String(), ID: id})
		}
	}
	if err := s.repo.Objects.All(func(id gitstore.ID) bool { add(id); return ctx.Err() == nil }); err != nil {
		s.cover.problem(err)
	}
	for _, id := range lost {
		s.tipList = append(s.tipList, tip{name: "unreachable " + id.String(), id: id, commit: id})
	}
	if err := s.load(ctx); err != nil {
		return err
	}
	return s.danglingRoots(ctx, loose)
}

// danglingRoots adds, of the trees and blobs given, those that neither a commit nor another tree reaches.
func (s *scan) danglingRoots(ctx context.Context, loose map[gitstore.ID]bool) error {
	w := s.workers[0]
	for c := range int32(s.graph.Len()) {
		if ctx.Err() != nil {
			return nil
		}
		delete(loose, s.graph.Tree(c))
		w.differ.Diff(s.graph.Tree(s.graph.FirstParent(c)), s.graph.Tree(c), func(d history.Change) { delete(loose, d.New) })
	}
	s.cover.mu.Lock()
	for id := range s.cover.trees {
		delete(loose, id)
	}
	s.cover.mu.Unlock()
	var trees []gitstore.ID // all of them, also those that another tree holds: what they hold is no root either
	for id, isTree := range loose {
		if isTree {
			trees = append(trees, id)
		}
	}
	for _, id := range trees {
		s.dropReferenced(id, loose)
	}
	for id, isTree := range loose {
		s.tipList = append(s.tipList, tip{name: "unreachable " + id.String(), id: id, root: id, isTree: isTree})
	}
	slices.SortStableFunc(s.tipList, func(a, b tip) int { return compareUnreachable(a, b) })
	return nil
}

// dropReferenced removes from loose what stands in the tree id.
func (s *scan) dropReferenced(id gitstore.ID, loose map[gitstore.ID]bool) {
	data, err := s.workers[0].read(id, gitstore.Tree)
	if err != nil {
		s.cover.problem(err)
		return
	}
	for it := gitstore.NewTreeIter(data, s.repo.Format); it.Next(); {
		delete(loose, it.ID)
	}
}

// compareUnreachable sorts tips without a ref behind the others, by id.
func compareUnreachable(a, b tip) int {
	switch ua, ub := a.name == "unreachable "+a.id.String(), b.name == "unreachable "+b.id.String(); {
	case ua && ub:
		return a.id.Compare(b.id)
	case ua:
		return 1
	case ub:
		return -1
	}
	return 0
}

// openRepo opens the target and prepares what every Git mode needs.
func (s *scan) openRepo() error {
	if _, err := os.Stat(s.o.Target); errors.Is(err, os.ErrNotExist) {
		return &UsageError{Message: s.o.Target + ": no such file or directory", Hint: "name a folder that holds a repository, or a bare repository"}
	}
	repo, err := gitstore.Open(s.o.Target, gitstore.Options{Env: s.o.Getenv, UseEnvDir: s.o.Staged || s.o.Hook, MaxObject: min(max(s.o.MaxBlob, 64<<20), s.o.mostWhole())})
	switch {
	case errors.Is(err, gitstore.ErrNotRepository):
		return &UsageError{Message: fmt.Sprintf("%s is not a Git repository", s.o.Target), Hint: "for plain files use: mudlark dir " + s.o.Target}
	case errors.Is(err, os.ErrPermission):
		return &UsageError{Message: err.Error(), Hint: "run as a user who may read the repository; in a container with --user \"$(id -u)\""}
	case err != nil:
		return &UsageError{Message: err.Error(), Hint: "git fsck in the repository may say more"}
	}
	s.repo = repo
	if repo.WorkTree != "" && !ownWorkTree(repo) {
		repo.WorkTree = ""
		if s.o.Worktree {
			s.cover.skip(string(gitstore.Policy), "core.worktree", "points to a folder that does not name this repository; it was not read")
		}
	}
	return nil
}

// ownWorkTree reports whether the working tree belongs to the repository: it holds the Git directory, or its .git file
// leads there. A repository's configuration could name any folder else.
func ownWorkTree(r *gitstore.Repo) bool {
	gitDir, err := os.Stat(r.GitDir)
	if err != nil {
		return false
	}
	dotGit := filepath.Join(r.WorkTree, ".git")
	if info, err := os.Stat(dotGit); err == nil && info.IsDir() {
		return os.SameFile(info, gitDir)
	}
	data, err := readRegular(dotGit, 64<<10)
	if err != nil {
		return false
	}
	to, ok := strings.CutPrefix(strings.TrimRight(string(data), "\r\n"), "gitdir: ")
	if !ok {
		return false
	}
	if !filepath.IsAbs(to) {
		to = filepath.Join(r.WorkTree, to)
	}
	info, err := os.Stat(to)
	return err == nil && os.SameFile(info, gitDir)
}

// storeProblems notes what the repository's files were found to lack until now. An index is compared without regard to
// refs.
func (s *scan) storeProblems() {
	if s.repo == nil {
		return
	}
	problems := s.repo.Problems
	if s.o.Staged {
		problems = s.repo.StorageProblems
	}
	for _, p := range problems() {
		s.cover.problem(p)
	}
}
