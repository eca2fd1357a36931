package archive

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestRoundTrip(t *testing.T) {
	zipOf := func(method uint16) func([]file) []byte {
		return func(f []file) []byte { return makeZip(method, f...) }
	}
	tarOf := func(format tar.Format, pack func([]byte) []byte) func([]file) []byte {
		return func(f []file) []byte { return pack(makeTar(format, f...)) }
	}
	plain := func(b []byte) []byte { return b }
	gz := func(b []byte) []byte { return makeGzip("x.tar", b) }
	for name, pack := range map[string]func([]file) []byte{
		"zip store": zipOf(zip.Store), "zip deflate": zipOf(zip.Deflate), "zip zstd": zipOf(93), "zip xz": zipOf(95),
		"ustar": tarOf(tar.FormatUSTAR, plain), "pax": tarOf(tar.FormatPAX, plain), "gnu": tarOf(tar.FormatGNU, plain),
		"tar.gz": tarOf(tar.FormatPAX, gz), "tar.xz": tarOf(tar.FormatGNU, makeXZ), "tar.zst": tarOf(tar.FormatGNU, makeZstd),
		"tar.lzma": tarOf(tar.FormatGNU, makeLZMA),
		"ar":       func(f []file) []byte { return makeAr(f...) },
		"7z":       func(f []file) []byte { return make7z(f...) },
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(8) {
				files := randomFiles(rnd(seed), 1+int(seed)*2)
				data := pack(files)
				if !Recognise(data) {
					t.Fatal("not recognised")
				}
				sameFiles(t, walk(data, Limits{}), files)
			}
		})
	}
}

func TestPaths(t *testing.T) {
	env := file{"a.env", "MODE=test\n"}
	inner := string(makeZip(zip.Deflate, env))
	long := strings.Repeat("long/", 60) + "name"
	odd := "../x\xff\\é"
	for name, c := range map[string]struct {
		data []byte
		want []file
	}{
		"zip in tar":         {makeTar(tar.FormatGNU, file{"inner.zip", inner}, env), []file{{"inner.zip!/a.env", env.content}, env}},
		"zip in tar.gz":      {makeGzip("", makeTar(tar.FormatGNU, file{"i", inner}, env)), []file{{"i!/a.env", env.content}, env}},
		"tar.gz in zip":      {makeZip(zip.Deflate, file{"t", string(makeGzip("", makeTar(tar.FormatGNU, env)))}), []file{{"t!/a.env", env.content}}},
		"gzip with a name":   {makeGzip("a.env", []byte("x")), []file{{"a.env", "x"}}},
		"gzip without":       {makeGzip("", []byte("x")), []file{{"content", "x"}}},
		"gzip, two members":  {append(makeGzip("one", []byte("x")), makeGzip("two", []byte("y"))...), []file{{"one", "xy"}}},
		"gzip, zeros after":  {append(makeGzip("one", []byte("x")), make([]byte, 700)...), []file{{"one", "x"}}},
		"gzip of a zip":      {makeGzip("x.zip", []byte(inner)), []file{{"x.zip!/a.env", env.content}}},
		"bzip2":              {bzip2Sample(), []file{{"content", "MODE=test\n"}}},
		"bzip2, two":         {append(bzip2Sample(), bzip2Sample()...), []file{{"content", "MODE=test\nMODE=test\n"}}},
		"xz, two streams":    {append(append(makeXZ([]byte("x")), 0, 0, 0, 0), makeXZ([]byte("y"))...), []file{{"content", "xy"}}},
		"zstd, two frames":   {append(makeZstd([]byte("x")), makeZstd([]byte("y"))...), []file{{"content", "xy"}}},
		"zstd, skippable":    {append([]byte("\x53\x2a\x4d\x18\x01\x00\x00\x00."), makeZstd([]byte("y"))...), []file{{"content", "y"}}},
		"lzma":               {makeLZMA([]byte("x = 1")), []file{{"content", "x = 1"}}},
		"pax long name":      {makeTar(tar.FormatPAX, file{long, "x"}), []file{{long, "x"}}},
		"gnu long name":      {makeTar(tar.FormatGNU, file{long, "x"}), []file{{long, "x"}}},
		"ar long name":       {makeAr(file{long, "x"}, file{"b", "y"}), []file{{long, "x"}, {"b", "y"}}},
		"odd name in tar":    {makeTar(tar.FormatGNU, file{odd, "x"}), []file{{odd, "x"}}},
		"odd name in zip":    {makeZip(zip.Store, file{odd + "\x00.", "x"}), []file{{odd + "\x00.", "x"}}},
		"zip directory":      {makeZip(zip.Store, file{"d/", ""}, env), []file{env}},
		"empty zip":          {makeZip(zip.Store), nil},
		"zip behind script":  {append([]byte("#!/bin/sh\necho hello\n"), inner...), []file{env}},
		"two tars":           {append(makeTar(tar.FormatGNU, env), makeTar(tar.FormatGNU, file{"b", "x"})...), []file{env, {"b", "x"}}},
		"two tars in gzip":   {makeGzip("", append(makeTar(tar.FormatGNU, env), makeTar(tar.FormatGNU, file{"b", "x"})...)), []file{env, {"b", "x"}}},
		"comment in nested":  {makeTar(tar.FormatGNU, file{"i", zipWithComment("note", env)}), []file{{"i!/a.env", env.content}, {"i", zipWithComment("note", env)}}},
		"script zip, nested": {makeTar(tar.FormatGNU, file{"i", "#!x\n" + inner}), []file{{"i!/a.env", env.content}, {"i", "#!x\n" + inner}}},
	} {
		t.Run(name, func(t *testing.T) {
			if !Recognise(c.data) {
				t.Fatal("not recognised")
			}
			sameFiles(t, walk(c.data, Limits{}), c.want)
		})
	}
}

func zipWithComment(comment string, files ...file) string {
	data := makeZip(zip.Deflate, files...)
	data[len(data)-2] = byte(len(comment))
	return string(data) + comment
}

func TestTarKinds(t *testing.T) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range []tar.Header{
		{Name: "dir/", Typeflag: tar.TypeDir}, {Name: "link", Typeflag: tar.TypeSymlink, Linkname: "to/there"},
		{Name: "hard", Typeflag: tar.TypeLink, Linkname: "other"}, {Name: "dev", Typeflag: tar.TypeChar},
		{Name: "pipe", Typeflag: tar.TypeFifo},
	} {
		check(w.WriteHeader(&h))
	}
	check(w.Close())
	want := []file{{"link", "to/there"}, {"hard", "other"}}
	sameFiles(t, walk(b.Bytes(), Limits{}), want)
	sameFiles(t, walk(makeGzip("", b.Bytes()), Limits{}), want)
}

// TestOldTar: a header without magic is known by its checksum.
func TestOldTar(t *testing.T) {
	data := makeTar(tar.FormatUSTAR, file{"a", "x"})
	clear(data[257:512])
	sum := 0
	for i, c := range data[:512] {
		if i >= 148 && i < 156 {
			c = ' '
		}
		sum += int(c)
	}
	copy(data[148:156], []byte{'0' + byte(sum>>15&7), '0' + byte(sum>>12&7), '0' + byte(sum>>9&7), '0' + byte(sum>>6&7), '0' + byte(sum>>3&7), '0' + byte(sum&7), 0, ' '})
	sameFiles(t, walk(data, Limits{}), []file{{"a", "x"}})
}

func TestVisitorStops(t *testing.T) {
	stop := errors.New("stop")
	for name, data := range samples() {
		t.Run(name, func(t *testing.T) {
			visits := 0
			err := Walk(data, Limits{}, func(Entry, []byte) error { visits++; return stop }, func(Problem) { t.Error("problem") })
			if err != stop || visits != 1 {
				t.Fatalf("%v after %d visits", err, visits)
			}
		})
	}
}

func TestNoArchive(t *testing.T) {
	for _, data := range []string{"", "PK", "package main\n", strings.Repeat("a text ", 1000), strings.Repeat("\x00", 2000),
		"BZh9 is a word", "]\x00\x00 hello", "7z is a format", "!<arch> no"} {
		if Recognise([]byte(data)) {
			t.Errorf("%.10q is recognised", data)
		}
		if got := walk([]byte(data), Limits{}); got.err != ErrFormat || len(got.files)+len(got.problems) > 0 {
			t.Errorf("%.10q: %v", data, got)
		}
	}
}

// TestSystemTools packs a tree with whatever is installed.
func TestSystemTools(t *testing.T) {
	files := randomFiles(rnd(77), 9)
	for _, c := range []struct{ name, out, command string }{
		{"tar", "o", "tar cf o d0 d1 d2"}, {"tar posix", "o", "tar -H posix -cf o d0 d1 d2"}, {"tar v7", "o", "tar -H v7 -cf o d0 d1 d2"},
		{"tar sparse", "o", "tar -Scf o d0 d1 d2"}, {"tar sparse posix", "o", "tar -S -H posix -cf o d0 d1 d2"},
		{"tar gz", "o", "tar czf o d0 d1 d2"}, {"tar bz2", "o", "tar cjf o d0 d1 d2"},
		{"tar xz", "o", "tar cJf o d0 d1 d2"}, {"tar zst", "o", "tar -cf o --use-compress-program=zstd d0 d1 d2"},
		{"xz filters", "o.xz", "tar cf o d0 d1 d2 && xz --x86 --delta=dist=3 --lzma2=preset=1 -C sha256 o"},
		{"xz delta", "o.xz", "tar cf o d0 d1 d2 && xz --delta=dist=3 --lzma2=preset=1 -C sha256 o"},
		{"xz x86", "o.xz", "tar cf o d0 d1 d2 && xz --x86 --lzma2=preset=1 -C crc32 o"},
		{"xz blocks", "o.xz", "tar cf o d0 d1 d2 && xz -T2 --block-size=5000 o"}, {"lzma", "o.lzma", "tar cf o d0 d1 d2 && xz --format=lzma o"},
		{"zstd long", "o.zst", "tar cf o d0 d1 d2 && zstd -q --ultra -22 --long=27 o"},
		{"zip", "o.zip", "zip -qr o.zip d0 d1 d2"}, {"zip stored", "o.zip", "zip -qr0 o.zip d0 d1 d2"},
		{"zip bzip2", "o.zip", "zip -qrZ bzip2 o.zip d0 d1 d2"}, {"zip streamed", "o.zip", "zip -qr - d0 d1 d2 | cat >o.zip"},
		{"zip64", "o.zip", "zip -fz -qr o.zip d0 d1 d2"},
		{"7z", "o.7z", "7z a o.7z d0 d1 d2 >/dev/null"}, {"7z bzip2", "o.7z", "7z a -m0=bzip2 o.7z d0 d1 d2 >/dev/null"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, tool := range []string{"sh", strings.Fields(c.command)[0]} {
				if _, err := exec.LookPath(tool); err != nil {
					t.Skipf("%s is not installed", tool)
				}
			}
			dir := t.TempDir()
			for i := range 3 {
				check(os.Mkdir(filepath.Join(dir, "d"+string(rune('0'+i))), 0o755))
			}
			for _, f := range files {
				check(os.WriteFile(filepath.Join(dir, f.name), []byte(f.content), 0o644))
			}
			run := exec.Command("sh", "-c", c.command)
			run.Dir = dir
			if out, err := run.CombinedOutput(); err != nil {
				t.Skipf("%s: %s", c.command, out)
			}
			got := walk(must(os.ReadFile(filepath.Join(dir, c.out))), Limits{})
			sortFiles(got.files)
			want := slices.Clone(files)
			sortFiles(want)
			sameFiles(t, got, want)
		})
	}
}

func sortFiles(files []file) {
	slices.SortFunc(files, func(a, b file) int { return strings.Compare(a.name, b.name) })
}
