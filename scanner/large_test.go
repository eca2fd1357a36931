package scanner

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// largeHistory is a history that is read all at once, with secrets in messages, names and files of commits that main reaches, and of
// others that are only stored beside them.
func largeHistory(t *testing.T) *gitRepo {
	t.Helper()
	r := newGitRepo(t)
	rnd := rand.New(rand.NewPCG(1, 21))
	var in bytes.Buffer
	for i := range 900 {
		message, author, content := "m", "A <a@example.org>", fmt.Sprintf("line %d\n", i)
		if i%97 == 50 {
			message = "uses " + token(i)
		}
		if i%101 == 60 {
			author = "A " + token(i) + " <a@example.org>"
		}
		if i%67 == 40 {
			content += token(i%5) + "\n"
		}
		branch := "main"
		if i%10 == 9 {
			branch = fmt.Sprintf("lost%d", i)
		}
		fmt.Fprintf(&in, "commit refs/heads/%s\nmark :%d\nauthor %s %d +0000\ncommitter C <c@example.org> %d +0000\ndata %d\n%s\n", branch, i+1, author, 1700000000+i, 1700000000+i, len(message), message)
		if branch != "main" {
			fmt.Fprintf(&in, "from :%d\n", i)
		}
		fmt.Fprintf(&in, "M 100644 inline d%d/e/f%d\ndata %d\n%s\n", rnd.IntN(3), rnd.IntN(20), len(content), content)
	}
	r.run(in.Bytes(), "fast-import", "--quiet")
	for i := 9; i < 900; i += 10 {
		r.git("update-ref", "-d", fmt.Sprintf("refs/heads/lost%d", i))
	}
	return r
}

// What is found does not depend on whether commits and trees are read at once or, being loose, one by one.
func TestReadingAtOnceFindsTheSame(t *testing.T) {
	t.Parallel()
	r := largeHistory(t)
	r.git("repack", "-a", "-d", "-f", "-q", "-k")
	want := scanned(t, Options{Target: r.path})
	if n := len(want.findings); n < 10 {
		t.Fatalf("%d findings", n)
	}
	// With a limit trees are compared one by one, whatever the limit.
	compared := scanned(t, Options{Target: r.path, MaxDepth: 1 << 20})
	if d := cmp.Diff(want.normal(t), compared.normal(t)); d != "" {
		t.Errorf("comparing trees one by one differs (-at once +one by one):\n%s", d)
	}
	packs, err := filepath.Glob(filepath.Join(r.path, ".git/objects/pack/*.pack"))
	if err != nil || len(packs) != 1 {
		t.Fatalf("packs %q, error %v", packs, err)
	}
	data, err := os.ReadFile(packs[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{packs[0], strings.TrimSuffix(packs[0], "pack") + "idx"} {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	r.run(data, "unpack-objects", "-q")
	loose := scanned(t, Options{Target: r.path})
	if d := cmp.Diff(want.normal(t), loose.normal(t)); d != "" {
		t.Errorf("reading loose objects differs (-at once +one by one):\n%s", d)
	}
}
