package gitstore

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"
	"sync"
)

// packIndex is a pack's index (gitformat-pack, "pack-*.idx files"): sorted object names with their offsets in the pack.
type packIndex struct {
	file  fileBytes
	count int
	hash  int // bytes in an object name

	fanout []byte // 256 numbers of 4 bytes: how many names have a first byte of at most i
	names  []byte // count names, each stride bytes apart
	stride int
	// Version 2 keeps offsets apart: 4 bytes each, or with the top bit set a number of an 8-byte offset in large.
	// Version 1 keeps them in front of each name.
	offsets []byte
	large   []byte

	packSum [MaxIDSize]byte // the trailer of the pack that this is the index of

	once    sync.Once
	ordered []uint32 // positions in the order of their offsets
}

const (
	fanoutSize = 256 * 4
	idxHeader  = 8 // magic and version; absent in version 1
)

var idxMagic = []byte{0xff, 't', 'O', 'c'}

var (
	errIdxShort   = errors.New("index is too short")
	errIdxVersion = errors.New("index has an unknown version")
	errIdxFanout  = errors.New("index has a fan-out table that decreases")
	errIdxSize    = errors.New("index has a size that does not fit its number of objects")
	errIdxSum     = errors.New("index does not match its own checksum")
	errIdxOffset  = errors.New("index has an offset outside its table")
)

// openIndex opens the index file at path.
func openIndex(path string, f Format) (*packIndex, error) {
	file, size, err := openObjectFile(path)
	if err != nil {
		return nil, err
	}
	mapped, err := mapFile(file, size)
	if err := errors.Join(err, file.Close()); err != nil {
		return nil, errors.Join(err, mapped.close())
	}
	x := &packIndex{file: mapped, hash: f.Size()}
	if err := x.parse(mapped.data); err != nil {
		return nil, errors.Join(err, mapped.close())
	}
	return x, nil
}

// checkSum compares the index with the checksum at its end (gitformat-pack, "pack-*.idx files"). A flipped bit could pass one
// object off as another else.
func (x *packIndex) checkSum() (err error) {
	defer endFaults(guardFaults(), &err)
	data := x.file.data
	h := sha1.New()
	if x.hash == sha256.Size {
		h = sha256.New()
	}
	h.Write(data[:len(data)-x.hash])
	if !bytes.Equal(h.Sum(nil), data[len(data)-x.hash:]) {
		return errIdxSum
	}
	return nil
}

// parse finds the tables in data and checks that they fit into it.
func (x *packIndex) parse(data []byte) (err error) {
	defer endFaults(guardFaults(), &err)
	trailer := 2 * x.hash // the pack's checksum and the index's own
	if len(data) < fanoutSize+trailer {
		return errIdxShort
	}
	if bytes.HasPrefix(data, idxMagic) {
		err = x.parseV2(data, trailer)
	} else {
		err = x.parseV1(data, trailer)
	}
	if err == nil {
		copy(x.packSum[:], data[len(data)-trailer:len(data)-x.hash])
	}
	return err
}

func (x *packIndex) parseV1(data []byte, trailer int) error {
	if err := x.setFanout(data[:fanoutSize]); err != nil {
		return err
	}
	x.stride = 4 + x.hash
	table := data[fanoutSize : len(data)-trailer]
	if int64(len(table)) != int64(x.count)*int64(x.stride) {
		return errIdxSize
	}
	if x.count > 0 {
		x.names = table[4:]
	}
	x.offsets = table
	return nil
}

func (x *packIndex) parseV2(data []byte, trailer int) error {
	if len(data) < idxHeader+fanoutSize+trailer {
		return errIdxShort
	}
	if binary.BigEndian.Uint32(data[4:]) != 2 {
		return errIdxVersion
	}
	if err := x.setFanout(data[idxHeader : idxHeader+fanoutSize]); err != nil {
		return err
	}
	x.stride = x.hash
	tables := data[idxHeader+fanoutSize : len(data)-trailer]
	n := int64(x.count)
	fixed := n * int64(x.hash+4+4) // names, checksums, offsets
	rest := int64(len(tables)) - fixed
	if rest < 0 || rest%8 != 0 || rest/8 > n {
		return errIdxSize
	}
	x.names = tables[:n*int64(x.hash)]
	x.offsets = tables[n*int64(x.hash+4) : fixed]
	x.large = tables[fixed:]
	return nil
}

func (x *packIndex) setFanout(table []byte) error {
	x.fanout = table
	n, ok := checkFanout(table)
	x.count = n
	if !ok {
		return errIdxFanout
	}
	return nil
}

// checkFanout returns the last number of a fan-out table and whether the table never decreases.
func checkFanout(table []byte) (count int, ok bool) {
	last := uint32(0)
	for i := 0; i < fanoutSize; i += 4 {
		n := binary.BigEndian.Uint32(table[i:])
		if n < last {
			return 0, false
		}
		last = n
	}
	return int(last), last < 1<<31
}

func (x *packIndex) close() error { return x.file.close() }

// find returns the offset of the object with the given raw name.
func (x *packIndex) find(name []byte) (off int64, ok bool, err error) {
	defer endFaults(guardFaults(), &err)
	pos := searchNames(x.fanout, x.names, x.stride, name)
	if pos == x.count || !bytes.Equal(x.name(pos), name) {
		return 0, false, nil
	}
	off, err = x.offset(pos)
	return off, true, err
}

// searchNames returns the position of the first name that is not less than name, which may be a prefix of at least one
// byte.
func searchNames(fanout, names []byte, stride int, name []byte) int {
	lo, hi := 0, int(binary.BigEndian.Uint32(fanout[4*int(name[0]):]))
	if name[0] > 0 {
		lo = int(binary.BigEndian.Uint32(fanout[4*int(name[0])-4:]))
	}
	for lo < hi {
		mid := int(uint(lo+hi) / 2)
		at := mid * stride
		if bytes.Compare(names[at:at+len(name)], name) < 0 {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// search is searchNames for this index. Faults are the caller's to guard.
func (x *packIndex) search(prefix []byte) int {
	return searchNames(x.fanout, x.names, x.stride, prefix)
}

// len and name make an index a nameTable.
func (x *packIndex) len() int { return x.count }

func (x *packIndex) name(pos int) []byte {
	at := pos * x.stride
	return x.names[at : at+x.hash]
}

// offset returns the offset of the object at pos. Faults are the caller's to guard.
func (x *packIndex) offset(pos int) (int64, error) {
	if x.stride != x.hash {
		return int64(binary.BigEndian.Uint32(x.offsets[pos*x.stride:])), nil
	}
	return largeOffset(binary.BigEndian.Uint32(x.offsets[pos*4:]), x.large)
}

// largeOffset returns the offset that a 4-byte entry of an offset table stands for.
func largeOffset(entry uint32, large []byte) (int64, error) {
	if entry>>31 == 0 {
		return int64(entry), nil
	}
	i := int64(entry & (1<<31 - 1))
	if i >= int64(len(large)/8) {
		return 0, errIdxOffset
	}
	off := binary.BigEndian.Uint64(large[i*8:])
	if off>>63 != 0 {
		return 0, errIdxOffset
	}
	return int64(off), nil
}

// nameAt returns the name of the object whose entry is at off. Its first call sorts the offsets.
func (x *packIndex) nameAt(off int64) (id ID, ok bool, err error) {
	defer endFaults(guardFaults(), &err)
	order := x.byOffset()
	i, ok := slices.BinarySearchFunc(order, off, func(pos uint32, off int64) int {
		return compareOffsets(x.knownOffset(pos), off)
	})
	if !ok {
		return ID{}, false, nil
	}
	return mustID(x.name(int(order[i]))), true, nil
}

// byOffset returns the positions of all objects in the order of their entries in the pack.
func (x *packIndex) byOffset() []uint32 {
	x.once.Do(func() {
		order := make([]uint32, x.count)
		for i := range order {
			order[i] = uint32(i)
		}
		slices.SortFunc(order, func(a, b uint32) int {
			return compareOffsets(x.knownOffset(a), x.knownOffset(b))
		})
		x.ordered = order
	})
	return x.ordered
}

// knownOffset is offset for sorting: bad offsets come last.
func (x *packIndex) knownOffset(pos uint32) int64 {
	off, err := x.offset(int(pos))
	if err != nil {
		return 1<<63 - 1
	}
	return off
}

func compareOffsets(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
