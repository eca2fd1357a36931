package gitstore

import (
	"bytes"
	"encoding/hex"
	"fmt"
)

// MaxIDSize is the size in bytes of the longest object name (SHA-256).
const MaxIDSize = 32

// ID is an object name: 20 bytes in a SHA-1 repository, 32 in a SHA-256 one.
// The zero ID names no object. IDs are comparable and can be map keys.
type ID struct {
	b [MaxIDSize]byte
	n uint8
}

// IDFromBytes returns the ID with the given raw bytes, which must be 20 or 32.
func IDFromBytes(raw []byte) (ID, error) {
	if len(raw) != 20 && len(raw) != 32 {
		return ID{}, fmt.Errorf("object name of %d bytes; want 20 or 32", len(raw))
	}
	return mustID(raw), nil
}

// mustID is IDFromBytes for callers that know the length to be right.
func mustID(raw []byte) (id ID) {
	id.n = uint8(copy(id.b[:], raw))
	return id
}

// ParseID parses an object name of 40 or 64 hexadecimal digits.
func ParseID(s string) (ID, error) {
	var raw [MaxIDSize]byte
	if len(s) != 40 && len(s) != 64 {
		return ID{}, fmt.Errorf("object name of %d characters; want 40 or 64 hexadecimal digits", len(s))
	}
	if _, err := hex.Decode(raw[:], []byte(s)); err != nil {
		return ID{}, fmt.Errorf("object name is not hexadecimal")
	}
	return mustID(raw[:len(s)/2]), nil
}

// String returns the name in lower-case hexadecimal, "" for the zero ID.
func (id ID) String() string { return hex.EncodeToString(id.b[:id.n]) }

// Size returns the number of raw bytes: 0, 20 or 32.
func (id ID) Size() int { return int(id.n) }

// AppendBytes appends the raw bytes to dst.
func (id ID) AppendBytes(dst []byte) []byte { return append(dst, id.b[:id.n]...) }

// IsZero reports whether id is the zero ID or one whose bytes are all zero, as
// hooks use it for "no such ref".
func (id ID) IsZero() bool { return id.b == [MaxIDSize]byte{} }

// Compare orders IDs by their bytes.
func (id ID) Compare(other ID) int { return bytes.Compare(id.b[:id.n], other.b[:other.n]) }

// LastByte returns the last raw byte, 0 for the zero ID. Object names being hashes, it spreads them evenly.
func (id ID) LastByte() byte {
	if id.n == 0 {
		return 0
	}
	return id.b[id.n-1]
}
