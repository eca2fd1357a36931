//go:build unix

package remote

import (
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// lockedStays: a file that is open cannot be removed.
const lockedStays = false

const noFollow = unix.O_NOFOLLOW | unix.O_NONBLOCK

// lockFile takes the lock of a file, which ends with the process. The error says that another process has it.
func lockFile(f *os.File) error { return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) }

// isMine reports whether a folder is the user's own and nobody else's: /tmp is shared.
func isMine(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == os.Getuid() && info.Mode().Perm() == 0o700
}
