package gitstore

import "errors"

// windows are the parts of packs that a Reader has in memory. Entries that are read together lie close to each other, in a
// few places.
type windows struct {
	list  [windowCount]window
	clock uint64
}

type window struct {
	pack *packState
	off  int64
	data []byte
	buf  []byte
	used uint64
}

const (
	windowCount = 8
	windowSize  = 64 << 10
)

var errEntryOffset = errors.New("entry would lie outside the pack")

// at returns the entries' bytes from off on: at least want of them, or windowSize, or as many as there are.
func (w *windows) at(p *packState, off, want int64) ([]byte, error) {
	if off < packHeaderSize || off >= p.end {
		return nil, errEntryOffset
	}
	w.clock++
	want = min(want, windowSize, p.end-off)
	oldest := &w.list[0]
	for i := range w.list {
		v := &w.list[i]
		if v.pack == p && off >= v.off && off+want <= v.off+int64(len(v.data)) {
			v.used = w.clock
			return v.data[off-v.off:], nil
		}
		if v.used < oldest.used {
			oldest = v
		}
	}
	if oldest.buf == nil {
		oldest.buf = make([]byte, windowSize)
	}
	n, err := p.readAt(oldest.buf, off)
	if err != nil {
		oldest.pack = nil
		return nil, err
	}
	oldest.pack, oldest.off, oldest.data, oldest.used = p, off, oldest.buf[:n], w.clock
	return oldest.data, nil
}
