package gitstore

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// problemList returns "what: why (class)" of each problem, sorted.
func problemList(r *Repo) []string {
	var list []string
	for _, p := range r.Problems() {
		list = append(list, p.Error())
	}
	slices.Sort(list)
	return list
}

func TestRefFiles(t *testing.T) {
	good := map[string]string{"HEAD": hexA, "refs/heads/main": hexA}
	for _, c := range []struct {
		name     string
		build    func(l *madeLayout)
		more     map[string]string
		problems []string // substrings, one for each problem
	}{
		{"empty file", func(l *madeLayout) { l.write("refs/heads/x", "") }, nil, []string{"refs/heads/x: ref is empty"}},
		{"zeros", func(l *madeLayout) { l.write("refs/heads/x", strings.Repeat("\x00", 41)) }, nil, []string{"refs/heads/x: ref is empty"}},
		{"garbage", func(l *madeLayout) { l.write("refs/heads/x", "hello\n") }, nil, []string{"refs/heads/x: ref holds neither"}},
		{"too short", func(l *madeLayout) { l.write("refs/heads/x", hexA[1:]+"\n") }, nil, []string{"refs/heads/x: ref holds neither"}},
		{"too long", func(l *madeLayout) { l.write("refs/heads/x", hexA+"a\n") }, nil, []string{"refs/heads/x: ref holds neither"}},
		{"null", func(l *madeLayout) { l.write("refs/heads/x", strings.Repeat("0", 40)) }, nil, []string{"refs/heads/x: ref holds the null"}},
		{"odd white space", func(l *madeLayout) { l.write("refs/heads/x", hexB+" \r\n\n") }, map[string]string{"refs/heads/x": hexB}, nil},
		{"text behind the name", func(l *madeLayout) { l.write("refs/heads/x", hexB+" more\n") }, map[string]string{"refs/heads/x": hexB}, nil},
		{"upper case", func(l *madeLayout) { l.write("refs/heads/x", strings.ToUpper(hexB)) }, map[string]string{"refs/heads/x": hexB}, nil},
		{"locks and hidden files", func(l *madeLayout) {
			l.write("refs/heads/x.lock", "")
			l.write("refs/.DS_Store", "\x00\x01")
		}, nil, nil},
		{"every namespace", func(l *madeLayout) {
			l.write("refs/original/refs/heads/x", hexB)
			l.write("refs/replace/"+hexC, hexB)
			l.write("refs/one", hexB)
		}, map[string]string{"refs/original/refs/heads/x": hexB, "refs/replace/" + hexC: hexB, "refs/one": hexB}, nil},
		{"odd names", func(l *madeLayout) {
			l.write("refs/heads/sp ace", hexB)
			l.write("refs/heads/caf\xc3\xa9", hexB)
			l.write("refs/heads/x~1..^", hexB)
		}, map[string]string{"refs/heads/sp ace": hexB, "refs/heads/caf\xc3\xa9": hexB, "refs/heads/x~1..^": hexB}, nil},
		{"symbolic", func(l *madeLayout) { l.write("refs/heads/x", "ref:\trefs/heads/main\n") }, map[string]string{"refs/heads/x": hexA}, nil},
		{"symbolic to HEAD", func(l *madeLayout) { l.write("refs/heads/x", "ref: HEAD\n") }, map[string]string{"refs/heads/x": hexA}, nil},
		{"symbolic chain", func(l *madeLayout) {
			for i := range 4 {
				l.write(fmt.Sprintf("refs/x/%d", i), fmt.Sprintf("ref: refs/x/%d\n", i+1))
			}
			l.write("refs/x/4", hexC)
		}, map[string]string{"refs/x/0": hexC, "refs/x/1": hexC, "refs/x/2": hexC, "refs/x/3": hexC, "refs/x/4": hexC}, nil},
		{"symbolic cycle", func(l *madeLayout) {
			l.write("refs/heads/x", "ref: refs/heads/y\n")
			l.write("refs/heads/y", "ref: refs/heads/x\n")
		}, nil, []string{"refs/heads/x: symbolic ref leads through", "refs/heads/y: symbolic ref leads through"}},
		{"dangling", func(l *madeLayout) { l.write("refs/heads/x", "ref: refs/heads/gone\n") }, nil, []string{"refs/heads/x: symbolic ref leads to refs/heads/gone"}},
		{"HEAD of a remote that renamed its branch", func(l *madeLayout) { l.write("refs/remotes/origin/HEAD", "ref: refs/remotes/origin/master\n") }, nil, nil},
		{"symbolic ref that leads out", func(l *madeLayout) { l.write("refs/heads/x", "ref: refs/../../../secret\n") }, nil, []string{"refs/heads/x: ref holds neither"}},
		{"symbolic link to a ref", func(l *madeLayout) { l.symlink("refs/heads/main", "refs/heads/x") }, map[string]string{"refs/heads/x": hexA}, nil},
		{"symbolic link to a file beside", func(l *madeLayout) { l.symlink("main", "refs/heads/x") }, map[string]string{"refs/heads/x": hexA}, nil},
		{"symbolic link to nowhere", func(l *madeLayout) { l.symlink("gone", "refs/heads/x") }, nil, []string{"refs/heads/x: symbolic link leads nowhere"}},
		{"symbolic link to itself", func(l *madeLayout) { l.symlink("x", "refs/heads/x") }, nil, []string{"refs/heads/x: symbolic link leads nowhere"}},
		{"symbolic link to a parent", func(l *madeLayout) { l.symlink("..", "refs/heads/up") }, map[string]string{"refs/heads/up/heads/main": hexA}, nil},
		{"symbolic link out", func(l *madeLayout) {
			l.write("../secret/x", hexB)
			l.symlink("../../../secret", "refs/heads/out")
		}, nil, []string{"refs/heads/out: symbolic link leads out"}},
		{"refs of another Git directory", func(l *madeLayout) {
			l.write("../other/refs/heads/x", hexB)
			l.write("../other/objects/x", "")
			l.symlink("../../other/refs/heads", "refs/shared")
		}, map[string]string{"refs/shared/x": hexB}, nil},
		{"packed", func(l *madeLayout) {
			l.write("packed-refs", "# pack-refs with: peeled fully-peeled sorted \n"+hexB+" refs/heads/main\n"+hexB+" refs/tags/x\n^"+hexC+"\n")
		}, map[string]string{"refs/tags/x": hexB}, nil},
		{"packed with CR LF, unsorted", func(l *madeLayout) { l.write("packed-refs", hexB+" refs/tags/y\r\n"+hexC+" refs/tags/x\r\n\r\n") },
			map[string]string{"refs/tags/y": hexB, "refs/tags/x": hexC}, nil},
		{"packed, broken line", func(l *madeLayout) { l.write("packed-refs", hexB+" refs/tags/y\nnonsense\n"+hexC+" refs/tags/x\n") },
			map[string]string{"refs/tags/y": hexB, "refs/tags/x": hexC}, []string{"packed-refs: bad line 2"}},
		{"packed, cut off", func(l *madeLayout) { l.write("packed-refs", hexB+" refs/tags/y\n"+hexC+" refs/ta") },
			map[string]string{"refs/tags/y": hexB, "refs/ta": hexC}, []string{"packed-refs: bad line 2"}},
		{"packed, cut off in a name", func(l *madeLayout) { l.write("packed-refs", hexB+" refs/tags/y\n"+hexC[:20]) },
			map[string]string{"refs/tags/y": hexB}, []string{"packed-refs: bad line 2"}},
		{"packed value of a broken loose ref", func(l *madeLayout) {
			l.write("packed-refs", hexB+" refs/heads/x\n")
			l.write("refs/heads/x", "")
		}, map[string]string{"refs/heads/x": hexB}, []string{"refs/heads/x: ref is empty"}},
		{"loose symbolic over packed", func(l *madeLayout) {
			l.write("packed-refs", hexB+" refs/heads/x\n")
			l.write("refs/heads/x", "ref: refs/heads/main")
		}, map[string]string{"refs/heads/x": hexA}, nil},
		{"packed-refs is a folder", func(l *madeLayout) { l.mkdir("packed-refs") }, nil, []string{"packed-refs: not a regular file"}},
		{"stash", func(l *madeLayout) {
			l.write("refs/stash", hexC)
			l.write("logs/refs/stash", hexA+" "+hexB+" A <a@example.com> 1 +0000\tone\n"+hexB+" "+hexC+" A <a@example.com> 2 +0000\ttwo\n")
		}, map[string]string{"refs/stash": hexC, "stash@{1}": hexB}, nil},
		{"stash whose log is cut off", func(l *madeLayout) {
			l.write("refs/stash", hexC)
			l.write("logs/refs/stash", hexA+" "+hexB+" A\n\x00\x00\x00\x00")
		}, map[string]string{"refs/stash": hexC, "stash@{0}": hexB}, []string{"logs/refs/stash: bad line 2"}},
		{"worktree with a broken HEAD", func(l *madeLayout) {
			l.write("worktrees/w/HEAD", "")
			l.write("worktrees/w/gitdir", "/gone/.git\n")
			l.write("worktrees/v/HEAD", hexC)
			l.write("worktrees/v/refs/bisect/bad", hexB)
			l.write("worktrees/empty/x", "")
		}, map[string]string{"worktrees/v/HEAD": hexC, "worktrees/v/refs/bisect/bad": hexB}, []string{"worktrees/w/HEAD: ref is empty"}},
		{"unborn worktree", func(l *madeLayout) { l.write("worktrees/w/HEAD", "ref: refs/heads/none") }, nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLayout(t)
			l.write("refs/heads/main", hexA+"\n")
			c.build(l)
			r := mustOpen(t, l.dir, Options{})
			want := maps.Clone(good)
			maps.Copy(want, c.more)
			compareMaps(t, "ref", refMap(r), want)
			got := problemList(r)
			for i := range max(len(got), len(c.problems)) {
				if i >= len(got) || i >= len(c.problems) || !strings.Contains(got[i], c.problems[i]) {
					t.Fatalf("problems:\ngot  %q\nwant %q", got, c.problems)
				}
			}
			if !slices.IsSortedFunc(r.Refs(), func(a, b Ref) int { return strings.Compare(a.Name, b.Name) }) {
				t.Error("refs are not sorted")
			}
		})
	}
}

func TestHead(t *testing.T) {
	for _, c := range []struct {
		name  string
		build func(l *madeLayout)
		want  string
	}{
		{"unborn", func(*madeLayout) {}, "refs/heads/main  false"},
		{"loose", func(l *madeLayout) { l.write("refs/heads/main", hexA) }, "refs/heads/main " + hexA + " true"},
		{"packed", func(l *madeLayout) { l.write("packed-refs", hexB+" refs/heads/main2\n"+hexA+" refs/heads/main\n") }, "refs/heads/main " + hexA + " true"},
		{"packed at the end of the file", func(l *madeLayout) { l.write("packed-refs", hexA+" refs/heads/main") }, "refs/heads/main " + hexA + " true"},
		{"detached", func(l *madeLayout) { l.write("HEAD", hexC+"\n") }, " " + hexC + " true"},
		{"branch is symbolic", func(l *madeLayout) {
			l.write("refs/heads/main", "ref: refs/heads/x")
			l.write("refs/heads/x", hexA)
		}, "refs/heads/main " + hexA + " true"},
		{"cycle", func(l *madeLayout) { l.write("refs/heads/main", "ref: HEAD") }, "refs/heads/main  false"},
		{"symbolic link", func(l *madeLayout) {
			l.remove("HEAD")
			l.symlink("refs/heads/x", "HEAD")
			l.write("refs/heads/x", hexA)
		}, "refs/heads/x " + hexA + " true"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLayout(t)
			c.build(l)
			r := mustOpen(t, l.dir, Options{})
			name, id, ok := r.Head()
			if got := fmt.Sprint(name, " ", id, " ", ok); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if fromRefs, found := r.loadRefs().find("HEAD"); found != ok || fromRefs != id {
				t.Errorf("Refs has HEAD at %s, %v", fromRefs, found)
			}
		})
	}
}

func TestReflog(t *testing.T) {
	l := newLayout(t)
	id := func(c string) string { return strings.Repeat(c, 40) }
	l.write("logs/HEAD", id("0")+" "+id("1")+" A <a> 1 +0000\tx\n"+id("1")+" "+id("2")+" A <a> 1 +0000\n")
	l.write("logs/refs/heads/a/b", id("3")+" "+id("4")+"\n")
	l.write("worktrees/w/HEAD", id("f"))
	l.write("worktrees/w/logs/HEAD", id("5")+" "+id("1")+" A\n")
	l.write("worktrees/w/ORIG_HEAD", id("6"))
	l.write("MERGE_HEAD", id("7")+"\n"+id("8")+"\n")
	l.write("FETCH_HEAD", id("9")+"\tnot-for-merge\tbranch 'x' of somewhere\n")
	l.write("rebase-merge/orig-head", id("a")+"\n")
	l.write("CHERRY_PICK_HEAD", "ref: refs/heads/x\n")
	r := mustOpen(t, l.dir, Options{})
	got := ""
	for _, id := range r.Reflog() {
		got += id.String()[:1]
	}
	if got != "123456789a" {
		t.Errorf("got %s", got)
	}
	if heads := r.MergeHeads(); len(heads) != 2 || heads[1].String() != id("8") {
		t.Errorf("MergeHeads: %v", heads)
	}
	noProblems(t, r)
}
