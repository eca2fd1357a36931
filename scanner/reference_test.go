package scanner

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mudlark/detectors"
	"mudlark/report"
	"mudlark/rules"
)

// This file holds a second implementation of attribution, as slow and as plain as can be: it lists every path of every
// commit with git, looks for every secret in every file by substring, and applies the definitions of docs/design.md word for
// word. The scanner must agree with it on random histories.

// testRule is a rule of its own, so that attribution is tested apart from the catalogue.
const testRuleText = `
provider = "Test"
[[rule]]
id = "test-token"
name = "Test token"
format = "mudtok_{base62:20}"
severity = "high"
confidence = "high"
source = "https://example.org/"
rotate = "https://example.org/"
`

func testRules(t testing.TB) []*rules.Rule {
	t.Helper()
	set, err := rules.Parse("test.toml", []byte(testRuleText), detectors.Vocabulary())
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// token returns the n-th test secret.
func token(n int) string {
	rnd := rand.New(rand.NewPCG(uint64(n), 99))
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	b := []byte("mudtok" + "_")
	for range 20 {
		b = append(b, alphabet[rnd.IntN(len(alphabet))])
	}
	return string(b)
}

// gitRepo is a repository that a test builds with the git program.
type gitRepo struct {
	t    testing.TB
	path string
}

func newGitRepo(t testing.TB, args ...string) *gitRepo {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Fatal("the tests need git in $PATH")
	}
	r := &gitRepo{t, filepath.Join(t.TempDir(), "repo")}
	if err := os.Mkdir(r.path, 0o755); err != nil {
		t.Fatal(err)
	}
	r.git(append([]string{"init", "-q", "-b", "main"}, args...)...)
	return r
}

func gitEnv() []string {
	var env []string
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "GIT_") {
			env = append(env, kv)
		}
	}
	return append(env, "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@example.org",
		"GIT_COMMITTER_NAME=C", "GIT_COMMITTER_EMAIL=c@example.org", "GIT_AUTHOR_DATE=1700000000 +0000", "GIT_COMMITTER_DATE=1700000000 +0000",
		"GIT_NO_REPLACE_OBJECTS=1", "GIT_ALLOW_PROTOCOL=file")
}

func (r *gitRepo) run(stdin []byte, args ...string) []byte {
	r.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Env, cmd.Stdin = r.path, gitEnv(), bytes.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		r.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, stderr.Bytes())
	}
	return out
}

func (r *gitRepo) git(args ...string) string {
	r.t.Helper()
	return strings.TrimSpace(string(r.run(nil, args...)))
}

// file is a path's state in a random history.
type file struct{ mode, content string }

// randomHistory imports a history of n commits with merges, octopuses, criss-crosses, moves, copies, re-adds, mode and type
// changes, and dates that disagree with the order of the commits.
func (r *gitRepo) randomHistory(rnd *rand.Rand, n, secrets int) {
	var in bytes.Buffer
	randomCommits(&in, rnd, n, secrets)
	for i := range n {
		if rnd.IntN(6) == 0 || i == n-1 {
			fmt.Fprintf(&in, "reset refs/heads/b%d\nfrom :%d\n\n", i, i+1)
		}
	}
	fmt.Fprintf(&in, "reset refs/heads/main\nfrom :%d\n\n", n-rnd.IntN(3))
	r.run(in.Bytes(), "fast-import", "--quiet", "--date-format=raw-permissive")
	for i := range n {
		r.git("update-ref", "-d", "refs/heads/tmp"+strconv.Itoa(i))
	}
}

// madeCommit is a commit as it was made. Parents are numbers of commits.
type madeCommit struct {
	parents []int
	time    int
	tree    map[string]file
}

// randomCommits writes n commits for git fast-import: the i-th with the mark i+1, on refs/heads/tmp and its number.
func randomCommits(in *bytes.Buffer, rnd *rand.Rand, n, secrets int) (made []madeCommit) {
	for i := range n {
		var parents []int
		if i > 0 && rnd.IntN(12) > 0 {
			parents = append(parents, max(0, i-1-rnd.IntN(4)))
			for rnd.IntN(3) == 0 && len(parents) < 4 {
				if p := rnd.IntN(i); !slices.Contains(parents, p) {
					parents = append(parents, p)
				}
			}
		}
		tree := map[string]file{}
		for _, p := range slices.Backward(parents) {
			if rnd.IntN(3) > 0 || p == parents[0] {
				for path, f := range made[p].tree {
					tree[path] = f
				}
			}
		}
		if len(parents) < 2 || rnd.IntN(3) == 0 {
			for range 1 + rnd.IntN(3) {
				mutate(rnd, tree, secrets)
			}
		}
		dropConflicts(tree)
		date := 1700000000 + i*3600 + rnd.IntN(4)*rnd.IntN(20000) - rnd.IntN(2)*rnd.IntN(30000)
		made = append(made, madeCommit{parents, date, tree})
		fmt.Fprintf(in, "commit refs/heads/tmp%d\nmark :%d\ncommitter C <c@example.org> %d +0000\ndata 1\nm\n", i, i+1, date)
		for j, p := range parents {
			verb := "merge"
			if j == 0 {
				verb = "from"
			}
			fmt.Fprintf(in, "%s :%d\n", verb, p+1)
		}
		in.WriteString("deleteall\n")
		for _, path := range sortedKeys(tree) {
			f := tree[path]
			fmt.Fprintf(in, "M %s inline %s\ndata %d\n%s\n", f.mode, path, len(f.content), f.content)
		}
		in.WriteString("\n")
	}
	return made
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// mutate changes one thing in a tree.
func mutate(rnd *rand.Rand, tree map[string]file, secrets int) {
	paths := []string{"a", "b", "d/a", "d/b", "d/e/c", "x.txt", "d", "a.b", "d-1"}
	path := paths[rnd.IntN(len(paths))]
	text := func() string {
		var b strings.Builder
		for range rnd.IntN(3) {
			fmt.Fprintf(&b, "%s\n", token(rnd.IntN(secrets)))
		}
		fmt.Fprintf(&b, "line %d\n", rnd.IntN(50))
		return b.String()
	}
	switch rnd.IntN(8) {
	case 0:
		delete(tree, path)
	case 1: // move
		if f, ok := tree[path]; ok {
			delete(tree, path)
			tree[paths[rnd.IntN(len(paths))]] = f
		}
	case 2: // copy
		if f, ok := tree[path]; ok {
			tree[paths[rnd.IntN(len(paths))]] = f
		}
	case 3: // append
		if f, ok := tree[path]; ok {
			tree[path] = file{f.mode, f.content + "\n" + text()}
		}
	case 4: // mode
		if f, ok := tree[path]; ok && f.mode != "120000" {
			tree[path] = file{[]string{"100644", "100755"}[rnd.IntN(2)], f.content}
		}
	case 5: // symlink
		tree[path] = file{"120000", token(rnd.IntN(secrets))}
	default:
		tree[path] = file{"100644", text()}
	}
}

// dropConflicts removes files that stand where another path needs a directory.
func dropConflicts(tree map[string]file) {
	for _, path := range sortedKeys(tree) {
		for other := range tree {
			if strings.HasPrefix(other, path+"/") {
				delete(tree, path)
			}
		}
	}
}

// refCommit is a commit as the reference sees it.
type refCommit struct {
	id      string
	parents []string
	time    int64
	files   map[string]string // path to "mode id"
}

// reference is the plain implementation.
type reference struct {
	commits map[string]*refCommit
	order   []string
	blobs   map[string]map[string]bool // secrets by blob id
	head    string
	// followed are the commits that refs which follow a remote name.
	followed []string
}

func newReference(r *gitRepo, secrets int) *reference {
	ref := &reference{commits: map[string]*refCommit{}, blobs: map[string]map[string]bool{}, head: r.git("rev-parse", "HEAD")}
	for _, line := range strings.Split(r.git("log", "--all", "--format=%H %ct %P"), "\n") {
		f := strings.Fields(line)
		seconds, _ := strconv.ParseInt(f[1], 10, 64)
		c := &refCommit{id: f[0], time: seconds, parents: f[2:], files: map[string]string{}}
		for _, e := range strings.Split(string(r.run(nil, "ls-tree", "-r", "-z", c.id)), "\x00") {
			if e == "" {
				continue
			}
			meta, path, _ := strings.Cut(e, "\t")
			m := strings.Fields(meta)
			c.files[path] = m[0] + " " + m[2]
			if ref.blobs[m[2]] == nil {
				content := string(r.run(nil, "cat-file", "blob", m[2]))
				ref.blobs[m[2]] = map[string]bool{}
				for n := range secrets {
					if strings.Contains(content, token(n)) {
						ref.blobs[m[2]][token(n)] = true
					}
				}
			}
		}
		ref.commits[c.id] = c
		ref.order = append(ref.order, c.id)
	}
	return ref
}

func (ref *reference) holds(entry, secret string) bool {
	_, id, ok := strings.Cut(entry, " ")
	return ok && ref.blobs[id][secret]
}

// differing returns D(c, p); p is nil for the empty tree.
func differing(c, p *refCommit) []string {
	old := map[string]string{}
	if p != nil {
		old = p.files
	}
	var out []string
	for path, e := range c.files {
		if old[path] != e {
			out = append(out, path)
		}
	}
	for path := range old {
		if _, ok := c.files[path]; !ok {
			out = append(out, path)
		}
	}
	return out
}

func (ref *reference) parents(c *refCommit) []*refCommit {
	if len(c.parents) == 0 {
		return []*refCommit{nil}
	}
	var out []*refCommit
	for _, p := range c.parents {
		out = append(out, ref.commits[p])
	}
	return out
}

// introduces returns the paths at which c introduces the secret, nil if it does not.
func (ref *reference) introduces(c *refCommit, secret string) []string {
	var everywhere map[string]bool
	var first []string
	for i, p := range ref.parents(c) {
		here := map[string]bool{}
		for _, path := range differing(c, p) {
			if p != nil && ref.holds(p.files[path], secret) {
				return nil
			}
			if ref.holds(c.files[path], secret) {
				here[path] = true
			}
		}
		if len(here) == 0 {
			return nil
		}
		if i == 0 {
			everywhere, first = here, sortedKeys(here)
			continue
		}
		for path := range everywhere {
			if !here[path] {
				delete(everywhere, path)
			}
		}
	}
	if len(everywhere) > 0 {
		return sortedKeys(everywhere)
	}
	return first
}

func (ref *reference) inTree(c *refCommit, secret string) bool {
	for _, e := range c.files {
		if ref.holds(e, secret) {
			return true
		}
	}
	return false
}

func (ref *reference) reaches(from, to string) bool {
	seen, stack := map[string]bool{}, []string{from}
	for len(stack) > 0 {
		id := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if id == to {
			return true
		}
		if !seen[id] {
			seen[id] = true
			stack = append(stack, ref.commits[id].parents...)
		}
	}
	return false
}

// less orders commits by (committer time, id).
func (ref *reference) less(a, b string) bool {
	if ref.commits[a].time != ref.commits[b].time {
		return ref.commits[a].time < ref.commits[b].time
	}
	return a < b
}

// story is what both implementations say of a secret.
type story struct {
	First   string
	Places  []string // "commit path", sorted
	AtHead  bool
	Removed string
}

// stories applies the definitions to every secret, among the commits that keep accepts.
func (ref *reference) stories(secrets int, keep func(id string) bool) map[string]story {
	out := map[string]story{}
	for n := range secrets {
		secret := token(n)
		var st story
		var commits []string
		for _, id := range ref.order {
			if paths := ref.introduces(ref.commits[id], secret); paths != nil && keep(id) {
				commits = append(commits, id)
				for _, p := range paths {
					st.Places = append(st.Places, id+" "+p)
				}
			}
		}
		if len(commits) == 0 {
			continue
		}
		sort.Strings(st.Places)
		for _, c := range commits {
			descends := slices.ContainsFunc(commits, func(o string) bool { return o != c && ref.reaches(c, o) })
			if !descends && (st.First == "" || ref.less(c, st.First)) {
				st.First = c
			}
		}
		st.AtHead = ref.inTree(ref.commits[ref.head], secret)
		if !st.AtHead {
			st.Removed = ref.removed(secret, keep)
		}
		out[secret] = st
	}
	return out
}

func (ref *reference) removed(secret string, keep func(string) bool) string {
	var commits []string
	for _, id := range ref.order {
		c := ref.commits[id]
		if !keep(id) || !ref.reaches(ref.head, id) || ref.inTree(c, secret) {
			continue
		}
		if slices.ContainsFunc(ref.parents(c), func(p *refCommit) bool { return p != nil && ref.inTree(p, secret) }) {
			commits = append(commits, id)
		}
	}
	last := ""
	for _, c := range commits {
		hasLater := slices.ContainsFunc(commits, func(o string) bool { return o != c && ref.reaches(o, c) })
		if !hasLater && (last == "" || ref.less(last, c)) {
			last = c
		}
	}
	return last
}

// collected is a handler that keeps everything.
type collected struct {
	config   *report.Config
	findings []*report.Finding
	coverage *report.Coverage
}

func (c *collected) Config(x *report.Config) error     { c.config = x; return nil }
func (c *collected) Finding(x *report.Finding) error   { c.findings = append(c.findings, x); return nil }
func (c *collected) Coverage(x *report.Coverage) error { c.coverage = x; return nil }
func (c *collected) Done() error                       { return nil }

// mustRun scans with test rules and fails the test on an error.
func mustRun(t testing.TB, o Options) *collected {
	t.Helper()
	var c collected
	if o.Rules == nil {
		o.Rules = testRules(t)
	}
	o.Mode, o.ShowSecrets = ModeGit, true
	if _, err := Run(context.Background(), o, &c); err != nil {
		t.Fatal(err)
	}
	return &c
}

func (c *collected) stories() map[string]story {
	out := map[string]story{}
	for _, f := range c.findings {
		st := story{First: *f.Commit, AtHead: f.AtHead != nil && *f.AtHead}
		if f.Removed != nil {
			st.Removed = f.Removed.Commit
		}
		for _, p := range append([]report.Place{f.Place}, f.Occurrences...) {
			place := *p.Commit + " " + *p.Path
			if !slices.Contains(st.Places, place) {
				st.Places = append(st.Places, place)
			}
		}
		sort.Strings(st.Places)
		out[f.Secret] = st
	}
	return out
}

func TestAttributionMatchesReference(t *testing.T) {
	histories := 25
	if testing.Short() {
		histories = 5
	}
	for seed := range uint64(histories) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			rnd := rand.New(rand.NewPCG(seed, 1))
			const secrets = 5
			r := newGitRepo(t)
			r.randomHistory(rnd, 8+rnd.IntN(30), secrets)
			ref := newReference(r, secrets)
			full := mustRun(t, Options{Target: r.path, Workers: 2})
			want := ref.stories(secrets, func(string) bool { return true })
			if d := cmp.Diff(want, full.stories()); d != "" {
				t.Fatalf("full scan differs from the reference (-want +got):\n%s", d)
			}
			if !full.coverage.Complete {
				t.Fatalf("incomplete: %v", full.coverage.Skipped)
			}
			for range 4 {
				base := ref.order[rnd.IntN(len(ref.order))]
				inRange := func(id string) bool { return !ref.reaches(base, id) }
				got := mustRun(t, Options{Target: r.path, Workers: 2, Since: []string{base}, All: true})
				if d := cmp.Diff(ref.stories(secrets, inRange), got.stories()); d != "" {
					t.Fatalf("range since %s differs from the reference (-want +got):\n%s", base, d)
				}
			}
		})
	}
}
