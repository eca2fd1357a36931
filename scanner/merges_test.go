package scanner

import "testing"

func TestMerges(t *testing.T) {
	t.Parallel()
	// fork leaves the repository with a base commit, branch side with a commit of its own, and main likewise.
	fork := func(r *sandbox) {
		r.base()
		r.on("side")
		r.put("s", "s\n")
		r.on("main")
		r.put("m", "m\n")
	}
	side := func(r *sandbox) string { return r.heads["refs/heads/side"] }
	runScenarios(t, []scenario{
		{"only the merge's own tree holds it", func(r *sandbox) {
			fork(r)
			c := r.merge([]string{side(r)}, text("s", "s\n"), text("evil.txt", key(1)))
			d := r.commit(remove("evil.txt"))
			r.expect(token(1), c, "evil.txt", 1, gone).removed = d
		}},
		{"the merge puts it into a file of one side", func(r *sandbox) {
			fork(r)
			c := r.merge([]string{side(r)}, text("s", "s\n"+key(1)))
			r.expect(token(1), c, "s", 2, here).places = 1
		}},
		{"clean merge of a branch that brought it", func(r *sandbox) {
			r.put("f", doc(4, 60))
			r.on("side")
			c := r.put("f", doc(4, 60)+key(1))
			r.on("main")
			r.put("f", "top\n"+doc(4, 60))
			r.merge([]string{side(r)}, text("f", "top\n"+doc(4, 60)+key(1)))
			r.expect(token(1), c, "f", 61, here).places = 1
		}},
		{"clean merge into the branch that has it", func(r *sandbox) {
			c := r.put("f", key(1))
			r.on("side")
			r.put("s", "s\n")
			r.on("main")
			r.put("f", key(1)+"more\n")
			r.merge([]string{side(r)}, text("s", "s\n"))
			r.expect(token(1), c, "f", 1, here).places = 1
		}},
		{"side branch merged with -s ours", func(r *sandbox) {
			r.base()
			r.on("side")
			c := r.put("s.env", key(1))
			r.on("main")
			r.put("m", "m\n")
			r.merge([]string{side(r)})
			r.drop("side")
			r.expect(token(1), c, "s.env", 1, gone)
		}},
		{"octopus with a secret of its own", func(r *sandbox) {
			fork(r)
			r.on("third")
			r.put("t", "t\n")
			r.on("main")
			c := r.merge([]string{side(r), r.heads["refs/heads/third"]}, text("s", "s\n"), text("t", "t\n"), text("o", key(1)))
			r.expect(token(1), c, "o", 1, here).places = 1
		}},
		{"octopus of branches that brought them", func(r *sandbox) {
			r.base()
			r.on("b1")
			c1 := r.put("f1", key(1))
			r.ref, r.heads["refs/heads/b2"] = "refs/heads/main", ""
			r.on("b2")
			c2 := r.put("f2", key(2))
			r.on("main")
			r.put("m", "m\n")
			r.merge([]string{c1, c2}, text("f1", key(1)), text("f2", key(2)))
			r.expect(token(1), c1, "f1", 1, here).places = 1
			r.expect(token(2), c2, "f2", 1, here).places = 1
		}},
		{"both sides added it to the same file", func(r *sandbox) {
			r.base()
			r.on("side")
			c := r.put("a", key(1))
			r.on("main")
			r.put("a", "x\n"+key(1))
			r.merge([]string{side(r)}, text("a", "x\n"+key(1)))
			r.expect(token(1), c, "a", 1, here).places = 2
		}},
		{"both sides added it, in different files", func(r *sandbox) {
			r.base()
			r.on("side")
			c := r.put("a", key(1))
			r.on("main")
			r.put("b", key(1))
			// Against each side the merge adds a copy that no changed path of that side held: by the definition a third place.
			r.merge([]string{side(r)}, text("a", key(1)))
			r.expect(token(1), c, "a", 1, here).places = 3
		}},
		{"one side deleted the file, the merge keeps it", func(r *sandbox) {
			c := r.commit(text("a", key(1)), text("x", "x\n"))
			r.on("side")
			r.put("x", "y\n")
			r.on("main")
			r.commit(remove("a"))
			r.merge([]string{side(r)}, text("a", key(1)), text("x", "y\n"))
			r.expect(token(1), c, "a", 1, here).places = 1
		}},
		{"the merge drops it", func(r *sandbox) {
			fork(r)
			r.on("side")
			c := r.put("a", key(1))
			r.on("main")
			d := r.merge([]string{side(r)}, text("s", "s\n"))
			r.drop("side")
			r.expect(token(1), c, "a", 1, gone).removed = d
		}},
		{"gone from both sides, back in the merge", func(r *sandbox) {
			c := r.put("a", key(1))
			r.put("a", "-\n")
			r.on("side")
			r.put("s", "s\n")
			r.on("main")
			r.put("m", "m\n")
			r.merge([]string{side(r)}, text("s", "s\n"), text("a", key(1)))
			r.expect(token(1), c, "a", 1, here).places = 2
		}},
		{"conflict resolved by joining halves", func(r *sandbox) {
			r.put("f", "x\n")
			r.on("side")
			r.put("f", token(1)[:15]+"\n")
			r.on("main")
			r.put("f", token(1)[15:]+"\n")
			c := r.merge([]string{side(r)}, text("f", token(1)+"\n"))
			r.expect(token(1), c, "f", 1, here).places = 1
		}},
		{"subtree merge moves it below a prefix", func(r *sandbox) {
			r.ref = "refs/heads/lib"
			c := r.put("lib.env", key(1))
			r.ref = "refs/heads/main"
			r.base()
			r.merge([]string{c}, text("vendor/lib/lib.env", key(1)))
			r.drop("lib")
			r.expect(token(1), c, "lib.env", 1, here).places = 1
		}},
		{"unrelated histories", func(r *sandbox) {
			r.ref = "refs/heads/lib"
			c := r.put("a", key(1))
			r.ref = "refs/heads/main"
			d := r.put("b", key(2))
			r.merge([]string{c}, text("a", key(1)))
			r.expect(token(1), c, "a", 1, here).places = 1
			r.expect(token(2), d, "b", 1, here).places = 1
		}},
		{"criss-cross, one merge with a secret of its own", func(r *sandbox) {
			r.put("f", "f\n")
			r.on("side")
			b1 := r.put("b", key(2))
			r.on("main")
			a1 := r.put("a", "a\n")
			c := r.merge([]string{b1}, text("b", key(2)), text("x.ini", key(1)))
			r.on("side")
			r.merge([]string{a1}, text("a", "a\n"))
			r.commit(remove("b"))
			r.on("main")
			r.merge([]string{side(r)}, remove("b"))
			r.commit(remove("x.ini"))
			r.expect(token(1), c, "x.ini", 1, gone)
			r.expect(token(2), b1, "b", 1, gone)
		}},
		{"revert of a revert", func(r *sandbox) {
			c := r.put("a", key(1))
			r.put("a", "-\n")
			r.put("a", key(1))
			d := r.put("a", "-\n")
			r.expect(token(1), c, "a", 1, gone).removed = d
		}},
	})
}

func TestDuplicateParent(t *testing.T) {
	t.Parallel()
	r := newSandbox(t)
	p := r.put("x", "x\n")
	c := r.put("a", key(1))
	tree := r.rev(c + "^{tree}")
	who := " A <a@example.org> 1800000000 +0000\n"
	m := r.object("commit", "tree "+tree+"\nparent "+p+"\nparent "+p+"\nauthor"+who+"committer"+who+"\nm\n")
	r.at("refs/heads/main", m)
	r.expect(token(1), m, "a", 1, here)
	r.verify()
}
