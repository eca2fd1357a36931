package scanner

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mudlark/report"
	"mudlark/rules"
)

// rawReports runs a scan without showing secrets and returns every byte that it gives out: the reports in all formats, the
// result and the error.
func rawReports(t testing.TB, o Options) []byte {
	t.Helper()
	var out bytes.Buffer
	o.ShowSecrets = false
	if o.Mode == "" {
		o.Mode = ModeGit
	}
	o.Workers = 2
	var c collected
	h := report.Multi(report.NewText(&out, report.TextOptions{Width: 500}), report.NewJSON(&out), report.NewJSONL(&out), &c)
	res, err := Run(context.Background(), o, h)
	fmt.Fprintf(&out, "\n%+v\n%v\n", res, err)
	if usage, ok := err.(*UsageError); ok {
		out.WriteString(usage.Message + "\n" + usage.Hint + "\n")
	}
	if err == nil {
		// JSON escapes; its values are what a reader gets.
		values, err := json.Marshal([]any{c.config, c.findings, c.coverage})
		if err != nil {
			t.Fatal(err)
		}
		var decoded any
		if err := json.Unmarshal(values, &decoded); err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(&out, decoded)
	}
	return out.Bytes()
}

// checkDiscreet checks that no output shows the secret, nor more of it than its first 4 characters or a quarter.
func checkDiscreet(t testing.TB, out []byte, secret string) {
	t.Helper()
	shown := min(4, len(secret)/4)
	for i := 0; i+shown+1 <= len(secret); i++ {
		part := secret[i : i+shown+1]
		if i > 0 && len(part) < 8 {
			part = secret[i:min(len(secret), i+8)] // shorter parts may stand there by chance
			if len(part) < 8 {
				break
			}
		}
		if at := bytes.Index(out, []byte(part)); at >= 0 {
			t.Errorf("the output shows %q: …%s…", part, out[max(0, at-60):min(len(out), at+60)])
			return
		}
	}
	for _, encoded := range []string{base64.StdEncoding.EncodeToString([]byte(secret)), hex.EncodeToString([]byte(secret))} {
		if bytes.Contains(out, []byte(encoded)) {
			t.Errorf("the output shows the secret encoded: %s", encoded)
		}
	}
}

func TestDiscreet(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		make func(r *sandbox)
	}{
		{"file", func(r *sandbox) { r.put("a.env", "x\n"+key(1)) }},
		{"two on a line", func(r *sandbox) { r.put("a.env", token(1)+" "+token(2)+"\n") }},
		{"one behind the other, no space", func(r *sandbox) { r.put("a.env", token(1)+"."+token(2)+"/"+token(3)+"\n") }},
		{"cut by the excerpt's edge", func(r *sandbox) {
			for i := range 30 {
				r.put(fmt.Sprint("f", i), token(1)+strings.Repeat(" ", 30+i)+token(2)+strings.Repeat("-", i)+" "+token(3)+"\n")
			}
		}},
		{"encoded beside plain", func(r *sandbox) {
			r.put("a", token(1)+" = "+b64("x "+token(2))+" "+hex.EncodeToString([]byte("y "+token(3)))+"\n")
		}},
		{"message", func(r *sandbox) { r.commit(text("a", "a\n"), message("adds "+token(1)+" and "+token(2))) }},
		{"author and committer", func(r *sandbox) {
			r.commit(text("a", key(3)), author(token(1)+" <"+token(2)+"@example.org>"), committer(token(2)+" <c@example.org>"))
		}},
		{"path", func(r *sandbox) { r.put("d-"+token(1)+"/"+token(2)+".txt", key(3)) }},
		{"path that is not UTF-8", func(r *sandbox) { r.put("\xff-"+token(1)+"/\xfe "+token(2)+".txt", key(3)) }},
		{"path of a broken object", func(r *sandbox) {
			r.put("d "+token(1)+"/x", doc(1, 50))
			r.damage(r.rev("HEAD:d "+token(1)+"/x"), half)
			r.put("y", key(2))
		}},
		{"ref names", func(r *sandbox) {
			r.put("a", key(3))
			r.git("update-ref", "refs/heads/"+token(1), r.tip())
			r.git("update-ref", "refs/tags/x/"+token(2), r.tip())
		}},
		{"name of a broken ref", func(r *sandbox) {
			r.put("a", "a\n")
			r.write(".git/refs/heads/"+token(1), strings.Repeat("deadbeef", 5)+"\n")
			r.write(".git/refs/heads/x-"+token(2), "ref: refs/heads/"+token(3)+"\n")
			r.write(".git/refs/heads/y-"+token(3), "nonsense "+token(1)+"\n")
		}},
		{"tag", func(r *sandbox) {
			r.base()
			r.tag(token(1), r.tip(), "commit", "T <"+token(2)+"@example.org>", "with "+token(3))
		}},
		{"broken tag", func(r *sandbox) {
			r.base()
			id := r.object("tag", "object "+r.tip()+"\ntype "+token(1)+"\ntag "+token(2)+"\n\n"+token(3)+"\n")
			r.write(".git/refs/tags/v1", id+"\n")
		}},
		{"broken commit", func(r *sandbox) {
			r.base()
			r.write(".git/refs/tags/v1", r.object("commit", "tree "+token(1)+"\nparent "+token(2)+"\n\n"+token(3)+"\n")+"\n")
		}},
		{"broken tree", func(r *sandbox) {
			r.base()
			r.rawCommit(r.object("tree", "100644 "+token(1)+"\x00short "+token(2)))
		}},
		{"broken loose object", func(r *sandbox) {
			r.put("a", "a\n")
			r.damage(r.rev("HEAD:a"), func([]byte) []byte { return []byte(token(1)) })
		}},
		{"symbolic link", func(r *sandbox) { r.commit(link("l", "https://x:"+token(1)+"@host")) }},
		{"note", func(r *sandbox) {
			r.base()
			r.git("notes", "add", "-m", token(1), r.tip())
		}},
		{"configuration that is broken", func(r *sandbox) {
			r.put("a", "a\n")
			r.write(".mudlark.toml", token(1)+" = \""+token(2)+"\"\n[[rule]]\nid = \""+token(3)+"\"\n")
		}},
		{"configuration, syntax error", func(r *sandbox) {
			r.put("a", "a\n")
			r.write(".mudlark.toml", "x = "+token(1)+"\n")
		}},
		{"reason of an accepted gap", func(r *sandbox) {
			r.put("a", doc(1, 40))
			id := r.rev("HEAD:a")
			r.damage(id, half)
			r.write(".mudlark.toml", "[[coverage.accept]]\nobject = \""+id+"\"\nreason = \"see "+token(1)+"\"\n")
		}},
		{"rule of the repository's own", func(r *sandbox) {
			r.put("a", "a extratok"+"_"+token(1)[7:]+"\n")
			r.write(".mudlark.toml", strings.Replace(extraRule, `name = "Extra token"`, `name = "`+token(2)+`"`, 1))
		}},
		{"index and working tree", func(r *sandbox) {
			r.base()
			r.checkout()
			r.stage("s "+token(1), key(2))
			r.write("u "+token(3), key(3))
			r.opt.Worktree = true
		}},
		{"alternates", func(r *sandbox) {
			r.put("a", "a\n")
			r.write(".git/objects/info/alternates", "/nowhere/"+token(1)+"\n")
		}},
		{"shallow file and other metadata", func(r *sandbox) {
			r.put("a", "a\n")
			r.write(".git/shallow", token(1)+"\n")
			r.write(".git/packed-refs", token(2)+" refs/heads/x\n")
		}},
		{"unknown extension", func(r *sandbox) {
			r.put("a", "a\n")
			r.git("config", "core.repositoryFormatVersion", "1")
			r.git("config", "extensions.frobnicate", token(2))
		}},
		{"LFS object of a strange kind", func(r *sandbox) {
			r.put("a "+token(1), "version https://git-lfs.github.com/spec/v1\noid sha256:"+strings.Repeat("ab", 32)+"\nsize 5\n")
		}},
		{"excluded and below confidence", func(r *sandbox) {
			r.put("a", key(1))
			r.opt.RuleExclude = []string{"test-token"}
		}},
		{"UTF-16", func(r *sandbox) {
			r.put("a", "\xff\xfe"+strings.Join(strings.Split("x "+token(1)+"\n", ""), "\x00")+"\x00")
		}},
		{"in a binary", func(r *sandbox) { r.put("a", "\x00\x01"+token(1)+"\x00"+token(2)) }},
		{"unreachable", func(r *sandbox) {
			r.base()
			r.detached(token(1), key(2))
			r.opt.Unreachable = true
		}},
		{"tree by name", func(r *sandbox) {
			r.base()
			r.git("update-ref", "refs/tags/"+token(1), r.tree("100644 "+token(2), r.blob(key(3))))
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newSandbox(t)
			tt.make(r)
			r.opt.Target, r.opt.Rules = r.path, testRules(t)
			out := rawReports(t, r.opt)
			for n := 1; n <= 3; n++ {
				checkDiscreet(t, out, token(n))
			}
		})
	}
}

func TestDiscreetOutsideGit(t *testing.T) {
	t.Parallel()
	dir := folder{"d " + token(1) + "/x": key(2), "big " + token(3): strings.Repeat("x", 5000)}.write(t)
	for name, o := range map[string]Options{
		"folder":                 {Mode: ModeDir, Paths: []string{dir}, MaxBlob: 4096},
		"path that is a secret":  {Mode: ModeDir, Paths: []string{filepath.Join(dir, "d "+token(1))}},
		"path that is not there": {Mode: ModeDir, Paths: []string{filepath.Join(dir, "no "+token(1))}},
		"stream":                 {Mode: ModeStdin, Stdin: strings.NewReader(key(1) + "\n" + strings.Repeat("x", 5000)), StdinName: token(2), MaxBlob: 4096},
		"target":                 {Target: filepath.Join(dir, "no "+token(1))},
		"file URL":               {Target: "file://" + dir + "/" + token(1)},
	} {
		t.Run(name, func(t *testing.T) {
			o.Rules = testRules(t)
			out := rawReports(t, o)
			for n := 1; n <= 3; n++ {
				checkDiscreet(t, out, token(n))
			}
		})
	}
}

func TestDiscreetMistakes(t *testing.T) {
	t.Parallel()
	r := newSandbox(t)
	r.base()
	for name, o := range map[string]Options{
		"base":    {Since: []string{token(1)}},
		"branch":  {Branches: []string{"x/" + token(1)}},
		"rule":    {RuleFilter: []string{token(1)}},
		"exclude": {Exclude: []string{"[" + token(1)}},
	} {
		t.Run(name, func(t *testing.T) {
			o.Target, o.Rules = r.path, testRules(t)
			checkDiscreet(t, rawReports(t, o), token(1))
		})
	}
}

// A target may carry a password of its own.
func TestDiscreetTarget(t *testing.T) {
	t.Parallel()
	r := newSandbox(t)
	r.put("a", "a\n")
	path := filepath.Join(t.TempDir(), token(1))
	if err := os.Rename(r.path, path); err != nil {
		t.Fatal(err)
	}
	checkDiscreet(t, rawReports(t, Options{Target: path, Rules: testRules(t)}), token(1))
}

// A secret of every built-in kind is redacted in a line, a path and a message.
func TestDiscreetForEveryRule(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	t.Parallel()
	set := builtin(t)
	r := newSandbox(t)
	var edits []edit
	secrets := map[string]string{}
	var said strings.Builder
	for i, rule := range set {
		if rule.Weak || rule.Block != "" || rule.Confidence == rules.Low {
			continue
		}
		written, secret := generated(rule, uint64(i))
		if written == "" || len(secret) < 16 {
			continue
		}
		secrets[rule.ID] = secret
		edits = append(edits, text(rule.ID, "left "+written+" right\n"))
		said.WriteString(written + "\n")
	}
	r.commit(append(edits, message(said.String()))...)
	o := Options{Target: r.path, Rules: set, MinConfidence: rules.Low}
	shown := scanned(t, o)
	found := map[string]bool{}
	for _, f := range shown.findings {
		found[f.Secret] = true
	}
	out := rawReports(t, o)
	n := 0
	for id, secret := range secrets {
		if found[secret] {
			n++
			if bytes.Contains(out, []byte(secret)) {
				t.Errorf("%s: the output shows the secret", id)
			}
		}
	}
	if n < 50 {
		t.Errorf("only %d kinds of secrets were found", n)
	}
}
