package scanner

import (
	"os"
	"path/filepath"
	"testing"
)

// leak commits a secret and takes it out again.
func (r *sandbox) leak() string {
	r.t.Helper()
	r.base()
	c := r.put("a.env", key(1))
	r.put("a.env", "-\n")
	return c
}

func TestLayouts(t *testing.T) {
	t.Parallel()
	elsewhere := func(r *sandbox, name string) string { return filepath.Join(r.t.TempDir(), name) }
	runScenarios(t, []scenario{
		{"bare", func(r *sandbox) {
			c := r.leak()
			r.opt.Target = elsewhere(r, "bare")
			r.git("clone", "-q", "--bare", ".", r.opt.Target)
			r.expect(token(1), c, "a.env", 1, gone)
		}},
		{"the .git folder itself", func(r *sandbox) {
			c := r.leak()
			r.opt.Target = filepath.Join(r.path, ".git")
			r.expect(token(1), c, "a.env", 1, gone)
		}},
		{"subdirectory", func(r *sandbox) {
			c := r.leak()
			r.write("deep/er/x", "")
			r.opt.Target = filepath.Join(r.path, "deep/er")
			r.expect(token(1), c, "a.env", 1, gone)
		}},
		{"file URL", func(r *sandbox) {
			c := r.leak()
			r.opt.Target = "file://" + r.path
			r.expect(token(1), c, "a.env", 1, gone)
		}},
		{"path with a trailing slash", func(r *sandbox) {
			c := r.leak()
			r.opt.Target = r.path + "/"
			r.expect(token(1), c, "a.env", 1, gone)
		}},
		{"through a symbolic link", func(r *sandbox) {
			c := r.leak()
			r.opt.Target = elsewhere(r, "link")
			if err := os.Symlink(r.path, r.opt.Target); err != nil {
				r.t.Skip(err)
			}
			r.expect(token(1), c, "a.env", 1, gone)
		}},
		{"folder whose name ends in git", func(r *sandbox) {
			c := r.leak()
			r.opt.Target = elsewhere(r, "my-git")
			r.git("clone", "-q", ".", r.opt.Target)
			r.expect(token(1), c, "a.env", 1, gone)
		}},
		{"folder with blanks and other letters", func(r *sandbox) {
			c := r.leak()
			r.opt.Target = elsewhere(r, "my répo %20 [x] ünd #1.git")
			r.git("clone", "-q", "--bare", ".", r.opt.Target)
			r.expect(token(1), c, "a.env", 1, gone)
		}},
		{"separate git directory", func(r *sandbox) {
			c := r.leak()
			r.opt.Target = elsewhere(r, "tree")
			r.git("clone", "-q", "--separate-git-dir", elsewhere(r, "gitdir"), ".", r.opt.Target)
			r.expect(token(1), c, "a.env", 1, gone)
		}},
		{"linked worktree", func(r *sandbox) {
			c := r.leak()
			r.opt.Target = elsewhere(r, "wt")
			r.git("worktree", "add", "-q", "-b", "other", r.opt.Target)
			r.expect(token(1), c, "a.env", 1, gone)
		}},
		{"checkout of a submodule", func(r *sandbox) {
			c := r.leak()
			super := newSandbox(r.t)
			super.base()
			super.checkout()
			super.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", r.path, "lib")
			r.opt.Target = filepath.Join(super.path, "lib")
			r.expect(token(1), c, "a.env", 1, gone)
		}},
		{"superproject: the submodule is not read", func(r *sandbox) {
			lib := newSandbox(r.t)
			lib.leak()
			r.base()
			r.checkout()
			r.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", lib.path, "lib")
			r.git("commit", "-q", "-m", "sub")
			r.heads[r.ref] = r.rev("HEAD")
			r.git("reset", "-q", "--hard")
			c := r.put("own.env", key(2))
			r.expect(token(2), c, "own.env", 1, here)
		}},
		{"gitlink to a commit that is not here", func(r *sandbox) {
			r.base()
			r.checkout()
			r.git("update-index", "--add", "--cacheinfo", "160000,abababababababababababababababababababab,vendor/lib")
			r.git("commit", "-q", "-m", "gitlink")
			r.heads[r.ref] = r.rev("HEAD")
			c := r.put("a.env", key(1))
			r.expect(token(1), c, "a.env", 1, here)
		}},
		{"gitlink becomes a file", func(r *sandbox) {
			r.base()
			r.checkout()
			r.git("update-index", "--add", "--cacheinfo", "160000,abababababababababababababababababababab,lib")
			r.git("commit", "-q", "-m", "gitlink")
			r.heads[r.ref] = r.rev("HEAD")
			c := r.commit(remove("lib"), text("lib", key(1)))
			r.expect(token(1), c, "lib", 1, here)
		}},
		{"alternates", func(r *sandbox) {
			c := r.leak()
			r.opt.Target = elsewhere(r, "fork")
			r.git("clone", "-q", "--shared", ".", r.opt.Target)
			r.expect(token(1), c, "a.env", 1, gone)
		}},
		{"alternates of alternates", func(r *sandbox) {
			c := r.leak()
			middle := elsewhere(r, "middle")
			r.git("clone", "-q", "--shared", ".", middle)
			r.opt.Target = elsewhere(r, "fork")
			r.git("clone", "-q", "--shared", middle, r.opt.Target)
			r.expect(token(1), c, "a.env", 1, gone)
		}},
		{"alternates in a ring", func(r *sandbox) {
			c := r.leak()
			r.opt.Target = elsewhere(r, "fork")
			r.git("clone", "-q", "--shared", ".", r.opt.Target)
			r.write(".git/objects/info/alternates", filepath.Join(r.opt.Target, ".git/objects")+"\n")
			r.expect(token(1), c, "a.env", 1, gone)
		}},
		{"alternates that are gone", func(r *sandbox) {
			c := r.leak()
			r.write(".git/objects/info/alternates", elsewhere(r, "nowhere")+"\n")
			r.expect(token(1), c, "a.env", 1, gone)
			r.skipped = []string{"missing"}
		}},
		{"SHA-256 objects", func(r *sandbox) {
			s := newSandbox(r.t, "--object-format=sha256")
			c := s.leak()
			r.opt.Target = s.path
			r.expect(token(1), c, "a.env", 1, gone)
		}},
		{"SHA-256 objects, packed", func(r *sandbox) {
			s := newSandbox(r.t, "--object-format=sha256")
			c := s.leak()
			s.git("gc", "-q")
			r.opt.Target = s.path
			r.expect(token(1), c, "a.env", 1, gone)
		}},
		{"grafts are not applied", func(r *sandbox) {
			c := r.leak()
			r.base()
			r.write(".git/info/grafts", r.tip()+"\n")
			r.expect(token(1), c, "a.env", 1, gone)
		}},
		{"shallow clone: its boundary brings what it holds", func(r *sandbox) {
			r.put("a.env", key(1))
			b := r.commit(text("x", "x\n"))
			r.put("a.env", "-\n")
			r.opt.Target = elsewhere(r, "shallow")
			r.git("clone", "-q", "--depth", "2", "file://"+r.path, r.opt.Target)
			r.expect(token(1), b, "a.env", 1, gone)
		}},
		{"no commit at all", func(r *sandbox) {}},
		{"other main branch", func(r *sandbox) {
			r.git("symbolic-ref", "HEAD", "refs/heads/trunk")
			r.ref = "refs/heads/trunk"
			c := r.leak()
			r.expect(token(1), c, "a.env", 1, gone)
		}},
		{"extension that is not known", func(r *sandbox) {
			c := r.leak()
			r.git("config", "core.repositoryFormatVersion", "1")
			r.git("config", "extensions.frobnicate", "true")
			r.expect(token(1), c, "a.env", 1, gone)
			r.skipped = []string{"policy"}
		}},
	})
}

func TestShallowBoundaryIsNamed(t *testing.T) {
	t.Parallel()
	r := newSandbox(t)
	r.put("a.env", key(1))
	b := r.commit(text("x", "x\n"))
	path := filepath.Join(t.TempDir(), "shallow")
	r.git("clone", "-q", "--depth", "1", "file://"+r.path, path)
	got := scanned(t, Options{Target: path})
	if len(got.findings) != 1 || !got.findings[0].Introduced.Boundary || *got.findings[0].Commit != b {
		t.Errorf("the finding does not say that its commit is a boundary")
	}
	if len(got.coverage.Notes) != 1 || !got.coverage.Complete {
		t.Errorf("notes %q, complete %v", got.coverage.Notes, got.coverage.Complete)
	}
}

func TestNotARepository(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	writeFile(t, file, "x")
	for _, target := range []string{dir, file, filepath.Join(dir, "nowhere"), "file://" + dir} {
		o := Options{Target: target, Getenv: func(k string) string { return map[string]string{"GIT_CEILING_DIRECTORIES": filepath.Dir(dir)}[k] }}
		_, _, err := tryScan(t, o)
		if _, ok := err.(*UsageError); !ok {
			t.Errorf("%s: error %v, want a usage error", target, err)
		}
	}
}

func TestLocalPath(t *testing.T) {
	for _, tt := range []struct{ target, want string }{
		{"a b", "a b"},
		{"/srv/100%25", "/srv/100%25"},
		{"file://.", "."},
		{"file:///srv/git/a%20b", "/srv/git/a b"},
		{"file://localhost/srv", "/srv"},
		{"file:///srv/100%", "/srv/100%"},
	} {
		if got := localPath(tt.target); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.target, got, tt.want)
		}
	}
}
