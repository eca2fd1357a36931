package scanner

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mudlark/detectors"
	"mudlark/rules"
	"mudlark/scanner/gitstore"
)

// ConfigName is the name of the configuration file in a scanned repository or folder.
const ConfigName = ".mudlark.toml"

// maxRepositoryConfig is the size of the largest configuration that is read from what is scanned.
const maxRepositoryConfig = 1 << 20

// repositoryConfig adds what the scanned repository's own configuration may say: rules, disabled rules, allows, accepted
// coverage and the fingerprint key. The file is the attacker's, so it can do no more than that. If it is broken, the built-in
// rules are used alone and the coverage says so.
func (s *scan) repositoryConfig() {
	c, name, err := s.readConfig(s.repositoryFile)
	next := s.checkNextConfig(err == nil)
	switch {
	case err != nil && next == nextWorks:
		s.cover.note(name + " was broken before this change and was not applied; the change repairs it")
		return
	case err != nil:
		s.cover.skip(string(gitstore.Policy), name, "is broken and was not applied: "+oneLine(err))
		return
	case c == nil:
		return
	}
	for i := range c.Allow {
		c.Allow[i].Scanned = true
	}
	s.warnings = append(s.warnings, c.Warnings...)
	s.conf = s.conf.withUntrusted(c)
}

// readConfig reads the configuration that read finds: Mudlark's, or else that of Gitleaks; nil if there is none. name is the file's.
func (s *scan) readConfig(read func(name string, limit int64) ([]byte, bool)) (c *Config, name string, err error) {
	if data, found := read(ConfigName, maxRepositoryConfig); found {
		name = ConfigName
		c, err = ParseConfig(name, data, detectors.Vocabulary(), false)
	} else if data, found := read(GitleaksConfigName, maxRepositoryConfig); found {
		name = GitleaksConfigName
		c, err = s.parseGitleaks(data)
	}
	if err == nil && c != nil {
		err = rules.CheckSet(slices.Concat(s.o.Rules, s.conf.Rules, c.Rules))
	}
	return c, name, err
}

// tooLargeConfig is the error for a file that says how to scan and has more bytes than are read of such a file.
func tooLargeConfig(name string, limit int64) error {
	return &gitstore.Error{Class: gitstore.Limit, What: name, Why: fmt.Sprintf("is too large and was not applied: more than %d bytes", limit)}
}

// oneLine returns the text of an error that may have several lines as one.
func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

// resolveConfigRevision finds the commit that Options.ConfigRevision names.
func (s *scan) resolveConfigRevision() error {
	switch {
	case s.o.ConfigRevision == "":
		return nil
	case s.repo == nil:
		return &UsageError{Message: "--config-from names a commit, and only git scans a repository", Hint: "use --config FILE"}
	}
	id, err := s.resolve(s.o.ConfigRevision, "--config-from")
	s.configCommit = id
	return err
}

// repositoryFile reads a file at the top of what is scanned: that of the working tree; in a bare repository, and where a push is
// received, that of HEAD, which is as it was before the push; with Options.ConfigRevision, that of the revision. Only a regular file counts, and not the one that --config names.
func (s *scan) repositoryFile(name string, limit int64) ([]byte, bool) {
	var dir string
	switch {
	case s.o.NoRepositoryConfig:
		return nil, false
	case !s.configCommit.IsZero():
		return s.committedFile(s.configCommit, name, limit)
	case s.o.Mode == ModeDir && len(s.o.Paths) > 0:
		dir = s.o.Paths[0]
	case s.repo != nil && s.repo.WorkTree != "" && !s.received():
		dir = s.repo.WorkTree
	case s.repo != nil:
		_, head, ok := s.repo.Head()
		if !ok {
			return nil, false
		}
		return s.committedFile(head, name, limit)
	default:
		return nil, false
	}
	file := filepath.Join(dir, name)
	if !isRegular(file) {
		if _, err := os.Lstat(file); err == nil {
			s.cover.note(name + " is no regular file (a link or a folder, say), so it does not count")
		}
		return nil, false
	}
	if s.o.Config != nil && sameFile(file, s.o.Config.File) {
		return nil, false
	}
	data, err := readRegular(file, limit)
	var e *gitstore.Error
	if errors.As(err, &e) && e.Class == gitstore.Limit {
		err = tooLargeConfig(name, limit)
	}
	if err != nil {
		s.cover.problem(err)
		return nil, false
	}
	return data, true
}

// committedFile reads a regular file at the top of a commit's tree. What cannot be read is coverage, as a scan with fewer rules or
// allows is another one than was asked for.
func (s *scan) committedFile(commit gitstore.ID, name string, limit int64) ([]byte, bool) {
	data, found, err := s.fileOf(commit, name, limit)
	if err != nil {
		s.unreadConfig(name, err)
	}
	return data, found
}

// fileOf reads a regular file at the top of a commit's tree. found is false if there is none.
func (s *scan) fileOf(commit gitstore.ID, name string, limit int64) (data []byte, found bool, err error) {
	r := s.repo.Objects.NewReader(1 << 20)
	tree, err := s.treeOf(r, commit)
	if err != nil {
		return nil, false, err
	}
	ids, err := s.filesAtTop(r, tree, []string{name})
	if err != nil {
		return nil, false, err
	}
	id, ok := ids[name]
	if !ok {
		return nil, false, nil
	}
	typ, size, err := r.Header(id)
	if err == nil && size > limit {
		err = tooLargeConfig(name, limit)
	}
	if err == nil {
		typ, data, err = r.Read(id)
	}
	if err == nil && typ != gitstore.Blob {
		err = errWrongType
	}
	if err != nil {
		return nil, false, err
	}
	return bytes.Clone(data), true, nil
}

// errWrongType says that an object is of another type than what names it says.
var errWrongType = errors.New("an object has the wrong type")

// treeOf returns the tree of a commit.
func (s *scan) treeOf(r *gitstore.Reader, commit gitstore.ID) (gitstore.ID, error) {
	typ, data, err := r.Read(commit)
	if err == nil && typ != gitstore.Commit {
		err = errWrongType
	}
	if err != nil {
		return gitstore.ID{}, err
	}
	c, err := gitstore.ParseCommit(data, s.repo.Format)
	if err != nil {
		return gitstore.ID{}, err
	}
	return c.Tree, nil
}

// filesAtTop finds the regular files with the names given at the top of a tree.
func (s *scan) filesAtTop(r *gitstore.Reader, tree gitstore.ID, names []string) (map[string]gitstore.ID, error) {
	typ, data, err := r.Read(tree)
	if err == nil && typ != gitstore.Tree {
		err = errWrongType
	}
	if err != nil {
		return nil, err
	}
	found := map[string]gitstore.ID{}
	for it := gitstore.NewTreeIter(data, s.repo.Format); it.Next(); {
		if it.Mode&0o170000 == 0o100000 && slices.Contains(names, string(it.Name)) {
			found[string(it.Name)] = it.ID
		}
	}
	return found, nil
}

// unreadConfig notes that a file which says how to scan could not be read; without an err, because it is no file.
func (s *scan) unreadConfig(name string, err error) {
	if err == nil || errors.Is(err, errWrongType) {
		s.cover.skip(string(gitstore.Damaged), name, "could not be read and was not applied")
		return
	}
	s.cover.problem(err)
}

// sameFile reports whether two names are of one file.
func sameFile(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}

// received reports whether the scan is about a push that the repository is being sent.
func (s *scan) received() bool { return s.o.Push != nil && s.o.Push.Received }
