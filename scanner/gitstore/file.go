package gitstore

import (
	"errors"
	"io"
	"math"
)

// Bounds on the sizes of layout files, in bytes. They are far beyond what Git writes.
const (
	maxLinkFile   = 64 << 10 // HEAD, loose refs, .git files, commondir
	maxPackedRefs = 1 << 30
	maxReflog     = 1 << 30
	maxIndexFile  = 4 << 30
)

var errTooLarge = errors.New("file is too large")

// readLayoutFile reads a whole regular file of at most limit bytes.
func readLayoutFile(path string, limit int64) ([]byte, error) {
	f, size, err := openObjectFile(path)
	if err != nil {
		return nil, err
	}
	if size > limit || size >= math.MaxInt {
		return nil, errors.Join(errTooLarge, f.Close())
	}
	// The file may grow or shrink meanwhile, so its size is only where reading begins.
	data := make([]byte, 0, size+1)
	for {
		n, err := f.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		switch {
		case err == io.EOF:
			return data, f.Close()
		case err != nil:
			return nil, errors.Join(err, f.Close())
		case int64(len(data)) > limit:
			return nil, errors.Join(errTooLarge, f.Close())
		case len(data) == cap(data):
			data = append(data, 0)[:len(data)]
		}
	}
}

// layoutError is fileError, with the class Limit for files that are too large.
func layoutError(what string, err error) *Error {
	e := fileError(what, err)
	if errors.Is(err, errTooLarge) {
		e.Class = Limit
	}
	return e
}
