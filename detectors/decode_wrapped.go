package detectors

import "bytes"

const (
	// minWrapped is the least length of a line that may go on in the next one: that of a run.
	minWrapped = minBase64
	// maxSuffix and maxPrefix bound what stands behind a line of a wrapped run and before the next one: quotes, operators, comment
	// marks, indentation.
	maxSuffix, maxPrefix = 12, 64
	// wrapReach is how far before a line feed the bytes may be that decide whether a run goes on behind it.
	wrapReach = maxSuffix + minBase64
	// minWord is the length from which on a run of base64 characters before a line is no word of its prefix.
	minWord = 8
)

// A wrappedRun is a run of base64 in lines of one width, each as far behind the last one, and a shorter last line.
type wrappedRun struct {
	start, width int
	gap          int // between two lines
	lines        int // full ones
	end          int
}

// wrapOf returns the wrapped run that begins with a run on one line; lines is 0 if nothing continues it.
func wrapOf(data []byte, start, end int) wrappedRun {
	w := wrappedRun{start: start, width: end - start, end: end}
	if w.width < minWrapped || w.width > maxShift {
		return w
	}
	next, ok := nextLine(data, start, end)
	if !ok {
		return w
	}
	w.gap, w.lines = next-end, 1
	first := data[end:next]
	for next < len(data) {
		lineEnd := next
		for lineEnd < len(data) && lineEnd-next <= w.width && classOf[data[lineEnd]]&classBase64 != 0 {
			lineEnd++
		}
		n := lineEnd - next
		if n == 0 || n > w.width {
			break
		}
		w.end = lineEnd
		if n < w.width {
			break
		}
		w.lines++
		next = lineEnd + w.gap
		if next >= len(data) || !sameGap(first, data[lineEnd:next]) {
			break
		}
	}
	if w.end == end {
		w.lines = 0
	}
	return w
}

// unmarked returns the run without the marks that a diff puts before each line, if all lines begin with such a character.
func (w wrappedRun) unmarked(data []byte) (wrappedRun, bool) {
	mark := data[w.start]
	if mark != '+' && mark != '-' {
		return w, false
	}
	for at := w.start; at < w.end; at += w.width + w.gap {
		if data[at] != mark {
			return w, false
		}
	}
	w.start, w.width, w.gap = w.start+1, w.width-1, w.gap+1
	return w, w.end > w.start
}

// sameGap reports whether two gaps are alike: they differ in digits at most, as those of numbered lines do.
func sameGap(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	for i := range a {
		if a[i] != b[i] && (!isDigit(a[i]) || !isDigit(b[i])) {
			return false
		}
	}
	return true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// nextLine returns where the line behind a run goes on. What stands between is quotes and the like, a line end, which may be written as the
// escape of a string, and indentation, comment marks, or whatever stands before the run as well.
func nextLine(data []byte, start, end int) (int, bool) {
	i := end
	if n := escapedFeed(data[i:]); n > 0 {
		if i += n; i < len(data) && classOf[data[i]]&classBase64 != 0 {
			return i, true
		}
	}
	for i < len(data) && i < end+maxSuffix && data[i] != '\n' && isGap(data[i]) {
		i++
	}
	if i >= len(data) || data[i] != '\n' {
		return 0, false
	}
	i++
	if before := prefixOf(data, start); len(before) > 0 && len(data)-i >= len(before) && sameGap(before, data[i:i+len(before)]) {
		if i += len(before); i < len(data) && classOf[data[i]]&classBase64 != 0 {
			return i, true
		}
		return 0, false
	}
	return behindPrefix(data, i, end-start)
}

// prefixOf returns what stands before a run on its line, as far as it may belong to a wrapped run.
func prefixOf(data []byte, start int) []byte {
	i := start
	for i > 0 && start-i <= maxPrefix && (isGap(data[i-1]) || classOf[data[i-1]]&classBase64 != 0) {
		i--
	}
	if start-i > maxPrefix {
		return nil
	}
	return data[i:start]
}

// behindPrefix returns where, on the line at i, a run of the given width begins; without one, where the first run does.
func behindPrefix(data []byte, i, width int) (int, bool) {
	shorter := -1
	for j := i; j < len(data) && j < i+maxPrefix; {
		if classOf[data[j]]&classBase64 == 0 {
			if !isGap(data[j]) {
				break
			}
			j++
			continue
		}
		k, word := j, false
		for k < len(data) && k-j <= width && classOf[data[k]]&classBase64 != 0 {
			word = word || !isGap(data[k]) && data[k] != '-' && data[k] != '/'
			k++
		}
		switch n := k - j; {
		case n == width:
			return j, true
		case word && shorter < 0 && n < width:
			shorter = j
		}
		if k-j >= minWord {
			break
		}
		j = k
	}
	return shorter, shorter >= 0
}

// isGap reports whether a byte may stand between two lines of a wrapped run, apart from the line feed and short words.
func isGap(c byte) bool { return classOf[c]&classGap != 0 }

// joinsBase64 reports whether a run of base64 may go on behind the byte at i: a line feed behind such a run.
func joinsBase64(data []byte, i int) bool {
	if data[i] != '\n' {
		return false
	}
	full := 0 // base64 characters in a row
	for k := i - 1; k >= max(0, i-wrapReach); k-- {
		switch {
		case classOf[data[k]]&classBase64 != 0:
			if full++; full == minBase64 {
				return true
			}
		case !isGap(data[k]):
			return false
		default:
			full = 0
		}
	}
	return false
}

// wrapped yields a run in several lines: what the lines mean together and, where they may be runs of their own, each for itself.
func (d *decoder) wrapped(data []byte, w wrappedRun, yield func(region)) {
	unit := (w.width + w.gap) * 4 / gcd(w.width, 4)
	d.chunks(w.start, w.end, unit, func(from, to int, again bool) {
		text := appendBase64(d.scratch(to-from), d.join(data, w, from, to))
		if shown(text) {
			yield(region{decoder: decoderBase64, start: w.start, end: w.end, text: text, again: again})
		}
	})
	if w.width%4 == 0 && w.lines > 1 {
		return // each line means the same by itself
	}
	for at := w.start; at < w.end; at += w.width + w.gap {
		if end := min(at+w.width, w.end); end-at >= minBase64 {
			d.shifts(data, at, end, func(r region) { r.part = true; yield(r) })
		}
	}
}

// join returns the lines of a wrapped run from one offset, which is the start of a line, to another, without what stands between. It is
// valid until the next call.
func (d *decoder) join(data []byte, w wrappedRun, from, to int) []byte {
	d.joined = d.joined[:0]
	for at := from; at < to; at += w.width + w.gap {
		d.joined = append(d.joined, data[at:min(at+w.width, to)]...)
	}
	return d.joined
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
