package hooks

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Error is something that the user can put right. Lines is what to write into a file, "" for nothing.
type Error struct{ Message, Hint, Lines string }

func (e *Error) Error() string { return e.Message }

func errorf(hint, format string, args ...any) *Error {
	return &Error{Message: fmt.Sprintf(format, args...), Hint: hint}
}

// Place is where the hooks of a repository are.
type Place struct {
	Dir  string // the folder that Git takes the hooks from; it may not exist
	Top  string // the top of the working tree; "" for a bare repository
	Bare bool
	// Shared: the folder is part of the working tree, so that its files are shared with everybody who clones the repository.
	Shared bool

	gitDir  string
	global  bool // the hooks of all repositories of the user
	forward bool // the folder is Mudlark's, and its hooks call those of the repository
}

// Locate asks Git for the hooks of the repository around dir.
func Locate(dir string) (*Place, error) {
	p, base, err := around(dir)
	if err != nil {
		return nil, err
	}
	if err := ownHooks(base); err != nil {
		return nil, err
	}
	return p, p.setDir(base)
}

// LocateInstalled is Locate for taking hooks out: where Git takes those of more than this repository, it returns the folder of this one's
// own, which may have some from before.
func LocateInstalled(dir string) (*Place, error) {
	p, base, err := around(dir)
	if err != nil {
		return nil, err
	}
	if ownHooks(base) == nil {
		return p, p.setDir(base)
	}
	common, err := git(base, "rev-parse", "--git-common-dir")
	if err != nil {
		return nil, errorf("", "%s: %s", base, firstLine(err))
	}
	p.Dir = filepath.Join(filepath.FromSlash(common), "hooks")
	if !filepath.IsAbs(p.Dir) {
		p.Dir = filepath.Join(base, p.Dir)
	}
	return p, nil
}

// around finds the repository around dir, and where a relative core.hooksPath begins in it, which is where hooks run.
func around(dir string) (p *Place, base string, err error) {
	if _, err := exec.LookPath("git"); err != nil {
		return nil, "", errorf("install Git, or put it into $PATH", "git was not found, and without it no hook runs")
	}
	info, err := os.Stat(dir)
	if err != nil || !info.IsDir() {
		return nil, "", errorf("name a folder that holds a repository", "%s is not a folder", dir)
	}
	out, err := git(dir, "rev-parse", "--is-bare-repository", "--absolute-git-dir")
	if err != nil {
		return nil, "", errorf("name a folder that holds a repository, or make one: git init", "%s: %s", dir, firstLine(err))
	}
	bare, gitDir, _ := strings.Cut(out, "\n")
	p = &Place{Bare: bare == "true", gitDir: gitDir}
	if p.Bare {
		return p, gitDir, nil
	}
	top, err := git(dir, "rev-parse", "--show-toplevel")
	if err != nil {
		return nil, "", errorf("go to the working tree", "%s: %s", dir, firstLine(err))
	}
	p.Top = filepath.FromSlash(top)
	return p, p.Top, nil
}

// setDir asks Git where it takes the hooks from.
func (p *Place) setDir(base string) error {
	file, err := git(base, "rev-parse", "--git-path", "hooks/"+PreCommit)
	if err != nil {
		return errorf("", "%s: %s", base, firstLine(err))
	}
	dir := strings.TrimSuffix(file, "/"+PreCommit)
	if dir == "" {
		return errorf("git config --unset core.hooksPath; git config --show-origin core.hooksPath tells where it is set", "core.hooksPath is empty, so Git looks for hooks in the root folder")
	}
	p.Dir = filepath.FromSlash(dir)
	if !filepath.IsAbs(p.Dir) {
		p.Dir = filepath.Join(base, p.Dir)
	}
	if info, err := os.Stat(p.Dir); err == nil && !info.IsDir() {
		return errorf("git config --unset core.hooksPath", "core.hooksPath is %s, which is no folder, so Git runs no hooks here", p.Dir)
	}
	p.Shared = !p.Bare && isBelow(p.Dir, p.Top) && !isBelow(p.Dir, p.gitDir) && !inGitDir(p.Dir)
	return nil
}

// ownHooks makes sure that the repository's hooks are not those of all repositories of the user or the machine.
func ownHooks(dir string) error {
	out, err := git(dir, "config", "--show-scope", "--get", "core.hooksPath")
	if err != nil {
		return nil // not set; Git before 2.26 has no --show-scope, and is asked no further
	}
	scope, path, _ := strings.Cut(out, "\t")
	if path == "" || scope == "local" || scope == "worktree" {
		return nil
	}
	return errorf("for all of them: mudlark hook install --global; for this one alone: git config core.hooksPath .git/hooks",
		"core.hooksPath is %s for more than this repository (scope: %s)", path, scope)
}

// git runs git and returns what it prints.
func git(dir string, args ...string) (string, error) {
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		if errs.Len() > 0 {
			return "", errors.New(strings.TrimSpace(errs.String()))
		}
		return "", err
	}
	return strings.TrimSuffix(out.String(), "\n"), nil
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// isBelow reports whether path is dir or below it. Links in both are followed as far as they exist.
func isBelow(path, dir string) bool {
	rel, err := filepath.Rel(resolved(dir), resolved(path))
	return err == nil && filepath.IsLocal(rel)
}

// resolved follows the links in the part of path that exists.
func resolved(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	up := filepath.Dir(path)
	if up == path {
		return path
	}
	return filepath.Join(resolved(up), filepath.Base(path))
}

// inGitDir reports whether a folder named .git stands above path.
func inGitDir(path string) bool {
	for part := range strings.SplitSeq(filepath.ToSlash(path), "/") {
		if part == ".git" {
			return true
		}
	}
	return false
}
