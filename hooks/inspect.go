package hooks

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// Found is a hook that is there.
type Found struct {
	Hook string
	File string
	By   string // whose the file is: "mudlark", "husky", "lefthook", "pre-commit", or "other"
	// Calls: it leads to Mudlark, by itself or by what its manager is told.
	Calls bool
	// Program is the path by which it calls Mudlark; "" if it looks into $PATH.
	Program string
	// Inert: it may not be executed, so that Git passes over it.
	Inert bool
}

// Inspect tells which of the hooks that Mudlark serves are there for the repository around dir, wherever Git takes them from. It changes
// nothing.
func Inspect(dir string) (*Place, []Found, error) {
	p, base, err := around(dir)
	if err != nil {
		return nil, nil, err
	}
	if err := p.setDir(base); err != nil {
		return nil, nil, err
	}
	var all []Found
	for _, name := range Names() {
		f, err := p.inspect(name)
		if err != nil {
			return p, all, err
		}
		if f != nil {
			all = append(all, *f)
		}
	}
	return p, all, nil
}

func (p *Place) inspect(name string) (*Found, error) {
	file := filepath.Join(p.Dir, name)
	content, err := readHook(file)
	if err != nil || content == nil {
		return nil, err
	}
	f := &Found{Hook: name, File: file, By: "other"}
	texts := [][]byte{content}
	more := func(file string) {
		if text, err := readHook(file); err == nil {
			texts = append(texts, text)
		}
	}
	husky, isHusky := huskyFile(p, name)
	switch {
	case isOwn(content):
		f.By = "mudlark"
	case isHusky:
		f.By = "husky"
		more(husky)
	case usesLefthook(p, content):
		f.By = "lefthook"
		more(filepath.Join(p.Top, lefthookLocal))
	case isPreCommit(content):
		f.By = "pre-commit"
		more(file + ".legacy")
		if config, err := readHook(filepath.Join(p.Top, ".pre-commit-config.yaml")); err == nil && bytes.Contains(config, []byte("id: mudlark")) {
			f.Calls = true
		}
	}
	for _, t := range texts {
		if lineWith(t, blockBegin) >= 0 && bytes.Contains(t, []byte("hook run "+name)) {
			f.Calls, f.Program = true, programIn(t)
		}
	}
	if info, err := os.Stat(file); err == nil && runtime.GOOS != "windows" {
		f.Inert = info.Mode()&fs.FileMode(0o111) == 0
	}
	return f, nil
}

// programIn returns the path that a hook has for Mudlark, "" if it has none.
func programIn(script []byte) string {
	const start = "mudlark_bin='"
	at := lineWith(script, start)
	if at < 0 {
		return ""
	}
	line, _, _ := strings.Cut(string(script[at+len(start):]), "\n")
	return strings.ReplaceAll(strings.TrimSuffix(line, "'"), `'\''`, "'")
}
