package scanner

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"
)

// wide is text in UTF-16.
func wide(text string, order binary.ByteOrder) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(text)) {
		var two [2]byte
		order.PutUint16(two[:], u)
		b = append(b, two[:]...)
	}
	return string(b)
}

func TestContent(t *testing.T) {
	t.Parallel()
	one := func(name, path, content string, line int) scenario {
		return scenario{name, func(r *sandbox) {
			r.base()
			c := r.put(path, content)
			r.expect(token(1), c, path, line, here)
		}}
	}
	noise := make([]byte, 8000)
	if _, err := rand.Read(noise); err != nil {
		t.Fatal(err)
	}
	runScenarios(t, []scenario{
		one("UTF-16LE with a mark", "conf.reg", "\xff\xfe"+wide("Windows Registry\r\n\r\n"+key(1), binary.LittleEndian), 3),
		one("UTF-16BE with a mark", "conf.txt", "\xfe\xff"+wide("first\n"+key(1)+"last\n", binary.BigEndian), 2),
		one("UTF-16LE without a mark", "conf.txt", wide("first\n"+key(1)+"last\n", binary.LittleEndian), 2),
		one("UTF-16BE without a mark", "conf.txt", wide("first\n"+key(1)+"last\n", binary.BigEndian), 2),
		one("UTF-16 behind plain text", "log.txt", doc(1, 3)+wide("x"+key(1), binary.LittleEndian), -1),
		one("UTF-8 with a mark", "a.txt", "\ufeff"+key(1), 1),
		one("Latin-1 on the line", "note.txt", "Schl\xfcssel f\xfcr B\xe4r:\n\xe4\xf6\xfc "+key(1), 2),
		one("no newline at the end", "a.env", "A=1\nTOKEN="+token(1), 2),
		one("the file is the token", "a", token(1), 1),
		one("CRLF", "a.txt", "one\r\ntwo\r\n"+strings.TrimSuffix(key(1), "\n")+"\r\n", 3),
		one("NUL early in text", "dump.sql", "-- dump \x00 v1\n"+doc(8, 20)+key(1), 22),
		one("NUL late in text", "dump.sql", doc(8, 300)+"\x00\n"+key(1), 302),
		one("in a binary", "bin/tool", "\x7fELF\x02\x01\x01\x00"+string(noise[:4000])+"\x00\x00token="+token(1)+"\x00\x00"+string(noise[4000:]), -1),
		one("behind 600 Kelvin signs", "k.txt", strings.Repeat("\u212a", 600)+" "+key(1), 1),
		one("behind emoji and combining marks", "k.txt", strings.Repeat("\U0001F511e\u0301", 300)+" "+key(1), 1),
		one("behind broken UTF-8", "k.txt", strings.Repeat("\xc3\xe2\x82\xf0\x9f", 100)+" "+key(1), 1),
		one("behind a long line", "app.min.js", strings.Repeat("var a=[1,2,3];", 20000)+"\n"+key(1), 2),
		one("in the middle of a long line", "app.min.js", strings.Repeat("var a=[1,2,3];", 20000)+strings.TrimSuffix(key(1), "\n")+strings.Repeat("var a=[1,2,3];", 20000), 1),
		one("in patch text", "fix.patch", "commit "+strings.Repeat("12", 20)+"\nAuthor: x <y>\n\ndiff --git a/evil b/evil\nindex 1..2 100644\n--- a/evil\n+++ b/evil\n@@ -1,2 +1,2 @@\n++ b/evil2\n"+key(1), 10),
		one("form feeds and vertical tabs are no line ends", "a", "a\fb\vc\u2028d\n"+key(1), 2),
		one("only line feeds end lines", "a", "old mac\rstyle\r"+key(1), 1),
		one("large file", "dump.log", strings.Repeat(doc(1, 100), 50)+key(1), 5001),
		{"newline at the end added later", func(r *sandbox) {
			c := r.put("a.env", "TOKEN="+token(1))
			r.put("a.env", "TOKEN="+token(1)+"\n")
			r.expect(token(1), c, "a.env", 1, here).places = 1
		}},
		{"converted to UTF-16", func(r *sandbox) {
			c := r.put("a.txt", key(1))
			r.put("a.txt", "\xff\xfe"+wide(key(1), binary.LittleEndian))
			r.expect(token(1), c, "a.txt", 1, here).places = 1
		}},
		{"across powers of two", func(r *sandbox) {
			var b strings.Builder
			cuts := []int{}
			for k := 9; k <= 20; k++ {
				cuts = append(cuts, 1<<k, 1<<k+3<<(k-3))
			}
			lines := map[int]int{}
			for n, cut := range cuts {
				b.WriteString(strings.Repeat("=", cut-14-b.Len()-1) + "\n" + token(n) + "\n")
				lines[n] = 2*n + 2
			}
			c := r.put("big.log", b.String())
			for n := range cuts {
				r.expect(token(n), c, "big.log", lines[n], here)
			}
		}},
		{"many files in one commit", func(r *sandbox) {
			var edits []edit
			for i := range 3000 {
				edits = append(edits, text(fmt.Sprintf("d%02d/f%04d.txt", i/100, i), fmt.Sprint("file ", i, "\n")))
			}
			edits = append(edits, text("d17/f1777.txt", "x\n"+key(1)))
			c := r.commit(edits...)
			r.expect(token(1), c, "d17/f1777.txt", 2, here)
		}},
		{"one secret in 200 commits and three files", func(r *sandbox) {
			var in strings.Builder
			in.WriteString("reset refs/heads/main\n\n")
			for i := range 200 {
				fmt.Fprintf(&in, "commit refs/heads/main\ncommitter C <c@example.org> %d +0000\ndata 1\nm\n", 1700000000+i)
				for _, f := range []string{"a.yml", "b.yml", "sub/c.yml"} {
					content := fmt.Sprintf("%s# %d\n%s", strings.Repeat("\n", i%7), i, key(1))
					fmt.Fprintf(&in, "M 100644 inline %s\ndata %d\n%s\n", f, len(content), content)
				}
			}
			r.run([]byte(in.String()), "fast-import", "--quiet")
			first := strings.Fields(r.git("rev-list", "--reverse", "main"))[0]
			r.expect(token(1), first, "a.yml", 2, here).places = 3
		}},
		{"LFS object that is here", func(r *sandbox) {
			content := "x\n" + key(1)
			sum := sha256.Sum256([]byte(content))
			oid := hex.EncodeToString(sum[:])
			r.write(".git/lfs/objects/"+oid[:2]+"/"+oid[2:4]+"/"+oid, content)
			c := r.put("big.bin", fmt.Sprintf("version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n", oid, len(content)))
			r.expect(token(1), c, "big.bin", 2, here)
		}},
		{"LFS object that is not here", func(r *sandbox) {
			r.put("big.bin", "version https://git-lfs.github.com/spec/v1\noid sha256:"+strings.Repeat("ab", 32)+"\nsize 5\n")
			r.skipped = []string{"policy"}
		}},
		{"no LFS pointer, only like one", func(r *sandbox) {
			c := r.put("big.bin", "version https://git-lfs.github.com/spec/v1\noid sha256:short\n"+key(1))
			r.expect(token(1), c, "big.bin", 3, here)
		}},
	})
}

func TestColumnsCountCodePoints(t *testing.T) {
	t.Parallel()
	r := newSandbox(t)
	r.put("a", "x\n\u00e4\U0001F511 = "+token(1)+"\n")
	r.put("b", "x\r\n"+token(2))
	got := scanned(t, Options{Target: r.path})
	if len(got.findings) != 2 || *got.findings[0].Column != 6 || *got.findings[1].Column != 1 {
		t.Errorf("findings %s %s", describe(got.findings[0]), describe(got.findings[1]))
	}
}

func ecKey(t testing.TB) string {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE" + " KEY", Bytes: der}))
}

func TestKeyCompletedByAnEdit(t *testing.T) {
	t.Parallel()
	armor := ecKey(t)
	lines := strings.Split(armor, "\n")
	redacted := strings.Replace(armor, lines[2], "[REDACTED]", 1)
	r := newSandbox(t)
	r.put("id.pem", redacted)
	c := r.put("id.pem", armor)
	d := r.put("id.pem", redacted)
	got := scanned(t, Options{Target: r.path, Rules: builtin(t)})
	if len(got.findings) != 1 || *got.findings[0].Commit != c || got.findings[0].Removed == nil || got.findings[0].Removed.Commit != d {
		t.Errorf("want one key, added in %s and removed in %s: %+v", c, d, got.findings)
	}
}

// A key is the same however it is written down.
func TestOneKeyInManyForms(t *testing.T) {
	t.Parallel()
	armor := ecKey(t)
	escaped := `{"key": "` + strings.ReplaceAll(armor, "\n", `\n`) + `"}`
	r := newSandbox(t)
	r.put("a.pem", armor)
	r.put("b.pem", strings.ReplaceAll(armor, "\n", "\r\n"))
	r.put("c.json", escaped)
	r.put("d.yaml", "key: |\n  "+strings.ReplaceAll(armor, "\n", "\n  ")+"\n")
	got := scanned(t, Options{Target: r.path, Rules: builtin(t)})
	if len(got.findings) != 1 || len(got.findings[0].Occurrences) != 3 {
		t.Errorf("want one finding at four places")
		for _, f := range got.findings {
			t.Log(describe(f))
		}
	}
}

func TestPairs(t *testing.T) {
	t.Parallel()
	pair := func(t *testing.T) (id, secret string) {
		text, _ := secretOf(t, "aws-access-key-id", 4)
		const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
		b := make([]byte, 40)
		if _, err := rand.Read(b); err != nil {
			t.Fatal(err)
		}
		for i := range b {
			b[i] = alphabet[b[i]%62]
		}
		return text, string(b)
	}
	config := func(id, between, secret string) string {
		return "aws_access_key_id = " + id + "\n" + between + "aws_secret_access_key = " + secret + "\n"
	}
	t.Run("filled in 30 lines apart", func(t *testing.T) {
		t.Parallel()
		r := newSandbox(t)
		id, secret := pair(t)
		r.put("c.ini", config("x", doc(1, 30), "x"))
		c := r.put("c.ini", config(id, doc(1, 30), secret))
		checkPair(t, scanned(t, Options{Target: r.path, Rules: builtin(t)}), id, secret, c, c, 32)
	})
	t.Run("the secret comes later", func(t *testing.T) {
		t.Parallel()
		r := newSandbox(t)
		id, secret := pair(t)
		c := r.put("c.ini", config(id, "region = eu-west-1\n", "CHANGE-ME"))
		d := r.put("c.ini", config(id, "region = eu-west-1\n", secret))
		r.put("c.ini", config("", "region = eu-west-1\n", "CHANGE-ME"))
		checkPair(t, scanned(t, Options{Target: r.path, Rules: builtin(t)}), id, secret, c, d, 3)
	})
}

func checkPair(t *testing.T, got *collected, id, secret, idCommit, secretCommit string, line int) {
	t.Helper()
	if len(got.findings) != 1 {
		t.Fatalf("%d findings, want the pair as one", len(got.findings))
	}
	f := got.findings[0]
	if f.Secret != id || *f.Commit != idCommit || *f.Line != 1 {
		t.Errorf("wrong id, commit or line: %s", describe(f))
	}
	if len(f.Parts) != 1 || f.Parts[0].Secret != secret || *f.Parts[0].Commit != secretCommit || *f.Parts[0].Line != line {
		t.Errorf("wrong companion: %s", describe(f))
	}
}

// A blob of more than bigBlob bytes takes another path through memory.
func TestBigBlob(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	t.Parallel()
	r := newSandbox(t)
	block := doc(2, 15000)
	n := bigBlob/len(block) + 1
	c := r.put("dump.log", strings.Repeat(block, n)+key(1)+"end\n")
	r.commit(remove("dump.log"))
	r.expect(token(1), c, "dump.log", 15000*n+1, gone)
	r.verify()
}
