package gitstore

import (
	"bytes"
	"context"
	"slices"
)

// entryTable lists the objects of one pack: its index, or where it has none a multi-pack-index, which also lists others.
type entryTable interface {
	nameTable
	// entry returns where the object at pos is in the pack, false if it is not there.
	entry(pos int) (off int64, ok bool)
}

type indexTable struct{ *packIndex }

func (t indexTable) entry(pos int) (int64, bool) {
	off, err := t.offset(pos)
	return off, err == nil
}

type midxTable struct {
	*multiIndex
	pack *pack
}

func (t midxTable) entry(pos int) (int64, bool) {
	p, off, err := t.place(pos)
	return off, err == nil && p == t.pack
}

// packPlan is what is to be visited in one pack.
type packPlan struct {
	pack    *pack
	state   *packState
	table   entryTable
	want    bitset // by position in table
	wanted  int
	suspect bool
	nodes   []walkNode // set by newFamilies
}

// bitset is a set of small numbers.
type bitset []uint64

func newBitset(n int) bitset { return make(bitset, (n+63)/64) }

func (b bitset) has(i int) bool { return b[i/64]>>(i%64)&1 != 0 }

// add adds i and reports whether it was not there.
func (b bitset) add(i int) bool {
	word, bit := &b[i/64], uint64(1)<<(i%64)
	if *word&bit != 0 {
		return false
	}
	*word |= bit
	return true
}

// plan finds an entry for every wanted object and the families of these entries.
func (w *walk) plan(ctx context.Context) error {
	l := locator{walk: w, store: w.store, byPack: map[tableKey]*packPlan{}, avoid: map[*pack]bool{}}
	if err := l.locate(); err != nil {
		return err
	}
	for l.openPacks() {
	}
	w.single, w.plans = l.single, l.plans
	for _, p := range w.plans {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		w.newFamilies(p)
		w.entries += int64(len(p.nodes))
	}
	slices.SortFunc(w.single, ID.Compare)
	return nil
}

// locator finds one copy of each wanted object.
type locator struct {
	walk   *walk
	store  *Objects
	byPack map[tableKey]*packPlan
	plans  []*packPlan // in the order in which they were made
	avoid  map[*pack]bool
	single []ID
}

type tableKey struct {
	pack *pack
	midx *multiIndex // nil: the pack's own index
}

// locateChunk is how many names are looked for at a time.
const locateChunk = 4096

// locate finds a copy of everything that is wanted.
func (l *locator) locate() error {
	chunk := make([]ID, 0, locateChunk)
	next := func(id ID) bool {
		l.walk.wanted++
		if chunk = append(chunk, id); len(chunk) == locateChunk {
			l.find(chunk)
			chunk = chunk[:0]
		}
		return true
	}
	switch {
	case l.walk.opt.All && l.walk.opt.Packed:
		return l.locatePacked()
	case l.walk.opt.All:
		if err := l.store.All(next); err != nil {
			return err
		}
	default:
		want := l.walk.opt.Want
		slices.SortFunc(want, ID.Compare)
		for i, id := range want {
			if i == 0 || id != want[i-1] {
				next(id)
			}
		}
	}
	l.find(chunk)
	return nil
}

// locatePacked takes one copy of everything that is in packs.
func (l *locator) locatePacked() (err error) {
	defer endFaults(guardFaults(), &err)
	l.store.refresh()
	snap := l.store.snap.Load()
	var before []nameTable
	known := func(name []byte) bool {
		return slices.ContainsFunc(before, func(t nameTable) bool { _, ok := positionOf(t, name); return ok })
	}
	for _, m := range snap.midxs {
		for pos := range m.len() {
			p, _, err := m.place(pos)
			if err == nil && p != nil && !known(m.name(pos)) && (l.inIndex(p, m.name(pos)) || l.add(tableKey{p, m}, midxTable{m, p}, pos)) {
				l.walk.wanted++
			}
		}
		before = append(before, m)
	}
	for _, p := range snap.indexed {
		x := p.index()
		if x == nil {
			continue
		}
		for pos := range x.len() {
			if again := pos > 0 && bytes.Equal(x.name(pos), x.name(pos-1)); !again && !known(x.name(pos)) {
				l.add(tableKey{pack: p}, indexTable{x}, pos)
				l.walk.wanted++
			}
		}
		before = append(before, x)
	}
	return nil
}

// find locates the given objects, listing the store again if some are not found. It uses up rest.
func (l *locator) find(rest []ID) {
	for _, fresh := range []bool{false, true} {
		if fresh {
			l.store.refresh()
		}
		snap := l.store.snap.Load()
		for _, m := range snap.midxs {
			rest = l.among(rest, func(id ID) bool { return l.inMidx(m, id) })
		}
		for _, p := range snap.indexed {
			rest = l.among(rest, func(id ID) bool { return l.inIndex(p, id.b[:id.n]) })
		}
		for _, d := range l.store.dirs {
			rest = l.among(rest, func(id ID) bool {
				if id.Size() != l.store.format.Size() || !d.loose.has(id.b[:id.n], fresh) {
					return false
				}
				l.single = append(l.single, id)
				return true
			})
		}
		if len(rest) == 0 {
			return
		}
	}
	l.single = append(l.single, rest...) // reading them will say what is wrong
}

// among drops those of ids for which found is true.
func (l *locator) among(ids []ID, found func(ID) bool) []ID {
	rest := ids[:0]
	for _, id := range ids {
		if id.Size() != l.store.format.Size() || !found(id) {
			rest = append(rest, id)
		}
	}
	return rest
}

// inIndex adds the object to its pack's plan if it is in the pack's own index.
func (l *locator) inIndex(p *pack, name []byte) bool {
	x := p.index()
	if x == nil || l.avoid[p] {
		return false
	}
	pos, ok := positionOf(x, name)
	return ok && l.add(tableKey{pack: p}, indexTable{x}, pos)
}

// inMidx adds the object to its pack's plan if it is in the multi-pack-index.
func (l *locator) inMidx(m *multiIndex, id ID) bool {
	name := id.b[:id.n]
	p, _, ok, err := m.find(name)
	if err != nil || !ok || p == nil || l.avoid[p] {
		return false
	}
	if l.inIndex(p, name) {
		return true
	}
	pos, ok := positionOf(m, name)
	return ok && l.add(tableKey{p, m}, midxTable{m, p}, pos)
}

// positionOf returns the position of a name in a table.
func positionOf(t nameTable, name []byte) (pos int, ok bool) {
	var err error
	defer endFaults(guardFaults(), &err) // after a fault nothing is found
	if t.len() == 0 {
		return 0, false
	}
	pos = t.search(name)
	ok = pos < t.len() && bytes.Equal(t.name(pos), name)
	return pos, ok
}

func (l *locator) add(key tableKey, t entryTable, pos int) bool {
	p := l.byPack[key]
	if p == nil {
		p = &packPlan{pack: key.pack, table: t, want: newBitset(t.len())}
		l.byPack[key] = p
		l.plans = append(l.plans, p)
	}
	if p.want.add(pos) {
		p.wanted++
	}
	return true
}

// openPacks opens the packs of all plans. What was wanted of packs that cannot be opened, as they may have been replaced
// since the store was listed, it looks for elsewhere; then it returns true and has to be called again.
func (l *locator) openPacks() bool {
	for i, p := range l.plans {
		state, failed := p.pack.open()
		if failed != nil {
			if failed.Class != Missing {
				l.store.note(failed)
			}
			l.plans = slices.Delete(l.plans, i, i+1)
			l.relocate(p)
			return true
		}
		if state.suspect {
			l.store.note(state.err)
		}
		p.state, p.suspect = state, state.suspect || state.unchecked
	}
	return false
}

// relocate finds other copies of what p wants.
func (l *locator) relocate(p *packPlan) {
	l.avoid[p.pack] = true
	for key, q := range l.byPack {
		if q == p {
			delete(l.byPack, key)
		}
	}
	l.store.refresh()
	chunk := make([]ID, 0, locateChunk)
	for pos := range p.table.len() {
		if !p.want.has(pos) {
			continue
		}
		if id, _, ok := p.at(pos); ok {
			chunk = append(chunk, id)
		} else {
			l.walk.loseName(p)
		}
		if len(chunk) == locateChunk {
			l.find(chunk)
			chunk = chunk[:0]
		}
	}
	l.find(chunk)
}

// loseName notes that a wanted object's name cannot be read any more.
func (w *walk) loseName(p *packPlan) {
	w.lost = append(w.lost, fileError(w.store.label(p.pack.stem+".idx"), errShrunk))
}

// at returns the name and place of the object at a position of the table, false if the index shrank meanwhile. The place is
// negative if the table has none.
func (p *packPlan) at(pos int) (id ID, off int64, ok bool) {
	var err error
	defer func() { ok = ok && err == nil }()
	defer endFaults(guardFaults(), &err)
	id = mustID(p.table.name(pos))
	off, ok = p.table.entry(pos)
	if !ok {
		off = -1
	}
	return id, off, true
}
