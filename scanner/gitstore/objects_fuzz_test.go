package gitstore

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func FuzzIdx(f *testing.F) {
	_, idx := makePack([]madeEntry{blobEntry("first"), blobEntry("second"), {id: nameOf(Blob, nil), typ: Blob, offset: 1 << 40}})
	f.Add(idx)
	f.Add(idx[8:])
	v1 := make([]byte, fanoutSize+24+40)
	for i := 3; i < fanoutSize; i += 4 {
		v1[i] = 1
	}
	f.Add(v1)
	f.Fuzz(func(t *testing.T, data []byte) {
		x := &packIndex{hash: 20}
		if x.parse(data) != nil {
			return
		}
		for pos := range x.count {
			// A fan-out table that is wrong, or names out of order, may hide names but nothing more.
			name := bytes.Clone(x.name(pos))
			if _, _, err := x.find(name); err != nil && !errors.Is(err, errIdxOffset) {
				t.Error(err)
			}
			if off, err := x.offset(pos); err == nil && off < 0 {
				t.Error("negative offset")
			} else if _, ok, _ := x.nameAt(off); err == nil && !ok {
				t.Error("offset is not found")
			}
		}
	})
}

// makeMultiIndex encodes a multi-pack-index of one object.
func makeMultiIndex(id ID, stem string) []byte {
	fanout := make([]byte, fanoutSize)
	for i := int(id.b[0]); i < 256; i++ {
		fanout[4*i+3] = 1
	}
	chunks := []struct {
		name string
		data []byte
	}{
		{"PNAM", append([]byte(stem), ".idx\x00"...)}, {"OIDF", fanout}, {"OIDL", id.AppendBytes(nil)}, {"OOFF", []byte{0, 0, 0, 0, 0x80, 0, 0, 0}},
		{"LOFF", []byte{0, 0, 0, 0, 0, 0, 0, 12}}, {"\x00\x00\x00\x00", nil},
	}
	out := append([]byte("MIDX"), 1, 1, byte(len(chunks)-1), 0, 0, 0, 0, 1)
	at := len(out) + len(chunks)*chunkRow
	for _, c := range chunks {
		out = append(append(out, c.name...), 0, 0, 0, 0, 0, 0, byte(at>>8), byte(at))
		at += len(c.data)
	}
	for _, c := range chunks {
		out = append(out, c.data...)
	}
	return appendSum(out)
}

func FuzzMidx(f *testing.F) {
	f.Add(makeMultiIndex(blobEntry("first").id, "pack-a"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m := &multiIndex{hash: 20}
		if m.parse(data, SHA1) != nil {
			return
		}
		p := &pack{}
		m.packs = []*pack{p}
		for pos := range m.count {
			if _, off, _, err := m.find(bytes.Clone(m.name(pos))); err == nil && off < 0 {
				t.Error("negative offset")
			}
		}
		m.nameAt(place{p, 12})
	})
}

func TestMadeMultiIndex(t *testing.T) {
	a := blobEntry("first")
	s := newStore(t)
	pack, _ := makePack([]madeEntry{a})
	s.write("pack/pack-a.pack", pack)
	s.write("pack/multi-pack-index", makeMultiIndex(a.id, "pack-a"))
	wantClass(t, s.open(ObjectOptions{}), a.id, "", "")
	s.write("pack/multi-pack-index", makeMultiIndex(a.id, "../pack/pack-a"))
	wantClass(t, s.open(ObjectOptions{}), a.id, Missing, "")
}

// FuzzPackEntry reads an entry, and one that is a delta against it, from a pack of any content.
func FuzzPackEntry(f *testing.F) {
	base := blobEntry(strings.Repeat("base ", 20))
	for _, e := range []madeEntry{blobEntry("x"), {typ: ofsDelta, distance: -1, data: appendDelta(100, "x")}, {typ: refDelta, base: base.id, data: appendDelta(100, "x")}} {
		pack, _ := makePack([]madeEntry{base, e})
		f.Add(pack, uint16(12))
		f.Add(pack, uint16(12+2+len(deflate(base.data))))
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte, at uint16) {
		path := filepath.Join(dir, fmt.Sprint(os.Getpid()))
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		p := &pack{hash: 20, label: "pack"}
		p.idxOnce.Do(func() {})
		p.state.Store(&packState{file: file, end: int64(len(data) - 20)})
		o := &Objects{options: ObjectOptions{MaxObject: 1 << 20, MaxChain: 1 << 24}, dirs: []*objectDir{{path: dir}}}
		o.snap.Store(&snapshot{})
		r := o.NewReader(1 << 20)
		typ, content, fail := r.readPacked(place{p, int64(at)})
		if fail == nil && (typ < Commit || typ > Tag || len(content) > 1<<20) {
			t.Errorf("%v, %d bytes", typ, len(content))
		}
		r.headerPacked(place{p, int64(at)})
	})
}

// naiveDelta applies a delta byte by byte, by the words of gitformat-pack.
func naiveDelta(base, ops []byte) (out []byte, ok bool) {
	next := func() (b byte) {
		if len(ops) == 0 {
			ok = false
			return 0
		}
		b, ops = ops[0], ops[1:]
		return b
	}
	ok = true
	for ok && len(ops) > 0 {
		op := next()
		if op&0x80 == 0 {
			ok = ok && op != 0
			for range op {
				out = append(out, next())
			}
			continue
		}
		var offset, size int
		for i := range 4 {
			if op>>i&1 != 0 {
				offset |= int(next()) << (8 * i)
			}
		}
		for i := range 3 {
			if op>>(4+i)&1 != 0 {
				size |= int(next()) << (8 * i)
			}
		}
		if size == 0 {
			size = 0x10000
		}
		if offset+size > len(base) || len(out) > 1<<20 {
			return nil, false
		}
		out = append(out, base[offset:offset+size]...)
	}
	return out, ok
}

func FuzzDelta(f *testing.F) {
	base := []byte(strings.Repeat("0123456789", 7000))
	f.Add(base[:100], append(copyOp(0, 50), 2, 'x', 'y'))
	f.Add(base, []byte{0x80, 0x90, 0xff, 0x81, 1, 0xff, 0, 0, 0, 0, 1, 0, 0})
	f.Fuzz(func(t *testing.T, base, ops []byte) {
		want, ok := naiveDelta(base, ops)
		if len(want) > 1<<20 {
			return
		}
		got := make([]byte, len(want))
		if err := applyDelta(got, base, ops); (err == nil) != ok || ok && !bytes.Equal(got, want) {
			t.Errorf("error %v, naively %v", err, ok)
		}
		if n, err := deltaProduct(ops); ok && (err != nil || n != int64(len(want))) {
			t.Errorf("product %d, %v; want %d", n, err, len(want))
		}
		if ok {
			if applyDelta(make([]byte, len(want)+1), base, ops) == nil || len(want) > 0 && applyDelta(make([]byte, len(want)-1), base, ops) == nil {
				t.Error("a wrong size is accepted")
			}
		}
		if _, _, _, err := deltaHeader(ops); err == nil && len(ops) < 2 {
			t.Error("header of less than two bytes")
		}
	})
}

func FuzzLoose(f *testing.F) {
	f.Add(deflate([]byte("blob 7\x00content")))
	f.Add(deflate([]byte("tree 99999\x00content")))
	f.Add([]byte("blob 7\x00content"))
	dir := f.TempDir()
	o := &Objects{options: ObjectOptions{MaxObject: 1 << 20}}
	r := o.NewReader(1 << 20)
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(dir, fmt.Sprint(os.Getpid()))
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		typ, content, err := r.looseContent(file, int64(len(data)))
		if err == nil && (typ < Commit || typ > Tag || len(content) > 1<<20) {
			t.Errorf("%v, %d bytes", typ, len(content))
		}
		r.pool.put(content)
		if typ, size, n, err := parseLooseHeader(data); err == nil && string(data[:n]) != fmt.Sprintf("%s %d\x00", typ, size) {
			t.Errorf("%q is parsed as %v, %d", data[:n], typ, size)
		}
	})
}

func FuzzTree(f *testing.F) {
	f.Add([]byte(rawEntry("100644", "a", 1, 20)+rawEntry("40000", "b", 2, 20)), false)
	f.Add([]byte(rawEntry("100644", "a", 1, 32)), true)
	f.Fuzz(func(t *testing.T, data []byte, long bool) {
		format := SHA1
		if long {
			format = SHA256
		}
		used := 0
		it := NewTreeIter(data, format)
		for it.Next() {
			used = bytes.Index(data[used:], it.Name) + used + len(it.Name) + 1 + format.Size()
			if len(it.Name) == 0 || bytes.IndexByte(it.Name, 0) >= 0 || it.ID.Size() != format.Size() {
				t.Errorf("entry %o %q %s", it.Mode, it.Name, it.ID)
			}
		}
		if it.Err() == nil && len(data) > 0 && used == 0 {
			t.Error("no entry and no error")
		}
	})
}

func FuzzCommit(f *testing.F) {
	f.Add([]byte("tree " + treeHex + "\nparent " + parentHex + "\nauthor A <a> 1 +0100\ncommitter C <c> 2 -0100\ngpgsig x\n y\n\nm"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := ParseCommit(data, SHA1)
		if err != nil {
			return
		}
		if c.Tree.Size() != 20 || len(c.Header)+len(c.Message) > len(data) {
			t.Errorf("%+v", c)
		}
		checkDate(t, c.Author)
		checkDate(t, c.Committer)
	})
}

// checkDate checks that a date can be written in RFC 3339.
func checkDate(t *testing.T, s Signature) {
	t.Helper()
	if _, err := s.When.MarshalText(); err != nil {
		t.Errorf("%q: %v", s.Raw, err)
	}
}

func FuzzTag(f *testing.F) {
	f.Add([]byte("object " + treeHex + "\ntype commit\ntag v1\ntagger T <t> 1 +0100\n\nm"))
	f.Fuzz(func(t *testing.T, data []byte) {
		tag, err := ParseTag(data, SHA1)
		if err != nil {
			return
		}
		if tag.Object.Size() != 20 || tag.ObjectType.String() == "unknown" {
			t.Errorf("%+v", tag)
		}
		checkDate(t, tag.Tagger)
	})
}
