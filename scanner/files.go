package scanner

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"mudlark/detectors"
	"mudlark/scanner/gitstore"
	"mudlark/scanner/history"
)

// fileJob is a file to examine: path is what the report calls it.
type fileJob struct {
	path, name string
	info       fs.FileInfo
}

// dir examines files and folders as they are.
func (s *scan) dir(ctx context.Context) ([]*lifeStory, error) {
	for _, p := range s.o.Paths {
		if _, err := os.Stat(p); err != nil {
			return nil, &UsageError{Message: p + ": " + reason(err), Hint: "name files or folders that exist"}
		}
	}
	jobs := make(chan fileJob, 64)
	var found []event
	var mu sync.Mutex
	go func() {
		defer close(jobs)
		for _, p := range s.o.Paths {
			s.walkPath(ctx, p, jobs)
		}
	}()
	s.phase("files", 0)
	s.parallel(ctx, func(w *worker) {
		for j := range jobs {
			if ctx.Err() != nil {
				continue
			}
			evs := w.fileJob(j)
			mu.Lock()
			found = append(found, evs...)
			mu.Unlock()
			s.progress(s.cover.files.Add(1))
		}
	})
	if ctx.Err() != nil {
		s.cover.skip(interrupted, "files", "stopped before all files were examined")
	}
	mu.Lock()
	defer mu.Unlock()
	return s.fileStories(found), nil
}

// walkPath sends every file below p.
func (s *scan) walkPath(ctx context.Context, p string, jobs chan<- fileJob) {
	info, err := os.Stat(p)
	if err != nil {
		s.cover.skip(string(gitstore.Missing), p, reason(err))
		return
	}
	send := func(j fileJob) {
		if s.include == nil || s.include([]byte(j.path)) {
			select {
			case jobs <- j:
			case <-ctx.Done():
			}
		}
	}
	if !info.IsDir() {
		send(fileJob{path: filepath.ToSlash(p), name: p, info: info})
		return
	}
	walk := fileWalk{root: p, ignore: !s.o.NoIgnore, problem: s.cover.problem, stop: func() bool { return ctx.Err() != nil }}
	walk.run(func(rel string, info fs.FileInfo) {
		name := filepath.Join(p, filepath.FromSlash(rel))
		shown := rel
		if len(s.o.Paths) > 1 || p != "." {
			shown = filepath.ToSlash(filepath.Join(p, filepath.FromSlash(rel)))
		}
		send(fileJob{path: shown, name: name, info: info})
	})
}

// file examines a file's content and its path.
func (w *worker) fileJob(j fileJob) []event {
	var hits []hit
	var data []byte
	var err error
	if j.info.Mode().IsRegular() && j.info.Size() > wholeText {
		hits, err = w.streamFile(j.name, j.path)
	} else {
		data, err = w.fileData(j)
		w.s.cover.bytes.Add(int64(len(data)))
		hits = w.file(data, j.path)
	}
	if err != nil {
		w.s.cover.problem(err)
	}
	evs := w.fileEvents(hits, data, event{source: sourceFile, commit: history.None, path: j.path, hasPath: true})
	return append(evs, w.fileEvents(w.path([]byte(j.path)), []byte(j.path), event{source: sourcePath, commit: history.None, path: j.path, hasPath: true})...)
}

func (w *worker) fileData(j fileJob) ([]byte, error) {
	if j.info.Mode()&fs.ModeSymlink == 0 && j.info.Mode().IsRegular() {
		if j.info.Size() >= bigBlob {
			defer w.alone()()
		}
		return readRegular(j.name, w.s.o.MaxBlob)
	}
	data, _, err := readWorkFile(j.name, j.info, w.s.o.MaxBlob)
	return data, err
}

// fileEvents makes an event of each hit in a text that will not be at hand later.
func (w *worker) fileEvents(hits []hit, data []byte, e event) []event {
	if len(hits) == 0 {
		return nil
	}
	var out []event
	spans := w.spans(data)
	for _, h := range hits {
		r := w.s.items.get(h.item).rule
		e.at = h
		if r.PathBound() || len(h.yields) > 0 {
			var names [][]byte
			for _, p := range w.s.pathsOf(&e) {
				names = append(names, []byte(p))
			}
			if !w.s.allowedAtAny(&h, r, names) {
				continue
			}
		}
		e.item, e.at, e.excerpt = h.item, h, nil
		if h.inside == nil && !detectors.Wide(h.decoded) {
			e.excerpt = w.lineAround(data, spans, h)
		}
		out = append(out, e)
	}
	return out
}

// fileStories groups events outside Git by item.
func (s *scan) fileStories(found []event) []*lifeStory {
	events := map[history.Item][]event{}
	for _, e := range found {
		if s.wanted(e.item) {
			events[e.item] = append(events[e.item], e)
		}
	}
	var list []*lifeStory
	for n, evs := range events {
		slices.SortFunc(evs, func(a, b event) int { return cmp.Or(cmp.Compare(a.path, b.path), s.compareEvents(a, b)) })
		list = append(list, &lifeStory{item: n, events: evs, gone: history.None})
	}
	slices.SortFunc(list, func(a, b *lifeStory) int { return int(int64(a.item) - int64(b.item)) })
	return list
}

// stdin examines a stream.
func (s *scan) stdin(ctx context.Context) ([]*lifeStory, error) {
	s.phase("stdin", 0)
	name := cmp.Or(s.o.StdinName, "stdin")
	src := newBoundedStream(ctx, s.o.Stdin, s.o.MaxBlob)
	data, err := io.ReadAll(io.LimitReader(src, wholeText+1))
	more := io.Reader(nil)
	if err == nil && len(data) > wholeText {
		more = io.MultiReader(bytes.NewReader(data), src)
	}
	s.cover.files.Store(1)
	var evs []event
	var mu sync.Mutex
	e := event{source: sourceStdin, commit: history.None, path: s.o.StdinName, hasPath: s.o.StdinName != ""}
	s.workers = s.workers[:1]
	s.parallel(ctx, func(w *worker) {
		var found []event
		if more != nil {
			hits, streamed := w.stream(more, -1, name)
			found = w.fileEvents(hits, nil, e)
			mu.Lock()
			defer mu.Unlock()
			err = streamed
		} else {
			found = w.fileEvents(w.file(data, name), data, e)
			mu.Lock()
			defer mu.Unlock()
		}
		evs = found
	})
	mu.Lock()
	defer mu.Unlock()
	s.cover.bytes.Add(s.o.MaxBlob - src.left)
	switch {
	case ctx.Err() != nil:
		s.cover.skip(interrupted, name, "stopped before all of it was examined")
	case errors.Is(err, errTooLong):
		s.cover.skip(string(gitstore.Limit), name, "longer than --max-blob; the rest was not examined")
	case err != nil:
		s.cover.skip(string(gitstore.Damaged), name, reason(err))
	}
	return s.fileStories(evs), nil
}
