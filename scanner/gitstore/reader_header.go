package gitstore

import (
	"errors"
	"io"
)

// typeMemos is how many entries' types a Reader remembers.
const typeMemos = 1024

// typeMemo is the type of the object that an entry of a pack makes.
type typeMemo struct {
	at  place
	typ Type
}

func (r *Reader) memoSlot(at place) *typeMemo {
	return &r.types[uint64(at.off)*0x9e3779b97f4a7c15>>(64-10)]
}

// memo returns the type of what the entry at the given place makes, 0 if it is not remembered.
func (r *Reader) memo(at place) Type {
	if m := r.memoSlot(at); m.at == at {
		return m.typ
	}
	return 0
}

// Header returns an object's type and size, which may be above MaxObject. It rebuilds the object only if parts of it turn
// out to be damaged; that it succeeds does not mean that Read will.
func (r *Reader) Header(id ID) (Type, int64, error) {
	r.release()
	c, ok := r.store.find(id, &r.hint)
	if !ok {
		return 0, 0, missing(id)
	}
	var typ Type
	var size int64
	switch {
	case c.loose != nil:
		typ, size, ok = r.headerLoose(id, c.loose)
	case c.pack == nil:
		return Tree, 0, nil // the empty tree
	default:
		typ, size, ok = r.headerPacked(c.place)
	}
	if ok {
		return typ, size, nil
	}
	typ, data, err := r.Read(id)
	return typ, int64(len(data)), err
}

func (r *Reader) headerLoose(id ID, store *looseStore) (Type, int64, bool) {
	f, size, err := openObjectFile(store.path(id))
	if err != nil {
		return 0, 0, false
	}
	var buf [maxLooseHeader]byte
	typ, size, _, err := r.looseHeader(f, size, buf[:])
	err = errors.Join(err, f.Close())
	return typ, size, err == nil
}

func (r *Reader) headerPacked(at place) (Type, int64, bool) {
	if typ, size, ok := r.cache.peek(at); ok {
		return typ, size, true
	}
	state, entry, err := r.entry(at)
	if err != nil || state.suspect {
		return 0, 0, false
	}
	size := entry.size
	if entry.typ == ofsDelta || entry.typ == refDelta {
		if size, err = r.deltaResult(state, entry); err != nil {
			return 0, 0, false
		}
	}
	t, fail := r.climb(at, true)
	if fail != nil {
		return 0, 0, false
	}
	if t.loose != nil {
		var ok bool
		if t.typ, _, ok = r.headerLoose(t.name, t.loose); !ok {
			return 0, 0, false
		}
	}
	for _, l := range r.chain {
		*r.memoSlot(l.at) = typeMemo{l.at, t.typ}
	}
	return t.typ, size, true
}

// deltaResult returns the size of what a delta makes.
func (r *Reader) deltaResult(s *packState, e packEntry) (int64, error) {
	// The two sizes take at most 20 bytes, which the first kilobyte of any compressor's output holds.
	b, err := r.win.at(s, e.data, min(1024, e.size+e.size>>10+64))
	if err != nil {
		return 0, err
	}
	if err := r.z.fromBytes(b); err != nil {
		return 0, err
	}
	var buf [20]byte
	n, err := io.ReadFull(r.z.z, buf[:min(e.size, int64(len(buf)))])
	if err != nil {
		return 0, zlibError(err)
	}
	_, size, _, err := deltaHeader(buf[:n])
	return size, err
}
