package gitstore

import (
	"bytes"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
)

// logEntry is one line of a reflog.
type logEntry struct {
	old, new ID // zero where there is none
	message  []byte
}

// parseReflog parses a reflog, oldest entry first (gitrepository-layout, "logs"). It returns the number of the first bad
// line, 0 if there is none; the others are read all the same.
func parseReflog(text []byte, f Format) (entries []logEntry, bad int) {
	n := f.HexSize()
	for line := 1; len(text) > 0; line++ {
		var entry []byte
		entry, text, _ = bytes.Cut(text, []byte{'\n'})
		if len(bytes.TrimSpace(entry)) == 0 {
			continue
		}
		e, ok := logEntry{}, false
		if len(entry) > 2*n+1 && entry[n] == ' ' && isSpace(entry[2*n+1]) || len(entry) == 2*n+1 && entry[n] == ' ' {
			var err1, err2 error
			e.old, err1 = ParseID(string(entry[:n]))
			e.new, err2 = ParseID(string(entry[n+1 : 2*n+1]))
			ok = err1 == nil && err2 == nil
		}
		if !ok {
			if bad == 0 {
				bad = line
			}
			continue
		}
		if tab := bytes.IndexByte(entry, '\t'); tab >= 0 {
			e.message = entry[tab+1:]
		}
		entries = append(entries, e)
	}
	return entries, bad
}

// readReflogFile reads a reflog file. A missing one is empty.
func (r *Repo) readReflogFile(path string) []logEntry {
	text, err := readLayoutFile(path, maxReflog)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			r.note(layoutError(shown(r.label(path)), err))
		}
		return nil
	}
	entries, bad := parseReflog(text, r.Format)
	if bad > 0 {
		r.note(damagedf(shown(r.label(path)), "bad line %d", bad))
	}
	return entries
}

// refLog returns the reflog of a ref of the opened worktree, oldest entry first.
func (r *Repo) refLog(name string) []logEntry {
	dir := r.CommonDir
	if perWorktree(name) {
		dir = r.GitDir
	}
	if r.reftable {
		return r.tableLog(dir, name)
	}
	return r.readReflogFile(filepath.Join(dir, "logs", filepath.FromSlash(name)))
}

// addStash adds the entries of the stash. Its reflog is where they are kept (git-stash, "DISCUSSION"); the ref itself is
// only the newest.
func (b *refBuilder) addStash() {
	entries := b.repo.refLog("refs/stash")
	for i, e := range entries {
		n := len(entries) - 1 - i
		if e.new.IsZero() || n == 0 && slices.Contains(b.ids, Ref{"refs/stash", e.new}) {
			continue
		}
		b.ids = append(b.ids, Ref{"stash@{" + strconv.Itoa(n) + "}", e.new})
	}
}

// Reflog returns every object name, each once and in order, that a reflog of any worktree holds, before or after a
// change, and those that operations in progress or past have left beside the refs: ORIG_HEAD, FETCH_HEAD, MERGE_HEAD,
// the state of a rebase. Nothing says that the objects still exist.
func (r *Repo) Reflog() []ID {
	set := map[ID]struct{}{}
	add := func(id ID) {
		if !id.IsZero() {
			set[id] = struct{}{}
		}
	}
	for _, id := range r.loadRefs().state {
		add(id)
	}
	dirs := []string{r.CommonDir}
	for _, w := range r.linkedWorktrees() {
		dirs = append(dirs, w.gitDir)
	}
	for _, dir := range dirs {
		if r.reftable {
			r.eachTableLog(dir, func(e logEntry) { add(e.old); add(e.new) })
		}
		r.logFiles(dir, add)
		for _, name := range stateFiles {
			r.stateIDs(filepath.Join(dir, filepath.FromSlash(name)), add)
		}
	}
	list := make([]ID, 0, len(set))
	for id := range set {
		list = append(list, id)
	}
	slices.SortFunc(list, ID.Compare)
	return list
}

// logFiles visits the reflog files of a Git directory.
func (r *Repo) logFiles(gitDir string, add func(ID)) {
	w := refWalk{note: r.note, label: r.label, within: []string{r.CommonDir, r.GitDir}}
	w.visit = func(_, path string) {
		for _, e := range r.readReflogFile(path) {
			add(e.old)
			add(e.new)
		}
	}
	w.run(filepath.Join(gitDir, "logs"), "logs")
}

// stateFiles are the files of a Git directory, other than refs and logs, whose lines begin with names of objects that hold
// work.
var stateFiles = [...]string{
	"ORIG_HEAD", "FETCH_HEAD", "MERGE_HEAD", "MERGE_AUTOSTASH", "CHERRY_PICK_HEAD", "REVERT_HEAD", "REBASE_HEAD",
	"BISECT_HEAD", "AUTO_MERGE", "BISECT_EXPECTED_REV",
	"rebase-merge/orig-head", "rebase-merge/onto", "rebase-merge/autostash", "rebase-merge/stopped-sha",
	"rebase-apply/orig-head", "rebase-apply/onto", "rebase-apply/autostash", "rebase-apply/abort-safety",
	"sequencer/head", "sequencer/abort-safety",
}

// stateIDs reads the object names that the lines of a file begin with. Other lines may be symbolic refs and are left out.
func (r *Repo) stateIDs(path string, add func(ID)) {
	text, err := readLayoutFile(path, maxReflog)
	if err != nil {
		return // most are missing, and none is needed to read the history
	}
	n := r.Format.HexSize()
	for line := range bytes.Lines(text) {
		if len(line) >= n && (len(line) == n || isSpace(line[n])) {
			if id, err := ParseID(string(line[:n])); err == nil {
				add(id)
			}
		}
	}
}

// MergeHeads returns the commits that are being merged into HEAD, none if no merge is in progress.
func (r *Repo) MergeHeads() []ID {
	var list []ID
	r.stateIDs(filepath.Join(r.GitDir, "MERGE_HEAD"), func(id ID) { list = append(list, id) })
	return list
}
