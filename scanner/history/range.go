package history

import (
	"context"

	"mudlark/scanner/gitstore"
)

// LoadRange is Load for what the tips reach and the bases do not, if that is little: it reads, newest first, no more of what the bases reach
// than committer times say is needed. A clock that went wrong can make it take a commit that a base reaches for one of the range, never the
// other way round; Confirm puts that right. Commits that a base reaches are in the graph only as far as they were read.
//
// exact is true if everything was read that the options name, so that there is nothing to confirm.
func LoadRange(ctx context.Context, repo *gitstore.Repo, r *gitstore.Reader, o LoadOptions) (g *Graph, exact bool, err error) {
	w := rangeWalk{queue: queue[queued]{less: newerCommit}, loader: loader{repo: repo, reader: r, o: o, g: &Graph{index: map[gitstore.ID]int32{}}, unreadable: map[gitstore.ID]bool{}}}
	for _, id := range o.Bases {
		w.reach(id, excluded)
	}
	for _, id := range o.Tips {
		w.reach(id, reachesTip)
	}
	for n := 0; w.queue.Len() > 0 && !w.enough(); n++ {
		if n%256 == 0 && ctx.Err() != nil {
			return nil, false, ctx.Err()
		}
		w.expand()
	}
	exact = w.queue.Len() == 0
	w.finish()
	return w.g, exact, nil
}

// rangeWalk is a walk from tips and bases towards the roots at the same time.
type rangeWalk struct {
	loader
	names    [][]gitstore.ID // parents by commit
	expanded []bool
	queue    queue[queued]
	inRange  int   // commits in the queue that no base is known to reach
	any      bool  // some commit of the range was expanded
	oldest   int64 // committer time of the oldest of those
	settled  int   // commits taken from the queue since it held none of the range
}

// rangeSlack is how much further the bases are followed, in seconds and in commits, once nothing of the range is left to read: clocks
// of several people differ.
const (
	rangeSlack        = 24 * 3600
	rangeSlackCommits = 16
)

// enough reports whether what is left in the queue is so old that it says nothing about the range.
func (w *rangeWalk) enough() bool {
	return w.inRange == 0 && (!w.any || w.settled >= rangeSlackCommits && w.queue.items[0].time < w.oldest-rangeSlack)
}

// reach notes that a commit is reached, from a tip or a base.
func (w *rangeWalk) reach(id gitstore.ID, flag nodeFlag) {
	c, known := w.g.index[id]
	if !known {
		if w.unreadable[id] {
			return
		}
		problem := w.o.Problem
		if flag == excluded {
			w.o.Problem = func(error) {} // what is not read of a base makes the range larger, not smaller
		}
		parents, ok := w.read(id)
		w.o.Problem = problem
		if !ok {
			w.unreadable[id] = flag != excluded
			return
		}
		if w.o.Known != nil && w.o.Known(id) {
			flag |= excluded
		}
		c = int32(len(w.g.commits) - 1)
		w.names = append(w.names, parents)
		w.expanded = append(w.expanded, false)
		w.g.commits[c].flags |= flag
		if flag&excluded == 0 {
			w.inRange++
		}
		w.queue.push(queued{w.g.commits[c].time, id, c})
		return
	}
	w.paintDown(c, flag)
}

// paintDown sets a flag on a commit and, as far as they are known, on what it reaches.
func (w *rangeWalk) paintDown(c int32, flag nodeFlag) {
	stack := []int32{c}
	for len(stack) > 0 {
		c := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		n := &w.g.commits[c]
		if n.flags&flag != 0 {
			continue
		}
		if flag == excluded && !w.expanded[c] {
			w.inRange--
		}
		n.flags |= flag
		if w.expanded[c] {
			for _, p := range w.names[c] {
				if known, ok := w.g.index[p]; ok {
					stack = append(stack, known)
				}
			}
		}
	}
}

// expand takes the newest commit from the queue and reaches its parents.
func (w *rangeWalk) expand() {
	c := w.queue.take().commit
	w.expanded[c] = true
	flags := w.g.commits[c].flags
	if flags&excluded != 0 {
		w.settled++
	} else {
		w.inRange--
		w.settled = 0
		if t := w.g.commits[c].time; !w.any || t < w.oldest {
			w.any, w.oldest = true, t
		}
	}
	for _, p := range w.names[c] {
		if flags&excluded != 0 {
			w.reach(p, excluded)
		} else {
			w.reach(p, reachesTip)
		}
	}
}

// finish numbers the commits. Those that were not expanded have no parents in the graph.
func (w *rangeWalk) finish() {
	w.parents = w.names
	for c := range w.parents {
		if !w.expanded[c] {
			w.parents[c] = nil
		}
	}
	w.link()
	w.g.number()
}

// Confirm takes out of the range what the bases reach after all. full is the graph of the same tips and bases that Load made.
func (g *Graph) Confirm(full *Graph) {
	for c := range g.commits {
		if n, ok := full.index[g.commits[c].id]; ok && full.commits[n].flags&excluded != 0 {
			g.commits[c].flags |= excluded
		}
	}
}

// queued is a commit that waits to be expanded.
type queued struct {
	time   int64
	id     gitstore.ID
	commit int32
}

// newerCommit orders by time, the newest first, and then by id, so that a walk does not depend on anything else.
func newerCommit(a, b queued) bool {
	if a.time != b.time {
		return a.time > b.time
	}
	return a.id.Compare(b.id) < 0
}
