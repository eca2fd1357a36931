package gitstore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/bits"
	"sync"
)

// Numbers numbers object names from 0, densely enough for arrays and sets of bits: packed objects by their place in the
// indexes, as they were when it was made, and any other names in the order in which they are asked for. It is safe for
// concurrent use. That a name has a number does not mean that the object is there.
type Numbers struct {
	tables []numberTable
	packed uint32 // numbers that belong to tables

	mu     sync.RWMutex
	others map[ID]uint32
	list   []ID // of others
}

// numberTable is the names of an index, with numbers from first on.
type numberTable struct {
	names  []byte
	stride int
	size   int // of a name
	count  int
	first  uint32
	// starts[p] is the position of the first name that begins with the bits p.
	starts []uint32
	shift  uint
}

// NewNumbers returns a numbering without a store.
func NewNumbers() *Numbers { return &Numbers{others: map[ID]uint32{}} }

// Numbers returns a numbering of the store's objects.
func (o *Objects) Numbers() *Numbers {
	n := NewNumbers()
	for _, table := range o.tables() {
		t := numberTable{size: o.format.Size(), stride: o.format.Size(), first: n.packed, count: table.len()}
		switch x := table.(type) {
		case *packIndex:
			t.names, t.stride = x.names, x.stride
		case presentNames:
			t.names = x.names
		}
		if t.count > 0 && t.index() == nil {
			n.tables = append(n.tables, t)
			n.packed += uint32(t.count)
		}
	}
	return n
}

// name returns the name at a position. Faults are the caller's to guard.
func (t *numberTable) name(pos int) []byte { return t.names[pos*t.stride:][:t.size] }

// index sets starts.
func (t *numberTable) index() (err error) {
	defer endFaults(guardFaults(), &err)
	// About four names begin with the same bits.
	width := uint(min(max(bits.Len(uint(t.count))-2, 8), 24))
	t.shift = 32 - width
	starts := make([]uint32, 1<<width+1)
	next := uint32(0)
	for pos := range t.count {
		p := binary.BigEndian.Uint32(t.name(pos)) >> t.shift
		if p+1 < next {
			return errIdxOrder
		}
		for ; next <= p; next++ {
			starts[next] = uint32(pos)
		}
	}
	for ; int(next) < len(starts); next++ {
		starts[next] = uint32(t.count)
	}
	t.starts = starts
	return nil
}

var errIdxOrder = errors.New("index has names that are not in order")

// find returns the position of a name.
func (t *numberTable) find(name []byte) (pos int, ok bool) {
	var err error
	defer func() { ok = ok && err == nil }()
	defer endFaults(guardFaults(), &err)
	p := binary.BigEndian.Uint32(name) >> t.shift
	// The bytes behind the first eight tell names apart that begin alike, without a call.
	tail := binary.LittleEndian.Uint64(name[8:])
	for i := t.starts[p]; i < t.starts[p+1]; i++ {
		if n := t.name(int(i)); binary.LittleEndian.Uint64(n[8:]) == tail && bytes.Equal(n, name) {
			return int(i), true
		}
	}
	return 0, false
}

// Len returns how many numbers there are at present: all are less.
func (n *Numbers) Len() int {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return int(n.packed) + len(n.list)
}

// Number returns the number of the object with the given raw name, giving it one if it has none.
func (n *Numbers) Number(name []byte) uint32 {
	for i := range n.tables {
		t := &n.tables[i]
		if pos, ok := t.find(name); ok {
			return t.first + uint32(pos)
		}
	}
	id := mustID(name)
	n.mu.RLock()
	number, ok := n.others[id]
	n.mu.RUnlock()
	if ok {
		return number
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if number, ok = n.others[id]; !ok {
		number = n.packed + uint32(len(n.list))
		n.others[id] = number
		n.list = append(n.list, id)
	}
	return number
}

// NumberOf returns the number of an object, giving it one if it has none.
func (n *Numbers) NumberOf(id ID) uint32 { return n.Number(id.b[:id.n]) }

// ID returns the name that has a number, the zero ID if its index cannot be read any more.
func (n *Numbers) ID(number uint32) (id ID) {
	if number >= n.packed {
		n.mu.RLock()
		defer n.mu.RUnlock()
		return n.list[number-n.packed]
	}
	var err error
	defer endFaults(guardFaults(), &err)
	i := len(n.tables) - 1
	for n.tables[i].first > number {
		i--
	}
	return mustID(n.tables[i].name(int(number - n.tables[i].first)))
}
