package scanner

import (
	"encoding/base64"
	"strings"
	"testing"
)

func TestNames(t *testing.T) {
	t.Parallel()
	var list []scenario
	for _, path := range []string{
		"x b/y c.txt", ":(exclude)x", ":!y", ":/z", "-rf", "--output=x", "a -> b", "{a => b}", "dev/null", "a/dev/null", "b/a/b", "trailing ", " leading", "tab\there",
		"new\nline", "cr\rname", `quo"te`, `back\slash`, `\"\\`, "semi;colon", "$(touch x)", "`x`", "%s%n", "100%", "é", "e\u0301", "\u4e2d\u6587/\u65e5\u672c", "\U0001F511",
		"rtl\u202egnp.exe", "zero\u200bwidth", "bell\a", "esc\x1b[31m", "star*", "ques?", "[brackets]", "~tilde", "comma,", "a.env.", "...", "..a", "con", "aux.txt",
		"NUL", "a|b", "a<b>c", "::error file=x", "#hash", "\u00a0", "\u2028", strings.Repeat("n", 250), strings.Repeat("d/", 300) + "x", "HEAD", "refs/heads/main", "objects/ab",
	} {
		list = append(list, scenario{strings.Map(printable, path[:min(len(path), 30)]), func(r *sandbox) {
			r.base()
			c := r.put(path, "x\n"+key(1))
			r.expect(token(1), c, path, 2, here)
		}})
	}
	list = append(list, []scenario{
		{"names that differ in case", func(r *sandbox) {
			c := r.commit(text("Readme", key(1)), text("README", key(2)))
			r.expect(token(1), c, "Readme", 1, here)
			r.expect(token(2), c, "README", 1, here)
		}},
		{"names that git would refuse", func(r *sandbox) {
			inner := r.tree("100644 config", r.blob(key(1)))
			c := r.rawCommit(r.tree("40000 .git", inner, "40000 ..", inner))
			w := r.expect(token(1), c, "../config", 1, here)
			w.path = anything
		}},
		{"name with a slash in the tree entry", func(r *sandbox) {
			c := r.rawCommit(r.tree("100644 a/b", r.blob(key(1))))
			r.expect(token(1), c, "a/b", 1, here)
		}},
		{"secret in a file's name", func(r *sandbox) {
			r.base()
			c := r.put("dumps/"+token(1)+".json", "{}\n")
			r.expect(token(1), c, "dumps/"+token(1)+".json", 0, here).source = sourcePath
		}},
		{"secret in a folder's name", func(r *sandbox) {
			r.base()
			c := r.put("d/"+token(1)+"/x", "{}\n")
			d := r.commit(remove("d/" + token(1) + "/x"))
			w := r.expect(token(1), c, "d/"+token(1)+"/x", 0, gone)
			w.source, w.removed = sourcePath, d
		}},
		{"secret in name and content", func(r *sandbox) {
			c := r.put(token(1), key(1))
			r.expect(token(1), c, token(1), 1, here).places = 2
		}},
		{"edit of a file whose name holds it", func(r *sandbox) {
			c := r.put(token(1)+".txt", "a\n")
			r.put(token(1)+".txt", "b\n")
			w := r.expect(token(1), c, token(1)+".txt", 0, here)
			w.source, w.places = sourcePath, 1
		}},
	}...)
	runScenarios(t, list)
}

func printable(c rune) rune {
	if c <= ' ' || c == '/' || c > '~' {
		return '.'
	}
	return c
}

func TestNamesThatAreNotUTF8(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"caf\xe9/\xff\xfe.txt", "\xe2\x82", "back\\slash\xff", "\xc0\xaf"} {
		r := newSandbox(t)
		c := r.put(path, "x\n"+key(1))
		got := scanned(t, Options{Target: r.path})
		if len(got.findings) != 1 {
			t.Fatalf("%q: %d findings", path, len(got.findings))
		}
		f := got.findings[0]
		if want := base64.StdEncoding.EncodeToString([]byte(path)); f.PathB64 != want || *f.Commit != c || *f.Line != 2 {
			t.Errorf("%q: got %s", path, describe(f))
		}
	}
}
