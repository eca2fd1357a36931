package history

import (
	"context"
	"encoding/binary"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"mudlark/scanner/gitstore"
)

// Trees holds what the trees in a store's packs contain, each as its difference from the tree that it is stored as a delta
// against. Such a difference is told from the delta alone: entries that were copied from the base are not looked at again.
//
// Only sound trees are held: of entries that Git writes, in the right order, each name once. Where any other one is met, the
// whole is of no use (Odd), and trees have to be compared one by one.
type Trees struct {
	format  gitstore.Format
	numbers *gitstore.Numbers
	keys    keyTable
	limit   int64 // bytes of records

	mu     sync.Mutex // for chunks
	chunks [][]byte
	bytes  int64
	at     []atomic.Uint32 // by object number: where the record of a tree is, plus 1
	later  map[uint32]uint32
	odd    atomic.Bool
}

// TreesOptions says how to read trees.
type TreesOptions struct {
	Workers int
	Budget  int64 // bytes for walking packs
	Limit   int64 // bytes that the differences may take up
	// MaxObjects is how many objects the packs may hold for reading all of their trees to be worth while.
	MaxObjects int
	// Progress is told how many trees are done; it is called from several goroutines.
	Progress func(done int64)
}

// ReadTrees reads all trees in the packs of a store. The error is that of ctx.
func ReadTrees(ctx context.Context, repo *gitstore.Repo, numbers *gitstore.Numbers, o TreesOptions) (*Trees, error) {
	t := &Trees{format: repo.Format, numbers: numbers, limit: o.Limit, later: map[uint32]uint32{}}
	t.keys.ids = map[string]uint32{}
	if t.numbers.Len() > o.MaxObjects {
		t.odd.Store(true)
		return t, ctx.Err()
	}
	t.at = make([]atomic.Uint32, t.numbers.Len())
	readers := make([]*treeReader, max(1, o.Workers))
	for i := range readers {
		readers[i] = t.newReader()
	}
	var done atomic.Int64
	_, err := repo.Objects.Walk(ctx, gitstore.WalkOptions{
		All: true, Packed: true, Type: gitstore.Tree, Workers: len(readers), Budget: o.Budget,
		Visit: func(worker int, v *gitstore.Visit) any {
			if n := done.Add(1); n%256 == 0 && o.Progress != nil {
				o.Progress(n)
			}
			if t.odd.Load() {
				return nil
			}
			return readers[worker].visit(v)
		},
	})
	if ctx.Err() == nil && err != nil {
		t.odd.Store(true)
	}
	return t, ctx.Err()
}

// Odd reports whether something was met that only comparing trees one by one can tell.
func (t *Trees) Odd() bool { return t.odd.Load() }

// The kinds of a tree's entries, as a comparison of trees tells them apart. What is neither a file nor a directory counts as
// nothing.
type entryKind uint8

const (
	kindNone entryKind = iota
	kindRegular
	kindExecutable
	kindSymlink
	kindDir
)

func kindOf(mode uint32) entryKind {
	switch canonicalMode(mode) {
	case 0o100644:
		return kindRegular
	case 0o100755:
		return kindExecutable
	case 0o120000:
		return kindSymlink
	case 0o040000:
		return kindDir
	}
	return kindNone
}

func (k entryKind) mode() uint32 {
	return [...]uint32{kindNone: 0, kindRegular: 0o100644, kindExecutable: 0o100755, kindSymlink: 0o120000, kindDir: 0o040000}[k]
}

// keyTable numbers the names of entries. A directory's name ends in '/': so names stand in trees in the order of their bytes,
// and a file and a directory of the same name are two.
type keyTable struct {
	mu   sync.RWMutex
	ids  map[string]uint32
	list []string
}

func (k *keyTable) number(name string) uint32 {
	k.mu.RLock()
	n, ok := k.ids[name]
	k.mu.RUnlock()
	if ok {
		return n
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if n, ok = k.ids[name]; !ok {
		n = uint32(len(k.list))
		k.ids[name] = n
		k.list = append(k.list, name)
	}
	return n
}

// A record of a tree: the number of its base plus 1, or 0, and for each entry that the base has not or has in another way its
// key with its kind (kindNone if the tree does not have it) and, unless that is none, the number of its object. All are varints
// (encoding/binary), and a key of 0 ends the list, so keys count from 1.
const kindBits = 3

// A record's address is the number of a chunk and an offset in it.
const (
	chunkBits = 18
	chunkSize = 1 << chunkBits
)

// treeState is what is known of a tree while deltas against it are to be made: where its entries begin, and its end.
type treeState struct {
	number uint32
	bounds []uint32
}

// treeReader is one worker of ReadTrees.
type treeReader struct {
	t       *Trees
	size    int
	keys    map[string]uint32
	numbers []numbered // a cache: versions of a tree name the same objects
	name    []byte
	chunk   []byte
	index   uint32 // of chunk

	record       []byte
	fresh, stale []rawEntry
}

// numbered is an object name that was looked up.
type numbered struct {
	name   [gitstore.MaxIDSize]byte
	number uint32
	known  bool
}

const numberedCount = 1 << 13

// number returns the number of an object.
func (r *treeReader) number(id []byte) uint32 {
	n := &r.numbers[binary.LittleEndian.Uint32(id)%numberedCount]
	if !n.known || string(n.name[:len(id)]) != string(id) {
		copy(n.name[:], id)
		n.number, n.known = r.t.numbers.Number(id), true
	}
	return n.number
}

// rawEntry is an entry of a tree, pointing into it.
type rawEntry struct {
	mode     uint32
	name, id []byte
}

func (t *Trees) newReader() *treeReader {
	return &treeReader{t: t, size: t.format.Size(), keys: map[string]uint32{}, numbers: make([]numbered, numberedCount)}
}

// visit adds a tree that a walk has rebuilt. It returns a *treeState, nil if the tree is odd.
func (r *treeReader) visit(v *gitstore.Visit) any {
	base, ok := v.Parent.(*treeState)
	d := treeDelta{r: r, data: v.Data, bounds: !v.Leaf}
	if ok && v.Runs != nil {
		d.base, d.baseBounds, d.runs = v.BaseData, base.bounds, v.Runs
	} else {
		base = nil
	}
	var bounds []uint32
	if d.bounds {
		bounds = make([]uint32, 0, max(len(d.baseBounds)+4, len(v.Data)/32))
	}
	if bounds, ok = d.read(bounds); !ok {
		r.t.odd.Store(true)
		return nil
	}
	number := r.t.numbers.NumberOf(v.ID)
	r.write(number, base)
	return &treeState{number, bounds}
}

// treeDelta finds the entries that a tree and its base do not share.
type treeDelta struct {
	r          *treeReader
	data       []byte
	base       []byte
	baseBounds []uint32
	runs       []gitstore.Run
	bounds     bool // they are asked for
}

// read fills r.fresh with the entries that are not copies of the base's, and r.stale with those of the base that are not
// copied. It appends where the tree's entries begin, and its end, to bounds, if they are asked for, and returns false if the
// tree is odd.
//
// Bytes of a run are an entry of the base only if they begin where one of its entries does; then so does what follows in the
// run. All that is not copied entry by entry is looked at.
func (d *treeDelta) read(bounds []uint32) ([]uint32, bool) {
	r := d.r
	r.fresh, r.stale = r.fresh[:0], r.stale[:0]
	if uint64(len(d.data)) > math.MaxUint32 {
		return nil, false
	}
	at, next, run := 0, 0, 0
	var last rawEntry // the one before at; the zero value if there is none or it has yet to be split off
	lastAt := -1      // where it begins
	for at < len(d.data) {
		for run < len(d.runs) && d.runs[run].TargetStart+d.runs[run].Len <= at {
			run++
		}
		from, to := d.copied(at, run, next)
		mode, name, id, n := gitstore.SplitTreeEntry(d.data[at:], r.size)
		if lastAt >= 0 && last.name == nil {
			last.mode, last.name, _, _ = gitstore.SplitTreeEntry(d.data[lastAt:], r.size)
		}
		if n == 0 || lastAt >= 0 && compareNames(last.name, isDir(last.mode), name, isDir(mode)) >= 0 {
			return nil, false
		}
		if from == to {
			last, lastAt = rawEntry{mode, name, id}, at
			r.fresh = append(r.fresh, last)
			if d.bounds {
				bounds = append(bounds, uint32(at))
			}
			at += n
			continue
		}
		d.drop(next, from)
		shift := uint32(at) - d.baseBounds[from] // modulo 2^32
		if d.bounds {
			for _, b := range d.baseBounds[from:to] {
				bounds = append(bounds, b+shift)
			}
		}
		last, lastAt = rawEntry{}, int(d.baseBounds[to-1]+shift)
		at = int(d.baseBounds[to] + shift)
		next = to
	}
	if n := len(d.baseBounds); n > 0 {
		d.drop(next, n-1)
	}
	return append(bounds, uint32(len(d.data))), true
}

// copied returns which entries of the base, from next on, are copied to at by the run. There are none if the two are equal.
func (d *treeDelta) copied(at, run, next int) (from, to int) {
	if run == len(d.runs) || d.runs[run].TargetStart > at {
		return 0, 0
	}
	r := d.runs[run]
	begin := uint32(at - r.TargetStart + r.BaseStart)
	from, ok := slices.BinarySearch(d.baseBounds[next:], begin)
	if !ok {
		return 0, 0
	}
	from += next
	to, ok = slices.BinarySearch(d.baseBounds[from:], uint32(r.BaseStart+r.Len))
	to += from
	if !ok {
		to-- // it ends within an entry
	}
	return from, max(from, to)
}

// drop adds entries of the base to r.stale.
func (d *treeDelta) drop(from, to int) {
	for _, b := range d.baseBounds[from:max(from, to)] {
		mode, name, id, _ := gitstore.SplitTreeEntry(d.base[b:], d.r.size)
		d.r.stale = append(d.r.stale, rawEntry{mode, name, id})
	}
}

// write makes the record of the tree whose entries are in r.fresh and r.stale.
func (r *treeReader) write(number uint32, base *treeState) {
	r.record = r.record[:0]
	first := uint64(0)
	if base != nil {
		first = uint64(base.number) + 1
	}
	r.record = binary.AppendUvarint(r.record, first)
	fresh, stale := r.fresh, r.stale
	for len(fresh) > 0 || len(stale) > 0 {
		c := 0
		switch {
		case len(stale) == 0:
			c = -1
		case len(fresh) == 0:
			c = 1
		default:
			c = compareNames(fresh[0].name, isDir(fresh[0].mode), stale[0].name, isDir(stale[0].mode))
		}
		switch {
		case c < 0:
			if kindOf(fresh[0].mode) != kindNone {
				r.add(&fresh[0])
			}
			fresh = fresh[1:]
		case c > 0:
			if kindOf(stale[0].mode) != kindNone {
				r.remove(&stale[0])
			}
			stale = stale[1:]
		default:
			old, new := kindOf(stale[0].mode), kindOf(fresh[0].mode)
			switch {
			case new == kindNone && old != kindNone:
				r.remove(&stale[0])
			case new != kindNone && (old != new || string(fresh[0].id) != string(stale[0].id)):
				r.add(&fresh[0])
			}
			fresh, stale = fresh[1:], stale[1:]
		}
	}
	r.record = append(r.record, 0)
	r.t.put(number, r.store())
}

func (r *treeReader) add(e *rawEntry) {
	if allZero(e.id) {
		r.t.odd.Store(true)
	}
	r.record = binary.AppendUvarint(r.record, r.key(e)<<kindBits|uint64(kindOf(e.mode)))
	r.record = binary.AppendUvarint(r.record, uint64(r.number(e.id)))
}

func (r *treeReader) remove(e *rawEntry) {
	r.record = binary.AppendUvarint(r.record, r.key(e)<<kindBits|uint64(kindNone))
}

func allZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// key returns the number of an entry's name plus 1.
func (r *treeReader) key(e *rawEntry) uint64 {
	r.name = append(r.name[:0], e.name...)
	if isDir(e.mode) {
		r.name = append(r.name, '/')
	}
	n, ok := r.keys[string(r.name)]
	if !ok {
		if slices.Contains(e.name, '/') {
			r.t.odd.Store(true) // it is taken for a path
		}
		name := string(r.name)
		n = r.t.keys.number(name)
		r.keys[name] = n
	}
	return uint64(n) + 1
}

// store copies r.record to a place that stays and returns its address.
func (r *treeReader) store() uint32 {
	n := len(r.record)
	if n > cap(r.chunk)-len(r.chunk) || len(r.chunk) >= chunkSize {
		r.chunk = make([]byte, 0, max(n, chunkSize))
		r.index = r.t.newChunk(r.chunk)
	}
	offset := uint32(len(r.chunk))
	r.chunk = append(r.chunk, r.record...)
	return r.index<<chunkBits | offset
}

// maxChunks is how many chunks addresses, of which one value means none, have room for.
const maxChunks = 1<<(32-chunkBits) - 1

// newChunk adds a chunk and returns its number.
func (t *Trees) newChunk(chunk []byte) uint32 {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.bytes += int64(cap(chunk))
	if t.bytes > t.limit || len(t.chunks) >= maxChunks {
		t.odd.Store(true)
		return 0 // what is written there is not read
	}
	t.chunks = append(t.chunks, chunk[:cap(chunk)])
	return uint32(len(t.chunks) - 1)
}

// put sets the address of a tree's record.
func (t *Trees) put(number, address uint32) {
	if int(number) < len(t.at) {
		t.at[number].Store(address + 1)
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.later[number] = address + 1
}

// record returns the record of a tree, nil if there is none. It is for when all trees are read.
func (t *Trees) record(number uint32) []byte {
	var address uint32
	if int(number) < len(t.at) {
		address = t.at[number].Load()
	} else {
		address = t.later[number]
	}
	if address == 0 {
		return nil
	}
	address--
	return t.chunks[address>>chunkBits][address&(chunkSize-1):]
}

// treeChange is an entry that a tree and its base do not share.
type treeChange struct {
	key    uint32
	kind   entryKind // in the tree
	object uint32
}

// changeList reads a record.
type changeList struct {
	treeChange
	rest []byte
	base uint64 // its number plus 1; 0 for none
}

// changes returns the list of a record's changes.
func changes(record []byte) changeList {
	base, n := binary.Uvarint(record)
	return changeList{base: base, rest: record[n:]}
}

// next goes to the next change, the first at first. It returns false at the end.
func (l *changeList) next() bool {
	key, n := binary.Uvarint(l.rest)
	if key == 0 {
		return false
	}
	l.rest = l.rest[n:]
	l.key, l.kind = uint32(key>>kindBits)-1, entryKind(key&(1<<kindBits-1))
	if l.kind != kindNone {
		object, n := binary.Uvarint(l.rest)
		l.object = uint32(object)
		l.rest = l.rest[n:]
	}
	return true
}

// keyMarks is a set of keys that is emptied at once.
type keyMarks struct {
	stamp []uint32 // by key
	clock uint32
}

func (k *keyMarks) clear() { k.clock++ }

// add adds a key and reports whether it was not there.
func (k *keyMarks) add(key uint32) bool {
	for int(key) >= len(k.stamp) {
		k.stamp = append(k.stamp, make([]uint32, 1024+len(k.stamp))...)
	}
	if k.stamp[key] == k.clock {
		return false
	}
	k.stamp[key] = k.clock
	return true
}

// each calls yield for each entry of a tree.
func (t *Trees) each(tree uint32, seen *keyMarks, yield func(*treeChange)) {
	var all []treeChange // yield may use seen for another tree
	seen.clear()
	for record := t.record(tree); record != nil; {
		list := changes(record)
		for list.next() {
			if seen.add(list.key) && list.kind != kindNone { // else a tree nearer to this one has another, or none
				all = append(all, list.treeChange)
			}
		}
		if list.base == 0 {
			break
		}
		record = t.record(uint32(list.base - 1))
	}
	for i := range all {
		yield(&all[i])
	}
}
