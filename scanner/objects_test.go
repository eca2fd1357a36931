package scanner

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mudlark/report"
)

// versions commits n versions of one text as they are after edit, packs them and returns the commits.
func (r *sandbox) versions(n, lines int, edit func(i int, lines []string), pack ...string) []string {
	r.t.Helper()
	ls := strings.Split(strings.TrimSuffix(doc(77, lines), "\n"), "\n")
	var in strings.Builder
	in.WriteString("reset refs/heads/main\n\n")
	for i := range n {
		ls[(i*53+7)%(lines/4)] = fmt.Sprintf("edited in version %d", i)
		edit(i, ls)
		content := strings.Join(ls, "\n") + "\n"
		fmt.Fprintf(&in, "commit refs/heads/main\ncommitter C <c@example.org> %d +0000\ndata 1\nm\nM 100644 inline big.txt\ndata %d\n%s\n", 1700000000+i*60, len(content), content)
	}
	r.run([]byte(in.String()), "fast-import", "--quiet")
	r.heads[r.ref] = r.rev("main")
	r.git(pack...)
	return strings.Fields(r.git("rev-list", "--reverse", "main"))
}

func TestObjects(t *testing.T) {
	t.Parallel()
	aggressive := []string{"gc", "-q", "--aggressive", "--prune=now"}
	runScenarios(t, []scenario{
		{"an edit of one character makes it valid", func(r *sandbox) {
			v := r.versions(40, 800, func(i int, ls []string) {
				ls[600] = "key = " + token(1)[:20] + "-" + token(1)[21:]
				if i >= 20 && i < 30 {
					ls[600] = "key = " + token(1)
				}
			}, aggressive...)
			r.expect(token(1), v[20], "big.txt", 601, gone).removed = v[30]
		}},
		{"assembled late in a deep chain", func(r *sandbox) {
			v := r.versions(40, 400, func(i int, ls []string) {
				ls[300] = "key = " + token(1)[:min(7+i, 27)] + strings.Repeat(".", max(0, 20-i))
			}, "repack", "-adfq", "--window=250", "--depth=250")
			r.expect(token(1), v[20], "big.txt", 301, here)
		}},
		{"joined from two places of the base by copying", func(r *sandbox) {
			a, b, pad := token(1)[:14], token(1)[14:], strings.Repeat("=", 60)
			v := r.versions(30, 800, func(i int, ls []string) {
				ls[300], ls[700] = pad+" left of the seam "+a, pad+" filler +"+b+" right of the seam "+pad
				if i >= 15 {
					ls[300], ls[700] = pad+" left of the seam "+a+b+" right of the seam "+pad, pad
				}
			}, aggressive...)
			r.expect(token(1), v[15], "big.txt", 301, here)
		}},
		{"its line moves in every version", func(r *sandbox) {
			v := r.versions(30, 400, func(i int, ls []string) {
				for j := 100; j < 400; j++ {
					ls[j] = fmt.Sprint("line ", j)
				}
				if i >= 5 {
					ls[100+i*37%250] = "key = " + token(1)
				}
			}, aggressive...)
			r.expect(token(1), v[5], "big.txt", 100+5*37%250+1, here).places = 1
		}},
		{"deltas that name their base", func(r *sandbox) {
			v := r.versions(20, 400, func(i int, ls []string) {
				ls[300] = "-"
				if i >= 10 && i < 12 {
					ls[300] = token(1)
				}
			}, "-c", "repack.useDeltaBaseOffset=false", "repack", "-adfq")
			r.expect(token(1), v[10], "big.txt", 301, gone).removed = v[12]
		}},
		{"several packs and a multi-pack-index", func(r *sandbox) {
			c := r.put("a.env", key(1))
			r.git("repack", "-dq")
			r.put("a.env", "-\n")
			r.git("repack", "-dq")
			d := r.put("b.env", key(2))
			r.git("repack", "-dq")
			r.git("multi-pack-index", "write")
			r.expect(token(1), c, "a.env", 1, gone)
			r.expect(token(2), d, "b.env", 1, here)
		}},
		{"bitmap, commit-graph and reverse index", func(r *sandbox) {
			c := r.leak()
			r.git("-c", "pack.writeReverseIndex=true", "repack", "-adbq")
			r.git("commit-graph", "write", "--reachable", "--changed-paths")
			r.expect(token(1), c, "a.env", 1, gone)
		}},
		{"commit-graph that is wrong", func(r *sandbox) {
			c := r.leak()
			r.git("commit-graph", "write", "--reachable")
			r.base()
			r.put("b.env", key(2))
			r.expect(token(1), c, "a.env", 1, gone)
			r.expect(token(2), r.tip(), "b.env", 1, here)
			name := filepath.Join(r.path, ".git/objects/info/commit-graph")
			os.Chmod(name, 0o644)
			writeFile(r.t, name, "CGPH nonsense")
		}},
		{"blob packed twice", func(r *sandbox) {
			c := r.leak()
			r.git("repack", "-q")
			keep, err := filepath.Glob(filepath.Join(r.path, ".git/objects/pack/*.pack"))
			if err != nil || len(keep) != 1 {
				r.t.Fatal(keep, err)
			}
			writeFile(r.t, strings.TrimSuffix(keep[0], "pack")+"keep", "")
			r.git("repack", "-afdq", "--no-pack-kept-objects")
			r.expect(token(1), c, "a.env", 1, gone).places = 1
		}},
		{"bad loose copy of a packed object", func(r *sandbox) {
			c := r.leak()
			r.git("repack", "-aq")
			r.damage(r.rev(c+":a.env"), half)
			r.expect(token(1), c, "a.env", 1, gone)
		}},
		{"truncated blob: the rest is found", func(r *sandbox) {
			a := r.put("a.env", key(1))
			r.put("mid.txt", doc(6, 300))
			b := r.put("b.env", key(2))
			r.damage(r.rev("HEAD:mid.txt"), half)
			r.expect(token(1), a, "a.env", 1, here)
			r.expect(token(2), b, "b.env", 1, here)
			r.skipped = []string{"damaged"}
		}},
		{"empty object file", func(r *sandbox) {
			a := r.put("a.env", key(1))
			r.put("mid.txt", "text\n")
			r.damage(r.rev("HEAD:mid.txt"), empty)
			r.expect(token(1), a, "a.env", 1, here)
			r.skipped = []string{"damaged"}
		}},
		{"missing blob", func(r *sandbox) {
			a := r.put("a.env", key(1))
			r.put("mid.txt", "text\n")
			r.damage(r.rev("HEAD:mid.txt"), nil)
			r.expect(token(1), a, "a.env", 1, here)
			r.skipped = []string{"missing"}
		}},
		{"missing blob that is older than a clean HEAD", func(r *sandbox) {
			r.put("old.txt", "text\n")
			old := r.rev("HEAD:old.txt")
			r.commit(remove("old.txt"))
			r.base()
			r.damage(old, nil)
			r.skipped = []string{"missing"}
		}},
		{"missing tree", func(r *sandbox) {
			a := r.put("a.env", key(1))
			r.put("dir/x", "text\n")
			r.damage(r.rev("HEAD:dir"), nil)
			r.expect(token(1), a, "a.env", 1, here)
			r.skipped = []string{"missing"}
		}},
		{"missing commit in the middle", func(r *sandbox) {
			r.base()
			lost := r.put("x", "x\n")
			a := r.put("a.env", key(1))
			r.damage(lost, nil)
			r.expect(token(1), a, "a.env", 1, here)
			r.skipped = []string{"missing"}
		}},
		{"damaged commit", func(r *sandbox) {
			r.base()
			lost := r.put("x", "x\n")
			a := r.put("a.env", key(1))
			r.damage(lost, flip)
			r.expect(token(1), a, "a.env", 1, here)
			r.skipped = []string{"damaged"}
		}},
		{"tree entry of the wrong type", func(r *sandbox) {
			c := r.put("a.env", key(1))
			who := " A <a@example.org> 1800000000 +0000\n"
			tree := r.tree("100644 a.env", r.rev("HEAD:a.env"), "40000 z", r.rev("HEAD:a.env"))
			m := r.object("commit", "tree "+tree+"\nparent "+c+"\nauthor"+who+"committer"+who+"\nm\n")
			r.at("refs/heads/main", m)
			r.expect(token(1), c, "a.env", 1, here)
			r.skipped = []string{"damaged"}
		}},
		{"pack without its index", func(r *sandbox) {
			r.leak()
			r.git("repack", "-adq")
			for _, name := range r.glob(".git/objects/pack/*.idx") {
				os.Remove(name)
			}
			r.damagedSomehow()
		}},
		{"pack cut short", func(r *sandbox) {
			r.put("big", doc(3, 300))
			r.leak()
			r.git("repack", "-adq")
			for _, name := range r.glob(".git/objects/pack/*.pack") {
				os.Chmod(name, 0o644)
				if info, err := os.Stat(name); err != nil || os.Truncate(name, info.Size()/3) != nil {
					r.t.Fatal("cannot truncate")
				}
			}
			r.damagedSomehow()
		}},
		{"partial clone without its remote", func(r *sandbox) {
			r.git("config", "uploadpack.allowFilter", "true")
			r.base()
			r.put("big.txt", doc(5, 400)+key(9))
			r.commit(remove("big.txt"))
			c := r.put("a.env", key(1))
			r.put("a.env", "-\n")
			r.opt.Target = filepath.Join(r.t.TempDir(), "partial")
			r.git("clone", "-q", "--no-checkout", "--filter=blob:limit=2k", "file://"+r.path, r.opt.Target)
			if err := os.RemoveAll(r.path); err != nil {
				r.t.Fatal(err)
			}
			r.expect(token(1), c, "a.env", 1, gone)
			r.skipped = []string{"missing"}
		}},
		{"every object loose", func(r *sandbox) {
			c := r.leak()
			if names := r.glob(".git/objects/pack/*.pack"); len(names) > 0 {
				r.t.Fatal("there is a pack")
			}
			r.expect(token(1), c, "a.env", 1, gone)
		}},
		{"temporary and foreign files in the object folders", func(r *sandbox) {
			c := r.leak()
			for _, name := range []string{"ab/tmp_obj_x", "ab/README", "zz/x", "pack/tmp_pack_1", "pack/pack-x.bak", "tmp_objdir-incoming-1/x", "pack/.nfs1"} {
				r.write(".git/objects/"+name, "nonsense")
			}
			r.expect(token(1), c, "a.env", 1, gone)
		}},
	})
}

// damagedSomehow says that the scan must fail or be incomplete, and may find anything.
func (r *sandbox) damagedSomehow() { r.broken = true }

func (r *sandbox) glob(pattern string) []string {
	r.t.Helper()
	names, err := filepath.Glob(filepath.Join(r.path, pattern))
	if err != nil {
		r.t.Fatal(err)
	}
	return names
}

func TestUnreadableParentSideIsUncertain(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		damage func(r *sandbox)
	}{
		{"blob", func(r *sandbox) { r.damage(r.rev("HEAD~1:a.env"), nil) }},
		{"tree", func(r *sandbox) { r.damage(r.rev("HEAD~1^{tree}"), nil) }},
		{"commit", func(r *sandbox) { r.damage(r.rev("HEAD~1"), nil) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newSandbox(t)
			r.put("a.env", "something else\n")
			r.commit(text("a.env", "old\n"), text("b", "b\n"))
			c := r.put("a.env", key(1))
			tt.damage(r)
			got := scanned(t, Options{Target: r.path})
			if len(got.findings) != 1 || *got.findings[0].Commit != c || !got.findings[0].Introduced.Uncertain {
				t.Errorf("findings %+v, want one, in %s, uncertain", got.findings, c)
			}
			checkSkipped(t, got.coverage, "missing")
			if !slices.ContainsFunc(got.findings, func(f *report.Finding) bool { return f.AtHead != nil && *f.AtHead }) {
				t.Error("at_head is not true")
			}
		})
	}
}
