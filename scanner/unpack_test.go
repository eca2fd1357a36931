package scanner

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mudlark/report"
	"mudlark/scanner/archive"
)

// packed is a file to put into an archive.
type packed struct{ name, content string }

func zipped(t testing.TB, files ...packed) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range files {
		e, err := w.Create(f.name)
		if err == nil {
			_, err = e.Write([]byte(f.content))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func tarred(t testing.TB, files ...packed) string {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		err := w.WriteHeader(&tar.Header{Name: f.name, Size: int64(len(f.content)), Mode: 0o644})
		if err == nil {
			_, err = w.Write([]byte(f.content))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func gzipped(t testing.TB, content string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// encrypted sets, in a zip, the flag of encryption of every entry (APPNOTE.TXT 4.4.4).
func encrypted(z string) string {
	b := []byte(z)
	for i := range b {
		switch {
		case bytes.HasPrefix(b[i:], []byte("PK\x03\x04")):
			b[i+6] |= 1
		case bytes.HasPrefix(b[i:], []byte("PK\x01\x02")):
			b[i+8] |= 1
		}
	}
	return string(b)
}

func noise(n int) string {
	r := rand.NewChaCha8([32]byte{7})
	b := make([]byte, n)
	r.Read(b)
	return string(b)
}

func TestArchives(t *testing.T) {
	t.Parallel()
	env := packed{"conf/app.env", "A=1\nB=2\n" + key(1)}
	other := packed{"README", doc(1, 20)}
	one := func(name, content, inner string, line int, decoded string) scenario {
		return scenario{name, func(r *sandbox) {
			r.base()
			c := r.put("out/bundle", content)
			w := r.expect(token(1), c, "out/bundle!/"+inner, line, here)
			w.decoded, w.places = decoded, 1
		}}
	}
	runScenarios(t, []scenario{
		one("zip", zipped(t, other, env), "conf/app.env", 3, "zip"),
		one("tar, where it shows from outside too", tarred(t, other, env), "conf/app.env", 3, "tar"),
		one("gzip", gzipped(t, env.content), "content", 3, "gzip"),
		one("tar.gz", gzipped(t, tarred(t, other, env)), "conf/app.env", 3, "gzip,tar"),
		one("zip in tar.gz", gzipped(t, tarred(t, other, packed{"lib/x.jar", zipped(t, env)})), "lib/x.jar!/conf/app.env", 3, "gzip,tar,zip"),
		one("zip behind a script", "#!/bin/sh\nexec java -jar \"$0\"\n"+zipped(t, env), "conf/app.env", 3, "zip"),
		one("base64 in a zip", zipped(t, packed{"x", "a\n" + b64("token "+token(1)+" end")}), "x", 2, "zip,base64"),
		{"added and removed", func(r *sandbox) {
			r.base()
			c := r.put("a.zip", zipped(t, env))
			removal := r.commit(remove("a.zip"))
			w := r.expect(token(1), c, "a.zip!/conf/app.env", 3, gone)
			w.removed = removal
		}},
		{"packed what stood in another file of the same change", func(r *sandbox) {
			c := r.commit(text("a.env", key(1)), text("b.txt", "x\n"))
			r.commit(remove("a.env"), text("a.zip", zipped(t, packed{"a.env", key(1)})))
			r.expect(token(1), c, "a.env", 1, here).places = 1
		}},
		{"repacked with other files is no introduction", func(r *sandbox) {
			c := r.put("a.zip", zipped(t, env))
			r.put("a.zip", zipped(t, other, env))
			r.expect(token(1), c, "a.zip!/conf/app.env", 3, here).places = 1
		}},
		{"nested deeper than is read", func(r *sandbox) {
			z := key(1)
			for range 4 {
				z = zipped(t, packed{"z", z})
			}
			r.put("a.zip", z)
			r.skipped = []string{"limit"}
		}},
		{"nested as deep as is read", func(r *sandbox) {
			z := key(1)
			for range 3 {
				z = zipped(t, packed{"z", z})
			}
			c := r.put("a.zip", z)
			r.expect(token(1), c, "a.zip!/z!/z!/z", 1, here)
		}},
		{"no archives", func(r *sandbox) {
			r.put("a.zip", zipped(t, env))
			r.opt.NoArchives = true
		}},
		{"encrypted", func(r *sandbox) {
			r.put("a.zip", encrypted(zipped(t, env, other)))
			r.put("b.env", key(2))
			r.expect(token(2), anything, "b.env", 1, here)
			r.skipped = []string{"policy"}
		}},
		{"cut", func(r *sandbox) {
			z := gzipped(t, key(1)+doc(4, 4000))
			c := r.put("a.gz", z[:len(z)/2])
			r.expect(token(1), c, "a.gz!/content", 1, here)
			r.skipped = []string{"damaged"}
		}},
		{"noise that begins like a gzip", func(r *sandbox) { r.put("a.bin", "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"+noise(5000)) }},
		{"noise that begins like a zip", func(r *sandbox) { r.put("a.bin", "PK\x03\x04"+noise(5000)) }},
		{"noise that begins like an xz", func(r *sandbox) { r.put("a.bin", "\xfd7zXZ\x00"+noise(5000)) }},
		{"noise that begins like a zstd", func(r *sandbox) { r.put("a.bin", "\x28\xb5\x2f\xfd"+noise(5000)) }},
		{"noise that begins like an lzma", func(r *sandbox) { r.put("a.bin", "\x5d\x00\x00\x80\x00"+strings.Repeat("\xff", 8)+"\x00"+noise(5000)) }},
		{"noise that begins like a 7z", func(r *sandbox) { r.put("a.bin", "7z\xbc\xaf\x27\x1c"+noise(5000)) }},
		{"text that begins like an ar", func(r *sandbox) { r.put("a.txt", "!<arch>\n"+doc(3, 20)) }},
		{"noise inside that begins like a gzip", func(r *sandbox) {
			r.put("a.zip", zipped(t, packed{"x", "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03" + noise(5000)}))
		}},
	})
}

// noise64 is n characters of base64.
func noise64(n int) string { return base64.RawStdEncoding.EncodeToString([]byte(noise(n)))[:n] }

// TestArchivePairs: companions are looked for in the file, not in the archive around it.
func TestArchivePairs(t *testing.T) {
	t.Parallel()
	id, secret := secretOf(t, "aws-access-key-id", 5)
	written := "aws_access_key_id = " + id + "\naws_secret_access_key = " + noise64(40) + "\n"
	dir := folder{"a.zip": zipped(t, packed{"x", doc(1, 3)}, packed{"creds", written})}.write(t)
	got := scanned(t, Options{Mode: ModeDir, Paths: []string{dir}, Rules: builtin(t)})
	if len(got.findings) != 1 || got.findings[0].Secret != secret || len(got.findings[0].Parts) == 0 {
		t.Fatalf("got %+v", got.findings)
	}
	want := filepath.ToSlash(dir) + "/a.zip!/creds"
	if f := got.findings[0]; *f.Path != want || *f.Parts[0].Path != want {
		t.Errorf("paths %s and %s, want %s", *f.Path, *f.Parts[0].Path, want)
	}
}

// TestArchiveSources: folders, streams, the index and the working tree are unpacked, too.
func TestArchiveSources(t *testing.T) {
	t.Parallel()
	z := zipped(t, packed{"conf/app.env", "x\n" + key(1)})
	check := func(t *testing.T, got *collected, path string) {
		t.Helper()
		if len(got.findings) != 1 || got.findings[0].Path == nil || *got.findings[0].Path != path || *got.findings[0].Line != 2 {
			t.Fatalf("want one finding at %s:2, got %+v", path, got.findings)
		}
		e := got.findings[0].Excerpt
		if e == nil || e.Text[e.Start:e.End] != token(1) {
			t.Errorf("excerpt %+v", e)
		}
		if !got.coverage.Complete {
			t.Errorf("%+v", got.coverage.Skipped)
		}
	}
	dir := folder{"a.zip": z}.write(t)
	check(t, scanned(t, Options{Mode: ModeDir, Paths: []string{filepath.Join(dir, "a.zip")}}), filepath.ToSlash(dir)+"/a.zip!/conf/app.env")
	check(t, scanned(t, Options{Mode: ModeStdin, Stdin: strings.NewReader(z), StdinName: "a.zip"}), "a.zip!/conf/app.env")
	r := newSandbox(t)
	r.base()
	r.checkout()
	r.stage("s.zip", z)
	check(t, scanned(t, Options{Target: r.path, Staged: true}), "s.zip!/conf/app.env")
	r.git("rm", "-q", "--cached", "s.zip")
	check(t, scanned(t, Options{Target: r.path, Worktree: true}), "s.zip!/conf/app.env")
}

// TestArchiveDiscreet: the excerpt of a finding in an archive is redacted, and so is the path inside.
func TestArchiveDiscreet(t *testing.T) {
	t.Parallel()
	dir := folder{"a.zip": zipped(t, packed{token(3) + "/x", "one " + token(1) + " two " + token(2) + "\n"})}.write(t)
	var c collected
	o := Options{Mode: ModeDir, Paths: []string{dir}, Rules: testRules(t), Workers: 1}
	if _, err := Run(t.Context(), o, &c); err != nil {
		t.Fatal(err)
	}
	for _, f := range c.findings {
		if said := describe(f); strings.Contains(said, token(1)) || strings.Contains(said, token(2)) || strings.Contains(said, token(3)) {
			t.Errorf("not redacted: %s", said)
		}
		if f.Secret != token(3) && strings.Contains(*f.Path, "!/") && (f.Excerpt == nil || !strings.Contains(f.Excerpt.Text, "two")) {
			t.Errorf("excerpt %+v", f.Excerpt)
		}
	}
	if len(c.findings) < 2 {
		t.Errorf("%d findings", len(c.findings))
	}
}

// TestArchiveAllow: markers and entries for places count inside archives.
func TestArchiveAllow(t *testing.T) {
	t.Parallel()
	dir := folder{"a.zip": zipped(t, packed{"x", strings.TrimSuffix(key(1), "\n") + " # mudlark:allow -- test\n" + key(2)}),
		".mudlarkignore": "path:**/x\n"}.write(t)
	got := scanned(t, Options{Mode: ModeDir, Paths: []string{filepath.Join(dir, "a.zip")}})
	if len(got.findings) != 1 || got.findings[0].Secret != token(2) {
		t.Errorf("%d findings: %+v", len(got.findings), got.findings)
	}
}

// TestArchiveRulePaths: a rule with conditions on paths sees the path inside the archive.
func TestArchiveRulePaths(t *testing.T) {
	t.Parallel()
	set := rulesOf(t, `
[[rule]]
id = "env-only"
name = "Env only"
provider = "test"
format = "envonly_{base62:20}"
severity = "high"
confidence = "high"
source = "https://example.org/"
paths = ["*.env"]
`)
	secret := "envonly_" + strings.Repeat("aB3dE5gH9k", 2)
	r := newSandbox(t)
	c := r.commit(text("a.zip", zipped(t, packed{"conf/a.env", secret})), text("b.zip", zipped(t, packed{"conf/a.txt", secret})))
	got := scanned(t, Options{Target: r.path, Rules: set})
	if len(got.findings) != 1 || *got.findings[0].Path != "a.zip!/conf/a.env" || *got.findings[0].Commit != c || len(got.findings[0].Occurrences) != 0 {
		t.Errorf("got %+v", got.findings)
	}
}

// TestArchiveLimits: each limit is coverage that names its flag, and what came out before counts.
func TestArchiveLimits(t *testing.T) {
	t.Parallel()
	files := []packed{{"a", key(1)}, {"b", strings.Repeat("zero", 1<<20)}, {"c", key(2)}}
	for _, c := range []struct {
		limits archive.Limits
		flag   string
		found  int
	}{
		{archive.Limits{Entries: 1}, "--max-archive-entries", 1},
		{archive.Limits{EntryBytes: 1 << 20, Ratio: 1e6}, "--max-archive-file", 2},
		{archive.Limits{Bytes: 1 << 20, Ratio: 1e6}, "--max-archive-size", 1},
		{archive.Limits{Ratio: 10}, "--max-archive-ratio", 1},
		{archive.Limits{Ratio: 1e6}, "", 2},
	} {
		dir := folder{"a.zip": zipped(t, files...)}.write(t)
		got := scanned(t, Options{Mode: ModeDir, Paths: []string{dir}, Archives: c.limits})
		if len(got.findings) != c.found {
			t.Errorf("%+v: %d findings, want %d", c.limits, len(got.findings), c.found)
		}
		named := slices.ContainsFunc(got.coverage.Skipped, func(s report.Skipped) bool { return s.Class == "limit" && strings.Contains(s.Why, c.flag) })
		if named != (c.flag != "") || got.coverage.Complete != (c.flag == "") {
			t.Errorf("%+v: %+v", c.limits, got.coverage.Skipped)
		}
	}
}

// TestArchiveAccepted: an entry of coverage.accept for the object covers what of the archive cannot be read.
func TestArchiveAccepted(t *testing.T) {
	t.Parallel()
	r := newSandbox(t)
	z := encrypted(zipped(t, packed{"a", key(1)}))
	r.commit(text("a.zip", z), text(".mudlark.toml", fmt.Sprintf("[[coverage.accept]]\nobject = %q\nreason = \"known\"\n", r.blob(z))))
	r.checkout()
	got := scanned(t, Options{Target: r.path})
	if !got.coverage.Complete || len(got.coverage.Skipped) != 1 || got.coverage.Skipped[0].Accepted != "known" {
		t.Errorf("%+v", got.coverage)
	}
}

// FuzzArchives: whatever a file holds, it is examined to the end, within limits, and nothing goes wrong on the way.
func FuzzArchives(f *testing.F) {
	z := zipped(f, packed{"a", key(1)}, packed{"b", doc(1, 50)})
	for _, seed := range []string{z, tarred(f, packed{"a", key(1)}), gzipped(f, tarred(f, packed{"z.zip", z})), encrypted(z), "#!x\n" + z, z[:len(z)/2]} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		limits := archive.Limits{Depth: 2, Entries: 20, Bytes: 1 << 20, EntryBytes: 1 << 18, Ratio: 100}
		got := scanned(t, Options{Mode: ModeStdin, Stdin: bytes.NewReader(data), Archives: limits, Workers: 1})
		for _, s := range got.coverage.Skipped {
			if strings.Contains(s.Why, "report this") {
				t.Errorf("%+v", s)
			}
		}
	})
}
