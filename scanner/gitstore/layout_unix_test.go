//go:build unix

package gitstore

import (
	"syscall"
	"testing"
)

// TestLayoutFIFOs opens a repository in which FIFOs stand for files. Reading one would wait for ever.
func TestLayoutFIFOs(t *testing.T) {
	l := newLayout(t)
	l.write("refs/heads/main", hexA)
	l.mkdir("logs/refs/heads")
	l.mkdir("worktrees/w")
	for _, name := range []string{"packed-refs", "shallow", "index", "refs/heads/x", "logs/HEAD", "logs/refs/stash", "worktrees/w/HEAD", "MERGE_HEAD", "info"} {
		if err := syscall.Mkfifo(l.path(name), 0o666); err != nil {
			t.Skip(err)
		}
	}
	r := mustOpen(t, l.dir, Options{})
	compareMaps(t, "ref", refMap(r), map[string]string{"HEAD": hexA, "refs/heads/main": hexA})
	if _, err := r.Index(); err == nil {
		t.Error("the index was read")
	}
	r.Reflog()
	if len(r.MergeHeads()) > 0 {
		t.Error("MERGE_HEAD was read")
	}
	// packed-refs, shallow, refs/heads/x, logs/HEAD, logs/refs/stash (as the stash and as a log), worktrees/w/HEAD
	if got := problemList(r); len(got) != 7 {
		t.Errorf("problems: %q", got)
	}
	l.remove("config")
	if err := syscall.Mkfifo(l.path("config"), 0o666); err != nil {
		t.Skip(err)
	}
	mustOpen(t, l.dir, Options{})
}
