//go:build unix

package scanner

import "syscall"

// nonBlock keeps open from waiting for a writer, should a FIFO take a file's place.
const nonBlock = syscall.O_NONBLOCK
