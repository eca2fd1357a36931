package gitstore

import "errors"

// packEntry is the header of an entry of a pack. The entry's zlib stream begins at data.
type packEntry struct {
	typ  Type  // an object's type, ofsDelta or refDelta
	size int64 // of the inflated data: the object, or the delta
	data int64 // offset in the pack
	base int64 // ofsDelta: offset of the base's entry
	name ID    // refDelta: the base's name
}

var (
	errEntryShort = errors.New("entry is cut short")
	errEntryType  = errors.New("entry has an unknown type")
	errEntrySize  = errors.New("entry declares a size that is no number")
	errEntryBase  = errors.New("delta base lies outside the pack")
)

// maxEntryHeader is enough for any header: ten bytes of size and a base's name or ten bytes of distance.
const maxEntryHeader = 10 + MaxIDSize

// parseEntry parses the header of the entry at off (gitformat-pack, "pack-*.pack files"), whose first bytes are b. b holds
// at least maxEntryHeader bytes unless the pack ends before.
func parseEntry(b []byte, off int64, hashSize int) (packEntry, error) {
	if len(b) == 0 {
		return packEntry{}, errEntryShort
	}
	c := b[0]
	e := packEntry{typ: Type(c >> 4 & 7), size: int64(c & 15)}
	n := 1
	for shift := 4; c&0x80 != 0; shift += 7 {
		if n == len(b) {
			return e, errEntryShort
		}
		c = b[n]
		n++
		bits := int64(c & 0x7f)
		if shift > 62 || bits<<shift>>shift != bits {
			return e, errEntrySize
		}
		e.size |= bits << shift
	}
	switch e.typ {
	case Commit, Tree, Blob, Tag:
	case refDelta:
		if len(b)-n < hashSize {
			return e, errEntryShort
		}
		e.name = mustID(b[n : n+hashSize])
		n += hashSize
	case ofsDelta:
		distance, used, err := parseDistance(b[n:])
		if err != nil {
			return e, err
		}
		if distance <= 0 || distance > off-packHeaderSize {
			return e, errEntryBase
		}
		e.base = off - distance
		n += used
	default:
		return e, errEntryType
	}
	e.data = off + int64(n)
	return e, nil
}

// parseDistance parses the distance to an OFS_DELTA's base (gitformat-pack, "offset encoding").
func parseDistance(b []byte) (distance int64, n int, err error) {
	for n < len(b) {
		c := b[n]
		distance |= int64(c & 0x7f)
		n++
		if c&0x80 == 0 {
			return distance, n, nil
		}
		distance++
		if distance > 1<<55 {
			return 0, 0, errEntryBase
		}
		distance <<= 7
	}
	return 0, 0, errEntryShort
}
