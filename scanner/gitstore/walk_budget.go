package gitstore

import "sync/atomic"

// heldObject is an object that deltas against it are still to be made from. Frames and tasks that refer to it share it.
type heldObject struct {
	data     []byte
	id       ID
	typ      Type
	at       place // of its entry
	state    any   // what its visit returned
	chain    int64 // bytes of this and the objects that it is a delta against
	visited  bool  // from data
	doubtful bool  // what is made from it must be hashed
	err      *Error

	// An object that was dropped for want of memory has no data, but size and sum.
	size    int
	sum     uint64
	byName  bool // it was not read from its entry
	dropped bool

	refs atomic.Int32
}

// budget counts the bytes in buffers of all workers. A worker that needs more than is left first drops what it can read
// again, as far as it has more than its share; then it goes beyond the budget, which only one worker may do at a time.
type budget struct {
	limit int64
	used  atomic.Int64
	peak  atomic.Int64
	token chan struct{} // who has taken it may go beyond
}

func (b *budget) init(limit int64) {
	b.limit = max(limit, 0)
	b.token = make(chan struct{}, 1)
}

func (b *budget) add(n int64) {
	used := b.used.Add(n)
	for peak := b.peak.Load(); used > peak && !b.peak.CompareAndSwap(peak, used); peak = b.peak.Load() {
	}
}

// need makes room for n bytes, or waits until the worker may go beyond the budget.
func (w *walkWorker) need(n int64) {
	b := &w.walk.budget
	share := b.limit / int64(len(w.walk.workers))
	for !w.ahead && b.used.Load()+n > b.limit {
		if w.holding()+n <= share || !w.drop() {
			w.goAhead()
		}
	}
	for w.ahead && b.used.Load()+n > b.limit && w.holding()+n > share && w.drop() {
	}
}

// goAhead takes the token. Who has it never waits for anyone, so others get it in turn.
func (w *walkWorker) goAhead() {
	if !w.ahead {
		w.walk.budget.token <- struct{}{}
		w.ahead = true
	}
}

// fallBack gives the token back if the worker has it and the budget holds, or if it is done with its task.
func (w *walkWorker) fallBack(done bool) {
	if b := &w.walk.budget; w.ahead && (done || b.used.Load() <= b.limit) {
		w.ahead = false
		<-b.token
	}
}

// holding returns the bytes of objects that this worker's frames hold.
func (w *walkWorker) holding() int64 {
	total := int64(0)
	for _, f := range w.stack {
		if f.base != nil {
			total += int64(cap(f.base.data))
		}
	}
	return total
}

// drop drops the data of the object that will be needed last. It returns false if there is none that may be dropped.
func (w *walkWorker) drop() bool {
	for _, f := range w.stack {
		h := f.base
		if h == nil || h == w.current || h.data == nil || h.refs.Load() != 1 {
			continue
		}
		h.size, h.sum, h.dropped = len(h.data), w.checksum(h.data), true
		w.free(h.data)
		h.data = nil
		return true
	}
	return false
}

// alloc returns a buffer of n bytes and counts it.
func (w *walkWorker) alloc(n int64) []byte {
	w.need(n)
	b := w.r.pool.get(n)
	w.walk.budget.add(int64(cap(b)))
	return b
}

// free gives back a buffer that alloc returned.
func (w *walkWorker) free(b []byte) {
	if b == nil {
		return
	}
	w.walk.budget.add(-int64(cap(b)))
	w.r.pool.put(b)
}

// hold returns an object for deltas to be made from, with one reference.
func (w *walkWorker) hold() *heldObject {
	var h *heldObject
	if n := len(w.spare); n > 0 {
		h, w.spare = w.spare[n-1], w.spare[:n-1]
	} else {
		h = &heldObject{}
	}
	h.refs.Store(1)
	return h
}

// release gives up a reference.
func (w *walkWorker) release(h *heldObject) {
	if h == nil || h.refs.Add(-1) > 0 {
		return
	}
	w.free(h.data)
	*h = heldObject{}
	w.spare = append(w.spare, h)
	w.fallBack(false)
}
