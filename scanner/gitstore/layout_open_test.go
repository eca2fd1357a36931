package gitstore

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// madeLayout writes repositories by hand, so that they can be wrong.
type madeLayout struct {
	t   testing.TB
	dir string
}

const (
	hexA = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	hexB = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
	hexC = "cccccccccccccccccccccccccccccccccccccccc"
)

// newLayout makes an empty bare repository.
func newLayout(t testing.TB) *madeLayout {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	l := &madeLayout{t, filepath.Join(dir, "r")}
	l.mkdir("objects")
	l.mkdir("refs/heads")
	l.write("HEAD", "ref: refs/heads/main\n")
	l.write("config", "[core]\n\trepositoryformatversion = 0\n\tbare = true\n")
	return l
}

func (l *madeLayout) path(name string) string { return filepath.Join(l.dir, filepath.FromSlash(name)) }

func (l *madeLayout) mkdir(name string) {
	l.t.Helper()
	if err := os.MkdirAll(l.path(name), 0o777); err != nil {
		l.t.Fatal(err)
	}
}

func (l *madeLayout) write(name, content string) {
	l.t.Helper()
	l.mkdir(filepath.Dir(name))
	if err := os.WriteFile(l.path(name), []byte(content), 0o666); err != nil {
		l.t.Fatal(err)
	}
}

func (l *madeLayout) symlink(target, name string) {
	l.t.Helper()
	l.mkdir(filepath.Dir(name))
	if err := os.Symlink(target, l.path(name)); err != nil {
		l.t.Skip("no symbolic links here")
	}
}

func (l *madeLayout) remove(name string) {
	l.t.Helper()
	if err := os.RemoveAll(l.path(name)); err != nil {
		l.t.Fatal(err)
	}
}

func env(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

func TestOpenErrors(t *testing.T) {
	for _, c := range []struct {
		name  string
		build func(l *madeLayout) (path string)
		want  error
	}{
		{"nothing there", func(l *madeLayout) string { return l.path("no/such/folder") }, ErrNotRepository},
		{"a plain file", func(l *madeLayout) string { l.write("../x/file", "text"); return l.path("../x/file") }, ErrNotRepository},
		{"an empty folder", func(l *madeLayout) string { l.mkdir("../x"); return l.path("../x") }, ErrNotRepository},
		{"an empty .git", func(l *madeLayout) string { l.mkdir("../x/.git"); return l.path("../x") }, ErrNotRepository},
		{".git file to nowhere", func(l *madeLayout) string { l.write("../x/.git", "gitdir: gone\n"); return l.path("../x") }, ErrNotRepository},
		{".git file of text", func(l *madeLayout) string { l.write("../x/.git", "hello\n"); return l.path("../x") }, ErrNotRepository},
		{"HEAD is missing", func(l *madeLayout) string { l.remove("HEAD"); return l.dir }, ErrUnreadable},
		{"HEAD is empty", func(l *madeLayout) string { l.write("HEAD", ""); return l.dir }, ErrUnreadable},
		{"HEAD is zeros", func(l *madeLayout) string { l.write("HEAD", strings.Repeat("\x00", 41)); return l.dir }, ErrUnreadable},
		{"HEAD is garbage", func(l *madeLayout) string { l.write("HEAD", "what\n"); return l.dir }, ErrUnreadable},
		{"HEAD leads out", func(l *madeLayout) string { l.write("HEAD", "ref: ../../etc/passwd\n"); return l.dir }, ErrUnreadable},
		{"HEAD is a folder", func(l *madeLayout) string { l.remove("HEAD"); l.mkdir("HEAD"); return l.dir }, ErrUnreadable},
		{"HEAD links to itself", func(l *madeLayout) string { l.remove("HEAD"); l.symlink("HEAD", "HEAD"); return l.dir }, ErrUnreadable},
		{"HEAD is huge", func(l *madeLayout) string { l.write("HEAD", hexA+strings.Repeat(" ", 1<<17)); return l.dir }, ErrUnreadable},
		{"unknown object format", func(l *madeLayout) string {
			l.write("config", "[core]\nrepositoryformatversion = 1\n[extensions]\nobjectFormat = sha3\n")
			return l.dir
		}, ErrUnreadable},
		{"HEAD of another object format", func(l *madeLayout) string {
			l.write("config", "[core]\nrepositoryformatversion = 1\n[extensions]\nobjectFormat = sha256\n")
			l.write("HEAD", hexA+"\n")
			return l.dir
		}, ErrUnreadable},
		{"commondir leads nowhere", func(l *madeLayout) string { l.write("commondir", "../gone\n"); return l.dir }, ErrUnreadable},
		{"commondir is empty", func(l *madeLayout) string { l.write("commondir", "\n"); return l.dir }, ErrUnreadable},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLayout(t)
			_, err := Open(c.build(l), Options{Env: env("GIT_CEILING_DIRECTORIES", filepath.Dir(l.dir))})
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestCeiling(t *testing.T) {
	l := newLayout(t)
	l.mkdir("work/.git/objects")
	l.mkdir("work/.git/refs")
	l.write("work/.git/HEAD", "ref: refs/heads/x\n")
	l.mkdir("work/a/b/c")
	for _, c := range []struct {
		ceiling string
		found   bool
	}{
		{"", true},
		{l.path("work"), false},
		{l.path("work/a"), false},
		{l.path("work/a/b/c"), true}, // the folder that is asked for is no ceiling
		{l.path("."), true},
		{"relative", true},
		{"/elsewhere" + string(filepath.ListSeparator) + l.path("work"), false},
		{string(filepath.ListSeparator) + l.path("work"), false},
	} {
		_, err := Open(l.path("work/a/b/c"), Options{Env: env("GIT_CEILING_DIRECTORIES", c.ceiling)})
		if (err == nil) != c.found {
			t.Errorf("ceiling %q: %v", c.ceiling, err)
		}
	}
}

func TestEnvironment(t *testing.T) {
	s := newSandbox(t)
	dir := s.repo("r")
	head := s.git(dir, "rev-parse", "HEAD")
	git := filepath.Join(dir, ".git")
	other := s.repo("other")
	s.git(s.dir, "clone", "-q", "--bare", dir, s.path("b.git"))
	quarantine := s.path("b.git", "objects", "incoming")
	s.write(filepath.Join(quarantine, "info", "alternates"), "")

	open := func(path string, o Options) *Repo { return mustOpen(t, path, o) }
	t.Run("GIT_DIR is not for everyone", func(t *testing.T) {
		if r := open(other, Options{Env: env("GIT_DIR", git)}); r.WorkTree != other {
			t.Errorf("opened %s", r.GitDir)
		}
	})
	t.Run("GIT_DIR of a hook in a working tree", func(t *testing.T) {
		r := open(dir, Options{Env: env("GIT_DIR", ".git", "GIT_INDEX_FILE", ".git/next-index"), UseEnvDir: true})
		if r.GitDir != git || r.WorkTree != dir || r.indexFile != filepath.Join(git, "next-index") {
			t.Errorf("got %+v", r)
		}
	})
	t.Run("GIT_DIR and GIT_WORK_TREE", func(t *testing.T) {
		r := open(s.dir, Options{Env: env("GIT_DIR", git, "GIT_WORK_TREE", other), UseEnvDir: true})
		if r.GitDir != git || r.WorkTree != other || r.Bare {
			t.Errorf("got %+v", r)
		}
	})
	t.Run("GIT_DIR that is none", func(t *testing.T) {
		if _, err := Open(dir, Options{Env: env("GIT_DIR", s.path("gone")), UseEnvDir: true}); !errors.Is(err, ErrNotRepository) {
			t.Error(err)
		}
	})
	t.Run("quarantine", func(t *testing.T) {
		s.commit(dir, "pushed", "new\n")
		pushed := s.git(dir, "rev-parse", "HEAD")
		for _, name := range strings.Fields(s.git(dir, "rev-list", "--objects", "--no-object-names", "HEAD", "^"+head)) {
			from, to := filepath.Join(git, "objects", name[:2], name[2:]), filepath.Join(quarantine, name[:2], name[2:])
			data, err := os.ReadFile(from)
			if err != nil {
				t.Fatal(err)
			}
			s.write(to, string(data))
		}
		quoted := `"` + strings.ReplaceAll(s.path("b.git", "objects"), `\`, `\\`) + `"`
		r := open(s.path("b.git"), Options{UseEnvDir: true, Env: env("GIT_DIR", ".", "GIT_OBJECT_DIRECTORY", "./objects/incoming",
			"GIT_ALTERNATE_OBJECT_DIRECTORIES", quoted)})
		noProblems(t, r)
		for _, rev := range []string{head, pushed, pushed + "~1"} {
			if _, err := r.ResolveCommit(rev); err != nil {
				t.Error(err)
			}
		}
		if r.Bare != true || r.GitDir != s.path("b.git") {
			t.Errorf("got %+v", r)
		}
	})
	t.Run("object directory that is gone", func(t *testing.T) {
		r := open(dir, Options{Env: env("GIT_OBJECT_DIRECTORY", s.path("gone"))})
		if _, err := r.Resolve(head); err != nil || len(r.Problems()) != 1 || r.Problems()[0].Class != Missing {
			t.Errorf("%v, %v", err, r.Problems())
		}
	})
}

func TestAlternatesVariable(t *testing.T) {
	sep := string(filepath.ListSeparator)
	base := t.TempDir()
	for _, c := range []struct {
		text string
		want []string
	}{
		{"", nil},
		{"/a" + sep + "/b", []string{"/a", "/b"}},
		{sep + "/a" + sep + sep, []string{"/a"}},
		{`"/a\"b"` + sep + `/c`, []string{`/a"b`, "/c"}},
		{`"/a` + sep + `b"` + sep + `"/c\n"`, []string{"/a" + sep + "b", "/c\n"}},
		{`"/open`, []string{filepath.Join(base, `"/open`)}},
		{`rel/ative`, []string{filepath.Join(base, "rel/ative")}},
	} {
		e := environment{get: env("GIT_ALTERNATE_OBJECT_DIRECTORIES", c.text), base: base}
		if got := e.alternates(); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.text, got, c.want)
		}
	}
}

func TestExtensions(t *testing.T) {
	for _, c := range []struct {
		name, config string
		want         string // what the problem is about; "" for none
	}{
		{"none", "", ""},
		{"known", "[core]\nrepositoryformatversion=1\n[extensions]\nnoop\npreciousObjects=true\npartialClone=origin\nobjectFormat=sha1\nrelativeWorktrees=true\n", ""},
		{"unknown", "[core]\nrepositoryformatversion = 1\n[extensions]\n\tshinyThings = true\n", "extensions.shinythings"},
		{"unknown in version 0", "[extensions]\n\tshinyThings = true\n", ""},
		{"needs version 1", "[extensions]\n\tobjectFormat = sha1\n", "extensions.objectformat"},
		{"unknown version", "[core]\nrepositoryformatversion = 7\n", "core.repositoryFormatVersion"},
		{"version that is no number", "[core]\nrepositoryformatversion = one\n", "core.repositoryFormatVersion"},
		{"unknown ref storage", "[core]\nrepositoryformatversion = 1\n[extensions]\nrefStorage = tape\n", "extensions.refStorage"},
		{"includes are not read", "[include]\npath = other\n[includeIf \"gitdir:/\"]\npath = other\n", ""},
		{"broken line", "[core]\nrepositoryformatversion = 1\n!\n[extensions]\n", "config"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLayout(t)
			l.write("config", c.config)
			l.write("other", "[core]\nrepositoryformatversion = 9\n")
			got := ""
			for _, p := range mustOpen(t, l.dir, Options{}).Problems() {
				got += p.What
			}
			if got != c.want {
				t.Errorf("got problems with %q, want %q", got, c.want)
			}
		})
	}
}

func TestWorkTreeSettings(t *testing.T) {
	l := newLayout(t)
	git := l.dir
	dotGit := filepath.Join(filepath.Dir(git), ".git")
	if err := os.Rename(git, dotGit); err != nil {
		t.Fatal(err)
	}
	l.dir = dotGit
	top := filepath.Dir(dotGit)
	for _, c := range []struct{ name, config, want string }{
		{"nothing said", "", top},
		{"not bare", "[core]\nbare = false\n", top},
		{"bare", "[core]\nbare\n", ""},
		{"elsewhere", "[core]\nworktree = ../../elsewhere\n", filepath.Join(filepath.Dir(top), "elsewhere")},
	} {
		t.Run(c.name, func(t *testing.T) {
			l.write("config", c.config)
			for _, path := range []string{top, dotGit} {
				if r := mustOpen(t, path, Options{}); r.WorkTree != c.want || r.Bare != (c.want == "") {
					t.Errorf("%s: got %q, want %q", path, r.WorkTree, c.want)
				}
			}
		})
	}
}
