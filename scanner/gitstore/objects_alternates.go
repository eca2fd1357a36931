package gitstore

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// maxAlternateDepth is how deep alternates of alternates are followed, as in Git (object-file.c, link_alt_odb_entries).
const maxAlternateDepth = 5

// maxSmallFile bounds what is read of files that list a few things.
const maxSmallFile = 16 << 20

// addDirs sets dirs: the repository's own directory, then the alternates given by the caller, then those named in files.
func (o *Objects) addDirs(dir string, alternates []string) {
	o.addDir(dir)
	for _, alt := range alternates {
		o.addAlternate(alt, 0)
	}
	o.addListed(o.dirs[0].path, 0)
}

// addDir adds a directory unless it is there already, and reports whether it did.
func (o *Objects) addDir(dir string) bool {
	info, err := os.Stat(dir)
	if err != nil {
		return false
	}
	for _, d := range o.dirs {
		if known, err := os.Stat(d.path); err == nil && os.SameFile(known, info) {
			return false
		}
	}
	d := &objectDir{path: filepath.Clean(dir)}
	d.loose.dir, d.loose.format = d.path, o.format
	o.dirs = append(o.dirs, d)
	return true
}

func (o *Objects) addAlternate(dir string, depth int) {
	if err := isDirectory(dir); err != nil {
		e := fileError(dir, err)
		e.Why = "alternate object directory: " + e.Why
		o.note(e)
		return
	}
	if o.addDir(dir) {
		o.addListed(dir, depth+1)
	}
}

// addListed adds the directories that info/alternates in dir names (gitrepository-layout, "objects/info/alternates").
func (o *Objects) addListed(dir string, depth int) {
	path := filepath.Join(dir, "info", "alternates")
	text, err := readSmallFile(path)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			o.note(fileError(o.label(path), err))
		}
		return
	}
	for _, alt := range parseAlternates(text) {
		if depth > maxAlternateDepth {
			o.note(&Error{Class: Limit, What: o.label(path), Why: "alternates nested too deep"})
			return
		}
		if !filepath.IsAbs(alt) {
			alt = filepath.Join(dir, alt)
		}
		o.addAlternate(alt, depth)
	}
}

// parseAlternates returns the entries of info/alternates: a path a line, those that begin with '#' left out. An entry in
// double quotes is quoted as in C, as Git reads it.
func parseAlternates(text []byte) []string {
	var list []string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		if path, ok := unquoteAlternate(line); ok {
			line = path
		}
		list = append(list, line)
	}
	return list
}

// unquoteAlternate undoes the quoting of quote.c, quote_c_style.
func unquoteAlternate(s string) (string, bool) {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return "", false
	}
	s = s[1 : len(s)-1]
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '"' {
			return "", false
		}
		if c != '\\' {
			out.WriteByte(c)
			continue
		}
		i++
		if i == len(s) {
			return "", false
		}
		if at := strings.IndexByte(`abfnrtv\"`, s[i]); at >= 0 {
			out.WriteByte("\a\b\f\n\r\t\v\\\""[at])
			continue
		}
		if i+3 > len(s) || s[i] > '3' {
			return "", false
		}
		var octal byte
		for _, d := range []byte(s[i : i+3]) {
			if d < '0' || d > '7' {
				return "", false
			}
			octal = octal<<3 | (d - '0')
		}
		out.WriteByte(octal)
		i += 2
	}
	return out.String(), true
}

// isDirectory returns nil if path is a directory.
func isDirectory(path string) error {
	info, err := os.Stat(path)
	if err == nil && !info.IsDir() {
		err = &fs.PathError{Op: "open", Path: path, Err: syscall.ENOTDIR}
	}
	return err
}

// readSmallFile reads a whole regular file.
func readSmallFile(path string) ([]byte, error) {
	f, size, err := openObjectFile(path)
	if err != nil {
		return nil, err
	}
	if size > maxSmallFile {
		return nil, errors.Join(errors.New("file is too large"), f.Close())
	}
	text, err := io.ReadAll(io.LimitReader(f, maxSmallFile))
	return text, errors.Join(err, f.Close())
}
