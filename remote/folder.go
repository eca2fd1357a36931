package remote

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// folder is a private folder for temporary files. While its process lives, it holds the lock in it.
type folder struct {
	dir  string
	lock *os.File
}

// The names of folders and of the lock in them.
const (
	folderPrefix = "mudlark-clone-"
	lockName     = "lock"
)

// tempRoot is where folders are made.
func tempRoot() string { return os.TempDir() }

// newFolder makes a folder that only the user can read.
func newFolder() (*folder, error) {
	dir, err := os.MkdirTemp(tempRoot(), folderPrefix) // with permissions 0700
	if err != nil {
		return nil, err
	}
	f := &folder{dir: dir}
	if f.lock, err = os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600); err == nil {
		err = lockFile(f.lock)
	}
	if err != nil {
		return nil, errors.Join(err, f.remove())
	}
	return f, nil
}

// remove removes the folder. The lock, and its file, go last, so that a process that is killed meanwhile leaves what the next one knows for a
// leftover.
func (f *folder) remove() error {
	err := f.empty()
	var closed error
	if lockedStays && f.lock != nil {
		closed, f.lock = f.lock.Close(), nil
	}
	if err == nil {
		err = removeAll(f.dir)
	}
	if f.lock != nil {
		closed = f.lock.Close()
	}
	return errors.Join(err, closed)
}

// empty removes all but the file of the lock.
func (f *folder) empty() error {
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name() != lockName {
			err = errors.Join(err, removeAll(filepath.Join(f.dir, e.Name())))
		}
	}
	return err
}

// removeAll is os.RemoveAll; Git makes packs read-only, which some systems do not remove.
func removeAll(dir string) error {
	err := os.RemoveAll(dir)
	if err == nil {
		return nil
	}
	walkErr := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			err = os.Chmod(path, 0o600)
		}
		return err
	})
	if walkErr != nil {
		return err
	}
	return os.RemoveAll(dir)
}

// unlockedAge is how old a folder without a lock must be to be a leftover: a younger one may be in the making.
const unlockedAge = time.Minute

// removeLeftovers removes the user's folders whose processes are dead. What cannot be removed is left: it is no concern of this scan.
func removeLeftovers() {
	entries, err := os.ReadDir(tempRoot())
	if err != nil {
		return
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), folderPrefix) || !e.IsDir() {
			continue
		}
		dir := filepath.Join(tempRoot(), e.Name())
		info, err := os.Lstat(dir)
		if err != nil || !info.IsDir() || !isMine(info) {
			continue
		}
		lock, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|noFollow, 0)
		switch {
		case err != nil && time.Since(info.ModTime()) < unlockedAge:
			continue
		case err != nil:
			lock = nil
		case lockFile(lock) != nil:
			lock.Close()
			continue
		}
		_ = (&folder{dir: dir, lock: lock}).remove()
	}
}
