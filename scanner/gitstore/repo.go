package gitstore

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
)

var (
	// ErrNotRepository is wrapped by Open's error if there is no repository at the path or above it.
	ErrNotRepository = errors.New("not a Git repository")
	// ErrUnreadable is wrapped by Open's error if there is a repository, but its HEAD, its object format or its object
	// directory cannot be determined.
	ErrUnreadable = errors.New("repository cannot be read")
)

// Options says how a repository is found and read.
type Options struct {
	// Env looks up environment variables, as os.Getenv does. Nil means that there are none. Always obeyed are
	// GIT_OBJECT_DIRECTORY, GIT_ALTERNATE_OBJECT_DIRECTORIES and GIT_QUARANTINE_PATH (while a push is being received, the new
	// objects are found in no other way) and GIT_CEILING_DIRECTORIES.
	Env func(string) string
	// UseEnvDir also obeys GIT_DIR, GIT_COMMON_DIR, GIT_WORK_TREE, GIT_INDEX_FILE and GIT_SHALLOW_FILE. It is for programs
	// that Git starts in the repository that is meant, such as hooks.
	UseEnvDir bool
	// MaxObject and MaxChain bound what is read, as in ObjectOptions.
	MaxObject, MaxChain int64
	// VerifyHash is ObjectOptions.VerifyHash.
	VerifyHash bool
}

// Repo is an open repository. Its methods may be called from several goroutines.
type Repo struct {
	Path      string // what Open was given, made absolute
	GitDir    string // the Git directory of this worktree; absolute, as all paths here
	CommonDir string // the Git directory that the worktrees share; equal to GitDir in the main one
	WorkTree  string // the top of the working tree; "" if there is none
	Bare      bool   // there is no working tree
	Format    Format
	Objects   *Objects
	Shallow   map[ID]bool // commits whose parents were cut off; never nil

	reftable  bool
	indexFile string

	mu       sync.Mutex // for problems
	problems []*Error

	refsOnce sync.Once
	refs     *refTable
}

// Open opens the repository at path: a working tree or a folder in one, a Git directory, a bare repository, or a .git
// file. It looks in path and then in the folders above it. Errors wrap ErrNotRepository or ErrUnreadable; what is wrong
// with only a part of the repository is in Problems.
//
// There is no check of who owns the repository (safe.directory): that check protects from running what its configuration
// names, and nothing that it names is ever run.
func Open(path string, o Options) (*Repo, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", path, ErrNotRepository, err)
	}
	env := environment{get: o.Env, useDir: o.UseEnvDir, base: abs}
	at, err := locate(abs, env)
	if err != nil {
		return nil, err
	}
	r := &Repo{Path: abs, GitDir: at.gitDir}
	if r.CommonDir, err = commonDir(r.GitDir, env); err != nil {
		return nil, err
	}
	conf := r.readConfig()
	if err := r.applyFormat(conf); err != nil {
		return nil, err
	}
	r.WorkTree = r.findWorkTree(at, conf, env)
	r.Bare = r.WorkTree == ""
	r.indexFile = r.findIndex(env)
	if err := r.checkHead(); err != nil {
		return nil, err
	}
	if err := r.openObjects(o, env); err != nil {
		return nil, err
	}
	r.readShallow(env)
	return r, nil
}

// openObjects opens the object database. In a quarantine (git-receive-pack, "QUARANTINE ENVIRONMENT") new objects are in
// the directory that the environment names, and the repository's own is an alternate of it.
func (r *Repo) openObjects(o Options, env environment) error {
	own := filepath.Join(r.CommonDir, "objects")
	dir, alternates := own, env.alternates()
	if quarantine := env.path("GIT_QUARANTINE_PATH", env.base); quarantine != "" && isDirectory(quarantine) == nil {
		alternates = append(alternates, quarantine)
	}
	if set := env.path("GIT_OBJECT_DIRECTORY", env.base); set != "" {
		if err := isDirectory(set); err != nil {
			e := fileError("GIT_OBJECT_DIRECTORY", err)
			e.Why = "object directory of the environment: " + e.Why
			r.note(e)
		} else {
			dir, alternates = set, append(alternates, own)
		}
	}
	objects, err := OpenObjects(dir, alternates, r.Format, ObjectOptions{MaxObject: o.MaxObject, MaxChain: o.MaxChain, VerifyHash: o.VerifyHash})
	if err != nil {
		return fmt.Errorf("%s: %w: %w", r.GitDir, ErrUnreadable, err)
	}
	r.Objects = objects
	return nil
}

// Close closes the object database.
func (r *Repo) Close() error { return r.Objects.Close() }

// Problems returns what of the repository could not be read so far: configuration, refs and object database. It reads the
// refs if that was not done before. What Reflog and reading objects find is added to it.
func (r *Repo) Problems() []*Error {
	r.loadRefs()
	return r.StorageProblems()
}

// StorageProblems is Problems without reading the refs, for those who need none but HEAD.
func (r *Repo) StorageProblems() []*Error {
	r.mu.Lock()
	list := slices.Clone(r.problems)
	r.mu.Unlock()
	return append(list, r.Objects.Problems()...)
}

// note adds to the problems, once.
func (r *Repo) note(e *Error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.problems) >= maxProblems {
		return
	}
	for _, known := range r.problems {
		if *known == *e {
			return
		}
	}
	r.problems = append(r.problems, e)
}

// label names a file of the layout in errors: by its path below the Git directory that the worktrees share.
func (r *Repo) label(path string) string {
	for _, dir := range []string{r.CommonDir, r.GitDir} {
		if rel, err := filepath.Rel(dir, path); err == nil && filepath.IsLocal(rel) {
			return filepath.ToSlash(rel)
		}
	}
	return path
}
