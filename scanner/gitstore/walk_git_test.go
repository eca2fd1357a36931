package gitstore

import (
	"bytes"
	"context"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
)

// walkLog checks visits as they come and keeps what they were.
type walkLog struct {
	t    *testing.T
	want map[ID]gitObject
	more bool // whether other objects may be visited, if their content has their name

	mu      sync.Mutex
	visited map[ID]int // times
	failed  map[ID]*Error
	deltas  int // with a base
}

func newWalkLog(t *testing.T, want map[ID]gitObject) *walkLog {
	return &walkLog{t: t, want: want, visited: map[ID]int{}, failed: map[ID]*Error{}}
}

// visit is WalkOptions.Visit. The state is the object's name.
func (l *walkLog) visit(_ int, v *Visit) any {
	l.mu.Lock()
	defer l.mu.Unlock()
	o, known := l.want[v.ID]
	if !known && l.more && nameOf(v.Type, v.Data) == v.ID {
		o, known = gitObject{v.Type, bytes.Clone(v.Data)}, true
		l.want[v.ID] = o
	}
	if !known || v.Type != o.typ || !bytes.Equal(v.Data, o.data) {
		l.t.Errorf("visit of %s: %v, %d bytes; want %v, %d bytes", v.ID, v.Type, len(v.Data), o.typ, len(o.data))
	}
	l.visited[v.ID]++
	if v.Base == (ID{}) {
		if v.Parent != nil || v.Runs != nil || v.BaseSize != 0 {
			l.t.Errorf("visit of %s has no base but what belongs to one", v.ID)
		}
		return v.ID
	}
	l.deltas++
	if v.Parent != v.Base || l.visited[v.Base] != 1 {
		l.t.Errorf("visit of %s: base %s, visited %d times, state %v", v.ID, v.Base, l.visited[v.Base], v.Parent)
	}
	checkRuns(l.t, v, l.want[v.Base].data)
	return v.ID
}

// checkRuns checks that the runs are what v.Data and base have in common, and nothing odd.
func checkRuns(t *testing.T, v *Visit, base []byte) {
	t.Helper()
	if v.BaseSize != len(base) {
		t.Errorf("visit of %s: base of %d bytes, want %d", v.ID, v.BaseSize, len(base))
		return
	}
	end := Run{}
	for i, r := range v.Runs {
		switch {
		case r.Len <= 0 || r.TargetStart < end.TargetStart:
			t.Errorf("visit of %s: run %v after one that ends at %v", v.ID, r, end)
		case i > 0 && r.TargetStart == end.TargetStart && r.BaseStart == end.BaseStart:
			t.Errorf("visit of %s: run %v continues the one before", v.ID, r)
		case !bytes.Equal(v.Data[r.TargetStart:r.TargetStart+r.Len], base[r.BaseStart:r.BaseStart+r.Len]):
			t.Errorf("visit of %s: run %v is of different bytes", v.ID, r)
		}
		end = Run{TargetStart: r.TargetStart + r.Len, BaseStart: r.BaseStart + r.Len}
	}
}

func (l *walkLog) fail(_ int, id ID, err *Error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failed[id] != nil || l.visited[id] > 0 {
		l.t.Errorf("%s fails after it was visited or failed", id)
	}
	l.failed[id] = err
}

// walk walks the store and checks that every object that should be is visited, and nothing else.
func (l *walkLog) walk(s *Objects, opt WalkOptions, should func(ID) bool) WalkStats {
	l.t.Helper()
	opt.Visit, opt.Failed = l.visit, l.fail
	stats, err := s.Walk(context.Background(), opt)
	if err != nil {
		l.t.Errorf("Walk: %v", err)
	}
	for id := range l.want {
		if n := l.visited[id]; should(id) && n != 1 || !should(id) && n != 0 {
			l.t.Errorf("%s is visited %d times; should be: %v; failed: %v", id, n, should(id), l.failed[id])
		}
	}
	if most := bits.Len64(uint64(stats.Entries)) + 2; stats.PeakHeld > most {
		l.t.Errorf("%d objects are held at one time, of %d", stats.PeakHeld, stats.Entries)
	}
	if stats.Visited != int64(len(l.visited)) || stats.Failed != int64(len(l.failed)) {
		l.t.Errorf("%+v, but %d visited and %d failed", stats, len(l.visited), len(l.failed))
	}
	return stats
}

// checkWalks walks the store with all sorts of options. It returns how many objects have a base.
func checkWalks(t *testing.T, s *Objects, want map[ID]gitObject) (deltas int) {
	t.Helper()
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, opt := range []WalkOptions{{}, {Workers: 2}, {Workers: 5, Budget: 200 << 10}, {Workers: 2, Budget: 1}} {
		all := newWalkLog(t, want)
		opt.All = true
		stats := all.walk(s, opt, func(ID) bool { return true })
		if deltas = max(deltas, all.deltas); opt.Budget == 0 && stats.Again != 0 || stats.Inflated > stats.Entries {
			t.Errorf("%+v", stats)
		}
		opt.Type = Blob
		newWalkLog(t, want).walk(s, opt, func(id ID) bool { return want[id].typ == Blob })
		for _, part := range []int{2, 50} {
			chosen := map[ID]bool{}
			var ids []ID
			for id := range want {
				if rnd.IntN(part) == 0 {
					chosen[id] = true
					ids = append(ids, id, id)
				}
			}
			newWalkLog(t, want).walk(s, WalkOptions{Want: ids, Workers: opt.Workers, Budget: opt.Budget}, func(id ID) bool { return chosen[id] })
		}
	}
	newWalkLog(t, want).walk(s, WalkOptions{}, func(ID) bool { return false })
	return deltas
}

// TestWalkAgainstGit walks repositories that git has packed in all its ways.
func TestWalkAgainstGit(t *testing.T) {
	repack := func(args string) func(*objectRepo) {
		return func(r *objectRepo) {
			r.fill(2, "main", 40)
			r.git(nil, append([]string{"-c", "pack.threads=1"}, strings.Fields(args)...)...)
		}
	}
	tests := []struct {
		name  string
		brief bool // whether SHA-1 is enough
		whole bool // whether nothing is a delta
		make  func(*objectRepo)
	}{
		{"empty", true, true, func(*objectRepo) {}},
		{"loose", true, true, func(r *objectRepo) { r.fill(1, "main", 30) }},
		{"packed", false, false, repack("repack -adfq")},
		{"deep", true, false, repack("repack -adfq --window=30 --depth=250")},
		{"shallow", true, false, repack("repack -adfq --window=50 --depth=1")},
		{"no deltas", true, true, repack("repack -adfq --depth=0")},
		{"ref deltas", false, false, repack("-c repack.useDeltaBaseOffset=false repack -adfq --window=30")},
		{"index version 1", true, false, repack("-c pack.indexVersion=1 repack -adfq")},
		{"several packs and loose", true, false, func(r *objectRepo) {
			for i := range 4 {
				r.fill(uint64(i), fmt.Sprint("b", i), 15)
				if i < 3 {
					r.git(nil, "repack", "-dq")
				}
			}
		}},
		{"duplicates", false, false, func(r *objectRepo) {
			r.fill(5, "main", 30)
			r.git(nil, "repack", "-q")
			for _, revs := range []string{"main~10\n", "main\n^main~20\n"} {
				pack := r.git([]byte(revs), "pack-objects", "--revs", "--stdout", "-q", "--window=40")
				r.git(pack, "index-pack", "--stdin")
			}
		}},
		{"multi-pack-index", true, false, makeMidx},
		{"multi-pack-index without indexes", true, false, makeMidx},
		{"multi-pack-index and newer", true, false, func(r *objectRepo) {
			makeMidx(r)
			r.fill(9, "more", 10)
			r.git(nil, "repack", "-dq")
			r.fill(10, "loose", 10)
		}},
		{"large offsets", true, false, func(r *objectRepo) {
			repack("repack -adfq")(r)
			r.reindex("--index-version=2,0x100")
		}},
		{"completed thin pack", false, false, makeThin},
	}
	for _, f := range []Format{SHA1, SHA256} {
		for _, test := range tests {
			if test.brief && f != SHA1 {
				continue
			}
			t.Run(f.String()+"/"+test.name, func(t *testing.T) {
				t.Parallel()
				r := newObjectRepo(t, f)
				test.make(r)
				want := r.all()
				if strings.HasSuffix(test.name, "without indexes") { // which git does not read
					r.removeIndexes()
				}
				if n := checkWalks(t, r.open(ObjectOptions{}), want); (n == 0) != test.whole {
					t.Errorf("%d of %d objects have a base", n, len(want))
				}
				l := newWalkLog(t, want)
				l.walk(r.open(ObjectOptions{VerifyHash: true}), WalkOptions{All: true, Workers: 2}, func(ID) bool { return true })
			})
		}
	}
}

func TestWalkAlternates(t *testing.T) {
	base, fork := newObjectRepo(t, SHA1), newObjectRepo(t, SHA1)
	base.fill(1, "main", 30)
	base.git(nil, "repack", "-adfq")
	fork.fill(1, "main", 30) // partly the same
	fork.fill(2, "more", 20)
	fork.git(nil, "repack", "-adfq")
	want := base.all()
	for id, o := range fork.all() {
		want[id] = o
	}
	checkWalks(t, fork.open(ObjectOptions{}, base.objects()), want)
}

// TestWalkRepack repacks before a walk, whose packs are then not those that were listed, and during one.
func TestWalkRepack(t *testing.T) {
	r := newObjectRepo(t, SHA1)
	r.fill(1, "main", 20)
	r.git(nil, "repack", "-adfq")
	want := r.all()
	s := r.open(ObjectOptions{})
	r.fill(2, "other", 5)
	r.git(nil, "repack", "-adfq", "--depth=3")
	for range 2 {
		newWalkLog(t, want).walk(s, WalkOptions{Want: keys(want), Workers: 2}, func(ID) bool { return true })
	}
	l, count := newWalkLog(t, want), 0
	_, err := s.Walk(context.Background(), WalkOptions{Want: keys(want), Failed: l.fail, Visit: func(worker int, v *Visit) any {
		if count++; count == 30 {
			r.git(nil, "repack", "-adfq", "--depth=9")
		}
		return l.visit(worker, v)
	}})
	if err != nil || len(l.visited) != len(want) || len(l.failed) != 0 {
		t.Errorf("%v, %d visited of %d, %d failed", err, len(l.visited), len(want), len(l.failed))
	}
}

func keys(m map[ID]gitObject) []ID {
	var ids []ID
	for id := range m {
		ids = append(ids, id)
	}
	return ids
}

// TestWalkSparse makes sure that a few objects of a large pack are found without reading all headers.
func TestWalkSparse(t *testing.T) {
	r := newObjectRepo(t, SHA1)
	r.fill(2, "main", 40)
	r.git(nil, "repack", "-adfq")
	want := r.all()
	ids := keys(want)
	slices.SortFunc(ids, ID.Compare)
	l := newWalkLog(t, want)
	few := []ID{ids[3], ids[len(ids)/2]}
	stats := l.walk(r.open(ObjectOptions{}), WalkOptions{Want: few}, func(id ID) bool { return id == ids[3] || id == ids[len(ids)/2] })
	if stats.Headers >= int64(len(ids))/2 {
		t.Errorf("%d headers read of %d: %+v", stats.Headers, len(ids), stats)
	}
}

func (r *objectRepo) removeIndexes() {
	r.t.Helper()
	for _, pack := range r.packs() {
		if err := os.Remove(strings.TrimSuffix(pack, ".pack") + ".idx"); err != nil {
			r.t.Fatal(err)
		}
	}
}
