//go:build unix && !nommap

package gitstore

import (
	"errors"
	"os"
	"runtime/debug"
	"syscall"
)

// fileBytes is the content of an index file, mapped into memory. Whoever looks at it does so between guardFaults and
// endFaults, because a mapped file that is cut short while it is open faults (SIGBUS).
type fileBytes struct{ data []byte }

// mapFile maps the first size bytes of f.
func mapFile(f *os.File, size int64) (fileBytes, error) {
	if size == 0 {
		return fileBytes{}, nil
	}
	if int64(int(size)) != size {
		return fileBytes{}, errors.New("file does not fit into memory")
	}
	data, err := syscall.Mmap(int(f.Fd()), 0, int(size), syscall.PROT_READ, syscall.MAP_SHARED)
	return fileBytes{data}, err
}

func (b *fileBytes) close() error {
	if b.data == nil {
		return nil
	}
	data := b.data
	b.data = nil
	return syscall.Munmap(data)
}

// guardFaults makes faults panic instead of ending the program. Its result goes to endFaults.
func guardFaults() bool { return debug.SetPanicOnFault(true) }

// endFaults, which must be deferred, ends what guardFaults began and turns a fault into an error.
func endFaults(before bool, err *error) {
	r := recover()
	debug.SetPanicOnFault(before)
	if r == nil {
		return
	}
	if _, ok := r.(interface{ Addr() uintptr }); !ok {
		panic(r)
	}
	*err = errShrunk
}
