package gitstore

import "math/bits"

// bufferPool recycles buffers of one Reader. Buffers come in sizes of four steps to the power of two, so that at most a
// fifth of one is unused.
type bufferPool struct {
	free  [maxClass][][]byte
	bytes int64 // in free
	limit int64
	next  int // class that drop looks at next
}

const (
	minClassBits = 8 // the smallest buffer has 256 bytes
	maxClass     = 4 * (40 - minClassBits)
)

// sizeClass returns the class of buffers that hold n bytes and their size. Beyond the largest class it returns -1 and n.
func sizeClass(n int64) (class int, size int64) {
	if n <= 1<<minClassBits {
		return 0, 1 << minClassBits
	}
	exp := bits.Len64(uint64(n-1)) - 1 // 1<<exp < n <= 1<<(exp+1)
	step := int64(1) << (exp - 2)
	quarter := (n - int64(1)<<exp + step - 1) / step // 1 to 4
	class = (exp-minClassBits)*4 + int(quarter)
	if class >= maxClass {
		return -1, n
	}
	return class, int64(1)<<exp + quarter*step
}

// get returns a buffer of n bytes with any content.
func (p *bufferPool) get(n int64) []byte {
	class, size := sizeClass(n)
	// A buffer of up to twice the size will do.
	for c := class; c >= 0 && c < min(class+4, maxClass); c++ {
		if list := p.free[c]; len(list) > 0 {
			b := list[len(list)-1]
			p.free[c] = list[:len(list)-1]
			p.bytes -= int64(cap(b))
			return b[:n]
		}
	}
	return make([]byte, n, size)
}

// put gives a buffer back that get returned.
func (p *bufferPool) put(b []byte) {
	class, size := sizeClass(int64(cap(b)))
	if class < 0 || size != int64(cap(b)) || size > p.limit {
		return
	}
	for p.bytes+size > p.limit {
		p.drop()
	}
	p.free[class] = append(p.free[class], b[:0])
	p.bytes += size
}

// drop drops one free buffer, from all sizes in turn, so that none that is not wanted any more stays. There is one.
func (p *bufferPool) drop() {
	for ; ; p.next++ {
		p.next %= maxClass
		list := p.free[p.next]
		if n := len(list); n > 0 {
			p.bytes -= int64(cap(list[n-1]))
			list[n-1] = nil
			p.free[p.next] = list[:n-1]
			p.next++
			return
		}
	}
}
