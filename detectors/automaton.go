package detectors

import (
	"bytes"
	"cmp"
	"slices"

	"mudlark/rules"
)

// A format is matched from an anchor, one of its literals, in both directions. The matcher does not walk one parse after
// another: it carries the set of all positions that the elements so far can end at, as intervals, from element to element.
// That makes it linear in the bytes it looks at, with infix literals inside their own class and runs of several lengths
// included, and leaves no choice to be undone.
//
// Positions are measured along the direction of travel, so that they always grow: forward it is the offset u, and the next
// byte is data[u]; backward it is -u, and the next byte is data[-u-1].

// An interval holds the positions lo to hi, both included.
type interval struct{ lo, hi int }

// A class is an interned alphabet as a table.
type class struct {
	id  int // index of the walker's segment for it
	set rules.ByteSet
	has [256]bool
	// escapes: the alphabet holds one of escapeBytes, so a boundary may stand anywhere inside a run of it.
	escapes bool
}

// An element is a node of a compiled grammar. Exactly one of its parts is used.
type element struct {
	literal []byte // with fold, in lower case
	fold    bool
	run     *class
	counts  []rules.Count // of run
	seq     []*element
	alt     []*element
	repeat  *element
	min     int // of repeat
	max     int
}

// A walker matches elements; it holds scratch buffers.
type walker struct {
	data     []byte
	backward bool
	free     [][]interval
	// segments remembers for each class and direction the last run that was walked, so that a run is walked once however
	// many anchors stand in it.
	segments [2][]segment
	text     uint64 // numbers the data
}

// A segment is a run of a class in the data of a number.
type segment struct {
	interval
	text uint64
}

// start prepares the walker for new data.
func (w *walker) start(data []byte) {
	w.data = data
	w.text++
}

// known returns the last run of a class that was walked; it is empty before the first one.
func (w *walker) known(direction int, cl *class) *interval {
	if cl.id >= len(w.segments[direction]) {
		w.segments[direction] = append(w.segments[direction], make([]segment, cl.id+1)...)
	}
	s := &w.segments[direction][cl.id]
	if s.text != w.text {
		*s = segment{text: w.text}
	}
	return &s.interval
}

// buffer returns an empty list of intervals.
func (w *walker) buffer() []interval {
	if n := len(w.free); n > 0 {
		b := w.free[n-1]
		w.free = w.free[:n-1]
		return b[:0]
	}
	return make([]interval, 0, 8)
}

func (w *walker) release(b []interval) { w.free = append(w.free, b) }

// sequence replaces the positions in from by those that the elements, one after another, lead to. The result may be another
// slice; from must not be used afterwards.
func (w *walker) sequence(elements []*element, from []interval) []interval {
	for i := range elements {
		if len(from) == 0 {
			return from
		}
		e := elements[i]
		if w.backward {
			e = elements[len(elements)-1-i]
		}
		from = w.step(e, from)
	}
	return from
}

// step is sequence for one element.
func (w *walker) step(e *element, from []interval) []interval {
	switch {
	case e.run != nil:
		to := w.buffer()
		for _, c := range e.counts {
			to = w.runs(e.run, c, from, to)
		}
		w.release(from)
		if len(e.counts) > 1 {
			to = normalise(to)
		}
		return to
	case e.literal != nil:
		to := w.buffer()
		for _, s := range from {
			for u := w.literalFrom(e, s.lo, s.hi); u <= s.hi; u = w.literalFrom(e, u+1, s.hi) {
				to = add(to, interval{u + len(e.literal), u + len(e.literal)})
			}
		}
		w.release(from)
		return to
	case e.alt != nil:
		to := w.buffer()
		for _, a := range e.alt {
			some := w.step(a, append(w.buffer(), from...))
			to = append(to, some...)
			w.release(some)
		}
		w.release(from)
		return normalise(to)
	case e.repeat != nil:
		return w.repeats(e, from)
	}
	return w.sequence(e.seq, from)
}

// repeats applies e.repeat between e.min and e.max times.
func (w *walker) repeats(e *element, from []interval) []interval {
	to := w.buffer()
	if e.min == 0 {
		to = append(to, from...)
	}
	for n := 1; n <= e.max && len(from) > 0; n++ {
		before := append(w.buffer(), from...)
		from = w.step(e.repeat, from)
		same := slices.Equal(before, from)
		w.release(before)
		if n >= e.min {
			to = append(to, from...)
		}
		if same {
			// What repeats is empty: more rounds lead nowhere else.
			to = append(to, from...)
			break
		}
	}
	w.release(from)
	return normalise(to)
}

// runs adds to to the positions that lie c.Min to c.Max bytes of the class behind a position in from. Results ascend.
func (w *walker) runs(cl *class, c rules.Count, from, to []interval) []interval {
	for _, s := range from {
		for lo := s.lo; lo <= s.hi; {
			// The positions lo to end lie in, or at the end of, one run of the class, which ends at end at the
			// latest; what lies beyond s.hi+c.Max cannot be reached.
			end := w.runEnd(cl, lo, s.hi+c.Max)
			hi := min(s.hi, end, end-c.Min)
			if lo <= hi {
				to = add(to, interval{lo + c.Min, min(hi+c.Max, end)})
			}
			if end >= s.hi {
				break
			}
			lo = end + 1
		}
	}
	return to
}

// runEnd returns the first position at or after u where the next byte is not of the class, or limit.
func (w *walker) runEnd(cl *class, u, limit int) int {
	if w.backward {
		return w.runStart(cl, u, min(limit, 0))
	}
	limit = min(limit, len(w.data))
	known := w.known(0, cl)
	begin, at := u, u
	if known.lo <= u && u <= known.hi {
		begin, at = known.lo, known.hi
	}
	for at < limit && cl.has[w.data[at]] {
		at++
	}
	*known = interval{begin, at}
	return min(at, max(limit, u))
}

// runStart is runEnd backward. Anchors come in ascending order, so a run that was walked before lies ahead.
func (w *walker) runStart(cl *class, u, limit int) int {
	known := w.known(1, cl)
	at := u
	for at < limit && cl.has[w.data[-at-1]] {
		if at++; at >= known.lo && at < known.hi {
			at = known.hi
		}
	}
	*known = interval{u, at}
	return min(at, max(limit, u))
}

// literalFrom returns the first position from u to limit where the literal stands next, or one beyond limit.
func (w *walker) literalFrom(e *element, u, limit int) int {
	for ; u <= limit; u++ {
		if !e.fold && u < limit {
			u = w.byteFrom(e, u, limit)
		}
		if u <= limit && w.literalAt(e, u) {
			return u
		}
	}
	return u
}

// byteFrom returns the first position from u to limit where the literal's next byte stands, or one beyond limit.
func (w *walker) byteFrom(e *element, u, limit int) int {
	n := -1
	if w.backward {
		lo, hi := max(-limit-1, 0), max(-u, 0)
		if i := bytes.LastIndexByte(w.data[min(lo, hi):hi], e.literal[len(e.literal)-1]); i >= 0 {
			n = hi - 1 - (min(lo, hi) + i)
		}
	} else if u < len(w.data) {
		n = bytes.IndexByte(w.data[u:min(limit+1, len(w.data))], e.literal[0])
	}
	if n < 0 {
		return limit + 1
	}
	return u + n
}

// literalAt reports whether the literal stands next at u.
func (w *walker) literalAt(e *element, u int) bool {
	at, n := u, len(e.literal)
	if w.backward {
		at = -u - n
	}
	if at < 0 || at+n > len(w.data) {
		return false
	}
	there := w.data[at : at+n]
	if !e.fold {
		return string(there) == string(e.literal)
	}
	for i, c := range e.literal {
		if lower(there[i]) != c {
			return false
		}
	}
	return true
}

// lower returns the ASCII letter c in lower case.
func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + ('a' - 'A')
	}
	return c
}

// add appends s to the ascending list, joining it to the last interval where they touch.
func add(list []interval, s interval) []interval {
	if n := len(list); n > 0 && s.lo >= list[n-1].lo && s.lo <= list[n-1].hi+1 {
		list[n-1].hi = max(list[n-1].hi, s.hi)
		return list
	}
	return append(list, s)
}

// normalise sorts the list and joins intervals that touch. Lists are a few ascending ones behind each other.
func normalise(list []interval) []interval {
	sorted := true
	for i := 1; i < len(list) && sorted; i++ {
		sorted = list[i].lo > list[i-1].hi+1
	}
	if sorted {
		return list
	}
	slices.SortFunc(list, func(a, b interval) int { return cmp.Compare(a.lo, b.lo) })
	out := list[:0]
	for _, s := range list {
		out = add(out, s)
	}
	return out
}
