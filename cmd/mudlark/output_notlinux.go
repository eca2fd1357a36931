//go:build !linux

package main

import (
	"errors"
	"io/fs"
	"os"
)

// openNameless returns nil: there are no files without names.
func openNameless(string, fs.FileMode) *os.File { return nil }

// giveName is never called, as there is no file to give a name to.
func giveName(*os.File, string) error { return errors.ErrUnsupported }
