package scanner

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"mudlark/scanner/gitstore"
)

// tip is a ref, or another name, from which the scan starts.
type tip struct {
	name   string
	id     gitstore.ID // what the ref names
	commit gitstore.ID // zero if it leads to no commit
	root   gitstore.ID // a tree or blob that the ref leads to instead
	isTree bool
}

// tagText is an annotated tag that the tips lead through.
type tagText struct {
	id      gitstore.ID
	commit  gitstore.ID // the peeled commit, zero if it peels to something else
	message []byte
	tagger  []byte
}

// tips resolves the job's starting points: all refs, or the branches and HEAD that the options name.
func (s *scan) tips() error {
	var refs []gitstore.Ref
	switch {
	case s.o.Push != nil:
		pushed, err := s.pushTips()
		if err != nil {
			return err
		}
		refs = pushed
	case len(s.o.Branches) > 0:
		for _, b := range s.o.Branches {
			id, err := s.resolve(b, "--branch")
			if err != nil {
				return err
			}
			refs = append(refs, gitstore.Ref{Name: s.fullName(b), ID: id})
		}
	case s.rangeMode() && !s.o.All:
		if _, id, ok := s.repo.Head(); ok {
			refs = []gitstore.Ref{{Name: "HEAD", ID: id}}
		}
	default:
		refs = s.repo.Refs()
	}
	for _, r := range refs {
		s.addTip(r)
	}
	s.cover.refs = len(s.tipList)
	return nil
}

// rangeMode reports whether the job is what some revisions do not reach.
func (s *scan) rangeMode() bool { return len(s.o.Since) > 0 || s.o.Push != nil }

// fullName returns the full name of the ref that a user calls name, or name itself.
func (s *scan) fullName(name string) string {
	for _, prefix := range []string{"", "refs/", "refs/tags/", "refs/heads/", "refs/remotes/"} {
		if slices.ContainsFunc(s.repo.Refs(), func(r gitstore.Ref) bool { return r.Name == prefix+name }) {
			return prefix + name
		}
	}
	return name
}

// addTip follows annotated tags to what the ref finally names.
func (s *scan) addTip(r gitstore.Ref) {
	t := tip{name: r.Name, id: r.ID}
	id := r.ID
	var tags []gitstore.ID
	for {
		typ, data, err := s.workers[0].reader.Read(id)
		if err != nil {
			s.cover.problem(err)
			s.cover.skip(string(gitstore.Missing), r.Name, "names an object that cannot be read: "+id.String())
			break
		}
		if typ == gitstore.Tag && !slices.Contains(tags, id) {
			tag, err := gitstore.ParseTag(data, s.repo.Format)
			if err != nil {
				s.cover.skip(string(gitstore.Damaged), id.String(), "tag: "+err.Error())
				break
			}
			tags = append(tags, id)
			s.addTag(id, tag)
			id = tag.Object
			continue
		}
		switch typ {
		case gitstore.Commit:
			t.commit = id
		case gitstore.Tree:
			t.root, t.isTree = id, true
		case gitstore.Blob:
			t.root = id
		}
		break
	}
	for _, tag := range tags {
		s.tags[tag].commit = t.commit
	}
	s.tipList = append(s.tipList, t)
}

func (s *scan) addTag(id gitstore.ID, tag *gitstore.TagObject) {
	if s.tags[id] == nil {
		s.tags[id] = &tagText{id: id, message: slices.Clone(tag.Message), tagger: person(tag.Tagger)}
	}
}

// resolve finds the object that a revision names, for the flag it was given with.
func (s *scan) resolve(rev, flag string) (gitstore.ID, error) {
	id, err := s.repo.ResolveCommit(rev)
	if err == nil {
		return id, nil
	}
	if !errors.Is(err, gitstore.ErrNoRevision) {
		return id, &UsageError{Message: fmt.Sprintf("%s %s: %v", flag, rev, err), Hint: "name a commit, branch or tag of this repository"}
	}
	if len(s.repo.Shallow) > 0 {
		return id, &UsageError{
			Incomplete: true,
			Message:    fmt.Sprintf("%s %s names nothing in this shallow clone", flag, rev),
			Hint:       "fetch the history first: git fetch --unshallow (in CI: check out with full depth, e.g. fetch-depth: 0)",
		}
	}
	hint := "check the spelling; git branch -a and git tag list the names"
	if flag == "--since-commit" {
		hint = "check the spelling, or fetch it; after a force push the old commit may be gone: scan without " + flag
	}
	return id, &UsageError{Message: fmt.Sprintf("%s %s names nothing in this repository", flag, rev), Hint: hint}
}

// commitsOf returns the commits among the tips.
func commitsOf(tips []tip) []gitstore.ID {
	var out []gitstore.ID
	for _, t := range tips {
		if !t.commit.IsZero() {
			out = append(out, t.commit)
		}
	}
	return out
}

func isNotesRef(name string) bool { return strings.HasPrefix(name, "refs/notes/") }
