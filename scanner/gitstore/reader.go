package gitstore

import (
	"errors"
	"fmt"
	"hash"
	"strconv"
)

// Reader reads objects. It is for one goroutine; any number of them can be used at once.
type Reader struct {
	store *Objects
	pool  bufferPool
	cache *baseCache
	win   windows
	z     inflater
	hash  hash.Hash
	sum   []byte

	maxObject int64 // objects above this size are not read whole

	reserve func(size int64) // if not nil, called before room is made for an object or a delta

	hint  *pack  // where an object was last found
	last  []byte // what Read returned, if it is not in the cache
	chain []link // of the object being rebuilt, from it towards its base
	types [typeMemos]typeMemo

	// Entries that turned out to be unreadable, and where else their objects are.
	bad      map[place]*badEntry
	instead  map[place]copyAt
	doubtful bool // what is being read involves a suspect pack or an entry from instead, so it must be hashed
}

// NewReader returns a Reader that keeps up to cacheBytes of objects as bases for deltas.
func (o *Objects) NewReader(cacheBytes int64) *Reader {
	r := &Reader{store: o, hash: o.format.newHash(), maxObject: o.options.MaxObject}
	r.pool.limit = cacheBytes / 8
	r.cache = newBaseCache(cacheBytes-r.pool.limit, &r.pool)
	r.z.pool = &r.pool
	return r
}

// Read returns an object's type and content. The content is valid until the next call on r and must not be changed. Every
// copy in the store is tried; errors are *Error and tell what was wrong with the first one.
func (r *Reader) Read(id ID) (Type, []byte, error) {
	r.release()
	c, ok := r.store.find(id, &r.hint)
	if !ok {
		return 0, nil, missing(id)
	}
	typ, data, err := r.readCopy(id, c)
	if err == nil {
		return typ, data, nil
	}
	typ, data, err = r.readOther(id, c, err)
	if err != nil {
		return 0, nil, &Error{Class: err.Class, What: id.String(), Why: err.Why}
	}
	return typ, data, nil
}

func missing(id ID) *Error {
	return &Error{Class: Missing, What: id.String(), Why: "object is not in the repository"}
}

// readOther tries the copies of an object that are not the one that failed with first. It returns that error if all fail,
// unless another one says that a higher limit would help.
func (r *Reader) readOther(id ID, failed copyAt, first *Error) (Type, []byte, *Error) {
	tried := map[copyAt]bool{failed: true}
	for round := 0; round < 3; round++ {
		for _, c := range r.store.copies(id) {
			if tried[c] {
				continue
			}
			tried[c] = true
			typ, data, err := r.readCopy(id, c)
			if err == nil {
				return typ, data, nil
			}
			if first.Class == Missing || err.Class == Limit {
				first = err
			}
		}
		if !r.store.refresh() {
			break
		}
	}
	return 0, nil, first
}

// release gives back what the last Read returned.
func (r *Reader) release() {
	if r.last != nil {
		r.pool.put(r.last)
		r.last = nil
	}
}

// readCopy reads one copy of an object.
func (r *Reader) readCopy(id ID, c copyAt) (Type, []byte, *Error) {
	switch {
	case c.loose != nil:
		typ, data, err := r.readLoose(id, c.loose)
		r.last = data
		return typ, data, err
	case c.pack == nil:
		return Tree, nil, nil // the empty tree
	}
	r.doubtful = r.store.options.VerifyHash || len(r.instead) > 0
	typ, data, err := r.readPacked(c.place)
	if err != nil {
		return 0, nil, err
	}
	if r.doubtful && !r.verify(id, typ, data) {
		r.pool.put(data)
		return 0, nil, r.entryError(c.place, errWrongHash)
	}
	if !r.cache.put(c.place, typ, data) {
		r.last = data
	}
	return typ, data, nil
}

// verify reports whether an object hashes to its name.
func (r *Reader) verify(id ID, typ Type, data []byte) bool {
	var header [maxLooseHeader]byte
	h := append(header[:0], typ.String()...)
	h = append(h, ' ')
	h = strconv.AppendInt(h, int64(len(data)), 10)
	h = append(h, 0)
	r.hash.Reset()
	r.hash.Write(h)
	r.hash.Write(data)
	r.sum = r.hash.Sum(r.sum[:0])
	return mustID(r.sum) == id
}

// entryError says what is wrong with an entry of a pack.
func (r *Reader) entryError(at place, err error) *Error {
	class := Damaged
	var e *Error
	if errors.As(err, &e) {
		class = e.Class
		err = errors.New(e.Why)
	}
	return &Error{Class: class, Why: fmt.Sprintf("%s at %d: %v", at.pack.label, at.off, err)}
}

// tooLarge returns a Limit error if an object of the given size must not be read.
func (r *Reader) tooLarge(size int64) error {
	if limit := r.maxObject; size > limit {
		return &Error{Class: Limit, Why: fmt.Sprintf("%d bytes, more than the limit of %d", size, limit)}
	}
	if r.reserve != nil {
		r.reserve(size)
	}
	return nil
}
