package scanner

import (
	"context"
	"fmt"
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

// examined is what a blob was found to hold.
type examined struct {
	hits     []hit          // by item and position
	items    []history.Item // of hits, ascending
	readable bool
}

// Most blobs are one of these two.
var (
	clean      = &examined{readable: true}
	unreadable = &examined{}
)

// results keeps what each blob was found to hold. It is safe for concurrent use.
type results struct{ shards [16]resultShard }

// A resultShard holds every 16th blob, by its number. There are pages for those only that were met: a range of a long history is few.
type resultShard struct {
	mu    sync.RWMutex
	pages []*[256]*examined
}

func newResults() *results { return &results{} }

// place returns the shard of a blob, and its page and offset there.
func (r *results) place(b history.Blob) (s *resultShard, page, at int) {
	i := int(b) / len(r.shards)
	return &r.shards[int(b)%len(r.shards)], i / 256, i % 256
}

func (r *results) get(b history.Blob) (*examined, bool) {
	s, page, at := r.place(b)
	s.mu.RLock()
	defer s.mu.RUnlock()
	if page >= len(s.pages) || s.pages[page] == nil {
		return nil, false
	}
	e := s.pages[page][at]
	return e, e != nil
}

func (r *results) has(b history.Blob) bool {
	_, ok := r.get(b)
	return ok
}

func (r *results) put(b history.Blob, e *examined) {
	s, page, at := r.place(b)
	s.mu.Lock()
	defer s.mu.Unlock()
	for page >= len(s.pages) {
		s.pages = append(s.pages, nil)
	}
	if s.pages[page] == nil {
		s.pages[page] = new([256]*examined)
	}
	s.pages[page][at] = e
}

// worker examines texts; each goroutine has its own.
type worker struct {
	s       *scan
	scanner *detectors.Scanner
	reader  *gitstore.Reader
	differ  *history.Differ
	big     *sync.Mutex
	isAlone bool // it holds big
}

// alone waits until no other worker examines something big, and returns what ends that.
func (w *worker) alone() (done func()) {
	if w.isAlone {
		return func() {}
	}
	w.big.Lock()
	w.isAlone = true
	return func() {
		w.isAlone = false
		w.big.Unlock()
	}
}

// text examines data, which is called what in the coverage if something of it could not be examined.
func (w *worker) text(data []byte, what string) []hit {
	hits, _ := w.version(data, what, nil)
	return hits
}

// path examines a path as text does.
func (w *worker) path(path []byte) []hit {
	w.scanner.OnPath(true)
	defer func() { w.scanner.OnPath(false) }() // of the scanner that is there then
	return w.text(path, "a path")
}

// version is text for a blob that a walk visits as a version of another one, whose state it continues; v is nil for other texts. It
// returns the state for the versions that follow.
func (w *worker) version(data []byte, what string, v *gitstore.Visit) (hits []hit, state *detectors.State) {
	defer func() {
		if r := recover(); r != nil {
			w.s.cover.skip(string(gitstore.Damaged), what, "examining it failed; please report this as a bug")
			w.scanner = w.s.engine.NewScanner()
		}
	}()
	var res detectors.Result
	if v == nil || w.s.o.WholeBlobs {
		res = w.scanner.Scan(data)
	} else {
		base, _ := v.Parent.(*detectors.State)
		res, state = w.scanner.ScanVersion(data, base, v.Runs, !v.Leaf)
	}
	for _, p := range res.Problems {
		w.s.cover.skip(string(gitstore.Limit), what, fmt.Sprintf("%s, at byte %d", p.Why, p.Start))
	}
	if len(res.Matches) == 0 {
		return nil, state
	}
	var markers []*detectors.Allow
	if !w.s.o.NoInlineAllow {
		markers = detectors.Allows(data, res.Matches, w.s.allows.known)
	}
	return w.s.items.hits(res.Matches, markers, w.s.allows.textual(data)), state
}

// blob returns what blob b holds, reading it if that has not been done yet. Of no blob, 0, nothing is known.
func (w *worker) blob(b history.Blob) *examined {
	if b == 0 {
		return unreadable
	}
	if e, ok := w.s.results.get(b); ok {
		return e
	}
	e := w.examine(w.s.blobs.ID(b))
	w.s.results.put(b, e)
	return e
}

// bigBlob is the size from which blobs are examined one at a time, to bound memory.
const bigBlob = 16 << 20

func (w *worker) examine(id gitstore.ID) *examined {
	_, size, err := w.reader.Header(id)
	if err == nil && size > w.s.o.MaxBlob {
		err = tooLarge(id.String(), size, w.s.o.MaxBlob)
	}
	if err == nil && size >= bigBlob {
		defer w.alone()()
	}
	if err == nil && size > wholeText {
		if e := w.large(id, size); e != nil {
			return e
		}
	}
	var data []byte
	if err == nil {
		data, err = w.read(id, gitstore.Blob)
	}
	e, _ := w.content(id, data, err, nil)
	return e
}

func tooLarge(what string, size, limit int64) error {
	return &gitstore.Error{Class: gitstore.Limit, What: what, Why: fmt.Sprintf("%d bytes, more than --max-blob %d", size, limit)}
}

// read reads an object and checks its type. The data is valid until the worker reads again.
func (w *worker) read(id gitstore.ID, want gitstore.Type) ([]byte, error) {
	typ, data, err := w.reader.Read(id)
	if err == nil && typ != want {
		err = wrongType(id, typ, want)
	}
	return data, err
}

func wrongType(id gitstore.ID, is, want gitstore.Type) error {
	return &gitstore.Error{Class: gitstore.Damaged, What: id.String(), Why: fmt.Sprintf("is a %s where a %s is expected", is, want)}
}

func (s *scan) summary(hits []hit) *examined {
	if len(hits) == 0 {
		return clean
	}
	return &examined{hits: hits, items: numbers(hits), readable: true}
}

// fewBlobs is up to how many blobs of a part of the history are read one by one: a walk by families begins with the order of all objects
// in the pack, which takes longer than reading these.
const fewBlobs = 2000

// allBlobs examines the blobs with the given names, family by family. It stops early when ctx ends.
func (s *scan) allBlobs(ctx context.Context, ids []gitstore.ID) {
	total := len(ids)
	s.phase("blobs", int64(total))
	if s.rangeMode() && total <= fewBlobs {
		s.repo.Objects.Order(ids)
		eachChunk(s, ctx, ids, 16, func(w *worker, id gitstore.ID) { w.blob(s.blobs.Number(id)) })
		return
	}
	workers := slices.Clone(s.workers)
	var done atomic.Int64
	var large largeBlobs
	finished := make(chan error, 1)
	go func() {
		_, err := s.repo.Objects.Walk(ctx, gitstore.WalkOptions{
			Want: ids, Workers: len(workers), Budget: s.o.Memory / 2, MaxObject: wholeWalk,
			Visit: func(worker int, v *gitstore.Visit) any {
				if ctx.Err() == nil {
					state := workers[worker].visit(v)
					s.progress(done.Add(1))
					if state != nil {
						return state
					}
				}
				return nil
			},
			Failed: func(worker int, id gitstore.ID, err *gitstore.Error) {
				if err.Class == gitstore.Limit && !id.IsZero() {
					large.add(id) // the others are done, so that there is memory for it
					return
				}
				s.cover.problem(err)
				s.results.put(s.blobs.Number(id), unreadable)
				done.Add(1)
			},
		})
		finished <- err
	}()
	err := s.await(ctx, finished)
	for _, id := range large.sorted() {
		if ctx.Err() == nil {
			s.workers[0].blob(s.blobs.Number(id))
			s.progress(done.Add(1))
		}
	}
	switch n := done.Load(); {
	case n < int64(total) && ctx.Err() != nil:
		s.cover.skip(interrupted, "blobs", stoppedAfter(n, total))
	case err != nil && ctx.Err() == nil:
		s.cover.skip(string(gitstore.Damaged), "blobs", err.Error())
	}
}

// largeBlobs collects the blobs that are too large for a walk. It is safe for concurrent use.
type largeBlobs struct {
	mu  sync.Mutex
	ids []gitstore.ID
}

func (l *largeBlobs) add(id gitstore.ID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ids = append(l.ids, id)
}

func (l *largeBlobs) sorted() []gitstore.ID {
	l.mu.Lock()
	defer l.mu.Unlock()
	slices.SortFunc(l.ids, gitstore.ID.Compare)
	return l.ids
}

// visit examines a blob that a walk has rebuilt. It returns the state for the blob's later versions, nil if there is none.
func (w *worker) visit(v *gitstore.Visit) *detectors.State {
	b := w.s.blobs.Number(v.ID)
	if _, known := w.s.results.get(b); known {
		return nil
	}
	var err error
	switch size := int64(len(v.Data)); {
	case v.Type != gitstore.Blob:
		err = wrongType(v.ID, v.Type, gitstore.Blob)
	case size > w.s.o.MaxBlob:
		err = tooLarge(v.ID.String(), size, w.s.o.MaxBlob)
	case size >= bigBlob:
		defer w.alone()()
	}
	e, state := w.content(v.ID, v.Data, err, v)
	w.s.results.put(b, e)
	return state
}

// content examines a blob's bytes, unless err says why they could not be had. It has v if a walk visits the blob.
func (w *worker) content(id gitstore.ID, data []byte, err error, v *gitstore.Visit) (*examined, *detectors.State) {
	if err != nil {
		w.s.cover.problem(err)
		return unreadable, nil
	}
	w.s.cover.blobs.Add(1)
	w.s.cover.bytes.Add(int64(len(data)))
	hits, state := w.contents(data, id.String(), v)
	if p, ok := parseLFSPointer(data); ok {
		return w.lfs(id, p, hits), state
	}
	return w.s.summary(hits), state
}

// stopGrace is how long a scan that was stopped waits for workers that are in the middle of something big.
const stopGrace = 300 * time.Millisecond

// parallel runs do in every worker at once, until all return. When ctx ends, workers that do not stop soon are left behind and
// replaced: what they still find goes into tables that are safe to write to, and is no longer asked for.
func (s *scan) parallel(ctx context.Context, do func(*worker)) {
	var wg sync.WaitGroup
	for _, w := range s.workers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			do(w)
		}()
	}
	all := make(chan error, 1)
	go func() { wg.Wait(); all <- nil }()
	_ = s.await(ctx, all)
}

// await waits until the workers have finished, and returns what they say. When ctx ends, it waits stopGrace and replaces them.
func (s *scan) await(ctx context.Context, finished <-chan error) error {
	select {
	case err := <-finished:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-finished:
		return err
	case <-time.After(stopGrace):
		s.big = &sync.Mutex{}
		for i := range s.workers {
			s.workers[i] = s.newWorker()
		}
		return ctx.Err()
	}
}

// view shows a worker's findings to package history.
type view struct{ w *worker }

// Blob implements history.Contents.
func (v view) Blob(b history.Blob, path []byte) ([]history.Item, bool) {
	e := v.w.blob(b)
	if len(e.items) == 0 || !v.w.s.pathRules {
		return e.items, e.readable
	}
	kept := slices.DeleteFunc(slices.Clone(e.items), func(n history.Item) bool {
		r := v.w.s.items.get(n).rule
		return !slices.ContainsFunc(find(e.hits, n), func(h hit) bool { return v.w.s.allowedAt(&h, r, path) })
	})
	return kept, e.readable
}

// Path implements history.Contents.
func (v view) Path(path []byte) []history.Item {
	return numbers(v.w.s.paths.get(path))
}

// compilePathRegexes compiles what rules demand of paths. The loader has made sure that it compiles.
func (s *scan) compilePathRegexes(set []*rules.Rule) {
	s.pathRegexes = map[*rules.Rule]*regexp.Regexp{}
	for _, r := range set {
		if r.PathRegex != "" {
			s.pathRegexes[r] = regexp.MustCompile(r.PathRegex)
		}
	}
}

// pathAllowed reports whether the rule's path conditions, if any, hold.
func (s *scan) pathAllowed(r *rules.Rule, path []byte) bool {
	if re := s.pathRegexes[r]; re != nil && !re.Match(path) {
		return false
	}
	return len(r.Paths) == 0 || slices.ContainsFunc(r.Paths, func(glob string) bool { return matchGlob(glob, string(path)) })
}

// allowedAt reports whether a hit of a rule stands in the file of the path given: the rule's conditions on paths hold, and those of no better
// one on the same bytes do. For what is inside an archive its path there counts.
func (s *scan) allowedAt(h *hit, r *rules.Rule, path []byte) bool {
	return s.allowedAtAny(h, r, [][]byte{path})
}

// allowedAtAny is allowedAt for a file that has several names.
func (s *scan) allowedAtAny(h *hit, r *rules.Rule, paths [][]byte) bool {
	if inner := h.innerPath(); inner != "" {
		if i := strings.LastIndex(inner, inArchive); i >= 0 {
			inner = inner[i+len(inArchive):]
		}
		paths = [][]byte{[]byte(inner)}
	}
	holds := func(r *rules.Rule) bool {
		return slices.ContainsFunc(paths, func(p []byte) bool { return s.pathAllowed(r, p) })
	}
	return holds(r) && !slices.ContainsFunc(h.yields, holds)
}

// pathHits keeps the paths that are found to hold a secret themselves. It is safe for concurrent use.
type pathHits struct {
	mu sync.RWMutex
	m  map[string][]hit
}

func (p *pathHits) get(path []byte) []hit {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if len(p.m) == 0 {
		return nil
	}
	return p.m[string(path)]
}

// each calls do for every path that holds a secret.
func (p *pathHits) each(do func(string)) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	for path := range p.m {
		do(path)
	}
}

// pathVisitor returns a function that examines paths and says whether they hold something.
func (w *worker) pathVisitor() func([]byte) bool {
	return func(path []byte) bool {
		hits := w.path(path)
		if w.s.pathRules {
			hits = slices.DeleteFunc(hits, func(h hit) bool { return !w.s.allowedAt(&h, w.s.items.get(h.item).rule, path) })
		}
		if len(hits) == 0 {
			return false
		}
		w.s.paths.mu.Lock()
		defer w.s.paths.mu.Unlock()
		w.s.paths.m[string(path)] = hits
		return true
	}
}
