package gitstore

// place is where an entry is: a pack and the offset in it.
type place struct {
	pack *pack
	off  int64
}

// baseCache holds the objects that were last read from packs, for deltas against them. It owns their buffers: what is
// taken out belongs to the taker, what is put in belongs to the cache, and what it drops goes to the pool.
type baseCache struct {
	index map[place]int32
	nodes []cacheNode // a ring: nodes[0] is its head, the most recent behind it
	spare []int32     // unused nodes
	bytes int64
	limit int64
	pool  *bufferPool
}

type cacheNode struct {
	at         place
	typ        Type
	data       []byte
	prev, next int32
}

// nodeCost is what a node costs beside its data, roughly.
const nodeCost = 160

func newBaseCache(limit int64, pool *bufferPool) *baseCache {
	return &baseCache{index: map[place]int32{}, nodes: make([]cacheNode, 1), limit: limit, pool: pool}
}

// peek returns the type and size of a cached object.
func (c *baseCache) peek(at place) (Type, int64, bool) {
	i, ok := c.index[at]
	if !ok {
		return 0, 0, false
	}
	return c.nodes[i].typ, int64(len(c.nodes[i].data)), true
}

// take removes a cached object and returns it.
func (c *baseCache) take(at place) (Type, []byte, bool) {
	i, ok := c.index[at]
	if !ok {
		return 0, nil, false
	}
	n := c.nodes[i]
	c.remove(i)
	return n.typ, n.data, true
}

// put adds an object as the most recent one. It returns false, and leaves data to the caller, if it is too large.
func (c *baseCache) put(at place, typ Type, data []byte) bool {
	cost := int64(cap(data)) + nodeCost
	if cost > c.limit/2 {
		return false
	}
	if i, ok := c.index[at]; ok { // two ways led here
		old := c.nodes[i].data
		c.remove(i)
		c.pool.put(old)
	}
	for c.bytes+cost > c.limit {
		oldest := c.nodes[0].prev
		old := c.nodes[oldest].data
		c.remove(oldest)
		c.pool.put(old)
	}
	var i int32
	if n := len(c.spare); n > 0 {
		i, c.spare = c.spare[n-1], c.spare[:n-1]
	} else {
		i = int32(len(c.nodes))
		c.nodes = append(c.nodes, cacheNode{})
	}
	first := c.nodes[0].next
	c.nodes[i] = cacheNode{at: at, typ: typ, data: data, prev: 0, next: first}
	c.nodes[first].prev = i
	c.nodes[0].next = i
	c.index[at] = i
	c.bytes += cost
	return true
}

func (c *baseCache) remove(i int32) {
	n := &c.nodes[i]
	c.nodes[n.prev].next = n.next
	c.nodes[n.next].prev = n.prev
	c.bytes -= int64(cap(n.data)) + nodeCost
	delete(c.index, n.at)
	*n = cacheNode{}
	c.spare = append(c.spare, i)
}
