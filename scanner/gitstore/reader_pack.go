package gitstore

import (
	"errors"
	"fmt"
)

// link is a delta on the way from an object to the whole object that it is based on.
type link struct {
	at    place
	state *packState
	entry packEntry
}

// top is where such a way ends: at an object that is whole.
type top struct {
	at     place      // where it is; no pack if it is loose
	typ    Type       // of all objects on the way; 0 if loose
	state  *packState // of at.pack
	entry  packEntry
	cached bool // it is in the cache
	name   ID   // of a loose object
	loose  *looseStore
}

// failure says which entry could not be read and why.
type failure struct {
	at  place
	err *Error
}

// badEntry is an entry that could not be read.
type badEntry struct {
	err      *Error
	hopeless bool // no other copy of its object is of use
}

// Limits on how an object is rebuilt. Git makes chains of at most 4,095 deltas.
const (
	maxChainLength = 1 << 16
	maxRepairs     = 64      // other copies of bases that are tried for one object
	maxBadEntries  = 1 << 16 // remembered
)

var errDeltaCycle = errors.New("delta is, by way of others, against itself")

// readPacked rebuilds the object whose entry is at the given place. The content is the pool's. Where a base is unreadable,
// its other copies are tried.
func (r *Reader) readPacked(at place) (Type, []byte, *Error) {
	for repairs := 0; ; repairs++ {
		typ, data, fail := r.rebuild(at)
		if fail == nil {
			return typ, data, nil
		}
		if fail.at == at || fail.err.Class == Limit || repairs == maxRepairs || !r.repair(fail) {
			return 0, nil, fail.err
		}
		r.doubtful = true
	}
}

// repair looks for another copy of the object whose entry failed. It reports whether there is one that has not failed yet.
func (r *Reader) repair(fail *failure) bool {
	bad := r.bad[fail.at]
	if bad != nil && bad.hopeless || len(r.bad) >= maxBadEntries {
		return false
	}
	if bad == nil {
		bad = &badEntry{err: fail.err}
		if r.bad == nil {
			r.bad, r.instead = map[place]*badEntry{}, map[place]copyAt{}
		}
		r.bad[fail.at] = bad
	}
	bad.hopeless = true
	delete(r.instead, fail.at)
	id, ok := r.store.nameAt(fail.at)
	if !ok {
		return false
	}
	for _, c := range r.store.copies(id) {
		if c.loose != nil {
			_, data, err := r.readLoose(id, c.loose)
			if err != nil {
				continue
			}
			r.pool.put(data)
		} else if r.bad[c.place] != nil {
			continue
		}
		r.instead[fail.at] = c
		bad.hopeless = false
		return true
	}
	return false
}

// rebuild is readPacked without repair.
func (r *Reader) rebuild(at place) (Type, []byte, *failure) {
	t, fail := r.climb(at, false)
	if fail != nil {
		return 0, nil, fail
	}
	typ, data, fail := r.readTop(t, at)
	if fail != nil {
		return 0, nil, fail
	}
	work, from := int64(len(data)), t.at
	for i := len(r.chain) - 1; i >= 0; i-- {
		l := &r.chain[i]
		result, err := r.patch(l, data)
		if from.pack == nil || !r.cache.put(from, typ, data) {
			r.pool.put(data)
		}
		if err != nil {
			return 0, nil, &failure{l.at, r.entryError(l.at, err)}
		}
		data, from = result, l.at
		if work += int64(len(data)); work > r.store.options.MaxChain {
			r.pool.put(data)
			return 0, nil, &failure{at, r.entryError(at, errChainTooLarge)}
		}
	}
	return typ, data, nil
}

// climb follows deltas from the entry at the given place to an object that is whole, leaving them in r.chain. With
// typeOnly it stops as soon as the type is known.
func (r *Reader) climb(at place, typeOnly bool) (top, *failure) {
	r.chain = r.chain[:0]
	// A cycle is found by comparing with a place that is moved on after 1, 2, 4, ... steps (R. P. Brent, "An improved
	// Monte Carlo factorization algorithm", BIT 20, 1980).
	var mark place
	steps, limit := 0, 1
	for {
		if at == mark {
			return top{}, &failure{at, r.entryError(at, errDeltaCycle)}
		}
		if steps++; steps == limit {
			mark, steps, limit = at, 0, limit*2
		}
		t, next, fail := r.ascend(at, typeOnly)
		if fail != nil || next == (copyAt{}) {
			return t, fail
		}
		if next.loose != nil {
			return top{name: t.name, loose: next.loose}, nil
		}
		if len(r.chain) > maxChainLength {
			return top{}, &failure{at, r.entryError(at, &Error{Class: Limit, Why: "chain of deltas is too long"})}
		}
		at = next.place
	}
}

// ascend goes one step of climb: it returns the top if at is one, otherwise where the base is, with its name in the top
// if it is loose.
func (r *Reader) ascend(at place, typeOnly bool) (t top, next copyAt, fail *failure) {
	if c, ok := r.instead[at]; ok {
		r.doubtful = true
		if c.loose != nil {
			t.name, _ = r.store.nameAt(at) // it was found by that
		}
		return t, c, nil
	}
	if bad := r.bad[at]; bad != nil {
		return t, next, &failure{at, bad.err}
	}
	if typ, _, ok := r.cache.peek(at); ok {
		r.doubtful = r.doubtful || at.pack.isSuspect()
		return top{at: at, typ: typ, cached: true}, next, nil
	}
	if typeOnly {
		if typ := r.memo(at); typ != 0 {
			return top{at: at, typ: typ}, next, nil
		}
	}
	state, entry, err := r.entry(at)
	if err != nil {
		return t, next, &failure{at, r.entryError(at, err)}
	}
	r.doubtful = r.doubtful || state.suspect || state.unchecked
	switch entry.typ {
	case ofsDelta:
		next.place = place{at.pack, entry.base}
	case refDelta:
		var ok bool
		if next, ok = r.baseNamed(at.pack, entry.name); !ok {
			return t, next, &failure{at, r.entryError(at, fmt.Errorf("its delta base %s is missing", entry.name))}
		}
		t.name = entry.name
	default:
		return top{at: at, typ: entry.typ, state: state, entry: entry}, next, nil
	}
	r.chain = append(r.chain, link{at, state, entry})
	return t, next, nil
}

// baseNamed finds the base of a REF_DELTA, in the same pack if it is there, as it must be in a pack that Git completed.
func (r *Reader) baseNamed(p *pack, name ID) (copyAt, bool) {
	if off, ok := r.store.inPack(p, name.b[:name.n]); ok {
		return copyAt{place: place{p, off}}, true
	}
	hint := r.hint
	c, ok := r.store.find(name, &hint)
	return c, ok && c != (copyAt{})
}

// entry reads the header of an entry.
func (r *Reader) entry(at place) (*packState, packEntry, error) {
	state, failed := at.pack.open()
	if failed != nil {
		if failed.Class != Missing {
			r.store.note(failed)
		}
		return nil, packEntry{}, &Error{Class: failed.Class, Why: failed.Why}
	}
	if state.suspect {
		r.store.note(state.err)
	}
	b, err := r.win.at(state, at.off, maxEntryHeader)
	if err != nil {
		return nil, packEntry{}, err
	}
	e, err := parseEntry(b, at.off, at.pack.hash)
	return state, e, err
}

// readTop returns the content of the object that a chain begins with, as the pool's. What fails there is blamed on the
// entry, or for a loose object on the lowest delta against it, or on at.
func (r *Reader) readTop(t top, at place) (Type, []byte, *failure) {
	switch {
	case t.loose != nil:
		typ, data, err := r.readLoose(t.name, t.loose)
		if err != nil {
			if n := len(r.chain); n > 0 {
				at = r.chain[n-1].at
			}
			return 0, nil, &failure{at, r.entryError(at, &Error{Class: err.Class, Why: "its delta base: " + err.Why})}
		}
		return typ, data, nil
	case t.cached:
		typ, data, _ := r.cache.take(t.at) // nothing was put there since it was seen
		return typ, data, nil
	}
	data, err := r.inflate(t.state, t.entry)
	if err != nil {
		return 0, nil, &failure{t.at, r.entryError(t.at, err)}
	}
	return t.typ, data, nil
}

// inflate returns what an entry holds, as the pool's.
func (r *Reader) inflate(s *packState, e packEntry) ([]byte, error) {
	if err := r.tooLarge(e.size); err != nil {
		return nil, err
	}
	// What an honest compressor makes of the data at worst: it is stored, in blocks of a header and 16 KiB or more.
	worst := e.size + e.size>>10 + 64
	if worst <= 4*windowSize {
		b, err := r.win.at(s, e.data, worst)
		if err != nil {
			return nil, err
		}
		data, err := r.z.memory(b, e.size)
		if err == nil {
			return data, nil
		}
		if err != errZlibEnds || e.data+int64(len(b)) >= s.end {
			return nil, err
		}
	}
	if e.data >= s.end {
		return nil, errEntryOffset
	}
	if err := r.z.fromFile(s.file, e.data, s.end); err != nil {
		return nil, err
	}
	return r.z.rest(nil, e.size, s.end-e.data)
}

// patch returns the object that a delta makes of its base, as the pool's.
func (r *Reader) patch(l *link, base []byte) ([]byte, error) {
	delta, err := r.inflate(l.state, l.entry)
	if err != nil {
		return nil, err
	}
	result, err := r.apply(base, delta)
	r.pool.put(delta)
	return result, err
}

func (r *Reader) apply(base, delta []byte) ([]byte, error) {
	baseSize, size, ops, err := deltaHeader(delta)
	if err == nil {
		err = r.checkDelta(baseSize, size, len(base), len(delta), ops)
	}
	if err != nil {
		return nil, err
	}
	result := r.pool.get(size)
	if err := applyDelta(result, base, ops); err != nil {
		r.pool.put(result)
		return nil, err
	}
	return result, nil
}

// checkDelta checks the sizes that a delta declares, before anything is allocated on their word.
func (r *Reader) checkDelta(baseSize, size int64, base, delta int, ops []byte) error {
	if baseSize != int64(base) {
		return errDeltaBase
	}
	if err := r.tooLarge(size); err != nil {
		return err
	}
	// A size that is not in proportion to the input is believed only if the instructions make as much.
	if size > 64<<10 && size > 2*int64(base+delta) {
		if product, err := deltaProduct(ops); err != nil || product != size {
			return errors.Join(err, errDeltaUnder)
		}
	}
	return nil
}
