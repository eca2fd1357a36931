package hooks

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Options says what to install.
type Options struct {
	Hooks []string // names
	Flags []string // passed on to every run of a hook
	// Program is the absolute path of the program that hooks call; "" for the one in $PATH.
	Program string
}

// Change is what was done to one file.
type Change struct {
	Hook string
	File string
	What string // in words, for people
}

// Usual returns the hooks that are installed if none is named: those of commits, merges and pushes, or, in a bare repository,
// pre-receive.
func (p *Place) Usual() []string {
	if p.Bare {
		return []string{PreReceive}
	}
	return []string{PreCommit, PreMergeCommit, PrePush}
}

func known(hook string) bool { return slices.Contains(Names(), hook) }

// Install puts Mudlark into the hooks at p. What is there stays and is called as well. Doing it again changes nothing but the path of
// the program.
func Install(p *Place, o Options) ([]Change, error) {
	for _, h := range o.Hooks {
		if !known(h) {
			return nil, errorf("the hooks are "+strings.Join(Names(), ", "), "there is no hook %q", h)
		}
	}
	if err := os.MkdirAll(p.Dir, 0o777); err != nil {
		return nil, errorf("may you write there?", "%s: %s", p.Dir, cause(err))
	}
	var changes []Change
	for _, name := range o.Hooks {
		c, err := installOne(p, name, o)
		if err != nil {
			return changes, err
		}
		changes = append(changes, c...)
	}
	if p.forward {
		return changes, startForwarding(p)
	}
	return changes, nil
}

func installOne(p *Place, name string, o Options) ([]Change, error) {
	c := command{program: o.Program, flags: o.Flags, lenient: p.Shared, forward: p.forward}
	if p.Shared {
		c.program = "" // another machine has it elsewhere
	}
	if file, ok := huskyFile(p, name); ok {
		c.lenient, c.program = true, ""
		return one(addTo(file, name, c, true))
	}
	file := filepath.Join(p.Dir, name)
	content, err := readHook(file)
	if err != nil {
		return nil, err
	}
	switch {
	case usesLefthook(p, content):
		return withLefthook(p, name, c)
	case content == nil && lefthookIn(p):
		// Its hooks come and go with its configuration, and it moves others out of the way.
		own, err := addTo(file, name, c, false)
		if err != nil {
			return nil, err
		}
		more, err := withLefthook(p, name, c)
		return append([]Change{own}, more...), err
	case isPreCommit(content):
		// The framework calls a hook of this name, and keeps it when it is installed again ("migration mode").
		return one(addTo(file+".legacy", name, c, false))
	}
	return one(addTo(file, name, c, false))
}

func one(c Change, err error) ([]Change, error) {
	if err != nil {
		return nil, err
	}
	return []Change{c}, nil
}

// addTo puts Mudlark's lines into a hook file, which is made if it is not there. plain says that a file needs no first line that names an
// interpreter.
func addTo(file, name string, c command, plain bool) (Change, error) {
	done := Change{Hook: name, File: file}
	content, err := readHook(file)
	if err != nil {
		return done, err
	}
	info, statErr := os.Lstat(file)
	regular := statErr == nil && info.Mode().IsRegular()
	rest, had, err := withoutBlock(content)
	switch {
	case err != nil:
		return done, errorf("edit "+file, "%s: %s", file, err)
	case content == nil && statErr != nil && plain:
		done.What = "made"
		return done, writeHook(file, []byte(c.block(name)), 0o755)
	case content == nil && statErr != nil:
		done.What = "made"
		return done, writeHook(file, []byte(c.ownFile(name)), 0o755)
	case regular && isOwn(content):
		done.What = "already there, refreshed"
		return done, writeHook(file, []byte(c.ownFile(name)), 0o755)
	case regular && (plain || isShell(content) && info.Mode()&0o100 != 0):
		done.What = "added to the hook that was there"
		if had {
			done.What = "already there, refreshed"
		}
		return done, writeHook(file, withBlock(rest, c.block(name)), info.Mode().Perm())
	}
	done.What = "made; it calls the hook that was there, kept in " + chainDir
	return done, chain(file, name, c)
}

// chain moves the hook that is there into chainDir and puts one in its place that calls it.
func chain(file, name string, c command) error {
	dir := filepath.Join(filepath.Dir(file), chainDir)
	kept := filepath.Join(dir, filepath.Base(file))
	if _, err := os.Lstat(kept); err == nil {
		return errorf("remove the one that is not needed any more", "there is a hook in %s and another one in %s", file, kept)
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return errorf("may you write there?", "%s: %s", dir, cause(err))
	}
	if err := moveHook(file, kept, true); err != nil {
		return errorf("may you write there?", "%s: %s", file, cause(err))
	}
	content := strings.ReplaceAll(c.ownFile(name), chainDir+"/"+name, chainDir+"/"+filepath.Base(file))
	if err := writeHook(file, []byte(content), 0o755); err != nil {
		return errors.Join(err, moveHook(kept, file, false)) // as it was
	}
	return nil
}

// moveHook renames a hook into a folder below its own (deeper), or back. A relative link is made anew, so that it leads to the same place.
func moveHook(from, to string, deeper bool) error {
	target, err := os.Readlink(from)
	if err != nil || filepath.IsAbs(target) {
		return os.Rename(from, to)
	}
	up := ".." + string(filepath.Separator)
	if deeper {
		target = up + target
	} else {
		target = strings.TrimPrefix(target, up)
	}
	if err := os.Symlink(target, to); err != nil {
		return err
	}
	return os.Remove(from)
}

// maxHook bounds the size of a hook file that is read: real ones are smaller, and what is larger is no script.
const maxHook = 4 << 20

// readHook returns the beginning of a hook file, nil if it is not there. A link is followed.
func readHook(file string) ([]byte, error) {
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, errorf("may you read it?", "%s: %s", file, cause(err))
	case !info.Mode().IsRegular():
		return nil, errorf("a hook is a file", "%s is not a file", file)
	case info.Size() > maxHook:
		return []byte{}, nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, errorf("may you read it?", "%s: %s", file, cause(err))
	}
	return data, nil
}

// writeHook writes a file so that no moment has half of it.
func writeHook(file string, content []byte, perm fs.FileMode) error {
	if old, err := os.ReadFile(file); err == nil && bytes.Equal(old, content) {
		return nil
	}
	f, err := os.CreateTemp(filepath.Dir(file), ".mudlark-*")
	if err == nil {
		_, err = f.Write(content)
		err = errors.Join(err, f.Close())
		if err == nil {
			err = os.Chmod(f.Name(), perm)
		}
		if err == nil {
			err = os.Rename(f.Name(), file)
		}
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}
	if err != nil {
		return errorf("may you write there?", "%s: %s", file, cause(err))
	}
	return nil
}

// cause returns what went wrong with a file, without its name.
func cause(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}
