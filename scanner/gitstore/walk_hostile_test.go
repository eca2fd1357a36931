package gitstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
)

// checkLikeReader walks everything and compares with what Readers say, each object read by a new one. What they cannot
// read the walk may, if it is right, since it goes on from whatever base has another copy.
func checkLikeReader(t *testing.T, s *Objects, opt WalkOptions) (visited, failed int) {
	t.Helper()
	want, classes := map[ID]gitObject{}, map[ID]Class{}
	if err := s.All(func(id ID) bool {
		typ, data, err := s.NewReader(0).Read(id)
		if err != nil {
			classes[id] = asError(err).Class
		} else {
			want[id] = gitObject{typ, bytes.Clone(data)}
		}
		return true
	}); err != nil {
		t.Fatal(err)
	}
	l := newWalkLog(t, want)
	l.more = true
	opt.All = true
	wrong := func(id ID) bool { // a Reader does not always see that
		o, known := want[id]
		return known && nameOf(o.typ, o.data) != id
	}
	l.walk(s, opt, func(id ID) bool { return !wrong(id) || l.visited[id] > 0 })
	for id, err := range l.failed {
		if wrong(id) && err.Class == Damaged {
			continue
		}
		if classes[id] != err.Class || err.What != id.String() || err.Why == "" {
			t.Errorf("%v; a Reader says %q of %s", err, classes[id], id)
		}
	}
	return len(l.visited), len(l.failed)
}

// grown is blobs made of one text that grows: the first whole, each other one a delta against the one before.
func grown(n int) []madeEntry {
	content := strings.Repeat("base ", 20)
	entries := []madeEntry{blobEntry(content)}
	for i := 1; i < n; i++ {
		text := fmt.Sprintf("%d ", i)
		e := madeEntry{typ: ofsDelta, distance: -1, data: appendDelta(len(content), text)}
		content += text
		e.id = nameOf(Blob, []byte(content))
		entries = append(entries, e)
	}
	return entries
}

// TestWalkDamaged damages entries in the middle of a family of ten.
func TestWalkDamaged(t *testing.T) {
	broken := func(e madeEntry) madeEntry { e.stream = []byte("no zlib stream at all"); return e }
	badDelta := func(e madeEntry) madeEntry { e.data = deltaOf(7, 5, copyOp(0, 5)...); return e }
	tests := []struct {
		name            string
		make            func(*madeStore, []madeEntry)
		visited, failed int
	}{
		{"sound", func(*madeStore, []madeEntry) {}, 10, 0},
		{"in the middle", func(s *madeStore, e []madeEntry) { e[4] = broken(e[4]) }, 4, 6},
		{"root", func(s *madeStore, e []madeEntry) { e[0] = broken(e[0]) }, 0, 10},
		{"leaf", func(s *madeStore, e []madeEntry) { e[9] = badDelta(e[9]) }, 9, 1},
		{"delta against another size", func(s *madeStore, e []madeEntry) { e[4] = badDelta(e[4]) }, 4, 6},
		{"declared too large", func(s *madeStore, e []madeEntry) { e[4].size = 1 << 40 }, 4, 6},
		{"declared too small", func(s *madeStore, e []madeEntry) { e[4].size = 3 }, 4, 6},
		{"unknown type", func(s *madeStore, e []madeEntry) { e[4].typ = 5 }, 4, 6},
		{"offset behind the end", func(s *madeStore, e []madeEntry) { e[4].offset = 1 << 20 }, 9, 1},
		{"base missing", func(s *madeStore, e []madeEntry) {
			e[4].typ, e[4].base = refDelta, nameOf(Blob, []byte("not there"))
		}, 4, 6},
		{"good copy", func(s *madeStore, e []madeEntry) { s.pack("pack-b", grown(5)...); e[4] = broken(e[4]) }, 10, 0},
		{"good copy of a delta against it", func(s *madeStore, e []madeEntry) { s.pack("pack-b", grown(6)...); e[4] = broken(e[4]) }, 10, 0},
		{"whole copy of a delta against it", func(s *madeStore, e []madeEntry) {
			loose := strings.Repeat("base ", 20) + "1 2 3 4 5 "
			s.loose(e[5].id, deflate(fmt.Appendf(nil, "blob %d\x00%s", len(loose), loose)))
			e[4] = broken(e[4])
		}, 9, 1},
		{"bad copy", func(s *madeStore, e []madeEntry) {
			other := grown(6)
			other[4] = broken(other[4])
			s.pack("pack-b", other...)
			e[4] = broken(e[4])
		}, 4, 6},
		{"two names for one entry", func(s *madeStore, e []madeEntry) { e[4].offset = 12 }, 10, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newStore(t)
			entries := grown(10)
			test.make(s, entries)
			s.pack("pack-a", entries...)
			for _, o := range []ObjectOptions{{}, {VerifyHash: true}, {MaxObject: 130}} {
				visited, failed := checkLikeReader(t, s.open(o), WalkOptions{Workers: 2})
				if o == (ObjectOptions{}) && (visited != test.visited || failed != test.failed) {
					t.Errorf("%d visited and %d failed, want %d and %d", visited, failed, test.visited, test.failed)
				}
			}
		})
	}
}

// TestWalkWrongNames swaps names in an index: what is read of each has to be right or to fail, and what is based on them
// is right.
func TestWalkWrongNames(t *testing.T) {
	entries := grown(10)
	entries[3].id, entries[6].id = entries[6].id, entries[3].id
	s := newStore(t)
	s.pack("pack-a", entries...)
	if visited, failed := checkLikeReader(t, s.open(ObjectOptions{VerifyHash: true}), WalkOptions{}); visited != 8 || failed != 2 {
		t.Errorf("%d visited, %d failed", visited, failed)
	}
	s.pack("pack-b", grown(10)...)
	if visited, _ := checkLikeReader(t, s.open(ObjectOptions{VerifyHash: true}), WalkOptions{}); visited != 10 {
		t.Errorf("%d visited", visited)
	}
	s.write("pack/pack-a.idx", nil)
	pack, idx := makePack(entries)
	pack[len(pack)-1]++ // so that every object of it is hashed
	s.write("pack/pack-a.pack", pack)
	s.write("pack/pack-a.idx", idx)
	if visited, _ := checkLikeReader(t, s.open(ObjectOptions{}), WalkOptions{}); visited != 10 {
		t.Errorf("%d visited", visited)
	}
}

// TestWalkCycles walks deltas against each other, with other deltas against them.
func TestWalkCycles(t *testing.T) {
	for _, n := range []int{1, 2, 7, 20000} {
		ids := make([]ID, 2*n)
		for i := range ids {
			ids[i] = nameOf(Blob, fmt.Append(nil, i))
		}
		delta := appendDelta(100, "x")
		var entries []madeEntry
		for i, stream := 0, deflate(delta); i < len(ids); i++ {
			entries = append(entries, madeEntry{id: ids[i], typ: refDelta, base: ids[(i+1)%n], data: delta, stream: stream})
		}
		entries = append(entries, grown(10)...)
		s := newStore(t)
		s.pack("pack-a", entries...)
		l := newWalkLog(t, nil)
		stats, err := s.open(ObjectOptions{}).Walk(context.Background(), WalkOptions{All: true, Workers: 2, Failed: l.fail})
		if err != nil || stats.Visited != 10 || stats.Failed != int64(2*n) || len(l.failed) != 2*n {
			t.Errorf("%d: %+v, %v", n, stats, err)
		}
		for id, e := range l.failed {
			if e.Class != Damaged || !strings.Contains(e.Why, errDeltaCycle.Error()) {
				t.Fatalf("%s: %v", id, e)
			}
		}
		if n > 100 {
			continue
		}
		checkLikeReader(t, s.open(ObjectOptions{}), WalkOptions{})
		s.loose(ids[n-1], deflate([]byte("blob 100\x00"+strings.Repeat("x", 100)))) // breaks the cycle, but has another name
		checkLikeReader(t, s.open(ObjectOptions{}), WalkOptions{})
	}
}

// TestWalkBrokenCycle walks a cycle of which one object is also elsewhere.
func TestWalkBrokenCycle(t *testing.T) {
	entries := grown(10)
	text := strings.Repeat("base ", 20)
	entries[0].typ, entries[0].base, entries[0].data = refDelta, entries[9].id, appendDelta(130, "x")
	s := newStore(t)
	s.pack("pack-a", entries...)
	s.loose(entries[0].id, deflate(fmt.Appendf(nil, "blob %d\x00%s", len(text), text)))
	if visited, failed := checkLikeReader(t, s.open(ObjectOptions{}), WalkOptions{}); visited != 10 || failed != 0 {
		t.Errorf("%d visited, %d failed", visited, failed)
	}
}

// TestWalkLongChain walks a chain of deltas, with one in the middle damaged too.
func TestWalkLongChain(t *testing.T) {
	const length = 10000
	delta := deltaOf(100, 100, copyOp(0, 100)...)
	stream := deflate(delta)
	entries := []madeEntry{blobEntry(strings.Repeat("base ", 20))}
	for i := 1; i < length; i++ {
		e := madeEntry{id: nameOf(Blob, fmt.Append(nil, i)), typ: ofsDelta, distance: -1, data: delta, stream: stream}
		if i%2 == 0 {
			e.typ, e.base = refDelta, entries[i-1].id
		}
		entries = append(entries, e)
	}
	walk := func(name string, visited int64, o ObjectOptions, opt WalkOptions) {
		s := newStore(t)
		s.pack("pack-a", entries...)
		opt.All = true
		stats, err := s.open(o).Walk(context.Background(), opt)
		if err != nil || stats.Visited != visited || stats.Failed != length-visited || stats.PeakHeld > 2 {
			t.Errorf("%s: %+v, %v", name, stats, err)
		}
	}
	walk("sound", length, ObjectOptions{}, WalkOptions{})
	walk("no memory", length, ObjectOptions{}, WalkOptions{Budget: 1, Workers: 2})
	walk("limit of the chain", 5000, ObjectOptions{MaxChain: 100 * 5000}, WalkOptions{})
	entries[7000].stream = []byte("no zlib stream at all")
	walk("damaged", 7000, ObjectOptions{}, WalkOptions{})
}

// TestWalkBombs walks objects that declare or make much.
func TestWalkBombs(t *testing.T) {
	entries := []madeEntry{blobEntry(strings.Repeat("x", 60000))}
	for size := 60000; size < 1<<33; size *= 100 {
		var ops []byte
		for range 100 {
			ops = append(ops, 0x80|0x7f, 0, 0, 0, 0, byte(size), byte(size>>8), byte(size>>16))
		}
		entries = append(entries, madeEntry{id: nameOf(Blob, fmt.Append(nil, size)), typ: ofsDelta, distance: -1, data: deltaOf(size, size*100, ops...)})
	}
	s := newStore(t)
	s.pack("pack-a", entries...)
	store := s.open(ObjectOptions{MaxObject: 10 << 20})
	l := newWalkLog(t, nil)
	before := allocated()
	stats, err := store.Walk(context.Background(), WalkOptions{All: true, Failed: l.fail})
	if err != nil || stats.Visited != 2 || len(l.failed) != len(entries)-2 {
		t.Errorf("%+v, %v", stats, err)
	}
	for _, e := range l.failed {
		if e.Class != Limit {
			t.Error(e)
		}
	}
	if n := allocated() - before; n > 32<<20 {
		t.Errorf("allocates %d bytes", n)
	}
}

// TestWalkManyRuns gives an object whole that is cut into more pieces than are told.
func TestWalkManyRuns(t *testing.T) {
	base := strings.Repeat("ab", 50)
	ops, n := []byte{}, maxRuns+10
	for range n {
		ops = append(ops, 0x90, 1)
	}
	s := newStore(t)
	content := strings.Repeat("a", n)
	s.pack("pack-a", blobEntry(base), madeEntry{id: nameOf(Blob, []byte(content)), typ: ofsDelta, distance: -1, data: deltaOf(100, n, ops...)})
	whole := 0
	stats, err := s.open(ObjectOptions{}).Walk(context.Background(), WalkOptions{All: true, Visit: func(_ int, v *Visit) any {
		if v.Base == (ID{}) {
			whole++
		}
		return 1
	}})
	if err != nil || whole != 2 {
		t.Errorf("%+v, %v, %d whole", stats, err, whole)
	}
}

// TestWalkTruncated cuts a pack short in the middle of a walk.
func TestWalkTruncated(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	var entries []madeEntry
	for range 100 {
		entries = append(entries, blobEntry(string(randomText(rnd, 2000))))
	}
	entries = append(entries, grown(100)...)
	s := newStore(t)
	s.pack("pack-a", entries...)
	want := map[ID]gitObject{}
	r := s.open(ObjectOptions{}).NewReader(1 << 20)
	for _, e := range entries {
		_, data, err := r.Read(e.id)
		if err != nil {
			t.Fatal(err)
		}
		want[e.id] = gitObject{Blob, bytes.Clone(data)}
	}
	for _, again := range []bool{false, true} { // whether there is another copy
		s.pack("pack-a", entries...)
		store := s.open(ObjectOptions{})
		l, count := newWalkLog(t, want), 0
		stats, err := store.Walk(context.Background(), WalkOptions{Want: keys(want), Failed: l.fail, Visit: func(worker int, v *Visit) any {
			if count++; count == 20 {
				if err := os.Truncate(filepath.Join(s.dir, "pack", "pack-a.pack"), 1000); err != nil {
					t.Error(err)
				}
				if again {
					s.pack("pack-b", entries...)
				}
			}
			return l.visit(worker, v)
		}})
		if err != nil || stats.Visited+stats.Failed != int64(len(want)) || len(l.visited)+len(l.failed) != len(want) || (stats.Failed == 0) != again {
			t.Errorf("%+v, %v", stats, err)
		}
	}
}

// bush is a family in which every object but those of the last generation has n deltas against it.
func bush(n, generations, size int) []madeEntry {
	rnd := rand.New(rand.NewPCG(3, 3))
	root := randomText(rnd, size)
	entries := []madeEntry{blobEntry(string(root))}
	type member struct {
		content []byte
		id      ID
	}
	last := []member{{root, entries[0].id}}
	for range generations {
		var next []member
		for _, m := range last {
			for range n {
				text := string(randomText(rnd, 20))
				content := append(bytes.Clone(m.content), text...)
				e := madeEntry{id: nameOf(Blob, content), typ: refDelta, base: m.id}
				ops := append(copyOp(0, 0xfff0), copyOp(0xfff0, len(m.content)-0xfff0)...)
				if len(m.content) <= 0xfff0 {
					ops = copyOp(0, len(m.content))
				}
				e.data = deltaOf(len(m.content), len(content), append(append(ops, byte(len(text))), text...)...)
				entries = append(entries, e)
				next = append(next, member{content, e.id})
			}
		}
		last = next
	}
	rnd.Shuffle(len(entries), func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
	return entries
}

// TestWalkBudget walks a bushy family of large objects with room for few of them.
func TestWalkBudget(t *testing.T) {
	const size = 100000
	entries := bush(2, 6, size)
	s := newStore(t)
	s.pack("pack-a", entries...)
	for _, workers := range []int{1, 2, 4} {
		for _, budget := range []int64{1, 6 * size, 12 * size, 100 * size} {
			overhead := int64(workers) * (budget/int64(workers)/4 + windowCount*windowSize)
			store := s.open(ObjectOptions{})
			runtime.GC()
			l := newWalkLog(t, nil)
			var count atomic.Int64
			stats, err := store.Walk(context.Background(), WalkOptions{All: true, Workers: workers, Budget: budget + overhead, Failed: l.fail, Visit: func(_ int, v *Visit) any {
				if nameOf(v.Type, v.Data) != v.ID {
					t.Errorf("%s is wrong", v.ID)
				}
				if v.Base != (ID{}) && (v.Parent != v.Base || len(v.Runs) != 1) {
					t.Errorf("%s has base %s, parent %v, runs %v", v.ID, v.Base, v.Parent, v.Runs)
				}
				count.Add(1)
				return v.ID
			}})
			if err != nil || int(count.Load()) != len(entries) || stats.Failed != 0 {
				t.Errorf("%+v, %v", stats, err)
			}
			// Beyond the budget goes one worker, with a base, a delta and an object, of buffers that are up to twice as large.
			if limit := max(budget, 0) + 3*2*size; stats.PeakBytes > limit {
				t.Errorf("%d workers, budget %d: %d bytes in use", workers, budget, stats.PeakBytes)
			}
			if budget == 1 && stats.Again == 0 || budget == 100*size && stats.Again != 0 {
				t.Errorf("%d workers, budget %d: %+v", workers, budget, stats)
			}
		}
	}
}

// TestWalkShares makes sure that several workers have work when there is one family only.
func TestWalkShares(t *testing.T) {
	s, entries := newStore(t), bush(3, 6, 200)
	s.pack("pack-a", entries...)
	store := s.open(ObjectOptions{})
	var visits [3]atomic.Int64
	var w *walk
	w = store.newWalk(WalkOptions{All: true, Workers: 3, Visit: func(worker int, v *Visit) any {
		visits[worker].Add(1)
		for w.queue.hungry.Load() <= 0 && (visits[0].Load() == 0 || visits[1].Load() == 0 || visits[2].Load() == 0) {
			runtime.Gosched()
		}
		return nil
	}})
	stats, err := w.run(context.Background())
	if err != nil || stats.Handed < 2 || stats.Visited != int64(len(entries)) {
		t.Errorf("%+v, %v", stats, err)
	}
}

// TestWalkIsStopped ends the context in the middle.
func TestWalkIsStopped(t *testing.T) {
	s := newStore(t)
	s.pack("pack-a", bush(3, 4, 200)...)
	store := s.open(ObjectOptions{})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	visits := 0
	stopped := make(chan struct{})
	context.AfterFunc(ctx, func() { close(stopped) })
	stats, err := store.Walk(ctx, WalkOptions{All: true, Visit: func(int, *Visit) any {
		if visits++; visits == 20 {
			cancel()
			<-stopped
		}
		return nil
	}})
	if !errors.Is(err, context.Canceled) || stats.Visited < 20 {
		t.Errorf("%+v, %v", stats, err)
	}
	if _, err := store.Walk(ctx, WalkOptions{All: true}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v from a walk that begins after the end", err)
	}
}

// TestWalkMissing asks for what is not there.
func TestWalkMissing(t *testing.T) {
	s := newStore(t)
	s.pack("pack-a", grown(3)...)
	store := s.open(ObjectOptions{})
	other, empty := nameOf(Blob, []byte("not there")), nameOf(Tree, nil)
	l := newWalkLog(t, map[ID]gitObject{empty: {Tree, nil}})
	stats := l.walk(store, WalkOptions{Want: []ID{other, empty, {}, other}}, func(id ID) bool { return id == empty })
	if stats.Wanted != 3 || stats.Failed != 2 || l.failed[other].Class != Missing {
		t.Errorf("%+v, %v", stats, l.failed)
	}
}

// TestWalkBasesElsewhere walks deltas by name against objects outside their pack.
func TestWalkBasesElsewhere(t *testing.T) {
	text := strings.Repeat("base ", 20)
	loose, other := blobEntry(text), blobEntry(strings.ToUpper(text))
	a := madeEntry{id: nameOf(Blob, []byte(text+"x")), typ: refDelta, base: loose.id, data: appendDelta(100, "x")}
	b := madeEntry{id: nameOf(Blob, []byte(strings.ToUpper(text)+"x")), typ: refDelta, base: other.id, data: appendDelta(100, "x")}
	c := madeEntry{id: nameOf(Blob, []byte(text+"xy")), typ: ofsDelta, distance: -1, data: appendDelta(101, "y")}
	s := newStore(t)
	s.loose(loose.id, deflate(fmt.Appendf(nil, "blob 100\x00%s", text)))
	s.pack("pack-a", b, a, c)
	s.pack("pack-b", other)
	for _, o := range []ObjectOptions{{}, {VerifyHash: true}} {
		if visited, failed := checkLikeReader(t, s.open(o), WalkOptions{Type: Blob}); visited != 5 || failed != 0 {
			t.Errorf("%d visited, %d failed", visited, failed)
		}
	}
}

// FuzzWalk walks a pack of any content and compares with Readers.
func FuzzWalk(f *testing.F) {
	seed := func(entries []madeEntry) {
		pack, idx := makePack(entries)
		f.Add(pack, idx, byte(2))
	}
	seed(grown(6))
	seed(bush(2, 2, 50))
	entries := grown(4)
	entries[0].typ, entries[0].base, entries[0].data = refDelta, entries[3].id, appendDelta(130, "x")
	seed(entries)
	f.Fuzz(func(t *testing.T, pack, idx []byte, budget byte) {
		if len(pack) > 1<<14 || len(idx) > 1<<14 {
			return
		}
		s := newStore(t)
		s.write("pack/pack-a.pack", pack)
		s.write("pack/pack-a.idx", idx)
		store := s.open(ObjectOptions{MaxObject: 1 << 16, MaxChain: 1 << 22})
		checkLikeReader(t, store, WalkOptions{Workers: 1 + int(budget&1), Budget: int64(budget) << 10})
	})
}
