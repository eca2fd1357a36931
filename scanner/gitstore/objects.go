package gitstore

import (
	"errors"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
)

// ObjectOptions says how objects are read. The zero value is usable.
type ObjectOptions struct {
	// MaxObject is the size in bytes above which reading an object, or an object that it is a delta against, is a Limit
	// error; 0 means 1 GiB.
	MaxObject int64
	// MaxChain is the total size in bytes of the objects that one object may be a delta against, each against the next; 0
	// means 64 GiB.
	MaxChain int64
	// VerifyHash also hashes every object that comes out of a pack and compares it with its name. Loose objects always are,
	// and so is what comes out of a pack about which anything is odd.
	VerifyHash bool
}

const (
	defaultMaxObject = 1 << 30
	defaultMaxChain  = 64 << 30
)

// Objects is a Git object database: the object directory of a repository and its alternates. It is safe for concurrent
// use; what is read goes through Readers.
type Objects struct {
	format    Format
	options   ObjectOptions
	emptyTree ID

	dirs []*objectDir // the repository's own first; fixed
	snap atomic.Pointer[snapshot]

	mu       sync.Mutex // for refresh and the fields below
	opened   []interface{ close() error }
	problems []*Error // found when the store was opened, or while reading
}

// objectDir is one object directory.
type objectDir struct {
	path  string
	loose looseStore
}

// OpenObjects opens the object directory dir (".git/objects") and, after it, the object directories in alternates and
// those that any of them names in info/alternates. It fails only if dir is not a directory; whatever else is wrong is in
// Problems.
func OpenObjects(dir string, alternates []string, f Format, o ObjectOptions) (*Objects, error) {
	if o.MaxObject <= 0 {
		o.MaxObject = defaultMaxObject
	}
	if o.MaxChain <= 0 {
		o.MaxChain = defaultMaxChain
	}
	s := &Objects{format: f, options: o, emptyTree: emptyTreeID(f)}
	if err := isDirectory(dir); err != nil {
		return nil, err
	}
	s.addDirs(dir, alternates)
	s.snap.Store(s.list(nil))
	return s, nil
}

// emptyTreeID names the tree without entries, which Git has without storing it.
func emptyTreeID(f Format) ID {
	h := f.newHash()
	h.Write([]byte("tree 0\x00"))
	return mustID(h.Sum(nil))
}

// Close closes the files. No Reader may be in use, or be used afterwards.
func (o *Objects) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	var errs []error
	for _, c := range o.opened {
		errs = append(errs, c.close())
	}
	o.opened = nil
	o.snap.Store(&snapshot{})
	return errors.Join(errs...)
}

// Has reports whether the store holds an object of this name. It does not look at the object itself.
func (o *Objects) Has(id ID) bool {
	_, ok := o.find(id, nil)
	return ok
}

// Problems returns what could not be opened: packs, indexes, alternates. It can grow while objects are read.
func (o *Objects) Problems() []*Error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append(slices.Clone(o.problems), o.snap.Load().problems...)
}

// maxProblems bounds the list of problems. There is at most one for each file, and no sane store has that many.
const maxProblems = 10000

// note adds to the problems, once.
func (o *Objects) note(e *Error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.problems) >= maxProblems {
		return
	}
	for _, known := range o.problems {
		if *known == *e {
			return
		}
	}
	o.problems = append(o.problems, e)
}

// copyAt is where a copy of an object is: in a pack, or loose.
type copyAt struct {
	place
	loose *looseStore // nil if in a pack
}

// find returns a copy of the object, listing the store again if it is not found and the store has changed. If hint is
// not nil, the pack that it points to is tried first and the pack that was found is stored there.
func (o *Objects) find(id ID, hint **pack) (copyAt, bool) {
	if id.Size() != o.format.Size() {
		return copyAt{}, false
	}
	if c, ok := o.lookUp(id, hint, false); ok {
		return c, true
	}
	if id == o.emptyTree {
		return copyAt{}, true
	}
	o.refresh()
	return o.lookUp(id, hint, true)
}

// lookUp returns a copy of the object as the store was last listed. With fresh, the directories of loose objects are
// listed again if they have changed.
func (o *Objects) lookUp(id ID, hint **pack, fresh bool) (copyAt, bool) {
	snap, name := o.snap.Load(), id.b[:id.n]
	if hint != nil && *hint != nil {
		if off, ok := o.inPack(*hint, name); ok {
			return copyAt{place: place{*hint, off}}, true
		}
	}
	for _, m := range snap.midxs {
		p, off, ok, err := m.find(name)
		if err != nil {
			o.note(fileError(o.label(m.path), err))
		} else if ok && p != nil {
			return copyAt{place: place{p, off}}, true
		}
	}
	for _, p := range snap.indexed {
		if off, ok := o.inPack(p, name); ok {
			if hint != nil {
				*hint = p
			}
			return copyAt{place: place{p, off}}, true
		}
	}
	for _, d := range o.dirs {
		if d.loose.has(name, fresh) {
			return copyAt{loose: &d.loose}, true
		}
	}
	return copyAt{}, false
}

// inPack looks an object up in a pack's index.
func (o *Objects) inPack(p *pack, name []byte) (off int64, ok bool) {
	x := p.index()
	if x == nil {
		return 0, false
	}
	off, ok, err := x.find(name)
	if err != nil {
		o.note(fileError(o.label(p.stem+".idx"), err))
		return 0, false
	}
	return off, ok
}

// copies returns every copy of the object as the store was last listed.
func (o *Objects) copies(id ID) []copyAt {
	var all []copyAt
	snap, name := o.snap.Load(), id.b[:id.n]
	add := func(c copyAt) {
		if !slices.Contains(all, c) {
			all = append(all, c)
		}
	}
	for _, m := range snap.midxs {
		if p, off, ok, err := m.find(name); err == nil && ok && p != nil {
			add(copyAt{place: place{p, off}})
		}
	}
	// A multi-pack-index names one copy only, so the packs that it covers are asked too.
	for _, p := range snap.packs {
		if off, ok := o.inPack(p, name); ok {
			add(copyAt{place: place{p, off}})
		}
	}
	for _, d := range o.dirs {
		if d.loose.has(name, true) {
			add(copyAt{loose: &d.loose})
		}
	}
	return all
}

// nameAt returns the name of the object whose entry is at the place.
func (o *Objects) nameAt(at place) (ID, bool) {
	if x := at.pack.index(); x != nil {
		id, ok, err := x.nameAt(at.off)
		return id, ok && err == nil
	}
	for _, m := range o.snap.Load().midxs {
		if id, ok := m.nameAt(at); ok {
			return id, true
		}
	}
	return ID{}, false
}

// label names a file of the store in errors: below "objects" for the repository's own, by its path for an alternate's.
func (o *Objects) label(path string) string {
	if rel, err := filepath.Rel(o.dirs[0].path, path); err == nil && filepath.IsLocal(rel) {
		return "objects/" + filepath.ToSlash(rel)
	}
	return path
}
