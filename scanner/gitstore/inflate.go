package gitstore

import (
	"encoding/binary"
	"hash/adler32"
	"math/bits"
)

// flatDecoder inflates zlib streams (RFC 1950, RFC 1951) from memory into memory. Entries of packs are small and their sizes
// are declared, so there is no window to keep, nothing to suspend, and input and output are plain slices. It says only whether
// a stream is in order and makes exactly what was declared; for what is wrong with one that is not, ask an inflater.
//
// Bits are taken from a 64-bit buffer that is filled by words, and codewords are looked up in tables of up to litBits and
// distBits bits, with second tables for longer ones. A table is built by doubling it: all codewords of n bits are entered, then
// the table is copied behind itself. Both are as in E. Biggers, libdeflate.
type flatDecoder struct {
	litBits, distBits uint // of the tables in use
	lit               [litTableSize]uint32
	dist              [distTableSize]uint32
	code              [codeTableSize]uint32
	lens              [maxLitCodes + maxDistCodes]uint8
	sorted            [maxLitCodes]uint16

	fixed *fixedTables
}

// fixedTables are the tables of blocks with fixed codes (RFC 1951, 3.2.6).
type fixedTables struct {
	lit  [litTableSize]uint32
	dist [distTableSize]uint32
}

const (
	maxLitCodes  = 288
	maxDistCodes = 32
	maxCodes     = 19
	maxCodeBits  = 15

	mostLitBits  = 10
	mostDistBits = 8
	mostCodeBits = 7
	// What tables may grow to, second tables included, is at most 1,334 and 402 (zlib, examples/enough.c); build checks it.
	litTableSize  = 1344
	distTableSize = 416
	codeTableSize = 1 << mostCodeBits
)

// An entry of a table:
//
//	bits 0-4    how many bits the codeword takes
//	bits 8-12   how many extra bits follow
//	bits 16-31  literal: its byte; length, distance: the least one; second table: where it begins
//
// and one of the following. An entry of 0 stands for a codeword without meaning.
const (
	entryLiteral = 1 << 5
	entryEnd     = 1 << 6
	entrySecond  = 1 << 7 // the extra bits are the index in the second table
	entryCopy    = 1 << 13
)

// litEntries and distEntries are what the symbols of the two alphabets mean, without the bits of their codewords (RFC 1951,
// 3.2.5).
var (
	litEntries  = makeLitEntries()
	distEntries = makeDistEntries()
	codeEntries = makeCodeEntries()
)

func makeLitEntries() (e [maxLitCodes]uint32) {
	for i := range 256 {
		e[i] = uint32(i)<<16 | entryLiteral
	}
	e[256] = entryEnd
	length := uint32(3)
	for i := 257; i < 285; i++ {
		extra := uint32(max(i-261, 0) / 4)
		e[i] = length<<16 | extra<<8 | entryCopy
		length += 1 << extra
	}
	e[285] = 258<<16 | entryCopy
	return e // 286 and 287 mean nothing
}

func makeDistEntries() (e [maxDistCodes]uint32) {
	distance := uint32(1)
	for i := range 30 {
		extra := uint32(max(i-2, 0) / 2)
		e[i] = distance<<16 | extra<<8 | entryCopy
		distance += 1 << extra
	}
	return e // 30 and 31 mean nothing
}

func makeCodeEntries() (e [maxCodes]uint32) {
	for i := range e {
		e[i] = uint32(i)<<16 | entryCopy
	}
	return e
}

// build makes the table of a code: the symbols' codewords have the given lengths, and meaning says what they stand for. It
// returns the bits of the first table, or false if the lengths do not describe a complete code.
func (d *flatDecoder) build(table []uint32, most uint, lens []uint8, meaning []uint32) (uint, bool) {
	var count [maxCodeBits + 1]int
	for _, n := range lens {
		count[n]++
	}
	longest := uint(maxCodeBits)
	for longest > 1 && count[longest] == 0 {
		longest--
	}
	bits1 := min(most, longest)
	var next [maxCodeBits + 2]int
	next[1] = count[0]
	used := 0
	for n := uint(1); n <= longest; n++ {
		next[n+1] = next[n] + count[n]
		used = used<<1 + count[n]
	}
	if used != 1<<longest {
		return 0, false
	}
	for sym, n := range lens {
		d.sorted[next[n]] = uint16(sym)
		next[n]++
	}
	f := tableFiller{table: table, bits: bits1, count: &count, symbols: d.sorted[count[0]:], meaning: meaning}
	return bits1, f.first() || f.second()
}

// tableFiller enters the codewords of a complete code into a table, in the order of their lengths.
type tableFiller struct {
	table   []uint32
	bits    uint
	count   *[maxCodeBits + 1]int
	symbols []uint16 // in the order of their codewords
	meaning []uint32

	word uint // the next codeword, its first bit lowest
	len  uint // its length
	left int  // codewords of this length, this one included
}

// entry returns what the next codeword means and goes to the one after it. word has n bits.
func (f *tableFiller) entry(n uint) uint32 {
	m := f.meaning[f.symbols[0]]
	f.symbols = f.symbols[1:]
	if m == 0 {
		return 0
	}
	return m | uint32(n)
}

// advance goes to the next codeword of a length of f.len, which is not the last one.
func (f *tableFiller) advance() {
	// The codeword is counted up from its first bit on, which is the lowest: the highest 0 becomes 1, what is above it 0.
	bit := uint(1) << (bits.Len(f.word^(1<<f.len-1)) - 1)
	f.word = f.word&(bit-1) | bit
	f.left--
}

// first fills the first table. It returns true if no codeword is longer.
func (f *tableFiller) first() bool {
	end := 1
	for f.len = 1; f.len <= f.bits; f.len++ {
		copy(f.table[end:2*end], f.table[:end])
		end *= 2
		for f.left = f.count[f.len]; f.left > 0; {
			last := f.word == uint(end-1)
			f.table[f.word] = f.entry(f.len)
			if last {
				for ; end < 1<<f.bits; end *= 2 {
					copy(f.table[end:2*end], f.table[:end])
				}
				return true
			}
			f.advance()
		}
	}
	return false
}

// second fills the second tables. It returns false if they do not fit.
func (f *tableFiller) second() bool {
	end := uint(1) << f.bits
	prefix, start := end, uint(0)
	f.left = f.count[f.len]
	for {
		for f.left == 0 {
			f.len++
			f.left = f.count[f.len]
		}
		if p := f.word & (1<<f.bits - 1); p != prefix {
			prefix, start = p, end
			// The table takes as many bits as the longest codeword needs that shares the prefix.
			n := f.len - f.bits
			for used := f.left; used < 1<<n; {
				n++
				used = used<<1 + f.count[f.bits+n]
			}
			end = start + 1<<n
			if end > uint(len(f.table)) {
				return false
			}
			f.table[prefix] = uint32(start)<<16 | uint32(n)<<8 | entrySecond | uint32(f.bits)
		}
		last := f.word == 1<<f.len-1
		word, n := f.word>>f.bits, f.len-f.bits
		e := f.entry(n)
		for i := start + word; i < end; i += 1 << n {
			f.table[i] = e
		}
		if last {
			return true
		}
		f.advance()
	}
}

// fixedCodes returns the tables of the fixed codes.
func (d *flatDecoder) fixedCodes() *fixedTables {
	if d.fixed == nil {
		lens := d.lens[:maxLitCodes]
		for i := range lens {
			switch {
			case i < 144, i >= 280:
				lens[i] = 8
			case i < 256:
				lens[i] = 9
			default:
				lens[i] = 7
			}
		}
		d.fixed = &fixedTables{}
		d.build(d.fixed.lit[:], mostLitBits, lens, litEntries[:])
		lens = d.lens[:maxDistCodes]
		for i := range lens {
			lens[i] = 5
		}
		d.build(d.fixed.dist[:], mostDistBits, lens, distEntries[:])
	}
	return d.fixed
}

const (
	fixedLitBits  = 9
	fixedDistBits = 5
)

// bitSource is where bits come from, the lowest of a byte first.
type bitSource struct {
	src []byte
	pos int
	buf uint64
	n   uint // bits in buf; those above are not zero but what follows
}

// fill makes sure that there are at least 56 bits, behind the end of the source zeros.
func (s *bitSource) fill() {
	if s.pos+8 <= len(s.src) {
		s.buf |= binary.LittleEndian.Uint64(s.src[s.pos:]) << (s.n & 63)
		s.pos += int(63-s.n) >> 3
		s.n |= 56
		return
	}
	for s.n < 56 {
		if s.pos < len(s.src) {
			s.buf |= uint64(s.src[s.pos]) << (s.n & 63)
		}
		s.pos++
		s.n += 8
	}
}

// take returns n bits, which are there.
func (s *bitSource) take(n uint) uint {
	v := uint(s.buf & (1<<n - 1))
	s.buf >>= n & 63
	s.n -= n
	return v
}

// overrun reports whether bits were taken that the source does not have.
func (s *bitSource) overrun() bool { return s.pos-int(s.n/8) > len(s.src) }

// zlib inflates the zlib stream that src begins with, which has to make exactly dst.
func (d *flatDecoder) zlib(dst, src []byte) bool {
	// RFC 1950, 2.2: deflate, a window of at most 32 KiB, no dictionary.
	if len(src) < 2 || src[0]&15 != 8 || src[0]>>4 > 7 || src[1]&32 != 0 || (uint(src[0])<<8|uint(src[1]))%31 != 0 {
		return false
	}
	s := bitSource{src: src[2:]}
	at := 0
	for last := false; !last; {
		s.fill()
		last = s.take(1) == 1
		ok := false
		switch s.take(2) {
		case 0:
			at, ok = s.stored(dst, at)
		case 1:
			f := d.fixedCodes()
			at, ok = decodeBlock(dst, at, &s, &f.lit, &f.dist, fixedLitBits, fixedDistBits)
		case 2:
			if d.dynamic(&s) {
				at, ok = decodeBlock(dst, at, &s, &d.lit, &d.dist, d.litBits, d.distBits)
			}
		}
		if !ok || s.overrun() {
			return false
		}
	}
	end := s.pos - int(s.n/8)
	return at == len(dst) && len(s.src)-end >= 4 && binary.BigEndian.Uint32(s.src[end:]) == adler32.Checksum(dst)
}

// stored copies a block that is not compressed (RFC 1951, 3.2.4).
func (s *bitSource) stored(dst []byte, at int) (int, bool) {
	from := s.pos - int(s.n/8)
	s.buf, s.n = 0, 0
	if from < 0 || from+4 > len(s.src) {
		return at, false
	}
	n := int(binary.LittleEndian.Uint16(s.src[from:]))
	check := int(binary.LittleEndian.Uint16(s.src[from+2:]))
	from += 4
	if n != check^0xffff || n > len(s.src)-from || n > len(dst)-at {
		return at, false
	}
	copy(dst[at:], s.src[from:from+n])
	s.pos = from + n
	return at + n, true
}

// codeOrder is the order in which the lengths of the code for lengths stand (RFC 1951, 3.2.7).
var codeOrder = [maxCodes]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// dynamic reads the codes of a block and builds their tables (RFC 1951, 3.2.7).
func (d *flatDecoder) dynamic(s *bitSource) bool {
	s.fill()
	nlit, ndist, ncode := int(s.take(5))+257, int(s.take(5))+1, int(s.take(4))+4
	var codeLens [maxCodes]uint8
	for i := range ncode {
		if i%8 == 0 {
			s.fill()
		}
		codeLens[codeOrder[i]] = uint8(s.take(3))
	}
	codeBits, ok := d.build(d.code[:], mostCodeBits, codeLens[:], codeEntries[:])
	if !ok {
		return false
	}
	lens := d.lens[:nlit+ndist]
	for i := 0; i < len(lens); {
		s.fill()
		e := d.code[s.buf&(1<<codeBits-1)]
		s.take(uint(e & 31))
		n, value := 1, uint8(0)
		switch sym := e >> 16; sym {
		case 16:
			if i == 0 {
				return false
			}
			n, value = int(s.take(2))+3, lens[i-1]
		case 17:
			n = int(s.take(3)) + 3
		case 18:
			n = int(s.take(7)) + 11
		default:
			value = uint8(sym)
		}
		if n > len(lens)-i {
			return false
		}
		for range n {
			lens[i] = value
			i++
		}
	}
	if nlit > 286 || ndist > 30 {
		return false
	}
	if d.litBits, ok = d.build(d.lit[:], mostLitBits, lens[:nlit], litEntries[:]); !ok {
		return false
	}
	return d.distances(lens[nlit:])
}

// distances builds the table of distances. Their code may be incomplete if it has one codeword or none.
func (d *flatDecoder) distances(lens []uint8) bool {
	used, only := 0, 0
	for sym, n := range lens {
		if n != 0 {
			used, only = used+1, sym
		}
	}
	ok := true
	switch {
	case used == 0:
		d.distBits, d.dist[0], d.dist[1] = 1, 0, 0
	case used == 1 && lens[only] == 1:
		d.distBits, d.dist[0], d.dist[1] = 1, distEntries[only]|1, 0
	default:
		d.distBits, ok = d.build(d.dist[:], mostDistBits, lens, distEntries[:])
	}
	return ok
}

// mostDistance is the most bits that a distance takes: a codeword and extra bits.
const mostDistance = maxCodeBits + 13

// decodeBlock decodes the rest of a block into dst from at on and returns where it ends.
func decodeBlock(dst []byte, at int, s *bitSource, lit *[litTableSize]uint32, dist *[distTableSize]uint32, litBits, distBits uint) (int, bool) {
	src, pos, buf, n := s.src, s.pos, s.buf, s.n
	litMask, distMask := uint64(1)<<litBits-1, uint64(1)<<distBits-1
	for {
		// As in fill.
		if pos+8 <= len(src) {
			buf |= binary.LittleEndian.Uint64(src[pos:]) << (n & 63)
			pos += int(63-n) >> 3
			n |= 56
		} else {
			for n < 56 {
				if pos < len(src) {
					buf |= uint64(src[pos]) << (n & 63)
				} else if pos > len(src)+16 {
					return at, false
				}
				pos++
				n += 8
			}
		}
		e := lit[buf&litMask]
		// Of 56 bits three literals that are found in the first table take at most 30. After two of them 36 are left, which is
		// enough for a length.
		if e&entryLiteral != 0 && at+3 < len(dst) {
			buf >>= e & 31
			n -= uint(e & 31)
			dst[at] = byte(e >> 16)
			at++
			if e = lit[buf&litMask]; e&entryLiteral != 0 {
				buf >>= e & 31
				n -= uint(e & 31)
				dst[at] = byte(e >> 16)
				at++
				if e = lit[buf&litMask]; e&entryLiteral != 0 {
					buf >>= e & 31
					n -= uint(e & 31)
					dst[at] = byte(e >> 16)
					at++
					continue
				}
			}
		}
		if e&entrySecond != 0 {
			buf >>= e & 31
			n -= uint(e & 31)
			e = lit[uint64(e>>16)+buf&(1<<(e>>8&31)-1)]
		}
		buf >>= e & 31
		n -= uint(e & 31)
		switch {
		case e&entryLiteral != 0:
			if at == len(dst) {
				return at, false
			}
			dst[at] = byte(e >> 16)
			at++
			continue
		case e&entryCopy == 0: // the end, or no meaning
			s.pos, s.buf, s.n = pos, buf, n
			return at, e&entryEnd != 0
		}
		extra := e >> 8 & 31
		length := int(e>>16) + int(buf&(1<<extra-1))
		buf >>= extra
		n -= uint(extra)

		if n < mostDistance && pos+8 <= len(src) {
			buf |= binary.LittleEndian.Uint64(src[pos:]) << (n & 63)
			pos += int(63-n) >> 3
			n |= 56
		}
		for n < mostDistance { // at the end of the source
			if pos < len(src) {
				buf |= uint64(src[pos]) << (n & 63)
			}
			pos++
			n += 8
		}
		e = dist[buf&distMask]
		if e&entrySecond != 0 {
			buf >>= e & 31
			n -= uint(e & 31)
			e = dist[uint64(e>>16)+buf&(1<<(e>>8&31)-1)]
		}
		buf >>= e & 31
		n -= uint(e & 31)
		extra = e >> 8 & 31
		distance := int(e>>16) + int(buf&(1<<extra-1))
		buf >>= extra
		n -= uint(extra)
		if e == 0 || distance > at || length > len(dst)-at {
			return at, false
		}
		copyBack(dst, at, distance, length)
		at += length
	}
}

// copyBack repeats length bytes from distance before at.
func copyBack(dst []byte, at, distance, length int) {
	if distance >= 8 && at+length+8 <= len(dst) {
		// By words; what is written beyond the end is overwritten later.
		from, to := dst[at-distance:], dst[at:]
		for i := 0; i < length; i += 8 {
			binary.LittleEndian.PutUint64(to[i:], binary.LittleEndian.Uint64(from[i:]))
		}
		return
	}
	if distance >= length {
		copy(dst[at:at+length], dst[at-distance:])
		return
	}
	for i := at; i < at+length; i++ {
		dst[i] = dst[i-distance]
	}
}
