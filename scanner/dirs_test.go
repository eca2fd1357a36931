package scanner

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
)

// folder is a folder to scan: its files by path; a content that begins with "->" is the target of a symbolic link.
type folder map[string]string

func (f folder) write(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	for path, content := range f {
		name := filepath.Join(dir, filepath.FromSlash(path))
		target, isLink := strings.CutPrefix(content, "->")
		if !isLink {
			writeFile(t, name, content)
			continue
		}
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(target, name); err != nil {
			t.Skip(err)
		}
	}
	return dir
}

func TestDir(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		files   folder
		paths   []string // below the folder; none for the folder itself
		options Options
		want    map[string]string // secret to path
		skipped []string
	}{
		{name: "dotfile and nested file", files: folder{".env": key(1), "a/b/c.yml": "x: 1\n" + key(2)}, want: map[string]string{token(1): ".env", token(2): "a/b/c.yml"}},
		{name: "links in circles and to nowhere", files: folder{"d/s.env": key(1), "d/up": "->..", "self": "->self", "dead": "->nowhere", "a": "->b", "b": "->a"}, want: map[string]string{token(1): "d/s.env"}},
		{name: "target of a link", files: folder{"l": "->" + token(1)}, want: map[string]string{token(1): "l"}},
		{name: "links are not followed", files: folder{"real/s.env": key(1), "link": "->real"}, want: map[string]string{token(1): "real/s.env"}},
		{name: "ignored files", files: folder{".gitignore": "*.log\nbuild/\n!keep.log\n", "x.log": key(9), "build/x": key(9), "keep.log": key(1), "sub/.gitignore": "/y\n", "sub/y": key(9), "y": key(2)},
			want: map[string]string{token(1): "keep.log", token(2): "y"}},
		{name: "ignored files, asked for", files: folder{".gitignore": "*.log\n", "x.log": key(1)}, options: Options{NoIgnore: true}, want: map[string]string{token(1): "x.log"}},
		{name: "secret in .gitignore", files: folder{".gitignore": "# " + key(1)}, want: map[string]string{token(1): ".gitignore"}},
		{name: "a repository's own files are not content", files: folder{".git/config": key(9), ".git/HEAD": "ref: refs/heads/main\n", "a": key(1)}, want: map[string]string{token(1): "a"}},
		{name: "one file", files: folder{"a": key(1), "b": key(9)}, paths: []string{"a"}, want: map[string]string{token(1): "a"}},
		{name: "several paths", files: folder{"a/x": key(1), "b/y": key(2), "c/z": key(9)}, paths: []string{"a", "b"}, want: map[string]string{token(1): "a/x", token(2): "b/y"}},
		{name: "the same path twice", files: folder{"a/x": key(1)}, paths: []string{"a", "a"}, want: map[string]string{token(1): "a/x"}},
		{name: "include and exclude", files: folder{"a.env": key(1), "a.txt": key(9), "v/b.env": key(9)}, options: Options{Include: []string{"*.env"}, Exclude: []string{"v"}}, want: map[string]string{token(1): "a.env"}},
		{name: "empty folder", files: folder{}},
		{name: "secret in a name", files: folder{token(1) + ".txt": "x"}, want: map[string]string{token(1): token(1) + ".txt"}},
		{name: "file above the limit", files: folder{"big": strings.Repeat("x", 5000), "a": key(1)}, options: Options{MaxBlob: 4096}, want: map[string]string{token(1): "a"}, skipped: []string{"limit"}},
		{name: "odd names", files: folder{"a b": key(1), "new\nline": key(2), "quo\"te": key(3), "caf\u00e9": key(4)},
			want: map[string]string{token(1): "a b", token(2): "new\nline", token(3): "quo\"te", token(4): "caf\u00e9"}},
		{name: "CRLF and UTF-16", files: folder{"a": "x\r\n" + key(1), "b": "\xff\xfek\x00=\x00"}, want: map[string]string{token(1): "a"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := tt.files.write(t)
			o := tt.options
			o.Mode = ModeDir
			for _, p := range tt.paths {
				o.Paths = append(o.Paths, filepath.Join(dir, p))
			}
			if o.Paths == nil {
				o.Paths = []string{dir}
			}
			got := scanned(t, o)
			found := map[string]string{}
			for _, f := range got.findings {
				found[f.Secret] = *f.Path
				if f.Commit != nil || f.AtHead != nil || f.Introduced != nil || f.Removed != nil {
					t.Errorf("a file outside Git has a history: %s", describe(f))
				}
			}
			for secret, path := range tt.want {
				if want := filepath.ToSlash(filepath.Join(dir, path)); found[secret] != want {
					t.Errorf("%s is at %q, want %q", secret, found[secret], want)
				}
				delete(found, secret)
			}
			if len(found) > 0 {
				t.Errorf("unexpected: %v", found)
			}
			checkSkipped(t, got.coverage, tt.skipped...)
		})
	}
}

func TestDirMistakes(t *testing.T) {
	t.Parallel()
	_, _, err := tryScan(t, Options{Mode: ModeDir, Paths: []string{filepath.Join(t.TempDir(), "nowhere")}})
	if usage := (*UsageError)(nil); !errors.As(err, &usage) {
		t.Errorf("error %v, want a usage error", err)
	}
}

func TestUnreadableFile(t *testing.T) {
	t.Parallel()
	if os.Getuid() == 0 {
		t.Skip("root may read everything")
	}
	dir := folder{"a": key(1), "b": key(2), "d/c": key(3)}.write(t)
	for _, p := range []string{"b", "d"} {
		if err := os.Chmod(filepath.Join(dir, p), 0); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { os.Chmod(filepath.Join(dir, "d"), 0o700) })
	got := scanned(t, Options{Mode: ModeDir, Paths: []string{dir}})
	if len(got.findings) != 1 || len(got.coverage.Skipped) != 2 || got.coverage.Complete {
		t.Errorf("findings %d, skipped %+v", len(got.findings), got.coverage.Skipped)
	}
}

func TestStdin(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		in      io.Reader
		as      string
		limit   int64
		secrets int
		line    int
		skipped []string
	}{
		{"CRLF, no newline at the end", strings.NewReader("line one\r\ntoken=" + token(1)), "", 0, 1, 2, nil},
		{"with a name", strings.NewReader(key(1)), "dir/a.env", 0, 1, 1, nil},
		{"empty", strings.NewReader(""), "", 0, 0, 0, nil},
		{"byte by byte", iotest.OneByteReader(strings.NewReader("\n\n" + key(1))), "", 0, 1, 3, nil},
		{"data together with the end", iotest.DataErrReader(strings.NewReader(key(1))), "", 0, 1, 1, nil},
		{"across the reader's chunks", strings.NewReader(strings.Repeat("x", 64<<10-10) + "\n" + key(1)), "", 0, 1, 2, nil},
		{"longer than the limit", strings.NewReader(key(1) + strings.Repeat("x\n", 5000)), "", 4096, 1, 1, []string{"limit"}},
		{"as long as the limit", strings.NewReader(key(1) + strings.Repeat("x", 4096-len(key(1)))), "", 4096, 1, 1, nil},
		{"error in the middle", io.MultiReader(strings.NewReader(key(1)), iotest.ErrReader(errors.New("cable cut"))), "", 0, 1, 1, []string{"damaged"}},
		{"binary", bytes.NewReader([]byte("\x00\x01\x02" + key(1))), "", 0, 1, 1, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := scanned(t, Options{Mode: ModeStdin, Stdin: tt.in, StdinName: tt.as, MaxBlob: tt.limit})
			checkSkipped(t, got.coverage, tt.skipped...)
			if len(got.findings) != tt.secrets {
				t.Fatalf("%d findings, want %d", len(got.findings), tt.secrets)
			}
			for _, f := range got.findings {
				if *f.Line != tt.line || f.Source != sourceStdin || (f.Path == nil) != (tt.as == "") {
					t.Errorf("got %s", describe(f))
				}
			}
		})
	}
}
