package gitstore

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// objectRepo is a bare repository made by git for tests.
type objectRepo struct {
	t      *testing.T
	dir    string
	format Format
}

func newObjectRepo(t *testing.T, f Format) *objectRepo {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Fatal("the tests need git in $PATH")
	}
	r := &objectRepo{t: t, dir: t.TempDir(), format: f}
	r.git(nil, "init", "-q", "--bare", "--object-format="+f.String(), ".")
	return r
}

func (r *objectRepo) objects() string { return filepath.Join(r.dir, "objects") }

// git runs git in the repository, without any configuration but its own.
func (r *objectRepo) git(stdin []byte, args ...string) []byte {
	r.t.Helper()
	cmd := exec.CommandContext(r.t.Context(), "git", args...)
	cmd.Dir = r.dir
	cmd.Stdin = bytes.NewReader(stdin)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull, "HOME="+r.dir,
		"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=core.fsync", "GIT_CONFIG_VALUE_0=none")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		r.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, stderr.Bytes())
	}
	return out
}

// fill adds random history to a branch: files that change a little, among them empty, binary and long ones, and tags.
func (r *objectRepo) fill(seed uint64, branch string, commits int) {
	r.t.Helper()
	rnd := rand.New(rand.NewPCG(seed, 1))
	files := make([][]byte, 6)
	for i := range files {
		files[i] = randomText(rnd, rnd.IntN(20000))
	}
	var s bytes.Buffer
	for n := range commits {
		fmt.Fprintf(&s, "commit refs/heads/%s\nmark :%d\ncommitter A <a@example.org> %d +0130\ndata 3\nm%02d\n", branch, n+1, 1700000000+n, n%100)
		for range 1 + rnd.IntN(3) {
			i := rnd.IntN(len(files))
			files[i] = edit(rnd, files[i])
			fmt.Fprintf(&s, "M 100644 inline d%d/f%d\ndata %d\n%s\n", i%3, i, len(files[i]), files[i])
		}
	}
	fmt.Fprintf(&s, "tag %s-end\nfrom :%d\ntagger A <a@example.org> 1700000000 -0800\ndata 2\nhi\n", branch, commits)
	r.git(s.Bytes(), "-c", "fastimport.unpackLimit=100000", "fast-import", "--quiet", "--force")
}

func randomText(rnd *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(' ' + rnd.IntN(60))
		if i%40 == 39 {
			b[i] = '\n'
		}
	}
	return b
}

func edit(rnd *rand.Rand, b []byte) []byte {
	at := rnd.IntN(len(b) + 1)
	end := min(len(b), at+rnd.IntN(30))
	switch rnd.IntN(12) {
	case 0:
		return nil
	case 1:
		return append(bytes.Clone(b), b...)[:min(2*len(b), 150000)]
	}
	return slices.Concat(b[:at], randomText(rnd, rnd.IntN(60)), b[end:])
}

// gitObject is an object as git itself reads it.
type gitObject struct {
	typ  Type
	data []byte
}

// all reads all objects by git cat-file.
func (r *objectRepo) all() map[ID]gitObject {
	r.t.Helper()
	in := bufio.NewReader(bytes.NewReader(r.git(nil, "cat-file", "--batch", "--batch-all-objects")))
	all := map[ID]gitObject{}
	for {
		line, err := in.ReadString('\n')
		if err == io.EOF {
			return all
		}
		var name, typ string
		var size int
		if _, err := fmt.Sscan(line, &name, &typ, &size); err != nil {
			r.t.Fatalf("cat-file: %q: %v", line, err)
		}
		data := make([]byte, size+1)
		if _, err := io.ReadFull(in, data); err != nil {
			r.t.Fatal(err)
		}
		id, err := ParseID(name)
		if err != nil {
			r.t.Fatal(err)
		}
		kind, _ := parseType([]byte(typ))
		all[id] = gitObject{kind, data[:size]}
	}
}

func (r *objectRepo) open(o ObjectOptions, alternates ...string) *Objects {
	r.t.Helper()
	s, err := OpenObjects(r.objects(), alternates, r.format, o)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() {
		if err := s.Close(); err != nil {
			r.t.Error(err)
		}
	})
	return s
}

// checkAll compares everything that s reads with want, in several orders and with several sizes of cache.
func checkAll(t *testing.T, s *Objects, want map[ID]gitObject) {
	t.Helper()
	var ids []ID
	if err := s.All(func(id ID) bool { ids = append(ids, id); return true }); err != nil {
		t.Fatal(err)
	}
	if len(ids) != len(want) || !slices.IsSortedFunc(ids, ID.Compare) {
		t.Errorf("All yields %d names, want %d in order", len(ids), len(want))
	}
	for id := range want {
		if !s.Has(id) {
			t.Errorf("Has(%s) = false", id)
		}
	}
	for _, cache := range []int64{0, 10 << 10, 64 << 20} {
		r := s.NewReader(cache)
		checkObjects(t, r, ids, want)
		ordered := slices.Clone(ids)
		s.Order(ordered)
		checkObjects(t, r, ordered, want)
		slices.SortFunc(ordered, ID.Compare)
		if !slices.Equal(ids, ordered) {
			t.Error("Order changes the set of names")
		}
	}
}

func checkObjects(t *testing.T, r *Reader, ids []ID, want map[ID]gitObject) {
	t.Helper()
	for _, id := range ids {
		o := want[id]
		if typ, size, err := r.Header(id); err != nil || typ != o.typ || size != int64(len(o.data)) {
			t.Fatalf("Header(%s) = %v, %d, %v; want %v, %d", id, typ, size, err, o.typ, len(o.data))
		}
		if typ, data, err := r.Read(id); err != nil || typ != o.typ || !bytes.Equal(data, o.data) {
			t.Fatalf("Read(%s) = %v, %d bytes, %v; want %v, %d bytes", id, typ, len(data), err, o.typ, len(o.data))
		}
	}
}

// TestObjectsAgainstGit reads repositories that git has packed in all its ways, and compares every object.
func TestObjectsAgainstGit(t *testing.T) {
	repack := func(args ...string) func(*objectRepo) {
		return func(r *objectRepo) {
			r.fill(2, "main", 40)
			r.git(nil, append(strings.Fields("-c pack.threads=1"), args...)...)
		}
	}
	tests := []struct {
		name  string
		brief bool // whether SHA-1 is enough
		make  func(*objectRepo)
	}{
		{"empty", false, func(*objectRepo) {}},
		{"loose", false, func(r *objectRepo) { r.fill(1, "main", 30) }},
		{"packed", false, repack("repack", "-adfq")},
		{"deep", true, repack("repack", "-adfq", "--window=30", "--depth=250")},
		{"no deltas", true, repack("repack", "-adfq", "--depth=0")},
		{"uncompressed", true, repack("-c", "core.compression=0", "repack", "-adFq")},
		{"ref deltas", false, repack("-c", "repack.useDeltaBaseOffset=false", "repack", "-adfq")},
		{"index version 1", false, repack("-c", "pack.indexVersion=1", "repack", "-adfq")},
		{"several packs and loose", true, func(r *objectRepo) {
			for i := range 4 {
				r.fill(uint64(i), fmt.Sprint("b", i), 15)
				if i < 3 {
					r.git(nil, "repack", "-dq")
				}
			}
		}},
		{"multi-pack-index", false, makeMidx},
		{"multi-pack-index and newer", true, func(r *objectRepo) {
			makeMidx(r)
			r.fill(9, "more", 10)
			r.git(nil, "repack", "-dq")
			r.fill(10, "loose", 10)
		}},
		{"large offsets", false, func(r *objectRepo) {
			repack("repack", "-adfq")(r)
			r.reindex("--index-version=2,0x100")
		}},
		{"large offsets in multi-pack-index", true, func(r *objectRepo) {
			repack("repack", "-adfq")(r)
			r.reindex("--index-version=2,0x100")
			r.git(nil, "multi-pack-index", "write")
		}},
		{"completed thin pack", false, makeThin},
	}
	for _, f := range []Format{SHA1, SHA256} {
		for _, test := range tests {
			if test.brief && f != SHA1 {
				continue
			}
			t.Run(f.String()+"/"+test.name, func(t *testing.T) {
				t.Parallel()
				r := newObjectRepo(t, f)
				test.make(r)
				s := r.open(ObjectOptions{VerifyHash: true})
				checkAll(t, s, r.all())
				if p := s.Problems(); len(p) != 0 {
					t.Errorf("problems: %v", p)
				}
			})
		}
	}
}

// makeMidx makes three packs with a multi-pack-index and a bitmap.
func makeMidx(r *objectRepo) {
	for i := range 3 {
		r.fill(uint64(i), fmt.Sprint("b", i), 10)
		r.git(nil, "repack", "-dq")
	}
	r.git(nil, "multi-pack-index", "write", "--bitmap")
}

// reindex writes the indexes of all packs again.
func (r *objectRepo) reindex(option string) {
	for _, pack := range r.packs() {
		idx := strings.TrimSuffix(pack, ".pack") + ".idx"
		if err := os.Remove(idx); err != nil {
			r.t.Fatal(err)
		}
		r.git(nil, "index-pack", option, "-o", idx, pack)
	}
}

func (r *objectRepo) packs() []string {
	r.t.Helper()
	packs, err := filepath.Glob(filepath.Join(r.objects(), "pack", "*.pack"))
	if err != nil {
		r.t.Fatal(err)
	}
	return packs
}

// makeThin makes a pack of deltas against bases elsewhere, which index-pack appends.
func makeThin(r *objectRepo) {
	r.fill(3, "main", 40)
	r.git(nil, "repack", "-adfq")
	thin := r.git([]byte("main\n^main~20\n"), "pack-objects", "--revs", "--thin", "--stdout", "-q")
	r.git(thin, "index-pack", "--fix-thin", "--stdin")
	if n := len(r.packs()); n != 2 {
		r.t.Fatalf("%d packs", n)
	}
}

func TestAlternates(t *testing.T) {
	stores := make([]*objectRepo, 9)
	for i := range stores {
		stores[i] = newObjectRepo(t, SHA1)
		stores[i].fill(uint64(100+i), fmt.Sprint("b", i), 5)
		if i%2 == 1 {
			stores[i].git(nil, "repack", "-adq")
		}
	}
	link := func(from, to int, relative bool) {
		line := stores[to].objects()
		if relative {
			line, _ = filepath.Rel(stores[from].objects(), line)
		}
		if to == 2 {
			line = `"` + strings.ReplaceAll(line, "/", `\057`) + `"`
		}
		text := "# a comment\n\n" + line + "\n"
		if to == 3 { // a cycle, twice the same, and one that is not there
			text += stores[0].objects() + "\n" + line + "\n/does/not/exist\n"
		}
		if err := os.WriteFile(filepath.Join(stores[from].objects(), "info", "alternates"), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 8 {
		link(i, i+1, i%2 == 0)
	}
	s := stores[0].open(ObjectOptions{})
	for i, r := range stores {
		tip := headID(t, r, fmt.Sprint("b", i))
		if got, want := s.Has(tip), i <= 6; got != want {
			t.Errorf("store %d is found: %v, want %v", i, got, want)
		}
	}
	var classes []Class
	for _, p := range s.Problems() {
		classes = append(classes, p.Class)
	}
	slices.Sort(classes)
	if want := []Class{Limit, Missing}; !slices.Equal(classes, want) {
		t.Errorf("problems %v, want one of each of %v", s.Problems(), want)
	}
	extra := stores[8].open(ObjectOptions{}, stores[7].objects())
	if id := headID(t, stores[7], "b7"); !extra.Has(id) {
		t.Error("alternate given by the caller is not read")
	}
	checkAll(t, stores[4].open(ObjectOptions{}), stores[4].all())
}

func headID(t *testing.T, r *objectRepo, rev string) ID {
	t.Helper()
	id, err := ParseID(strings.TrimSpace(string(r.git(nil, "rev-parse", rev))))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// TestRepackWhileReading repacks and prunes under an open store.
func TestRepackWhileReading(t *testing.T) {
	r := newObjectRepo(t, SHA1)
	r.fill(1, "main", 20)
	s := r.open(ObjectOptions{})
	reader := s.NewReader(1 << 20)
	want := r.all()
	for _, args := range [][]string{{"repack", "-dq"}, {"repack", "-adfq", "--depth=3"}, {"multi-pack-index", "write"}, {"repack", "-adFq", "--window=2"}} {
		r.fill(uint64(len(args[1])), "other", 12)
		r.git(nil, args...)
		r.git(nil, "prune-packed", "-q")
		for id, o := range want {
			if _, data, err := reader.Read(id); err != nil || !bytes.Equal(data, o.data) {
				t.Fatalf("after %v: Read(%s): %v", args, id, err)
			}
		}
		now := r.all()
		for id := range now {
			if !s.Has(id) {
				t.Fatalf("after %v: %s is not found", args, id)
			}
		}
		for id := range want {
			if _, ok := now[id]; !ok {
				delete(want, id)
			}
		}
	}
}

func TestMidxDamaged(t *testing.T) {
	gone := func(t *testing.T, r *objectRepo, glob string, n int) {
		files, err := filepath.Glob(filepath.Join(r.objects(), "pack", glob))
		if err != nil || len(files) < n {
			t.Fatalf("%v, %v", files, err)
		}
		for _, f := range files[:n] {
			if err := os.Remove(f); err != nil {
				t.Fatal(err)
			}
		}
	}
	midx := func(r *objectRepo) string { return filepath.Join(r.objects(), "pack", "multi-pack-index") }
	tests := []struct {
		name    string
		damage  func(*testing.T, *objectRepo)
		problem bool
	}{
		{"indexes gone", func(t *testing.T, r *objectRepo) { gone(t, r, "*.idx", 3) }, false},
		{"empty", func(t *testing.T, r *objectRepo) { rewrite(t, midx(r), func([]byte) []byte { return nil }) }, true},
		{"cut short", func(t *testing.T, r *objectRepo) { rewrite(t, midx(r), func(b []byte) []byte { return b[:len(b)/2] }) }, true},
		{"bad signature", func(t *testing.T, r *objectRepo) { rewrite(t, midx(r), func(b []byte) []byte { b[0]++; return b }) }, true},
		{"pack gone whose objects are elsewhere", func(t *testing.T, r *objectRepo) {
			thin := r.git([]byte("b0\nb1\nb2\nb0-end\nb1-end\nb2-end\n"), "pack-objects", "--revs", "--stdout", "-q")
			gone(t, r, "*.pack", 1)
			r.git(thin, "-c", "core.multiPackIndex=false", "index-pack", "--stdin")
		}, true},
	}
	model := newObjectRepo(t, SHA1)
	makeMidx(model)
	want := model.all()
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := &objectRepo{t: t, dir: t.TempDir()}
			if err := os.CopyFS(r.dir, os.DirFS(model.dir)); err != nil {
				t.Fatal(err)
			}
			test.damage(t, r)
			s := r.open(ObjectOptions{})
			checkAll(t, s, want)
			if got := len(s.Problems()) > 0; got != test.problem {
				t.Errorf("problems: %v", s.Problems())
			}
		})
	}
}

// TestMidxChain reads layers of multi-pack-indexes, made by moving whole ones where a chain has them.
func TestMidxChain(t *testing.T) {
	r := newObjectRepo(t, SHA1)
	makeMidx(r)
	want := r.all()
	dir := filepath.Join(r.objects(), "pack")
	data, err := os.ReadFile(filepath.Join(dir, "multi-pack-index"))
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("%x", data[len(data)-20:])
	chain := filepath.Join(dir, "multi-pack-index.d")
	err = errors.Join(os.Mkdir(chain, 0o777),
		os.Rename(filepath.Join(dir, "multi-pack-index"), filepath.Join(chain, "multi-pack-index-"+name+".midx")),
		os.WriteFile(filepath.Join(chain, "multi-pack-index-chain"), []byte(name+"\n"), 0o666))
	if err != nil {
		t.Fatal(err)
	}
	idx, _ := filepath.Glob(filepath.Join(dir, "*.idx"))
	for _, f := range idx {
		if err := os.Remove(f); err != nil {
			t.Fatal(err)
		}
	}
	checkAll(t, r.open(ObjectOptions{}), want)
}

// rewrite changes a file's content.
func rewrite(t *testing.T, path string, change func([]byte) []byte) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err == nil {
		err = errors.Join(os.Remove(path), os.WriteFile(path, change(b), 0o666))
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestAbbrev(t *testing.T) {
	r := newObjectRepo(t, SHA1)
	makeMidx(r)
	r.fill(50, "loose", 20)
	s := r.open(ObjectOptions{})
	want := r.all()
	for id := range want {
		for n := 2; n <= 40; n += 3 {
			prefix := id.String()[:n]
			var names []ID
			for other := range want {
				if strings.HasPrefix(other.String(), prefix) {
					names = append(names, other)
				}
			}
			slices.SortFunc(names, ID.Compare)
			if got, err := s.Abbrev(prefix); err != nil || !slices.Equal(got, names) {
				t.Fatalf("Abbrev(%q) = %v, %v; want %v", prefix, got, err, names)
			}
		}
	}
	for _, bad := range []string{"", "a", "xyz", strings.Repeat("a", 41)} {
		if _, err := s.Abbrev(bad); err == nil {
			t.Errorf("Abbrev(%q) gives no error", bad)
		}
	}
}

// TestReadersAtOnce reads one store from several goroutines; the race detector tells.
func TestReadersAtOnce(t *testing.T) {
	r := newObjectRepo(t, SHA1)
	makeMidx(r)
	r.fill(50, "loose", 20)
	s, want := r.open(ObjectOptions{}), r.all()
	var ids []ID
	for id := range want {
		ids = append(ids, id)
	}
	done := make(chan error)
	for range 4 {
		go func() {
			reader := s.NewReader(64 << 10)
			for _, id := range ids {
				_, data, err := reader.Read(id)
				if err == nil && !bytes.Equal(data, want[id].data) {
					err = errors.New("content differs")
				}
				if err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range 4 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
