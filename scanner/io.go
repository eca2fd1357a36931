package scanner

import (
	"errors"
	"io/fs"
	"os"
)

// reason is the cause of a file error in words, without the path, which is named beside it.
func reason(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}

// isRegular reports whether name is a regular file, and not a link to one.
func isRegular(name string) bool {
	info, err := os.Lstat(name)
	return err == nil && info.Mode().IsRegular()
}
