package archive

import (
	"archive/tar"
	"archive/zip"
	"go/build"
	"os"
	"path/filepath"
	"testing"
)

// sourceFiles are those of a package of the standard library: ordinary source.
func sourceFiles(b *testing.B) []file {
	var files []file
	for _, name := range must(filepath.Glob(filepath.Join(build.Default.GOROOT, "src", "net", "http", "*.go"))) {
		files = append(files, file{name, string(must(os.ReadFile(name)))})
	}
	if len(files) == 0 {
		b.Skip("no source files here")
	}
	return files
}

func BenchmarkRecogniseSource(b *testing.B) {
	var blobs [][]byte
	for _, f := range sourceFiles(b) {
		blobs = append(blobs, []byte(f.content))
	}
	i := 0
	for b.Loop() {
		if Recognise(blobs[i%len(blobs)]) {
			b.Fatal("recognised")
		}
		i++
	}
}

func BenchmarkRecogniseBinary(b *testing.B) {
	blob := []byte("\x00" + noise(500_000))
	for b.Loop() {
		if Recognise(blob) {
			b.Fatal("recognised")
		}
	}
}

func BenchmarkWalk(b *testing.B) {
	var files []file
	for _, f := range sourceFiles(b) {
		files = append(files, file{filepath.Base(f.name), f.content})
	}
	plain := makeTar(tar.FormatGNU, files...)
	for _, c := range []struct {
		name string
		data []byte
	}{
		{"zip store", makeZip(zip.Store, files...)}, {"zip deflate", makeZip(zip.Deflate, files...)}, {"tar", plain},
		{"tar.gz", makeGzip("", plain)}, {"tar.xz", makeXZ(plain)}, {"tar.zst", makeZstd(plain)}, {"tar.lzma", makeLZMA(plain)},
		{"7z", make7z(files...)}, {"zip in tar.gz", makeGzip("", makeTar(tar.FormatGNU, file{"z", string(makeZip(zip.Deflate, files...))}))},
	} {
		b.Run(c.name, func(b *testing.B) {
			total := int64(0)
			b.ReportAllocs()
			for b.Loop() {
				total = 0
				check(Walk(c.data, Limits{Ratio: 1e6}, func(_ Entry, content []byte) error { total += int64(len(content)); return nil },
					func(p Problem) { b.Fatal(p) }))
			}
			b.SetBytes(total)
		})
	}
}

// BenchmarkWalkSmall shows what a small archive costs to open.
func BenchmarkWalkSmall(b *testing.B) {
	for name, data := range samples() {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				check(Walk(data, Limits{}, func(Entry, []byte) error { return nil }, func(p Problem) { b.Fatal(p) }))
			}
		})
	}
}
