//go:build !unix || nommap

package gitstore

import (
	"errors"
	"io"
	"os"
)

// fileBytes is the content of an index file, read into memory.
type fileBytes struct{ data []byte }

// mapFile reads the first size bytes of f, which the file really has.
func mapFile(f *os.File, size int64) (fileBytes, error) {
	if int64(int(size)) != size {
		return fileBytes{}, errors.New("file does not fit into memory")
	}
	data := make([]byte, size)
	if _, err := io.ReadFull(io.NewSectionReader(f, 0, size), data); err != nil {
		return fileBytes{}, errShrunk
	}
	return fileBytes{data}, nil
}

func (b *fileBytes) close() error {
	b.data = nil
	return nil
}

func guardFaults() bool { return false }

func endFaults(bool, *error) {}
