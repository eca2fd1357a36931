package gitstore

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// snapshot is the packs of a store at one time. It is never changed.
type snapshot struct {
	stamps   []dirStamp // of each directory's pack directory
	midxs    []*multiIndex
	packs    []*pack // all of them
	indexed  []*pack // those that no multi-pack-index covers
	problems []*Error
}

// refresh lists the packs again if a pack directory has changed, and reports whether it did.
func (o *Objects) refresh() bool {
	if !o.stale(o.snap.Load()) {
		return false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	before := o.snap.Load()
	if !o.stale(before) {
		return true // someone else just did
	}
	o.snap.Store(o.list(before))
	return true
}

func (o *Objects) stale(s *snapshot) bool {
	for i, stamp := range s.stamps {
		if stamp.changed(dirTime(o.dirs[i].packDir())) {
			return true
		}
	}
	return false
}

func (d *objectDir) packDir() string { return filepath.Join(d.path, "pack") }

// list lists the packs of all directories. Packs and indexes that are open already, in before, are used again. The caller
// holds mu, or has the store to itself.
func (o *Objects) list(before *snapshot) *snapshot {
	l := lister{o: o, s: &snapshot{}, packs: map[string]*pack{}, seen: map[*pack]bool{}}
	if before != nil {
		for _, p := range before.packs {
			l.packs[p.stem] = p
		}
	}
	for _, d := range o.dirs {
		l.dir(d)
	}
	if before != nil {
		l.keepOpen(before)
	}
	return l.s
}

// lister builds a snapshot.
type lister struct {
	o     *Objects
	s     *snapshot
	packs map[string]*pack // known from before, by stem
	seen  map[*pack]bool   // those of the snapshot
}

// keepOpen keeps packs that are gone but open: what was found in them can still be read.
func (l *lister) keepOpen(before *snapshot) {
	for _, p := range before.packs {
		if s := p.state.Load(); s != nil && s.file != nil && !l.seen[p] {
			l.s.packs = append(l.s.packs, p)
			l.s.indexed = append(l.s.indexed, p)
		}
	}
}

// packFiles is what a pack directory holds of one pack.
type packFiles struct{ pack, idx, covered bool }

// dir adds the packs of one object directory.
func (l *lister) dir(d *objectDir) {
	dir := d.packDir()
	l.s.stamps = append(l.s.stamps, stampNow(dir))
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		l.problem(fileError(l.o.label(dir), err))
	}
	files := map[string]packFiles{}
	var stems []string // in the order of their names
	for _, e := range entries {
		stem, ext := cutExt(e.Name())
		f, known := files[stem]
		switch ext {
		case ".pack":
			f.pack = true
		case ".idx":
			f.idx = true
		default:
			continue
		}
		if !known {
			stems = append(stems, stem)
		}
		files[stem] = f
	}
	l.multiIndexes(dir, files)
	for _, stem := range stems {
		l.pack(filepath.Join(dir, stem), files[stem])
	}
}

func cutExt(name string) (stem, ext string) {
	ext = filepath.Ext(name)
	return strings.TrimSuffix(name, ext), ext
}

func (l *lister) problem(e *Error) { l.s.problems = append(l.s.problems, e) }

// packAt returns the pack with the given stem, the one known from before if there is one.
func (l *lister) packAt(stem string) *pack {
	p := l.packs[stem]
	if p == nil {
		p = &pack{stem: stem, hash: l.o.format.Size(), format: l.o.format, label: l.o.label(stem + ".pack")}
		l.packs[stem] = p
		l.o.opened = append(l.o.opened, p)
	}
	return p
}

// pack adds one pack.
func (l *lister) pack(stem string, f packFiles) {
	label := l.o.label(stem)
	switch {
	case !f.pack:
		l.problem(&Error{Class: Missing, What: label + ".pack", Why: "there is an index but no pack"})
		return
	case !f.idx && !f.covered:
		l.problem(&Error{Class: Missing, What: label + ".idx", Why: "there is a pack but no index"})
		return
	}
	p := l.packAt(stem)
	l.seen[p] = true
	l.s.packs = append(l.s.packs, p)
	if f.covered {
		return
	}
	if p.index() == nil {
		l.problem(fileError(label+".idx", p.idxErr))
		return
	}
	l.s.indexed = append(l.s.indexed, p)
}

// multiIndexes adds the multi-pack-index of a pack directory, or the layers of a chain of them, and marks the packs that
// need no index of their own.
func (l *lister) multiIndexes(dir string, files map[string]packFiles) {
	for _, path := range l.midxPaths(dir) {
		m, err := openMultiIndex(path, l.o.format)
		if err != nil {
			if !errors.Is(err, fs.ErrNotExist) {
				l.problem(fileError(l.o.label(path), err))
			}
			continue
		}
		l.o.opened = append(l.o.opened, m)
		complete := true
		for _, stem := range m.stems {
			complete = complete && files[stem].pack
		}
		// With a pack gone, copies elsewhere that the multi-pack-index does not name have to be found by the other packs'
		// own indexes. Packs without one can still be read by what it says.
		for _, stem := range m.stems {
			f := files[stem]
			if !f.pack {
				m.packs = append(m.packs, nil)
				l.problem(&Error{Class: Missing, What: l.o.label(filepath.Join(dir, stem)) + ".pack", Why: "named by the multi-pack-index, but gone"})
				continue
			}
			m.packs = append(m.packs, l.packAt(filepath.Join(dir, stem)))
			f.covered = f.covered || complete || !f.idx
			files[stem] = f
		}
		l.s.midxs = append(l.s.midxs, m)
	}
}

// maxMidxLayers bounds the length of a chain of multi-pack-indexes.
const maxMidxLayers = 1000

// midxPaths returns the paths of the multi-pack-index and of the layers that multi-pack-index-chain names.
func (l *lister) midxPaths(dir string) []string {
	paths := []string{filepath.Join(dir, "multi-pack-index")}
	chainDir := filepath.Join(dir, "multi-pack-index.d")
	chain := filepath.Join(chainDir, "multi-pack-index-chain")
	text, err := readSmallFile(chain)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			l.problem(fileError(l.o.label(chain), err))
		}
		return paths
	}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if len(line) != l.o.format.HexSize() || !isLowerHex(line) || len(paths) > maxMidxLayers {
			l.problem(damagedf(l.o.label(chain), "is not a list of checksums"))
			break
		}
		paths = append(paths, filepath.Join(chainDir, "multi-pack-index-"+line+".midx"))
	}
	return paths
}
