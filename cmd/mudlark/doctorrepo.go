package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mudlark/detectors"
	"mudlark/hooks"
	"mudlark/scanner"
	"mudlark/scanner/allow"
	"mudlark/scanner/gitstore"
)

// repository tells what is special about the repository around path. named says that the user named it.
func (d *doctor) repository(path string, named bool) {
	r, err := gitstore.Open(path, gitstore.Options{Env: d.e.getenv})
	switch {
	case errors.Is(err, gitstore.ErrNotRepository) && !named:
		d.note("repository", "name one: mudlark doctor path/to/repo", "none around this folder")
		return
	case err != nil:
		d.bad("repository", "git -C "+path+" fsck may say more", "%s: %s", path, err)
		return
	}
	defer r.Close()
	kind := "working tree"
	if r.Bare {
		kind = "bare"
	} else if r.GitDir != r.CommonDir {
		kind = "linked worktree"
	}
	at := r.WorkTree
	if at == "" {
		at = r.GitDir
	}
	d.ok("repository", "%s (%s, %s)", at, kind, r.Format)
	d.head(r)
	d.history(r)
	d.storage(r)
	d.submodules(r)
	for _, p := range r.Problems() {
		d.bad("repository", "git fsck may say more; a scan lists it and ends with exit code 4", "%s", p)
	}
	d.repoConfig(r)
	d.hooks(path)
}

// head tells what HEAD is, and whether its commit is there.
func (d *doctor) head(r *gitstore.Repo) {
	refs := counted(len(r.Refs()), "ref", "refs")
	name, id, ok := r.Head()
	at := strings.TrimPrefix(name, "refs/heads/")
	if at == "" {
		at = "detached"
	}
	if ok {
		if _, _, err := r.Objects.NewReader(1 << 20).Read(id); err != nil {
			d.bad("HEAD", "git fsck says more; a scan lists what is missing and ends with exit code 4", "%s; its commit cannot be read: %s", at, err)
			return
		}
	}
	switch {
	case !ok:
		d.note("HEAD", "a scan reads all other refs", "%s has no commit yet; %s", at, refs)
	default:
		d.ok("HEAD", "%s; %s", at, refs)
	}
}

// history tells where the history ends.
func (d *doctor) history(r *gitstore.Repo) {
	if n := len(r.Shallow); n > 0 {
		d.note("history", "to have it: git fetch --unshallow", "shallow: it ends at %s, and what was before is not here", counted(n, "commit", "commits"))
	}
}

// storage tells where objects are beside the repository itself.
func (d *doctor) storage(r *gitstore.Repo) {
	if r.Partial() {
		d.note("objects", "to have all: git fetch --refetch --no-filter", "a partial clone: what is at the remote only is listed as missing (exit code 4)")
	}
	data, err := readFile(filepath.Join(r.CommonDir, "objects", "info", "alternates"), maxConfig)
	if err != nil {
		return
	}
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			d.note("objects", "", "also taken from %s (alternates)", line)
		}
	}
}

// gitlink is the mode of a submodule in an index (gitformat-index).
const gitlink = 0o160000

// submodules tells how many repositories stand in this one.
func (d *doctor) submodules(r *gitstore.Repo) {
	index, err := r.Index()
	if err != nil {
		d.bad("index", "git status may say more", "%s", err)
		return
	}
	n := 0
	for i := range index.Entries {
		if index.Entries[i].Mode == gitlink {
			n++
		}
	}
	if n > 0 {
		d.note("submodules", "they are repositories of their own: scan each by its path", "%d, which a scan does not enter", n)
	}
}

// repoConfig tells which configuration of the repository counts, and what in it does not.
func (d *doctor) repoConfig(r *gitstore.Repo) {
	if r.WorkTree == "" {
		d.ok("config", "bare: %s and %s of HEAD's commit count", scanner.ConfigName, allow.IgnoreName)
		return
	}
	files := configFiles(r.WorkTree)
	if odd := oddConfigFiles(r.WorkTree); len(odd) > 0 {
		d.bad("config", "put a file in its place", "%s: no regular file (a link or a folder, say), so it does not count", strings.Join(odd, ", "))
	} else if len(files) == 0 {
		d.ok("config", "no %s and no %s here; mudlark init writes a first one", scanner.ConfigName, allow.IgnoreName)
	}
	own := filepath.Join(r.WorkTree, scanner.ConfigName)
	for _, file := range files {
		base := filepath.Base(file)
		if base == scanner.GitleaksConfigName && slices.Contains(files, own) {
			d.note("config", "", "%s is not used, as there is a %s", base, scanner.ConfigName)
			continue
		}
		said, err := checkConfig(file)
		if err != nil {
			d.badErrors("config", err)
			continue
		}
		said, _, _ = strings.Cut(said, "\n")
		d.ok("config", "%s: %s; untrusted, as it comes with the repository", base, said)
		if base == scanner.ConfigName {
			d.ignored(file)
		}
	}
}

// ignored tells what a repository's configuration says in vain.
func (d *doctor) ignored(file string) {
	data, err := readConfig(file)
	if err != nil {
		return // checkConfig has told it
	}
	c, err := scanner.ParseConfig(scanner.ConfigName, data, detectors.Vocabulary(), false)
	if err != nil {
		return
	}
	for _, w := range c.Warnings {
		d.note("config", "what only you may say belongs into your own file, or --config", "%s", w)
	}
}

// hooks tells which hooks there are, whose they are and whether they lead to Mudlark.
func (d *doctor) hooks(path string) {
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		return
	}
	place, found, err := hooks.Inspect(path)
	var told *hooks.Error
	switch {
	case errors.As(err, &told):
		d.note("hooks", told.Hint, "%s", told.Message)
		return
	case err != nil:
		d.note("hooks", "", "%s", err)
		return
	case len(found) == 0:
		d.line("ok", "hooks", "mudlark hook install makes those of Mudlark", "none in %s", place.Dir)
	}
	for _, f := range found {
		d.hook(f)
	}
}

func (d *doctor) hook(f hooks.Found) {
	what := map[string]string{"mudlark": "Mudlark's own", "other": "not Mudlark's"}[f.By]
	if what == "" {
		what = "by " + f.By
	}
	switch {
	case f.Inert:
		d.bad("hooks", "chmod +x "+f.File, "%s is not executable, so Git passes over it", f.File)
	case !f.Calls:
		d.note("hooks", "mudlark hook install adds it and keeps what is there", "%s (%s) does not call Mudlark, as far as can be seen", f.Hook, what)
	case f.Program != "" && !isFile(filepath.FromSlash(f.Program)):
		d.bad("hooks", "mudlark hook install puts the right path into it", "%s (%s) calls %s, which is not there", f.Hook, what, f.Program)
	default:
		d.ok("hooks", "%s (%s) calls Mudlark: %s", f.Hook, what, f.File)
	}
}

func isFile(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular()
}
