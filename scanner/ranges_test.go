package scanner

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestRanges(t *testing.T) {
	t.Parallel()
	// since makes the scan start behind base and, where given, end at the branches.
	since := func(r *sandbox, base string, branches ...string) {
		r.opt.Since, r.opt.Branches = []string{base}, branches
	}
	runScenarios(t, []scenario{
		{"side branch dated before the base, merged after it", func(r *sandbox) {
			r.put("old.env", key(9))
			r.on("side")
			c := r.put("side.txt", key(1))
			r.on("main")
			r.clock += 5 * 86400
			b := r.put("m", "m\n")
			r.merge([]string{c}, text("side.txt", key(1)))
			since(r, b, "main")
			r.expect(token(1), c, "side.txt", 1, here)
		}},
		{"another branch is not of the range", func(r *sandbox) {
			r.base()
			b := r.tip()
			r.on("other")
			r.put("o.env", key(9))
			r.on("main")
			c := r.put("n.env", key(1))
			since(r, b)
			r.expect(token(1), c, "n.env", 1, here)
		}},
		{"another branch with --all", func(r *sandbox) {
			r.base()
			b := r.tip()
			r.on("other")
			o := r.put("o.env", key(2))
			r.on("main")
			c := r.put("n.env", key(1))
			since(r, b)
			r.opt.All = true
			r.expect(token(1), c, "n.env", 1, here)
			r.expect(token(2), o, "o.env", 1, gone)
		}},
		{"old secret in a file that the range edits and renames", func(r *sandbox) {
			b := r.put("a.env", doc(1, 9)+key(9)+doc(2, 9))
			r.put("a.env", "top\n"+doc(1, 9)+key(9)+doc(2, 9))
			r.commit(remove("a.env"), text("z.env", "top\n"+doc(1, 9)+key(9)+doc(2, 9)))
			c := r.put("n.env", key(1))
			since(r, b, "main")
			r.expect(token(1), c, "n.env", 1, here)
		}},
		{"old secret copied within the range", func(r *sandbox) {
			b := r.put("a.env", key(1))
			c := r.put("b.env", key(1))
			since(r, b)
			r.expect(token(1), c, "b.env", 1, here).places = 1
		}},
		{"old secret deleted within the range", func(r *sandbox) {
			b := r.put("a.env", key(1))
			r.put("a.env", "-\n")
			since(r, b)
		}},
		{"added and removed within the range", func(r *sandbox) {
			r.base()
			b := r.tip()
			c := r.put("a.env", key(1))
			d := r.put("a.env", "-\n")
			since(r, b)
			r.expect(token(1), c, "a.env", 1, gone).removed = d
		}},
		{"base is HEAD", func(r *sandbox) {
			r.base()
			since(r, r.put("n.env", key(1)))
		}},
		{"base is ahead of HEAD", func(r *sandbox) {
			r.put("n.env", key(1))
			r.on("ahead")
			b := r.put("x", "x\n")
			r.on("main")
			since(r, b)
		}},
		{"base is on another branch", func(r *sandbox) {
			r.put("old", key(9))
			r.on("other")
			b := r.put("x", "x\n")
			r.on("main")
			c := r.put("n.env", key(1))
			since(r, b)
			r.expect(token(1), c, "n.env", 1, here)
		}},
		{"base has nothing in common", func(r *sandbox) {
			r.ref = "refs/heads/other"
			b := r.put("x", key(9))
			r.ref = "refs/heads/main"
			c := r.put("n.env", key(1))
			since(r, b)
			r.expect(token(1), c, "n.env", 1, here)
		}},
		{"clocks that go backwards", func(r *sandbox) {
			r.base()
			b := r.commit(text("m", "m\n"), dated(1900000000))
			c := r.commit(text("n.env", key(1)), dated(1000000000))
			r.commit(text("n.env", "-\n"), dated(1100000000))
			since(r, b, "main")
			r.expect(token(1), c, "n.env", 1, gone)
		}},
		{"dates before 1970 and after 2038", func(r *sandbox) {
			r.base()
			b := r.tip()
			c := r.commit(text("n.env", key(1)), dated(4294967300))
			r.commit(text("o.env", key(2)), dated(-86400*400))
			r.expect(token(1), c, "n.env", 1, here)
			r.expect(token(2), r.tip(), "o.env", 1, here)
			since(r, b)
		}},
		{"several bases", func(r *sandbox) {
			r.put("old", key(9))
			r.on("side")
			s := r.put("s", key(8))
			r.on("main")
			m := r.put("m", key(7))
			r.merge([]string{s}, text("s", key(8)))
			c := r.put("n", key(1))
			r.opt.Since = []string{s, m}
			r.expect(token(1), c, "n", 1, here)
		}},
		{"evil merge within the range", func(r *sandbox) {
			r.base()
			b := r.tip()
			r.on("side")
			s := r.put("s", "s\n")
			r.on("main")
			r.put("m", "m\n")
			c := r.merge([]string{s}, text("s", "s\n"), text("evil", key(1)))
			since(r, b)
			r.expect(token(1), c, "evil", 1, here)
		}},
		{"merge of the base into the branch", func(r *sandbox) {
			r.base()
			r.on("feature")
			c := r.put("f.env", key(1))
			r.on("main")
			b := r.put("m.env", key(9))
			r.on("feature")
			r.merge([]string{b}, text("m.env", key(9)))
			since(r, "main", "feature")
			r.expect(token(1), c, "f.env", 1, gone).places = 1
		}},
		{"revision syntax", func(r *sandbox) {
			r.put("old", key(9))
			r.base()
			r.git("update-ref", "refs/tags/v1", r.tip())
			r.base()
			c := r.put("n", key(1))
			r.put("n", key(1)+"x\n")
			r.opt.Since = []string{"HEAD~2", "v1", "refs/tags/v1", r.tip()[:9] + "~3", "main^^"}
			r.expect(token(1), c, "n", 1, here)
		}},
		{"annotated tag as base", func(r *sandbox) {
			r.put("old", key(9))
			r.tag("v1", r.tip(), "commit", "T <t@example.org>", "release "+token(8))
			c := r.put("n", key(1))
			since(r, "v1")
			r.expect(token(1), c, "n", 1, here)
		}},
		{"range is empty because main is unborn", func(r *sandbox) {
			r.ref = "refs/heads/other"
			b := r.put("n", key(1))
			since(r, b)
		}},
		{"newest commits", func(r *sandbox) {
			r.put("old", key(9))
			c := r.put("a", key(1))
			d := r.put("b", key(2))
			r.opt.MaxDepth = 2
			r.expect(token(1), c, "a", 1, here)
			r.expect(token(2), d, "b", 1, here)
		}},
		{"newest commit edits a file with an old secret", func(r *sandbox) {
			r.put("a", key(9))
			r.put("a", "x\n"+key(9))
			r.opt.MaxDepth = 1
		}},
		{"newest by date, children before parents", func(r *sandbox) {
			c := r.commit(text("a", key(1)), dated(1900000000))
			d := r.commit(text("b", key(2)), dated(1000000000))
			r.on("other")
			r.commit(text("c", key(3)), dated(1500000000))
			r.opt.MaxDepth = 2
			r.opt.Branches = []string{"main"}
			r.expect(token(1), c, "a", 1, here)
			r.expect(token(2), d, "b", 1, here)
		}},
		{"after a date, inclusive", func(r *sandbox) {
			r.put("old", key(9))
			c := r.put("a", key(1))
			r.opt.After = time.Unix(r.clock, 0)
			d := r.put("b", key(2))
			r.expect(token(1), c, "a", 1, here)
			r.expect(token(2), d, "b", 1, here)
		}},
		{"before a date, inclusive", func(r *sandbox) {
			c := r.put("a", key(1))
			r.opt.Before = time.Unix(r.clock, 0)
			r.put("b", key(2))
			r.expect(token(1), c, "a", 1, here)
		}},
		{"dates do not stop the walk", func(r *sandbox) {
			c := r.commit(text("a", key(1)), dated(1800000000))
			r.commit(text("b", key(9)), dated(1000000000))
			d := r.commit(text("c", key(2)), dated(1800000001))
			r.opt.After = time.Unix(1700000000, 0)
			r.expect(token(1), c, "a", 1, here)
			r.expect(token(2), d, "c", 1, here)
		}},
		{"include", func(r *sandbox) {
			c := r.commit(text("src/a.go", key(1)), text("b.md", key(2)), text("src/deep/c.go", key(3)))
			r.opt.Include = []string{"src/*.go"}
			r.expect(token(1), c, "src/a.go", 1, here)
		}},
		{"include of a name at any depth", func(r *sandbox) {
			c := r.commit(text("src/a.go", key(1)), text("b.md", key(2)), text("src/deep/c.go", key(3)))
			r.opt.Include = []string{"*.go"}
			r.expect(token(1), c, "src/a.go", 1, here)
			r.expect(token(3), c, "src/deep/c.go", 1, here)
		}},
		{"exclude of a folder", func(r *sandbox) {
			c := r.commit(text("vendor/a", key(1)), text("b/vendor/c", key(2)), text("d", key(3)))
			r.opt.Exclude = []string{"vendor/**"}
			r.expect(token(2), c, "b/vendor/c", 1, here)
			r.expect(token(3), c, "d", 1, here)
		}},
		{"moved from an excluded folder", func(r *sandbox) {
			r.put("vendor/a", key(1))
			c := r.commit(remove("vendor/a"), text("a", key(1)))
			r.opt.Exclude = []string{"vendor/"}
			r.expect(token(1), c, "a", 1, here).places = 1
		}},
		{"exclude leaves messages alone", func(r *sandbox) {
			c := r.commit(text("vendor/a", key(9)), message("adds "+token(1)))
			r.opt.Exclude = []string{"vendor"}
			r.expect(token(1), c, "", 1, gone).source = sourceMessage
		}},
		{"exclude in a range", func(r *sandbox) {
			r.base()
			b := r.tip()
			c := r.commit(text("vendor/a", key(9)), text("a", key(1)))
			since(r, b)
			r.opt.Exclude = []string{"vendor"}
			r.expect(token(1), c, "a", 1, here)
		}},
	})
}

func TestMistakesInRanges(t *testing.T) {
	t.Parallel()
	r := newSandbox(t)
	r.base()
	r.put("a", key(1))
	shallow := filepath.Join(t.TempDir(), "shallow")
	base := r.rev("HEAD~1")
	r.git("clone", "-q", "--depth", "1", "file://"+r.path, shallow)
	for _, tt := range []struct {
		name       string
		o          Options
		incomplete bool
	}{
		{"base that is not there", Options{Target: r.path, Since: []string{strings.Repeat("deadbeef", 5)}}, false},
		{"base of no meaning", Options{Target: r.path, Since: []string{"no such thing"}}, false},
		{"empty base", Options{Target: r.path, Since: []string{""}}, false},
		{"base that is a blob", Options{Target: r.path, Since: []string{r.rev("HEAD:a")}}, false},
		{"branch that is not there", Options{Target: r.path, Branches: []string{"nope"}}, false},
		{"option as base", Options{Target: r.path, Since: []string{"--all"}}, false},
		{"base outside a shallow clone", Options{Target: shallow, Since: []string{base}}, true},
		{"malformed glob", Options{Target: r.path, Exclude: []string{"[a-"}}, false},
		{"unknown rule", Options{Target: r.path, RuleFilter: []string{"no-such-rule"}}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := tryScan(t, tt.o)
			var usage *UsageError
			if !errors.As(err, &usage) || usage.Hint == "" {
				t.Fatalf("error %v, want a usage error with a hint", err)
			}
			if usage.Incomplete != tt.incomplete {
				t.Errorf("incomplete is %v", usage.Incomplete)
			}
		})
	}
}
