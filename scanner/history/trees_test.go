package history

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mudlark/scanner/gitstore"
)

// gitDir is a repository that a test builds with the git program.
type gitDir struct {
	t    testing.TB
	path string
}

func newGitDir(t testing.TB) *gitDir {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Fatal("the tests need git in $PATH")
	}
	r := &gitDir{t, filepath.Join(t.TempDir(), "repo")}
	if err := os.Mkdir(r.path, 0o755); err != nil {
		t.Fatal(err)
	}
	r.git("init", "-q", "-b", "main")
	return r
}

func (r *gitDir) run(stdin []byte, args ...string) []byte {
	r.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Stdin = r.path, bytes.NewReader(stdin)
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "GIT_") {
			cmd.Env = append(cmd.Env, kv)
		}
	}
	cmd.Env = append(cmd.Env, "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		r.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, stderr.Bytes())
	}
	return out
}

func (r *gitDir) git(args ...string) string {
	r.t.Helper()
	return strings.TrimSpace(string(r.run(nil, args...)))
}

// randomTrees imports n commits on several branches: files come, go, change, move with their folders, and become links,
// folders and submodules.
func (r *gitDir) randomTrees(rnd *rand.Rand, n int) {
	var in bytes.Buffer
	trees := []map[string]string{}
	for i := range n {
		tree := map[string]string{}
		parent := i - 1 - rnd.IntN(3)*rnd.IntN(10)
		if parent >= 0 {
			for path, entry := range trees[parent] {
				tree[path] = entry
			}
		}
		for range 1 + rnd.IntN(4) {
			r.change(rnd, tree)
		}
		trees = append(trees, tree)
		fmt.Fprintf(&in, "commit refs/heads/c%d\nmark :%d\ncommitter C <c@example.org> %d +0000\ndata 1\nm\n", i, i+1, 1700000000+i)
		if parent >= 0 {
			fmt.Fprintf(&in, "from :%d\n", parent+1)
		}
		in.WriteString("deleteall\n")
		for path, entry := range tree {
			mode, content, _ := strings.Cut(entry, " ")
			if mode == "160000" {
				fmt.Fprintf(&in, "M %s %s %s\n", mode, content, path)
			} else {
				fmt.Fprintf(&in, "M %s inline %s\ndata %d\n%s\n", mode, path, len(content), content)
			}
		}
		in.WriteString("\n")
	}
	r.run(in.Bytes(), "fast-import", "--quiet")
	r.git("symbolic-ref", "HEAD", "refs/heads/c"+strconv.Itoa(n-1))
}

// change changes one thing in a tree.
func (r *gitDir) change(rnd *rand.Rand, tree map[string]string) {
	dirs := []string{"", "a/", "a/b/", "lib/", "lib/x/y/", "a.b/", "z/"}
	name := func() string {
		if rnd.IntN(30) == 0 {
			return dirs[rnd.IntN(len(dirs)-1)+1] + "f"
		}
		return fmt.Sprintf("%sf%d", dirs[rnd.IntN(len(dirs))], rnd.IntN(60))
	}
	path := name()
	for other := range tree { // a file where a folder is wanted, or the other way round
		if strings.HasPrefix(other, path+"/") || strings.HasPrefix(path, other+"/") {
			delete(tree, other)
		}
	}
	switch rnd.IntN(9) {
	case 0:
		delete(tree, path)
	case 1:
		tree[path] = "120000 to" + strconv.Itoa(rnd.IntN(9))
	case 2:
		tree[path] = "160000 " + strings.Repeat(strconv.Itoa(rnd.IntN(10)), 40)
	case 3: // a folder moves
		from, to := dirs[1+rnd.IntN(len(dirs)-1)], dirs[1+rnd.IntN(len(dirs)-1)]
		for p, entry := range tree {
			if strings.HasPrefix(p, from) && !strings.HasPrefix(from, to) && !strings.HasPrefix(to, from) {
				delete(tree, p)
				tree[to+strings.TrimPrefix(p, from)] = entry
			}
		}
	case 4:
		if entry, ok := tree[path]; ok && strings.HasPrefix(entry, "100644") {
			tree[path] = "100755" + strings.TrimPrefix(entry, "100644")
		}
	default:
		tree[path] = "100644 text " + strconv.Itoa(rnd.IntN(200))
	}
}

// keepSome deletes most branches, so that much of what is stored is reachable no more.
func (r *gitDir) keepSome(rnd *rand.Rand, n int) {
	for i := range n - 1 {
		if rnd.IntN(8) > 0 {
			r.git("update-ref", "-d", "refs/heads/c"+strconv.Itoa(i))
		}
	}
}

// contents is what commits' trees hold, as git lists it.
type contents struct{ Trees, Blobs, Paths []string }

func sorted(set map[string]bool) []string {
	list := make([]string, 0, len(set))
	for s := range set {
		list = append(list, s)
	}
	slices.Sort(list)
	return list
}

func (r *gitDir) contents() contents {
	trees, blobs, paths := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, c := range strings.Fields(r.git("rev-list", "--all")) {
		trees[r.git("rev-parse", c+"^{tree}")] = true
		for _, e := range strings.Split(string(r.run(nil, "ls-tree", "-r", "-t", "-z", c)), "\x00") {
			meta, path, _ := strings.Cut(e, "\t")
			switch f := strings.Fields(meta); {
			case len(f) < 3 || f[1] == "commit":
			case f[1] == "tree":
				trees[f[2]] = true
			default:
				blobs[f[2]], paths[path] = true, true
			}
		}
	}
	return contents{sorted(trees), sorted(blobs), sorted(paths)}
}

// load opens the repository and reads its commits.
func (r *gitDir) load() (*gitstore.Repo, *Graph) {
	r.t.Helper()
	repo, err := gitstore.Open(r.path, gitstore.Options{})
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = repo.Close() })
	var tips []gitstore.ID
	for _, line := range strings.Fields(r.git("for-each-ref", "--format=%(objectname)")) {
		id, err := gitstore.ParseID(line)
		if err != nil {
			r.t.Fatal(err)
		}
		tips = append(tips, id)
	}
	g, err := Load(context.Background(), repo, repo.Objects.NewReader(1<<20), LoadOptions{Tips: tips, Problem: func(err error) { r.t.Error(err) }})
	if err != nil {
		r.t.Fatal(err)
	}
	return repo, g
}

func reachOf(t testing.TB, repo *gitstore.Repo, g *Graph, workers int) *Reach {
	t.Helper()
	trees, err := ReadTrees(context.Background(), repo, repo.Objects.Numbers(), TreesOptions{Workers: workers, Budget: 8 << 20, Limit: 64 << 20, MaxObjects: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	var readers []*gitstore.Reader
	for range workers {
		readers = append(readers, repo.Objects.NewReader(1<<20))
	}
	reach, err := trees.Reach(context.Background(), g, readers)
	if err != nil {
		t.Fatal(err)
	}
	return reach
}

func (r *Reach) contents() contents {
	trees, blobs, paths := map[string]bool{}, map[string]bool{}, map[string]bool{}
	r.trees.each(func(n uint32) { trees[r.t.numbers.ID(n).String()] = true })
	r.Blobs(func(id gitstore.ID) { blobs[id.String()] = true })
	r.Paths(func(path []byte) { paths[string(path)] = true })
	return contents{sorted(trees), sorted(blobs), sorted(paths)}
}

// packings are ways in which a repository may be stored.
var packings = map[string]func(r *gitDir){
	"as imported": func(*gitDir) {},
	"loose": func(r *gitDir) {
		packs, _ := filepath.Glob(filepath.Join(r.path, ".git/objects/pack/*.pack"))
		for _, p := range packs {
			data, err := os.ReadFile(p)
			if err != nil {
				r.t.Fatal(err)
			}
			for _, f := range []string{p, strings.TrimSuffix(p, "pack") + "idx"} {
				if err := os.Remove(f); err != nil {
					r.t.Fatal(err)
				}
			}
			r.run(data, "unpack-objects", "-q")
		}
	},
	"deep deltas":    func(r *gitDir) { r.git("repack", "-a", "-d", "-f", "-q", "-k", "--window=250", "--depth=250") },
	"shallow deltas": func(r *gitDir) { r.git("repack", "-a", "-d", "-f", "-q", "-k", "--window=2", "--depth=1") },
	"no deltas":      func(r *gitDir) { r.git("repack", "-a", "-d", "-f", "-q", "-k", "--window=0") },
	"deltas by name": func(r *gitDir) {
		r.git("-c", "repack.useDeltaBaseOffset=false", "repack", "-a", "-d", "-f", "-q", "-k", "--window=50")
	},
	"two packs, overlapping": func(r *gitDir) {
		ids := r.git("rev-list", "--objects", "--no-object-names", "--all", "--max-count=20")
		r.run([]byte(ids), "pack-objects", "-q", ".git/objects/pack/pack")
		r.git("multi-pack-index", "write")
	},
	"only what is reachable": func(r *gitDir) { r.git("repack", "-a", "-d", "-f", "-q") },
	"alternate": func(r *gitDir) {
		r.git("repack", "-a", "-d", "-f", "-q", "-k")
		other := filepath.Join(filepath.Dir(r.path), "other")
		if err := os.Rename(filepath.Join(r.path, ".git/objects"), other); err != nil {
			r.t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Join(r.path, ".git/objects/info"), 0o755); err != nil {
			r.t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(r.path, ".git/objects/info/alternates"), []byte(other+"\n"), 0o644); err != nil {
			r.t.Fatal(err)
		}
	},
}

func TestReachIsWhatGitLists(t *testing.T) {
	t.Parallel()
	for name, pack := range packings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(3) {
				rnd := rand.New(rand.NewPCG(seed, 11))
				r := newGitDir(t)
				n := 20 + rnd.IntN(60)
				r.randomTrees(rnd, n)
				if seed > 0 {
					r.keepSome(rnd, n)
				}
				pack(r)
				repo, g := r.load()
				reach := reachOf(t, repo, g, 1+int(seed%2))
				if reach == nil {
					t.Fatalf("seed %d: nothing can be told", seed)
				}
				if diff := cmp.Diff(r.contents(), reach.contents()); diff != "" {
					t.Fatalf("seed %d: -git +reach\n%s", seed, diff)
				}
				checkMarked(t, repo, g, reach, rnd)
			}
		})
	}
}

// checkMarked compares what is left of trees with comparing them whole.
func checkMarked(t *testing.T, repo *gitstore.Repo, g *Graph, reach *Reach, rnd *rand.Rand) {
	t.Helper()
	for _, rare := range []byte{1, 3, 40} {
		salt := byte(rnd.IntN(256))
		blob := func(id gitstore.ID) bool { return (id.LastByte()^salt)%rare == 0 }
		name := func(s string) bool { return strings.HasSuffix(s, "7") }
		m := reach.Mark(func(b Blob) bool { return blob(reach.t.numbers.ID(uint32(b) - 1)) }, name)
		differ := NewDiffer(repo.Objects.NewReader(1<<20), repo.Format, 1<<20)
		against := m.against(g, nil)
		for range 300 {
			c, p := int32(rnd.IntN(g.Len())), int32(rnd.IntN(g.Len()+1))-1
			var want, got []string
			differ.Diff(g.Tree(p), g.Tree(c), func(d Change) {
				path := string(d.Path)
				if blob(d.Old) && !d.Old.IsZero() || blob(d.New) && !d.New.IsZero() || name(path) {
					want = append(want, changeText(d))
				}
			})
			against(c, p)(func(d Change) {
				if blob(d.Old) && !d.Old.IsZero() || blob(d.New) && !d.New.IsZero() || name(string(d.Path)) {
					got = append(got, changeText(d))
				}
			})
			// What is not marked on the other side may be missing there.
			if !slices.EqualFunc(want, got, func(a, b string) bool { return a == b || sameWhereMarked(a, b, blob) }) {
				t.Fatalf("commits %d, %d: -whole +marked\n%s", c, p, cmp.Diff(want, got))
			}
			if p == g.FirstParent(c) && m.touches(g, c, EventOptions{}) != (len(want) > 0) {
				t.Fatalf("commit %d touches what is marked: %v, but %d changes", c, len(want) == 0, len(want))
			}
		}
	}
}

func changeText(d Change) string {
	return fmt.Sprintf("%s %o %s %o %s", d.Path, d.OldMode, d.Old, d.NewMode, d.New)
}

// sameWhereMarked reports whether two changes agree but for a side that is not marked.
func sameWhereMarked(whole, marked string, blob func(gitstore.ID) bool) bool {
	a, b := strings.Split(whole, " "), strings.Split(marked, " ")
	if a[0] != b[0] {
		return false
	}
	for _, i := range []int{1, 3} {
		id, err := gitstore.ParseID(a[i+1])
		switch {
		case a[i] == b[i] && a[i+1] == b[i+1]:
		case err == nil && !blob(id) && b[i] == "0" && b[i+1] == "":
		default:
			return false
		}
	}
	return true
}
