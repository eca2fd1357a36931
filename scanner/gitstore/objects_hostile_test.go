package gitstore

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// madeEntry is an entry of a pack made for a test. The zero fields are filled in with what is right.
type madeEntry struct {
	id       ID
	typ      Type
	data     []byte // inflated
	base     ID     // refDelta
	distance int64  // ofsDelta; -1: to the entry before
	size     int64  // declared, if not len(data)
	stream   []byte // compressed, if not that of data
	offset   int64  // in the index, if not where it is
}

// blobEntry is a whole blob.
func blobEntry(content string) madeEntry {
	return madeEntry{id: nameOf(Blob, []byte(content)), typ: Blob, data: []byte(content)}
}

func nameOf(typ Type, data []byte) ID {
	h := SHA1.newHash()
	fmt.Fprintf(h, "%s %d\x00%s", typ, len(data), data)
	return mustID(h.Sum(nil))
}

func deflate(data []byte) []byte {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		panic(err)
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// entryHeader encodes an entry's type and size.
func entryHeader(typ Type, size int64) []byte {
	b := []byte{byte(typ)<<4 | byte(size&15)}
	for size >>= 4; size > 0; size >>= 7 {
		b[len(b)-1] |= 0x80
		b = append(b, byte(size&0x7f))
	}
	return b
}

// encodeDistance encodes the distance to an OFS_DELTA's base.
func encodeDistance(n int64) []byte {
	b := []byte{byte(n & 0x7f)}
	for n >>= 7; n > 0; n >>= 7 {
		n--
		b = append([]byte{0x80 | byte(n&0x7f)}, b...)
	}
	return b
}

// deltaOf makes a delta that declares the given sizes.
func deltaOf(base, result int, ops ...byte) []byte {
	b := binary.AppendUvarint(nil, uint64(base))
	return append(binary.AppendUvarint(b, uint64(result)), ops...)
}

// copyOp copies n bytes, up to 0xffff, from an offset below 0x10000.
func copyOp(offset, n int) []byte {
	return []byte{0x80 | 0x33, byte(offset), byte(offset >> 8), byte(n), byte(n >> 8)}
}

// appendDelta makes a delta that adds text to a base.
func appendDelta(base int, text string) []byte {
	ops := append(copyOp(0, base), byte(len(text)))
	return deltaOf(base, base+len(text), append(ops, text...)...)
}

// makePack encodes a pack and its index.
func makePack(entries []madeEntry) (pack, idx []byte) {
	pack = append([]byte("PACK"), 0, 0, 0, 2)
	pack = binary.BigEndian.AppendUint32(pack, uint32(len(entries)))
	type row struct {
		id  ID
		off int64
		crc uint32
	}
	var rows []row
	last := int64(0)
	for _, e := range entries {
		off := int64(len(pack))
		size := int64(len(e.data))
		if e.size != 0 {
			size = e.size
		}
		pack = append(pack, entryHeader(e.typ, size)...)
		switch e.typ {
		case ofsDelta:
			if e.distance == -1 {
				e.distance = off - last
			}
			pack = append(pack, encodeDistance(e.distance)...)
		case refDelta:
			pack = e.base.AppendBytes(pack)
		}
		if e.stream == nil {
			e.stream = deflate(e.data)
		}
		pack = append(pack, e.stream...)
		r := row{e.id, off, crc32.ChecksumIEEE(pack[off:])}
		if e.offset != 0 {
			r.off = e.offset
		}
		rows, last = append(rows, r), off
	}
	pack = appendSum(pack)
	slices.SortFunc(rows, func(a, b row) int { return a.id.Compare(b.id) })
	idx = append(idx, 0xff, 't', 'O', 'c', 0, 0, 0, 2)
	n := 0
	for first := range 256 {
		for n < len(rows) && int(rows[n].id.b[0]) <= first {
			n++
		}
		idx = binary.BigEndian.AppendUint32(idx, uint32(n))
	}
	for _, r := range rows {
		idx = r.id.AppendBytes(idx)
	}
	for _, r := range rows {
		idx = binary.BigEndian.AppendUint32(idx, r.crc)
	}
	var large []byte
	for _, r := range rows {
		if r.off < 0 || r.off > math.MaxInt32 {
			idx = binary.BigEndian.AppendUint32(idx, 1<<31|uint32(len(large)/8))
			large = binary.BigEndian.AppendUint64(large, uint64(r.off))
			continue
		}
		idx = binary.BigEndian.AppendUint32(idx, uint32(r.off))
	}
	idx = append(idx, large...)
	return pack, appendSum(append(idx, pack[len(pack)-20:]...))
}

func appendSum(b []byte) []byte {
	h := SHA1.newHash()
	h.Write(b)
	return h.Sum(b)
}

// madeStore is an object directory made for a test.
type madeStore struct {
	t   *testing.T
	dir string
}

func newStore(t *testing.T) *madeStore {
	return &madeStore{t, filepath.Join(t.TempDir(), "objects")}
}

func (s *madeStore) write(name string, data []byte) {
	s.t.Helper()
	path := filepath.Join(s.dir, filepath.FromSlash(name))
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, data, 0o666)); err != nil {
		s.t.Fatal(err)
	}
}

func (s *madeStore) pack(name string, entries ...madeEntry) {
	s.t.Helper()
	pack, idx := makePack(entries)
	s.write("pack/"+name+".pack", pack)
	s.write("pack/"+name+".idx", idx)
}

func (s *madeStore) loose(id ID, raw []byte) {
	s.t.Helper()
	s.write(id.String()[:2]+"/"+id.String()[2:], raw)
}

func (s *madeStore) open(o ObjectOptions) *Objects {
	s.t.Helper()
	store, err := OpenObjects(s.dir, nil, SHA1, o)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		if err := store.Close(); err != nil {
			s.t.Error(err)
		}
	})
	return store
}

// wantClass reads an object and checks the class of the error, "" for none, and what it says.
func wantClass(t *testing.T, s *Objects, id ID, class Class, why string) {
	t.Helper()
	r := s.NewReader(1 << 20)
	for range 2 {
		_, _, err := r.Read(id)
		var e *Error
		switch {
		case class == "" && err != nil:
			t.Errorf("Read: %v", err)
		case class != "" && (!errors.As(err, &e) || e.Class != class || !strings.Contains(e.Why, why) || e.What != id.String()):
			t.Errorf("Read: %v, want %s about %s with %q", err, class, id, why)
		}
		if _, _, err := r.Header(ID{}); err == nil {
			t.Error("the zero ID has a header")
		}
	}
}

func TestDamagedEntries(t *testing.T) {
	base := blobEntry(strings.Repeat("base ", 20)) // 100 bytes
	result := nameOf(Blob, []byte("result"))
	self, other := nameOf(Blob, []byte("self")), nameOf(Blob, []byte("other"))
	delta := func(data []byte) madeEntry { return madeEntry{id: result, typ: ofsDelta, distance: -1, data: data} }
	whole := func(size int64, stream []byte) madeEntry {
		return madeEntry{id: result, typ: Blob, size: size, stream: stream}
	}
	good := deflate([]byte("result"))
	tests := []struct {
		name  string
		entry madeEntry
		class Class
		why   string
	}{
		{"sound", whole(6, good), "", ""},
		{"size too small", whole(5, good), Damaged, errInflatesOn.Error()},
		{"size too large", whole(7, good), Damaged, errInflatesTo.Error()},
		{"size far too large", whole(1<<29, good), Damaged, errInflatesTo.Error()},
		{"size above the limit", whole(1<<31, good), Limit, "limit"},
		{"size beyond reason", whole(math.MaxInt64, good), Limit, "limit"},
		{"not zlib", whole(6, []byte("this is no zlib stream")), Damaged, errZlib.Error()},
		{"bad checksum", whole(6, append(good[:len(good)-1:len(good)-1], ^good[len(good)-1])), Damaged, errZlib.Error()},
		{"type 0", madeEntry{id: result, typ: 0, data: []byte("x")}, Damaged, errEntryType.Error()},
		{"type 5", madeEntry{id: result, typ: 5, data: []byte("x")}, Damaged, errEntryType.Error()},
		{"offset in the header", madeEntry{id: result, typ: Blob, offset: 5}, Damaged, errEntryOffset.Error()},
		{"offset behind the end", madeEntry{id: result, typ: Blob, offset: 1 << 20}, Damaged, errEntryOffset.Error()},
		{"offset of 64 bits", madeEntry{id: result, typ: Blob, offset: 1 << 60}, Damaged, errEntryOffset.Error()},
		{"distance 0", madeEntry{id: result, typ: ofsDelta, distance: 0, data: appendDelta(100, "x")}, Damaged, errEntryBase.Error()},
		{"distance beyond the start", madeEntry{id: result, typ: ofsDelta, distance: 1 << 20, data: appendDelta(100, "x")}, Damaged, errEntryBase.Error()},
		{"distance into the header", madeEntry{id: result, typ: ofsDelta, distance: 1 << 6, data: appendDelta(100, "x")}, Damaged, ""},
		{"empty delta", delta(nil), Damaged, errDeltaShort.Error()},
		{"other base size", delta(appendDelta(99, "x")), Damaged, errDeltaBase.Error()},
		{"copy out of range", delta(deltaOf(100, 50, copyOp(60, 50)...)), Damaged, errDeltaCopy.Error()},
		{"copy without operands", delta(deltaOf(100, 50, 0xff, 1, 2)), Damaged, errDeltaShort.Error()},
		{"insertion cut short", delta(deltaOf(100, 50, 50, 'x')), Damaged, errDeltaShort.Error()},
		{"instruction 0", delta(deltaOf(100, 50, 0)), Damaged, errDeltaOp.Error()},
		{"makes too much", delta(deltaOf(100, 49, copyOp(0, 50)...)), Damaged, errDeltaOver.Error()},
		{"makes too little", delta(deltaOf(100, 51, copyOp(0, 50)...)), Damaged, errDeltaUnder.Error()},
		{"makes far too little", delta(deltaOf(100, 1<<29, copyOp(0, 50)...)), Damaged, errDeltaUnder.Error()},
		{"makes more than the limit", delta(deltaOf(100, 1<<31, copyOp(0, 50)...)), Limit, "limit"},
		{"base missing", madeEntry{id: result, typ: refDelta, base: other, data: appendDelta(100, "x")}, Damaged, "is missing"},
		{"against itself", madeEntry{id: self, typ: refDelta, base: self, data: appendDelta(100, "x")}, Damaged, errDeltaCycle.Error()},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newStore(t)
			s.pack("pack-a", base, test.entry)
			store := s.open(ObjectOptions{})
			before := allocated()
			wantClass(t, store, test.entry.id, test.class, test.why)
			if n := allocated() - before; n > 64<<20 {
				t.Errorf("allocates %d bytes", n)
			}
			wantClass(t, store, base.id, "", "")
			wantHeader(t, store, test.entry.id)
		})
	}
}

// wantHeader checks that Header, whatever it says of a damaged object, comes back.
func wantHeader(t *testing.T, s *Objects, id ID) {
	t.Helper()
	var e *Error
	if typ, _, err := s.NewReader(0).Header(id); err != nil && !errors.As(err, &e) || err == nil && typ != Blob {
		t.Errorf("Header = %v, %v", typ, err)
	}
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// TestDeltaCycle reads deltas against each other.
func TestDeltaCycle(t *testing.T) {
	for _, n := range []int{2, 3, 7, 1000} {
		ids := make([]ID, n)
		for i := range ids {
			ids[i] = nameOf(Blob, fmt.Append(nil, i))
		}
		var entries []madeEntry
		for i := range ids {
			entries = append(entries, madeEntry{id: ids[i], typ: refDelta, base: ids[(i+1)%n], data: appendDelta(100, "x")})
		}
		s := newStore(t)
		s.pack("pack-a", entries...)
		wantClass(t, s.open(ObjectOptions{}), ids[0], Damaged, errDeltaCycle.Error())
	}
}

// TestLongChains reads the end of a long chain of deltas, without a cache and with one.
func TestLongChains(t *testing.T) {
	const length = 10000
	content := "start "
	entries := []madeEntry{blobEntry(content)}
	for i := range length {
		text := fmt.Sprintf("%d ", i%10)
		e := madeEntry{typ: ofsDelta, distance: -1, data: appendDelta(len(content), text)}
		if i%2 == 1 {
			e.typ, e.base = refDelta, entries[i].id
		}
		content += text
		e.id = nameOf(Blob, []byte(content))
		entries = append(entries, e)
	}
	s := newStore(t)
	s.pack("pack-a", entries...)
	for _, cache := range []int64{0, 1 << 20} {
		r := s.open(ObjectOptions{}).NewReader(cache)
		_, data, err := r.Read(entries[length].id)
		if err != nil || string(data) != content {
			t.Errorf("Read: %d bytes, %v", len(data), err)
		}
	}
	wantClass(t, s.open(ObjectOptions{MaxChain: 1 << 20}), entries[length].id, Limit, "too large together")
}

// TestDeltaBomb reads a chain in which every object is many times as large as its base.
func TestDeltaBomb(t *testing.T) {
	entries := []madeEntry{blobEntry(strings.Repeat("x", 60000))}
	for size := 60000; size < 1<<33; size *= 100 {
		var ops []byte
		for range 100 {
			ops = append(ops, 0x80|0x7f, 0, 0, 0, 0, byte(size), byte(size>>8), byte(size>>16))
		}
		entries = append(entries, madeEntry{id: nameOf(Blob, fmt.Append(nil, size)), typ: ofsDelta, distance: -1, data: deltaOf(size, size*100, ops...)})
	}
	s := newStore(t)
	s.pack("pack-a", entries...)
	store := s.open(ObjectOptions{MaxObject: 10 << 20})
	for _, e := range entries[2:] {
		wantClass(t, store, e.id, Limit, "limit")
	}
}

// TestOtherCopies damages one copy of an object, or of its base, and expects the other to be found.
func TestOtherCopies(t *testing.T) {
	text := strings.Repeat("base ", 20)
	base := blobEntry(text)
	broken := base
	broken.stream = []byte("no zlib stream at all")
	child := madeEntry{id: nameOf(Blob, []byte(text+"x")), typ: ofsDelta, distance: -1, data: appendDelta(100, "x")}
	grandchild := madeEntry{id: nameOf(Blob, []byte(text+"xy")), typ: ofsDelta, distance: -1, data: appendDelta(101, "y")}
	looseBase := deflate(fmt.Appendf(nil, "blob 100\x00%s", text))
	tests := []struct {
		name  string
		make  func(*madeStore)
		class Class
	}{
		{"no other", func(s *madeStore) { s.pack("pack-a", broken, child, grandchild) }, Damaged},
		{"loose", func(s *madeStore) { s.pack("pack-a", broken, child, grandchild); s.loose(base.id, looseBase) }, ""},
		{"loose and broken", func(s *madeStore) { s.pack("pack-a", broken, child, grandchild); s.loose(base.id, looseBase[:20]) }, Damaged},
		{"other pack", func(s *madeStore) { s.pack("pack-a", broken, child, grandchild); s.pack("pack-b", base) }, ""},
		{"third pack", func(s *madeStore) {
			s.pack("pack-a", broken, child, grandchild)
			s.pack("pack-b", broken)
			s.pack("pack-c", base)
		}, ""},
		{"pack cut short", func(s *madeStore) {
			s.pack("pack-a", base, child, grandchild)
			pack, _ := makePack([]madeEntry{base, child, grandchild})
			s.write("pack/pack-a.pack", pack[:len(pack)-20-len(deflate(grandchild.data))])
			s.pack("pack-b", base, child, grandchild)
		}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newStore(t)
			test.make(s)
			store := s.open(ObjectOptions{})
			for _, e := range []madeEntry{base, child, grandchild} {
				wantClass(t, store, e.id, test.class, "")
			}
		})
	}
}

func TestDamagedPackFiles(t *testing.T) {
	a, b := blobEntry("first"), blobEntry("second")
	pack, idx := makePack([]madeEntry{a, b})
	changed := func(b []byte, at int, to ...byte) []byte {
		b = bytes.Clone(b)
		if at < 0 {
			at += len(b)
		}
		copy(b[at:], to)
		return b
	}
	otherPack, _ := makePack([]madeEntry{blobEntry("third")})
	v3 := changed(pack[:len(pack)-20], 7, 3)
	v3 = appendSum(v3)
	tests := []struct {
		name      string
		pack, idx []byte
		class     Class // of reading a
		problem   bool
	}{
		{"sound", pack, idx, "", false},
		{"version 3", v3, resum(changed(idx, -40, v3[len(v3)-20:]...), SHA1), "", false},
		{"flipped offset", pack, changed(idx, -40-1, idx[len(idx)-41]^1), Damaged, true},
		{"version 4", changed(pack, 7, 4), idx, Damaged, true},
		{"bad signature", changed(pack, 0, 'X'), idx, Damaged, true},
		{"empty pack", nil, idx, Damaged, true},
		{"pack is a header", pack[:12], idx, Damaged, true},
		{"last object cut off", pack[:len(pack)-25], idx, "", true},
		{"other pack", otherPack, idx, Damaged, true},
		{"count differs", changed(pack, 11, 9), idx, "", true},
		{"trailer differs", changed(pack, -1, pack[len(pack)-1]+1), idx, "", true},
		{"empty index", pack, nil, Missing, true},
		{"index cut short", pack, idx[:len(idx)-1], Missing, true},
		{"index of half the size", pack, idx[:len(idx)/2], Missing, true},
		{"index too long", pack, append(bytes.Clone(idx), make([]byte, 8*3)...), Missing, true},
		{"index version", pack, changed(idx, 7, 3), Missing, true},
		{"fan-out decreases", pack, changed(idx, 8, 0, 0, 0, 9), Missing, true},
		{"fan-out too large", pack, changed(idx, 8+1020, 0xff, 0xff, 0xff, 0xff), Missing, true},
		{"large offset without a table", pack, changed(idx, -40-8, 0xff, 0, 0, 0, 0xff, 0, 0, 0), Missing, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newStore(t)
			s.write("pack/pack-a.pack", test.pack)
			s.write("pack/pack-a.idx", test.idx)
			store := s.open(ObjectOptions{})
			wantClass(t, store, a.id, test.class, "")
			if got := len(store.Problems()) > 0; got != test.problem {
				t.Errorf("problems: %v", store.Problems())
			}
		})
	}
}

func TestDamagedLoose(t *testing.T) {
	id := nameOf(Blob, []byte("content"))
	sound := deflate([]byte("blob 7\x00content"))
	tests := []struct {
		name  string
		raw   []byte
		class Class
		why   string
	}{
		{"sound", sound, "", ""},
		{"empty", nil, Damaged, errZlibEnds.Error()},
		{"cut short", sound[:len(sound)-6], Damaged, errZlibEnds.Error()},
		{"not zlib", []byte("blob 7\x00content"), Damaged, errZlib.Error()},
		{"other content", deflate([]byte("blob 7\x00kontent")), Damaged, errWrongHash.Error()},
		{"other type", deflate([]byte("tree 7\x00content")), Damaged, errWrongHash.Error()},
		{"unknown type", deflate([]byte("blub 7\x00content")), Damaged, errLooseHeader.Error()},
		{"no header", deflate([]byte("content")), Damaged, errLooseHeader.Error()},
		{"no size", deflate([]byte("blob \x00content")), Damaged, errLooseHeader.Error()},
		{"bad size", deflate([]byte("blob 07\x00content")), Damaged, errLooseHeader.Error()},
		{"negative size", deflate([]byte("blob -7\x00content")), Damaged, errLooseHeader.Error()},
		{"size too small", deflate([]byte("blob 6\x00content")), Damaged, errInflatesOn.Error()},
		{"size too large", deflate([]byte("blob 8\x00content")), Damaged, errInflatesTo.Error()},
		{"size far too large", deflate([]byte("blob 999999999\x00content")), Damaged, errInflatesTo.Error()},
		{"size above the limit", deflate([]byte("blob 99999999999\x00content")), Limit, "limit"},
		{"long header", deflate([]byte("blob " + strings.Repeat("1", 40) + "\x00content")), Damaged, errLooseHeader.Error()},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newStore(t)
			s.loose(id, test.raw)
			store := s.open(ObjectOptions{})
			before := allocated()
			wantClass(t, store, id, test.class, test.why)
			if n := allocated() - before; n > 4<<20 {
				t.Errorf("allocates %d bytes", n)
			}
		})
	}
	t.Run("a directory", func(t *testing.T) {
		s := newStore(t)
		s.write(id.String()[:2]+"/"+id.String()[2:]+"/x", nil)
		wantClass(t, s.open(ObjectOptions{}), id, Damaged, errNotRegular.Error())
	})
}

// TestVerifyHash swaps two names in an index: only hashing can tell.
func TestVerifyHash(t *testing.T) {
	a, b := blobEntry("first"), blobEntry("second")
	a.id, b.id = b.id, a.id
	s := newStore(t)
	s.pack("pack-a", a, b)
	wantClass(t, s.open(ObjectOptions{}), a.id, "", "")
	wantClass(t, s.open(ObjectOptions{VerifyHash: true}), a.id, Damaged, errWrongHash.Error())
}

func TestEmptyTreeIsAlwaysThere(t *testing.T) {
	s := newStore(t)
	s.write("pack/x", nil)
	store := s.open(ObjectOptions{})
	id := nameOf(Tree, nil)
	if typ, data, err := store.NewReader(0).Read(id); !store.Has(id) || typ != Tree || len(data) != 0 || err != nil {
		t.Errorf("Read = %v, %q, %v", typ, data, err)
	}
	wantClass(t, store, nameOf(Blob, nil), Missing, "")
}

func TestOpenObjectsNeedsADirectory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{file, file + "-gone"} {
		if _, err := OpenObjects(dir, nil, SHA1, ObjectOptions{}); err == nil {
			t.Errorf("%s is opened", filepath.Base(dir))
		}
	}
}

// TestBasesElsewhere reads deltas by name against objects outside their pack, as in a thin pack that nobody completed.
func TestBasesElsewhere(t *testing.T) {
	text := strings.Repeat("base ", 20)
	loose, other := blobEntry(text), blobEntry(strings.ToUpper(text))
	a := madeEntry{id: nameOf(Blob, []byte(text+"x")), typ: refDelta, base: loose.id, data: appendDelta(100, "x")}
	b := madeEntry{id: nameOf(Blob, []byte(strings.ToUpper(text)+"x")), typ: refDelta, base: other.id, data: appendDelta(100, "x")}
	c := madeEntry{id: nameOf(Blob, []byte(text+"xy")), typ: ofsDelta, distance: -1, data: appendDelta(101, "y")}
	s := newStore(t)
	s.loose(loose.id, deflate(fmt.Appendf(nil, "blob 100\x00%s", text)))
	s.pack("pack-a", b, a, c)
	s.pack("pack-b", other)
	store := s.open(ObjectOptions{VerifyHash: true})
	for _, e := range []madeEntry{c, b, a} {
		wantClass(t, store, e.id, "", "")
		if typ, size, err := store.NewReader(0).Header(e.id); typ != Blob || size < 101 || err != nil {
			t.Errorf("Header = %v, %d, %v", typ, size, err)
		}
	}
}
