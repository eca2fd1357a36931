package scanner

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

func TestBasics(t *testing.T) {
	t.Parallel()
	runScenarios(t, []scenario{
		{"added in the second commit", func(r *sandbox) {
			r.base()
			c := r.put("src/config.py", "import os\n\n"+key(1))
			r.base()
			r.expect(token(1), c, "src/config.py", 3, here)
		}},
		{"added, then removed from the file", func(r *sandbox) {
			r.base()
			c := r.put("a.env", key(1))
			d := r.put("a.env", "token = os.environ\n")
			r.base()
			r.expect(token(1), c, "a.env", 1, gone).removed = d
		}},
		{"added, then deleted with the file", func(r *sandbox) {
			c := r.put("a.env", key(1))
			d := r.commit(remove("a.env"))
			r.expect(token(1), c, "a.env", 1, gone).removed = d
		}},
		{"only in the root commit", func(r *sandbox) {
			c := r.put("deploy.yml", "a:\n  b: "+token(1)+"\n")
			r.put("deploy.yml", "a: {}\n")
			r.expect(token(1), c, "deploy.yml", 2, gone)
		}},
		{"pure rename", func(r *sandbox) {
			c := r.put("old.env", key(1))
			r.commit(remove("old.env"), text("new.env", key(1)))
			r.expect(token(1), c, "old.env", 1, here).places = 1
		}},
		{"rename with an edit elsewhere in the file", func(r *sandbox) {
			c := r.put("old.env", doc(1, 30)+key(1))
			r.commit(remove("old.env"), text("dir/new.env", "top\n"+doc(1, 30)+key(1)+"end\n"))
			r.expect(token(1), c, "old.env", 31, here).places = 1
		}},
		{"rename that adds the secret", func(r *sandbox) {
			r.put("cfg.old", doc(1, 60))
			c := r.commit(remove("cfg.old"), text("cfg.new", doc(1, 60)+key(1)))
			r.expect(token(1), c, "cfg.new", 61, here)
		}},
		{"moved to another file", func(r *sandbox) {
			c := r.commit(text("a", key(1)), text("b", "x\n"))
			r.commit(text("a", "-\n"), text("b", "x\n"+key(1)))
			r.expect(token(1), c, "a", 1, here).places = 1
		}},
		{"copied from a file that the commit leaves alone", func(r *sandbox) {
			c := r.put("a", key(1))
			r.put("b", key(1))
			r.expect(token(1), c, "a", 1, here).places = 2
		}},
		{"copied from a file that the commit edits too", func(r *sandbox) {
			c := r.put("a", key(1))
			r.commit(text("a", "x\n"+key(1)), text("b", key(1)))
			r.expect(token(1), c, "a", 1, here).places = 1
		}},
		{"one of two places removed", func(r *sandbox) {
			c := r.commit(text("a", key(1)), text("b", key(1)))
			r.commit(remove("a"))
			r.expect(token(1), c, "a", 1, here).places = 2
		}},
		{"deleted and added again", func(r *sandbox) {
			r.base()
			c := r.put("a.env", key(1))
			r.put("a.env", "x\n")
			r.put("a.env", "y\n"+key(1))
			r.expect(token(1), c, "a.env", 1, here).places = 2
		}},
		{"deleted, added again and deleted for good", func(r *sandbox) {
			c := r.put("a.env", key(1))
			r.put("a.env", "x\n")
			r.put("b.env", "y\n"+key(1))
			d := r.commit(remove("b.env"))
			r.base()
			r.expect(token(1), c, "a.env", 1, gone).removed = d
		}},
		{"line above changes", func(r *sandbox) {
			c := r.put("a", "one\n"+key(1))
			r.put("a", "zero\none\n"+key(1))
			r.put("a", key(1))
			r.expect(token(1), c, "a", 2, here).places = 1
		}},
		{"one secret gives way to another", func(r *sandbox) {
			c := r.put("a", key(1))
			d := r.put("a", key(2))
			r.expect(token(1), c, "a", 1, gone).removed = d
			r.expect(token(2), d, "a", 1, here)
		}},
		{"two secrets on a line", func(r *sandbox) {
			c := r.put("a", token(1)+" "+token(2)+"\n")
			r.expect(token(1), c, "a", 1, here)
			r.expect(token(2), c, "a", 1, here)
		}},
		{"one secret twice in a file", func(r *sandbox) {
			c := r.put("a", key(1)+"\n"+key(1))
			r.expect(token(1), c, "a", 1, here).places = 2
		}},
		{"mode change with the secret", func(r *sandbox) {
			r.put("run.sh", "#!/bin/sh\n"+doc(2, 60))
			c := r.commit(program("run.sh", "#!/bin/sh\n"+doc(2, 60)+"export TOKEN="+token(1)+"\n"))
			r.expect(token(1), c, "run.sh", 62, here)
		}},
		{"mode change alone", func(r *sandbox) {
			c := r.put("run.sh", key(1))
			r.commit(program("run.sh", key(1)))
			r.expect(token(1), c, "run.sh", 1, here).places = 1
		}},
		{"target of a symbolic link", func(r *sandbox) {
			r.base()
			c := r.commit(link("link", "https://x:"+token(1)+"@host.invalid/p"))
			r.expect(token(1), c, "link", 1, here)
		}},
		{"link becomes a file and back", func(r *sandbox) {
			r.commit(link("l", "elsewhere"))
			c := r.put("l", key(1))
			d := r.commit(link("l", "elsewhere"))
			r.expect(token(1), c, "l", 1, gone).removed = d
		}},
		{"directory becomes a file", func(r *sandbox) {
			r.put("x/y", "plain\n")
			c := r.commit(remove("x/y"), text("x", key(1)))
			r.expect(token(1), c, "x", 1, here)
		}},
		{"file becomes a directory", func(r *sandbox) {
			c := r.put("x", key(1))
			r.commit(remove("x"), text("x/deep/y", key(1)))
			r.expect(token(1), c, "x", 1, here).places = 1
		}},
		{"whole directory moved", func(r *sandbox) {
			c := r.commit(text("d/a", key(1)), text("d/b", key(2)))
			r.commit(remove("d"), text("e/a", key(1)), text("e/b", key(2)))
			r.expect(token(1), c, "d/a", 1, here).places = 1
			r.expect(token(2), c, "d/b", 1, here).places = 1
		}},
		{"several files in one commit", func(r *sandbox) {
			c := r.commit(text("b", key(1)), text("a", "\n"+key(1)), text("c/d", key(1)))
			r.expect(token(1), c, "a", 2, here).places = 3
		}},
		{"empty commits and files", func(r *sandbox) {
			r.commit()
			r.put("empty", "")
			c := r.put("a", key(1))
			r.commit()
			r.expect(token(1), c, "a", 1, here)
		}},
		{"the same change on two branches", func(r *sandbox) {
			r.base()
			r.on("other")
			c := r.put("a", key(1))
			r.on("main")
			r.put("a", key(1))
			r.expect(token(1), c, "a", 1, here).places = 2
		}},
		{"older date on the later commit", func(r *sandbox) {
			c := r.put("a", key(1))
			r.put("a", "-\n")
			r.commit(text("a", key(1)), dated(1000000000))
			r.expect(token(1), c, "a", 1, here).places = 2
		}},
		{"split over two lines is no secret", func(r *sandbox) {
			r.put("a", token(1)[:12]+"\n"+token(1)[12:]+"\n")
		}},
	})
}

func TestPrivateKeyAddedAndRemoved(t *testing.T) {
	t.Parallel()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "comment")
	if err != nil {
		t.Fatal(err)
	}
	armor := string(pem.EncodeToMemory(block))
	r := newSandbox(t)
	r.opt = Options{Target: r.path, Rules: builtin(t)}
	r.base()
	c := r.put("deploy_key", armor)
	d := r.put("keys.txt", strings.ReplaceAll(armor, "\n", "\r\n"))
	r.commit(remove("deploy_key"), remove("keys.txt"))
	got := scanned(t, r.opt)
	if len(got.findings) != 1 {
		t.Fatalf("%d findings, want the key once: %+v", len(got.findings), got.findings)
	}
	f := got.findings[0]
	if *f.Commit != c || *f.Path != "deploy_key" || *f.Line != 1 || f.EndLine == nil || *f.EndLine < 3 || f.Secret != armor && f.Secret != strings.TrimSuffix(armor, "\n") {
		t.Errorf("wrong place or secret: %s", describe(f))
	}
	if len(f.Occurrences) != 1 || *f.Occurrences[0].Commit != d {
		t.Errorf("the CRLF form is no occurrence: %s", describe(f))
	}
}
