package history

import (
	"cmp"
	"context"
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"

	"mudlark/scanner/gitstore"
)

// Blob is the number of a blob within a Blobs table; 0 is no blob.
type Blob uint32

// Blobs numbers the blobs that a scan has met: by one more than the objects' numbers. It is safe for concurrent use.
type Blobs struct {
	numbers *gitstore.Numbers
	met     []atomic.Uint64 // bits, for the numbers that were given when the table was made

	mu   sync.Mutex
	more bitset // for the others
}

// NewBlobs returns an empty table.
func NewBlobs(numbers *gitstore.Numbers) *Blobs {
	return &Blobs{numbers: numbers, met: make([]atomic.Uint64, (numbers.Len()+63)/64)}
}

// Number returns the number of the blob id, which counts as met. The zero ID has number 0.
func (b *Blobs) Number(id gitstore.ID) Blob {
	if id.IsZero() {
		return 0
	}
	n := b.numbers.NumberOf(id)
	if int(n/64) < len(b.met) {
		if word := &b.met[n/64]; word.Load()>>(n%64)&1 == 0 {
			word.Or(1 << (n % 64))
		}
	} else {
		b.mu.Lock()
		b.more.add(n)
		b.mu.Unlock()
	}
	return Blob(n) + 1
}

// ID returns the name of blob n, which must not be 0.
func (b *Blobs) ID(n Blob) gitstore.ID { return b.numbers.ID(uint32(n) - 1) }

// IDs returns the names of all blobs that were met, in no particular order.
func (b *Blobs) IDs() []gitstore.ID {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := b.more.count()
	for i := range b.met {
		n += bits.OnesCount64(b.met[i].Load())
	}
	all := make([]gitstore.ID, 0, n)
	for i := range b.met {
		for w := b.met[i].Load(); w != 0; w &= w - 1 {
			all = append(all, b.numbers.ID(uint32(i*64+bits.TrailingZeros64(w))))
		}
	}
	b.more.each(func(n uint32) { all = append(all, b.numbers.ID(n)) })
	return all
}

// Pair is what changed at a path, or at several: the blobs on the two sides, 0 for an absent one.
type Pair struct{ Old, New Blob }

// Changes holds, for every selected commit C, the distinct pairs of blobs on both sides of D(C, p) for its first parent p.
type Changes struct {
	blobs *Blobs
	pairs [][]Pair
	flags []changeFlag
}

type changeFlag uint8

const (
	lost      changeFlag = 1 << iota // a tree could not be read, so changes may be missing
	pathItem                         // a path that was added or deleted holds an item
	collected                        // the commit was compared
)

// A Source says what the selected commits of a graph changed.
type Source interface {
	// Of returns the pairs of blobs by which commit c differs from its first parent, at least those that are interesting.
	Of(g *Graph, blobs *Blobs, c int32) []Pair
	// touches reports whether commit c can introduce, remove or move an item.
	touches(g *Graph, c int32, o EventOptions) bool
	// against returns, for one goroutine, a function that compares commit c with its parent p.
	against(g *Graph, differ func() *Differ) func(c, p int32) DiffFunc
}

// Of implements Source.
func (ch *Changes) Of(_ *Graph, _ *Blobs, c int32) []Pair { return ch.pairs[c] }

// touches implements Source.
func (ch *Changes) touches(_ *Graph, c int32, o EventOptions) bool {
	if ch.flags[c]&pathItem != 0 {
		return true
	}
	return slices.ContainsFunc(ch.pairs[c], func(p Pair) bool {
		return p.New != 0 && o.Interesting(p.New) || p.Old != 0 && !o.NewOnly && o.Interesting(p.Old)
	})
}

// against implements Source.
func (ch *Changes) against(g *Graph, differ func() *Differ) func(c, p int32) DiffFunc {
	d := differ()
	return func(c, p int32) DiffFunc {
		return func(visit func(Change)) bool { return d.Diff(g.Tree(p), g.Tree(c), visit) }
	}
}

// Collected reports whether commit c was compared with its first parent to the end: Collect may have been stopped before.
func (ch *Changes) Collected(c int32) bool { return ch.flags[c]&collected != 0 }

// CollectOptions says how to collect changes.
type CollectOptions struct {
	Workers   int
	NewDiffer func() *Differ // called once a worker
	// Include says whether a path belongs to the job; nil for all.
	Include func(path []byte) bool
	// NewPathVisitor, if set, is called once a worker and returns a function that is shown every path that commit c adds
	// or deletes, and says whether the path itself holds an item.
	NewPathVisitor func() func(path []byte) bool
	// Progress is told how many commits are done; it is called from several goroutines.
	Progress func(done int64)
}

// collectChunk is the number of commits a worker takes at a time: long enough that a child mostly finds its parent's
// trees in the cache, short enough to spread the work.
const collectChunk = 256

// Collect diffs every selected commit against its first parent. The error is that of ctx; what was collected until then is
// returned with it.
func Collect(ctx context.Context, g *Graph, selected []bool, blobs *Blobs, o CollectOptions) (*Changes, error) {
	ch := &Changes{blobs: blobs, pairs: make([][]Pair, g.Len()), flags: make([]changeFlag, g.Len())}
	var next, done atomic.Int64
	var wg sync.WaitGroup
	for range max(1, o.Workers) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			w := newCollector(g, ch, o)
			for {
				from := next.Add(collectChunk) - collectChunk
				if from >= int64(g.Len()) {
					return
				}
				for c := from; c < min(from+collectChunk, int64(g.Len())); c++ {
					if ctx.Err() != nil {
						return
					}
					if selected[c] {
						w.commit(int32(c))
					}
				}
				if n := done.Add(collectChunk); o.Progress != nil {
					o.Progress(min(n, int64(g.Len())))
				}
			}
		}()
	}
	wg.Wait()
	return ch, ctx.Err()
}

// collector is one worker of Collect.
type collector struct {
	g      *Graph
	ch     *Changes
	o      CollectOptions
	differ *Differ
	onPath func([]byte) bool
	buf    []Pair
}

func newCollector(g *Graph, ch *Changes, o CollectOptions) *collector {
	w := &collector{g: g, ch: ch, o: o, differ: o.NewDiffer()}
	if o.NewPathVisitor != nil {
		w.onPath = o.NewPathVisitor()
	}
	return w
}

func (w *collector) commit(c int32) {
	w.buf = w.buf[:0]
	var flags changeFlag
	whole := w.differ.Diff(w.g.Tree(w.g.FirstParent(c)), w.g.Tree(c), func(d Change) {
		if w.o.Include != nil && !w.o.Include(d.Path) {
			return
		}
		if w.onPath != nil && (d.Old.IsZero() || d.New.IsZero()) && w.onPath(d.Path) {
			flags |= pathItem
		}
		w.buf = append(w.buf, Pair{w.ch.blobs.Number(d.Old), w.ch.blobs.Number(d.New)})
	})
	if whole {
		flags |= collected
	} else {
		flags |= lost
	}
	w.ch.flags[c] = flags
	// A tree may hold a pair at millions of paths.
	slices.SortFunc(w.buf, func(a, b Pair) int { return cmp.Or(cmp.Compare(a.Old, b.Old), cmp.Compare(a.New, b.New)) })
	w.ch.pairs[c] = slices.Clone(slices.Compact(w.buf))
}
