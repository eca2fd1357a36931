package scanner

import (
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

// repositoryConfig adds what the scanned repository's own configuration may say: rules, accepted coverage and the
// fingerprint key. The file is the attacker's, so it can do no more than that. If it is broken, the built-in rules are used
// alone and the coverage says so.
func (s *scan) repositoryConfig() {
	data, found := s.readRepositoryConfig()
	if !found {
		return
	}
	c, err := ParseConfig(ConfigName, data, detectors.Vocabulary(), false)
	if err == nil {
		err = rules.CheckSet(slices.Concat(s.o.Rules, s.conf.Rules, c.Rules))
	}
	if err != nil {
		s.cover.skip(string(gitstore.Policy), ConfigName, "is broken and was not applied: "+strings.ReplaceAll(err.Error(), "\n", "; "))
		return
	}
	s.warnings = append(s.warnings, c.Warnings...)
	s.conf = s.conf.withUntrusted(c)
}

// readRepositoryConfig reads the file of the working tree; in a bare repository, that of HEAD.
func (s *scan) readRepositoryConfig() ([]byte, bool) {
	const limit = 1 << 20
	var dir string
	switch {
	case s.o.Mode == ModeDir && len(s.o.Paths) > 0:
		dir = s.o.Paths[0]
	case s.repo != nil && s.repo.WorkTree != "":
		dir = s.repo.WorkTree
	case s.repo != nil:
		return s.headConfig()
	default:
		return nil, false
	}
	name := filepath.Join(dir, ConfigName)
	if !isRegular(name) || s.o.Config != nil && sameFile(name, s.o.Config.File) {
		return nil, false
	}
	data, err := readRegular(name, limit)
	if err != nil {
		s.cover.problem(err)
		return nil, false
	}
	return data, true
}

func (s *scan) headConfig() ([]byte, bool) {
	_, head, ok := s.repo.Head()
	if !ok {
		return nil, false
	}
	w := s.repo.Objects.NewReader(1 << 20)
	typ, data, err := w.Read(head)
	if err != nil || typ != gitstore.Commit {
		return nil, false // the scan itself reports it
	}
	c, err := gitstore.ParseCommit(data, s.repo.Format)
	if err != nil {
		return nil, false
	}
	if typ, data, err = w.Read(c.Tree); err != nil || typ != gitstore.Tree {
		return nil, false
	}
	for it := gitstore.NewTreeIter(data, s.repo.Format); it.Next(); {
		if string(it.Name) == ConfigName && it.Mode&0o170000 == 0o100000 {
			typ, data, err = w.Read(it.ID)
			if err != nil || typ != gitstore.Blob {
				return nil, false
			}
			return slices.Clone(data), true
		}
	}
	return nil, false
}

// sameFile reports whether two names are of one file.
func sameFile(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}
