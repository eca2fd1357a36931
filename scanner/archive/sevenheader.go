package archive

import (
	"encoding/binary"
	"unicode/utf16"
)

// sevenStart is the length of the start header.
const sevenStart = 32

// Identifiers of the parts of a 7z header.
const (
	sevenEnd               = 0x00
	sevenHeaderID          = 0x01
	sevenArchiveProperties = 0x02
	sevenAdditional        = 0x03
	sevenMain              = 0x04
	sevenFiles             = 0x05
	sevenPackInfo          = 0x06
	sevenUnpackInfo        = 0x07
	sevenSubStreams        = 0x08
	sevenSizes             = 0x09
	sevenDigests           = 0x0a
	sevenFolders           = 0x0b
	sevenCodersUnpackSize  = 0x0c
	sevenNumUnpackStream   = 0x0d
	sevenEmptyStream       = 0x0e
	sevenEmptyFile         = 0x0f
	sevenNames             = 0x11
	sevenEncoded           = 0x17
)

// Bounds on what a header may declare, far above what Limits lets pass.
const (
	sevenMaxFolders = 1 << 16
	sevenMaxStreams = 1 << 20
	sevenMaxCoders  = 32
)

const errSevenHeader = damage("7z header")

// sevenStreams says where packed streams are and how they are unpacked.
type sevenStreams struct {
	packPos    uint64
	packStarts []uint64 // offsets behind the start header
	packSizes  []uint64
	folders    []sevenFolder
	subs       []sevenSub // the files of all folders
}

// A sevenFolder is a graph of coders, nearly always a chain.
type sevenFolder struct {
	coders    []sevenCoder
	binds     [][2]uint64 // input, output
	packed    []uint64    // inputs that are packed streams
	sizes     []uint64    // of what each output yields
	firstPack int         // index of its first packed stream
	files     uint64
	crc       uint32
	checked   bool
}

type sevenCoder struct {
	method  string
	props   []byte
	in, out uint64
}

// A sevenSub is one file in a folder.
type sevenSub struct {
	size    uint64
	crc     uint32
	checked bool
}

// order returns the coders from the packed stream on, if they form a chain.
func (f *sevenFolder) order() ([]int, bool) {
	for _, c := range f.coders {
		if c.in != 1 || c.out != 1 {
			return nil, false
		}
	}
	if len(f.packed) != 1 || f.packed[0] >= uint64(len(f.coders)) {
		return nil, false
	}
	order := []int{int(f.packed[0])}
	for len(order) < len(f.coders) {
		next := -1
		for _, b := range f.binds {
			if b[1] == uint64(order[len(order)-1]) && b[0] < uint64(len(f.coders)) {
				next = int(b[0])
			}
		}
		if next < 0 {
			return nil, false
		}
		order = append(order, next)
	}
	return order, true
}

// size is that of what the folder yields: the output that no input is bound to.
func (f *sevenFolder) size() uint64 {
	for i, n := range f.sizes {
		bound := false
		for _, b := range f.binds {
			bound = bound || b[1] == uint64(i)
		}
		if !bound {
			return n
		}
	}
	return 0
}

// A sevenCursor parses a header. After an error it yields zeros.
type sevenCursor struct {
	b   []byte
	err error
}

func (c *sevenCursor) fail() {
	if c.err == nil {
		c.err = errSevenHeader
	}
	c.b = nil
}

func (c *sevenCursor) take(n uint64) []byte {
	if n > uint64(len(c.b)) {
		c.fail()
		return nil
	}
	b := c.b[:n]
	c.b = c.b[n:]
	return b
}

func (c *sevenCursor) byte() byte {
	if b := c.take(1); len(b) == 1 {
		return b[0]
	}
	return 0
}

// number reads a NUMBER: the leading ones of the first byte count the bytes that follow, least significant first.
func (c *sevenCursor) number() uint64 {
	first := c.byte()
	value := uint64(0)
	for i := range 8 {
		mask := byte(0x80) >> i
		if first&mask == 0 {
			return value | uint64(first&(mask-1))<<(8*i)
		}
		value |= uint64(c.byte()) << (8 * i)
	}
	return value
}

// amount reads a number of things that each take at least one byte.
func (c *sevenCursor) amount(most int) int {
	n := c.number()
	if n > uint64(len(c.b)) || n > uint64(most) {
		c.fail()
		return 0
	}
	return int(n)
}

// A bitVector holds the first bit in the most significant place. One that is nil has all bits clear.
type bitVector []byte

func (v bitVector) get(i int) bool { return i>>3 < len(v) && v[i>>3]&(0x80>>(i&7)) != 0 }

// digests reads n optional checksums.
func (c *sevenCursor) digests(n int, set func(i int, crc uint32)) {
	all := c.byte() != 0
	var defined bitVector
	if !all {
		defined = c.take(uint64(n+7) / 8)
	}
	for i := 0; i < n && c.err == nil; i++ {
		if all || defined.get(i) {
			if b := c.take(4); b != nil {
				set(i, binary.LittleEndian.Uint32(b))
			}
		}
	}
}

func (c *sevenCursor) streams() sevenStreams {
	var s sevenStreams
	named := false
	for id := c.number(); id != sevenEnd && c.err == nil; id = c.number() {
		switch id {
		case sevenPackInfo:
			c.packInfo(&s)
		case sevenUnpackInfo:
			c.unpackInfo(&s)
		case sevenSubStreams:
			c.subStreams(&s)
			named = true
		default:
			c.fail()
		}
	}
	if !named {
		s.wholeFolders()
	}
	return s
}

func (c *sevenCursor) packInfo(s *sevenStreams) {
	s.packPos = c.number()
	n := c.amount(sevenMaxStreams)
	for id := c.number(); id != sevenEnd && c.err == nil; id = c.number() {
		switch id {
		case sevenSizes:
			c.packSizes(s, n)
		case sevenDigests:
			c.digests(n, func(int, uint32) {})
		default:
			c.fail()
		}
	}
}

func (c *sevenCursor) packSizes(s *sevenStreams, n int) {
	const beyond = 1 << 62 // no archive in memory reaches there
	s.packSizes, s.packStarts = make([]uint64, n), make([]uint64, n)
	at := min(s.packPos, beyond)
	for i := range s.packSizes {
		s.packSizes[i], s.packStarts[i] = c.number(), at
		at = min(at+min(s.packSizes[i], beyond), beyond)
	}
}

func (c *sevenCursor) unpackInfo(s *sevenStreams) {
	if c.number() != sevenFolders {
		c.fail()
	}
	n := c.amount(sevenMaxFolders)
	if c.byte() != 0 { // kept in an additional stream: no writer does that
		c.fail()
	}
	first := 0
	for i := 0; i < n && c.err == nil; i++ {
		f := c.folder()
		f.firstPack = first
		first += len(f.packed)
		s.folders = append(s.folders, f)
	}
	for id := c.number(); id != sevenEnd && c.err == nil; id = c.number() {
		switch id {
		case sevenCodersUnpackSize:
			for i := range s.folders {
				for k := range s.folders[i].sizes {
					s.folders[i].sizes[k] = c.number()
				}
			}
		case sevenDigests:
			c.digests(n, func(i int, crc uint32) { s.folders[i].crc, s.folders[i].checked = crc, true })
		default:
			c.fail()
		}
	}
}

func (c *sevenCursor) folder() sevenFolder {
	f := sevenFolder{files: 1}
	in, out := uint64(0), uint64(0)
	for range c.amount(sevenMaxCoders) {
		coder := c.coder()
		in, out = in+coder.in, out+coder.out
		f.coders = append(f.coders, coder)
	}
	if c.err != nil || out == 0 || in > sevenMaxCoders || out > sevenMaxCoders || in < out-1 {
		c.fail()
		return f
	}
	f.sizes = make([]uint64, out)
	bound := uint64(0)
	for range out - 1 {
		b := [2]uint64{c.number(), c.number()}
		bound |= 1 << min(b[0], 63)
		f.binds = append(f.binds, b)
	}
	if in-(out-1) > 1 {
		for range in - (out - 1) {
			f.packed = append(f.packed, c.number())
		}
		return f
	}
	for i := range in {
		if bound&(1<<i) == 0 {
			f.packed = append(f.packed, i)
			break
		}
	}
	return f
}

func (c *sevenCursor) coder() sevenCoder {
	flags := c.byte()
	coder := sevenCoder{method: string(c.take(uint64(flags & 15))), in: 1, out: 1}
	if flags&0x10 != 0 {
		coder.in, coder.out = c.number(), c.number()
	}
	if flags&0x20 != 0 {
		coder.props = c.take(c.number())
	}
	if flags&0xc0 != 0 || coder.in > sevenMaxCoders || coder.out > sevenMaxCoders {
		c.fail()
	}
	return coder
}

// wholeFolders makes one file of each folder.
func (s *sevenStreams) wholeFolders() {
	for i := range s.folders {
		f := &s.folders[i]
		s.subs = append(s.subs, sevenSub{f.size(), f.crc, f.checked})
	}
}

func (c *sevenCursor) subStreams(s *sevenStreams) {
	id := c.number()
	if id == sevenNumUnpackStream {
		total := uint64(0)
		for i := range s.folders {
			n := c.number()
			s.folders[i].files = n
			if n > sevenMaxStreams {
				c.fail()
			}
			if total += n; total > sevenMaxStreams {
				c.fail()
			}
		}
		id = c.number()
	}
	if c.err != nil {
		return
	}
	c.subSizes(s, id == sevenSizes)
	if id == sevenSizes {
		id = c.number()
	}
	if id == sevenDigests {
		var unknown []int
		for i := range s.subs {
			if !s.subs[i].checked {
				unknown = append(unknown, i)
			}
		}
		c.digests(len(unknown), func(i int, crc uint32) { s.subs[unknown[i]].crc, s.subs[unknown[i]].checked = crc, true })
		id = c.number()
	}
	if id != sevenEnd {
		c.fail()
	}
}

// subSizes reads the size of each file but the last of a folder, which has the rest.
func (c *sevenCursor) subSizes(s *sevenStreams, given bool) {
	for i := range s.folders {
		f := &s.folders[i]
		left := f.size()
		for k := range f.files {
			sub := sevenSub{size: left}
			if k+1 < f.files {
				if sub.size = c.number(); !given || sub.size > left {
					c.fail()
				}
			} else if f.files == 1 {
				sub.crc, sub.checked = f.crc, f.checked
			}
			if c.err != nil {
				return
			}
			left -= sub.size
			s.subs = append(s.subs, sub)
		}
	}
}

// A sevenFileList yields the names one after the other.
type sevenFileList struct {
	count   int
	empty   bitVector // no stream: a directory or an empty file
	files   bitVector // among the empty ones, the files
	names   []byte    // UTF-16, each with a NUL
	emptyAt int
}

func (l *sevenFileList) name() string {
	var units []uint16
	for len(l.names) >= 2 {
		u := binary.LittleEndian.Uint16(l.names)
		l.names = l.names[2:]
		if u == 0 {
			break
		}
		units = append(units, u)
	}
	return string(utf16.Decode(units))
}

// emptyFile tells whether the next entry without stream is a file.
func (l *sevenFileList) emptyFile() bool {
	l.emptyAt++
	return l.files.get(l.emptyAt - 1)
}

func (c *sevenCursor) files() sevenFileList {
	l := sevenFileList{count: c.amount(1 << 30)}
	for id := c.number(); id != sevenEnd && c.err == nil; id = c.number() {
		value := c.take(c.number())
		switch id {
		case sevenEmptyStream:
			l.empty = value
		case sevenEmptyFile:
			l.files = value
		case sevenNames:
			if len(value) == 0 || value[0] != 0 {
				c.fail()
				break
			}
			l.names = value[1:]
		}
	}
	return l
}
