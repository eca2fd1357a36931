package scanner

import (
	"bytes"
	"compress/zlib"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// bounded runs do and fails the test if that takes longer than limit or needs more live memory than so many MiB. Heap is sampled
// for the whole process, so tests that use it do not run in parallel.
func bounded(t *testing.T, limit time.Duration, mib uint64, do func()) {
	t.Helper()
	runtime.GC()
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	done := make(chan struct{})
	var peak uint64
	var wg sync.WaitGroup
	wg.Add(1)
	go func() {
		defer wg.Done()
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				runtime.ReadMemStats(&now)
				peak = max(peak, now.HeapAlloc)
			}
		}
	}()
	start := time.Now()
	do()
	took := time.Since(start)
	close(done)
	wg.Wait()
	if took > slow*limit {
		t.Errorf("took %v, more than %v", took, slow*limit)
	}
	if peak > before.HeapAlloc && (peak-before.HeapAlloc)>>20 > mib {
		t.Errorf("the heap grew by %d MiB, more than %d", (peak-before.HeapAlloc)>>20, mib)
	}
	t.Logf("%v, %d MiB", took.Round(time.Millisecond), (max(peak, before.HeapAlloc)-before.HeapAlloc)>>20)
}

// bomb makes a tree of some levels, each of which holds the next ten times.
func (r *sandbox) bomb(levels int, leaf string) string {
	r.t.Helper()
	id := r.tree("100644 f", leaf)
	for range levels {
		var entries []string
		for i := range 10 {
			entries = append(entries, fmt.Sprint("40000 d", i), id)
		}
		id = r.tree(entries...)
	}
	return id
}

func TestTreeBomb(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	quiet := newSandbox(t)
	quiet.base()
	quiet.rawCommit(quiet.bomb(10, quiet.blob("x\n")), quiet.tip())
	armed := newSandbox(t)
	armed.base()
	base := armed.tip()
	armed.rawCommit(armed.bomb(10, armed.blob(key(1))), armed.tip())
	named := newSandbox(t)
	named.base()
	named.git("update-ref", "refs/tags/bomb", named.bomb(10, named.blob(key(1))))
	for _, tt := range []struct {
		name   string
		o      Options
		secret string
	}{
		{"with a secret, range and exclude", Options{Target: armed.path, Since: []string{base}, Exclude: []string{"nothing"}}, token(1)},
		{"named by a tag", Options{Target: named.path}, token(1)},
		{"staged on top of one", Options{Target: quiet.path, Staged: true}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bounded(t, 30*time.Second, 700, func() {
				ctx, cancel := context.WithTimeout(context.Background(), 40*time.Second)
				defer cancel()
				o := tt.o
				o.Mode, o.Workers, o.ShowSecrets = ModeGit, 2, true
				if o.Rules == nil {
					o.Rules = testRules(t)
				}
				var c collected
				if _, err := Run(ctx, o, &c); err != nil {
					t.Fatal(err)
				}
				if c.coverage.Complete {
					t.Error("complete, though a bomb cannot be read whole")
				}
				found := false
				for _, f := range c.findings {
					found = found || f.Secret == tt.secret
				}
				if tt.secret != "" && !found {
					t.Error("the secret in the bomb is not found")
				}
			})
		})
	}
}

func TestManyTokens(t *testing.T) {
	var b strings.Builder
	for i := range 5000 {
		b.WriteString(token(i) + "\n")
	}
	r := newSandbox(t)
	r.put("dense.txt", b.String())
	set := testRules(t)
	bounded(t, time.Second, 200, func() {
		if got := scanned(t, Options{Target: r.path, Rules: set}); len(got.findings) != 5000 {
			t.Errorf("%d findings", len(got.findings))
		}
	})
	r = newSandbox(t)
	r.put("dense.txt", strings.ReplaceAll(b.String(), "\n", " "))
	bounded(t, time.Second, 200, func() {
		o := Options{Target: r.path, Mode: ModeGit, Workers: 2, Rules: set}
		var c collected
		if _, err := Run(context.Background(), o, &c); err != nil || len(c.findings) != 5000 {
			t.Errorf("%d findings on one line, error %v", len(c.findings), err)
		}
	})
}

func TestOneTokenManyTimes(t *testing.T) {
	n := 100000
	if testing.Short() {
		n = 20000
	}
	r := newSandbox(t)
	r.put("same.txt", strings.Repeat(key(1), n))
	bounded(t, 10*time.Second, 400, func() {
		var c collected
		if _, err := Run(context.Background(), Options{Target: r.path, Mode: ModeGit, Workers: 2, Rules: testRules(t)}, &c); err != nil {
			t.Fatal(err)
		}
		if len(c.findings) != 1 {
			t.Errorf("%d findings", len(c.findings))
		}
	})
}

func TestLongLines(t *testing.T) {
	n := 12 << 20
	if testing.Short() {
		n = 2 << 20
	}
	for i, tt := range []struct{ name, unit string }{
		{"minified code", `function a(b,c){return b.token(c)?!0:99<<3|c}var a=[1,2,.5];`},
		{"one letter", "a"},
		{"base64", "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo"},
		{"hexadecimal", "0123456789abcdef"},
		{"percent", "%41%42%2"},
		{"escapes", `\u0041\x4`},
		{"beginnings of tokens", "mudtok" + "_"},
		{"beginnings of keys", "-----BEGIN "},
		{"quotes and brackets", `{"a":["`},
		{"URLs", "https://a:b@"},
		{"NULs between letters", "a\x00"},
		{"assignments", "password="},
	} {
		t.Run(tt.name, func(t *testing.T) {
			set := builtin(t)
			r := newSandbox(t)
			size := n
			if i > 2 {
				size = min(n, 3<<20)
			}
			content := strings.Repeat(tt.unit, size/len(tt.unit)) + "\n" + key(1)
			c := r.put("app.min.js", content)
			bounded(t, 12*time.Second, 600, func() {
				got := scanned(t, Options{Target: r.path, Rules: append(testRules(t), set...)})
				for _, f := range got.findings {
					if f.Secret == token(1) && *f.Commit == c && (*f.Line == 2 || strings.Contains(tt.unit, "\x00")) {
						return
					}
				}
				t.Error("the token behind the line is not found")
			})
		})
	}
}

func TestDeepDirectories(t *testing.T) {
	r := newSandbox(t)
	r.base()
	build := func(depth int) string {
		id := r.tree("100644 f", r.blob(key(1)))
		for range depth {
			id = r.tree("40000 d", id)
		}
		return id
	}
	t.Run("400", func(t *testing.T) {
		c := r.rawCommit(build(400), r.tip())
		got := scanned(t, Options{Target: r.path})
		if len(got.findings) != 1 || *got.findings[0].Commit != c || *got.findings[0].Path != strings.Repeat("d/", 400)+"f" {
			t.Errorf("%d findings", len(got.findings))
		}
		checkSkipped(t, got.coverage)
	})
	t.Run("deeper than any limit", func(t *testing.T) {
		if testing.Short() {
			t.Skip("slow")
		}
		r := newSandbox(t)
		r.base()
		// fast-import makes such a tree at once.
		r.put(strings.Repeat("d/", 2040)+"f", "x\n")
		id := r.rev("HEAD^{tree}")
		for range 30 {
			id = r.tree("40000 e", id)
		}
		r.rawCommit(id, r.tip())
		bounded(t, 10*time.Second, 300, func() {
			checkSkipped(t, scanned(t, Options{Target: r.path}).coverage, "limit")
		})
	})
}

func TestManyCommitsOfOneFile(t *testing.T) {
	n := 3000
	if testing.Short() {
		n = 500
	}
	var in strings.Builder
	in.WriteString("reset refs/heads/main\n\n")
	for i := range n {
		content := fmt.Sprintf("%d\n%s", i, key(i%2))
		fmt.Fprintf(&in, "commit refs/heads/main\ncommitter C <c@example.org> %d +0000\ndata 1\nm\nM 100644 inline a\ndata %d\n%s\n", 1700000000+i, len(content), content)
	}
	r := newSandbox(t)
	r.run([]byte(in.String()), "fast-import", "--quiet")
	bounded(t, 10*time.Second, 300, func() {
		got := scanned(t, Options{Target: r.path})
		if len(got.findings) != 2 || len(got.findings[0].Occurrences)+len(got.findings[1].Occurrences) != n-2 {
			t.Errorf("%d findings", len(got.findings))
		}
	})
}

func TestManyRefs(t *testing.T) {
	n := 20000
	if testing.Short() {
		n = 2000
	}
	r := newSandbox(t)
	c := r.put("a", key(1))
	var packed strings.Builder
	packed.WriteString("# pack-refs with: peeled fully-peeled sorted \n")
	for i := range n {
		fmt.Fprintf(&packed, "%s refs/tags/t%06d\n", c, i)
	}
	r.write(".git/packed-refs", packed.String())
	bounded(t, 10*time.Second, 300, func() {
		got := scanned(t, Options{Target: r.path})
		if len(got.findings) != 1 || len(got.findings[0].Tips) != n+2 {
			t.Errorf("%d findings", len(got.findings))
		}
		_, _, err := tryScan(t, Options{Target: r.path, Branches: []string{"t000001", "main"}, Since: []string{"t000000"}})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestSpecialFiles(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"pipe", ".gitignore", ".mudlark.toml", "d/.gitignore"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := folder{"s.env": key(1), "d/t.env": key(2)}.write(t)
			if err := makeFIFO(filepath.Join(dir, name)); err != nil {
				t.Skip(err)
			}
			got := scanned(t, Options{Mode: ModeDir, Paths: []string{dir}})
			if len(got.findings) != 2 {
				t.Errorf("%d findings", len(got.findings))
			}
		})
	}
	t.Run("named itself", func(t *testing.T) {
		t.Parallel()
		pipe := filepath.Join(t.TempDir(), "pipe")
		if err := makeFIFO(pipe); err != nil {
			t.Skip(err)
		}
		checkSkipped(t, scanned(t, Options{Mode: ModeDir, Paths: []string{pipe}}).coverage, "policy")
	})
	t.Run("in a repository", func(t *testing.T) {
		t.Parallel()
		for _, name := range []string{".mudlark.toml", "pipe", ".gitignore", ".git/refs/heads/pipe", ".git/objects/info/alternates", ".git/info/exclude", ".git/lfs", ".git/shallow"} {
			r := newSandbox(t)
			c := r.put("a.env", key(1))
			r.checkout()
			target := filepath.Join(r.path, name)
			if err := os.Remove(target); err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
			if err := makeFIFO(target); err != nil {
				t.Skip(err)
			}
			got := scanned(t, Options{Target: r.path, Worktree: true})
			if len(got.findings) != 1 || *got.findings[0].Commit != c {
				t.Errorf("%s: %d findings", name, len(got.findings))
			}
		}
	})
}

func TestLinkLoops(t *testing.T) {
	t.Parallel()
	r := newSandbox(t)
	c := r.commit(text("a.env", key(1)), link("up", ".."), link("self", "self"), link("d/e/up", "../../d"))
	r.checkout()
	r.opt.Worktree = true
	r.expect(token(1), c, "a.env", 1, here)
	r.verify()
	dir := folder{"a/b/c.env": key(1), "a/b/loop": "->../..", "a/x": "->b", "a/b/y": "->../x/y"}.write(t)
	if got := scanned(t, Options{Mode: ModeDir, Paths: []string{dir}}); len(got.findings) != 1 || len(got.findings[0].Occurrences) != 0 {
		t.Errorf("%d findings", len(got.findings))
	}
}

// Counts in foreign files are not believed.
func TestHugeCounts(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(r *sandbox){
		"index entries": func(r *sandbox) {
			r.write(".git/index", "DIRC\x00\x00\x00\x02\xff\xff\xff\xff"+strings.Repeat("\x00", 40))
			r.opt.Staged = true
		},
		"size of a loose object": func(r *sandbox) {
			id := r.rev("HEAD:big")
			r.damage(id, func([]byte) []byte { return deflated("blob 9223372036854775807\x00abc") })
		},
		"negative size of a loose object": func(r *sandbox) {
			r.damage(r.rev("HEAD:big"), func([]byte) []byte { return deflated("blob -1\x00abc") })
		},
		"size of a pack entry": func(r *sandbox) {
			r.git("repack", "-adq")
			for _, name := range r.glob(".git/objects/pack/*.pack") {
				data, err := os.ReadFile(name)
				if err != nil {
					r.t.Fatal(err)
				}
				for i := 12; i < 22; i++ {
					data[i] |= 0x80
				}
				os.Chmod(name, 0o644)
				writeFile(r.t, name, string(data))
			}
		},
		"objects in a pack index": func(r *sandbox) {
			r.git("repack", "-adq")
			for _, name := range r.glob(".git/objects/pack/*.idx") {
				data, err := os.ReadFile(name)
				if err != nil {
					r.t.Fatal(err)
				}
				copy(data[8+255*4:], "\x7f\xff\xff\xff")
				os.Chmod(name, 0o644)
				writeFile(r.t, name, string(data))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newSandbox(t)
			r.put("a.env", key(1))
			r.put("big", doc(1, 50))
			change(r)
			r.opt.Target = r.path
			if got, _, err := tryScan(t, r.opt); err == nil && got.coverage.Complete {
				t.Error("complete")
			}
		})
	}
}

// An object that inflates to far more than it declares, or than the limit.
func TestInflationBomb(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	r := newSandbox(t)
	c := r.put("a.env", key(1))
	r.put("zeros", strings.Repeat("\x00", 80<<20))
	bounded(t, 10*time.Second, 40, func() {
		got := scanned(t, Options{Target: r.path, MaxBlob: 16 << 20})
		if len(got.findings) != 1 || *got.findings[0].Commit != c {
			t.Errorf("%d findings", len(got.findings))
		}
		checkSkipped(t, got.coverage, "limit")
	})
}

func deflated(text string) []byte {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	w.Write([]byte(text))
	w.Close()
	return b.Bytes()
}

// TestManyStaleEntries reads an ignore file of which nothing matches: each entry is listed once, in time that grows with their number.
func TestManyStaleEntries(t *testing.T) {
	const n = 100_000
	var entries strings.Builder
	for i := range n {
		fmt.Fprintf(&entries, "%032x\n", i)
	}
	r := newSandbox(t)
	r.put("secret.env", token(1)+"\n")
	r.write(".mudlarkignore", entries.String())
	bounded(t, 6*time.Second, 400, func() {
		c := scanned(t, Options{Target: r.path})
		if len(c.findings) != 1 || len(c.coverage.Allows) != n {
			t.Errorf("%d findings, %d notes", len(c.findings), len(c.coverage.Allows))
		}
	})
}

// TestManyPatterns reads an ignore file of more patterns than are asked one after the other, of which the last would allow the secret.
func TestManyPatterns(t *testing.T) {
	r := newSandbox(t)
	r.put("secret.env", token(1)+"\n")
	r.write(".mudlarkignore", strings.Repeat("path: nowhere\n", maxAsked-1)+"path: secret.env\n")
	if c := scanned(t, Options{Target: r.path}); len(c.findings) != 0 {
		t.Errorf("the last pattern that counts: %d findings", len(c.findings))
	}
	r.write(".mudlarkignore", strings.Repeat("path: nowhere\n", maxAsked)+"path: secret.env\n\npath: secret.env\n")
	c := scanned(t, Options{Target: r.path})
	var told int
	for _, n := range c.coverage.Allows {
		if n.Kind == "malformed" && strings.HasSuffix(n.Where, fmt.Sprintf(":%d", maxAsked+1)) && strings.Contains(n.Why, "none counts") {
			told++
		}
	}
	if len(c.findings) != 1 || told != 1 {
		t.Errorf("one more: %d findings, told %d times", len(c.findings), told)
	}
}
