package hooks

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Uninstall takes Mudlark out of the hooks at p. Hooks that were called by Mudlark's get their places back.
func Uninstall(p *Place) ([]Change, error) {
	var changes []Change
	add := func(name, file string, what string, err error) error {
		if what != "" && err == nil {
			changes = append(changes, Change{Hook: name, File: file, What: what})
		}
		return err
	}
	for _, name := range Names() {
		files := []string{filepath.Join(p.Dir, name), filepath.Join(p.Dir, name+".legacy"), filepath.Join(p.Dir, name+movedSuffix)}
		if f, ok := huskyFile(p, name); ok {
			files = append(files, f)
		}
		for _, file := range files {
			what, err := takeOut(file)
			if err := add(name, file, what, err); err != nil {
				return changes, err
			}
		}
		if p.Top != "" {
			what, err := takeOutLefthook(p, name)
			if err := add(name, filepath.Join(p.Top, lefthookLocal), what, err); err != nil {
				return changes, err
			}
		}
	}
	_ = os.Remove(filepath.Join(p.Dir, chainDir)) // only if it is empty
	if p.forward {
		return changes, stopForwarding(p)
	}
	return changes, nil
}

// takeOut removes Mudlark from one hook file and says what was done, "" for nothing.
func takeOut(file string) (string, error) {
	info, err := os.Lstat(file)
	if err != nil || !info.Mode().IsRegular() {
		return "", nil
	}
	content, err := readHook(file)
	if err != nil {
		return "", err
	}
	if isOwn(content) {
		kept := filepath.Join(filepath.Dir(file), chainDir, strings.TrimSuffix(filepath.Base(file), movedSuffix))
		if err := os.Remove(file); err != nil {
			return "", errorf("may you write there?", "%s: %s", file, cause(err))
		}
		err := moveHook(kept, file, false)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return "removed", nil
		case err != nil:
			return "", errorf("move it by hand", "%s could not be put back to %s: %s", kept, file, cause(err))
		}
		return "removed; the hook that it called is back in its place", nil
	}
	rest, had, err := withoutBlock(content)
	switch {
	case err != nil:
		return "", errorf("edit "+file, "%s: %s", file, err)
	case !had:
		return "", nil
	case len(bytes.TrimSpace(rest)) == 0:
		if err := os.Remove(file); err != nil {
			return "", errorf("may you write there?", "%s: %s", file, cause(err))
		}
		return "removed", nil
	}
	return "taken out of it", writeHook(file, rest, info.Mode().Perm())
}
