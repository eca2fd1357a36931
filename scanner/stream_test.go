package scanner

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// largeText is text of more than wholeText bytes with secrets at its start, in the middle, where pieces meet, and at its end.
func largeText(t testing.TB) (string, map[string]int) {
	t.Helper()
	var b strings.Builder
	lines := map[string]int{}
	n := 1
	put := func(i int) {
		b.WriteString("x = \"" + token(i) + "\" # here\n")
		lines[token(i)] = n
		n++
	}
	filler := doc(3, 1000)
	put(1)
	for i := 2; b.Len() < wholeText+streamWindow; i++ {
		b.WriteString(filler)
		n += 1000
		if b.Len()>>20%7 == 3 {
			put(i)
		}
	}
	put(0)
	return b.String(), lines
}

func TestLargeTexts(t *testing.T) {
	if testing.Short() {
		t.Skip("writes files of 50 MB")
	}
	content, lines := largeText(t)
	check := func(t *testing.T, got *collected, path string) {
		t.Helper()
		if len(got.findings) != len(lines) || len(lines) < 5 {
			t.Fatalf("%d findings, want %d", len(got.findings), len(lines))
		}
		for _, f := range got.findings {
			if *f.Line != lines[f.Secret] || *f.Column != 6 || f.Path == nil || *f.Path != path || len(f.Occurrences) != 0 {
				t.Errorf("want line %d of %s, got %s", lines[f.Secret], path, describe(f))
			}
			if f.Excerpt == nil || f.Excerpt.Text != "x = \""+f.Secret+"\" # here" {
				t.Errorf("excerpt %+v", f.Excerpt)
			}
		}
		if !got.coverage.Complete || got.coverage.Bytes < int64(len(content)) {
			t.Errorf("%+v", got.coverage)
		}
	}
	t.Run("file", func(t *testing.T) {
		dir := folder{"big.log": content}.write(t)
		check(t, scanned(t, Options{Mode: ModeDir, Paths: []string{dir}}), filepath.ToSlash(dir)+"/big.log")
	})
	t.Run("stdin", func(t *testing.T) {
		check(t, scanned(t, Options{Mode: ModeStdin, Stdin: strings.NewReader(content), StdinName: "big.log"}), "big.log")
	})
	r := newSandbox(t)
	r.base()
	c := r.put("big.log", content)
	history := func(t *testing.T) {
		t.Helper()
		got := scanned(t, Options{Target: r.path})
		check(t, got, "big.log")
		if *got.findings[0].Commit != c {
			t.Errorf("introduced by %s, want %s", *got.findings[0].Commit, c)
		}
	}
	t.Run("packed", history)
	r.git("-c", "core.bigFileThreshold=1g", "repack", "-adfq")
	r.put("other", "x\n")
	t.Run("repacked", history)
	t.Run("as a delta", func(t *testing.T) {
		r.git("-c", "core.bigFileThreshold=1g", "config", "core.bigFileThreshold", "1g")
		r.put("big.log", content+"one more line\n")
		r.git("repack", "-adfq")
		history(t)
	})
	t.Run("loose", func(t *testing.T) {
		s := newSandbox(t)
		s.base()
		s.checkout()
		s.stage("big.log", content)
		check(t, scanned(t, Options{Target: s.path, Staged: true}), "big.log")
		s.git("rm", "-q", "--cached", "big.log")
		check(t, scanned(t, Options{Target: s.path, Worktree: true}), "big.log")
	})
}

// TestLargeDamaged: a blob that is read piece by piece and turns out to be damaged is coverage, and what was found until then counts.
func TestLargeDamaged(t *testing.T) {
	if testing.Short() {
		t.Skip("writes files of 50 MB")
	}
	content, _ := largeText(t)
	s := newSandbox(t)
	s.base()
	id := s.blob(content)
	s.checkout()
	s.git("update-index", "--add", "--cacheinfo", "100644,"+id+",big.log")
	s.damage(id, func(b []byte) []byte { return b[:len(b)-100] })
	got := scanned(t, Options{Target: s.path, Staged: true})
	checkSkipped(t, got.coverage, "damaged")
	if len(got.findings) < 3 {
		t.Errorf("%d findings", len(got.findings))
	}
}

// TestLargeArchive: an archive is unpacked whole, whatever its size, up to a limit.
func TestLargeArchive(t *testing.T) {
	if testing.Short() {
		t.Skip("writes files of 40 MB")
	}
	z := zipped(t, packed{"noise", noise(wholeText + 1<<20)}, packed{"conf/a.env", "x\n" + key(1)})
	dir := folder{"a.zip": z}.write(t)
	got := scanned(t, Options{Mode: ModeDir, Paths: []string{dir}})
	if len(got.findings) != 1 || !strings.HasSuffix(*got.findings[0].Path, "a.zip!/conf/a.env") || !got.coverage.Complete {
		t.Errorf("%+v, %+v", got.findings, got.coverage.Skipped)
	}
	name := filepath.Join(dir, "b.zip")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := io.Copy(f, strings.NewReader(z[:1<<20])); err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(minMostWhole + 1); err != nil { // a hole
		t.Fatal(err)
	}
	got = scanned(t, Options{Mode: ModeDir, Paths: []string{name}})
	checkSkipped(t, got.coverage, "limit")
}

func TestBoundedStream(t *testing.T) {
	data := bytes.Repeat([]byte("ab"), 100_000)
	for _, limit := range []int64{int64(len(data)), int64(len(data)) - 1, 1} {
		got, err := io.ReadAll(newBoundedStream(t.Context(), bytes.NewReader(data), limit))
		if want := data[:limit]; !bytes.Equal(got, want) || (err == nil) != (limit == int64(len(data))) {
			t.Errorf("limit %d: %d bytes, %v", limit, len(got), err)
		}
	}
}
