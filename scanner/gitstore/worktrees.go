package gitstore

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// worktree is a linked worktree as the shared Git directory knows it.
type worktree struct {
	gitDir string
	prefix string // of its refs' names, "" for the one that was opened
}

// linkedWorktrees returns the linked worktrees, those whose working tree is gone included: Git keeps their commits until
// they are pruned.
func (r *Repo) linkedWorktrees() []worktree {
	dir := filepath.Join(r.CommonDir, "worktrees")
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.note(fileError(r.label(dir), err))
	}
	own, ownErr := os.Stat(r.GitDir)
	foundOwn := r.GitDir == r.CommonDir
	var list []worktree
	for _, e := range entries {
		w := worktree{filepath.Join(dir, e.Name()), "worktrees/" + e.Name() + "/"}
		info, err := os.Stat(w.gitDir)
		if err != nil || !info.IsDir() || !exists(filepath.Join(w.gitDir, "HEAD")) && !exists(filepath.Join(w.gitDir, "gitdir")) {
			continue
		}
		if !foundOwn && ownErr == nil && os.SameFile(info, own) {
			w.prefix, foundOwn = "", true
		}
		list = append(list, w)
	}
	if !foundOwn { // the common directory was named by the environment, or has lost track of the worktree
		list = append(list, worktree{r.GitDir, ""})
	}
	return list
}

// findWorkTree returns the top of the working tree, "" if there is none.
func (r *Repo) findWorkTree(at location, conf *storage, env environment) string {
	if dir := env.dirVar("GIT_WORK_TREE", env.base); dir != "" {
		return filepath.Clean(dir)
	}
	if conf.workTree != "" {
		return filepath.Clean(absolute(filepath.FromSlash(conf.workTree), r.GitDir))
	}
	if conf.bare != nil && *conf.bare {
		return ""
	}
	switch {
	case at.holder != "":
		return at.holder
	case r.GitDir != r.CommonDir:
		return r.linkedTop()
	case filepath.Base(r.GitDir) == ".git":
		return filepath.Dir(r.GitDir)
	case at.env && env.base != r.GitDir && !isBelow(env.base, r.GitDir):
		return env.base // with GIT_DIR alone, the current folder is the top
	}
	return ""
}

// linkedTop returns the top of a linked worktree from the file that leads back to its .git file.
func (r *Repo) linkedTop() string {
	text, err := readLayoutFile(filepath.Join(r.GitDir, "gitdir"), maxLinkFile)
	if err != nil {
		return ""
	}
	dotGit := strings.TrimRight(string(text), "\r\n")
	if dotGit == "" || strings.ContainsRune(dotGit, 0) {
		return ""
	}
	return filepath.Dir(filepath.Clean(absolute(filepath.FromSlash(dotGit), r.GitDir)))
}

func isBelow(path, dir string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(rel)
}
