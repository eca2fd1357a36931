package gitstore

import (
	"bytes"
	"cmp"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"time"
)

// Index is the staging area.
type Index struct {
	Version int // 2, 3 or 4; 0 if there is no index
	// Entries are sorted by path and stage. A path in conflict has entries of stages 1 to 3 and none of stage 0.
	Entries []IndexEntry
	// Trees says which trees the folders are, as far as the index knows; nil if it knows nothing.
	Trees *CacheTree
}

// IndexEntry is one entry of the index.
type IndexEntry struct {
	Path []byte // slash-separated, from the top of the working tree; a sparse directory ends in '/'
	ID   ID
	// Mode is 0100644, 0100755, 0120000 or 0160000, or 040000 for a sparse directory: a whole folder, whose tree ID names,
	// that stands for everything in it.
	Mode  uint32
	Stage int // 0, or in a conflict 1 for the base, 2 for ours and 3 for theirs

	IntentToAdd  bool // git add -N: the path is known, its content is not staged and ID is that of an empty blob
	SkipWorktree bool // not checked out
	AssumeValid  bool

	Size  uint32    // of the file when it was last looked at, modulo 2^32
	MTime time.Time // likewise
}

// SparseDir reports whether the entry is a sparse directory.
func (e *IndexEntry) SparseDir() bool { return e.Mode == 0o040000 }

// Index reads the index. A missing one is empty. Errors are *Error; there is no partial result.
func (r *Repo) Index() (*Index, error) {
	data, err := readLayoutFile(r.indexFile, maxIndexFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &Index{}, nil
	case err != nil:
		return nil, layoutError("index", err)
	}
	p, e := parseIndex(data, r.Format)
	if e != nil {
		return nil, e
	}
	if p.link != nil && !p.link.base.IsZero() {
		if e := r.mergeShared(p); e != nil {
			return nil, e
		}
	}
	for i := range p.entries {
		if len(p.entries[i].Path) == 0 {
			return nil, indexError("an entry has no path")
		}
	}
	return &Index{Version: p.version, Entries: p.entries, Trees: p.trees}, nil
}

// mergeShared puts the entries of a split index over those of the shared index that it names (gitformat-index, "Split
// index").
func (r *Repo) mergeShared(p *parsedIndex) *Error {
	name := "sharedindex." + p.link.base.String()
	data, err := readLayoutFile(filepath.Join(r.GitDir, name), maxIndexFile)
	if err != nil {
		return layoutError(name, err)
	}
	base, e := parseIndex(data, r.Format)
	if e != nil {
		return &Error{Class: e.Class, What: name, Why: e.Why}
	}
	if sum := base.checksum; !sum.IsZero() && sum != p.link.base {
		return damagedf(name, "is not the index that its name says")
	}
	return p.merge(base.entries)
}

// parsedIndex is the content of one index file.
type parsedIndex struct {
	version  int
	entries  []IndexEntry
	link     *indexLink // set in a split index
	trees    *CacheTree // nil if there are none
	checksum ID         // zero if the file has none
}

func indexError(why string) *Error { return &Error{Class: Damaged, What: "index", Why: why} }

var errIndexShort = indexError("file is too short")

// parseIndex parses an index file (gitformat-index).
func parseIndex(data []byte, f Format) (*parsedIndex, *Error) {
	size := f.Size()
	if len(data) < 12+size {
		return nil, errIndexShort
	}
	if string(data[:4]) != "DIRC" {
		return nil, indexError("bad signature")
	}
	p := &parsedIndex{version: int(binary.BigEndian.Uint32(data[4:]))}
	if p.version < 2 || p.version > 4 {
		return nil, &Error{Class: Policy, What: "index", Why: "version is not supported"}
	}
	p.checksum = mustID(data[len(data)-size:])
	if !p.checksum.IsZero() { // index.skipHash writes zeros
		h := f.newHash()
		h.Write(data[:len(data)-size])
		if subtle.ConstantTimeCompare(h.Sum(nil), data[len(data)-size:]) == 0 {
			return nil, indexError("bad checksum")
		}
	}
	ip := indexParser{rest: data[12 : len(data)-size], format: f, version: p.version, budget: pathRatio*len(data) + 1<<20}
	if e := ip.entries(p, binary.BigEndian.Uint32(data[8:])); e != nil {
		return nil, e
	}
	return p, ip.extensions(p)
}

type indexParser struct {
	rest    []byte
	format  Format
	version int
	paths   []byte // storage for version 4
	budget  int    // how many bytes of paths may still be unfolded
}

// Flags of an entry.
const (
	flagAssumeValid  = 0x8000
	flagExtended     = 0x4000
	flagStage        = 0x3000
	flagName         = 0x0fff
	flagSkipWorktree = 0x4000 // of the extended ones
	flagIntentToAdd  = 0x2000
)

// statSize is the size of what an entry holds before the object name.
const statSize = 40

func (p *indexParser) entries(into *parsedIndex, count uint32) *Error {
	least := statSize + p.format.Size() + 2 + 1
	if int64(count) > int64(len(p.rest)/least) {
		return indexError("declares more entries than fit in the file")
	}
	into.entries = make([]IndexEntry, count)
	var previous []byte
	for i := range into.entries {
		e := &into.entries[i]
		if err := p.entry(e, previous); err != nil {
			return err
		}
		previous = e.Path
	}
	return nil
}

// entry parses one entry; previous is the path of the one before.
func (p *indexParser) entry(e *IndexEntry, previous []byte) *Error {
	size := p.format.Size()
	b := p.rest
	if len(b) < statSize+size+2 {
		return errIndexShort
	}
	e.MTime = time.Unix(int64(binary.BigEndian.Uint32(b[8:])), int64(binary.BigEndian.Uint32(b[12:])))
	e.Mode = binary.BigEndian.Uint32(b[24:])
	e.Size = binary.BigEndian.Uint32(b[36:])
	e.ID = mustID(b[statSize : statSize+size])
	flags := binary.BigEndian.Uint16(b[statSize+size:])
	n := statSize + size + 2
	e.Stage = int(flags & flagStage >> 12)
	e.AssumeValid = flags&flagAssumeValid != 0
	if flags&flagExtended != 0 {
		if p.version < 3 {
			return indexError("extended flags in version 2")
		}
		if len(b) < n+2 {
			return errIndexShort
		}
		more := binary.BigEndian.Uint16(b[n:])
		e.SkipWorktree, e.IntentToAdd = more&flagSkipWorktree != 0, more&flagIntentToAdd != 0
		if more&^(flagSkipWorktree|flagIntentToAdd|0x8000) != 0 {
			return &Error{Class: Policy, What: "index", Why: "unknown flags of an entry"}
		}
		n += 2
	}
	if p.version == 4 {
		return p.compressedPath(e, n, previous)
	}
	return p.plainPath(e, n, int(flags&flagName))
}

// plainPath reads a path that one to eight NULs pad to a multiple of eight bytes.
func (p *indexParser) plainPath(e *IndexEntry, n, length int) *Error {
	if length == flagName { // as long or longer
		nul := bytes.IndexByte(p.rest[n:], 0)
		if nul < length {
			return indexError("bad length of a path")
		}
		length = nul
	}
	end := (n+length)/8*8 + 8
	if end > len(p.rest) {
		return errIndexShort
	}
	e.Path = p.rest[n : n+length : n+length]
	if bytes.IndexByte(e.Path, 0) >= 0 || p.rest[n+length] != 0 {
		return indexError("bad length of a path")
	}
	p.rest = p.rest[end:]
	return nil
}

// compressedPath reads a path of version 4: how much to drop from the end of the previous one, and what to append.
func (p *indexParser) compressedPath(e *IndexEntry, n int, previous []byte) *Error {
	drop, used := offsetVarint(p.rest[n:])
	if used == 0 || drop > uint64(len(previous)) {
		return indexError("bad prefix of a path")
	}
	b := p.rest[n+used:]
	nul := bytes.IndexByte(b, 0)
	if nul < 0 {
		return errIndexShort
	}
	kept := previous[:len(previous)-int(drop)]
	if p.budget -= len(kept) + nul; p.budget < 0 {
		return &Error{Class: Limit, What: "index", Why: "paths are too long for the size of the file"}
	}
	start := len(p.paths)
	if len(kept)+nul > cap(p.paths)-start {
		p.paths, start = make([]byte, 0, max(64<<10, len(kept)+nul)), 0
	}
	p.paths = append(append(p.paths, kept...), b[:nul]...)
	e.Path = p.paths[start:len(p.paths):len(p.paths)]
	p.rest = b[nul+1:]
	return nil
}

// pathRatio bounds the bytes of paths in a version 4 index per byte of the file, since a small file can hold long ones.
// Paths as long as systems allow, 4 KiB, that differ in one byte stay below it.
const pathRatio = 64

// offsetVarint decodes the variable-length integer of OFS_DELTA entries (gitformat-pack). It returns the bytes used, 0 if
// it is cut off or too large.
func offsetVarint(b []byte) (v uint64, n int) {
	for i, c := range b {
		if i > 0 {
			v++
		}
		if v >= 1<<56 {
			return 0, 0
		}
		v = v<<7 | uint64(c&0x7f)
		if c&0x80 == 0 {
			return v, i + 1
		}
	}
	return 0, 0
}

// extensions reads what follows the entries. Those whose name begins with an upper-case letter are optional.
func (p *indexParser) extensions(into *parsedIndex) *Error {
	for len(p.rest) > 0 {
		if len(p.rest) < 8 {
			return errIndexShort
		}
		name, size := string(p.rest[:4]), binary.BigEndian.Uint32(p.rest[4:])
		if int64(size) > int64(len(p.rest)-8) {
			return indexError("an extension is longer than the file")
		}
		body := p.rest[8 : 8+size]
		p.rest = p.rest[8+size:]
		switch {
		case name == "link":
			link, e := parseIndexLink(body, p.format)
			if e != nil {
				return e
			}
			into.link = link
		case name == "TREE":
			into.trees = parseCacheTree(body, p.format)
		case name == "sdir": // says that entries may be sparse directories
		case name[0] < 'A' || name[0] > 'Z':
			return &Error{Class: Policy, What: "index", Why: "unknown required extension " + shown(name)}
		}
	}
	return nil
}

func compareEntries(a, b IndexEntry) int {
	return cmp.Or(bytes.Compare(a.Path, b.Path), cmp.Compare(a.Stage, b.Stage))
}

// indexLink is the extension of a split index.
type indexLink struct {
	base              ID       // names the shared index; zero if there is none
	deleted, replaced []uint64 // bitmaps of positions in the shared index
}

func parseIndexLink(b []byte, f Format) (*indexLink, *Error) {
	size := f.Size()
	if len(b) < size {
		return nil, indexError("split index: link is too short")
	}
	link := &indexLink{base: mustID(b[:size])}
	b = b[size:]
	if len(b) == 0 {
		return link, nil
	}
	var ok bool
	if link.deleted, b, ok = decodeEWAH(b); ok {
		link.replaced, b, ok = decodeEWAH(b)
	}
	if !ok || len(b) != 0 {
		return nil, indexError("split index: bad bitmap")
	}
	return link, nil
}

// merge applies the entries of a split index to those of the shared one. The first ones, without paths, replace entries in
// order; the others are added.
func (p *parsedIndex) merge(base []IndexEntry) *Error {
	if !bitsBelow(p.link.deleted, len(base)) || !bitsBelow(p.link.replaced, len(base)) {
		return indexError("split index: bitmap goes beyond the shared index")
	}
	own := p.entries
	merged := make([]IndexEntry, 0, len(base)+len(own))
	for i := range base {
		e := base[i]
		if bitSet(p.link.replaced, i) {
			if len(own) == 0 || len(own[0].Path) != 0 {
				return indexError("split index: a replacement is missing")
			}
			path := e.Path
			e, own = own[0], own[1:]
			e.Path = path
		}
		if !bitSet(p.link.deleted, i) {
			merged = append(merged, e)
		}
	}
	merged = append(merged, own...)
	slices.SortStableFunc(merged, compareEntries)
	// An added entry takes the place of one of the same path and stage.
	kept := merged[:0]
	for i, e := range merged {
		if i+1 < len(merged) && compareEntries(e, merged[i+1]) == 0 {
			continue
		}
		kept = append(kept, e)
	}
	p.entries = kept
	return nil
}
