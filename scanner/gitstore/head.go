package gitstore

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
)

// checkHead makes sure that HEAD can be determined: with a broken one it is unknown what the repository's state is.
func (r *Repo) checkHead() error {
	path := filepath.Join(r.GitDir, "HEAD")
	_, err := r.readRefFile(path)
	if err != nil && r.reftable && !errors.Is(err, fs.ErrNotExist) {
		return nil // only a stand-in; the real one is in the tables
	}
	if err != nil {
		return fmt.Errorf("%s: %w: HEAD: %w", r.GitDir, ErrUnreadable, pathCause(err))
	}
	return nil
}

// findIndex returns the path of the index.
func (r *Repo) findIndex(env environment) string {
	base := r.WorkTree // Git changes to the top of the working tree before it looks
	if base == "" {
		base = env.base
	}
	if path := env.dirVar("GIT_INDEX_FILE", base); path != "" {
		return path
	}
	return filepath.Join(r.GitDir, "index")
}

// readShallow reads the list of commits whose parents were cut off (gitformat shallow). Grafts, which look alike, are never
// applied.
func (r *Repo) readShallow(env environment) {
	r.Shallow = map[ID]bool{}
	path := filepath.Join(r.CommonDir, "shallow")
	if set := env.dirVar("GIT_SHALLOW_FILE", env.base); set != "" {
		path = set
	}
	text, err := readLayoutFile(path, maxPackedRefs)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			r.note(layoutError("shallow", err))
		}
		return
	}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			continue
		}
		id, err := ParseID(line)
		if err != nil || id.Size() != r.Format.Size() {
			r.note(damagedf("shallow", "holds something that is no object name"))
			continue
		}
		r.Shallow[id] = true
	}
}
