package detectors

import (
	"bytes"
	"math"
	"slices"
	"unicode/utf8"
)

// Names of the decoders, as they stand in Match.Decoded.
const (
	decoderBase64  = "base64"
	decoderHex     = "hex"
	decoderPercent = "percent"
	decoderEscape  = "escape"
	decoderUTF16   = "utf-16"
	decoderUTF32   = "utf-32"
	decoderEntity  = "html"
	decoderQuoted  = "quoted-printable"
)

// A region is an encoded run of the data together with what it decodes to.
type region struct {
	decoder    string
	start, end int    // the whole run in the data, also where text is only a chunk of it
	text       []byte // valid during yield only
	// lines is, for UTF-16 and UTF-32, the number of line feeds of the data before start: a match at line n of text stands in
	// line lines+n. Lines of text mean nothing in the data for other decoders.
	lines int
	// again: text may repeat what another region of the same decoder and start gave, because it is one of several
	// overlapping chunks, or the run read from another character on. A secret seen twice is one.
	again bool
	// part: the text may be a part of what the run is, one of several lines.
	part bool
}

const (
	// minShown is the least number of printable characters in a row that makes decoded bytes worth a look: no rule
	// matches fewer.
	minShown = 8
	// alwaysShown is the size above which decoded bytes are passed on whatever they are: key stores are binary.
	alwaysShown = 512
	// overlap is what chunks of a run have in common, in bytes of the run: twice the largest key block, as base64.
	overlap = 2 * maxArmor
)

// A decoder finds encoded runs. It holds scratch buffers, one a level of recursion, so regions may be called again
// from within yield; it is not safe for concurrent use.
type decoder struct {
	maxRun int
	depth  int
	levels [][]byte
	lines  [][]interval
	joined []byte
}

// newDecoder returns a decoder that decodes at most maxRun bytes of a run at a time; longer runs are decoded in overlapping
// chunks.
func newDecoder(maxRun int) *decoder { return &decoder{maxRun: max(maxRun, 64)} }

// A finder looks for encoded runs of some kinds.
type finder struct {
	find func(d *decoder, data []byte, yield func(region))
	// divides marks the bytes that no run holds, so that what stands on one side of one does not matter for the runs on the other: line
	// feeds and others. It is nil where all of the text may matter; then nothing is found in text without NUL and byte order mark.
	divides *[256]bool
	// joins, if not nil, reports whether a run may go on over a byte that divides, at i. It looks at no more than reach bytes on each side.
	joins func(data []byte, i int) bool
	reach int
}

// finders are all finders; regions are yielded in their order. The list is not changed.
var finders = [...]finder{
	{find: (*decoder).utf16},
	{find: (*decoder).utf32},
	{find: (*decoder).base64AndHex, divides: bytesFor(func(c byte) bool { return classOf[c]&(classBase64|classGap) == 0 }), joins: joinsBase64, reach: wrapReach},
	{find: (*decoder).percent, divides: bytesFor(func(c byte) bool { return classOf[c]&classURL == 0 })},
	{find: (*decoder).escapes, divides: bytesFor(func(c byte) bool { return c < ' ' && c != '\t' })},
	{find: (*decoder).entities, divides: bytesFor(dividesEntities), joins: joinsEntities, reach: entityReach},
	{find: (*decoder).quoted, divides: bytesFor(dividesQuoted), joins: joinsQuoted, reach: 3},
}

// bytesFor returns the table of a predicate.
func bytesFor(holds func(byte) bool) *[256]bool {
	var t [256]bool
	for c := range t {
		t[c] = holds(byte(c))
	}
	return &t
}

// regions calls yield for the encoded runs of data, finder by finder, each in order of start. Time is linear in data.
func (d *decoder) regions(data []byte, yield func(region)) {
	d.each(data, []interval{{0, len(data)}}, false, func(_ int, _ *component, r region) { yield(r) })
}

// each is regions for those runs that have a byte in one of the zones, which ascend and are disjoint, and perhaps some more. Plain says that
// the text has neither NUL nor byte order mark. Kind is the index of the finder.
func (d *decoder) each(data []byte, zones []interval, plain bool, yield func(kind int, c *component, r region)) {
	d.depth++
	defer func() { d.depth-- }()
	var from int // of the zone in data
	var c component
	var kind int
	shifted := func(r region) {
		r.start, r.end = r.start+from, r.end+from
		yield(kind, &c, r)
	}
	lines := d.wholeLines(data, zones)
	for k := range finders {
		f := &finders[k]
		if f.divides == nil && plain {
			continue
		}
		kind, c = k, component{finder: f}
		list := lines
		if f.divides == nil {
			list = zones
		}
		at := 0
		for _, z := range list {
			if z.hi <= at {
				continue
			}
			z = f.joined(data, interval{max(z.lo, at), z.hi}, at)
			from, at = z.lo, z.hi
			f.find(d, data[z.lo:z.hi], shifted)
		}
	}
}

// wholeLines returns the lines of which the zones hold a byte, without the last line feed: ascending and disjoint. No run goes on over a
// line feed that it does not join. The list is valid until the next call at this level of recursion.
func (d *decoder) wholeLines(data []byte, zones []interval) []interval {
	for len(d.lines) <= d.depth {
		d.lines = append(d.lines, nil)
	}
	out := d.lines[d.depth][:0]
	for _, z := range zones {
		lo, hi := lineStart(data, z.lo), lineEnd(data, z.hi)
		if n := len(out); n > 0 && lo <= out[n-1].hi {
			out[n-1].hi = max(out[n-1].hi, hi)
		} else {
			out = append(out, interval{lo, hi})
		}
	}
	d.lines[d.depth] = out
	return out
}

// lineStart returns the offset behind the last line feed before at.
func lineStart(data []byte, at int) int { return bytes.LastIndexByte(data[:at], '\n') + 1 }

// lineEnd returns the offset of the first line feed at or behind at, or the length of data.
func lineEnd(data []byte, at int) int {
	if n := bytes.IndexByte(data[at:], '\n'); n >= 0 {
		return at + n
	}
	return len(data)
}

// joined returns the lines z with those that runs may go on from, or into; lo does not go below least.
func (f *finder) joined(data []byte, z interval, least int) interval {
	if f.joins == nil {
		return z
	}
	for z.lo > least && f.joins(data, z.lo-1) {
		z.lo = max(lineStart(data, z.lo-1), least)
	}
	for z.hi < len(data) && f.joins(data, z.hi) {
		z.hi = lineEnd(data, z.hi+1)
	}
	return z
}

// regionMargin is more than how far beside an encoded run the bytes may stand that decide where it begins and ends.
const regionMargin = 48

// A component is the text between two bytes that divide, and remembers the last one.
type component struct {
	*finder
	interval
}

// widen returns the zone with all components of which it holds a byte; lo does not go below least.
func (c *component) widen(data []byte, z interval, least int) interval {
	divides := c.divides
	lo, hi := z.lo, z.hi
	for lo > least && (!divides[data[lo-1]] || c.joins != nil && c.joins(data, lo-1)) {
		lo--
	}
	for hi < len(data) && (!divides[data[hi]] || c.joins != nil && c.joins(data, hi)) {
		hi++
	}
	return interval{lo, hi}
}

// examined returns the bytes that decide what a run decodes to and what is found in it: its component, with the bytes that divide it from
// others, and what stands before the run.
func (c *component) examined(data []byte, start, end int) (lo, hi int) {
	if c.divides == nil {
		return math.MinInt32, math.MaxInt32
	}
	if start < c.lo || end > c.hi {
		c.interval = c.widen(data, interval{start, end}, 0)
	}
	return min(start-nearReach, c.lo-1-c.reach), max(end+regionMargin, c.hi+1+c.reach)
}

// A decoded is what was found in a region.
type decoded struct {
	kind       int // index of the finder
	start, end int
	lo, hi     int        // what decides it
	found      []*finding // with offsets into the text that holds the region; not to be changed
	problems   []string
}

// moved returns what an earlier version's region holds at its place in the text.
func (d *decoded) moved(shift int) decoded {
	m := *d
	m.start, m.end, m.lo, m.hi = d.start-shift, d.end-shift, d.lo-shift, d.hi-shift
	m.found = make([]*finding, len(d.found))
	for i, f := range d.found {
		g := *f
		g.Start, g.End, g.lo, g.hi = f.Start-shift, f.End-shift, f.lo-shift, f.hi-shift
		g.Parts = slices.Clone(f.Parts)
		for k := range g.Parts {
			g.Parts[k].Start, g.Parts[k].End = g.Parts[k].Start-shift, g.Parts[k].End-shift
		}
		m.found[i] = &g
	}
	return m
}

// isWide reports whether a decoder's characters take several bytes each, so that lines are counted in what it decodes to.
func isWide(decoder string) bool { return decoder == decoderUTF16 || decoder == decoderUTF32 }

// scratch returns an empty buffer of this level of recursion with room for n bytes.
func (d *decoder) scratch(n int) []byte {
	for len(d.levels) <= d.depth {
		d.levels = append(d.levels, nil)
	}
	if cap(d.levels[d.depth]) < n {
		d.levels[d.depth] = make([]byte, 0, n+n/4)
	}
	return d.levels[d.depth][:0]
}

// chunks calls f with the bounds of pieces of [start, end) that overlap. They begin at a multiple of unit from start and are
// about maxRun long.
func (d *decoder) chunks(start, end, unit int, f func(from, to int, again bool)) {
	size := d.chunkSize(unit)
	for from := start; ; from += d.chunkStep(unit) {
		if end-from <= size {
			f(from, end, from > start)
			return
		}
		f(from, from+size, from > start)
	}
}

func (d *decoder) chunkSize(unit int) int { return max(d.maxRun/unit, 2) * unit }

// chunkStep returns the distance between the starts of two chunks.
func (d *decoder) chunkStep(unit int) int {
	size := d.chunkSize(unit)
	return size - min(overlap, size/2)/unit*unit
}

// shown reports whether decoded bytes may hold anything that a rule finds: enough printable characters in a row, or, as UTF-16
// or a key store, something else.
func shown(b []byte) bool {
	if len(b) >= alwaysShown {
		return true
	}
	for last := minShown - 1; last < len(b); {
		// The characters up to last, from the back: the first that is not printable begins the next row.
		i := last
		for i > last-minShown && classOf[b[i]]&classText != 0 {
			i--
		}
		if i == last-minShown {
			return true
		}
		last = i + minShown
	}
	return bytes.Count(b, []byte{0}) >= minShown
}

// isVaried reports whether b holds as many kinds of printable ASCII characters as a secret has at least. What chance makes of a
// long run of few characters does not: "33" is the hex of "3", and noise read as UTF-16 is not ASCII.
func isVaried(b []byte) bool {
	var seen [256]bool
	n := 0
	for _, c := range b {
		if classOf[c]&classText != 0 && !seen[c] {
			seen[c] = true
			n++
		}
	}
	return n >= minShown
}

// isText reports whether b is UTF-8 without control characters other than white space.
func isText(b []byte) bool {
	if !utf8.Valid(b) {
		return false
	}
	for _, c := range b {
		if c < 0x80 && classOf[c]&(classText|classSpace) == 0 {
			return false
		}
	}
	return true
}
