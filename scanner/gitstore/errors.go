package gitstore

import "fmt"

// Class says why something of a repository could not be read.
type Class string

const (
	// Missing: the object or file is not there (partial clone, lost pack).
	Missing Class = "missing"
	// Damaged: it is there and every copy of it is wrong (truncated, bad checksum, a cycle of deltas).
	Damaged Class = "damaged"
	// Limit: reading it would exceed a limit that the caller set.
	Limit Class = "limit"
	// Policy: Mudlark does not read this kind of thing (an unsupported extension).
	Policy Class = "policy"
)

// Error says what could not be read and why. It never holds file content.
type Error struct {
	Class Class
	// What names the thing: an object name, a ref, or a path inside the Git directory.
	What string
	// Why is a short reason in words, without the name.
	Why string
}

func (e *Error) Error() string { return fmt.Sprintf("%s: %s (%s)", e.What, e.Why, e.Class) }
