package scanner

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"mudlark/scanner/gitstore"
)

// lfsPointer is a Git LFS pointer file: it stands in the history for a large file kept elsewhere.
type lfsPointer struct{ oid string }

// parseLFSPointer recognises a pointer file (git-lfs specification, "The Pointer").
func parseLFSPointer(data []byte) (lfsPointer, bool) {
	if len(data) >= 1024 || !bytes.HasPrefix(data, []byte("version https://git-lfs.github.com/spec/v1\n")) {
		return lfsPointer{}, false
	}
	for _, line := range bytes.Split(data, []byte("\n")) {
		if oid, ok := bytes.CutPrefix(line, []byte("oid sha256:")); ok && len(oid) == 64 {
			if _, err := hex.DecodeString(string(oid)); err == nil {
				return lfsPointer{string(oid)}, true
			}
		}
	}
	return lfsPointer{}, false
}

// lfs examines the file behind a pointer, if the repository has it. own are the hits in the pointer itself.
func (w *worker) lfs(id gitstore.ID, p lfsPointer, own []hit) *examined {
	name := filepath.Join(w.s.repo.CommonDir, "lfs", "objects", p.oid[:2], p.oid[2:4], p.oid)
	info, err := os.Lstat(name)
	if err != nil || !info.Mode().IsRegular() {
		if w.s.o.Hook {
			w.s.cover.note("Git LFS objects were looked at as far as they are here; the others are in no commit and in no push of Git's")
			return w.s.summary(own)
		}
		w.s.cover.skip(string(gitstore.Policy), id.String(), "Git LFS pointer to "+p.oid+", which is not here; `git lfs fetch --all` gets it")
		return w.s.summary(own)
	}
	defer w.alone()()
	if info.Size() > wholeText {
		hits, err := w.largeLFS(id, p, name)
		if err != nil {
			w.s.cover.problem(err)
			return &examined{hits: own, items: numbers(own)}
		}
		return w.joinedLFS(own, hits)
	}
	data, err := readRegular(name, w.s.o.MaxBlob)
	if sum := sha256.Sum256(data); err == nil && hex.EncodeToString(sum[:]) != p.oid {
		err = wrongLFS(id, p)
	}
	if err != nil {
		w.s.cover.problem(err)
		return &examined{hits: own, items: numbers(own)}
	}
	w.s.cover.bytes.Add(int64(len(data)))
	return w.joinedLFS(own, w.file(data, "LFS object "+p.oid))
}

func wrongLFS(id gitstore.ID, p lfsPointer) error {
	return &gitstore.Error{Class: gitstore.Damaged, What: id.String(), Why: "Git LFS object " + p.oid + " has other content than its name says"}
}

// joinedLFS returns what is in a pointer and in the file behind it.
func (w *worker) joinedLFS(own, behind []hit) *examined {
	hits := append(own, behind...)
	slices.SortStableFunc(hits, func(a, b hit) int { return cmp.Compare(a.item, b.item) })
	return w.s.summary(hits)
}

// readRegular reads a regular file of at most limit bytes. Errors are *gitstore.Error.
func readRegular(name string, limit int64) ([]byte, error) {
	f, err := openRegular(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err == nil && info.Size() > limit {
		return nil, tooLarge(name, info.Size(), limit)
	}
	var buf bytes.Buffer
	if err == nil {
		buf.Grow(int(info.Size()) + bytes.MinRead)
		_, err = buf.ReadFrom(io.LimitReader(f, limit+1))
	}
	switch {
	case err != nil:
		return nil, &gitstore.Error{Class: gitstore.Damaged, What: name, Why: reason(err)}
	case int64(buf.Len()) > limit:
		return nil, tooLarge(name, int64(buf.Len()), limit)
	}
	return buf.Bytes(), nil
}

// openRegular opens a regular file without blocking on anything else.
func openRegular(name string) (*os.File, error) {
	info, err := os.Lstat(name)
	if err != nil {
		return nil, &gitstore.Error{Class: gitstore.Missing, What: name, Why: reason(err)}
	}
	if !info.Mode().IsRegular() {
		return nil, &gitstore.Error{Class: gitstore.Policy, What: name, Why: fmt.Sprintf("is not a regular file (%s)", info.Mode().Type())}
	}
	f, err := os.OpenFile(name, os.O_RDONLY|nonBlock, 0)
	if err != nil {
		return nil, &gitstore.Error{Class: gitstore.Missing, What: name, Why: reason(err)}
	}
	if now, err := f.Stat(); err != nil || !now.Mode().IsRegular() {
		f.Close()
		return nil, &gitstore.Error{Class: gitstore.Policy, What: name, Why: "is not a regular file any more"}
	}
	return f, nil
}
