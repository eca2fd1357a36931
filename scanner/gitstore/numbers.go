package gitstore

import (
	"bytes"
	"encoding/binary"
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

// numberTable is a sorted list of names with numbers from first on.
type numberTable struct {
	names nameTable
	first uint32
	// starts[p] is the position of the first name that begins with the bits p. It is nil if the names are not sorted.
	starts []uint32
	shift  uint
}

// Numbers returns a numbering of the store's objects.
func (o *Objects) Numbers() *Numbers {
	n := &Numbers{others: map[ID]uint32{}}
	for _, t := range o.tables() {
		if t.len() > 0 {
			n.tables = append(n.tables, newNumberTable(t, n.packed))
			n.packed += uint32(t.len())
		}
	}
	return n
}

func newNumberTable(names nameTable, first uint32) (t numberTable) {
	t = numberTable{names: names, first: first}
	var err error
	defer func() {
		if err != nil {
			t.starts = nil
		}
	}()
	defer endFaults(guardFaults(), &err)
	// About four names begin with the same bits.
	width := uint(min(max(bits.Len(uint(names.len()))-2, 8), 24))
	t.shift = 32 - width
	starts := make([]uint32, 1<<width+1)
	next := uint32(0)
	for pos := range names.len() {
		p := binary.BigEndian.Uint32(names.name(pos)) >> t.shift
		if p+1 < next {
			return t
		}
		for ; next <= p; next++ {
			starts[next] = uint32(pos)
		}
	}
	for ; int(next) < len(starts); next++ {
		starts[next] = uint32(names.len())
	}
	t.starts = starts
	return t
}

// find returns the position of a name.
func (t *numberTable) find(name []byte) (pos int, ok bool) {
	if t.starts == nil {
		return positionOf(t.names, name)
	}
	var err error
	defer func() { ok = ok && err == nil }()
	defer endFaults(guardFaults(), &err)
	p := binary.BigEndian.Uint32(name) >> t.shift
	for i := t.starts[p]; i < t.starts[p+1]; i++ {
		if bytes.Equal(t.names.name(int(i)), name) {
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
	return mustID(n.tables[i].names.name(int(number - n.tables[i].first)))
}
