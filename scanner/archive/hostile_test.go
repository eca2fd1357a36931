package archive

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func TestLimits(t *testing.T) {
	big := strings.Repeat("x", 3<<20)
	files := []file{{"a", "first"}, {"big", big}, {"c", "third"}}
	deep := "MODE=test\n"
	for i := range 4 {
		deep = string(makeZip(zip.Deflate, file{fmt.Sprint("l", i), deep}))
	}
	sparse := sparseTar(1 << 40)
	for name, c := range map[string]struct {
		data     []byte
		limits   Limits
		visited  []string // names and lengths
		problems []string
	}{
		"entries": {makeZip(zip.Deflate, files...), Limits{Entries: 2, Ratio: 1e6}, []string{"a 5", "big 3145728"}, []string{": limit: more than 2 entries"}},
		"entries in nested": {makeTar(tar.FormatGNU, file{"z", string(makeZip(zip.Store, file{"1", ""}, file{"2", ""}))}, file{"b", ""}), Limits{Entries: 2},
			[]string{"z!/1 0", "z 210"}, []string{"z: limit: more than 2 entries"}},
		"entry bytes":         {makeZip(zip.Deflate, files...), Limits{EntryBytes: 1 << 20}, []string{"a 5", "big 1048576", "c 5"}, []string{"big: limit: entry is larger than 1 MiB"}},
		"entry bytes, tar":    {makeTar(tar.FormatGNU, files...), Limits{EntryBytes: 1 << 20}, []string{"a 5", "big 1048576", "c 5"}, []string{"big: limit: entry is larger than 1 MiB"}},
		"entry bytes, tar.xz": {makeXZ(makeTar(tar.FormatGNU, files...)), Limits{EntryBytes: 1 << 20, Ratio: 1e6}, []string{"a 5", "big 1048576", "c 5"}, []string{"big: limit: entry is larger than 1 MiB"}},
		"bytes":               {makeZip(zip.Deflate, files...), Limits{Bytes: 2 << 20}, []string{"a 5", "big 2097147"}, []string{"big: limit: unpacks to more than 2 MiB in all"}},
		"bytes, store":        {makeZip(zip.Store, files...), Limits{Bytes: 2 << 20}, []string{"a 5", "big 2097147"}, []string{"big: limit: unpacks to more than 2 MiB in all"}},
		"bytes, tar.gz":       {makeGzip("", makeTar(tar.FormatGNU, files...)), Limits{Bytes: 2 << 20, Ratio: 1e6}, []string{"a 5", "big 2095616"}, []string{"big: limit: unpacks to more than 2 MiB in all"}},
		"ratio":               {makeZip(zip.Deflate, file{"a", "first"}, file{"noise", noise(1 << 16)}, file{"big", big}, file{"c", "third"}), Limits{Ratio: 100}, []string{"a 5", "noise 65536", "big 1048576", "c 5"}, []string{"big: limit: unpacks to more than 100 times its size"}},
		"ratio, xz":           {makeXZ([]byte(big)), Limits{Ratio: 10}, []string{"content 1048576"}, []string{"content: limit: unpacks to more than 10 times its size"}},
		"ratio in all": {makeZip(zip.Deflate, file{"a", big[:1<<20]}, file{"b", big[:1<<20]}, file{"c", "third"}), Limits{Ratio: 10},
			[]string{"a 1048576"}, []string{"b: limit: unpacks to more than 10 times its size in all"}},
		"depth":         {[]byte(deep), Limits{}, []string{"l3!/l2!/l1 128"}, []string{"l3!/l2!/l1: limit: archives nested deeper than 3"}},
		"depth 1":       {[]byte(deep), Limits{Depth: 1}, []string{"l3 348"}, []string{"l3: limit: archives nested deeper than 1"}},
		"absurd sparse": {sparse, Limits{}, []string{"hole 1048576", "b 1"}, []string{"hole: limit: unpacks to more than 1,000 times its size"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := walk(c.data, c.limits)
			var visited, problems []string
			for _, f := range got.files {
				visited = append(visited, fmt.Sprint(f.name, " ", len(f.content)))
			}
			for _, p := range got.problems {
				problems = append(problems, p.name+": "+p.content)
			}
			t.Log(visited, problems)
			if got.err != nil || !slices.Equal(problems, c.problems) || !strings.HasPrefix(name, "depth") && !slices.Equal(visited, c.visited) {
				t.Errorf("%v\n%q, want %q\n%q, want %q", got.err, visited, c.visited, problems, c.problems)
			}
		})
	}
}

func noise(n int) string {
	r, b := rnd(3), make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return string(b)
}

// sparseTar holds a GNU sparse file that is all hole, then a file "b".
func sparseTar(size int64) []byte {
	h := make([]byte, tarBlock)
	copy(h, "hole")
	copy(h[100:], "0000644\x000000000\x000000000\x0000000000000\x0000000000000\x00")
	h[156] = 'S'
	copy(h[257:], "ustar  \x00")
	copy(h[386:], fmt.Sprintf("%011o\x00%011o\x00", 0, 0))
	h[483] = 0x80
	binary.BigEndian.PutUint64(h[487:], uint64(size))
	copy(h[386:398], "\x80\x00\x00\x00")
	binary.BigEndian.PutUint64(h[390:], uint64(size))
	copy(h[148:], "        ")
	sum := 0
	for _, c := range h {
		sum += int(c)
	}
	copy(h[148:], fmt.Sprintf("%06o\x00 ", sum))
	return append(h, makeTar(tar.FormatGNU, file{"b", "x"})...)
}

// TestTruncated cuts each sample at every length: what is visited is a prefix of what it holds, the rest is a problem.
func TestTruncated(t *testing.T) {
	for name, data := range samples() {
		t.Run(name, func(t *testing.T) {
			whole := walk(data, Limits{})
			for n := range data {
				got := walk(data[:n:n], Limits{})
				if got.err == ErrFormat {
					continue
				}
				// A tar or ar may end between entries: it need not say where its end is.
				open := strings.Contains("tar gnu ar nested", name)
				prefix := len(got.files) <= len(whole.files) && slices.Equal(got.files, whole.files[:len(got.files)])
				if len(got.problems) == 0 && !(prefix && (open || len(got.files) == len(whole.files))) {
					t.Errorf("cut at %d of %d: %q, no problem", n, len(data), got.files)
				}
				for _, p := range got.problems {
					if !strings.HasPrefix(p.content, "damaged: ") {
						t.Errorf("cut at %d: %q", n, p)
					}
				}
			}
		})
	}
}

func TestDamage(t *testing.T) {
	files := []file{{"a", strings.Repeat("first ", 300)}, {"b", noise(2000)}, {"c", "third"}}
	flip := func(data []byte, at int) []byte {
		data = bytes.Clone(data)
		data[at] ^= 0x55
		return data
	}
	deflated, stored := makeZip(zip.Deflate, files...), makeZip(zip.Store, files...)
	central := bytes.Index(deflated, []byte(zipCentralMagic))
	second := bytes.LastIndex(deflated, []byte(zipCentralMagic))
	plain := makeTar(tar.FormatGNU, files...)
	for name, c := range map[string]struct {
		data    []byte
		want    []file
		problem string
	}{
		"no central directory":     {deflated[:central], files, "damaged: no central directory"},
		"broken central directory": {flip(deflated, second+1), files, "damaged: central directory"},
		"broken at its start":      {flip(deflated, central+1), files, "damaged: central directory"},
		"stored, no directory":     {stored[:bytes.Index(stored, []byte(zipCentralMagic))], files, "damaged: no central directory"},
		"tar header":               {flip(plain, len(plain)-2048+5), files[:2], "damaged: header of a tar entry"},
		"after gzip":               {append(makeGzip("a", []byte(files[0].content)), "junk"...), files[:1], "damaged: other data after the end"},
		"gzip checksum":            {flip(makeGzip("a", []byte(files[0].content)), len(makeGzip("a", []byte(files[0].content)))-6), files[:1], "damaged: checksum differs"},
		"zip checksum":             {flip(deflated, second+16), files, "damaged: checksum differs"},
		"ar cut":                   {append(makeAr(files...), "cut"...), files, "damaged: header of an ar member"},
	} {
		t.Run(name, func(t *testing.T) {
			got := walk(c.data, Limits{})
			if len(got.problems) != 1 || got.problems[0].content != c.problem {
				t.Errorf("problems %q, want %q", got.problems, c.problem)
			}
			got.problems = nil
			sameFiles(t, got, c.want)
		})
	}
}

func TestEncrypted(t *testing.T) {
	data := makeZip(zip.Store, file{"locked", "xxxx"}, file{"open", "y"})
	data[bytes.Index(data, []byte(zipCentralMagic))+8] |= 1
	got := walk(data, Limits{})
	if !slices.Equal(got.files, []file{{"open", "y"}}) || !slices.Equal(got.problems, []file{{"locked", "encrypted"}}) {
		t.Errorf("%v", got)
	}
}

// TestOverlap: many directory entries that share one local entry, as in the bombs without nesting.
func TestOverlap(t *testing.T) {
	data := makeZip(zip.Deflate, file{"bomb", strings.Repeat("\x00", 1<<20)})
	central := bytes.Index(data, []byte(zipCentralMagic))
	end := bytes.Index(data, []byte(zipEndMagic))
	record := data[central:end]
	const n = 500
	out := bytes.Clone(data[:central])
	for range n {
		out = append(out, record...)
	}
	last := bytes.Clone(data[end:])
	binary.LittleEndian.PutUint16(last[10:], n)
	binary.LittleEndian.PutUint32(last[12:], uint32(n*len(record)))
	got := walk(append(out, last...), Limits{})
	if len(got.files) != 1 || len(got.problems) != n-1 || got.problems[0].content != "damaged: overlaps another entry" {
		t.Errorf("%d files, %d problems, %q", len(got.files), len(got.problems), got.problems[:1])
	}
}

// TestUnlisted: an entry that was deleted from the directory only.
func TestUnlisted(t *testing.T) {
	data := makeZip(zip.Deflate, file{"a", "first"}, file{"d/", ""}, file{"b", "second"}, file{"c", "third"})
	end := bytes.Index(data, []byte(zipEndMagic))
	c := bytes.LastIndex(data, []byte(zipCentralMagic))
	b := bytes.LastIndex(data[:c], []byte(zipCentralMagic))
	data = slices.Delete(data, b, c)
	end -= c - b
	data[end+8], data[end+10] = 3, 3
	binary.LittleEndian.PutUint32(data[end+12:], binary.LittleEndian.Uint32(data[end+12:])-uint32(c-b))
	sameFiles(t, walk(data, Limits{}), []file{{"a", "first"}, {"c", "third"}, {"b", "second"}})
}

// TestFloods: inputs that make much of little end soon, within the limits.
func TestFloods(t *testing.T) {
	local := makeZip(zip.Deflate, file{"a", "x"})[:31]
	empty := []byte{0, 0, 0, 0xff, 0xff} // a stored block of deflate
	for name, data := range map[string][]byte{
		"gzip members":   bytes.Repeat(makeGzip("", nil), 100_000),
		"xz streams":     bytes.Repeat(makeXZ(nil), 30_000),
		"zstd frames":    bytes.Repeat(makeZstd([]byte("x")), 100_000),
		"local headers":  bytes.Repeat(local, 100_000),
		"empty blocks":   append(bytes.Clone(local), bytes.Repeat(empty, 500_000)...),
		"headers, empty": bytes.Repeat(append(bytes.Clone(local), empty...), 100_000),
		"tars":           bytes.Repeat(makeTar(tar.FormatGNU, file{"a", "x"}), 12_000),
		"end records":    append(bytes.Clone(local), bytes.Repeat([]byte(zipEndMagic), 200_000)...),
		"xz in tar":      makeTar(tar.FormatGNU, slices.Repeat([]file{{"x", string(makeXZ([]byte("x")))}}, 6_000)...),
	} {
		t.Run(name, func(t *testing.T) {
			got := walk(data, Limits{})
			if got.err != nil || len(got.files)+len(got.problems) > 20_000 {
				t.Errorf("%v, %d files, %d problems", got.err, len(got.files), len(got.problems))
			}
		})
	}
}

// TestNestedBomb is like 42.zip: 16 archives in each of 16 archives, and so on.
func TestNestedBomb(t *testing.T) {
	inner := string(makeZip(zip.Deflate, file{"0", strings.Repeat("\x00", 4<<20)}))
	for range 2 {
		var files []file
		for i := range 16 {
			files = append(files, file{fmt.Sprint(i), inner})
		}
		inner = string(makeZip(zip.Deflate, files...))
	}
	total := 0
	var problems []string
	check(Walk([]byte(inner), Limits{Bytes: 32 << 20, Ratio: 1e9}, func(_ Entry, content []byte) error { total += len(content); return nil },
		func(p Problem) { problems = append(problems, p.Path+": "+p.String()) }))
	if total > 33<<20 || len(problems) != 1 || !strings.Contains(problems[0], "32 MiB in all") {
		t.Errorf("%d bytes, %q", total, problems)
	}
}

// TestWindows: declared dictionaries and windows of gigabytes are not allocated.
func TestWindows(t *testing.T) {
	lzma := makeLZMA([]byte("MODE=test\n"))
	binary.LittleEndian.PutUint32(lzma[1:], 1<<31)
	xz := makeXZ([]byte("MODE=test\n"))
	block := xz[12:]
	block = block[:(int(block[0])+1)*4]
	block[bytes.Index(block, []byte{0x21, 1})+2] = 40 // 4 GiB
	binary.LittleEndian.PutUint32(block[len(block)-4:], crc32.ChecksumIEEE(block[:len(block)-4]))
	seven := make7zWith(func(data []byte) ([]byte, string, []byte) {
		packed, method, props := lzma1(data)
		binary.LittleEndian.PutUint32(props[1:], 1<<31)
		return packed, method, props
	}, false, file{"content", "MODE=test\n"})
	for name, data := range map[string][]byte{"lzma": lzma, "xz": xz, "7z": seven} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		sameFiles(t, walk(data, Limits{}), []file{{"content", "MODE=test\n"}})
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 8<<20 {
			t.Errorf("%s: %d bytes allocated", name, n)
		}
	}
	// An empty frame with a window of 2 GiB.
	got := walk([]byte("\x28\xb5\x2f\xfd\x00\xa8\x01\x00\x00"), Limits{})
	if want := []file{{"content", "limit: needs a window of more than 128 MiB"}}; !slices.Equal(got.problems, want) {
		t.Errorf("zstd: %q", got.problems)
	}
}

// bounded walks foreign bytes under tight limits and tells what is wrong with the walk.
func bounded(t *testing.T, data []byte) {
	t.Helper()
	limits := Limits{Depth: 3, Entries: 50, Bytes: 4 << 20, Ratio: 200, EntryBytes: 1 << 20}
	visits, problems, total := 0, 0, 0
	err := Walk(data, limits, func(_ Entry, content []byte) error {
		visits++
		total += len(content)
		if len(content) > 1<<20 {
			t.Errorf("entry of %d bytes", len(content))
		}
		return nil
	}, func(p Problem) {
		problems++
		why := p.String()
		if why != "encrypted" && !strings.HasPrefix(why, "damaged: ") && !strings.HasPrefix(why, "limit: ") && !strings.HasPrefix(why, "unsupported: ") {
			t.Errorf("problem %q", why)
		}
		if strings.Contains(why, "the decoder failed") {
			t.Logf("a decoder panicked on %q", data)
		}
	})
	if (err == nil) != Recognise(data) {
		t.Error(err)
	}
	if visits > 100 || problems > 200 || total > 9<<20 {
		t.Errorf("%d visits, %d problems, %d bytes", visits, problems, total)
	}
}

// TestMutated changes samples at random: bytes, numbers, pieces cut out or doubled.
func TestMutated(t *testing.T) {
	extremes := []uint32{0, 1, 0xff, 0xffff, 1 << 31, 1<<31 - 1, 1<<32 - 1}
	for name, data := range samples() {
		t.Run(name, func(t *testing.T) {
			r := rnd(9)
			for range 400 {
				b := bytes.Clone(data)
				for range 1 + r.IntN(3) {
					if len(b) < 50 {
						break
					}
					at := r.IntN(len(b) - 4)
					switch r.IntN(4) {
					case 0:
						b[at] = byte(r.Uint32())
					case 1:
						binary.LittleEndian.PutUint32(b[at:], extremes[r.IntN(len(extremes))])
					case 2:
						b = slices.Delete(b, at, min(at+1+r.IntN(40), len(b)))
					case 3:
						b = slices.Insert(b, at, b[at:min(at+1+r.IntN(200), len(b))]...)
					}
				}
				bounded(t, b)
			}
		})
	}
}

func FuzzWalk(f *testing.F) {
	for _, data := range samples() {
		f.Add(data)
	}
	f.Add(sparseTar(1 << 40))
	f.Fuzz(func(t *testing.T, data []byte) { bounded(t, data) })
}

// FuzzSevenHeader gives foreign headers their right checksum.
func FuzzSevenHeader(f *testing.F) {
	whole := make7zWith(copied, false, file{"a", "first"}, file{"b", ""}, file{"c", "third"})
	at := sevenStart + binary.LittleEndian.Uint64(whole[12:])
	body := whole[sevenStart:at]
	f.Add(bytes.Clone(whole[at:]))
	f.Fuzz(func(t *testing.T, header []byte) { bounded(t, wrap7z(body, header)) })
}

func TestMutatedSevenHeader(t *testing.T) {
	whole := make7zWith(copied, false, file{"a", "first"}, file{"b", ""}, file{"c", "third"})
	at := sevenStart + binary.LittleEndian.Uint64(whole[12:])
	r := rnd(10)
	for range 20_000 {
		header := bytes.Clone(whole[at:])
		for range 1 + r.IntN(3) {
			header[r.IntN(len(header))] = []byte{0, 1, 2, 0x7f, 0x80, 0xff, byte(r.Uint32())}[r.IntN(7)]
		}
		bounded(t, wrap7z(whole[sevenStart:at], header))
	}
}
