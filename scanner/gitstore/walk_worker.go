package gitstore

import (
	"errors"
	"hash/maphash"
)

// walkFrame is a range of subtrees, one after the other among the nodes, that are left to visit. All are deltas against
// base, or families if base is nil.
type walkFrame struct {
	base *heldObject
	next int
	end  int
}

// walkWorker visits what its tasks name. It goes through subtrees depth first, with a stack of its own. As the largest
// subtree comes last and an object is given up when the last delta against it has been made, an object stays on the stack
// only while a subtree is visited that is at most half as large as what is left of its own: there are no more of them
// than the logarithm of the family's size.
type walkWorker struct {
	walk   *walk
	number int
	r      *Reader
	seed   maphash.Seed

	plan      *packPlan
	stack     []walkFrame
	current   *heldObject // the base of what is being made
	ahead     bool        // may go beyond the budget
	uncounted bool        // what the Reader reads is not counted
	spare     []*heldObject
	visit     Visit
	runs      []Run
	stream    []byte // of an entry larger than a window

	overhead int64 // bytes beside what the budget counts
	count    struct {
		visited, failed, skipped, bytes, inflated, again int64
		held                                             int
	}
}

// newWorker returns a worker. An eighth of the budget is for the buffers that all workers keep for use again, and as much
// for the bases of what is not read by family.
func (w *walk) newWorker(number int) *walkWorker {
	share := w.opt.Budget / int64(w.opt.Workers)
	v := &walkWorker{walk: w, number: number, r: w.store.NewReader(share / 8), seed: maphash.MakeSeed()}
	if w.opt.MaxObject > 0 {
		v.r.SetMaxObject(w.opt.MaxObject)
	}
	v.r.pool.limit = share / 8
	v.overhead = share/4 + windowCount*windowSize + maxStream
	v.r.reserve = func(size int64) {
		if v.uncounted && size > v.walk.budget.limit/4 {
			v.goAhead()
		}
	}
	return v
}

func (w *walkWorker) checksum(b []byte) uint64 { return maphash.Bytes(w.seed, b) }

// work does tasks until there are none.
func (w *walkWorker) work() {
	for {
		t, ok := w.walk.queue.take()
		if !ok {
			return
		}
		w.plan = t.plan
		if t.plan == nil {
			w.each(t.ids)
		} else {
			w.stack = append(w.stack[:0], walkFrame{t.base, t.next, t.end})
			w.families()
		}
		w.fallBack(true)
	}
}

// each visits objects that are read by their names.
func (w *walkWorker) each(ids []ID) {
	for _, id := range ids {
		if w.walk.queue.stopped.Load() {
			return
		}
		w.visitByName(id)
		w.fallBack(false)
	}
}

// read reads an object by way of the Reader: from the entry at the given place if that has a pack, else by its name. Large
// ones are read by one worker at a time.
func (w *walkWorker) read(id ID, at place) (Type, []byte, error) {
	w.uncounted = true
	defer func() { w.uncounted = false }()
	if at.pack == nil {
		return w.r.Read(id)
	}
	w.r.release()
	w.r.doubtful = false
	typ, data, err := w.r.readPacked(at)
	if err != nil {
		return 0, nil, err
	}
	w.r.last = data
	return typ, data, nil
}

// visitByName reads an object by its name and visits it.
func (w *walkWorker) visitByName(id ID) {
	typ, data, err := w.read(id, place{})
	if err != nil {
		w.fail(id, asError(err))
		return
	}
	w.call(id, typ, data)
}

// families visits what is on the stack.
func (w *walkWorker) families() {
	for len(w.stack) > 0 {
		if w.walk.queue.stopped.Load() {
			w.unwind()
			return
		}
		if w.walk.queue.hungry.Load() > 0 {
			w.share()
		}
		f := &w.stack[len(w.stack)-1]
		if f.next == f.end { // the rest was given away
			w.release(f.base)
			w.stack = w.stack[:len(w.stack)-1]
			continue
		}
		w.step(f)
	}
}

// step visits the first node of what is left in the top frame.
func (w *walkWorker) step(f *walkFrame) {
	i, base := f.next, f.base
	n := w.plan.nodes[i]
	f.next += n.subtree()
	last := f.next == f.end
	if last {
		w.stack = w.stack[:len(w.stack)-1]
	}
	w.current = base
	h := w.node(n, base)
	w.current = nil
	if last {
		w.release(base)
	}
	if n.subtree() == 1 {
		w.release(h)
		return
	}
	w.stack = append(w.stack, walkFrame{h, i + 1, i + n.subtree()})
	w.noteHeld()
}

func (w *walkWorker) noteHeld() {
	held := 0
	for _, f := range w.stack {
		if f.base != nil && f.base.data != nil {
			held++
		}
	}
	w.count.held = max(w.count.held, held+1) // and what is made of it
}

// unwind drops what is on the stack.
func (w *walkWorker) unwind() {
	for _, f := range w.stack {
		w.release(f.base)
	}
	w.stack = w.stack[:0]
}

// shareNodes is how many nodes are worth giving away.
const shareNodes = 16

// share gives part of what is left to a worker that waits: from the lowest frame, which has the most.
func (w *walkWorker) share() {
	for k := range w.stack {
		f := &w.stack[k]
		if f.end-f.next < shareNodes || f.base != nil && f.base.dropped {
			continue
		}
		at := w.middle(f)
		if at == f.next && k == len(w.stack)-1 { // all that this worker has
			return
		}
		if f.base != nil {
			f.base.refs.Add(1)
		}
		w.walk.queue.give(walkTask{plan: w.plan, base: f.base, next: at, end: f.end})
		f.end = at
		return
	}
}

// middle returns where the subtree begins that the middle of what is left falls into. What is behind is at least half, as
// the largest comes last, unless there is but one.
func (w *walkWorker) middle(f *walkFrame) int {
	at, half := f.next, f.next+(f.end-f.next)/2
	for {
		next := at + w.plan.nodes[at].subtree()
		if next > half {
			break
		}
		at = next
	}
	return at
}

// node makes the object of a node, visits it if it is wanted, and returns it for its deltas. If it cannot be read, what is
// returned has an error.
func (w *walkWorker) node(n walkNode, base *heldObject) *heldObject {
	h := w.hold()
	id, off, ok := w.plan.at(n.position())
	if !ok {
		h.err = fileError(w.walk.store.label(w.plan.pack.stem+".idx"), errShrunk)
		if n.wanted() {
			w.fail(ID{}, h.err)
		}
		return h
	}
	h.id, h.at, h.doubtful = id, place{w.plan.pack, off}, w.plan.suspect || w.walk.store.options.VerifyHash
	runs, err := w.make(h, n, base)
	if err != nil {
		w.makeOtherwise(h, n, base, err)
	}
	w.walk.built.Add(int64(len(h.data)))
	switch {
	case !n.wanted():
	case h.err != nil:
		w.fail(id, h.err)
	case h.doubtful && !h.byName && !w.r.verify(id, h.typ, h.data):
		// Deltas are against what the entry holds, right or wrong; the object is what has this name.
		w.visitOther(h)
	default:
		w.visit.Leaf = n.subtree() == 1
		w.visitHeld(h, base, runs)
	}
	return h
}

var (
	errApart   = errors.New("base is not in the pack")
	errChanged = errors.New("pack has changed while it was being read")
)

// make sets h to what the entry of a node holds, a delta against base unless that is nil. It returns the delta's runs if
// the object and its base are visited.
func (w *walkWorker) make(h *heldObject, n walkNode, base *heldObject) ([]Run, error) {
	switch {
	case n.apart():
		return nil, errApart
	case base != nil && base.err == nil && base.dropped:
		w.again(base)
	}
	if base != nil && base.err != nil {
		return nil, base.err
	}
	e, err := w.entry(h.at.off, n)
	switch {
	case err != nil:
		return nil, err
	case base == nil && e.typ >= ofsDelta, base != nil && !isBase(base, h.at.pack, e):
		return nil, errChanged
	}
	if base == nil {
		h.typ = e.typ
		h.data, err = w.inflate(e, h.at.off, n)
		h.chain = int64(len(h.data))
		return nil, err
	}
	h.typ, h.doubtful = base.typ, h.doubtful || base.doubtful
	delta, err := w.inflate(e, h.at.off, n)
	if err != nil {
		return nil, err
	}
	ops, err := w.patch(h, base, delta)
	var runs []Run
	if err == nil && n.wanted() && base.visited {
		runs = w.runsOf(ops)
	}
	w.free(delta)
	return runs, err
}

// isBase reports whether base is what the delta e in p is against.
func isBase(base *heldObject, p *pack, e packEntry) bool {
	switch e.typ {
	case ofsDelta:
		return base.at == place{p, e.base}
	case refDelta:
		return base.id == e.name
	}
	return false
}

// entry reads the header of the entry at off.
func (w *walkWorker) entry(off int64, n walkNode) (packEntry, error) {
	b, err := w.r.win.at(w.plan.state, off, max(int64(n.stream), maxEntryHeader))
	if err != nil {
		return packEntry{}, err
	}
	return parseEntry(b, off, w.plan.pack.hash)
}

// inflate returns what an entry holds, counted as by alloc.
func (w *walkWorker) inflate(e packEntry, off int64, n walkNode) ([]byte, error) {
	if err := w.r.tooLarge(e.size); err != nil {
		return nil, err
	}
	w.need(e.size)
	w.count.inflated++
	data, err := w.inflateStream(e, off, int64(n.stream))
	if err != nil {
		return nil, err
	}
	w.walk.budget.add(int64(cap(data)))
	return data, nil
}

// maxStream is the size of the largest entries that are read as a whole before they are inflated.
const maxStream = 1 << 20

// inflateStream inflates from memory if the entry is known to be small enough.
func (w *walkWorker) inflateStream(e packEntry, off, stream int64) ([]byte, error) {
	if b := w.streamBytes(off, stream); int64(len(b)) > e.data-off {
		if data, err := w.r.z.memory(b[e.data-off:], e.size); err == nil {
			return data, nil
		}
	}
	return w.r.inflate(w.plan.state, e)
}

// streamBytes returns the bytes of an entry that takes up stream bytes, nil if that is unknown or too much.
func (w *walkWorker) streamBytes(off, stream int64) []byte {
	if stream <= 0 || stream > maxStream {
		return nil
	}
	if stream <= windowSize {
		b, _ := w.r.win.at(w.plan.state, off, stream) // on an error it is read in the other way, which says so
		return b
	}
	if int64(len(w.stream)) < stream {
		w.stream = make([]byte, maxStream)
	}
	n, err := w.plan.state.readAt(w.stream[:stream], off)
	if err != nil {
		return nil
	}
	return w.stream[:n]
}

// patch sets h.data to what a delta makes of base. It returns the delta's instructions.
func (w *walkWorker) patch(h, base *heldObject, delta []byte) ([]byte, error) {
	baseSize, size, ops, err := deltaHeader(delta)
	if err == nil {
		err = w.r.checkDelta(baseSize, size, len(base.data), len(delta), ops)
	}
	if err != nil {
		return nil, err
	}
	if h.chain = base.chain + size; h.chain > w.walk.store.options.MaxChain {
		return nil, errChainTooLarge
	}
	data := w.alloc(size)
	if err := applyDelta(data, base.data, ops); err != nil {
		w.free(data)
		return nil, err
	}
	h.data = data
	return ops, nil
}

// runsOf returns the runs of a delta, nil if there are too many; they are valid until the next call.
func (w *walkWorker) runsOf(ops []byte) []Run {
	runs, ok := deltaRuns(w.runs[:0], ops)
	if w.runs = runs; cap(runs) > maxRuns/16 {
		w.runs = nil // that was exceptional
	}
	if !ok {
		return nil
	}
	if runs == nil {
		runs = []Run{}
	}
	return runs
}

// makeOtherwise sets h, which could not be made from its node and base because of err, by way of the Reader: an entry whose
// base is not in the pack from the entry still, any other from another copy. If that fails too, it sets the error.
func (w *walkWorker) makeOtherwise(h *heldObject, n walkNode, base *heldObject, err error) {
	switch {
	case n.stream == cyclic:
		h.err = w.r.entryError(h.at, errDeltaCycle)
		return
	case n.apart():
		var typ Type
		var data []byte
		if typ, data, err = w.read(ID{}, h.at); err == nil {
			w.take(h, typ, data)
			return
		}
		h.err = asError(err)
	case base != nil && base.err != nil:
		h.err = base.err // it says which entry is to blame
	default:
		h.err = w.r.entryError(h.at, err)
	}
	if !w.walk.store.elsewhere(h.id, h.at) {
		return
	}
	typ, data, err := w.read(h.id, place{})
	if err != nil {
		h.err = asError(err)
		return
	}
	h.byName = true
	w.take(h, typ, data)
}

// take sets h to what the Reader read, which stays the Reader's. What it read by detours has to be hashed.
func (w *walkWorker) take(h *heldObject, typ Type, data []byte) {
	h.data = w.alloc(int64(len(data)))
	copy(h.data, data)
	h.typ, h.chain, h.doubtful, h.err = typ, int64(len(data)), true, nil
}

// visitOther visits an object whose entry in the pack does not have its name.
func (w *walkWorker) visitOther(h *heldObject) {
	if w.walk.store.elsewhere(h.id, h.at) {
		w.visitByName(h.id)
		return
	}
	w.fail(h.id, w.r.entryError(h.at, errWrongHash))
}

// visitHeld visits h. runs are nil if it is not a delta against base or that was not visited.
func (w *walkWorker) visitHeld(h, base *heldObject, runs []Run) {
	if runs != nil {
		w.visit.Base, w.visit.BaseSize, w.visit.BaseData = base.id, len(base.data), base.data
		w.visit.Parent, w.visit.Runs = base.state, runs
	}
	h.state, h.visited = w.call(h.id, h.typ, h.data)
}

// call calls Visit, unless the object is of another type than asked for.
func (w *walkWorker) call(id ID, typ Type, data []byte) (state any, visited bool) {
	v := &w.visit
	if want := w.walk.opt.Type; want != 0 && typ != want {
		w.count.skipped++
	} else {
		v.ID, v.Type, v.Data = id, typ, data
		w.count.visited++
		w.count.bytes += int64(len(data))
		if w.walk.opt.Visit != nil {
			state = w.walk.opt.Visit(w.number, v)
		}
		visited = true
	}
	*v = Visit{}
	return state, visited
}

// fail reports an object that cannot be read.
func (w *walkWorker) fail(id ID, err *Error) {
	w.count.failed++
	if w.walk.opt.Failed == nil {
		return
	}
	what := err.What
	if id != (ID{}) {
		what = id.String()
	}
	w.walk.opt.Failed(w.number, id, &Error{Class: err.Class, What: what, Why: err.Why})
}

// asError returns an error of a Reader, all of which are *Error.
func asError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Class: Damaged, Why: err.Error()}
}
