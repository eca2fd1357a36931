package history

import (
	"context"
	"fmt"
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"

	"mudlark/scanner/gitstore"
)

// Reach is what the trees of some commits hold: which trees, blobs and paths. Objects that are in the store and in no such
// tree are not in it.
//
// A tree is taken at each path at which it stands. Of a tree whose base, as Trees has it, stands at the same path only the
// difference is followed; any other one is followed entry by entry.
type Reach struct {
	t     *Trees
	trees bitset
	blobs bitset
	roots []uint32 // by commit: the number of its tree plus 1, 0 for none

	dirs  []dirNode
	child map[dirKey]int32
	last  []lastDir // by key: what was found in child most recently

	first []int32             // by tree, the directory at which it was met first plus 1; 0 for none
	more  map[treeAt]struct{} // the others
	work  []treeAt
	based []treeAt // trees with a base, to be looked at when all is done

	files   []dirKey
	seen    []int32 // by key: the directory plus 1 of the file that was met most recently
	known   map[dirKey]struct{}
	missing []treeAt

	marks keyMarks
	odd   bool
}

// dirNode is a directory's path. The first one is the top.
type dirNode struct {
	parent int32
	key    uint32
	depth  int32
}

type dirKey struct {
	dir int32
	key uint32
}

type lastDir struct{ dir, child int32 }

type treeAt struct {
	tree uint32
	dir  int32
}

// bitset is a set of numbers.
type bitset []uint64

func (b *bitset) add(n uint32) bool {
	for int(n/64) >= len(*b) {
		*b = append(*b, make([]uint64, max(1024, len(*b)/4))...)
	}
	word, bit := &(*b)[n/64], uint64(1)<<(n%64)
	if *word&bit != 0 {
		return false
	}
	*word |= bit
	return true
}

func (b bitset) has(n uint32) bool { return int(n/64) < len(b) && b[n/64]>>(n%64)&1 != 0 }

func (b bitset) count() (n int) {
	for _, w := range b {
		n += bits.OnesCount64(w)
	}
	return n
}

func (b bitset) each(yield func(uint32)) {
	for i, w := range b {
		for ; w != 0; w &= w - 1 {
			yield(uint32(i*64 + bits.TrailingZeros64(w)))
		}
	}
}

// Reach finds what the trees of all commits of a graph hold. Trees that are in no pack are read by the readers, of which each
// is for one goroutine. It returns nil if only comparing trees one by one can tell; the error is that of ctx.
func (t *Trees) Reach(ctx context.Context, g *Graph, readers []*gitstore.Reader) (*Reach, error) {
	r := &Reach{t: t, dirs: make([]dirNode, 1), child: map[dirKey]int32{}, first: make([]int32, t.numbers.Len()), more: map[treeAt]struct{}{}, known: map[dirKey]struct{}{}}
	r.roots = make([]uint32, g.Len())
	for c := range r.roots {
		if id := g.Tree(int32(c)); !id.IsZero() {
			n := t.numbers.NumberOf(id)
			r.roots[c] = n + 1
			r.meet(n, 0)
		} else {
			r.odd = true
		}
	}
	for !r.odd && !t.Odd() {
		r.drain(ctx)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case r.odd:
		case len(r.missing) > 0:
			r.load(ctx, readers)
		case !r.complete() && !r.odd:
			r.first, r.more, r.child, r.known, r.seen, r.last, r.based = nil, nil, nil, nil, nil, nil, nil
			return r, nil
		}
	}
	return nil, ctx.Err()
}

// meet notes that a tree stands at a directory.
func (r *Reach) meet(tree uint32, dir int32) {
	at := treeAt{tree, dir}
	for int(tree) >= len(r.first) {
		r.first = append(r.first, make([]int32, 1024)...)
	}
	if first := r.first[tree]; first == 0 {
		r.trees.add(tree)
		r.first[tree] = dir + 1
	} else if first == dir+1 {
		return
	} else if _, ok := r.more[at]; ok {
		return
	} else {
		r.more[at] = struct{}{}
	}
	r.work = append(r.work, at)
}

func (r *Reach) met(at treeAt) bool {
	if int(at.tree) < len(r.first) && r.first[at.tree] == at.dir+1 {
		return true
	}
	_, ok := r.more[at]
	return ok
}

// drain follows all trees that were met.
func (r *Reach) drain(ctx context.Context) {
	for n := 0; len(r.work) > 0 && !r.odd; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return
		}
		at := r.work[len(r.work)-1]
		r.work = r.work[:len(r.work)-1]
		record := r.t.record(at.tree)
		if record == nil {
			r.missing = append(r.missing, at)
			continue
		}
		list := changes(record)
		if list.base != 0 {
			r.based = append(r.based, at)
		}
		for list.next() {
			r.entry(at.dir, &list.treeChange)
		}
	}
}

// complete follows, entry by entry, trees whose base does not stand at their path. It returns false if there were none.
func (r *Reach) complete() bool {
	rest := r.based[:0]
	any := false
	for _, at := range r.based {
		list := changes(r.t.record(at.tree))
		if r.met(treeAt{uint32(list.base - 1), at.dir}) {
			rest = append(rest, at)
			continue
		}
		any = true
		r.whole(at)
	}
	r.based = rest
	return any
}

// whole follows every entry of a tree.
func (r *Reach) whole(at treeAt) {
	r.t.each(at.tree, &r.marks, func(c *treeChange) { r.entry(at.dir, c) })
}

// entry notes an entry of a tree at a directory.
func (r *Reach) entry(dir int32, e *treeChange) {
	switch e.kind {
	case kindNone:
	case kindDir:
		r.meet(e.object, r.dir(dir, e.key))
	default:
		r.blobs.add(e.object)
		r.file(dir, e.key)
	}
}

// dir returns the number of a directory's subdirectory.
func (r *Reach) dir(parent int32, key uint32) int32 {
	for int(key) >= len(r.last) {
		r.last = append(r.last, make([]lastDir, 1024)...)
	}
	if l := r.last[key]; l.child != 0 && l.dir == parent {
		return l.child
	}
	at := dirKey{parent, key}
	n, ok := r.child[at]
	if !ok {
		n = int32(len(r.dirs))
		depth := r.dirs[parent].depth + 1
		r.child[at] = n
		r.dirs = append(r.dirs, dirNode{parent, key, depth})
		r.odd = r.odd || depth > maxTreeDepth || r.tooMany()
	}
	r.last[key] = lastDir{parent, n}
	return n
}

// file notes a file's path.
func (r *Reach) file(dir int32, key uint32) {
	for int(key) >= len(r.seen) {
		r.seen = append(r.seen, make([]int32, 1024)...)
	}
	if r.seen[key] == dir+1 {
		return
	}
	at := dirKey{dir, key}
	if _, ok := r.known[at]; !ok {
		r.known[at] = struct{}{}
		r.files = append(r.files, at)
		r.odd = r.odd || r.tooMany()
	}
	r.seen[key] = dir + 1
}

// tooMany reports whether a comparison of two trees might visit so many paths that it stops entering repeated ones: it visits
// none twice.
func (r *Reach) tooMany() bool {
	return len(r.dirs)+len(r.files) >= maxPaths || len(r.more) >= maxPaths
}

// maxLoaded bounds how many trees are read one by one: more are better compared one by one.
const maxLoaded = 20_000

// load reads the trees that are in no pack.
func (r *Reach) load(ctx context.Context, readers []*gitstore.Reader) {
	missing := r.missing
	r.missing = nil
	slices.SortFunc(missing, func(a, b treeAt) int { return int(int64(a.tree) - int64(b.tree)) })
	numbers := make([]uint32, len(missing))
	for i, at := range missing {
		numbers[i] = at.tree
	}
	numbers = slices.Compact(numbers)
	if len(numbers)+len(r.t.later) > maxLoaded {
		r.odd = true
		return
	}
	var next atomic.Int64
	var failed atomic.Bool
	var wg sync.WaitGroup
	for _, reader := range readers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			w := r.t.newReader()
			for i := next.Add(1) - 1; i < int64(len(numbers)) && ctx.Err() == nil && !failed.Load(); i = next.Add(1) - 1 {
				id := r.t.numbers.ID(numbers[i])
				typ, data, err := reader.Read(id)
				if err != nil || typ != gitstore.Tree || w.visit(&gitstore.Visit{ID: id, Data: data}) == nil {
					failed.Store(true)
				}
			}
		}()
	}
	wg.Wait()
	r.odd = r.odd || failed.Load()
	r.work = append(r.work, missing...)
}

// Trees returns how many trees were met.
func (r *Reach) Trees() int { return r.trees.count() }

// HasTree reports whether the tree id was met.
func (r *Reach) HasTree(id gitstore.ID) bool {
	return !id.IsZero() && r.trees.has(r.t.numbers.NumberOf(id))
}

// Blobs calls yield for each blob that was met.
func (r *Reach) Blobs(yield func(gitstore.ID)) {
	r.blobs.each(func(n uint32) { yield(r.t.numbers.ID(n)) })
}

// Paths calls yield for each file's path that was met, once. The path is valid during the call.
func (r *Reach) Paths(yield func(path []byte)) {
	var path []byte
	for _, f := range r.files {
		path = r.appendDir(path[:0], f.dir)
		yield(append(path, r.t.keys.list[f.key]...))
	}
}

func (r *Reach) appendDir(path []byte, dir int32) []byte {
	if dir == 0 {
		return path
	}
	d := r.dirs[dir]
	return append(r.appendDir(path, d.parent), r.t.keys.list[d.key]...)
}

// String describes what was met, for tests and profiles.
func (r *Reach) String() string {
	return fmt.Sprintf("%d trees, %d blobs, %d directories, %d files, %d bytes of records", r.trees.count(), r.blobs.count(), len(r.dirs), len(r.files), r.t.bytes)
}
