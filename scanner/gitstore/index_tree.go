package gitstore

import (
	"bytes"
	"strconv"
)

// CacheTree says of folders of the index which tree they would become (gitformat-index, "Cache tree"). Git takes these trees for granted when
// it commits.
type CacheTree struct {
	name []byte
	id   ID // zero if the folder has changed since
	subs []CacheTree
}

// ID returns the tree that the folder is, the zero ID if that is not known. A nil CacheTree knows nothing.
func (c *CacheTree) ID() ID {
	if c == nil {
		return ID{}
	}
	return c.id
}

// Sub returns what is known of a folder in this one, nil for nothing.
func (c *CacheTree) Sub(name []byte) *CacheTree {
	if c == nil {
		return nil
	}
	for i := range c.subs {
		if bytes.Equal(c.subs[i].name, name) {
			return &c.subs[i]
		}
	}
	return nil
}

// maxCacheTreeDepth bounds how deep folders stand in each other: a path has at most 4,096 bytes.
const maxCacheTreeDepth = 2048

// parseCacheTree reads the extension. It is optional: what is malformed is as if it were not there.
func parseCacheTree(b []byte, f Format) *CacheTree {
	var c CacheTree
	if rest, ok := c.parse(b, f, 0); !ok || len(rest) > 0 {
		return nil
	}
	return &c
}

func (c *CacheTree) parse(b []byte, f Format, depth int) (rest []byte, ok bool) {
	name, b, ok := bytes.Cut(b, []byte{0})
	line, b, ok2 := bytes.Cut(b, []byte{'\n'})
	count, subs, ok3 := bytes.Cut(line, []byte{' '})
	if !ok || !ok2 || !ok3 || depth > maxCacheTreeDepth {
		return nil, false
	}
	entries, err := strconv.Atoi(string(count))
	folders, err2 := strconv.Atoi(string(subs))
	// Each folder takes at least five bytes: its name's end, two numbers, a space and a line feed.
	if err != nil || err2 != nil || folders < 0 || folders > len(b)/5 {
		return nil, false
	}
	c.name = name
	if entries >= 0 {
		if len(b) < f.Size() {
			return nil, false
		}
		c.id, b = mustID(b[:f.Size()]), b[f.Size():]
	}
	c.subs = make([]CacheTree, folders)
	for i := range c.subs {
		if b, ok = c.subs[i].parse(b, f, depth+1); !ok {
			return nil, false
		}
	}
	return b, true
}
