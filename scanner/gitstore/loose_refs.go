package gitstore

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// readFiles reads packed refs, then loose refs, then those of other worktrees.
func (b *refBuilder) readFiles() {
	r := b.repo
	b.readPacked()
	main := ""
	if r.GitDir != r.CommonDir {
		main = "main-worktree/"
	}
	b.looseDir(r.CommonDir, main)
	b.head(r.CommonDir, main)
	for _, w := range r.linkedWorktrees() {
		b.looseDir(w.gitDir, w.prefix)
		b.head(w.gitDir, w.prefix)
	}
}

// head reads the HEAD of a worktree.
func (b *refBuilder) head(gitDir, prefix string) {
	v, err := b.repo.readRefFile(filepath.Join(gitDir, "HEAD"))
	if err != nil {
		b.note(layoutError(b.repo.label(filepath.Join(gitDir, "HEAD")), err))
		return
	}
	b.addIn(prefix, "HEAD", v)
}

// addIn adds a ref under the name that it has seen from the opened worktree; prefix is that of its own worktree.
func (b *refBuilder) addIn(prefix, name string, v refValue) {
	if perWorktree(name) {
		name = prefix + name
	}
	if v.target != "" && perWorktree(v.target) {
		v.target = prefix + v.target
	}
	b.add(name, v)
}

// maxRefDepth bounds how deep folders below refs/ may be nested. Paths that are longer cannot be made on most systems.
const maxRefDepth = 512

// refWalk visits the files below a folder of refs or of reflogs.
type refWalk struct {
	note  func(*Error)
	label func(string) string
	// within are the folders that symbolic links may lead into.
	within []string
	// visit is called with the slash-separated path below the folder's parent ("refs/heads/x") and the file's own.
	visit func(name, path string)
	// link is called, if set, for symbolic links to a ref.
	link func(name, target string)
	seen map[string]bool // folders reached through symbolic links
}

// looseDir reads the loose refs of a Git directory.
func (b *refBuilder) looseDir(gitDir, prefix string) {
	r := b.repo
	w := refWalk{note: b.note, label: r.label, within: []string{r.CommonDir, r.GitDir}}
	w.visit = func(name, path string) {
		v, err := r.readRefFile(path)
		if err != nil {
			if !errors.Is(err, fs.ErrNotExist) { // deleted or packed meanwhile
				b.note(layoutError(shown(r.label(path)), err))
			}
			return
		}
		b.addIn(prefix, name, v)
	}
	w.link = func(name, target string) { b.addIn(prefix, name, refValue{target: target}) }
	w.run(filepath.Join(gitDir, "refs"), "refs")
}

// run walks a folder that may be a symbolic link itself.
func (w *refWalk) run(dir, name string) {
	info, err := os.Lstat(dir)
	switch {
	case err != nil:
		if !errors.Is(err, fs.ErrNotExist) {
			w.note(fileError(w.label(dir), err))
		}
	case info.Mode()&fs.ModeSymlink != 0:
		w.symlink(name, dir, 0)
	case info.IsDir():
		w.dir(name, dir, 0)
	}
}

func (w *refWalk) dir(name, dir string, depth int) {
	if depth > maxRefDepth {
		w.note(&Error{Class: Limit, What: shown(name), Why: "folders nested too deep"})
		return
	}
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		w.note(fileError(shown(w.label(dir)), err))
	}
	for _, e := range entries {
		// As Git does: neither hidden files nor locks are refs (refs/files-backend.c, loose_fill_ref_dir).
		if e.Name()[0] == '.' || strings.HasSuffix(e.Name(), ".lock") {
			continue
		}
		below, path := name+"/"+e.Name(), filepath.Join(dir, e.Name())
		switch {
		case e.IsDir():
			w.dir(below, path, depth+1)
		case e.Type()&fs.ModeSymlink != 0:
			w.symlink(below, path, depth+1)
		case e.Type().IsRegular():
			w.visit(below, path)
		default:
			w.note(damagedf(shown(w.label(path)), "is neither a file nor a folder"))
		}
	}
}

// symlink follows a symbolic link that stays within refs or logs of a Git directory.
func (w *refWalk) symlink(name, path string, depth int) {
	if target, ok := linkTarget(path); ok && w.link != nil {
		w.link(name, target)
		return
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		w.note(damagedf(shown(w.label(path)), "symbolic link leads nowhere"))
		return
	}
	if !w.allowed(real) {
		w.note(&Error{Class: Policy, What: shown(w.label(path)), Why: "symbolic link leads out of the Git directory and is not followed"})
		return
	}
	info, err := os.Stat(real)
	switch {
	case err != nil:
		w.note(fileError(shown(w.label(path)), err))
	case info.Mode().IsRegular():
		w.visit(name, real)
	case info.IsDir() && !w.seen[real]:
		if w.seen == nil {
			w.seen = map[string]bool{}
		}
		w.seen[real] = true
		w.dir(name, real, depth)
	}
}

// allowed reports whether a symbolic link may lead to real: within the repository's own Git directories, or to the refs
// or logs of another one, which is how tools of old made several working trees share a repository.
func (w *refWalk) allowed(real string) bool {
	for dir := real; ; {
		up := filepath.Dir(dir)
		if up == dir {
			return false
		}
		if base := filepath.Base(dir); (base == "refs" || base == "logs") && isGitDir(up) {
			return true
		}
		for _, own := range w.within {
			if resolved, err := filepath.EvalSymlinks(own); err == nil && resolved == up {
				base := filepath.Base(dir)
				return base == "refs" || base == "logs"
			}
		}
		dir = up
	}
}

// linkTarget returns the ref that a symbolic link stands for. Its text is relative to the Git directory, not to the link.
func linkTarget(path string) (string, bool) {
	target, err := os.Readlink(path)
	if err != nil {
		return "", false
	}
	target = filepath.ToSlash(target)
	return target, strings.HasPrefix(target, "refs/") && safeRefName(target)
}
