package history

import (
	"cmp"
	"encoding/binary"
	"hash/maphash"
	"slices"
)

// Marked is the trees of a Reach cut down to some blobs and names: what is left of two trees differs at exactly those paths at
// which the trees differ and one of them has such a blob or name. It answers without reading trees.
type Marked struct {
	r     *Reach
	blob  func(Blob) bool
	name  func(string) bool
	asked bitset // blobs for which blob was called
	yes   bitset // for which it returned true
	names []int8 // by key: whether name returned true: 1, or false: -1; 0 if it was not called

	lists   [][]markedEntry
	entries int // in lists
	full    bool
	byHash  map[uint64]uint32
	seed    maphash.Seed
	of      []uint32 // by tree: the number of its list plus listKnown, or one of the below
	seen    keyMarks
	text    []byte
	roots   []uint32 // by commit: the list of its tree
}

// markedEntry is an entry of a tree that is left.
type markedEntry struct {
	key    uint32
	kind   entryKind
	object uint32 // of a directory, the number of the list of what is left of it
}

// What is known of the list of a tree.
const (
	listUnknown = iota
	listOpen    // it is being made
	listKnown
)

// Mark cuts the trees down to the blobs for which blob returns true and to files with names for which name does. It returns nil
// if so much is marked that comparing the trees of all commits is better.
func (r *Reach) Mark(blob func(Blob) bool, name func(string) bool) *Marked {
	m := &Marked{r: r, blob: blob, name: name, lists: make([][]markedEntry, 1), byHash: map[uint64]uint32{}, seed: maphash.MakeSeed(),
		of: make([]uint32, r.t.numbers.Len()), names: make([]int8, len(r.t.keys.list)), roots: make([]uint32, len(r.roots))}
	for c, root := range r.roots {
		if m.roots[c] = m.list(root - 1); m.full {
			return nil
		}
	}
	m.of, m.byHash = nil, nil
	return m
}

// root returns the list of commit c's tree, that of an empty one for None.
func (m *Marked) root(c int32) uint32 {
	if c == None {
		return 0
	}
	return m.roots[c]
}

// list returns the number of the list of what is left of a tree: equal lists have the same number, that of an empty one is 0.
func (m *Marked) list(tree uint32) uint32 {
	if state := *m.state(tree); state >= listKnown {
		return state - listKnown
	}
	// The trees that it is, one by way of the other, based upon come first: they may be many.
	chain := []uint32{tree}
	base := m.base(tree)
	for ; base != 0 && *m.state(tree) != listOpen; base = m.base(chain[len(chain)-1]) {
		if *m.state(base - 1) != listUnknown {
			break
		}
		chain = append(chain, base-1)
	}
	for _, t := range chain {
		*m.state(t) = listOpen
	}
	for _, t := range slices.Backward(chain) {
		if *m.state(t) < listKnown {
			list := m.make(t)
			*m.state(t) = list + listKnown
		}
	}
	return *m.state(tree) - listKnown
}

// state returns where it stands what is known of a tree's list. It is valid until the next call.
func (m *Marked) state(tree uint32) *uint32 {
	if more := int(tree) - len(m.of); more >= 0 {
		m.of = append(m.of, make([]uint32, more+1)...)
	}
	return &m.of[tree]
}

// base returns the number of a tree's base plus 1, 0 if it has none.
func (m *Marked) base(tree uint32) uint32 {
	record := m.r.t.record(tree)
	if record == nil {
		return 0 // nothing that is reached is in it
	}
	return uint32(changes(record).base)
}

// make makes the list of a tree: from that of its base, unless that is still being made, because the tree is held by
// something that it is based upon.
func (m *Marked) make(tree uint32) uint32 {
	var base uint32 // the number of the base's list
	known := true
	if b := m.base(tree); b != 0 {
		if known = *m.state(b - 1) >= listKnown; known {
			base = *m.state(b - 1) - listKnown
		}
	}
	list := m.lists[base]
	if !known {
		list, base = nil, 0
		m.r.t.each(tree, &m.seen, func(c *treeChange) {
			if e, ok := m.entry(c); ok {
				list = append(list, e)
			}
		})
	} else if record := m.r.t.record(tree); record != nil {
		l := changes(record)
		changed := false
		for l.next() {
			list, changed = m.apply(list, &l.treeChange, changed)
		}
		if !changed {
			return base
		}
	}
	names := m.r.t.keys.list
	slices.SortFunc(list, func(a, b markedEntry) int { return cmp.Compare(names[a.key], names[b.key]) })
	return m.number(list)
}

// apply applies a change to a list, which belongs to the caller if owned.
func (m *Marked) apply(list []markedEntry, c *treeChange, owned bool) ([]markedEntry, bool) {
	e, ok := m.entry(c)
	at := slices.IndexFunc(list, func(o markedEntry) bool { return o.key == c.key })
	if !ok && at < 0 || at >= 0 && ok && list[at] == e {
		return list, owned
	}
	if !owned {
		list = slices.Clone(list)
	}
	switch {
	case !ok:
		list = slices.Delete(list, at, at+1)
	case at >= 0:
		list[at] = e
	default:
		list = append(list, e)
	}
	return list, true
}

// entry returns what is left of an entry.
func (m *Marked) entry(c *treeChange) (markedEntry, bool) {
	e := markedEntry{c.key, c.kind, c.object}
	switch c.kind {
	case kindNone:
		return e, false
	case kindDir:
		e.object = m.list(c.object)
		return e, e.object != 0
	}
	return e, m.isMarked(c.object) || m.isNamed(c.key)
}

func (m *Marked) isMarked(blob uint32) bool {
	if m.asked.add(blob) && m.r.blobs.has(blob) && m.blob(Blob(blob+1)) {
		m.yes.add(blob)
	}
	return m.yes.has(blob)
}

func (m *Marked) isNamed(key uint32) bool {
	if m.names[key] == 0 {
		m.names[key] = -1
		if m.name(m.r.t.keys.list[key]) {
			m.names[key] = 1
		}
	}
	return m.names[key] > 0
}

// maxMarked bounds the entries of all lists together.
const maxMarked = 4 << 20

// number returns the number of a list.
func (m *Marked) number(list []markedEntry) uint32 {
	if len(list) == 0 {
		return 0
	}
	m.text = m.text[:0]
	for _, e := range list {
		m.text = binary.LittleEndian.AppendUint32(m.text, e.key<<kindBits|uint32(e.kind))
		m.text = binary.LittleEndian.AppendUint32(m.text, e.object)
	}
	for h := maphash.Bytes(m.seed, m.text); ; h++ {
		n, ok := m.byHash[h]
		if ok && !slices.Equal(m.lists[n], list) {
			continue
		}
		if !ok {
			n = uint32(len(m.lists))
			if m.entries += len(list); m.entries > maxMarked {
				m.full, list = true, nil
			}
			m.lists = append(m.lists, list)
			m.byHash[h] = n
		}
		return n
	}
}

// touches implements Source.
func (m *Marked) touches(g *Graph, c int32, _ EventOptions) bool {
	return m.root(g.FirstParent(c)) != m.root(c)
}

// against implements Source.
func (m *Marked) against(*Graph, func() *Differ) func(c, p int32) DiffFunc {
	return func(c, p int32) DiffFunc {
		return func(visit func(Change)) bool {
			d := markedDiff{m: m, visit: visit}
			d.lists(m.root(p), m.root(c))
			return true
		}
	}
}

// Of implements Source. Of the pairs it returns those of which one is marked.
func (m *Marked) Of(g *Graph, blobs *Blobs, c int32) (pairs []Pair) {
	if m.touches(g, c, EventOptions{}) {
		m.against(g, nil)(c, g.FirstParent(c))(func(d Change) { pairs = append(pairs, Pair{blobs.Number(d.Old), blobs.Number(d.New)}) })
	}
	return pairs
}

// markedDiff is one comparison.
type markedDiff struct {
	m     *Marked
	path  []byte
	visit func(Change)
}

func (d *markedDiff) lists(old, new uint32) {
	a, b := d.m.lists[old], d.m.lists[new]
	names := d.m.r.t.keys.list
	for len(a) > 0 || len(b) > 0 {
		c := 0
		switch {
		case len(b) == 0:
			c = -1
		case len(a) == 0:
			c = 1
		default:
			c = cmp.Compare(names[a[0].key], names[b[0].key])
		}
		var x, y markedEntry
		if c <= 0 {
			x, a = a[0], a[1:]
		}
		if c >= 0 {
			y, b = b[0], b[1:]
		}
		if x != y {
			d.entry(x, y)
		}
	}
}

// entry handles a name that differs. A side that does not have it is the zero value.
func (d *markedDiff) entry(old, new markedEntry) {
	key := max(old.key, new.key) // they are the same, or one is 0 because it is absent
	from := len(d.path)
	d.path = append(d.path, d.m.r.t.keys.list[key]...)
	if old.kind == kindDir || new.kind == kindDir {
		d.lists(old.object, new.object)
	} else {
		ch := Change{Path: d.path, OldMode: old.kind.mode(), NewMode: new.kind.mode()}
		if old.kind != kindNone {
			ch.Old = d.m.r.t.numbers.ID(old.object)
		}
		if new.kind != kindNone {
			ch.New = d.m.r.t.numbers.ID(new.object)
		}
		d.visit(ch)
	}
	d.path = d.path[:from]
}
