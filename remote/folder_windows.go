package remote

import (
	"io/fs"
	"os"

	"golang.org/x/sys/windows"
)

// lockedStays: a file that is open cannot be removed.
const lockedStays = true

const noFollow = 0

// lockFile takes the lock of a file, which ends with the process. The error says that another process has it.
func lockFile(f *os.File) error {
	return windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &windows.Overlapped{})
}

// isMine is true, as temporary folders are the user's own here.
func isMine(fs.FileInfo) bool { return true }
