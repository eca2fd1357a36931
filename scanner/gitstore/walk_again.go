package gitstore

// Rebuilding what was dropped for want of memory may cost this many times as much as making every object once.
const maxAgain = 64

var (
	errAgain         = &Error{Class: Limit, Why: "reading it again and again, for want of memory, would take too long"}
	errChainTooLarge = &Error{Class: Limit, Why: "the objects that it is a delta against are too large together"}
)

// again reads an object again that was dropped. If that fails, it gets an error.
func (w *walkWorker) again(h *heldObject) {
	data, err := w.readAgain(h)
	if err == nil && (len(data) != h.size || w.checksum(data) != h.sum) {
		w.r.pool.put(data)
		err = w.r.entryError(h.at, errChanged)
	}
	if h.err = err; err != nil {
		return
	}
	w.count.again++
	w.walk.budget.add(int64(cap(data)))
	h.data, h.dropped = data, false
}

func (w *walkWorker) readAgain(h *heldObject) ([]byte, *Error) {
	if spent := w.walk.rebuilt.Add(h.chain); spent > maxAgain*w.walk.built.Load()+w.walk.store.options.MaxChain {
		return nil, w.r.entryError(h.at, errAgain)
	}
	w.need(int64(h.size))
	from := h.at
	if h.byName {
		from = place{}
	}
	_, data, err := w.read(h.id, from)
	if err != nil {
		return nil, asError(err)
	}
	own := w.r.pool.get(int64(len(data)))
	copy(own, data)
	return own, nil
}
