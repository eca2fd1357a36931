package scanner

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"mudlark/scanner/allow"
	"mudlark/scanner/gitstore"
)

// Baselines and ignore files that the caller names may be files of the repository that is scanned. Then a change can alter them as it
// can alter those that are found without being named, and they are treated like these.

// namedFiles returns the files that the caller names. Of one that the commit or index under test holds, entries count as those of what is
// scanned; if configuration is that of another commit (Options.ConfigRevision), the file is taken from there.
func (s *scan) namedFiles() []*allow.File {
	out := slices.Clone(s.o.Allow)
	for i, f := range out {
		path, ok := s.pathInRepository(f.Name)
		if !ok || !s.underTest(path) {
			continue
		}
		if s.configCommit.IsZero() {
			own := *f
			own.Entries = slices.Clone(f.Entries)
			out[i] = ofScanned(&own)
			continue
		}
		out[i] = s.fileOfRevision(f, path)
	}
	return out
}

// pathInRepository returns the path, from the top of the working tree, of a file that the caller names.
func (s *scan) pathInRepository(name string) (string, bool) {
	if s.repo == nil || s.repo.WorkTree == "" {
		return "", false
	}
	file, err := filepath.Abs(name)
	if err == nil {
		file, err = filepath.EvalSymlinks(file)
	}
	if err != nil {
		return "", false
	}
	top, err := filepath.EvalSymlinks(s.repo.WorkTree)
	if err != nil {
		return "", false
	}
	rel, err := filepath.Rel(top, file)
	if err != nil || !filepath.IsLocal(rel) {
		return "", false
	}
	return filepath.ToSlash(rel), true
}

// underTest reports whether the change that is scanned holds a file: others in the working tree are the caller's own.
func (s *scan) underTest(path string) bool {
	if s.o.Staged {
		idx, err := s.repo.Index()
		return err == nil && slices.ContainsFunc(idx.Entries, func(e gitstore.IndexEntry) bool { return string(e.Path) == path })
	}
	var commits []gitstore.ID
	for _, b := range s.o.Branches {
		if id, err := s.repo.ResolveCommit(b); err == nil {
			commits = append(commits, id)
		}
	}
	if _, head, ok := s.repo.Head(); ok && len(commits) == 0 {
		commits = append(commits, head)
	}
	r := s.repo.Objects.NewReader(1 << 20)
	return slices.ContainsFunc(commits, func(c gitstore.ID) bool {
		tree, err := s.treeOf(r, c)
		if err != nil {
			return true // as if it were, since nobody can tell
		}
		_, found, err := s.fileAt(r, tree, path)
		return found || err != nil
	})
}

// fileAt finds a regular file below a tree.
func (s *scan) fileAt(r *gitstore.Reader, tree gitstore.ID, path string) (id gitstore.ID, found bool, err error) {
	id = tree
	for rest := path; rest != ""; {
		var name string
		name, rest, _ = strings.Cut(rest, "/")
		want := uint32(0o100000)
		if rest != "" {
			want = 0o040000
		}
		if id, found, err = s.entryOf(r, id, name, want); !found || err != nil {
			return id, false, err
		}
	}
	return id, found, nil
}

// entryOf finds an entry of a type, by the type bits of its mode, in one tree.
func (s *scan) entryOf(r *gitstore.Reader, tree gitstore.ID, name string, want uint32) (gitstore.ID, bool, error) {
	typ, data, err := r.Read(tree)
	if err == nil && typ != gitstore.Tree {
		err = errWrongType
	}
	if err != nil {
		return tree, false, err
	}
	for it := gitstore.NewTreeIter(data, s.repo.Format); it.Next(); {
		if string(it.Name) == name && it.Mode&0o170000 == want {
			return it.ID, true, nil
		}
	}
	return tree, false, nil
}

// fileOfRevision reads a file that the caller names as it is in the commit whose configuration counts.
func (s *scan) fileOfRevision(f *allow.File, path string) *allow.File {
	none := &allow.File{Name: f.Name, Format: f.Format}
	r := s.repo.Objects.NewReader(1 << 20)
	tree, err := s.treeOf(r, s.configCommit)
	var id gitstore.ID
	var found bool
	if err == nil {
		id, found, err = s.fileAt(r, tree, path)
	}
	var data []byte
	if err == nil && found {
		data, err = s.blobOf(r, id)
	}
	switch {
	case err != nil:
		s.unreadConfig(f.Name, err)
		return none
	case !found:
		s.cover.note(fmt.Sprintf("%s is not in %s, whose configuration counts; nothing that it allows was allowed", f.Name, s.configCommit))
		return none
	}
	old, err := parseNamed(f, data)
	if err != nil {
		s.cover.skip(string(gitstore.Policy), f.Name, "is broken in "+s.configCommit.String()+" and was not applied: "+err.Error())
		return none
	}
	return old
}

// blobOf reads a file that allows secrets.
func (s *scan) blobOf(r *gitstore.Reader, id gitstore.ID) ([]byte, error) {
	typ, size, err := r.Header(id)
	if err == nil && typ != gitstore.Blob {
		err = errWrongType
	}
	if err == nil && size > allow.MaxFile {
		err = &gitstore.Error{Class: gitstore.Limit, What: id.String(), Why: "is too large to be a file that allows secrets"}
	}
	if err != nil {
		return nil, err
	}
	_, data, err := r.Read(id)
	return bytes.Clone(data), err
}

// parseNamed reads another version of a file that the caller names.
func parseNamed(f *allow.File, data []byte) (*allow.File, error) {
	switch f.Format {
	case "ignore":
		return allow.ParseIgnore(f.Name, data), nil
	case "gitleaksignore":
		return allow.ParseGitleaksIgnore(f.Name, data), nil
	}
	return allow.ParseBaseline(f.Name, data)
}
