package detectors

import (
	"bytes"
	"cmp"
	"slices"
	"unicode/utf8"
)

// A place is where a line and a column are to be written for an offset.
type place struct {
	offset       int
	line, column *int
}

// locate fills in all places. It passes over data once, whatever the number of places.
func locate(data []byte, places []place) {
	slices.SortFunc(places, func(a, b place) int { return cmp.Compare(a.offset, b.offset) })
	c := cursor{data: data, line: 1, column: 1}
	for _, p := range places {
		line, column := c.at(p.offset)
		*p.line = line
		if p.column != nil {
			*p.column = column
		}
	}
}

// A cursor moves forward over data and counts lines and code points, both from 1. Bytes that are not UTF-8 count one each.
type cursor struct {
	data         []byte
	offset       int
	line, column int
}

// at returns the position of an offset, which must not be less than that of an earlier call.
func (c *cursor) at(offset int) (line, column int) {
	// The state is kept at the start of a code point, so that counting in pieces gives the sum.
	stop := offset
	for i := 0; i < utf8.UTFMax-1 && stop > c.offset && stop < len(c.data) && !utf8.RuneStart(c.data[stop]); i++ {
		stop--
	}
	if stop < offset && c.data[stop] < utf8.RuneSelf || stop < len(c.data) && !utf8.RuneStart(c.data[stop]) {
		stop = offset // no code point reaches from there to the offset
	}
	if stop > c.offset {
		passed := c.data[c.offset:stop]
		if last := bytes.LastIndexByte(passed, '\n'); last >= 0 {
			c.line += bytes.Count(passed, []byte{'\n'})
			c.column = 1
			passed = passed[last+1:]
		}
		c.column += utf8.RuneCount(passed)
		c.offset = stop
	}
	return c.line, c.column + utf8.RuneCount(c.data[c.offset:offset])
}
