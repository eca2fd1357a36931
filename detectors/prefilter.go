package detectors

import (
	"encoding/binary"
	"math/bits"

	"mudlark/rules"
)

// A prefilter finds anchors. Its cost does not grow with their number, as long as their windows stay rare: the four bytes at every even
// offset, letters without case, are looked up in a bitmap that fits the second-level cache; what passes is looked up in an exact table, and
// what passes that is compared with the core of the anchor.
type prefilter struct {
	bitmap  [bitmapWords]uint64
	keys    []uint32 // open addressing; 0 is no folded gram and marks a free slot
	shift   uint     // of a hash to an index of keys
	first   []int32  // by slot: index in entries
	entries []entry
	marks   []mark // by anchor
	sets    []rules.ByteSet
	lead    int // most bytes of an anchor before its core
}

// An entry is an anchor of which a window may be a gram. The entries of a gram are a list.
type entry struct {
	anchor int32
	next   int32 // index in entries; -1 at the end
	window int32 // where it begins in the anchor
}

const (
	bitmapBits  = 22
	bitmapWords = 1 << (bitmapBits - 6)
	wordShift   = 32 - bitmapBits + 6
	bitShift    = 32 - bitmapBits
	foldMask    = 0x20202020_20202020
	gramFactor  = 0x9E3779B1 // 2^32 / golden ratio: multiplicative hashing
	slotFactor  = 0x85EBCA77 // another, so that what collides in the bitmap does not in the table
)

// newPrefilter returns a prefilter for the anchors of a table, which must not change from then on.
func newPrefilter(t *anchorTable) *prefilter {
	p := &prefilter{marks: t.list, sets: t.sets}
	folded := make([][]byte, len(t.sets)+1)
	for i, s := range t.sets {
		folded[i] = foldedBytes(s)
	}
	any := int32(len(t.sets))
	folded[any] = foldedBytes(anyByte())
	total := 0
	for i := range t.list {
		p.lead = max(p.lead, t.list[i].core.from)
		for _, w := range t.list[i].windows.both() {
			total += t.list[i].grams(w, folded, any).count()
		}
	}
	size := bits.Len(uint(2*total + 1))
	p.shift = uint(32 - size)
	p.keys, p.first, p.entries = make([]uint32, 1<<size), make([]int32, 1<<size), make([]entry, 0, total)
	for i := len(t.list) - 1; i >= 0; i-- { // what comes last stands first in the lists
		for _, w := range t.list[i].windows.both() {
			t.list[i].grams(w, folded, any).each(func(g uint32) { p.add(g, entry{anchor: int32(i), window: int32(w)}) })
		}
	}
	return p
}

// add puts an entry in front of the list of g.
func (p *prefilter) add(g uint32, e entry) {
	h := g * gramFactor
	p.bitmap[h>>wordShift] |= 1 << (h >> bitShift & 63)
	at := p.slot(g)
	e.next = -1
	if p.keys[at] != 0 {
		e.next = p.first[at]
	}
	p.keys[at], p.first[at] = g, int32(len(p.entries))
	p.entries = append(p.entries, e)
}

// slot returns the index of g in the table, or of the empty slot where it belongs.
func (p *prefilter) slot(g uint32) int {
	mask := len(p.keys) - 1
	at := int(g * slotFactor >> p.shift)
	for p.keys[at] != 0 && p.keys[at] != g {
		at = (at + 1) & mask
	}
	return at
}

// grams are the folded bytes that may stand at each place of a window.
type grams [windowSize][]byte

// grams returns those of the mark's window at w. folded are the folded bytes of each set, any is the number of the set of all bytes, which
// may stand beside the anchor.
func (m *mark) grams(w int, folded [][]byte, any int32) grams {
	var g grams
	for k := range g {
		set := any
		if w+k >= 0 && w+k < len(m.sets) {
			set = m.sets[w+k]
		}
		g[k] = folded[set]
	}
	return g
}

// foldedBytes returns the folded bytes of a set, ascending.
func foldedBytes(s rules.ByteSet) []byte {
	var list []byte
	for i, word := range foldSet(s) {
		for ; word != 0; word &= word - 1 {
			list = append(list, byte(i<<6|bits.TrailingZeros64(word)))
		}
	}
	return list
}

// count returns how many grams there are.
func (g grams) count() int { return len(g[0]) * len(g[1]) * len(g[2]) * len(g[3]) }

// each calls f once for each of them.
func (g grams) each(f func(uint32)) {
	for _, a := range g[0] {
		for _, b := range g[1] {
			for _, c := range g[2] {
				for _, d := range g[3] {
					f(uint32(a) | uint32(b)<<8 | uint32(c)<<16 | uint32(d)<<24)
				}
			}
		}
	}
}

// scan calls hit for every place where the core of an anchor stands in data, with the offset of the anchor's first set, which may be less
// than 0. They come in no order.
func (p *prefilter) scan(data []byte, hit func(anchor, at int)) {
	p.windows(data, 0, len(data), hit)
}

// windows is scan for anchors whose window, the one that begins at an even offset, begins at from or behind it, but before to.
func (p *prefilter) windows(data []byte, from, to int, hit func(anchor, at int)) {
	if len(p.marks) == 0 {
		return
	}
	bitmap := &p.bitmap
	i := (from + 1) &^ 1
	for ; i < to && i+10 <= len(data); i += 8 {
		v := binary.LittleEndian.Uint64(data[i:]) | foldMask
		last := binary.LittleEndian.Uint32(data[i+6:]) | foldMask&0xffffffff
		h0 := uint32(v) * gramFactor
		h1 := uint32(v>>16) * gramFactor
		h2 := uint32(v>>32) * gramFactor
		h3 := last * gramFactor
		b0 := bitmap[h0>>wordShift] >> (h0 >> bitShift & 63)
		b1 := bitmap[h1>>wordShift] >> (h1 >> bitShift & 63)
		b2 := bitmap[h2>>wordShift] >> (h2 >> bitShift & 63)
		b3 := bitmap[h3>>wordShift] >> (h3 >> bitShift & 63)
		if (b0|b1|b2|b3)&1 == 0 {
			continue
		}
		if b0&1 != 0 {
			p.confirm(data, i, uint32(v), hit)
		}
		if b1&1 != 0 && i+2 < to {
			p.confirm(data, i+2, uint32(v>>16), hit)
		}
		if b2&1 != 0 && i+4 < to {
			p.confirm(data, i+4, uint32(v>>32), hit)
		}
		if b3&1 != 0 && i+6 < to {
			p.confirm(data, i+6, last, hit)
		}
	}
	// The last windows, padded: an anchor shorter than its window takes any byte behind it.
	if i >= to {
		return
	}
	var tail [16]byte
	n := copy(tail[:], data[i:])
	for k := 0; k < min(n, to-i); k += 2 {
		p.confirm(data, i+k, binary.LittleEndian.Uint32(tail[k:])|foldMask&0xffffffff, hit)
	}
}

// confirm calls hit for the anchors of which a window stands at offset at; g is the folded gram there.
func (p *prefilter) confirm(data []byte, at int, g uint32, hit func(anchor, at int)) {
	s := p.slot(g)
	if p.keys[s] == 0 {
		return
	}
	for i := p.first[s]; i >= 0; i = p.entries[i].next {
		e := &p.entries[i]
		m := &p.marks[e.anchor]
		begin := at - int(e.window)
		if p.setsStandAt(m.sets[m.core.from:m.core.to], data, begin+m.core.from) {
			hit(int(e.anchor), begin)
		}
	}
}

// standsAt reports whether all sets of the anchor hold at offset at.
func (p *prefilter) standsAt(anchor int32, data []byte, at int) bool {
	return p.setsStandAt(p.marks[anchor].sets, data, at)
}

// setsStandAt reports whether the sets, by number, hold at offset at.
func (p *prefilter) setsStandAt(sets []int32, data []byte, at int) bool {
	if at < 0 || at+len(sets) > len(data) {
		return false
	}
	for k, c := range data[at : at+len(sets)] {
		if !p.sets[sets[k]].Has(c) {
			return false
		}
	}
	return true
}
