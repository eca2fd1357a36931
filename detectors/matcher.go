package detectors

import "slices"

// matchAnchor returns the longest match of the branch whose anchor literal stands at offset at: the leftmost start and the
// rightmost end at which the boundaries hold. With relaxed, boundaries hold everywhere.
func (w *walker) matchAnchor(b *branch, at int, relaxed bool) (start, end int, ok bool) {
	rest, from := b.elements[b.at+1:], at+len(b.elements[b.at].literal)
	if b.at == 0 {
		if start, ok = w.startFrom(b, at, relaxed); ok {
			end, ok = w.endFrom(b, rest, from, relaxed)
		}
		return start, end, ok
	}
	// What stands before an infix is a long run, the same for many branches; what stands behind tells them apart.
	if end, ok = w.endFrom(b, rest, from, relaxed); ok {
		start, ok = w.startFrom(b, at, relaxed)
	}
	return start, end, ok
}

// startFrom returns the leftmost start of a match whose anchor literal stands at offset at.
func (w *walker) startFrom(b *branch, at int, relaxed bool) (int, bool) {
	if b.at == 0 {
		return at, relaxed || b.first.before(w.data, at)
	}
	w.backward = true
	defer func() { w.backward = false }()
	list := w.sequence(b.elements[1:b.at], append(w.buffer(), interval{-at, -at}))
	if b.strictStart && !relaxed {
		start, ok := w.strictStart(b, list)
		w.release(list)
		return start, ok
	}
	list = w.step(b.elements[0], list)
	defer w.release(list)
	for _, s := range slices.Backward(list) {
		for u := s.hi; u >= s.lo; u-- {
			if relaxed || b.first.before(w.data, -u) {
				return -u, true
			}
		}
	}
	return 0, false
}

// strictStart is startFrom for a first run that must start close to where its class starts: no other offsets are tried.
func (w *walker) strictStart(b *branch, from []interval) (int, bool) {
	e := b.elements[0]
	best, found := 0, false
	w.forRuns(e, from, escapeReach, func(lo, hi, end int) {
		for u := end; u >= max(lo, end-escapeReach); u-- {
			if (!found || u > best) && e.reaches(lo, hi, u) && b.first.before(w.data, -u) {
				best, found = u, true
				return
			}
		}
	})
	return -best, found
}

// endFrom returns the rightmost end of a match whose remaining elements begin at offset from.
func (w *walker) endFrom(b *branch, rest []*element, from int, relaxed bool) (int, bool) {
	if len(rest) == 0 {
		return from, relaxed || b.last.after(w.data, from)
	}
	list := w.sequence(rest[:len(rest)-1], append(w.buffer(), interval{from, from}))
	last := rest[len(rest)-1]
	if b.strictEnd && !relaxed {
		end, ok := w.strictEnd(b, last, list)
		w.release(list)
		return end, ok
	}
	list = w.step(last, list)
	defer w.release(list)
	for _, s := range slices.Backward(list) {
		for u := s.hi; u >= s.lo; u-- {
			if relaxed || b.last.after(w.data, u) {
				return u, true
			}
		}
	}
	return 0, false
}

// strictEnd is endFrom for a last run that must end where its class ends: only the ends of runs are tried.
func (w *walker) strictEnd(b *branch, e *element, from []interval) (int, bool) {
	best := -1
	w.forRuns(e, from, 0, func(lo, hi, end int) {
		if end > best && e.reaches(lo, hi, end) && b.last.after(w.data, end) {
			best = end
		}
	})
	return best, best >= 0
}

// forRuns calls f for each run of the element's class that holds positions in from: they are lo to hi, and the run ends at
// end, or so far beyond them that neither end nor the slack positions before it can be reached.
func (w *walker) forRuns(e *element, from []interval, slack int, f func(lo, hi, end int)) {
	longest := e.counts[len(e.counts)-1].Max
	for _, s := range from {
		for lo := s.lo; lo <= s.hi; {
			end := w.runEnd(e.run, lo, s.hi+longest+slack+1)
			f(lo, min(s.hi, end), end)
			if end >= s.hi {
				break
			}
			lo = end + 1
		}
	}
}

// reaches reports whether a run of one of the element's lengths leads from a position in lo to hi to end.
func (e *element) reaches(lo, hi, end int) bool {
	for _, c := range e.counts {
		if end-c.Max <= hi && end-c.Min >= lo {
			return true
		}
	}
	return false
}

// matchAt returns the longest match of the branch that starts at offset at.
func (w *walker) matchAt(b *branch, at int) (end int, ok bool) {
	if !b.open.has[w.data[at]] || !b.first.before(w.data, at) {
		return 0, false
	}
	return w.endFrom(b, b.elements, at, false)
}
