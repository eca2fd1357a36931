package gitstore

import (
	"bytes"
	"errors"
)

// TreeEntry is one entry of a tree.
type TreeEntry struct {
	Mode uint32 // file type and permissions as in stat(2): 0100644, 0100755, 0120000, 040000, 0160000 and what old Gits wrote
	Name []byte // one path component; never empty, without '/' and NUL only if the tree is sound
	ID   ID
}

// TreeIter iterates over the entries of a tree without allocating:
//
//	it := NewTreeIter(data, format)
//	for it.Next() {
//		use(it.Mode, it.Name, it.ID)
//	}
//	err := it.Err()
//
// Entries come in the order of the tree, duplicates and wrongly sorted names included.
type TreeIter struct {
	// TreeEntry is the current entry. Name points into the tree's data.
	TreeEntry

	rest []byte
	size int
	err  error
}

// NewTreeIter returns an iterator over data, the content of a tree in format f.
func NewTreeIter(data []byte, f Format) *TreeIter {
	return &TreeIter{rest: data, size: f.Size()}
}

var (
	errTreeTruncated = errors.New("tree ends within an entry")
	errTreeMode      = errors.New("tree entry has a bad mode")
	errTreeName      = errors.New("tree entry has an empty name")
)

// Next advances to the next entry. It returns false at the end or at the first bad entry; Err tells which.
func (t *TreeIter) Next() bool {
	if len(t.rest) == 0 || t.err != nil {
		return false
	}
	// An entry is: octal mode, space, name, NUL, raw object name.
	mode, n := treeMode(t.rest)
	if n == 0 {
		return t.fail(errTreeMode)
	}
	nul := bytes.IndexByte(t.rest[n:], 0)
	switch {
	case nul < 0 || len(t.rest)-n-nul-1 < t.size:
		return t.fail(errTreeTruncated)
	case nul == 0:
		return t.fail(errTreeName)
	}
	end := n + nul + 1
	t.Mode, t.Name = mode, t.rest[n:n+nul:n+nul]
	t.ID = mustID(t.rest[end : end+t.size])
	t.rest = t.rest[end+t.size:]
	return true
}

// SplitTreeEntry splits the entry off that tree, the rest of a tree whose object names have size bytes, begins with. It returns
// the number of bytes that it takes, 0 if a TreeIter would not accept it.
func SplitTreeEntry(tree []byte, size int) (mode uint32, name, id []byte, n int) {
	mode, at := treeMode(tree)
	if at == 0 {
		return 0, nil, nil, 0
	}
	nul := bytes.IndexByte(tree[at:], 0)
	if nul <= 0 || len(tree)-at-nul-1 < size {
		return 0, nil, nil, 0
	}
	end := at + nul + 1
	return mode, tree[at : at+nul], tree[end : end+size], end + size
}

// Err returns nil at a clean end of the tree, otherwise what is wrong with the entry after the last good one.
func (t *TreeIter) Err() error { return t.err }

func (t *TreeIter) fail(err error) bool {
	t.err, t.rest, t.TreeEntry = err, nil, TreeEntry{}
	return false
}

// treeMode parses an octal mode, leading zeros allowed, and the space behind it. It returns the number of bytes, 0 if
// there is no such thing.
func treeMode(b []byte) (mode uint32, n int) {
	for i, c := range b {
		switch {
		case c == ' ' && i > 0:
			return mode, i + 1
		case c < '0' || c > '7' || mode > 0o1777777:
			return 0, 0
		}
		mode = mode<<3 | uint32(c-'0')
	}
	return 0, 0
}
