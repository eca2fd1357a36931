package archive

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
	"github.com/ulikunitz/xz/lzma"
)

// A file is an entry to pack, or one that was visited.
type file struct{ name, content string }

// walked is all that a walk said.
type walked struct {
	files    []file
	problems []file // path and why
	err      error
}

func walk(data []byte, l Limits) walked {
	var got walked
	got.err = Walk(data, l, func(e Entry, content []byte) error {
		got.files = append(got.files, file{e.Path, string(content)})
		return nil
	}, func(p Problem) {
		got.problems = append(got.problems, file{p.Path, p.String()})
	})
	return got
}

// must unwraps the result of an encoder in memory, which fails only if the test is wrong.
func must[T any](v T, err error) T {
	check(err)
	return v
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func makeZip(method uint16, files ...file) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	w.RegisterCompressor(93, func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) })
	w.RegisterCompressor(95, func(w io.Writer) (io.WriteCloser, error) { return &lazyXZ{w: w}, nil })
	for _, f := range files {
		_, err := must(w.CreateHeader(&zip.FileHeader{Name: f.name, Method: method})).Write([]byte(f.content))
		check(err)
	}
	check(w.Close())
	return b.Bytes()
}

// lazyXZ opens its encoder at the end: xz.NewWriter writes at once, which is before zip.Writer has written the header.
type lazyXZ struct {
	bytes.Buffer
	w io.Writer
}

func (l *lazyXZ) Close() error {
	_, err := l.w.Write(makeXZ(l.Bytes()))
	return err
}

func makeTar(format tar.Format, files ...file) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		check(w.WriteHeader(&tar.Header{Name: f.name, Size: int64(len(f.content)), Mode: 0o644, Format: format}))
		must(io.WriteString(w, f.content))
	}
	check(w.Close())
	return b.Bytes()
}

func makeGzip(name string, data []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Name = name
	must(w.Write(data))
	check(w.Close())
	return b.Bytes()
}

func makeXZ(data []byte) []byte {
	var b bytes.Buffer
	w := must(xz.NewWriter(&b))
	must(w.Write(data))
	check(w.Close())
	return b.Bytes()
}

func makeLZMA(data []byte) []byte {
	var b bytes.Buffer
	w := must(lzma.NewWriter(&b))
	must(w.Write(data))
	check(w.Close())
	return b.Bytes()
}

func makeZstd(data []byte) []byte {
	w := must(zstd.NewWriter(nil))
	return w.EncodeAll(data, nil)
}

// bzip2Sample is "MODE=test\n": the standard library has no encoder.
func bzip2Sample() []byte {
	return must(hex.DecodeString("425a68393141592653594419525c0000024d8000100002060282000c00200031064c410d189a42d16ba4f1772453850904419525c0"))
}

func makeAr(files ...file) []byte {
	b := []byte("!<arch>\n")
	for _, f := range files {
		name, content := f.name+"/", f.content
		if len(name) > 16 {
			name, content = fmt.Sprintf("#1/%d", len(f.name)), f.name+content
		}
		b = fmt.Appendf(b, "%-16s%-12d%-6d%-6d%-8o%-10d`\n%s", name, 0, 0, 0, 0o644, len(content), content)
		if len(content)&1 == 1 {
			b = append(b, '\n')
		}
	}
	return b
}

// randomFiles mixes text, repetition and noise, of sizes about the buffers inside.
func randomFiles(rnd *rand.Rand, n int) []file {
	sizes := []int{0, 1, 511, 512, 513, 4095, 4097, 70_000}
	var files []file
	for i := range n {
		content := make([]byte, sizes[rnd.IntN(len(sizes))])
		switch rnd.IntN(3) {
		case 0:
			for k := range content {
				content[k] = byte(rnd.Uint32())
			}
		case 1:
			for k := range content {
				content[k] = "abc=\n"[rnd.IntN(5)]
			}
		}
		if Recognise(content) {
			continue
		}
		files = append(files, file{fmt.Sprintf("d%d/f%d.env", i%3, i), string(content)})
	}
	return files
}

func rnd(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

// samples holds one small archive of each format.
func samples() map[string][]byte {
	files := []file{{"conf/app.env", "MODE=test\n"}, {"b.txt", "second"}}
	plain := makeTar(tar.FormatPAX, files...)
	return map[string][]byte{
		"zip":      makeZip(zip.Deflate, files...),
		"zipstore": makeZip(zip.Store, files...),
		"zipzstd":  makeZip(93, files...),
		"zipxz":    makeZip(95, files...),
		"tar":      plain,
		"gnu":      makeTar(tar.FormatGNU, files...),
		"gzip":     makeGzip("app.env", []byte("MODE=test\n")),
		"targz":    makeGzip("", plain),
		"bzip2":    bzip2Sample(),
		"xz":       makeXZ(plain),
		"lzma":     makeLZMA([]byte("MODE=test\n")),
		"zstd":     makeZstd(plain),
		"ar":       makeAr(files...),
		"7z":       make7z(files...),
		"nested":   makeTar(tar.FormatGNU, file{"inner.zip", string(makeZip(zip.Deflate, files...))}),
	}
}

func sameFiles(t *testing.T, got walked, want []file) {
	t.Helper()
	if got.err != nil {
		t.Fatal(got.err)
	}
	for _, p := range got.problems {
		t.Errorf("problem at %q: %s", p.name, p.content)
	}
	if len(got.files) != len(want) {
		t.Fatalf("%d files, want %d", len(got.files), len(want))
	}
	for i := range want {
		if got.files[i] != want[i] {
			t.Errorf("file %d: %q with %d bytes, want %q with %d bytes", i, got.files[i].name, len(got.files[i].content),
				want[i].name, len(want[i].content))
		}
	}
}
