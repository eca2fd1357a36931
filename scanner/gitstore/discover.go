package gitstore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// location is where a repository was found.
type location struct {
	gitDir string
	// holder is the folder that has gitDir as its .git, directly or through a .git file; "" if the Git directory itself was
	// found.
	holder string
	// env is set if GIT_DIR named the Git directory.
	env bool
}

// environment is the part of the process environment that Git repositories depend on.
type environment struct {
	get    func(string) string
	useDir bool
	base   string // where relative paths start
}

// lookUp returns a variable that is always obeyed.
func (e environment) lookUp(name string) string {
	if e.get == nil {
		return ""
	}
	return e.get(name)
}

// dirVar returns a variable that is obeyed only if the caller asked for that.
func (e environment) dirVar(name, base string) string {
	if !e.useDir {
		return ""
	}
	return e.path(name, base)
}

// path returns a variable that holds a path, made absolute; "" if it is not set.
func (e environment) path(name, base string) string {
	return absolute(e.lookUp(name), base)
}

// absolute makes path absolute, "" staying "".
func absolute(path, base string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(base, path)
}

// alternates returns the directories of GIT_ALTERNATE_OBJECT_DIRECTORIES. Entries that begin with a double quote are
// quoted as in C.
func (e environment) alternates() []string {
	var list []string
	rest := e.lookUp("GIT_ALTERNATE_OBJECT_DIRECTORIES")
	for rest != "" {
		var entry string
		if entry, rest = cutAlternate(rest); entry != "" {
			list = append(list, absolute(entry, e.base))
		}
	}
	return list
}

// cutAlternate splits the first entry off a list of alternates.
func cutAlternate(s string) (entry, rest string) {
	if s[0] == '"' {
		for i := 1; i < len(s); i++ {
			switch s[i] {
			case '\\':
				i++
			case '"':
				after, ok := strings.CutPrefix(s[i+1:], string(filepath.ListSeparator))
				if path, well := unquoteAlternate(s[:i+1]); well && (ok || after == "") {
					return path, after
				}
				i = len(s)
			}
		}
	}
	entry, rest, _ = strings.Cut(s, string(filepath.ListSeparator))
	return entry, rest
}

// locate finds the Git directory for a path.
func locate(path string, env environment) (location, error) {
	if dir := env.dirVar("GIT_DIR", env.base); dir != "" {
		at, err := locateEnv(dir)
		at.env = true
		return at, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return location{}, fmt.Errorf("%s: %w: %w", path, ErrNotRepository, pathCause(err))
	}
	if !info.IsDir() {
		dir, err := readGitFile(path)
		if err != nil {
			return location{}, fmt.Errorf("%s: %w: %w", path, ErrNotRepository, pathCause(err))
		}
		return location{gitDir: dir, holder: filepath.Dir(path)}, nil
	}
	return discover(path, env)
}

// locateEnv checks the directory, or .git file, that GIT_DIR names.
func locateEnv(dir string) (location, error) {
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() {
		target, err := readGitFile(dir)
		if err != nil {
			return location{}, fmt.Errorf("GIT_DIR: %w: %w", ErrNotRepository, pathCause(err))
		}
		dir = target
	}
	if !isGitDir(dir) {
		return location{}, fmt.Errorf("GIT_DIR: %s: %w", dir, ErrNotRepository)
	}
	return location{gitDir: filepath.Clean(dir)}, nil
}

// discover looks for a repository in dir and the folders above it. In each folder .git comes first, then the folder
// itself as a Git directory.
func discover(dir string, env environment) (location, error) {
	start, ceiling := dir, ceilings(env, dir)
	for {
		at, found, err := lookIn(dir, dir == start)
		if found || err != nil {
			return at, err
		}
		up := filepath.Dir(dir)
		if up == dir || ceiling[up] {
			return location{}, fmt.Errorf("%s: %w", start, ErrNotRepository)
		}
		dir = up
	}
}

// lookIn looks for a repository in one folder. A named folder is also taken for a Git directory if its HEAD is gone, so
// that the user hears of the damage instead of another repository further up.
func lookIn(dir string, named bool) (at location, found bool, err error) {
	dot := filepath.Join(dir, ".git")
	info, err := os.Stat(dot)
	switch {
	case named && errors.Is(err, fs.ErrPermission):
		return location{}, false, fmt.Errorf("%s: %w", dir, fs.ErrPermission)
	case err != nil:
	case info.IsDir() && isGitDir(dot):
		return location{gitDir: dot, holder: dir}, true, nil
	case info.IsDir() && closed(dot):
		return location{}, false, fmt.Errorf("%s: %w", dot, fs.ErrPermission)
	case info.Mode().IsRegular():
		target, err := readGitFile(dot)
		if err != nil {
			return location{}, false, fmt.Errorf("%s: %w: %w", dot, ErrNotRepository, pathCause(err))
		}
		return location{gitDir: target, holder: dir}, true, nil
	}
	if isGitDir(dir) && (named && exists(filepath.Join(dir, "config")) || exists(filepath.Join(dir, "HEAD"))) {
		return location{gitDir: dir}, true, nil
	}
	return location{}, false, nil
}

// ceilings returns the folders that discovery must not enter on its way up from start.
func ceilings(env environment, start string) map[string]bool {
	set := map[string]bool{}
	resolve := true
	for _, dir := range filepath.SplitList(env.lookUp("GIT_CEILING_DIRECTORIES")) {
		if dir == "" { // entries behind an empty one are not resolved (git(1), GIT_CEILING_DIRECTORIES)
			resolve = false
			continue
		}
		if !filepath.IsAbs(dir) {
			continue
		}
		set[filepath.Clean(dir)] = true
		if real, err := filepath.EvalSymlinks(dir); resolve && err == nil {
			set[real] = true
		}
	}
	delete(set, start)
	return set
}

// isGitDir reports whether dir is a Git directory: it has objects and refs, or leads to a common directory that has.
// HEAD is checked later, since a repository that lost it is damaged and not absent.
func isGitDir(dir string) bool {
	if exists(filepath.Join(dir, "commondir")) && exists(filepath.Join(dir, "HEAD")) {
		return true
	}
	return isDirectory(filepath.Join(dir, "objects")) == nil && isDirectory(filepath.Join(dir, "refs")) == nil
}

// closed reports whether what is in dir is hidden from this user.
func closed(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, "objects"))
	return errors.Is(err, fs.ErrPermission)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

var errNoGitFile = errors.New("not a .git file")

// readGitFile returns the Git directory that a .git file names (gitrepository-layout).
func readGitFile(path string) (string, error) {
	text, err := readLayoutFile(path, maxLinkFile)
	if err != nil {
		return "", err
	}
	dir, ok := strings.CutPrefix(string(text), "gitdir: ")
	dir = strings.TrimRight(dir, "\r\n")
	if !ok || dir == "" || strings.ContainsRune(dir, 0) {
		return "", errNoGitFile
	}
	dir = filepath.Clean(absolute(filepath.FromSlash(dir), filepath.Dir(path)))
	if !isGitDir(dir) {
		return "", errors.New("names a Git directory that is not there")
	}
	return dir, nil
}

// commonDir returns the directory that the worktrees of a repository share.
func commonDir(gitDir string, env environment) (string, error) {
	if dir := env.dirVar("GIT_COMMON_DIR", env.base); dir != "" {
		return filepath.Clean(dir), nil
	}
	text, err := readLayoutFile(filepath.Join(gitDir, "commondir"), maxLinkFile)
	if errors.Is(err, fs.ErrNotExist) {
		return gitDir, nil
	}
	dir := strings.TrimRight(string(text), "\r\n")
	if err == nil && (dir == "" || strings.ContainsRune(dir, 0)) {
		err = errors.New("names no directory")
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w: commondir: %w", gitDir, ErrUnreadable, pathCause(err))
	}
	return filepath.Clean(absolute(filepath.FromSlash(dir), gitDir)), nil
}

// pathCause is the cause of a file error without the path, which is named beside it.
func pathCause(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
