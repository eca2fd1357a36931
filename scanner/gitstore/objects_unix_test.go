//go:build unix

package gitstore

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestFIFOs puts FIFOs, on which open would wait, where files belong.
func TestFIFOs(t *testing.T) {
	a := blobEntry("content")
	s := newStore(t)
	s.pack("pack-a", a)
	loose := nameOf(Blob, []byte("loose"))
	s.loose(loose, nil)
	for _, name := range []string{"pack/pack-a.pack", loose.String()[:2] + "/" + loose.String()[2:], "pack/multi-pack-index", "info/alternates", "pack/pack-b.idx"} {
		path := filepath.Join(s.dir, name)
		if err := errors.Join(os.RemoveAll(path), os.MkdirAll(filepath.Dir(path), 0o777), syscall.Mkfifo(path, 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	s.write("pack/pack-b.pack", nil)
	store := s.open(ObjectOptions{})
	wantClass(t, store, a.id, Damaged, errNotRegular.Error())
	wantClass(t, store, loose, Damaged, errNotRegular.Error())
	if n := len(store.Problems()); n != 4 {
		t.Errorf("problems: %v", store.Problems())
	}
}

// TestIndexShrinks truncates a pack's index and the pack while they are open.
func TestIndexShrinks(t *testing.T) {
	var entries []madeEntry
	for i := range 2000 {
		entries = append(entries, blobEntry(string(rune('a'+i%26))+string(rune(i))))
	}
	s := newStore(t)
	s.pack("pack-a", entries...)
	store := s.open(ObjectOptions{})
	if _, _, err := store.NewReader(0).Read(entries[0].id); err != nil {
		t.Fatal(err)
	}
	err := errors.Join(os.Truncate(filepath.Join(s.dir, "pack", "pack-a.idx"), 2000), os.Truncate(filepath.Join(s.dir, "pack", "pack-a.pack"), 100))
	if err != nil {
		t.Fatal(err)
	}
	r, failed := store.NewReader(0), 0
	for _, e := range entries {
		if _, _, err := r.Read(e.id); err != nil {
			failed++
		}
	}
	if failed == 0 {
		t.Error("everything is still read")
	}
	store.Order([]ID{entries[0].id, entries[1].id})
	var e *Error // where the index is mapped; where it was read, All knows nothing of it
	if err := store.All(func(ID) bool { return true }); err != nil && !errors.As(err, &e) {
		t.Error(err)
	}
}

// TestSymlinkedPacks reads packs that are symbolic links to files elsewhere.
func TestSymlinkedPacks(t *testing.T) {
	a := blobEntry("content")
	target, s := newStore(t), newStore(t)
	target.pack("pack-a", a)
	s.write("pack/other", nil)
	for _, name := range []string{"pack/pack-a.pack", "pack/pack-a.idx"} {
		if err := os.Symlink(filepath.Join(target.dir, name), filepath.Join(s.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	wantClass(t, s.open(ObjectOptions{}), a.id, "", "")
}
