package main

import (
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// openNameless opens a file in a folder that has no name there and is gone with the process, unless giveName is called (open(2), O_TMPFILE). It
// returns nil where the file system or the machine does not offer that.
func openNameless(dir string, perm fs.FileMode) *os.File {
	fd, err := unix.Open(dir, unix.O_TMPFILE|unix.O_WRONLY|unix.O_CLOEXEC, uint32(perm.Perm()))
	if err != nil {
		return nil
	}
	f := os.NewFile(uintptr(fd), dir)
	if _, err := os.Stat(descriptorPath(f)); err != nil { // /proc is not mounted
		f.Close()
		return nil
	}
	return f
}

// giveName gives a file of openNameless a name that nothing has yet.
func giveName(f *os.File, name string) error {
	err := unix.Linkat(unix.AT_FDCWD, descriptorPath(f), unix.AT_FDCWD, name, unix.AT_SYMLINK_FOLLOW)
	if err != nil {
		return &os.LinkError{Op: "link", Old: f.Name(), New: name, Err: err}
	}
	return nil
}

func descriptorPath(f *os.File) string { return fmt.Sprintf("/proc/self/fd/%d", f.Fd()) }
