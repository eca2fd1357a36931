//go:build unix

package gitstore

import "syscall"

// openNonBlock keeps open from waiting for a writer, should a FIFO take a file's place.
const openNonBlock = syscall.O_NONBLOCK
