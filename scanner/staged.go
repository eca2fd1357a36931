package scanner

import (
	"bytes"
	"slices"
	"sort"

	"mudlark/scanner/gitstore"
	"mudlark/scanner/history"
)

// index compares the index with the parents of the commit that it would become: HEAD and, in the middle of a merge, what is being merged.
func (s *scan) index(idx *gitstore.Index) {
	entries := slices.DeleteFunc(idx.Entries, func(e gitstore.IndexEntry) bool {
		// A conflict's sides stand in the parents; an intended file is not there yet; a submodule is another repository.
		return e.Stage != 0 || e.IntentToAdd || !e.SparseDir() && !isFileMode(e.Mode)
	})
	byPath := func(a, b gitstore.IndexEntry) int { return bytes.Compare(a.Path, b.Path) }
	if !slices.IsSortedFunc(entries, byPath) {
		slices.SortStableFunc(entries, byPath)
	}
	s.cover.files.Store(int64(len(entries)))
	var diffs []history.DiffFunc
	var sides []snapshot
	for _, tree := range s.parentTrees() {
		d := indexDiff{s: s}
		d.folder(entries, 0, tree, idx.Trees)
		old := snapshot{}
		for _, c := range d.changes {
			if !c.Old.IsZero() {
				old[string(c.Path)] = fileState{c.Old, c.OldMode}
			}
		}
		sides = append(sides, old)
		diffs = append(diffs, d.visit)
	}
	s.pseudoCommit(sourceIndex, diffs, sides)
}

func isFileMode(mode uint32) bool {
	return mode&0o170000 == 0o100000 || mode&0o170000 == 0o120000
}

// indexDiff finds the paths at which the index and a tree differ. Folders whose tree the index knows are compared by name.
type indexDiff struct {
	s       *scan
	changes []history.Change
	lost    bool
}

// visit is a history.DiffFunc.
func (d *indexDiff) visit(do func(history.Change)) bool {
	for _, c := range d.changes {
		do(c)
	}
	return !d.lost
}

// folder compares the entries, which all stand in one folder whose path, with its slash, has the length prefix, with a tree. The zero ID
// is the empty tree.
func (d *indexDiff) folder(entries []gitstore.IndexEntry, prefix int, tree gitstore.ID, known *gitstore.CacheTree) {
	if !tree.IsZero() && known.ID() == tree {
		return
	}
	it := gitstore.NewTreeIter(d.read(tree), d.s.repo.Format)
	more := it.Next()
	path := ""
	if len(entries) > 0 {
		path = string(entries[0].Path[:prefix])
	}
	for len(entries) > 0 || more {
		var name []byte
		var group int // entries below name, if it is a folder
		if len(entries) > 0 {
			name, group = firstName(entries, prefix)
		}
		order := -1
		switch {
		case !more:
		case len(entries) == 0:
			order = 1
		default:
			order = compareNames(name, group > 0, it.Name, isTree(it.Mode))
		}
		if order > 0 {
			d.onlyInTree(path, it)
			more = it.Next()
			continue
		}
		var old gitstore.TreeEntry
		if order == 0 {
			old = it.TreeEntry
		}
		taken := max(1, group)
		d.entry(entries[:taken], prefix+len(name)+1, old, group > 0, known.Sub(name))
		entries = entries[taken:]
		if order == 0 {
			more = it.Next()
		}
	}
	if it.Err() != nil {
		d.lost = true
	}
}

// entry compares a file, or the entries below a folder, with the tree's entry of the same name; of none, old is the zero value.
func (d *indexDiff) entry(entries []gitstore.IndexEntry, prefix int, old gitstore.TreeEntry, folder bool, known *gitstore.CacheTree) {
	e := &entries[0]
	switch {
	case folder && len(entries) == 1 && e.SparseDir() && len(e.Path) == prefix:
		d.trees(string(e.Path), old.ID, e.ID)
	case folder:
		d.folder(entries, prefix, old.ID, known)
	default:
		c := history.Change{Path: e.Path, New: e.ID, NewMode: e.Mode}
		if isFileMode(old.Mode) {
			c.Old, c.OldMode = old.ID, old.Mode
		}
		if c.Old != c.New || c.OldMode != c.NewMode {
			d.changes = append(d.changes, c)
		}
	}
}

// onlyInTree notes what the index does not have.
func (d *indexDiff) onlyInTree(path string, it *gitstore.TreeIter) {
	switch {
	case isTree(it.Mode):
		d.trees(path+string(it.Name)+"/", it.ID, gitstore.ID{})
	case isFileMode(it.Mode):
		d.changes = append(d.changes, history.Change{Path: []byte(path + string(it.Name)), Old: it.ID, OldMode: it.Mode})
	}
}

// trees compares two whole trees.
func (d *indexDiff) trees(path string, old, new gitstore.ID) {
	whole := d.s.workers[0].differ.Diff(old, new, func(c history.Change) {
		if len(d.changes) < maxSnapshot {
			c.Path = append([]byte(path), c.Path...)
			d.changes = append(d.changes, c)
		}
	})
	if len(d.changes) >= maxSnapshot {
		d.s.tooManyFiles(new)
	}
	d.lost = d.lost || !whole
}

// read returns the content of a tree.
func (d *indexDiff) read(tree gitstore.ID) []byte {
	if tree.IsZero() {
		return nil
	}
	data, err := d.s.workers[0].read(tree, gitstore.Tree)
	if err != nil {
		d.s.cover.problem(err)
		d.lost = true
		return nil
	}
	d.s.cover.tree(tree)
	return slices.Clone(data)
}

// firstName returns the first name in a folder of the index and, if it is a folder itself, how many entries are below it.
func firstName(entries []gitstore.IndexEntry, prefix int) (name []byte, group int) {
	rest := entries[0].Path[prefix:]
	slash := bytes.IndexByte(rest, '/')
	if slash < 0 {
		return rest, 0
	}
	below := entries[0].Path[:prefix+slash+1]
	group = sort.Search(len(entries), func(i int) bool { return !bytes.HasPrefix(entries[i].Path, below) })
	return rest[:slash], max(1, group)
}

func isTree(mode uint32) bool { return mode&0o170000 == 0o040000 }

// compareNames orders names as trees and the index do: a folder's counts as if it ended in '/'.
func compareNames(a []byte, aFolder bool, b []byte, bFolder bool) int {
	n := min(len(a), len(b))
	if c := bytes.Compare(a[:n], b[:n]); c != 0 {
		return c
	}
	end := func(name []byte, folder bool) int {
		switch {
		case len(name) > n:
			return int(name[n])
		case folder:
			return '/'
		}
		return -1
	}
	return end(a, aFolder) - end(b, bFolder)
}
