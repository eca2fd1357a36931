package scanner

import (
	"path/filepath"
	"testing"
)

func TestUnreachable(t *testing.T) {
	t.Parallel()
	lost := func(name string, make func(r *sandbox) (commit, path string, line int, source string)) []scenario {
		with := scenario{name, func(r *sandbox) {
			commit, path, line, source := make(r)
			r.opt.Unreachable = true
			r.expect(token(1), commit, path, line, gone).source = source
		}}
		return []scenario{with, {name + ", not asked for", func(r *sandbox) { make(r) }}}
	}
	var list []scenario
	for _, more := range [][]scenario{
		lost("amended away", func(r *sandbox) (string, string, int, string) {
			r.base()
			r.checkout()
			r.stage("a.env", key(1))
			r.git("commit", "-q", "-m", "oops")
			c := r.rev("HEAD")
			r.stage("a.env", "none\n")
			r.git("commit", "-q", "--amend", "-m", "fixed")
			return c, "a.env", 1, sourceBlob
		}),
		lost("branch deleted", func(r *sandbox) (string, string, int, string) {
			r.base()
			return r.detached("a.env", key(1)), "a.env", 1, sourceBlob
		}),
		lost("reset away, several commits, then packed", func(r *sandbox) (string, string, int, string) {
			r.base()
			b := r.tip()
			c := r.put("a.env", key(1))
			r.put("a.env", "x\n")
			r.put("b", "y\n")
			r.git("update-ref", "refs/heads/main", b)
			r.git("-c", "gc.reflogExpire=now", "repack", "-q", "-A", "-d")
			return c, "a.env", 1, sourceBlob
		}),
		lost("cruft pack", func(r *sandbox) (string, string, int, string) {
			r.base()
			c := r.detached("a.env", key(1))
			r.git("gc", "-q", "--cruft", "--prune=never")
			return c, "a.env", 1, sourceBlob
		}),
		lost("message of a lost commit", func(r *sandbox) (string, string, int, string) {
			r.base()
			r.on("x")
			c := r.commit(text("f", "f\n"), message("rotate "+token(1)))
			r.drop("x")
			return c, "", 1, sourceMessage
		}),
		lost("staged once, never committed", func(r *sandbox) (string, string, int, string) {
			r.base()
			r.blob("x\n" + key(1))
			return "", "", 2, sourceBlob
		}),
		lost("tree of no commit", func(r *sandbox) (string, string, int, string) {
			r.base()
			r.tree("40000 d", r.tree("100644 a.env", r.blob(key(1))))
			return "", "d/a.env", 1, sourceBlob
		}),
		lost("tag of no ref", func(r *sandbox) (string, string, int, string) {
			r.base()
			r.tag("v1", r.tip(), "commit", "T <t@example.org>", "with "+token(1))
			r.git("update-ref", "-d", "refs/tags/v1")
			return r.tip(), "", 1, sourceTag
		}),
		lost("dropped stash", func(r *sandbox) (string, string, int, string) {
			r.base()
			r.checkout()
			r.write("README.md", "# wip\n"+key(1))
			r.git("stash", "-q")
			c := r.rev("stash")
			r.git("stash", "drop", "-q")
			return c, "README.md", 2, sourceBlob
		}),
		lost("only ORIG_HEAD", func(r *sandbox) (string, string, int, string) {
			r.base()
			c := r.detached("a.env", key(1))
			writeFile(r.t, filepath.Join(r.path, ".git/ORIG_HEAD"), c+"\n")
			return c, "a.env", 1, sourceBlob
		}),
	} {
		list = append(list, more...)
	}
	list = append(list, []scenario{
		{"what is reachable is not doubled", func(r *sandbox) {
			c := r.leak()
			r.opt.Unreachable = true
			r.expect(token(1), c, "a.env", 1, gone).places = 1
		}},
		{"lost commit whose parent is lost too", func(r *sandbox) {
			r.base()
			r.on("x")
			p := r.put("x", "x\n")
			c := r.put("a.env", key(1))
			r.drop("x")
			r.damage(p, nil)
			r.opt.Unreachable = true
			w := r.expect(token(1), c, "a.env", 1, gone)
			w.source = sourceBlob
			r.skipped = []string{"missing"}
		}},
		{"older commits of a lost branch", func(r *sandbox) {
			c := r.put("a.env", key(1))
			r.on("x")
			r.put("b.env", key(1))
			r.drop("x")
			r.opt.Unreachable = true
			r.expect(token(1), c, "a.env", 1, here).places = 2
		}},
	}...)
	runScenarios(t, list)
}
