// Package remote brings a repository that is elsewhere onto this machine for the time of a scan: as a bare clone with all refs, in a private
// folder for temporary files, by the git program or, where there is none, by go-git.
//
// Credentials come from the URL, the environment or Git's own helpers. They are never an argument of a program, are not written to the
// clone, and stand in no error. A folder is removed when the scan ends; one that a killed process left behind, by the next process.
//
// The package knows no secrets and starts no scan.
package remote

// Error is something that the user can put right.
type Error struct{ Message, Hint string }

func (e *Error) Error() string { return e.Message }
