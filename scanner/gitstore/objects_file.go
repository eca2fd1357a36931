package gitstore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

var (
	errNotRegular = errors.New("not a regular file")
	errShrunk     = errors.New("file shrank while it was being read")
)

// openObjectFile opens a file of the object database for reading and returns its size. Symbolic links are followed, since
// stores made of them exist, but only to regular files: opening a FIFO could wait for ever and opening a device can have
// effects.
func openObjectFile(path string) (*os.File, int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return nil, 0, errNotRegular
	}
	f, err := os.OpenFile(path, os.O_RDONLY|openNonBlock, 0)
	if err != nil {
		return nil, 0, err
	}
	info, err = f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errNotRegular
	}
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return f, info.Size(), nil
}

// fileError turns an error from opening or reading the file called what into an *Error.
func fileError(what string, err error) *Error {
	class := Damaged
	if errors.Is(err, fs.ErrNotExist) {
		class = Missing
	}
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return &Error{Class: class, What: what, Why: err.Error()}
}

func damagedf(what, format string, args ...any) *Error {
	return &Error{Class: Damaged, What: what, Why: fmt.Sprintf(format, args...)}
}
