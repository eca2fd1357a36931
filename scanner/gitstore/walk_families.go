package gitstore

import (
	"cmp"
	"math"
	"slices"
	"sync"
)

// walkNode is an entry of a family. The nodes of a pack are in the order in which they are visited: a node is followed by
// its subtrees, which are the deltas against it with all that is based on them, the largest last. A family is the subtree
// of an entry that is whole.
type walkNode struct {
	pos    uint32 // position in the plan's table; nodeWanted is set if the object is wanted
	nodes  uint32 // in the subtree, itself included; nodeApart may be set
	stream uint32 // bytes of the entry in the pack, at most; 0 if unknown
}

const (
	nodeWanted = 1 << 31 // in pos
	nodeApart  = 1 << 31 // in nodes: read by a Reader, since its base is not in this pack or its header cannot be read
	nodeBits   = 1<<31 - 1

	cyclic = math.MaxUint32 // stream of a nodeApart that is, by way of others, against itself
)

func (n walkNode) position() int { return int(n.pos & nodeBits) }
func (n walkNode) wanted() bool  { return n.pos&nodeWanted != 0 }
func (n walkNode) apart() bool   { return n.nodes&nodeApart != 0 }
func (n walkNode) subtree() int  { return int(n.nodes & nodeBits) }

// Instead of the number of its base, an entry that has none in the list has the negative of its type, or one of these.
const (
	baseElsewhere int32 = -8
	baseCyclic    int32 = -9
)

// entryRef is an entry of a pack while the families are made.
type entryRef struct {
	off int64
	pos uint32
}

// familyBuilder makes the nodes of a pack.
type familyBuilder struct {
	walk *walk
	plan *packPlan

	refs   []entryRef // by offset
	base   []int32    // of each entry: the number of its base in refs, or a negative number as above
	sizes  []uint32   // of each entry's stream; nil if unknown
	subs   []int32    // nodes in each subtree
	heavy  []int32    // the base's largest subtree, -1 if it has none
	cursor []int32    // while counting, how many subtrees are not counted; then where the next one goes
	at     []int32    // position among the nodes
}

// sparse is how many times as many objects as are wanted a pack holds before its families are found by following the
// wanted ones to their bases, instead of reading the headers of all entries.
const sparse = 16

// newFamilies sets p.nodes to the families that hold a wanted object, without what only leads to unwanted ones.
func (w *walk) newFamilies(p *packPlan) {
	b := &familyBuilder{walk: w, plan: p}
	if t, ok := p.table.(indexTable); ok && p.wanted < p.table.len()/sparse {
		b.listSparse(t)
		b.readHeaders()
	} else if !b.useLayout() {
		b.listAll()
		b.readHeaders()
		b.keepLayout()
	}
	b.keepNeeded()
	if !b.count() {
		b.breakCycles()
	}
	b.place()
	b.emit()
}

// listAll lists all entries of the pack.
func (b *familyBuilder) listAll() {
	t := b.plan.table
	b.refs = make([]entryRef, 0, t.len())
	for pos := range t.len() {
		b.list(pos)
	}
	sortByOffset(b.refs)
	b.setSizes()
}

// packLayout is what the headers of a pack's entries say: which objects they are, in the order of the entries, and their bases
// as in familyBuilder. It is kept for the next walk.
type packLayout struct {
	order []uint32
	base  []int32
}

// keepLayout keeps what listAll and readHeaders found, if that is of the whole pack.
func (b *familyBuilder) keepLayout() {
	if _, ok := b.plan.table.(indexTable); !ok || len(b.refs) != b.plan.table.len() {
		return
	}
	l := &packLayout{order: make([]uint32, len(b.refs)), base: b.base}
	for i, r := range b.refs {
		l.order[i] = r.pos
	}
	b.plan.pack.layout.Store(l)
}

// useLayout sets refs, base and sizes from what an earlier walk has kept. It returns false if there is nothing that can be used.
func (b *familyBuilder) useLayout() (used bool) {
	l := b.plan.pack.layout.Load()
	t, ok := b.plan.table.(indexTable)
	if !ok || l == nil {
		return false
	}
	var err error
	defer func() { used = used && err == nil }()
	defer endFaults(guardFaults(), &err)
	b.refs, b.base = make([]entryRef, len(l.order)), l.base
	for i, pos := range l.order {
		off, ok := t.entry(int(pos))
		if !ok {
			return false
		}
		b.refs[i] = entryRef{off, pos}
	}
	b.setSizes()
	return true
}

// sortByOffset sorts entries by offset, keeping the order of equal ones: digit by digit, from the lowest on.
func sortByOffset(refs []entryRef) {
	const digit = 11
	most := int64(0)
	for _, r := range refs {
		most |= r.off
	}
	spare := make([]entryRef, len(refs))
	from, to := refs, spare
	for shift := 0; most>>shift != 0; shift += digit {
		var next [1 << digit]int
		for _, r := range from {
			next[r.off>>shift&(1<<digit-1)]++
		}
		sum := 0
		for i, n := range next {
			next[i], sum = sum, sum+n
		}
		for _, r := range from {
			d := r.off >> shift & (1<<digit - 1)
			to[next[d]] = r
			next[d]++
		}
		from, to = to, from
	}
	copy(refs, from)
}

func compareRefOffsets(a, b entryRef) int {
	if a.off != b.off {
		return cmp.Compare(a.off, b.off)
	}
	return cmp.Compare(a.pos, b.pos)
}

// list adds the entry at a position of the table. If it is wanted and has no place, it is read by its name.
func (b *familyBuilder) list(pos int) {
	id, off, ok := b.plan.at(pos)
	wanted := b.plan.want.has(pos)
	switch {
	case !ok && wanted:
		b.walk.loseName(b.plan)
	case ok && off >= 0:
		b.refs = append(b.refs, entryRef{off, uint32(pos)})
	case wanted:
		b.walk.single = append(b.walk.single, id)
	}
}

// setSizes takes the space up to the next entry for the size of each.
func (b *familyBuilder) setSizes() {
	b.sizes = make([]uint32, len(b.refs))
	next := b.plan.state.end
	for i := len(b.refs) - 1; i >= 0; i-- {
		off := b.refs[i].off
		if i+1 < len(b.refs) && b.refs[i+1].off > off {
			next = b.refs[i+1].off
		}
		b.sizes[i] = uint32(min(max(next-off, 0), cyclic-1))
	}
}

// listSparse lists the wanted entries and those that they are based on.
func (b *familyBuilder) listSparse(t indexTable) {
	for pos := range t.len() {
		if b.plan.want.has(pos) {
			b.list(pos)
		}
	}
	known := make(map[uint32]bool, len(b.refs))
	for _, r := range b.refs {
		known[r.pos] = true
	}
	h := headerReader{plan: b.plan}
	for i := 0; i < len(b.refs); i++ {
		e, err := h.read(b.refs[i].off, 0)
		if err != nil {
			continue
		}
		var pos int
		var ok bool
		switch e.typ {
		case ofsDelta:
			pos, ok = t.positionAt(e.base)
		case refDelta:
			pos, ok = positionOf(t, e.name.b[:e.name.n])
		}
		if ok && !known[uint32(pos)] {
			known[uint32(pos)] = true
			b.list(pos)
		}
	}
	b.walk.headers += h.count
	slices.SortFunc(b.refs, compareRefOffsets)
}

// positionAt returns the position of the object whose entry is at off.
func (t indexTable) positionAt(off int64) (pos int, ok bool) {
	var err error
	defer func() { ok = ok && err == nil }()
	defer endFaults(guardFaults(), &err)
	order := t.packIndex.byOffset()
	i, ok := slices.BinarySearchFunc(order, off, func(pos uint32, off int64) int {
		return compareOffsets(t.knownOffset(pos), off)
	})
	if !ok {
		return 0, false
	}
	return int(order[i]), true
}

// readHeaders sets base.
func (b *familyBuilder) readHeaders() {
	b.base = make([]int32, len(b.refs))
	parts := len(b.walk.workers)
	readers := make([]headerReader, parts)
	var wg sync.WaitGroup
	for i := range readers {
		readers[i].plan = b.plan
		from, to := len(b.refs)*i/parts, len(b.refs)*(i+1)/parts
		wg.Add(1)
		go func() {
			defer wg.Done()
			b.readPart(&readers[i], from, to)
		}()
	}
	wg.Wait()
	for i := range readers {
		b.walk.headers += readers[i].count
	}
}

func (b *familyBuilder) readPart(h *headerReader, from, to int) {
	for i := from; i < to; i++ {
		off := b.refs[i].off
		if off >= h.until {
			h.until = b.span(i, to)
		}
		b.base[i] = b.baseOf(h, i)
	}
}

// span returns where a read should end that begins with entry i and takes in the headers of entries that lie close
// together.
func (b *familyBuilder) span(i, to int) int64 {
	const gap, most = 8 << 10, windowSize - maxEntryHeader
	first := b.refs[i].off
	last := first
	for i++; i < to; i++ {
		off := b.refs[i].off
		if off-last > gap || off-first > most {
			break
		}
		last = off
	}
	return last + 1
}

// baseOf reads an entry's header and returns what belongs into base.
func (b *familyBuilder) baseOf(h *headerReader, i int) int32 {
	e, err := h.read(b.refs[i].off, h.until)
	if err != nil {
		return baseElsewhere
	}
	off := e.base
	switch e.typ {
	case ofsDelta:
	case refDelta:
		pos, ok := positionOf(b.plan.table, e.name.b[:e.name.n])
		if !ok {
			return baseElsewhere
		}
		if _, off, ok = b.plan.at(pos); !ok {
			return baseElsewhere
		}
	default:
		return -int32(e.typ)
	}
	return b.numberOf(off, i)
}

// numberOf returns the number of the entry at off. It looks first before entry i, where bases mostly are.
func (b *familyBuilder) numberOf(off int64, i int) int32 {
	lo, hi := 0, len(b.refs)
	for step := 1; i-step > 0; step *= 2 {
		if b.refs[i-step].off <= off {
			lo = i - step
			break
		}
		hi = i - step + 1
	}
	at, ok := slices.BinarySearchFunc(b.refs[lo:hi], off, func(r entryRef, off int64) int { return cmp.Compare(r.off, off) })
	if !ok {
		return baseElsewhere
	}
	return int32(lo + at)
}

// keepNeeded drops the entries that are neither wanted nor based upon by one that is.
func (b *familyBuilder) keepNeeded() {
	needed := newBitset(len(b.refs))
	n := 0
	for i, r := range b.refs {
		if !b.plan.want.has(int(r.pos)) {
			continue
		}
		for at := int32(i); at >= 0 && needed.add(int(at)); at = b.base[at] {
			n++
		}
	}
	if n == len(b.refs) {
		return
	}
	number := make([]int32, len(b.refs))
	refs, base, sizes := make([]entryRef, 0, n), make([]int32, 0, n), make([]uint32, 0, n)
	for i, r := range b.refs {
		if needed.has(i) {
			number[i] = int32(len(refs))
			refs, base = append(refs, r), append(base, b.base[i])
			if b.sizes != nil {
				sizes = append(sizes, b.sizes[i])
			}
		}
	}
	for i, at := range base {
		if at >= 0 {
			base[i] = number[at]
		}
	}
	b.refs, b.base = refs, base
	if b.sizes != nil {
		b.sizes = sizes
	}
}

// count sets subs and heavy. It returns false if there are cycles; cursor is then positive for what is part of one.
func (b *familyBuilder) count() bool {
	n := len(b.refs)
	b.subs, b.heavy, b.cursor = make([]int32, n), make([]int32, n), make([]int32, n)
	for i, at := range b.base {
		b.subs[i], b.heavy[i] = 1, -1
		if at >= 0 {
			b.cursor[at]++
		}
	}
	left := n
	for i := range b.refs {
		// An entry is done when all that is based on it is; doing the last of these does it too.
		for at := int32(i); b.cursor[at] == 0; {
			b.cursor[at] = -1
			left--
			base := b.base[at]
			if base < 0 {
				break
			}
			b.subs[base] += b.subs[at]
			if h := b.heavy[base]; h < 0 || b.subs[at] > b.subs[h] {
				b.heavy[base] = at
			}
			b.cursor[base]--
			at = base
		}
	}
	return left == 0
}

// breakCycles takes out of cycles what has a copy elsewhere; what then still is in one cannot be read.
func (b *familyBuilder) breakCycles() {
	b.base = slices.Clone(b.base) // the layout's may be shared
	for i := range b.refs {
		if b.cursor[i] <= 0 {
			continue
		}
		if id, off, ok := b.plan.at(int(b.refs[i].pos)); ok && b.walk.store.elsewhere(id, place{b.plan.pack, off}) {
			b.base[i] = baseElsewhere
		}
	}
	if b.count() {
		return
	}
	for i := range b.refs {
		if b.cursor[i] > 0 {
			b.base[i] = baseCyclic
		}
	}
	b.count()
}

// elsewhere reports whether the store has another copy of an object than the given one.
func (o *Objects) elsewhere(id ID, than place) bool {
	o.refresh()
	for _, c := range o.copies(id) {
		if c.place != than {
			return true
		}
	}
	return false
}

// dropped is the place of what belongs to a family of a type that is not asked for.
const dropped = -2

// place sets at.
func (b *familyBuilder) place() {
	n := len(b.refs)
	b.at = make([]int32, n)
	for i := range b.at {
		b.at[i] = -1
	}
	next := int32(0) // where the next family goes
	var path []int32
	for i := range b.refs {
		path = path[:0]
		for at := int32(i); at >= 0 && b.at[at] == -1; at = b.base[at] {
			path = append(path, at)
		}
		for k := len(path) - 1; k >= 0; k-- {
			at := path[k]
			base := b.base[at]
			switch {
			case base >= 0 && b.at[base] == dropped:
				b.at[at] = dropped
			case base >= 0 && b.heavy[base] == at:
				b.at[at] = b.at[base] + b.subs[base] - b.subs[at]
			case base >= 0:
				b.at[at] = b.cursor[base]
				b.cursor[base] += b.subs[at]
			case b.walk.opt.Type != 0 && base > baseElsewhere && Type(-base) != b.walk.opt.Type:
				b.at[at] = dropped
			default:
				b.at[at] = next
				next += b.subs[at]
				b.walk.families++
			}
			b.cursor[at] = b.at[at] + 1
		}
	}
	b.plan.nodes = make([]walkNode, next)
}

// emit writes the nodes to their places.
func (b *familyBuilder) emit() {
	for i, r := range b.refs {
		wanted := b.plan.want.has(int(r.pos))
		if b.at[i] == dropped {
			if wanted {
				b.walk.skipped++
			}
			continue
		}
		n := walkNode{pos: r.pos, nodes: uint32(b.subs[i])}
		if wanted {
			n.pos |= nodeWanted
		}
		if b.sizes != nil {
			n.stream = b.sizes[i]
		}
		switch b.base[i] {
		case baseElsewhere:
			n.nodes |= nodeApart
			n.stream = 0
		case baseCyclic:
			n.nodes |= nodeApart
			n.stream = cyclic
		}
		b.plan.nodes[b.at[i]] = n
	}
	b.plan.want = nil
}

// headerReader reads the headers of a pack's entries.
type headerReader struct {
	plan  *packPlan
	buf   []byte // of the pack, from off on
	off   int64
	until int64 // where the last header lies that should be in the next read
	count int64
	space [windowSize]byte
}

// read reads the header at off. What it has to read from the file goes on to the header that begins before until.
func (h *headerReader) read(off, until int64) (packEntry, error) {
	h.count++
	if off < packHeaderSize || off >= h.plan.state.end {
		return packEntry{}, errEntryOffset
	}
	if off < h.off || off+maxEntryHeader > h.off+int64(len(h.buf)) {
		want := min(max(until-off, 1)+maxEntryHeader, windowSize)
		n, err := h.plan.state.readAt(h.space[:want], off)
		if err != nil {
			return packEntry{}, err
		}
		h.buf, h.off = h.space[:n], off
	}
	return parseEntry(h.buf[off-h.off:], off, h.plan.pack.hash)
}
