package gitstore

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"slices"
)

// Order sorts ids in place into an order in which reading them is cheap: by pack and position there, then loose objects by
// name, then missing ones.
func (o *Objects) Order(ids []ID) {
	rank := map[*pack]uint64{}
	for i, p := range o.snap.Load().packs {
		rank[p] = uint64(min(i, loosePack-1))
	}
	order := make([]orderKey, len(ids))
	var hint *pack
	for i, id := range ids {
		order[i] = orderKey{key: o.orderKey(id, rank, &hint), index: uint32(i)}
	}
	slices.SortFunc(order, func(a, b orderKey) int { return cmp.Compare(a.key, b.key) })
	permute(ids, order)
}

// orderKey is the place of an object in reading order: 16 bits of pack, 48 bits of offset.
type orderKey struct {
	key   uint64
	index uint32
}

// Ranks behind those of packs.
const (
	loosePack   = 0xfffe
	missingPack = 0xffff
)

func (o *Objects) orderKey(id ID, rank map[*pack]uint64, hint **pack) uint64 {
	name := binary.BigEndian.Uint64(id.b[:8]) >> 16
	var c copyAt
	ok := id.Size() == o.format.Size()
	if ok { // without listing the store again: among many objects, a miss is nothing special
		c, ok = o.lookUp(id, hint, false)
	}
	switch {
	case !ok:
		return missingPack<<48 | name
	case c.pack == nil:
		return loosePack<<48 | name
	}
	return rank[c.pack]<<48 | uint64(c.off)&(1<<48-1)
}

// permute puts ids[order[i].index] at i, for all i. It uses order up.
func permute(ids []ID, order []orderKey) {
	for start := range order {
		if order[start].index == uint32(start) {
			continue
		}
		saved, at := ids[start], start
		for {
			from := int(order[at].index)
			order[at].index = uint32(at)
			if from == start {
				ids[at] = saved
				break
			}
			ids[at] = ids[from]
			at = from
		}
	}
}

// nameTable is a sorted list of object names.
type nameTable interface {
	len() int
	name(pos int) []byte
	search(prefix []byte) int // position of the first name that is not less than prefix, which has at least one byte
}

// looseTable is the loose objects of one subdirectory.
type looseTable struct {
	list  looseList
	first byte
	size  int // of a name without its first byte
	buf   [MaxIDSize]byte
}

func (t *looseTable) len() int { return len(t.list.names) / t.size }

func (t *looseTable) name(pos int) []byte {
	t.buf[0] = t.first
	copy(t.buf[1:], t.list.names[pos*t.size:(pos+1)*t.size])
	return t.buf[:1+t.size]
}

func (t *looseTable) search(prefix []byte) int {
	n := t.len()
	for pos := range n {
		if bytes.Compare(t.name(pos), prefix) >= 0 {
			return pos
		}
	}
	return n
}

// tables returns all lists of packed objects, freshly listed.
func (o *Objects) tables() []nameTable {
	o.refresh()
	snap := o.snap.Load()
	var all []nameTable
	for _, m := range snap.midxs {
		all = append(all, presentNames{m})
	}
	for _, p := range snap.indexed {
		if x := p.index(); x != nil {
			all = append(all, x)
		}
	}
	return all
}

// presentNames is the table of a multi-pack-index. Names of objects in packs that are gone are skipped by cursor.
type presentNames struct{ *multiIndex }

// present reports whether the object at pos is in a pack that is there.
func (t presentNames) present(pos int) bool {
	p, _, err := t.place(pos)
	return err == nil && p != nil
}

// looseTables returns the lists of loose objects with the given first byte.
func (o *Objects) looseTables(first byte) []nameTable {
	var all []nameTable
	for _, d := range o.dirs {
		if names := d.loose.list(first); len(names) > 0 {
			all = append(all, &looseTable{list: looseList{names: names}, first: first, size: o.format.Size() - 1})
		}
	}
	return all
}

// All calls yield for every distinct object name in the store, in ascending order, until it returns false.
func (o *Objects) All(yield func(ID) bool) error {
	packed := o.tables()
	for first := range 256 {
		prefix := []byte{byte(first)}
		ids, err := o.matches(packed, prefix, func(name []byte) bool { return name[0] == prefix[0] })
		if err != nil {
			return err
		}
		for _, id := range ids {
			if !yield(id) {
				return nil
			}
		}
	}
	return nil
}

// matches returns the distinct names that begin with prefix, as match decides, in ascending order.
func (o *Objects) matches(packed []nameTable, prefix []byte, match func(name []byte) bool) (ids []ID, err error) {
	tables := append(slices.Clip(packed), o.looseTables(prefix[0])...)
	for _, t := range tables {
		if ids, err = appendMatches(ids, t, prefix, match); err != nil {
			return nil, &Error{Class: Damaged, What: "objects/pack", Why: err.Error()}
		}
	}
	if len(tables) > 1 {
		slices.SortFunc(ids, ID.Compare)
	}
	return slices.Compact(ids), nil
}

func appendMatches(ids []ID, t nameTable, prefix []byte, match func(name []byte) bool) (_ []ID, err error) {
	defer endFaults(guardFaults(), &err)
	midx, isMidx := t.(presentNames)
	for pos := t.search(prefix); pos < t.len(); pos++ {
		name := t.name(pos)
		if !match(name) {
			break
		}
		if !isMidx || midx.present(pos) {
			ids = append(ids, mustID(name))
		}
	}
	return ids, nil
}

var errPrefix = errors.New("not the beginning of an object name")

// Abbrev returns the names that begin with the hexadecimal digits prefix, of which there are at least two, in ascending
// order.
func (o *Objects) Abbrev(prefix string) ([]ID, error) {
	if len(prefix) < 2 || len(prefix) > o.format.HexSize() {
		return nil, errPrefix
	}
	// With an odd number of digits, the last one is the upper half of a byte.
	whole := len(prefix) / 2
	low, err := hex.DecodeString((prefix + "0")[:2*((len(prefix)+1)/2)])
	if err != nil {
		return nil, errPrefix
	}
	return o.matches(o.tables(), low, func(name []byte) bool {
		if !bytes.Equal(name[:whole], low[:whole]) {
			return false
		}
		return whole == len(low) || name[whole]>>4 == low[whole]>>4
	})
}
