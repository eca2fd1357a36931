package gitstore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// madeIndex writes an index of version 2.
func madeIndex(f Format, paths []string, extensions ...string) []byte {
	b := binary.BigEndian.AppendUint32([]byte("DIRC\x00\x00\x00\x02"), uint32(len(paths)))
	for i, p := range paths {
		start := len(b)
		b = append(b, make([]byte, statSize+f.Size())...)
		binary.BigEndian.PutUint32(b[start+24:], 0o100644)
		b[start+statSize] = byte(i + 1)
		b = binary.BigEndian.AppendUint16(b, uint16(min(len(p), flagName)))
		b = append(b, p...)
		b = append(b, make([]byte, 8-(len(b)-start)%8)...)
	}
	for _, e := range extensions {
		b = append(b, e[:4]...)
		b = binary.BigEndian.AppendUint32(b, uint32(len(e)-4))
		b = append(b, e[4:]...)
	}
	h := f.newHash()
	h.Write(b)
	return h.Sum(b)
}

// resum makes the checksum of an index right again.
func resum(b []byte, f Format) []byte {
	h := f.newHash()
	h.Write(b[:len(b)-f.Size()])
	return h.Sum(b[:len(b)-f.Size()])
}

func TestIndexFiles(t *testing.T) {
	good := madeIndex(SHA1, []string{"a", "b/c", "d"})
	change := func(at int, b byte) []byte {
		bad := slices.Clone(good)
		bad[at] = b
		return resum(bad, SHA1)
	}
	for _, c := range []struct {
		name  string
		data  []byte
		class Class // "" if the index is read
	}{
		{"good", good, ""},
		{"no checksum", append(slices.Clone(good[:len(good)-20]), make([]byte, 20)...), ""},
		{"optional extension", madeIndex(SHA1, []string{"a"}, "ZZZZhello"), ""},
		{"required extension", madeIndex(SHA1, []string{"a"}, "zzzzhello"), Policy},
		{"no entries", madeIndex(SHA1, nil), ""},
		{"empty file", nil, Damaged},
		{"cut off", good[:len(good)-5], Damaged},
		{"flipped bit", append(slices.Clone(good[:50]), append([]byte{good[50] ^ 1}, good[51:]...)...), Damaged},
		{"signature", change(0, 'X'), Damaged},
		{"version 5", change(7, 5), Policy},
		{"too many entries", change(8, 0xff), Damaged},
		{"one entry more", change(11, 4), Damaged},
		{"length of a path", change(12+statSize+20+1, 7), Damaged},
		{"extended flags in version 2", change(12+statSize+20, 0x40), Damaged},
		{"empty path", madeIndex(SHA1, []string{""}), Damaged},
		{"long extension", madeIndex(SHA1, nil, "ZZZZ")[:16], Damaged},
		{"SHA-256 index", madeIndex(SHA256, []string{"a"}), Damaged},
		{"split index without its base", madeIndex(SHA1, nil, "link"+strings.Repeat("\xaa", 20)), Missing},
		{"split index with a null base", madeIndex(SHA1, []string{"a"}, "link"+strings.Repeat("\x00", 20)), ""},
		{"split index with a bad bitmap", madeIndex(SHA1, nil, "link"+strings.Repeat("\xaa", 20)+"\x00\x00\x00\x01\xff\xff\xff\xff"), Damaged},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLayout(t)
			l.write("index", string(c.data))
			idx, err := mustOpen(t, l.dir, Options{}).Index()
			var e *Error
			switch {
			case c.class == "" && err != nil:
				t.Error(err)
			case c.class != "" && (!errors.As(err, &e) || e.Class != c.class || idx != nil):
				t.Errorf("got %v, %v; want %s", idx, err, c.class)
			}
		})
	}
}

func TestIndexMissing(t *testing.T) {
	idx, err := mustOpen(t, newLayout(t).dir, Options{}).Index()
	if err != nil || len(idx.Entries) != 0 {
		t.Errorf("got %v, %v", idx, err)
	}
}

func TestIndexFlags(t *testing.T) {
	s := newSandbox(t)
	d := s.repo("r")
	s.write(filepath.Join(d, "intended"), "x")
	s.git(d, "add", "-N", "intended")
	s.git(d, "config", "index.skipHash", "true")
	idx, err := mustOpen(t, d, Options{}).Index()
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, e := range idx.Entries {
		got += fmt.Sprintf("%s %v %d;", e.Path, e.IntentToAdd, e.Size)
	}
	if want := "dir0/file false 10;dir1/file false 10;intended true 0;"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestIndexVariable(t *testing.T) {
	l := newLayout(t)
	l.write("index", string(madeIndex(SHA1, []string{"a"})))
	l.write("next", string(madeIndex(SHA1, []string{"a", "b"})))
	e := env("GIT_INDEX_FILE", l.path("next"))
	for use, want := range map[bool]int{false: 1, true: 2} {
		idx, err := mustOpen(t, l.dir, Options{Env: e, UseEnvDir: use}).Index()
		if err != nil || len(idx.Entries) != want {
			t.Errorf("%v: got %v, %v", use, idx, err)
		}
	}
}

// encodeEWAH writes a bitmap with a run word before every literal word.
func encodeEWAH(words []uint64) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(64*len(words)))
	b = binary.BigEndian.AppendUint32(b, uint32(2*len(words)))
	for _, w := range words {
		b = binary.BigEndian.AppendUint64(b, 1<<33)
		b = binary.BigEndian.AppendUint64(b, w)
	}
	return binary.BigEndian.AppendUint32(b, 0)
}

func TestEWAH(t *testing.T) {
	run := func(bits, words uint32, body ...uint64) []byte {
		b := binary.BigEndian.AppendUint32(nil, bits)
		b = binary.BigEndian.AppendUint32(b, words)
		for _, w := range body {
			b = binary.BigEndian.AppendUint64(b, w)
		}
		return binary.BigEndian.AppendUint32(b, 0)
	}
	for _, c := range []struct {
		name string
		data []byte
		want []uint64
		ok   bool
	}{
		{"empty", run(0, 0), nil, true},
		{"literals", encodeEWAH([]uint64{1, 2, 3}), []uint64{1, 2, 3}, true},
		{"runs", run(200, 2, 2<<1|1, 1<<1|1<<33), []uint64{^uint64(0), ^uint64(0), 0}, false},
		{"runs and a literal", run(250, 3, 2<<1|1, 1<<1|1<<33, 5), []uint64{^uint64(0), ^uint64(0), 0, 5}, true},
		{"bomb", run(64, 1, (1<<32-1)<<1), nil, false},
		{"declared bomb", run(1<<32-1, 1, (1<<26)<<1), nil, false},
		{"short", run(64, 2, 1<<33), nil, false},
	} {
		words, rest, ok := decodeEWAH(c.data)
		if ok != c.ok || ok && (!slices.Equal(words, c.want) || len(rest) != 0) {
			t.Errorf("%s: got %v, %v", c.name, words, ok)
		}
	}
	if bitsBelow([]uint64{1, 1 << 5}, 69) || !bitsBelow([]uint64{1, 1 << 5}, 70) || !bitsBelow([]uint64{0, 0, 0}, 1) {
		t.Error("bitsBelow")
	}
}

func FuzzIndex(f *testing.F) {
	f.Add(madeIndex(SHA1, []string{"a", "b/c"}, "TREEx"), false)
	f.Add(madeIndex(SHA256, []string{"a", strings.Repeat("p", 5000)}), true)
	v4 := madeIndex(SHA1, []string{"aaaaaaa"})
	v4[7] = 4
	f.Add(v4, false)
	bits := string(encodeEWAH([]uint64{5}))
	f.Add(madeIndex(SHA1, []string{"", "x"}, "link"+strings.Repeat("\xaa", 20)+bits+bits), false)
	base, err := parseIndex(madeIndex(SHA1, []string{"a", "b", "c"}), SHA1)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte, sha256 bool) {
		format := SHA1
		if sha256 {
			format = SHA256
		}
		if len(data) < format.Size() {
			return
		}
		p, e := parseIndex(resum(data, format), format)
		if e != nil {
			return
		}
		if p.link != nil {
			if e := p.merge(slices.Clone(base.entries)); e != nil {
				return
			}
		}
		total := 0
		for _, e := range p.entries {
			if bytes.IndexByte(e.Path, 0) >= 0 {
				t.Errorf("NUL in %q", e.Path)
			}
			total += len(e.Path)
		}
		if total > (pathRatio+1)*len(data)+1<<20+100 {
			t.Errorf("%d bytes of paths from %d", total, len(data))
		}
	})
}

func FuzzRefs(f *testing.F) {
	f.Add([]byte("# pack-refs with: peeled\n"+hexA+" refs/heads/x\r\n^"+hexB+"\n"), false)
	f.Add([]byte("ref: refs/heads/x\n"), true)
	f.Add([]byte(hexA+" "+hexB+" A <a@example.com> 1 +0000\tmoved\n"), false)
	f.Fuzz(func(t *testing.T, data []byte, sha256 bool) {
		format := SHA1
		if sha256 {
			format = SHA256
		}
		check := func(name string, id ID) {
			if !safeRefName(name) || !filepath.IsLocal(filepath.FromSlash(name)) || id.IsZero() || id.Size() != format.Size() {
				t.Errorf("%q: %s", name, id)
			}
		}
		parsePackedRefs(data, format, check)
		if v, err := parseRef(data, format); err == nil {
			if v.target != "" {
				check(v.target, mustID(bytes.Repeat([]byte{1}, format.Size())))
			} else {
				check("HEAD", v.id)
			}
		}
		parseReflog(data, format)
		cutAll := environment{get: env("GIT_ALTERNATE_OBJECT_DIRECTORIES", string(data)), base: "/"}
		cutAll.alternates()
	})
}

func BenchmarkIndex(b *testing.B) {
	paths := make([]string, 5000)
	for i := range paths {
		paths[i] = fmt.Sprintf("some/folder/%d/file-%05d.go", i/50, i)
	}
	l := newLayout(b)
	l.write("index", string(madeIndex(SHA1, paths)))
	r := mustOpen(b, l.dir, Options{})
	for b.Loop() {
		if idx, err := r.Index(); err != nil || len(idx.Entries) != len(paths) {
			b.Fatal(err)
		}
	}
}

// BenchmarkOpen opens a repository with 10,000 packed refs and lists them.
func BenchmarkOpen(b *testing.B) {
	var packed strings.Builder
	packed.WriteString("# pack-refs with: peeled fully-peeled sorted \n")
	for i := range 10000 {
		fmt.Fprintf(&packed, "%040x refs/heads/team/branch-%05d\n", i+1, i)
	}
	l := newLayout(b)
	l.write("packed-refs", packed.String())
	l.write("HEAD", "ref: refs/heads/team/branch-09999\n")
	for _, refs := range []bool{false, true} {
		b.Run(fmt.Sprintf("refs=%v", refs), func(b *testing.B) {
			for b.Loop() {
				r, err := Open(l.dir, Options{})
				if err != nil {
					b.Fatal(err)
				}
				if _, _, ok := r.Head(); !ok || refs && len(r.Refs()) != 10001 {
					b.Fatal("refs are missing")
				}
				if err := r.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	if _, err := os.Stat(l.path("index")); err == nil {
		b.Fatal("an index was written")
	}
}
