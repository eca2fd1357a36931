package detectors

import "unicode/utf8"

// Names of the decoders, as they stand in Match.Decoded.
const (
	decoderBase64  = "base64"
	decoderHex     = "hex"
	decoderPercent = "percent"
	decoderEscape  = "escape"
	decoderUTF16   = "utf-16"
)

// A region is an encoded run of the data together with what it decodes to.
type region struct {
	decoder    string
	start, end int    // the whole run in the data, also where text is only a chunk of it
	text       []byte // valid during yield only
	// lines is, for UTF-16, the number of line feeds of the data before start: a match at line n of text stands in
	// line lines+n. Lines of text mean nothing in the data for other decoders.
	lines int
	// again: text may repeat what another region of the same decoder and start gave, because it is one of several
	// overlapping chunks, or the run read from another character on. A secret seen twice is one.
	again bool
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
}

// newDecoder returns a decoder that decodes at most maxRun bytes of a run at a time; longer runs are decoded in overlapping
// chunks.
func newDecoder(maxRun int) *decoder { return &decoder{maxRun: max(maxRun, 64)} }

// regions calls yield for the encoded runs of data: first UTF-16, then base64 and hex, percent, escapes; each of the four
// in order of start. Time is linear in data. It returns what was not decoded because of a limit.
func (d *decoder) regions(data []byte, binary bool, yield func(region)) []Problem {
	d.depth++
	defer func() { d.depth-- }()
	d.utf16(data, yield)
	d.base64AndHex(data, yield)
	d.percent(data, yield)
	d.escapes(data, yield)
	return nil
}

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
	run, nuls := 0, 0
	for _, c := range b {
		if classOf[c]&classText != 0 {
			if run++; run >= minShown {
				return true
			}
			continue
		}
		run = 0
		if c == 0 {
			nuls++
		}
	}
	return nuls >= minShown
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
