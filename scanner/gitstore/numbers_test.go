package gitstore

import "testing"

func TestNumbersNameEveryObjectOnce(t *testing.T) {
	t.Parallel()
	for _, f := range []Format{SHA1, SHA256} {
		t.Run(f.String(), func(t *testing.T) { testNumbers(t, f) })
	}
}

func testNumbers(t *testing.T, f Format) {
	r := newObjectRepo(t, f)
	r.fill(1, "one", 30)
	r.git(nil, "repack", "-q", "-d")
	r.fill(2, "two", 10)
	r.git(nil, "repack", "-q", "-d") // a second pack
	r.fill(3, "three", 3)            // and loose objects
	store, err := OpenObjects(r.objects(), nil, f, ObjectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	n := store.Numbers()
	packed := n.Len()
	seen := map[uint32]ID{}
	err = store.All(func(id ID) bool {
		number := n.NumberOf(id)
		if other, ok := seen[number]; ok {
			t.Fatalf("%s and %s have the number %d", id, other, number)
		}
		seen[number] = id
		if n.ID(number) != id || n.NumberOf(id) != number {
			t.Fatalf("number %d of %s is that of %s", number, id, n.ID(number))
		}
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	if packed < 100 || len(seen) != n.Len() || n.Len() <= packed {
		t.Errorf("%d numbers for %d packed objects and %d in all", n.Len(), packed, len(seen))
	}
	absent := mustID(make([]byte, f.Size()))
	if got := n.NumberOf(absent); int(got) != len(seen) || n.ID(got) != absent {
		t.Errorf("an absent object has the number %d", got)
	}
}
