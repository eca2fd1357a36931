package gitstore

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zlib"
)

// tableWriter writes tables as Git's technical/reftable describes them.
type tableWriter struct {
	format  Format
	version byte
	block   int // block size, 0 for unaligned
	every   int // records between restarts
	index   bool
	out     []byte
	padding int // NULs before the next aligned block
}

type writtenRef struct {
	name   string
	kind   int // of the record: 0 deletion, 1 value, 2 tag, 3 symbolic
	id     ID
	target string
}

type writtenLog struct {
	name    string
	update  uint64
	deleted bool
	old     ID
	new     ID
	message string
}

func putVarint(b []byte, v uint64) []byte {
	buf := []byte{byte(v & 0x7f)}
	for v >>= 7; v > 0; v >>= 7 {
		v--
		buf = append(buf, 0x80|byte(v&0x7f))
	}
	slices.Reverse(buf)
	return append(b, buf...)
}

func put24(b []byte, v int) []byte { return append(b, byte(v>>16), byte(v>>8), byte(v)) }

func (w *tableWriter) header() []byte {
	h := append([]byte("REFT"), w.version)
	h = put24(h, w.block)
	h = binary.BigEndian.AppendUint64(h, 1)
	h = binary.BigEndian.AppendUint64(h, 1<<40)
	if w.version == 2 {
		h = append(h, map[Format]string{SHA1: "sha1", SHA256: "s256"}[w.format]...)
	}
	return h
}

// section writes records as blocks of one type. A record is a key, a 3-bit type and a value.
func (w *tableWriter) section(kind byte, n int, record func(i int) (key string, typ int, value []byte)) (position int) {
	first := true
	for i := 0; i < n; {
		if kind != 'g' {
			w.out = append(w.out, make([]byte, w.padding)...)
		}
		w.padding = 0
		at := len(w.out)
		if at == len(w.header()) {
			at = 0 // the first block shares the space of the header
		}
		if first {
			position, first = at, false
		}
		skip := len(w.out) - at
		body := []byte{kind, 0, 0, 0}
		var restarts []int
		previous := ""
		for in := 0; i < n; in++ {
			key, typ, value := record(i)
			prefix := 0
			if in%w.every != 0 {
				for prefix < min(len(key), len(previous)) && key[prefix] == previous[prefix] {
					prefix++
				}
			}
			rec := putVarint(nil, uint64(prefix))
			rec = putVarint(rec, uint64(len(key)-prefix)<<3|uint64(typ))
			rec = append(append(rec, key[prefix:]...), value...)
			limit := w.block
			if limit == 0 {
				limit = 600
			}
			if in > 0 && skip+len(body)+len(rec)+3*len(restarts)+5 > limit {
				break
			}
			if prefix == 0 {
				restarts = append(restarts, skip+len(body))
			}
			body = append(body, rec...)
			previous = key
			i++
		}
		for _, r := range restarts {
			body = put24(body, r)
		}
		body = binary.BigEndian.AppendUint16(body, uint16(len(restarts)))
		copy(body[1:], put24(nil, skip+len(body)))
		if kind == 'g' {
			var z bytes.Buffer
			zw := zlib.NewWriter(&z)
			zw.Write(body[4:])
			zw.Close()
			body = append(body[:4], z.Bytes()...)
		} else if w.block > 0 {
			w.padding = max(0, w.block-skip-len(body))
		}
		w.out = append(w.out, body...)
	}
	return position
}

func (w *tableWriter) write(refs []writtenRef, logs []writtenLog) []byte {
	slices.SortFunc(refs, func(a, b writtenRef) int { return strings.Compare(a.name, b.name) })
	key := func(l writtenLog) string {
		return l.name + "\x00" + string(binary.BigEndian.AppendUint64(nil, ^l.update))
	}
	slices.SortFunc(logs, func(a, b writtenLog) int { return strings.Compare(key(a), key(b)) })
	w.out = w.header()
	w.section('r', len(refs), func(i int) (string, int, []byte) {
		r := refs[i]
		value := putVarint(nil, uint64(i*1000))
		switch r.kind {
		case 1:
			value = r.id.AppendBytes(value)
		case 2:
			value = r.id.AppendBytes(r.id.AppendBytes(value))
		case 3:
			value = append(putVarint(value, uint64(len(r.target))), r.target...)
		}
		return r.name, r.kind, value
	})
	refIndex := 0
	if w.index && len(refs) > 0 {
		last := refs[len(refs)-1].name
		refIndex = w.section('i', 1, func(int) (string, int, []byte) { return last, 0, putVarint(nil, 0) })
	}
	logsAt := 0
	if len(logs) > 0 {
		logsAt = w.section('g', len(logs), func(i int) (string, int, []byte) {
			l := logs[i]
			if l.deleted {
				return key(l), 0, nil
			}
			value := l.new.AppendBytes(l.old.AppendBytes(nil))
			for _, s := range []string{"A U Thor", "a@example.com"} {
				value = append(putVarint(value, uint64(len(s))), s...)
			}
			value = append(putVarint(value, 1700000000), 0, 90)
			return key(l), 1, append(putVarint(value, uint64(len(l.message))), l.message...)
		})
	}
	foot := w.header()
	for _, v := range []int{refIndex, 0, 0, logsAt, 0} {
		foot = binary.BigEndian.AppendUint64(foot, uint64(v))
	}
	return append(w.out, binary.BigEndian.AppendUint32(foot, crc32.ChecksumIEEE(foot))...)
}

func randomID(rnd *rand.Rand, f Format) ID {
	b := make([]byte, f.Size())
	for i := range b {
		b[i] = byte(1 + rnd.IntN(255))
	}
	return mustID(b)
}

// newTables makes a repository whose refs are in tables.
func newTables(t testing.TB, f Format) *madeLayout {
	l := newLayout(t)
	l.write("config", "[core]\nrepositoryformatversion = 1\nbare = true\n[extensions]\nrefStorage = reftable\nobjectFormat = "+f.String()+"\n")
	l.write("HEAD", "ref: refs/heads/.invalid\n")
	l.remove("refs/heads")
	l.write("refs/heads", "this repository uses the reftable format\n")
	return l
}

// stack writes tables, oldest first.
func (l *madeLayout) stack(dir string, tables ...[]byte) {
	list := ""
	for i, t := range tables {
		name := fmt.Sprintf("0x%012x-0x%012x-%08x.ref", i+1, i+1, i)
		l.write(dir+"reftable/"+name, string(t))
		list += name + "\n"
	}
	l.write(dir+"reftable/tables.list", list)
}

// TestReftable writes random stacks in all shapes and compares what is read with a plain map.
func TestReftable(t *testing.T) {
	for _, f := range []Format{SHA1, SHA256} {
		for _, block := range []int{0, 512, 4096} {
			for _, index := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s, block size %d, index %v", f, block, index), func(t *testing.T) {
					rnd := rand.New(rand.NewPCG(uint64(block), uint64(f)))
					want := map[string]string{}
					stash := map[uint64]string{}
					logged := map[string]bool{}
					var tables [][]byte
					for n := range 4 {
						w := tableWriter{format: f, version: byte(1 + f), block: block, every: 1 + 4*n, index: index}
						if f == SHA1 && n%2 == 1 {
							w.version = 2
						}
						tables = append(tables, w.write(randomRefs(rnd, f, n, want), randomLogs(rnd, f, n, stash, logged)))
					}
					l := newTables(t, f)
					l.stack("", tables...)
					r := mustOpen(t, l.dir, Options{})
					name, id, ok := r.Head()
					if name != "refs/heads/main" || !ok || id.String() != want["refs/heads/main"] {
						t.Errorf("HEAD is %q, %s, %v", name, id, ok)
					}
					addStashes(want, stash)
					compareMaps(t, "ref", refMap(r), want)
					for _, id := range r.Reflog() {
						delete(logged, id.String())
					}
					if len(logged) > 0 {
						t.Errorf("%d names of reflogs are missing", len(logged))
					}
					noProblems(t, r)
				})
			}
		}
	}
}

// randomRefs makes the refs of the nth table and applies them to want.
func randomRefs(rnd *rand.Rand, f Format, n int, want map[string]string) []writtenRef {
	var refs []writtenRef
	if n == 0 {
		main := randomID(rnd, f)
		refs = append(refs, writtenRef{name: "HEAD", kind: 3, target: "refs/heads/main"}, writtenRef{name: "refs/heads/main", kind: 1, id: main},
			writtenRef{name: "ORIG_HEAD", kind: 1, id: randomID(rnd, f)})
		want["HEAD"], want["refs/heads/main"] = main.String(), main.String()
	}
	seen := map[string]bool{}
	for range 120 {
		name := fmt.Sprintf("refs/heads/some/branch-%d", rnd.IntN(200))
		if seen[name] {
			continue
		}
		seen[name] = true
		ref := writtenRef{name: name, kind: rnd.IntN(4), id: randomID(rnd, f), target: "refs/heads/main"}
		switch ref.kind {
		case 0:
			delete(want, name)
		case 3:
			want[name] = want["refs/heads/main"]
		default:
			want[name] = ref.id.String()
		}
		refs = append(refs, ref)
	}
	return refs
}

// randomLogs makes the reflogs of the nth table and applies them to the stash, by update, and to all that was ever logged.
func randomLogs(rnd *rand.Rand, f Format, n int, stash map[uint64]string, logged map[string]bool) []writtenLog {
	var logs []writtenLog
	for i := range 60 {
		l := writtenLog{name: "refs/stash", update: uint64(n*100 + i), old: randomID(rnd, f), new: randomID(rnd, f), message: "WIP\n"}
		if i%2 == 0 {
			l.name = fmt.Sprintf("refs/heads/b%d", i%7)
		} else {
			stash[l.update] = l.new.String()
		}
		logged[l.new.String()], logged[l.old.String()] = true, true
		logs = append(logs, l)
	}
	if n > 0 {
		for i := 1; i < 20; i += 4 {
			update := uint64((n-1)*100 + i)
			logs = append(logs, writtenLog{name: "refs/stash", update: update, deleted: true})
			delete(stash, update)
		}
	}
	return logs
}

func addStashes(want map[string]string, stash map[uint64]string) {
	var updates []uint64
	for u := range stash {
		updates = append(updates, u)
	}
	slices.Sort(updates)
	for i, u := range updates {
		want[fmt.Sprintf("stash@{%d}", len(updates)-1-i)] = stash[u]
	}
}

func TestReftableWorktrees(t *testing.T) {
	l := newTables(t, SHA1)
	id := func(hex string) ID { id, _ := ParseID(hex); return id }
	table := func(refs ...writtenRef) []byte {
		w := tableWriter{version: 1, block: 4096, every: 16}
		return w.write(refs, nil)
	}
	l.stack("", table(writtenRef{name: "HEAD", kind: 3, target: "refs/heads/main"}, writtenRef{name: "refs/heads/main", kind: 1, id: id(hexA)},
		writtenRef{name: "refs/bisect/bad", kind: 1, id: id(hexC)}))
	l.write("worktrees/w/HEAD", "ref: refs/heads/.invalid\n")
	l.write("worktrees/w/commondir", "../..\n")
	l.write("worktrees/w/gitdir", l.path("../w/.git")+"\n")
	l.write("../w/.git", "gitdir: "+l.path("worktrees/w")+"\n")
	l.stack("worktrees/w/", table(writtenRef{name: "HEAD", kind: 1, id: id(hexB)}, writtenRef{name: "refs/worktree/x", kind: 1, id: id(hexB)}))

	r := mustOpen(t, l.dir, Options{})
	compareMaps(t, "ref", refMap(r), map[string]string{"HEAD": hexA, "refs/heads/main": hexA, "refs/bisect/bad": hexC,
		"worktrees/w/HEAD": hexB, "worktrees/w/refs/worktree/x": hexB})
	noProblems(t, r)
	r = mustOpen(t, l.path("../w"), Options{})
	compareMaps(t, "ref", refMap(r), map[string]string{"HEAD": hexB, "refs/heads/main": hexA, "main-worktree/refs/bisect/bad": hexC,
		"main-worktree/HEAD": hexA, "refs/worktree/x": hexB})
	noProblems(t, r)
}

func TestReftableDamaged(t *testing.T) {
	id, _ := ParseID(hexA)
	w := tableWriter{version: 1, block: 4096, every: 16}
	good := w.write([]writtenRef{{name: "HEAD", kind: 3, target: "refs/heads/main"}, {name: "refs/heads/main", kind: 1, id: id}}, nil)
	for _, c := range []struct {
		name  string
		build func(l *madeLayout)
		want  string
	}{
		{"no list", func(l *madeLayout) { l.mkdir("reftable") }, "reftable/tables.list: "},
		{"missing table", func(l *madeLayout) { l.write("reftable/tables.list", "gone.ref\n") }, "reftable/gone.ref: "},
		{"table elsewhere", func(l *madeLayout) { l.write("reftable/tables.list", "../../x.ref\n") }, "names no table"},
		{"empty table", func(l *madeLayout) { l.stack("", nil) }, "table is too short"},
		{"cut off", func(l *madeLayout) { l.stack("", good[:len(good)-1]) }, "table has a bad footer"},
		{"flipped bit in the footer", func(l *madeLayout) {
			bad := slices.Clone(good)
			bad[len(bad)-20] ^= 1
			l.stack("", bad)
		}, "table has a bad footer"},
		{"bad record", func(l *madeLayout) {
			bad := slices.Clone(good)
			bad[28] = 9 // a prefix of nothing
			l.stack("", bad)
		}, "table has a bad record"},
		{"SHA-256 table", func(l *madeLayout) {
			w := tableWriter{format: SHA256, version: 2, every: 1}
			l.stack("", w.write(nil, nil))
		}, "of another object format"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newTables(t, SHA1)
			c.build(l)
			r := mustOpen(t, l.dir, Options{})
			if got := strings.Join(problemList(r), "; "); !strings.Contains(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func FuzzReftable(f *testing.F) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for _, format := range []Format{SHA1, SHA256} {
		w := tableWriter{format: format, version: byte(1 + format), block: 512, every: 4}
		f.Add(w.write(randomRefs(rnd, format, 0, map[string]string{}), randomLogs(rnd, format, 0, map[uint64]string{}, map[string]bool{})), format == SHA256)
	}
	f.Fuzz(func(t *testing.T, data []byte, sha256 bool) {
		format := SHA1
		if sha256 {
			format = SHA256
		}
		// The checksum is made right, so that mutations get behind it.
		if n := len(data); n > 100 {
			footer := 68
			if data[4] == 2 {
				footer = 72
			}
			copy(data[n-footer:], data[:footer-44])
			binary.BigEndian.PutUint32(data[n-4:], crc32.ChecksumIEEE(data[n-footer:n-4]))
		}
		table, err := openTable(data, format)
		if err != nil {
			return
		}
		visited := 0
		errRefs := table.eachRef(func(r tableRef) { visited++ })
		errLogs := table.eachLog(func(l tableLog) { visited++ })
		if visited > 1100*len(data) {
			t.Errorf("%d records in %d bytes (%v, %v)", visited, len(data), errRefs, errLogs)
		}
	})
}
