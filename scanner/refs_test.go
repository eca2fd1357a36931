package scanner

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// detached commits one file on a commit that no branch holds, and returns it.
func (r *sandbox) detached(path, content string) string {
	r.t.Helper()
	back := r.ref
	r.on("temporary")
	id := r.put(path, content)
	r.drop("temporary")
	r.ref = back
	return id
}

// tag makes an annotated tag object and a ref to it.
func (r *sandbox) tag(name, object, typ, tagger, message string) string {
	r.t.Helper()
	id := r.object("tag", fmt.Sprintf("object %s\ntype %s\ntag %s\ntagger %s 1700000000 +0000\n\n%s\n", object, typ, name, tagger, message))
	r.git("update-ref", "refs/tags/"+name, id)
	return id
}

func TestRefs(t *testing.T) {
	t.Parallel()
	const who = "T <t@example.org>"
	onlyRef := func(ref string) scenario {
		return scenario{"only " + ref, func(r *sandbox) {
			r.base()
			c := r.detached("a.env", key(1))
			r.git("update-ref", ref, c)
			r.expect(token(1), c, "a.env", 1, gone)
		}}
	}
	var list []scenario
	for _, ref := range []string{"refs/tags/v1", "refs/remotes/origin/dev", "refs/pull/7/head", "refs/original/refs/heads/main", "refs/merge-requests/1/head",
		"refs/bisect/bad", "refs/changes/01/1/1", "refs/heads/feature/with/slashes", "refs/keep-around/x", "refs/weird/\u00e9\u4e2d"} {
		list = append(list, onlyRef(ref))
	}
	list = append(list, []scenario{
		{"orphan branch", func(r *sandbox) {
			r.base()
			r.ref = "refs/heads/pages"
			c := r.put("index.html", "<p>\n"+key(1))
			r.expect(token(1), c, "index.html", 2, gone)
		}},
		{"packed refs", func(r *sandbox) {
			r.base()
			c := r.detached("a.env", key(1))
			r.git("update-ref", "refs/tags/v1", c)
			r.git("pack-refs", "--all")
			r.expect(token(1), c, "a.env", 1, gone)
		}},
		{"loose ref overrides the packed one", func(r *sandbox) {
			r.base()
			old := r.detached("old.env", key(1))
			now := r.detached("now.env", key(2))
			r.git("update-ref", "refs/tags/v1", old)
			r.git("pack-refs", "--all")
			r.git("update-ref", "refs/tags/v1", now)
			r.expect(token(2), now, "now.env", 1, gone)
		}},
		{"annotated tag of a commit", func(r *sandbox) {
			r.base()
			c := r.detached("a.env", key(1))
			r.tag("v1", c, "commit", who, "release")
			r.expect(token(1), c, "a.env", 1, gone)
		}},
		{"tag of a tag", func(r *sandbox) {
			r.base()
			c := r.detached("a.env", key(1))
			r.tag("v2", r.tag("v1", c, "commit", who, "inner "+token(2)), "tag", who, "outer")
			r.git("update-ref", "-d", "refs/tags/v1")
			r.expect(token(1), c, "a.env", 1, gone)
			r.expect(token(2), c, "", 1, gone).source = sourceTag
		}},
		{"tag message", func(r *sandbox) {
			c := r.put("a", "a\n")
			r.tag("v1", c, "commit", who, "release\n\nwith "+token(1))
			r.expect(token(1), c, "", 3, gone).source = sourceTag
		}},
		{"tagger", func(r *sandbox) {
			c := r.put("a", "a\n")
			r.tag("v1", c, "commit", "T <"+token(1)+"@example.org>", "release")
			r.expect(token(1), c, "", 0, gone).source = sourceAuthor
		}},
		{"tag of a tree", func(r *sandbox) {
			r.base()
			c := r.detached("dir/a.env", "\n"+key(1))
			r.tag("t", r.rev(c+"^{tree}"), "tree", who, "a tree")
			r.expect(token(1), "", "dir/a.env", 2, gone)
		}},
		{"tag of a blob", func(r *sandbox) {
			r.base()
			r.tag("b", r.blob("x\n"+key(1)), "blob", who, "a blob")
			r.expect(token(1), "", "", 2, gone)
		}},
		{"ref to a blob", func(r *sandbox) {
			r.base()
			r.git("update-ref", "refs/tags/b", r.blob(key(1)))
			r.expect(token(1), "", "", 1, gone)
		}},
		{"ref to a tree", func(r *sandbox) {
			r.base()
			r.git("update-ref", "refs/tags/t", r.rev(r.detached("d/e/a.env", key(1))+"^{tree}"))
			r.expect(token(1), "", "d/e/a.env", 1, gone)
		}},
		{"note", func(r *sandbox) {
			r.base()
			r.git("notes", "add", "-m", "reviewed\n\n"+token(1), r.tip())
			n := r.rev("refs/notes/commits")
			w := r.expect(token(1), n, anything, 3, gone)
			w.source = sourceNote
		}},
		{"note taken back", func(r *sandbox) {
			r.base()
			r.git("notes", "--ref=review", "add", "-m", token(1), r.tip())
			n := r.rev("refs/notes/review")
			r.git("notes", "--ref=review", "remove", r.tip())
			r.expect(token(1), n, anything, 1, gone).source = sourceNote
		}},
		{"commit message", func(r *sandbox) {
			r.base()
			c := r.commit(text("f", "x\n"), message("rotate key\n\nold one was "+token(1)+"\n"))
			r.expect(token(1), c, "", 3, gone).source = sourceMessage
		}},
		{"message and file of one commit", func(r *sandbox) {
			c := r.commit(text("f", key(1)), message("adds "+token(1)))
			r.expect(token(1), c, "f", 1, here).places = 2
		}},
		{"message earlier than the file", func(r *sandbox) {
			c := r.commit(text("f", "x\n"), message("adds "+token(1)))
			r.put("f", key(1))
			w := r.expect(token(1), c, "", 1, here)
			w.source, w.places = sourceMessage, 2
		}},
		{"author", func(r *sandbox) {
			c := r.commit(text("f", "x\n"), author(token(1)+" <a@example.org>"))
			r.expect(token(1), c, "", 0, gone).source = sourceAuthor
		}},
		{"committer's address", func(r *sandbox) {
			c := r.commit(text("f", "x\n"), committer("C <"+token(1)+"@example.org>"))
			r.expect(token(1), c, "", 0, gone).source = sourceAuthor
		}},
		{"other header field", func(r *sandbox) {
			r.base()
			who := " A <a@example.org> 1800000000 +0000\n"
			c := r.object("commit", "tree "+r.rev("HEAD^{tree}")+"\nauthor"+who+"committer"+who+"x-token "+token(1)+"\n\nm\n")
			r.git("update-ref", "refs/heads/x", c)
			r.expect(token(1), c, "", -1, gone).source = sourceMessage
		}},
		{"stash of the working tree", func(r *sandbox) {
			r.base()
			r.checkout()
			r.write("README.md", "# wip\n"+key(1))
			r.git("stash", "-q")
			r.expect(token(1), r.rev("refs/stash"), "README.md", 2, gone)
		}},
		{"stash of the index only", func(r *sandbox) {
			r.base()
			r.checkout()
			r.stage("README.md", key(1))
			r.write("README.md", "clean\n")
			r.git("stash", "-q")
			r.expect(token(1), r.rev("refs/stash^2"), "README.md", 1, gone)
		}},
		{"stash with untracked files", func(r *sandbox) {
			r.base()
			r.checkout()
			r.write("new.env", key(1))
			r.git("stash", "-q", "-u")
			r.expect(token(1), r.rev("refs/stash^3"), "new.env", 1, gone)
		}},
		{"stash below another", func(r *sandbox) {
			r.base()
			r.checkout()
			r.write("README.md", key(1))
			r.git("stash", "-q")
			r.write("README.md", key(2))
			r.git("stash", "-q")
			r.expect(token(1), r.rev("stash@{1}"), "README.md", 1, gone)
			r.expect(token(2), r.rev("stash@{0}"), "README.md", 1, gone)
		}},
		{"detached HEAD", func(r *sandbox) {
			r.base()
			c := r.detached("d.env", key(1))
			r.git("update-ref", "--no-deref", "HEAD", c)
			r.git("symbolic-ref", "-q", "HEAD", "refs/heads/main")
			r.write(".git/HEAD", c+"\n")
			r.expect(token(1), c, "d.env", 1, here)
		}},
		{"detached HEAD of a linked worktree", func(r *sandbox) {
			r.base()
			c := r.detached("wt.env", key(1))
			r.git("worktree", "add", "-q", "--detach", filepath.Join(r.t.TempDir(), "wt"), c)
			r.expect(token(1), c, "wt.env", 1, gone)
		}},
		{"HEAD on an unborn branch", func(r *sandbox) {
			r.ref = "refs/heads/other"
			c := r.put("a", key(1))
			r.expect(token(1), c, "a", 1, noHead)
		}},
		{"replacement holds it", func(r *sandbox) {
			r.put("f", "plain\n")
			r.git("replace", r.rev("HEAD:f"), r.blob("x\n"+key(1)))
			r.expect(token(1), "", "", 2, gone)
		}},
		{"replacement hides it", func(r *sandbox) {
			c := r.put("f", key(1))
			r.git("replace", r.rev("HEAD:f"), r.blob("plain\n"))
			r.expect(token(1), c, "f", 1, here)
		}},
		{"replaced commit cuts the history", func(r *sandbox) {
			c := r.put("f", key(1))
			r.put("f", "-\n")
			r.base()
			who := " A <a@example.org> 1800000000 +0000\n"
			cut := r.object("commit", "tree "+r.rev("HEAD^{tree}")+"\nauthor"+who+"committer"+who+"\nm\n")
			r.git("replace", "-f", "HEAD", cut)
			r.expect(token(1), c, "f", 1, gone)
		}},
		{"one branch and nothing else", func(r *sandbox) {
			o := r.put("old.env", key(1))
			r.on("feature/login")
			c := r.put("new.env", key(2))
			r.on("main")
			r.on("other")
			r.put("other.env", key(3))
			r.opt.Branches = []string{"feature/login"}
			r.expect(token(1), o, "old.env", 1, here)
			r.expect(token(2), c, "new.env", 1, gone)
		}},
		{"several branches, one by its full name", func(r *sandbox) {
			r.base()
			r.on("a")
			a := r.put("a", key(1))
			r.ref = "refs/heads/main"
			r.on("b")
			b := r.put("b", key(2))
			r.ref = "refs/heads/main"
			r.on("c")
			r.put("c", key(3))
			r.opt.Branches = []string{"a", "refs/heads/b"}
			r.expect(token(1), a, "a", 1, gone)
			r.expect(token(2), b, "b", 1, gone)
		}},
		{"ref that names a missing object", func(r *sandbox) {
			c := r.put("a", key(1))
			writeFile(r.t, filepath.Join(r.path, ".git/refs/heads/broken"), "deadbeefdeadbeefdeadbeefdeadbeefdeadbeef\n")
			r.expect(token(1), c, "a", 1, here)
			r.skipped = []string{"missing"}
		}},
		{"empty ref file, as after a crash", func(r *sandbox) {
			c := r.put("a", key(1))
			writeFile(r.t, filepath.Join(r.path, ".git/refs/heads/broken"), "")
			r.expect(token(1), c, "a", 1, here)
			r.skipped = []string{"damaged"}
		}},
		{"symbolic ref to nothing", func(r *sandbox) {
			c := r.put("a", key(1))
			r.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/gone")
			r.expect(token(1), c, "a", 1, here)
		}},
	}...)
	runScenarios(t, list)
}

func TestTipsAndHeads(t *testing.T) {
	t.Parallel()
	r := newSandbox(t)
	r.put("a", key(1))
	r.git("update-ref", "refs/tags/v1", r.tip())
	r.on("cleaned")
	r.put("a", "-\n")
	r.on("main")
	got := scanned(t, Options{Target: r.path})
	if len(got.findings) != 1 {
		t.Fatalf("%d findings", len(got.findings))
	}
	f := got.findings[0]
	if want, have := "[HEAD refs/heads/main refs/tags/v1]", fmt.Sprint(f.Tips); have != want {
		t.Errorf("tips %s, want %s", have, want)
	}
	if want, have := "[refs/heads/cleaned refs/heads/main refs/tags/v1]", fmt.Sprint(f.ReachableFrom); have != want {
		t.Errorf("reachable from %s, want %s", have, want)
	}
	if _, err := os.Stat(filepath.Join(r.path, ".git", "index")); err == nil {
		t.Error("the scan wrote an index")
	}
}
