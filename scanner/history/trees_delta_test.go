package history

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"mudlark/scanner/gitstore"
)

// treeText returns a tree with the given entries: numbers, of which every fifth is a folder's, and object names.
func treeText(entries map[int]string) []byte {
	var list []int
	for n := range entries {
		list = append(list, n)
	}
	name := func(n int) []byte { return fmt.Appendf(nil, "n%d", n) }
	slices.SortFunc(list, func(a, b int) int { return compareNames(name(a), a%5 == 0, name(b), b%5 == 0) })
	var out []byte
	for _, n := range list {
		mode := "100644"
		if n%5 == 0 {
			mode = "40000"
		}
		out = fmt.Appendf(out, "%s n%d\x00%s", mode, n, entries[n])
	}
	return out
}

// objectName returns an object name that may look like an entry, as a hostile pack's could.
func objectName(rnd *rand.Rand) string {
	id := fmt.Sprintf("100644 n%d\x00", 1+5*rnd.IntN(6))
	for len(id) < 20 {
		id += string(rune('a' + rnd.IntN(3)))
	}
	return id
}

// misread returns an entry that a reader would see in tree who begins in the middle of one.
func misread(rnd *rand.Rand, tree []byte) (n int, id string, ok bool) {
	for range 20 {
		if len(tree) < 40 {
			return 0, "", false
		}
		at := rnd.IntN(len(tree) - 39)
		_, name, raw, size := gitstore.SplitTreeEntry(tree[at:], 20)
		if size == 0 || tree[at] != '1' || at > 0 && tree[at-1] != 0 {
			continue
		}
		if _, err := fmt.Sscanf(string(name), "n%d", &n); err == nil && n%5 != 0 {
			return n, string(raw), true
		}
	}
	return 0, "", false
}

// randomRuns returns true statements about what two texts have in common, wherever their entries begin.
func randomRuns(rnd *rand.Rand, base, target []byte) []gitstore.Run {
	runs := []gitstore.Run{}
	for at := 0; at < len(target) && len(base) > 0; {
		from := rnd.IntN(len(base))
		if i := bytes.Index(base[from:], target[at:min(at+rnd.IntN(30), len(target))]); i >= 0 {
			from += i
		}
		n := 0
		for limit := 1 + rnd.IntN(200); n < limit && at+n < len(target) && from+n < len(base) && target[at+n] == base[from+n]; {
			n++
		}
		if n > 0 && rnd.IntN(4) > 0 {
			if last := len(runs) - 1; last < 0 || runs[last].TargetStart+runs[last].Len < at || runs[last].BaseStart+runs[last].Len != from {
				runs = append(runs, gitstore.Run{TargetStart: at, BaseStart: from, Len: n})
			}
		}
		at += max(n, rnd.IntN(2))
	}
	return runs
}

// entriesOf lists what the record of a tree comes to.
func entriesOf(t *Trees, tree uint32) map[string]string {
	out := map[string]string{}
	t.each(tree, &keyMarks{}, func(c *treeChange) {
		out[t.keys.list[c.key]] = fmt.Sprintf("%o %s", c.kind.mode(), t.numbers.ID(c.object))
	})
	return out
}

func namesOf(tree []byte) map[string]string {
	out := map[string]string{}
	for it := gitstore.NewTreeIter(tree, gitstore.SHA1); it.Next(); {
		name := string(it.Name)
		if isDir(it.Mode) {
			name += "/"
		}
		out[name] = fmt.Sprintf("%o %s", canonicalMode(it.Mode), it.ID)
	}
	return out
}

// Whatever a delta copies from where, a tree's record comes to what the tree holds.
func TestRecordsDoNotDependOnTheDelta(t *testing.T) {
	t.Parallel()
	repo, _ := newGitDir(t).load()
	for seed := range uint64(400) {
		rnd := rand.New(rand.NewPCG(seed, 12))
		trees := &Trees{format: gitstore.SHA1, numbers: repo.Objects.Numbers(), limit: 1 << 30, later: map[uint32]uint32{}}
		trees.keys.ids = map[string]uint32{}
		r := trees.newReader()
		entries := map[int]string{}
		var base []byte
		var parent any
		for i := range 8 {
			for range rnd.IntN(6) {
				entries[rnd.IntN(30)] = objectName(rnd)
			}
			if n, id, ok := misread(rnd, base); ok {
				entries[n] = id
			}
			for n := range entries {
				if rnd.IntN(15) == 0 {
					delete(entries, n)
				}
			}
			data := treeText(entries)
			id, _ := gitstore.IDFromBytes([]byte(fmt.Sprintf("%020d", i)))
			v := &gitstore.Visit{ID: id, Data: data}
			if parent != nil {
				v.Parent, v.BaseData, v.Runs = parent, base, randomRuns(rnd, base, data)
			}
			if parent = r.visit(v); parent == nil {
				t.Fatalf("seed %d: a tree is called odd", seed)
			}
			base = data
			got, want := entriesOf(trees, trees.numbers.Number(id.AppendBytes(nil))), namesOf(data)
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Fatalf("seed %d: record of tree %d comes to\n%v, want\n%v", seed, i, got, want)
			}
		}
	}
}

// Trees that Git would not write are left to a comparison that knows how to deal with them.
func TestOddTrees(t *testing.T) {
	t.Parallel()
	repo, _ := newGitDir(t).load()
	id := "0123456789abcdefghij"
	for name, tree := range map[string]string{
		"wrong order":    "100644 b\x00" + id + "100644 a\x00" + id,
		"a name twice":   "100644 a\x00" + id + "100644 a\x00" + id,
		"cut short":      "100644 a\x00" + id[:7],
		"no name":        "100644 \x00" + id,
		"a path":         "100644 a/b\x00" + id,
		"no object":      "100644 a\x00" + string(make([]byte, 20)),
		"folder as file": "40000 a\x00" + id + "100644 a\x00" + id,
	} {
		trees := &Trees{format: gitstore.SHA1, numbers: repo.Objects.Numbers(), limit: 1 << 30, later: map[uint32]uint32{}}
		trees.keys.ids = map[string]uint32{}
		own, _ := gitstore.IDFromBytes([]byte(id))
		trees.newReader().visit(&gitstore.Visit{ID: own, Data: []byte(tree)})
		if !trees.Odd() {
			t.Errorf("%s: is taken for a sound tree", name)
		}
	}
}
