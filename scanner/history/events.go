package history

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"mudlark/scanner/gitstore"
)

// Item is the number of something that blobs or paths may hold.
type Item uint32

// Contents says what blobs and paths hold. Each is used by one goroutine.
type Contents interface {
	// Blob returns the items of blob b as it stands at path, ascending and without repetition. It returns false if the
	// blob cannot be read, so that its items are unknown.
	Blob(b Blob, path []byte) ([]Item, bool)
	// Path returns the items of the path itself.
	Path(path []byte) []Item
}

// Event is an introduction: commit Commit introduces Item at Path.
type Event struct {
	Item   Item
	Commit int32
	Path   string
	Blob   Blob // 0 if the item stands in the path itself
	// Uncertain: a parent's side could not be read, so the item may be older.
	Uncertain bool
}

// Delta is the change of the number of places at which an item stands, from a commit's first parent to the commit.
type Delta struct {
	Item  Item
	Count int32
}

// Step is what attribution learns of one commit.
type Step struct {
	Commit int32
	Events []Event
	Deltas []Delta // against the first parent, ascending by item, never zero
	Gone   []Item  // items on the old side of D(C, p) for some parent p that was compared
	Cut    bool    // there were more than maxPlaces places, so that Events lacks some; each item has one
}

// EventOptions says how to find events.
type EventOptions struct {
	Workers int
	// NewDiffer and NewContents are called in turn, once a worker and from one goroutine: the n-th of each go together.
	NewDiffer   func() *Differ
	NewContents func() Contents
	Include     func(path []byte) bool
	// Interesting says whether a blob may hold an item, or could not be read.
	Interesting func(Blob) bool
	// AllParents makes merges be compared with every parent, for Gone, even if they bring nothing new.
	AllParents bool
	// NewOnly: only Events are wanted, so a parent's side is read only where the new one holds something.
	NewOnly bool
}

// Events evaluates every selected commit whose changes touch an interesting blob or path, and returns what it learned in
// the order of the commits. The error is that of ctx.
func Events(ctx context.Context, g *Graph, selected []bool, src Source, blobs *Blobs, o EventOptions) ([]Step, error) {
	var candidates []int32
	for c := range int32(g.Len()) {
		if selected[c] && (src.touches(g, c, o) || o.AllParents && len(g.Parents(c)) > 1) {
			candidates = append(candidates, c)
		}
	}
	steps := make([]Step, len(candidates))
	var next atomic.Int64
	var wg sync.WaitGroup
	const chunk = 16
	for range max(1, o.Workers) {
		w := &evaluator{g: g, blobs: blobs, o: o, diff: src.against(g, o.NewDiffer), contents: o.NewContents()}
		wg.Add(1)
		go func() {
			defer wg.Done()
			for {
				from := next.Add(chunk) - chunk
				if from >= int64(len(candidates)) {
					return
				}
				for i := from; i < min(from+chunk, int64(len(candidates))); i++ {
					if ctx.Err() != nil {
						return
					}
					steps[i] = w.step(candidates[i])
				}
			}
		}()
	}
	wg.Wait()
	return steps, ctx.Err()
}

// evaluator is one worker of Events.
type evaluator struct {
	g        *Graph
	blobs    *Blobs
	o        EventOptions
	diff     func(c, p int32) DiffFunc
	contents Contents
}

// stand is an item as blobs hold it, or as paths do: the two are compared separately, since a definition about blobs must
// not depend on file names.
type stand struct {
	item   Item
	inPath bool
}

// sides is D(C, p) with what stands on its two sides.
type sides struct {
	old       map[stand]int32 // number of places
	new       map[stand]int32
	places    map[stand][]place
	recorded  int // places in all
	cut       bool
	uncertain bool
}

// maxPlaces bounds the places that are kept of one comparison, beyond one for each item: a tree may hold the same subtree many times.
const maxPlaces = 100_000

type place struct {
	path string
	blob Blob
}

// A DiffFunc shows every change between a parent's side and a later one, as Differ.Diff does, and returns false if
// changes may be missing.
type DiffFunc func(visit func(Change)) bool

// Evaluate applies the definition of introduction to a state that is no commit (an index, a working tree), given its
// difference from each parent. At least one is needed. The step carries the given commit number. Of the options Include and NewOnly count.
func Evaluate(commit int32, parents []DiffFunc, blobs *Blobs, contents Contents, o EventOptions) Step {
	w := &evaluator{blobs: blobs, contents: contents, o: o}
	return w.evaluate(commit, parents, false)
}

func (w *evaluator) step(c int32) Step {
	parents := []DiffFunc{w.diff(c, w.g.FirstParent(c))}
	if ps := w.g.Parents(c); len(ps) > 1 {
		for _, p := range ps[1:] {
			parents = append(parents, w.diff(c, p))
		}
	}
	return w.evaluate(c, parents, w.g.Orphaned(c))
}

func (w *evaluator) evaluate(c int32, parents []DiffFunc, uncertain bool) Step {
	first := w.compare(parents[0])
	s := Step{Commit: c, Deltas: first.deltas()}
	s.Gone = first.gone(s.Gone)
	fresh := first.fresh()
	uncertain = uncertain || first.uncertain
	var others []*sides
	for _, p := range parents[1:] {
		if len(fresh) == 0 && !w.o.AllParents {
			break
		}
		other := w.compare(p)
		uncertain = uncertain || other.uncertain
		s.Gone = other.gone(s.Gone)
		others = append(others, other)
		fresh = slices.DeleteFunc(fresh, func(st stand) bool { return !other.isNew(st) })
	}
	s.Cut = len(fresh) > 0 && first.cut
	for _, st := range fresh {
		for _, pl := range first.differing(st, others) {
			s.Events = append(s.Events, Event{Item: st.item, Commit: c, Path: pl.path, Blob: pl.blob, Uncertain: uncertain})
		}
	}
	slices.Sort(s.Gone)
	s.Gone = slices.Compact(s.Gone)
	return s
}

// compare evaluates D(C, p).
func (w *evaluator) compare(diff DiffFunc) *sides {
	s := &sides{old: map[stand]int32{}, new: map[stand]int32{}, places: map[stand][]place{}}
	visit := func(old, new bool) {
		whole := diff(func(d Change) {
			if w.o.Include != nil && !w.o.Include(d.Path) {
				return
			}
			if old {
				w.side(s, d.Old, d.Path, s.old, false)
			}
			if new {
				w.side(s, d.New, d.Path, s.new, true)
			}
		})
		s.uncertain = s.uncertain || !whole
	}
	if !w.o.NewOnly {
		visit(true, true)
	} else if visit(false, true); len(s.new) > 0 {
		visit(true, false)
	}
	return s
}

// side adds to counts what stands on one side of a changed path.
func (w *evaluator) side(s *sides, id gitstore.ID, path []byte, counts map[stand]int32, isNew bool) {
	if id.IsZero() {
		return
	}
	b := w.blobs.Number(id)
	items, ok := w.contents.Blob(b, path)
	if !ok && !isNew {
		s.uncertain = true
	}
	add := func(st stand, b Blob) {
		counts[st]++
		if isNew && (s.recorded < maxPlaces || len(s.places[st]) == 0) {
			s.places[st] = append(s.places[st], place{string(path), b})
			s.recorded++
		} else if isNew {
			s.cut = true
		}
	}
	for _, it := range items {
		add(stand{it, false}, b)
	}
	for _, it := range w.contents.Path(path) {
		add(stand{it, true}, 0)
	}
}

func (s *sides) isNew(st stand) bool { return s.new[st] > 0 && s.old[st] == 0 }

// fresh returns what is new against the parent, in a fixed order.
func (s *sides) fresh() []stand {
	var out []stand
	for st := range s.new {
		if s.old[st] == 0 {
			out = append(out, st)
		}
	}
	slices.SortFunc(out, func(a, b stand) int {
		if a.item != b.item {
			return int(int64(a.item) - int64(b.item))
		}
		if a.inPath == b.inPath {
			return 0
		} else if b.inPath {
			return -1
		}
		return 1
	})
	return out
}

// differing returns the places of st that differ from every parent; if there are none, those that differ from the first.
func (s *sides) differing(st stand, others []*sides) []place {
	all := s.places[st]
	for _, other := range others {
		differs := map[place]bool{}
		for _, pl := range other.places[st] {
			differs[pl] = true
		}
		all = slices.DeleteFunc(slices.Clone(all), func(pl place) bool { return !differs[pl] })
	}
	if len(all) == 0 {
		return s.places[st]
	}
	return all
}

func (s *sides) deltas() []Delta {
	sum := map[Item]int32{}
	for st, n := range s.new {
		sum[st.item] += n
	}
	for st, n := range s.old {
		sum[st.item] -= n
	}
	var out []Delta
	for it, n := range sum {
		if n != 0 {
			out = append(out, Delta{it, n})
		}
	}
	slices.SortFunc(out, func(a, b Delta) int { return int(int64(a.Item) - int64(b.Item)) })
	return out
}

func (s *sides) gone(list []Item) []Item {
	for st := range s.old {
		list = append(list, st.item)
	}
	return list
}
