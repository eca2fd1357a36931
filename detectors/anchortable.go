package detectors

import "mudlark/rules"

// An anchorTable numbers anchors, and the byte sets that they are made of: the latter are few.
type anchorTable struct {
	sets []rules.ByteSet
	list []mark

	// For looking up; made when the first anchor is added.
	setIDs map[rules.ByteSet]int32
	ids    map[string]int // by key
}

// A mark is an anchor with its sets by number.
type mark struct {
	sets    []int32
	windows windows // as in anchor
	core    core
}

// intern returns the number of an anchor. Anchors of the same sets are the same.
func (t *anchorTable) intern(a *anchor) int {
	if t.ids == nil {
		t.prepare()
	}
	sets := make([]int32, len(a.sets))
	for i, s := range a.sets {
		id, ok := t.setIDs[s]
		if !ok {
			id = int32(len(t.sets))
			t.setIDs[s] = id
			t.sets = append(t.sets, s)
		}
		sets[i] = id
	}
	key := keyOf(sets)
	id, ok := t.ids[key]
	if !ok {
		id = len(t.list)
		t.ids[key] = id
		t.list = append(t.list, mark{sets: sets, windows: a.windows, core: a.core})
	}
	return id
}

// prepare makes the maps for what the table holds already.
func (t *anchorTable) prepare() {
	t.setIDs = make(map[rules.ByteSet]int32, len(t.sets))
	for i, s := range t.sets {
		t.setIDs[s] = int32(i)
	}
	t.ids = make(map[string]int, len(t.list))
	for i := range t.list {
		t.ids[keyOf(t.list[i].sets)] = i
	}
}

// keyOf returns what tells the sets of an anchor from those of others.
func keyOf(sets []int32) string {
	b := make([]byte, 0, 3*len(sets))
	for _, s := range sets {
		b = append(b, byte(s), byte(s>>8), byte(s>>16))
	}
	return string(b)
}
