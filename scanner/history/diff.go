package history

import (
	"fmt"
	"slices"

	"mudlark/scanner/gitstore"
)

// Change is a path at which two trees differ. A side without a file there has the zero ID and mode 0. Directories and
// gitlinks never appear: their place on a side counts as empty.
type Change struct {
	Path             []byte // valid during the call that received the Change
	Old, New         gitstore.ID
	OldMode, NewMode uint32
}

// Limits on one tree diff. A tree may hold the same subtree many times over, so the number of paths is not bounded by the
// number of objects.
const (
	maxTreeDepth = 2048    // git's own default for core.maxTreeDepth
	maxPaths     = 4 << 20 // paths visited in one diff before repeated subtrees are entered once only
)

// stopInterval is after how many paths Differ.Stop is asked.
const stopInterval = 1024

// Differ compares trees. It is for one goroutine.
type Differ struct {
	reader *gitstore.Reader
	format gitstore.Format
	cache  treeCache
	// Trees, if set, is told of every tree that a diff reads on its new side.
	Trees func(gitstore.ID)
	// Problem is told of every tree that could not be read, each time it is met.
	Problem func(error)
	// Stop, if set, is asked now and then; when it is true, a diff ends early, as if trees could not be read.
	Stop func() bool

	path    []byte
	visit   func(Change)
	visited int
	once    map[[2]gitstore.ID]bool // subtree pairs entered since maxPaths was reached
	lost    bool
	stopped bool
}

// NewDiffer returns a Differ that keeps up to cacheBytes of trees.
func NewDiffer(r *gitstore.Reader, f gitstore.Format, cacheBytes int64) *Differ {
	return &Differ{reader: r, format: f, cache: treeCache{limit: cacheBytes, entries: map[gitstore.ID]*cachedTree{}}}
}

// Forget drops the trees that are kept, to make room for other work.
func (d *Differ) Forget() {
	d.cache = treeCache{limit: d.cache.limit, entries: map[gitstore.ID]*cachedTree{}}
}

// Diff calls visit for every path at which the trees differ, in the trees' order. The zero ID is the empty tree. It
// returns false if a tree could not be read, so that changes may be missing.
func (d *Differ) Diff(old, new gitstore.ID, visit func(Change)) bool {
	d.path, d.visit, d.visited, d.once, d.lost, d.stopped = d.path[:0], visit, 0, nil, false, false
	if old != new {
		d.trees(old, new, 0)
	}
	return !d.lost
}

func (d *Differ) trees(old, new gitstore.ID, depth int) {
	if depth > maxTreeDepth {
		d.problem(&gitstore.Error{Class: gitstore.Limit, What: new.String(), Why: fmt.Sprintf("directories nested deeper than %d", maxTreeDepth)})
		return
	}
	if d.once != nil {
		if d.once[[2]gitstore.ID{old, new}] {
			return
		}
		d.once[[2]gitstore.ID{old, new}] = true
	}
	a, b := d.open(old), d.open(new)
	if !new.IsZero() && d.Trees != nil {
		d.Trees(new)
	}
	haveA, haveB := a.Next(), b.Next()
	for (haveA || haveB) && !d.stopped {
		c := 0
		switch {
		case !haveB:
			c = -1
		case !haveA:
			c = 1
		default:
			c = compareNames(a.Name, isDir(a.Mode), b.Name, isDir(b.Mode))
		}
		switch {
		case c < 0:
			d.entry(a.Name, a.ID, a.Mode, gitstore.ID{}, 0, depth)
			haveA = a.Next()
		case c > 0:
			d.entry(b.Name, gitstore.ID{}, 0, b.ID, b.Mode, depth)
			haveB = b.Next()
		default:
			if a.ID != b.ID || canonicalMode(a.Mode) != canonicalMode(b.Mode) {
				d.entry(b.Name, a.ID, a.Mode, b.ID, b.Mode, depth)
			}
			haveA, haveB = a.Next(), b.Next()
		}
	}
	d.treeError(old, a.Err())
	d.treeError(new, b.Err())
}

// entry handles one name that differs.
func (d *Differ) entry(name []byte, oldID gitstore.ID, oldMode uint32, newID gitstore.ID, newMode uint32, depth int) {
	d.count()
	d.null(oldID, oldMode)
	d.null(newID, newMode)
	from := len(d.path)
	if from > 0 {
		d.path = append(d.path, '/')
	}
	d.path = append(d.path, name...)
	if isDir(oldMode) || isDir(newMode) {
		d.trees(dirOnly(oldID, oldMode), dirOnly(newID, newMode), depth+1)
	}
	ch := Change{Path: d.path, Old: oldID, New: newID, OldMode: canonicalMode(oldMode), NewMode: canonicalMode(newMode)}
	if !isFile(oldMode) {
		ch.Old, ch.OldMode = gitstore.ID{}, 0
	}
	if !isFile(newMode) {
		ch.New, ch.NewMode = gitstore.ID{}, 0
	}
	if !ch.Old.IsZero() || !ch.New.IsZero() {
		d.visit(ch)
	}
	d.path = d.path[:from]
}

// null reports an entry that should name an object and holds the null name: it would pass for an empty place.
func (d *Differ) null(id gitstore.ID, mode uint32) {
	if id.IsZero() && (isDir(mode) || isFile(mode)) {
		d.problem(nullName(id, "a tree"))
	}
}

// nullName is the error for a place that holds the null object name, which names no object.
func nullName(id gitstore.ID, place string) error {
	return &gitstore.Error{Class: gitstore.Missing, What: id.String(), Why: place + " holds the null object name"}
}

// count notes one more visited path and switches to entering repeated subtrees once when there are too many.
func (d *Differ) count() {
	if d.visited%stopInterval == stopInterval-1 && d.Stop != nil && d.Stop() {
		d.stopped, d.lost = true, true
	}
	if d.visited++; d.visited == maxPaths {
		d.once = map[[2]gitstore.ID]bool{}
		d.problem(&gitstore.Error{Class: gitstore.Limit, What: "tree", Why: fmt.Sprintf("more than %d paths in one commit; repeated directories are read once only", maxPaths)})
	}
}

func (d *Differ) open(id gitstore.ID) *gitstore.TreeIter {
	if id.IsZero() {
		return gitstore.NewTreeIter(nil, d.format)
	}
	data, ok := d.cache.get(id)
	if !ok {
		typ, raw, err := d.reader.Read(id)
		if err == nil && typ != gitstore.Tree {
			err = &gitstore.Error{Class: gitstore.Damaged, What: id.String(), Why: fmt.Sprintf("is a %s where a tree is expected", typ)}
		}
		if err != nil {
			d.problem(err)
			return gitstore.NewTreeIter(nil, d.format)
		}
		data = d.cache.put(id, raw)
	}
	return gitstore.NewTreeIter(data, d.format)
}

func (d *Differ) treeError(id gitstore.ID, err error) {
	if err != nil {
		d.problem(&gitstore.Error{Class: gitstore.Damaged, What: id.String(), Why: "tree: " + err.Error()})
	}
}

func (d *Differ) problem(err error) {
	d.lost = true
	if d.Problem != nil {
		d.Problem(err)
	}
}

func dirOnly(id gitstore.ID, mode uint32) gitstore.ID {
	if isDir(mode) {
		return id
	}
	return gitstore.ID{}
}

// File types of tree entries (gitformat-tree, "mode"): only these four are written by Git.
const (
	typeMask    = 0o170000
	typeDir     = 0o040000
	typeRegular = 0o100000
	typeSymlink = 0o120000
)

func isDir(mode uint32) bool { return mode&typeMask == typeDir }

func isFile(mode uint32) bool {
	return mode&typeMask == typeRegular || mode&typeMask == typeSymlink
}

// canonicalMode is the mode as Git compares it: of a file's permissions only the owner's execute bit counts.
func canonicalMode(mode uint32) uint32 {
	switch mode & typeMask {
	case typeRegular:
		if mode&0o100 != 0 {
			return 0o100755
		}
		return 0o100644
	case typeSymlink:
		return 0o120000
	case typeDir:
		return 0o040000
	}
	return mode & typeMask
}

// treeCache keeps recently used trees: the tree of a commit is wanted again as that of its children's parent. Eviction is
// by second chance, in order of insertion.
type treeCache struct {
	limit, size int64
	entries     map[gitstore.ID]*cachedTree
	queue       []*cachedTree
	head        int
}

type cachedTree struct {
	id   gitstore.ID
	data []byte
	used bool
}

func (c *treeCache) get(id gitstore.ID) ([]byte, bool) {
	e, ok := c.entries[id]
	if !ok {
		return nil, false
	}
	e.used = true
	return e.data, true
}

// put copies raw into the cache and returns the copy.
func (c *treeCache) put(id gitstore.ID, raw []byte) []byte {
	data := append(make([]byte, 0, len(raw)), raw...)
	if int64(len(data)) > c.limit/4 {
		return data
	}
	e := &cachedTree{id: id, data: data}
	c.entries[id] = e
	c.queue = append(c.queue, e)
	c.size += int64(len(data))
	for c.size > c.limit {
		c.evict()
	}
	return data
}

func (c *treeCache) evict() {
	e := c.queue[c.head]
	c.queue[c.head] = nil
	c.head++
	if e.used {
		e.used = false
		c.queue = append(c.queue, e)
	} else {
		c.size -= int64(len(e.data))
		delete(c.entries, e.id)
	}
	if c.head > len(c.queue)/2 {
		c.queue = slices.Delete(c.queue, 0, c.head)
		c.head = 0
	}
}
