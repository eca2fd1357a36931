package gitstore

import (
	"crypto/sha1"
	"crypto/sha256"
	"hash"
)

// Type is the kind of an object. Its values are those of the entry types of a pack (gitformat-pack, "Object types").
type Type uint8

// The four kinds of object.
const (
	Commit Type = 1
	Tree   Type = 2
	Blob   Type = 3
	Tag    Type = 4
)

// Types of pack entries that are deltas against another entry.
const (
	ofsDelta Type = 6 // base named by its distance in the same pack
	refDelta Type = 7 // base named by its object name
)

// String returns the name that Git uses in object headers, "unknown" for values that are no object's type.
func (t Type) String() string {
	switch t {
	case Commit:
		return "commit"
	case Tree:
		return "tree"
	case Blob:
		return "blob"
	case Tag:
		return "tag"
	}
	return "unknown"
}

// parseType is the inverse of Type.String.
func parseType(name []byte) (Type, bool) {
	switch string(name) {
	case "commit":
		return Commit, true
	case "tree":
		return Tree, true
	case "blob":
		return Blob, true
	case "tag":
		return Tag, true
	}
	return 0, false
}

// Format is the object format of a repository: the hash that names its objects. The zero value is SHA-1.
type Format uint8

// The object formats that Git knows.
const (
	SHA1 Format = iota
	SHA256
)

// Size returns the number of raw bytes of an object name, 20 or 32.
func (f Format) Size() int {
	if f == SHA256 {
		return sha256.Size
	}
	return sha1.Size
}

// HexSize returns the number of hexadecimal digits of an object name, 40 or 64.
func (f Format) HexSize() int { return 2 * f.Size() }

// String returns the name as extensions.objectFormat has it: "sha1" or "sha256".
func (f Format) String() string {
	if f == SHA256 {
		return "sha256"
	}
	return "sha1"
}

// newHash returns the format's hash.
func (f Format) newHash() hash.Hash {
	if f == SHA256 {
		return sha256.New()
	}
	return sha1.New()
}
