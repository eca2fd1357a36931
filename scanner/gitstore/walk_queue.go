package gitstore

import (
	"sync"
	"sync/atomic"
)

// walkTask is work for one worker: subtrees that stand one after the other among a pack's nodes, or single objects.
type walkTask struct {
	plan *packPlan
	base *heldObject // that all of them are deltas against; nil if they are families
	next int         // nodes, from next up to end
	end  int
	ids  []ID // instead of all that
}

// workQueue hands work to workers: what other workers gave away, then families in the order of their packs, then single
// objects.
type workQueue struct {
	plans []*packPlan
	ids   []ID

	mu      sync.Mutex
	wake    sync.Cond
	workers int
	given   []walkTask
	next    int // node of plans[0]
	idle    int
	done    bool
	handed  int64

	hungry  atomic.Int32 // workers that wait, less what was given and nobody took yet
	stopped atomic.Bool
}

func (q *workQueue) init(workers int) {
	q.workers = workers
	q.wake.L = &q.mu
}

// stop makes all workers stop soon.
func (q *workQueue) stop() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.done = true
	q.stopped.Store(true)
	q.wake.Broadcast()
}

// take returns the next piece of work, waiting for one if another worker may still give some. It returns false when there
// is no more.
func (q *workQueue) take() (walkTask, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for !q.done {
		if n := len(q.given); n > 0 {
			t := q.given[n-1]
			q.given = q.given[:n-1]
			q.update()
			return t, true
		}
		if t, ok := q.fresh(); ok {
			return t, true
		}
		if q.idle++; q.idle == q.workers {
			q.done = true
			q.wake.Broadcast()
			break
		}
		q.update()
		q.wake.Wait()
		q.idle--
	}
	return walkTask{}, false
}

// give hands work to a worker that waits.
func (q *workQueue) give(t walkTask) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.given = append(q.given, t)
	q.handed++
	q.update()
	q.wake.Signal()
}

func (q *workQueue) update() { q.hungry.Store(int32(q.idle - len(q.given))) }

const (
	taskNodes = 64 // families are handed out until there are as many nodes
	taskIDs   = 64
)

// fresh returns work that nobody has begun.
func (q *workQueue) fresh() (walkTask, bool) {
	for len(q.plans) > 0 && q.next == len(q.plans[0].nodes) {
		q.plans, q.next = q.plans[1:], 0
	}
	if len(q.plans) > 0 {
		p := q.plans[0]
		t := walkTask{plan: p, next: q.next}
		for q.next < len(p.nodes) && q.next-t.next < taskNodes {
			q.next += p.nodes[q.next].subtree()
		}
		t.end = q.next
		return t, true
	}
	if len(q.ids) > 0 {
		n := min(taskIDs, len(q.ids))
		t := walkTask{ids: q.ids[:n:n]}
		q.ids = q.ids[n:]
		return t, true
	}
	return walkTask{}, false
}
