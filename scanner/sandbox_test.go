package scanner

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"mudlark/detectors"
	"mudlark/report"
	"mudlark/rules"
)

// scenario is one repository, or folder, with the answer that a scan of it must give. make builds it and says what to expect.
type scenario struct {
	name string
	make func(r *sandbox)
}

// runScenarios builds and scans each scenario. A scan must report what is expected and nothing else.
func runScenarios(t *testing.T, list []scenario) {
	t.Helper()
	for _, sc := range list {
		t.Run(sc.name, func(t *testing.T) {
			t.Parallel()
			r := newSandbox(t)
			sc.make(r)
			r.verify()
		})
	}
}

// sandbox is a repository under construction. Commits are made without a working tree, on the branch ref, an hour apart.
type sandbox struct {
	*gitRepo
	ref     string
	heads   map[string]string // tip by ref
	clock   int64
	opt     Options // how to scan; Target is path unless it is set
	wants   []*want
	skipped []string // classes of coverage that the scan must list; none means that it must be complete
	broken  bool     // the scan must fail or be incomplete, nothing else
}

// presence says what at_head must be.
type presence int

const (
	anyHead presence = iota
	here             // HEAD holds it
	gone             // HEAD does not
	noHead           // null
)

// want is a finding that a scan must report.
type want struct {
	secret, commit, path string // commit and path: "" for null, anything for any
	line                 int    // 0 for null, -1 for any
	head                 presence
	source               string
	removed              string // commit; "" for not judged
	places               int    // introductions in all; 0 for not judged
	decoded              string // the decoders, joined by commas
}

const anything = "*"

func newSandbox(t testing.TB, init ...string) *sandbox {
	t.Helper()
	return &sandbox{gitRepo: newGitRepo(t, init...), ref: "refs/heads/main", heads: map[string]string{}, clock: 1700000000}
}

// edit is one part of a commit: a file, or a field of the commit where field is set.
type edit struct{ field, path, mode, content string }

func text(path, content string) edit    { return edit{path: path, mode: "100644", content: content} }
func program(path, content string) edit { return edit{path: path, mode: "100755", content: content} }
func link(path, target string) edit     { return edit{path: path, mode: "120000", content: target} }
func remove(path string) edit           { return edit{path: path, mode: "D"} }
func message(m string) edit             { return edit{field: "message", content: m} }
func author(who string) edit            { return edit{field: "author", content: who} }
func committer(who string) edit         { return edit{field: "committer", content: who} }
func dated(seconds int64) edit          { return edit{field: "date", content: strconv.FormatInt(seconds, 10)} }

// put commits one file and returns the commit.
func (r *sandbox) put(path, content string) string {
	r.t.Helper()
	return r.commit(text(path, content))
}

// commit makes a commit on the current branch.
func (r *sandbox) commit(edits ...edit) string {
	r.t.Helper()
	return r.merge(nil, edits...)
}

// merge makes a commit whose parents are the branch's tip and the others. Its tree is the tip's with the edits.
func (r *sandbox) merge(others []string, edits ...edit) string {
	r.t.Helper()
	r.clock += 3600
	field := map[string]string{"message": "change", "author": "A <a@example.org>", "committer": "C <c@example.org>", "date": strconv.FormatInt(r.clock, 10)}
	var files bytes.Buffer
	for _, e := range edits {
		switch {
		case e.field != "":
			field[e.field] = e.content
		case e.mode == "D":
			fmt.Fprintf(&files, "D %s\n", quoted(e.path))
		default:
			fmt.Fprintf(&files, "M %s inline %s\ndata %d\n%s\n", e.mode, quoted(e.path), len(e.content), e.content)
		}
	}
	var in bytes.Buffer
	if r.heads[r.ref] == "" {
		fmt.Fprintf(&in, "reset %s\n\n", r.ref)
	}
	fmt.Fprintf(&in, "commit %s\nmark :1\nauthor %s %s +0000\ncommitter %s %s +0000\ndata %d\n%s\n", r.ref, field["author"], field["date"],
		field["committer"], field["date"], len(field["message"]), field["message"])
	if tip := r.heads[r.ref]; tip != "" {
		fmt.Fprintf(&in, "from %s\n", tip)
	}
	for _, o := range others {
		fmt.Fprintf(&in, "merge %s\n", o)
	}
	in.Write(files.Bytes())
	in.WriteString("\nget-mark :1\n")
	id := strings.TrimSpace(string(r.run(in.Bytes(), "fast-import", "--quiet", "--force", "--date-format=raw-permissive")))
	r.heads[r.ref] = id
	return id
}

// quoted is a path as fast-import reads it.
func quoted(path string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(path) {
		if c := path[i]; c < ' ' || c == '"' || c == '\\' || c > '~' {
			fmt.Fprintf(&b, `\%03o`, c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String() + `"`
}

// on goes to a branch, which starts at the current commit if it is new. HEAD stays on main.
func (r *sandbox) on(branch string) {
	ref := "refs/heads/" + branch
	if r.heads[ref] == "" && r.heads[r.ref] != "" {
		r.at(ref, r.heads[r.ref])
	}
	r.ref = ref
}

// at makes the ref name the commit.
func (r *sandbox) at(ref, id string) {
	r.t.Helper()
	r.git("update-ref", ref, id)
	r.heads[ref] = id
}

// drop deletes a branch.
func (r *sandbox) drop(branch string) {
	r.t.Helper()
	r.git("update-ref", "-d", "refs/heads/"+branch)
	delete(r.heads, "refs/heads/"+branch)
}

// tip returns the current branch's commit.
func (r *sandbox) tip() string { return r.heads[r.ref] }

// checkout fills index and working tree from HEAD.
func (r *sandbox) checkout() { r.t.Helper(); r.git("reset", "-q", "--hard") }

// write writes a file of the working tree.
func (r *sandbox) write(path, content string) {
	r.t.Helper()
	writeFile(r.t, filepath.Join(r.path, path), content)
}

// stage writes a file and adds it to the index.
func (r *sandbox) stage(path, content string) {
	r.t.Helper()
	r.write(path, content)
	r.git("add", "-f", "--", path)
}

func writeFile(t testing.TB, name, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// blob stores an object and returns its name.
func (r *sandbox) blob(content string) string {
	r.t.Helper()
	return strings.TrimSpace(string(r.run([]byte(content), "hash-object", "-w", "--stdin")))
}

// object stores an object of any type as it is and returns its name.
func (r *sandbox) object(typ, content string) string {
	r.t.Helper()
	return strings.TrimSpace(string(r.run([]byte(content), "hash-object", "--literally", "-t", typ, "-w", "--stdin")))
}

// tree stores a tree object of "MODE NAME", id, ... as they are, in the order given.
func (r *sandbox) tree(entries ...string) string {
	r.t.Helper()
	var b strings.Builder
	for i := 0; i < len(entries); i += 2 {
		id, err := hex.DecodeString(entries[i+1])
		if err != nil {
			r.t.Fatal(err)
		}
		b.WriteString(entries[i] + "\x00" + string(id))
	}
	return r.object("tree", b.String())
}

// rawCommit stores a commit of a tree and makes the current branch name it.
func (r *sandbox) rawCommit(tree string, parents ...string) string {
	r.t.Helper()
	r.clock += 3600
	who := fmt.Sprintf(" A <a@example.org> %d +0000\n", r.clock)
	text := "tree " + tree + "\n"
	for _, p := range parents {
		text += "parent " + p + "\n"
	}
	id := r.object("commit", text+"author"+who+"committer"+who+"\nm\n")
	r.at(r.ref, id)
	return id
}

// loose returns the file that holds a loose object.
func (r *sandbox) loose(id string) string {
	dir := filepath.Join(r.path, ".git")
	if _, err := os.Stat(dir); err != nil {
		dir = r.path
	}
	return filepath.Join(dir, "objects", id[:2], id[2:])
}

// damage replaces the file of a loose object by what change makes of it; nil removes it.
func (r *sandbox) damage(id string, change func([]byte) []byte) {
	r.t.Helper()
	name := r.loose(id)
	data, err := os.ReadFile(name)
	if err != nil {
		r.t.Fatal(err)
	}
	if err := os.Remove(name); err != nil {
		r.t.Fatal(err)
	}
	if change == nil {
		return
	}
	if err := os.WriteFile(name, change(data), 0o644); err != nil {
		r.t.Fatal(err)
	}
}

func half(b []byte) []byte             { return b[:len(b)/2] }
func empty([]byte) []byte              { return nil }
func flip(b []byte) []byte             { c := slices.Clone(b); c[len(c)/2] ^= 0xff; return c }
func key(n int) string                 { return `key = "` + token(n) + "\"\n" }
func (r *sandbox) base()               { r.t.Helper(); r.put("README.md", doc(int(r.clock%1000), 5)) }
func (r *sandbox) rev(s string) string { r.t.Helper(); return r.git("rev-parse", s) }

// doc is innocent text of so many lines.
func doc(seed, lines int) string {
	words := strings.Fields("alpha river stone copper meadow lantern orbit velvet harbor timber silver canyon drift ember fjord grove")
	rnd := rand.New(rand.NewPCG(uint64(seed), 5))
	var b strings.Builder
	for i := range lines {
		fmt.Fprintf(&b, "%05d", i)
		for range 8 {
			b.WriteString(" " + words[rnd.IntN(len(words))])
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// expect adds a finding that the scan must report: in the blob at path and line, introduced by the commit.
func (r *sandbox) expect(secret, commit, path string, line int, head presence) *want {
	w := &want{secret: secret, commit: commit, path: path, line: line, head: head, source: sourceBlob}
	r.wants = append(r.wants, w)
	return w
}

// verify scans and compares.
func (r *sandbox) verify() {
	r.t.Helper()
	if r.opt.Target == "" {
		r.opt.Target = r.path
	}
	if r.broken {
		if got, _, err := tryScan(r.t, r.opt); err == nil && got.coverage.Complete {
			r.t.Errorf("the scan of a broken repository is complete")
		}
		return
	}
	r.compare(scanned(r.t, r.opt))
}

// scanned runs a scan with test rules unless others are given; an error fails the test.
func scanned(t testing.TB, o Options) *collected {
	t.Helper()
	c, _, err := tryScan(t, o)
	if err != nil {
		t.Fatalf("scan: %v", err)
	}
	return c
}

// tryScan runs a scan that may fail.
func tryScan(t testing.TB, o Options) (*collected, Result, error) {
	t.Helper()
	var c collected
	if o.Rules == nil {
		o.Rules = testRules(t)
	}
	if o.Mode == "" {
		o.Mode = ModeGit
	}
	if o.Workers == 0 {
		o.Workers = 2
	}
	o.ShowSecrets = true
	res, err := Run(context.Background(), o, &c)
	if err == nil && (res.Findings != len(c.findings) || res.Complete != c.coverage.Complete) {
		t.Errorf("result %+v does not fit %d findings and complete %v", res, len(c.findings), c.coverage.Complete)
	}
	return &c, res, err
}

// compare checks a scan against what is expected.
func (r *sandbox) compare(got *collected) {
	r.t.Helper()
	bySecret := map[string][]*report.Finding{}
	for _, f := range got.findings {
		bySecret[f.Secret] = append(bySecret[f.Secret], f)
	}
	for _, w := range r.wants {
		fs := bySecret[w.secret]
		delete(bySecret, w.secret)
		if len(fs) != 1 {
			r.t.Errorf("%d findings of %.20s…, want 1", len(fs), w.secret)
			continue
		}
		w.compare(r.t, fs[0])
	}
	for _, fs := range bySecret {
		r.t.Errorf("unexpected finding: %s", describe(fs[0]))
	}
	checkSkipped(r.t, got.coverage, r.skipped...)
}

// checkSkipped checks that the coverage lists something of each class and of no other; without classes, that it is complete.
func checkSkipped(t testing.TB, cov *report.Coverage, classes ...string) {
	t.Helper()
	var listed []string
	for _, s := range cov.Skipped {
		if !slices.Contains(listed, s.Class) {
			listed = append(listed, s.Class)
		}
	}
	slices.Sort(classes)
	if !slices.Equal(listed, slices.Compact(classes)) {
		t.Errorf("classes of skipped things %q, want %q: %+v", listed, classes, cov.Skipped)
	}
	if cov.Complete != (len(classes) == 0) {
		t.Errorf("complete is %v: %+v", cov.Complete, cov.Skipped)
	}
}

func describe(f *report.Finding) string {
	out, err := json.Marshal(f)
	if err != nil {
		return err.Error()
	}
	return string(out)
}

func (w *want) compare(t testing.TB, f *report.Finding) {
	t.Helper()
	str := func(p *string) string {
		if p == nil {
			return ""
		}
		return *p
	}
	line := 0
	if f.Line != nil {
		line = *f.Line
	}
	head := noHead
	if f.AtHead != nil {
		head = map[bool]presence{true: here, false: gone}[*f.AtHead]
	}
	for _, bad := range []struct {
		what string
		bad  bool
	}{
		{"commit", w.commit != anything && str(f.Commit) != w.commit},
		{"path", w.path != anything && str(f.Path) != w.path},
		{"line", w.line != -1 && line != w.line},
		{"source", w.source != f.Source},
		{"at_head", w.head != anyHead && head != w.head},
		{"removed", w.removed != "" && (f.Removed == nil || f.Removed.Commit != w.removed)},
		{"removed, though at HEAD", head == here && f.Removed != nil},
		{"number of places", w.places != 0 && len(f.Occurrences)+1 != w.places},
		{"decoded", w.decoded != "" && strings.Join(f.Decoded, ",") != w.decoded},
	} {
		if bad.bad {
			t.Errorf("wrong %s: want %+v, got %s", bad.what, *w, describe(f))
		}
	}
}

// allRules returns the built-in rules.
var allRules = sync.OnceValues(func() ([]*rules.Rule, error) { return rules.Builtin(detectors.Vocabulary()) })

func builtin(t testing.TB) []*rules.Rule {
	t.Helper()
	set, err := allRules()
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// secretOf makes a secret of a built-in rule: what to write into a file, and what a scan must report.
func secretOf(t testing.TB, id string, seed uint64) (string, string) {
	t.Helper()
	for _, r := range builtin(t) {
		if r.ID == id {
			text, secret := generated(r, seed)
			if text == "" {
				t.Fatalf("rule %s generates nothing", id)
			}
			return text, secret
		}
	}
	t.Fatalf("there is no rule %s", id)
	return "", ""
}

// rulesOf reads rules of a test's own.
func rulesOf(t testing.TB, text string) []*rules.Rule {
	t.Helper()
	set, err := rules.Parse("test.toml", []byte(text), detectors.Vocabulary())
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// generated makes a secret of the rule: what to write, and what a scan must report. Both are empty for rules that cannot generate.
func generated(r *rules.Rule, seed uint64) (written, secret string) {
	w, s := detectors.Generate(rand.New(rand.NewPCG(seed, 31)), r)
	return string(w), string(s)
}
