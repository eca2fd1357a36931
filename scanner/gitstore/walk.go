package gitstore

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
)

// WalkOptions says what Walk visits, and with what means.
type WalkOptions struct {
	// Want names the objects to visit. Walk sorts it in place; names that occur more than once are visited once.
	Want []ID
	// All visits every object of the store; Want is not used.
	All bool
	// Packed leaves out loose objects. It is for All.
	Packed bool
	// Type, if not 0, leaves out objects of any other type.
	Type Type
	// Workers is how many goroutines read and visit; at least one does.
	Workers int
	// Budget bounds the bytes of all workers' buffers together; 0 means 64 MiB. Objects that are large beside it are
	// read one at a time: what their bases, deltas and selves need goes beyond it.
	Budget int64
	// MaxObject, if not 0, takes the place of the store's: objects above this size, and what is based on them, fail with class Limit.
	MaxObject int64
	// Visit is called once for each object. It is called by all workers at once, never twice at once for one worker, whose
	// number, from 0, it gets. What it returns is handed to the visits of deltas against this object, as Visit.Parent; they
	// may be another worker's.
	Visit func(worker int, v *Visit) (state any)
	// Failed is called, in the same way, for each object that no copy could be read of. Its name is zero if not even that
	// can be told.
	Failed func(worker int, id ID, err *Error)
}

// Visit is an object and what is known of how it differs from another one. It is valid during the call, as are the slices.
type Visit struct {
	ID   ID
	Type Type
	Data []byte // must not be changed
	// Leaf: no delta against this object will be visited, so what Visit returns is not used.
	Leaf bool

	// Base names an object of the same type that was visited before, against which this one is stored as a delta. It is
	// zero if there is none, and then so is what follows.
	Base     ID
	BaseSize int
	BaseData []byte // must not be changed
	Parent   any    // what the visit of the base returned
	// Runs are the parts of Data that are also in the base, ascending by TargetStart. They do not overlap in Data, and no
	// two of them continue each other both there and in the base.
	Runs []Run
}

// Run is a range of bytes that an object has in common with its base. It is an alias, so that other packages can name the same type.
type Run = struct{ TargetStart, BaseStart, Len int }

// WalkStats counts what Walk did.
type WalkStats struct {
	Wanted  int64 // distinct objects
	Visited int64
	Failed  int64
	Skipped int64 // of another type than asked for
	Bytes   int64 // visited

	Headers  int64 // entries of packs whose header was read to find the families
	Families int64 // that hold a wanted object
	Entries  int64 // of these families: wanted objects and what they are based on
	Inflated int64 // entries that were inflated in their family's walk
	Again    int64 // objects that were rebuilt because memory was short
	Handed   int64 // parts of families that were handed to another worker

	PeakBytes int64 // most bytes in buffers of objects and deltas at one time, of all workers
	PeakHeld  int   // most objects that one worker held at one time
}

var errWalkCount = errors.New("objects were neither visited nor reported; please report this as a bug")

const defaultWalkBudget = 64 << 20

// Walk visits every wanted object of the store once, in an order in which every entry of a pack is inflated once: each
// delta after its base. It returns when all visits are done, with the context's error if that ended before.
//
// What cannot be read in this way is read as by Reader.Read, from any copy. What is visited and what fails together is
// what was wanted; anything else is an error.
func (o *Objects) Walk(ctx context.Context, opt WalkOptions) (WalkStats, error) {
	return o.newWalk(opt).run(ctx)
}

func (o *Objects) newWalk(opt WalkOptions) *walk {
	opt.Workers = max(opt.Workers, 1)
	if opt.Budget <= 0 {
		opt.Budget = defaultWalkBudget
	}
	w := &walk{store: o, opt: opt}
	w.queue.init(opt.Workers)
	for i := range opt.Workers {
		w.workers = append(w.workers, w.newWorker(i))
	}
	w.budget.init(opt.Budget - int64(opt.Workers)*w.workers[0].overhead)
	return w
}

func (w *walk) run(ctx context.Context) (WalkStats, error) {
	defer context.AfterFunc(ctx, w.queue.stop)()
	if err := w.plan(ctx); err != nil {
		return w.stats(), err
	}
	w.queue.plans, w.queue.ids = w.plans, w.single
	for _, err := range w.lost {
		w.workers[0].fail(ID{}, err)
	}
	var wg sync.WaitGroup
	for _, worker := range w.workers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			worker.work()
		}()
	}
	wg.Wait()
	s := w.stats()
	switch {
	case ctx.Err() != nil:
		return s, ctx.Err()
	case s.Visited+s.Failed+s.Skipped != s.Wanted:
		return s, errWalkCount
	}
	return s, nil
}

// walk is one call of Walk.
type walk struct {
	store   *Objects
	opt     WalkOptions
	workers []*walkWorker
	budget  budget
	queue   workQueue

	lost   []*Error // one for each wanted object whose name cannot be read any more
	plans  []*packPlan
	single []ID // read one by one: loose objects, and what has no entry that can be used

	wanted, skipped, headers, families, entries int64 // of the plan
	built, rebuilt                              atomic.Int64
}

// stats adds up what was counted.
func (w *walk) stats() WalkStats {
	s := WalkStats{Wanted: w.wanted, Skipped: w.skipped, Headers: w.headers, Families: w.families, Entries: w.entries,
		Handed: w.queue.handed, PeakBytes: w.budget.peak.Load()}
	for _, v := range w.workers {
		s.Visited += v.count.visited
		s.Failed += v.count.failed
		s.Skipped += v.count.skipped
		s.Bytes += v.count.bytes
		s.Inflated += v.count.inflated
		s.Again += v.count.again
		s.PeakHeld = max(s.PeakHeld, v.count.held)
	}
	return s
}
