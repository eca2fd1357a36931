package scanner

import (
	"crypto/sha1"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"mudlark/scanner/gitstore"
	"mudlark/scanner/history"
)

// fileState is a file of the index or the working tree, as a tree entry would have it.
type fileState struct {
	id   gitstore.ID
	mode uint32
}

// snapshot is a set of files by path.
type snapshot map[string]fileState

// maxSnapshot bounds the files of a snapshot: a tree may hold the same subtree many times.
const maxSnapshot = 1 << 20

// uncommitted examines the index against HEAD (and, in the middle of a merge, against what is being merged), and with
// worktree also the working tree against the index. Both are treated as commits would be, so that what an earlier side
// holds already is not new.
func (s *scan) uncommitted(worktree bool) error {
	if s.repo.WorkTree == "" && worktree {
		return &UsageError{Message: s.o.Target + " has no working tree to read", Hint: "leave --worktree out"}
	}
	idx, err := s.repo.Index()
	if err != nil {
		s.cover.problem(err)
		return nil
	}
	if !worktree {
		s.index(idx)
		return nil
	}
	staged := s.staged(idx)
	var parents []snapshot
	for _, tree := range s.parentTrees() {
		files := snapshot{}
		s.flatten(tree, "", files)
		parents = append(parents, files)
	}
	s.compareSnapshots(sourceIndex, staged, parents)
	s.files = s.workingTree(idx, staged)
	s.compareSnapshots(sourceWorktree, s.files, []snapshot{staged})
	return nil
}

// staged returns the files that a commit of the index would hold.
func (s *scan) staged(idx *gitstore.Index) snapshot {
	files := snapshot{}
	for _, e := range idx.Entries {
		switch {
		case e.Stage != 0 || e.IntentToAdd:
			// A conflict's sides stand in the parents; an intended file is not there yet.
		case e.Mode&0o170000 == 0o040000: // a directory of a sparse index
			prefix := strings.TrimSuffix(string(e.Path), "/") + "/"
			s.flatten(e.ID, prefix, files)
		case e.Mode&0o170000 == 0o100000 || e.Mode&0o170000 == 0o120000:
			files[string(e.Path)] = fileState{e.ID, e.Mode}
		}
	}
	return files
}

// flatten adds the files of a tree to files.
func (s *scan) flatten(tree gitstore.ID, prefix string, files snapshot) {
	full := false
	s.workers[0].differ.Diff(gitstore.ID{}, tree, func(d history.Change) {
		if full = full || len(files) >= maxSnapshot; full {
			return
		}
		files[prefix+string(d.Path)] = fileState{d.New, d.NewMode}
	})
	if full {
		s.tooManyFiles(tree)
	}
}

func (s *scan) tooManyFiles(tree gitstore.ID) {
	s.cover.skip(string(gitstore.Limit), tree.String(), fmt.Sprintf("holds more than %d files; the rest was not compared", maxSnapshot))
}

// parentTrees returns the trees that the next commit will have as parents; one empty tree, with the zero ID, if there is none yet.
func (s *scan) parentTrees() []gitstore.ID {
	var ids []gitstore.ID
	if _, head, ok := s.repo.Head(); ok {
		ids = append(append(ids, head), s.mergeHeads()...)
	}
	if len(ids) == 0 {
		return []gitstore.ID{{}}
	}
	trees := make([]gitstore.ID, len(ids))
	for i, id := range ids {
		data, err := s.workers[0].read(id, gitstore.Commit)
		var c *gitstore.CommitObject
		if err == nil {
			if c, err = gitstore.ParseCommit(data, s.repo.Format); err != nil {
				err = &gitstore.Error{Class: gitstore.Damaged, What: id.String(), Why: err.Error()}
			}
		}
		if err != nil {
			s.cover.problem(err)
			continue
		}
		trees[i] = c.Tree
	}
	return trees
}

// mergeHeads returns the commits that are being merged into HEAD.
func (s *scan) mergeHeads() []gitstore.ID {
	ids := s.repo.MergeHeads()
	for _, name := range s.o.Merging {
		id, err := gitstore.ParseID(name)
		if err != nil || slices.Contains(ids, id) {
			continue
		}
		if _, err := s.repo.ResolveCommit(name); err == nil { // not one of another repository
			ids = append(ids, id)
		}
	}
	return ids
}

// compareSnapshots evaluates a state of the files that is no commit against others.
func (s *scan) compareSnapshots(source string, files snapshot, parents []snapshot) {
	var diffs []history.DiffFunc
	for _, p := range parents {
		diffs = append(diffs, snapshotDiff(p, files))
	}
	s.pseudoCommit(source, diffs, parents)
}

// pseudoCommit evaluates a state of the files that is no commit. sides holds the files of each parent, at least where they differ.
func (s *scan) pseudoCommit(source string, diffs []history.DiffFunc, sides []snapshot) {
	if s.pseudoSides == nil {
		s.pseudoSides = map[string][]snapshot{}
	}
	s.pseudoSides[source] = sides
	w := s.workers[0]
	examinePath := w.pathVisitor()
	for _, diff := range diffs {
		diff(func(d history.Change) {
			if (d.Old.IsZero() || d.New.IsZero()) && (s.include == nil || s.include(d.Path)) {
				examinePath(d.Path)
			}
		})
	}
	step := history.Evaluate(history.None, diffs, s.blobs, view{w}, history.EventOptions{Include: s.include, NewOnly: s.o.Hook})
	for _, e := range step.Events {
		s.pseudo = append(s.pseudo, s.expand(e, source)...)
	}
}

// snapshotDiff compares two sets of files.
func snapshotDiff(old, new snapshot) history.DiffFunc {
	var paths []string
	for p, n := range new {
		if old[p] != n {
			paths = append(paths, p)
		}
	}
	for p := range old {
		if _, ok := new[p]; !ok {
			paths = append(paths, p)
		}
	}
	sort.Strings(paths)
	return func(visit func(history.Change)) bool {
		for _, p := range paths {
			visit(history.Change{Path: []byte(p), Old: old[p].id, New: new[p].id, OldMode: old[p].mode, NewMode: new[p].mode})
		}
		return true
	}
}

// workingTree returns the files of the working tree: those of the index that are there, and untracked ones that no
// .gitignore names. What differs from the index is examined on the way.
func (s *scan) workingTree(idx *gitstore.Index, staged snapshot) snapshot {
	files := snapshot{}
	tracked := map[string]bool{}
	for _, e := range idx.Entries {
		tracked[string(e.Path)] = true
		if e.SkipWorktree || e.Mode&0o170000 == 0o040000 {
			if st, ok := staged[string(e.Path)]; ok {
				files[string(e.Path)] = st
			}
		}
	}
	for p, st := range staged { // files inside the directories of a sparse index
		if !tracked[p] {
			files[p] = st
		}
	}
	walk := fileWalk{root: s.repo.WorkTree, ignore: true, tracked: tracked, problem: s.cover.problem}
	walk.run(func(path string, info fs.FileInfo) {
		st, err := s.workFile(path, info)
		if err != nil {
			s.cover.problem(err)
			return
		}
		files[path] = st
	})
	return files
}

// workFile examines a file of the working tree under the name that its content has, or would have, as a blob.
func (s *scan) workFile(path string, info fs.FileInfo) (fileState, error) {
	name := filepath.Join(s.repo.WorkTree, filepath.FromSlash(path))
	if info.Mode().IsRegular() && info.Size() > wholeText {
		return s.largeWorkFile(path, name, info)
	}
	data, mode, err := readWorkFile(name, info, s.o.MaxBlob)
	if err != nil {
		return fileState{}, err
	}
	id := blobID(s.repo.Format, data)
	b := s.blobs.Number(id)
	if _, known := s.results.get(b); !known {
		w := s.workers[0]
		s.cover.bytes.Add(int64(len(data)))
		s.results.put(b, s.summary(w.file(data, path)))
		s.cover.files.Add(1)
	}
	return fileState{id, mode}, nil
}

// largeWorkFile is workFile for a file that is not held in memory.
func (s *scan) largeWorkFile(path, name string, info fs.FileInfo) (fileState, error) {
	w := s.workers[0]
	h := hashOf(s.repo.Format)
	fmt.Fprintf(h, "blob %d\x00", info.Size())
	if err := w.hashFile(h, name); err != nil {
		return fileState{}, err
	}
	id, err := gitstore.IDFromBytes(h.Sum(nil))
	if err != nil {
		return fileState{}, err
	}
	if b := s.blobs.Number(id); !s.results.has(b) {
		hits, err := w.streamFile(name, path)
		if err != nil {
			return fileState{}, err
		}
		s.results.put(b, s.summary(hits))
		s.cover.files.Add(1)
	}
	return fileState{id, fileMode(info)}, nil
}

// fileMode returns the mode that Git would store of a regular file.
func fileMode(info fs.FileInfo) uint32 {
	if info.Mode()&0o100 != 0 {
		return 0o100755
	}
	return 0o100644
}

// readWorkFile returns what Git would store of a file: a symbolic link's target, or a regular file's bytes.
func readWorkFile(name string, info fs.FileInfo, limit int64) ([]byte, uint32, error) {
	if info.Mode()&fs.ModeSymlink != 0 {
		target, err := os.Readlink(name)
		if err != nil {
			return nil, 0, &gitstore.Error{Class: gitstore.Missing, What: name, Why: reason(err)}
		}
		return []byte(filepath.ToSlash(target)), 0o120000, nil
	}
	data, err := readRegular(name, limit)
	return data, fileMode(info), err
}

// blobID returns the name that Git gives to a blob of this content (gitformat-loose: header, NUL, content).
func blobID(f gitstore.Format, data []byte) gitstore.ID {
	h := hashOf(f)
	fmt.Fprintf(h, "blob %d\x00", len(data))
	h.Write(data)
	id, err := gitstore.IDFromBytes(h.Sum(nil))
	if err != nil {
		panic(err) // both hashes have a length that is right
	}
	return id
}

// hashOf returns the hash that names objects.
func hashOf(f gitstore.Format) hash.Hash {
	if f == gitstore.SHA256 {
		return sha256.New()
	}
	return sha1.New()
}

// fileWalk visits the files below a folder.
type fileWalk struct {
	root    string
	ignore  bool            // leave out what .gitignore files name
	tracked map[string]bool // paths that are visited although ignored
	problem func(error)
	stop    func() bool // asked before each folder; may be nil
	// trackedDirs holds the folders above tracked paths.
	trackedDirs map[string]bool
}

// run calls visit for every regular file and symbolic link, with its slash-separated path below the root, in the order of a
// depth-first walk. Links are not followed; folders named .git, and folders that hold one, below the root are left out:
// they are another repository's.
func (f *fileWalk) run(visit func(path string, info fs.FileInfo)) {
	f.trackedDirs = map[string]bool{}
	for p := range f.tracked {
		for i := strings.LastIndexByte(p, '/'); i > 0; i = strings.LastIndexByte(p[:i], '/') {
			f.trackedDirs[p[:i]] = true
		}
	}
	var g *gitstore.Ignore
	if f.ignore {
		g = gitstore.NewIgnore(f.root)
	}
	f.dir("", nil, g, visit)
}

func (f *fileWalk) dir(rel string, segments []string, g *gitstore.Ignore, visit func(string, fs.FileInfo)) {
	if f.stop != nil && f.stop() {
		return
	}
	entries, err := os.ReadDir(filepath.Join(f.root, filepath.FromSlash(rel)))
	if err != nil {
		f.problem(&gitstore.Error{Class: gitstore.Missing, What: filepath.Join(f.root, rel), Why: reason(err)})
	}
	if g != nil {
		if content, err := readRegular(filepath.Join(f.root, filepath.FromSlash(rel), ".gitignore"), 16<<20); err == nil {
			g.Enter(segments, content)
		} else if e := (*gitstore.Error)(nil); errors.As(err, &e) && e.Class != gitstore.Missing && e.Class != gitstore.Policy {
			f.problem(err)
		}
	}
	for _, e := range entries {
		f.entry(rel, segments, e, g, visit)
	}
}

func (f *fileWalk) entry(rel string, segments []string, e fs.DirEntry, g *gitstore.Ignore, visit func(string, fs.FileInfo)) {
	path := e.Name()
	if rel != "" {
		path = rel + "/" + path
	}
	below := append(segments[:len(segments):len(segments)], e.Name())
	ignored := g != nil && g.Match(below, e.IsDir())
	switch {
	case e.Name() == ".git":
	case e.IsDir():
		if ignored && !f.trackedDirs[path] || f.tracked != nil && isRepository(filepath.Join(f.root, filepath.FromSlash(path))) {
			return
		}
		f.dir(path, below, g, visit)
	case ignored && !f.tracked[path]:
	case e.Type().IsRegular() || e.Type()&fs.ModeSymlink != 0:
		info, err := e.Info()
		if err != nil {
			f.problem(&gitstore.Error{Class: gitstore.Missing, What: path, Why: reason(err)})
			return
		}
		visit(path, info)
	}
}

// isRepository reports whether the folder holds a .git of its own.
func isRepository(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, ".git"))
	return err == nil
}
