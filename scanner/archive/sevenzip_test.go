package archive

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/ulikunitz/xz/lzma"
)

// A packer makes the packed stream of a folder, its coder's method and properties.
type packer func(data []byte) (packed []byte, method string, props []byte)

func copied(data []byte) ([]byte, string, []byte) { return data, "\x00", nil }

func lzma1(data []byte) ([]byte, string, []byte) {
	var b bytes.Buffer
	w := must(lzma.WriterConfig{Size: int64(len(data)), SizeInHeader: true}.NewWriter(&b))
	must(w.Write(data))
	check(w.Close())
	return b.Bytes()[13:], "\x03\x01\x01", b.Bytes()[:5]
}

func lzma2(data []byte) ([]byte, string, []byte) {
	var b bytes.Buffer
	w := must(lzma.NewWriter2(&b))
	must(w.Write(data))
	check(w.Close())
	return b.Bytes(), "\x21", []byte{24}
}

// make7z writes one solid folder.
func make7z(files ...file) []byte { return make7zWith(lzma1, true, files...) }

func make7zWith(pack packer, packHeader bool, files ...file) []byte {
	var solid []byte
	var sizes []int
	var sums, names []byte
	empty := make([]byte, (len(files)+7)/8)
	empties := 0
	for i, f := range files {
		for _, u := range append(utf16.Encode([]rune(f.name)), 0) {
			names = binary.LittleEndian.AppendUint16(names, u)
		}
		if f.content == "" {
			empty[i/8] |= 0x80 >> (i % 8)
			empties++
			continue
		}
		solid = append(solid, f.content...)
		sizes = append(sizes, len(f.content))
		sums = binary.LittleEndian.AppendUint32(sums, crc32.ChecksumIEEE([]byte(f.content)))
	}
	body := []byte{}
	header := []byte{sevenHeaderID}
	if len(sizes) > 0 {
		packed, method, props := pack(solid)
		body = packed
		header = append(append(header, sevenMain), folder7z(0, len(packed), len(solid), method, props)...)
		header = number7z(append(header, sevenSubStreams, sevenNumUnpackStream), len(sizes))
		if len(sizes) > 1 {
			header = append(header, sevenSizes)
		}
		for _, n := range sizes[:len(sizes)-1] {
			header = number7z(header, n)
		}
		header = append(append(header, sevenDigests, 1), sums...)
		header = append(header, sevenEnd, sevenEnd)
	}
	header = number7z(append(header, sevenFiles), len(files))
	if empties > 0 {
		header = append(number7z(append(header, sevenEmptyStream), len(empty)), empty...)
		all := bytes.Repeat([]byte{0xff}, (empties+7)/8)
		header = append(number7z(append(header, sevenEmptyFile), len(all)), all...)
	}
	header = append(append(number7z(append(header, sevenNames), len(names)+1), 0), names...)
	header = append(header, sevenEnd, sevenEnd)
	if packHeader {
		packed, method, props := lzma1(header)
		header = append(append([]byte{sevenEncoded}, folder7z(len(body), len(packed), len(header), method, props)...), sevenEnd)
		body = append(body, packed...)
	}
	return wrap7z(body, header)
}

// wrap7z puts the start header before a body and a header.
func wrap7z(body, header []byte) []byte {
	start := binary.LittleEndian.AppendUint64(nil, uint64(len(body)))
	start = binary.LittleEndian.AppendUint64(start, uint64(len(header)))
	start = binary.LittleEndian.AppendUint32(start, crc32.ChecksumIEEE(header))
	out := append([]byte("7z\xbc\xaf\x27\x1c\x00\x04"), binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(start))...)
	return slices.Concat(out, start, body, header)
}

func folder7z(pos, packed, unpacked int, method string, props []byte) []byte {
	b := number7z(number7z([]byte{sevenPackInfo}, pos), 1)
	b = append(number7z(append(b, sevenSizes), packed), sevenEnd)
	b = append(b, sevenUnpackInfo, sevenFolders, 1, 0, 1, 0x20|byte(len(method)))
	b = append(append(append(b, method...), byte(len(props))), props...)
	return append(number7z(append(b, sevenCodersUnpackSize), unpacked), sevenEnd)
}

func number7z(b []byte, n int) []byte {
	if n < 0x80 {
		return append(b, byte(n))
	}
	return binary.LittleEndian.AppendUint64(append(b, 0xff), uint64(n))
}

func TestSevenZip(t *testing.T) {
	files := []file{{"a", strings.Repeat("first ", 300)}, {"empty", ""}, {"ü/b", noise(5000)}, {"c", "third"}}
	for name, pack := range map[string]packer{"copy": copied, "lzma": lzma1, "lzma2": lzma2} {
		for _, packed := range []bool{false, true} {
			sameFiles(t, walk(make7zWith(pack, packed, files...), Limits{}), files)
		}
		one := make7zWith(pack, false, files[2])
		sameFiles(t, walk(one, Limits{}), files[2:3])
		t.Log(name, len(one))
	}
	locked := make7zWith(func(data []byte) ([]byte, string, []byte) { return data, "\x06\xf1\x07\x01", nil }, false, files...)
	got := walk(locked, Limits{})
	want := []file{{"a", "encrypted"}, {"ü/b", "encrypted"}, {"c", "encrypted"}}
	if !slices.Equal(got.problems, want) || !slices.Equal(got.files, files[1:2]) {
		t.Errorf("%v", got)
	}
	damaged := make7zWith(copied, false, files...)
	damaged[sevenStart+3] ^= 1
	got = walk(damaged, Limits{})
	if !slices.Equal(got.problems, []file{{"a", "damaged: checksum differs"}}) || len(got.files) != 4 {
		t.Errorf("%v", got)
	}
}
