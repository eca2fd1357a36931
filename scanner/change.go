package scanner

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"mudlark/scanner/allow"
	"mudlark/scanner/gitstore"
	"mudlark/scanner/history"
)

// Change is a change that a CI system tests, as far as the system tells it.
type Change struct {
	Head string // object name of the commit under test; "" for what is checked out
	// Bases are object names of commits that were known before. Target is the branch that the change is to go into. One of all has to be
	// there if any is named.
	Bases  []string
	Target string
	// Before is the object name of what Branch was before a push; "" if that is not known. It may be gone.
	Before          string
	Branch, Default string // "" if unknown
	Whole           bool   // no change: the whole history is meant
}

// Range is what of a repository a change consists of.
type Range struct {
	Since    []string // revisions, as in Options
	Branches []string // revisions, as in Options; nil for HEAD
	// ConfigRevision is the commit whose configuration counts; "" if there is none.
	ConfigRevision string
	// OwnFiles are the configuration and ignore files that ConfigRevision has, if it is the commit under test itself, as nothing from before is
	// known: the change may allow its own secrets by them.
	OwnFiles []string
	Notes    []string // what was decided without being told, for people
	// Partial: objects may be missing in the clone, by design.
	Partial bool
}

// ResolveChange finds what a change consists of in the repository at target. A *UsageError with Incomplete set says that the clone lacks the
// history that is needed; it has no hint, as only the caller knows the CI system.
//
// Where it is not known what was there before, more is looked at and never less: of a new branch what the default branch does not have, else
// its whole history. Other branches do not count as known, since what two pushes bring at once would else be looked at by none.
func ResolveChange(ctx context.Context, target string, getenv func(string) string, c Change) (*Range, error) {
	s := &scan{o: (&Options{Mode: ModeGit, Target: localPath(target), Getenv: getenv}).withDefaults(), cover: newCoverage()}
	if err := s.openRepo(); err != nil {
		return nil, err
	}
	r := &changeResolver{scan: s, repo: s.repo, change: c, out: &Range{Partial: s.repo.Partial()}}
	err := r.resolve(ctx)
	if closeErr := s.repo.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return nil, err
	}
	return r.out, nil
}

type changeResolver struct {
	scan   *scan // open, for reading what a commit holds
	repo   *gitstore.Repo
	change Change
	out    *Range
	head   gitstore.ID
	bases  []gitstore.ID
}

func (r *changeResolver) resolve(ctx context.Context) error {
	_, checkedOut, ok := r.repo.Head()
	if c := r.change; c.Whole {
		if ok {
			r.out.ConfigRevision = "HEAD"
		}
		if len(r.repo.Shallow) > 0 {
			return r.incomplete("the whole history is wanted, and this clone is shallow")
		}
		return nil
	}
	r.head = checkedOut
	if r.change.Head != "" {
		var there bool
		if r.head, there = r.commit(r.change.Head); !there {
			return r.incomplete("the commit under test, %s, is not in this clone", r.change.Head)
		}
	} else if !ok {
		return &UsageError{Message: "HEAD names no commit", Hint: "check out the commit under test"}
	}
	if r.head != checkedOut {
		r.out.Branches = []string{r.head.String()}
	}
	if err := r.findBases(); err != nil {
		return err
	}
	for _, b := range r.bases {
		r.out.Since = append(r.out.Since, b.String())
	}
	switch {
	case len(r.bases) > 0:
		r.out.ConfigRevision = r.out.Since[0]
	default:
		r.out.ConfigRevision = r.head.String()
		r.out.OwnFiles = r.ownFiles()
		if r.out.Branches == nil {
			r.out.Branches = []string{"HEAD"}
		}
	}
	return r.checkDepth(ctx)
}

func (r *changeResolver) findBases() error {
	c := r.change
	if len(c.Bases) > 0 || c.Target != "" {
		for _, name := range c.Bases {
			r.add(r.commit(name))
		}
		if c.Target != "" {
			r.add(r.branch(c.Target))
		}
		if len(r.bases) == 0 {
			return r.incomplete("nothing of the branch that the change goes into (%s) is in this clone", strings.Join(append(c.Bases, c.Target), " "))
		}
		return nil
	}
	if c.Before != "" {
		if before, there := r.commit(c.Before); there {
			r.add(before, true)
			return nil
		}
		if len(r.repo.Shallow) > 0 {
			return r.incomplete("what the branch was before, %s, is not in this shallow clone", c.Before)
		}
		r.note("what the branch was before, %s, is gone, as after a force push", c.Before)
	}
	r.useDefault()
	return nil
}

// useDefault takes the default branch for what is known, unless it is the one under test.
func (r *changeResolver) useDefault() {
	c := r.change
	if c.Default != "" {
		known, there := r.branch(c.Default)
		if c.Branch != c.Default && there {
			r.add(known, true)
			r.note("looking at what the branch %s does not have", c.Default)
			return
		}
	} else if known, there := r.commit("refs/remotes/origin/HEAD"); there {
		own, tracked := r.ref("refs/remotes/origin/" + c.Branch)
		if c.Branch == "" || tracked && own != known {
			r.add(known, true)
			r.note("looking at what the default branch does not have")
			return
		}
	}
	r.note("it is not known what was there before; looking at the whole history of the commit under test")
}

// ownFiles returns the names of the files by which the commit under test says itself how it is scanned.
func (r *changeResolver) ownFiles() []string {
	reader := r.repo.Objects.NewReader(1 << 20)
	tree, err := r.scan.treeOf(reader, r.head)
	if err != nil {
		return nil // the scan tells
	}
	names := []string{ConfigName, GitleaksConfigName, allow.IgnoreName, allow.GitleaksIgnoreName}
	found, err := r.scan.filesAtTop(reader, tree, names)
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(names, func(name string) bool {
		_, both := found[ConfigName]
		return found[name].IsZero() || name == GitleaksConfigName && both
	})
}

func (r *changeResolver) note(format string, args ...any) {
	r.out.Notes = append(r.out.Notes, fmt.Sprintf(format, args...))
}

func (r *changeResolver) add(id gitstore.ID, there bool) {
	if there && !slices.Contains(r.bases, id) {
		r.bases = append(r.bases, id)
	}
}

// commit finds the commit that an object name or a full name of a ref names.
func (r *changeResolver) commit(name string) (gitstore.ID, bool) {
	id, err := r.repo.ResolveCommit(name)
	return id, err == nil
}

// branch finds a branch as the remote has it. In a bare repository the branches are those of where it was cloned from.
func (r *changeResolver) branch(name string) (gitstore.ID, bool) {
	if id, there := r.ref("refs/remotes/origin/" + name); there {
		return id, true
	}
	for _, ref := range r.repo.Refs() {
		rest, remote := strings.CutPrefix(ref.Name, "refs/remotes/")
		if _, branch, ok := strings.Cut(rest, "/"); remote && ok && branch == name {
			return r.ref(ref.Name)
		}
	}
	if !r.repo.Bare {
		return gitstore.ID{}, false
	}
	return r.ref("refs/heads/" + name)
}

// ref finds the commit of the ref of exactly this name, which may come from anybody: it is no expression.
func (r *changeResolver) ref(name string) (gitstore.ID, bool) {
	for _, ref := range r.repo.Refs() {
		if ref.Name == name {
			return r.commit(ref.ID.String())
		}
	}
	return gitstore.ID{}, false
}

// checkDepth makes sure that the history between the bases and the head is all there: behind a shallow boundary everything would look new.
func (r *changeResolver) checkDepth(ctx context.Context) error {
	if len(r.repo.Shallow) == 0 {
		return nil
	}
	o := history.LoadOptions{Tips: []gitstore.ID{r.head}, Bases: r.bases, Problem: func(error) {}}
	g, _, err := history.LoadRange(ctx, r.repo, r.repo.Objects.NewReader(8<<20), o)
	if err != nil {
		return err
	}
	for c := range int32(g.Len()) {
		if g.InRange(c) && g.Boundary(c) {
			return r.incomplete("the clone is too shallow: the history of the change is cut off at %s", g.ID(c))
		}
	}
	return nil
}

func (r *changeResolver) incomplete(format string, args ...any) error {
	return &UsageError{Incomplete: true, Message: fmt.Sprintf(format, args...)}
}

// Origin returns the URL that the configuration of the repository at target has for the remote origin; "" if it has none.
func Origin(target string, getenv func(string) string) string {
	repo, err := gitstore.Open(localPath(target), gitstore.Options{Env: getenv})
	if err != nil {
		return ""
	}
	url := repo.RemoteURL("origin")
	if err := repo.Close(); err != nil {
		return ""
	}
	return url
}

// IsRepository reports whether there is a repository at target, or in a folder above it.
func IsRepository(target string, getenv func(string) string) bool {
	repo, err := gitstore.Open(localPath(target), gitstore.Options{Env: getenv})
	return err == nil && repo.Close() == nil
}
