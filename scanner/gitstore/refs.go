package gitstore

import (
	"bytes"
	"cmp"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
)

// Ref is a name and the object that it leads to; annotated tags are not peeled.
type Ref struct {
	// Name is "HEAD" or "refs/..." for the shared refs and those of the worktree that was opened,
	// "worktrees/NAME/HEAD" or "worktrees/NAME/refs/..." for those of a linked worktree, "main-worktree/..." for those of
	// the main one if a linked one was opened, and "stash@{n}" for a stash entry, 0 being the newest.
	Name string
	ID   ID
}

// Refs returns all refs of every namespace, HEADs and per-worktree refs of all worktrees, and stash entries, sorted by
// name. Symbolic refs have the ID of what they lead to. What names nothing yet (the HEAD of an empty repository) is left
// out; what is broken is left out and in Problems. The newest stash entry is left out where refs/stash is the same. The
// result is shared and must not be changed.
func (r *Repo) Refs() []Ref { return r.loadRefs().all }

// Head returns what HEAD is: the name of the branch it points to ("refs/heads/main"), "" if it is detached, and its
// commit. ok is false if there is no commit yet; name is then the branch that the first one will be on.
func (r *Repo) Head() (name string, id ID, ok bool) {
	if r.reftable {
		t := r.loadRefs()
		id, ok = t.find("HEAD")
		return t.links["HEAD"], id, ok
	}
	v, err := r.readRefFile(filepath.Join(r.GitDir, "HEAD"))
	if err != nil {
		return "", ID{}, false
	}
	name = v.target
	for depth := 0; v.target != "" && depth < maxSymrefDepth; depth++ {
		if v, err = r.readRef(v.target); err != nil {
			return name, ID{}, false
		}
	}
	return name, v.id, v.target == "" && !v.id.IsZero()
}

// maxSymrefDepth is how many symbolic refs may follow each other, as in Git (refs.h, SYMREF_MAXDEPTH).
const maxSymrefDepth = 5

// refTable is all refs of a repository.
type refTable struct {
	all   []Ref             // sorted by name
	links map[string]string // symbolic refs: name to name, both as in Ref.Name
	state map[string]ID     // with reftable: ORIG_HEAD and its like, which are no refs
}

func (t *refTable) find(name string) (ID, bool) {
	i, ok := slices.BinarySearchFunc(t.all, name, func(r Ref, n string) int { return cmp.Compare(r.Name, n) })
	if !ok {
		return ID{}, false
	}
	return t.all[i].ID, true
}

// loadRefs reads all refs, once.
func (r *Repo) loadRefs() *refTable {
	r.refsOnce.Do(func() {
		b := refBuilder{repo: r, links: map[string]string{}, state: map[string]ID{}}
		if r.reftable {
			b.readTables()
		} else {
			b.readFiles()
		}
		b.addStash()
		r.refs = b.finish()
	})
	return r.refs
}

// refBuilder collects refs. Those added later win.
type refBuilder struct {
	repo  *Repo
	ids   []Ref
	links map[string]string
	state map[string]ID
}

func (b *refBuilder) note(e *Error) { b.repo.note(e) }

func (b *refBuilder) add(name string, v refValue) {
	if v.target != "" {
		b.links[name] = v.target
		return
	}
	b.ids = append(b.ids, Ref{name, v.id})
}

// finish sorts the refs and follows the symbolic ones.
func (b *refBuilder) finish() *refTable {
	byName := func(x, y Ref) int { return cmp.Compare(x.Name, y.Name) }
	if !slices.IsSortedFunc(b.ids, byName) {
		slices.SortStableFunc(b.ids, byName)
	}
	kept := b.ids[:0]
	for i, ref := range b.ids {
		if _, symbolic := b.links[ref.Name]; symbolic || i+1 < len(b.ids) && b.ids[i+1].Name == ref.Name {
			continue
		}
		kept = append(kept, ref)
	}
	t := &refTable{all: kept, links: b.links, state: b.state}
	var followed []Ref
	for name := range b.links {
		if id, ok := b.follow(t, name); ok {
			followed = append(followed, Ref{name, id})
		}
	}
	if len(followed) > 0 {
		t.all = append(t.all, followed...)
		slices.SortFunc(t.all, byName)
	}
	return t
}

// follow finds the object that a symbolic ref leads to.
func (b *refBuilder) follow(t *refTable, name string) (ID, bool) {
	at := name
	for depth := 0; ; depth++ {
		target, symbolic := b.links[at]
		if !symbolic {
			break
		}
		if depth == maxSymrefDepth {
			b.note(damagedf(shown(name), "symbolic ref leads through more than %d others", maxSymrefDepth))
			return ID{}, false
		}
		at = target
	}
	if id, ok := t.find(at); ok {
		return id, true
	}
	if !mayDangle(name) {
		b.note(damagedf(shown(name), "symbolic ref leads to %s, which is not there", shown(at)))
	}
	return ID{}, false
}

// mayDangle reports whether a symbolic ref can lead to nothing without anything being wrong: HEAD before the first
// commit, and the note of a remote's HEAD after the remote's branch was renamed and pruned.
func mayDangle(name string) bool {
	return name == "HEAD" || strings.HasSuffix(name, "/HEAD") &&
		(strings.HasPrefix(name, "refs/remotes/") || strings.HasPrefix(name, "worktrees/") || strings.HasPrefix(name, "main-worktree/"))
}

// refValue is what a ref holds: an object name, or the name of another ref.
type refValue struct {
	id     ID
	target string
}

var (
	errRefEmpty   = errors.New("ref is empty")
	errRefGarbage = errors.New("ref holds neither an object name nor the name of a ref")
	errRefNull    = errors.New("ref holds the null object name")
)

// parseRef parses the content of a loose ref: "ref: NAME", or an object name that white space may follow.
func parseRef(text []byte, f Format) (refValue, error) {
	trimmed := bytes.TrimRight(text, " \t\r\n")
	if target, ok := bytes.CutPrefix(trimmed, []byte("ref:")); ok {
		target = bytes.TrimLeft(target, " \t\r\n")
		if !safeRefName(string(target)) {
			return refValue{}, errRefGarbage
		}
		return refValue{target: string(target)}, nil
	}
	if len(bytes.Trim(text, "\x00 \t\r\n")) == 0 {
		return refValue{}, errRefEmpty
	}
	n := f.HexSize()
	if len(trimmed) < n || len(trimmed) > n && !isSpace(trimmed[n]) {
		return refValue{}, errRefGarbage
	}
	id, err := ParseID(string(trimmed[:n]))
	if err != nil {
		return refValue{}, errRefGarbage
	}
	if id.IsZero() {
		return refValue{}, errRefNull
	}
	return refValue{id: id}, nil
}

// safeRefName reports whether a name can stand for a ref without leading out of the Git directory. It is laxer than
// git-check-ref-format: odd names are read.
func safeRefName(name string) bool {
	if name == "" || strings.ContainsAny(name, "\x00\n") {
		return false
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part == "." || part == ".." {
			return false
		}
	}
	return strings.HasPrefix(name, "refs/") || isRootRef(name)
}

// isRootRef reports whether name is that of a ref beside refs/, as HEAD is.
func isRootRef(name string) bool {
	for i := range len(name) {
		if c := name[i]; c != '_' && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return name != ""
}

// readRef reads one ref of the opened worktree by its name.
func (r *Repo) readRef(name string) (refValue, error) {
	dir := r.CommonDir
	if perWorktree(name) {
		dir = r.GitDir
	}
	var v refValue
	path, err := filepath.Localize(name) // fails for names that Windows reserves, which can only be packed there
	if err == nil {
		v, err = r.readRefFile(filepath.Join(dir, path))
	}
	if err == nil || !strings.HasPrefix(name, "refs/") {
		return v, err
	}
	// A folder may have taken the place of the file: refs/a and refs/a/b cannot both be loose, but packed refs remain.
	if id, ok := r.findPacked(name); ok {
		return refValue{id: id}, nil
	}
	return v, err
}

// readRefFile reads a loose ref. A symbolic link to "refs/..." is a symbolic ref, as very old Gits wrote them.
func (r *Repo) readRefFile(path string) (refValue, error) {
	if target, ok := linkTarget(path); ok {
		return refValue{target: target}, nil
	}
	text, err := readLayoutFile(path, maxLinkFile)
	if err != nil {
		return refValue{}, err
	}
	return parseRef(text, r.Format)
}

// perWorktree reports whether each worktree has its own ref of this name (git-worktree, "REFS").
func perWorktree(name string) bool {
	return !strings.HasPrefix(name, "refs/") || strings.HasPrefix(name, "refs/bisect/") ||
		strings.HasPrefix(name, "refs/worktree/") || strings.HasPrefix(name, "refs/rewritten/")
}

// readPacked parses packed-refs.
func (b *refBuilder) readPacked() {
	path := filepath.Join(b.repo.CommonDir, "packed-refs")
	text, err := readLayoutFile(path, maxPackedRefs)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			b.note(layoutError("packed-refs", err))
		}
		return
	}
	b.ids = slices.Grow(b.ids, len(text)/64)
	if bad := parsePackedRefs(text, b.repo.Format, func(name string, id ID) { b.ids = append(b.ids, Ref{name, id}) }); bad > 0 {
		b.note(damagedf("packed-refs", "bad line %d", bad))
	}
}

// parsePackedRefs calls yield for each ref of a packed-refs file. It returns the number of the first bad line, 0 if there
// is none; the others are read all the same. A last line without a newline is bad, because its name may be cut off, but
// is read too.
func parsePackedRefs(data []byte, f Format, yield func(name string, id ID)) (bad int) {
	hexSize := f.HexSize()
	text := string(data) // one copy that all names share
	for line := 1; text != ""; line++ {
		var entry string
		var whole bool
		entry, text, whole = strings.Cut(text, "\n")
		entry = strings.TrimSuffix(entry, "\r")
		if entry == "" && whole || strings.HasPrefix(entry, "#") || isPeeled(entry, hexSize) {
			continue
		}
		ok := whole
		if len(entry) > hexSize+1 && isSpace(entry[hexSize]) && safeRefName(entry[hexSize+1:]) {
			id, err := ParseID(entry[:hexSize])
			if err == nil && !id.IsZero() {
				yield(entry[hexSize+1:], id)
			} else {
				ok = false
			}
		} else {
			ok = false
		}
		if !ok && bad == 0 {
			bad = line
		}
	}
	return bad
}

// isPeeled reports whether a line of packed-refs is what the tag in the line above peels to.
func isPeeled(line string, hexSize int) bool {
	if len(line) != hexSize+1 || line[0] != '^' {
		return false
	}
	_, err := ParseID(line[1:])
	return err == nil
}

// findPacked finds one ref in packed-refs without parsing the rest.
func (r *Repo) findPacked(name string) (ID, bool) {
	text, err := readLayoutFile(filepath.Join(r.CommonDir, "packed-refs"), maxPackedRefs)
	if err != nil {
		return ID{}, false
	}
	want, n := []byte(" "+name), r.Format.HexSize()
	for at := 0; ; {
		i := bytes.Index(text[at:], want)
		if i < 0 {
			return ID{}, false
		}
		start, end := at+i-n, at+i+len(want)
		at = end
		rest := text[end:]
		if start < 0 || start > 0 && text[start-1] != '\n' ||
			len(rest) > 0 && rest[0] != '\n' && !bytes.HasPrefix(rest, []byte("\r\n")) {
			continue
		}
		if id, err := ParseID(string(text[start : start+n])); err == nil && !id.IsZero() {
			return id, true
		}
	}
}
