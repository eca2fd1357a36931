package scanner

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// newInIndex expects a secret that the index adds.
func (r *sandbox) newInIndex(secret, path string, line int) *want {
	r.opt.Staged = true
	w := r.expect(secret, "", path, line, gone)
	w.source = sourceIndex
	return w
}

// newInTree expects a secret that the working tree adds.
func (r *sandbox) newInTree(secret, path string, line int) *want {
	r.opt.Worktree = true
	w := r.expect(secret, "", path, line, gone)
	w.source = sourceWorktree
	return w
}

func TestStaged(t *testing.T) {
	t.Parallel()
	ready := func(r *sandbox) {
		r.put("README.md", doc(1, 5))
		r.checkout()
		r.opt.Staged = true
	}
	runScenarios(t, []scenario{
		{"staged, then removed from the working tree only", func(r *sandbox) {
			ready(r)
			r.stage("s.env", "a\n"+key(1))
			r.write("s.env", "a\n")
			r.newInIndex(token(1), "s.env", 2)
		}},
		{"only in the working tree", func(r *sandbox) {
			ready(r)
			r.stage("s.env", "a\nb\n")
			r.write("s.env", "a\n"+key(8))
			r.write("untracked.env", key(9))
		}},
		{"nothing staged", func(r *sandbox) { ready(r) }},
		{"from a subdirectory", func(r *sandbox) {
			ready(r)
			r.stage("top.env", key(1))
			r.write("sub/keep", "x")
			r.opt.Target = filepath.Join(r.path, "sub")
			r.newInIndex(token(1), "top.env", 1)
		}},
		{"no commit yet", func(r *sandbox) {
			r.stage("s.env", key(1))
			r.newInIndex(token(1), "s.env", 1).head = noHead
		}},
		{"neither index nor commit", func(r *sandbox) { r.opt.Staged = true }},
		{"old secret on another line; another one removed", func(r *sandbox) {
			r.commit(text("a.env", doc(1, 60)+key(8)), text("b.env", key(9)))
			r.checkout()
			r.stage("a.env", "new top line\n"+doc(1, 60)+key(8))
			r.stage("b.env", "-\n")
			r.opt.Staged = true
		}},
		{"new secret beside an old one", func(r *sandbox) {
			r.commit(text("a.env", key(8)))
			r.checkout()
			r.stage("a.env", key(8)+key(1))
			r.newInIndex(token(1), "a.env", 2)
		}},
		{"rename that adds one", func(r *sandbox) {
			r.put("old.cfg", doc(3, 60))
			r.checkout()
			r.git("mv", "old.cfg", "new.cfg")
			r.stage("new.cfg", doc(3, 60)+key(1))
			r.newInIndex(token(1), "new.cfg", 61)
		}},
		{"rename alone", func(r *sandbox) {
			r.put("old.cfg", key(9))
			r.checkout()
			r.git("mv", "old.cfg", "new.cfg")
			r.opt.Staged = true
		}},
		{"copy of a file that stays", func(r *sandbox) {
			r.put("a.env", key(1))
			r.checkout()
			r.stage("b.env", key(1))
			r.newInIndex(token(1), "b.env", 1).head = here
		}},
		{"deletion", func(r *sandbox) {
			r.put("a.env", key(1))
			r.checkout()
			r.git("rm", "-q", "a.env")
			r.opt.Staged = true
		}},
		{"symbolic link", func(r *sandbox) {
			ready(r)
			if err := os.Symlink("https://x:"+token(1)+"@host.invalid", filepath.Join(r.path, "l")); err != nil {
				r.t.Skip(err)
			}
			r.git("add", "l")
			r.newInIndex(token(1), "l", 1)
		}},
		{"index of version 4", func(r *sandbox) {
			ready(r)
			for _, p := range []string{"a/b/c.env", "a/b/d.env", "a/e.env"} {
				r.stage(p, "x\n")
			}
			r.stage("a/b/s.env", key(1))
			r.git("update-index", "--index-version", "4")
			r.newInIndex(token(1), "a/b/s.env", 1)
		}},
		{"intended to be added", func(r *sandbox) {
			ready(r)
			r.stage("s.env", key(1))
			r.write("later.env", key(9))
			r.git("add", "-N", "later.env")
			r.newInIndex(token(1), "s.env", 1)
		}},
		{"untracked cache and split index", func(r *sandbox) {
			ready(r)
			r.git("update-index", "--split-index")
			r.stage("s.env", key(1))
			r.git("update-index", "--untracked-cache")
			r.newInIndex(token(1), "s.env", 1)
		}},
		{"assumed unchanged and skipped", func(r *sandbox) {
			ready(r)
			r.stage("a.env", key(1))
			r.stage("b.env", key(2))
			r.git("update-index", "--assume-unchanged", "a.env")
			r.git("update-index", "--skip-worktree", "b.env")
			r.newInIndex(token(1), "a.env", 1)
			r.newInIndex(token(2), "b.env", 1)
		}},
		{"sparse index", func(r *sandbox) {
			r.commit(text("in/a", "a\n"), text("out/b", key(9)), text("out/deep/c", "c\n"))
			r.checkout()
			r.git("sparse-checkout", "init", "--cone", "--sparse-index")
			r.git("sparse-checkout", "set", "in")
			r.stage("in/s.env", key(1))
			r.newInIndex(token(1), "in/s.env", 1)
		}},
		{"in the middle of a merge", func(r *sandbox) {
			r.put("f", "base\n")
			r.on("side")
			r.put("s.env", key(8))
			r.on("main")
			r.put("m", "m\n")
			r.checkout()
			r.git("merge", "-q", "--no-commit", "--no-ff", "side")
			r.stage("own.env", key(1))
			r.newInIndex(token(1), "own.env", 1)
		}},
		{"linked worktree", func(r *sandbox) {
			r.base()
			wt := filepath.Join(r.t.TempDir(), "wt")
			r.git("worktree", "add", "-q", "-b", "other", wt)
			writeFile(r.t, filepath.Join(wt, "s.env"), key(1))
			(&gitRepo{r.t, wt}).git("add", "-A")
			r.opt.Target = wt
			r.newInIndex(token(1), "s.env", 1)
		}},
		{"bare repository with an index elsewhere", func(r *sandbox) {
			ready(r)
			r.stage("s.env", key(1))
			index := filepath.Join(r.t.TempDir(), "index")
			data, err := os.ReadFile(filepath.Join(r.path, ".git/index"))
			if err != nil {
				r.t.Fatal(err)
			}
			writeFile(r.t, index, string(data))
			r.git("reset", "-q", "--hard")
			r.opt.Getenv = func(name string) string { return map[string]string{"GIT_INDEX_FILE": index}[name] }
			r.newInIndex(token(1), "s.env", 1)
		}},
		{"secret in a staged name", func(r *sandbox) {
			ready(r)
			r.stage(token(1)+".txt", "x\n")
			r.newInIndex(token(1), token(1)+".txt", 0).source = sourcePath
		}},
		{"exclude", func(r *sandbox) {
			ready(r)
			r.stage("vendor/a", key(9))
			r.stage("a", key(1))
			r.opt.Exclude = []string{"vendor"}
			r.newInIndex(token(1), "a", 1)
		}},
		{"damaged index", func(r *sandbox) {
			ready(r)
			r.stage("s.env", key(1))
			name := filepath.Join(r.path, ".git/index")
			data, err := os.ReadFile(name)
			if err != nil {
				r.t.Fatal(err)
			}
			writeFile(r.t, name, string(data[:len(data)/2]))
			r.skipped = []string{"damaged"}
		}},
		{"staged blob that is missing", func(r *sandbox) {
			ready(r)
			r.stage("lost.env", key(9))
			r.stage("s.env", key(1))
			r.damage(r.rev(":lost.env"), nil)
			r.newInIndex(token(1), "s.env", 1)
			r.skipped = []string{"missing"}
		}},
	})
}

func TestWorktree(t *testing.T) {
	t.Parallel()
	ready := func(r *sandbox) string {
		c := r.commit(text("README.md", doc(1, 5)), text("old.env", key(7)))
		r.checkout()
		r.opt.Worktree = true
		r.expect(token(7), c, "old.env", 1, here)
		return c
	}
	runScenarios(t, []scenario{
		{"clean", func(r *sandbox) { ready(r) }},
		{"history, index and working tree", func(r *sandbox) {
			ready(r)
			r.stage("s.env", key(1))
			r.write("README.md", "x\n"+key(2))
			r.write("untracked/deep.env", key(3))
			r.expect(token(1), "", "s.env", 1, gone).source = sourceIndex
			r.newInTree(token(2), "README.md", 2)
			r.newInTree(token(3), "untracked/deep.env", 1)
		}},
		{"ignored files are left out", func(r *sandbox) {
			ready(r)
			r.write(".gitignore", "*.log\n!keep.log\n/build/\n")
			r.write("x.log", key(9))
			r.write("build/a", key(9))
			r.write("keep.log", key(1))
			r.newInTree(token(1), "keep.log", 1)
		}},
		{"ignored but tracked", func(r *sandbox) {
			ready(r)
			r.stage("build/tracked", "x\n")
			r.write(".gitignore", "build\n")
			r.write("build/tracked", key(1))
			r.write("build/other", key(9))
			r.newInTree(token(1), "build/tracked", 1)
		}},
		{".git/info/exclude", func(r *sandbox) {
			ready(r)
			r.write(".git/info/exclude", "*.tmp\n")
			r.write("x.tmp", key(9))
		}},
		{"old secret moved in the working tree", func(r *sandbox) {
			ready(r)
			if err := os.Rename(filepath.Join(r.path, "old.env"), filepath.Join(r.path, "new.env")); err != nil {
				r.t.Fatal(err)
			}
		}},
		{"another repository below is not entered", func(r *sandbox) {
			ready(r)
			r.write("inner/x.env", key(9))
			(&gitRepo{r.t, filepath.Join(r.path, "inner")}).git("init", "-q")
		}},
		{"untracked link", func(r *sandbox) {
			ready(r)
			if err := os.Symlink(token(1), filepath.Join(r.path, "l")); err != nil {
				r.t.Skip(err)
			}
			r.newInTree(token(1), "l", 1)
		}},
		{"from a subdirectory", func(r *sandbox) {
			ready(r)
			r.write("sub/x.env", "x\n")
			r.write("top.env", key(1))
			r.opt.Target = filepath.Join(r.path, "sub")
			r.newInTree(token(1), "top.env", 1)
		}},
	})
	t.Run("bare", func(t *testing.T) {
		t.Parallel()
		r := newSandbox(t)
		r.base()
		_, _, err := tryScan(t, Options{Target: filepath.Join(r.path, ".git"), Worktree: true})
		if err == nil {
			return // a .git folder belongs to its working tree
		}
		if usage := (*UsageError)(nil); !errors.As(err, &usage) || !strings.Contains(err.Error(), "working tree") {
			t.Errorf("error %v", err)
		}
	})
}
