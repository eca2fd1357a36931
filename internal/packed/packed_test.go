package packed

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

type node interface{ isNode() }

type leaf struct {
	Text []byte
	Set  [4]uint64
}

type branch struct{ Nodes []node }

func (*leaf) isNode()   {}
func (*branch) isNode() {}

type tree struct {
	Name    string
	Numbers []int32
	Words   []string
	Share   float64
	Count   int
	Yes     bool
	Args    map[string]string
	Next    *tree
	List    []tree
	Root    node
	Lists   [][]string
}

func format() *Format { return NewFormat((*leaf)(nil), (*branch)(nil)) }

func sample() tree {
	return tree{
		Name: "a", Numbers: []int32{0, -1, 1 << 30, -1 << 31}, Words: []string{"", "word", strings.Repeat("long", 100)}, Share: -0.25,
		Count: -1 << 40, Yes: true, Args: map[string]string{"k": "v", "": ""}, Next: &tree{Words: []string{}, List: []tree{}},
		List:  []tree{{}, {Name: "b"}},
		Root:  &branch{[]node{&leaf{Text: []byte{0, 0xff}, Set: [4]uint64{1, 0, 1 << 63, ^uint64(0)}}, &branch{}}},
		Lists: [][]string{nil, {"x"}}[1:],
	}
}

func TestWhatIsReadIsWhatWasWritten(t *testing.T) {
	data, err := format().Append([]byte("before"), sample())
	if err != nil {
		t.Fatal(err)
	}
	again, err := format().Append([]byte("before"), sample())
	if err != nil || string(again) != string(data) {
		t.Errorf("the same value is written in two ways: %v", err)
	}
	var got tree
	if err := format().Read(string(data[len("before"):]), &got); err != nil {
		t.Fatal(err)
	}
	if want := sample(); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestWhatIsCutOffOrTooLongIsDamaged(t *testing.T) {
	data, err := format().Append(nil, sample())
	if err != nil {
		t.Fatal(err)
	}
	for n := range data {
		if err := format().Read(string(data[:n]), new(tree)); !errors.Is(err, ErrDamaged) {
			t.Fatalf("%d of %d bytes: %v", n, len(data), err)
		}
	}
	if err := format().Read(string(data)+"x", new(tree)); !errors.Is(err, ErrDamaged) {
		t.Errorf("a byte too many: %v", err)
	}
}

func TestWhatCannotBeWritten(t *testing.T) {
	type hidden struct{ a int }
	for name, v := range map[string]any{
		"a hidden field":       hidden{1},
		"a channel":            make(chan int),
		"an unknown kind":      struct{ N node }{unknownNode{}},
		"nothing in a list":    []*leaf{nil},
		"a map without texts":  map[int]string{1: ""},
		"no node in a list":    []node{nil},
		"a number of no width": struct{ N complex64 }{1},
	} {
		if _, err := format().Append(nil, v); err == nil {
			t.Errorf("%s was written", name)
		}
	}
}

type unknownNode struct{}

func (unknownNode) isNode() {}

func TestShapeTellsTypesApart(t *testing.T) {
	f := format()
	shapes := map[string]bool{}
	for _, v := range []any{
		struct{ A, B int }{}, struct{ A, C int }{}, struct{ A int }{}, struct{ A []int }{}, struct{ A struct{ B int } }{}, struct{ A struct{ C int } }{}, tree{},
	} {
		shapes[f.Shape(v)] = true
	}
	if len(shapes) != 7 {
		t.Errorf("7 types have %d shapes", len(shapes))
	}
	if f.Shape(tree{}) == NewFormat((*leaf)(nil)).Shape(tree{}) {
		t.Error("the kinds behind interfaces do not count")
	}
}

func FuzzRead(f *testing.F) {
	data, err := format().Append(nil, sample())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(data))
	f.Add(strings.Repeat("\x80\x02", 300)) // trees within trees
	f.Add("\x02\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")
	f.Fuzz(func(t *testing.T, data string) {
		var got tree
		if err := format().Read(data, &got); err != nil {
			return
		}
		out, err := format().Append(nil, got)
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		var again tree
		if err := format().Read(string(out), &again); err != nil {
			t.Fatalf("what was written again cannot be read: %v", err)
		}
		second, err := format().Append(nil, again)
		if err != nil || string(second) != string(out) {
			t.Fatalf("written twice it differs: %q, %q, %v", out, second, err)
		}
	})
}
