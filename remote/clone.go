package remote

import (
	"context"
	"errors"
	"os/exec"
	"path/filepath"
)

// Options says how to clone.
type Options struct {
	Getenv  func(string) string
	Environ []string // of the process, for the git program
	// Interactive: somebody can be asked for a password.
	Interactive bool
	// NoProgram: use go-git even if there is a git program.
	NoProgram bool
}

// Clone is a repository that was brought here.
type Clone struct {
	Dir    string // a bare repository
	folder *folder
}

// Close removes the clone.
func (c *Clone) Close() error { return c.folder.remove() }

// Fetch clones the source with every ref that it shows, those of pull and merge requests too. It first removes what processes that are dead
// have left behind. The error is ctx's or an *Error.
func Fetch(ctx context.Context, s *Source, o Options) (*Clone, error) {
	removeLeftovers()
	f, err := newFolder()
	if err != nil {
		return nil, &Error{Message: "there is no room for a clone: " + err.Error(), Hint: "set TMPDIR to a folder that you may write to"}
	}
	c := &Clone{Dir: filepath.Join(f.dir, "repo.git"), folder: f}
	program, lookErr := exec.LookPath("git")
	if lookErr == nil && !o.NoProgram {
		err = s.cloneByProgram(ctx, program, c.Dir, o)
	} else {
		err = s.cloneByLibrary(ctx, c.Dir, o)
	}
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}
