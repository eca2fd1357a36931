package rules

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

func TestPackedRulesAreThoseOfTheFiles(t *testing.T) {
	parsed, err := ParseBuiltin(Vocabulary{})
	if err != nil {
		t.Fatal(err)
	}
	data, err := Pack(parsed, "the index")
	if err != nil {
		t.Fatal(err)
	}
	digest, err := builtinDigest()
	if err != nil {
		t.Fatal(err)
	}
	set, err := unpack(string(data), digest)
	if err != nil {
		t.Fatal(err)
	}
	if set.index != "the index" || len(set.rules) != len(parsed) {
		t.Fatalf("index %q, %d rules of %d", set.index, len(set.rules), len(parsed))
	}
	for i, r := range set.rules {
		if !reflect.DeepEqual(r, parsed[i]) {
			t.Errorf("rule %s:\ngot  %+v\nwant %+v", parsed[i].ID, r, parsed[i])
		}
		if d := digestOf(r); set.digests[i*len(d):(i+1)*len(d)] != string(d[:]) {
			t.Errorf("rule %s has another digest", r.ID)
		}
	}
	if _, err := unpack(string(data), digest[1:]+"x"); err == nil {
		t.Error("a file of other rules is read")
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 30 {
		if n := rnd.IntN(len(data)); n > 0 {
			if _, err := unpack(string(data[:n]), digest); err == nil {
				t.Errorf("%d of %d bytes are read", n, len(data))
			}
		}
	}
}

func TestHashOfSharedRulesIsThatOfParsedOnes(t *testing.T) {
	parsed, err := ParseBuiltin(Vocabulary{})
	if err != nil {
		t.Fatal(err)
	}
	builtin, err := Builtin(Vocabulary{})
	if err != nil {
		t.Fatal(err)
	}
	own, err := Parse("f.toml", []byte(hashed1), Vocabulary{})
	if err != nil {
		t.Fatal(err)
	}
	whole := Hash(slices.Concat(parsed, own))
	if Hash(slices.Concat(builtin, own)) != whole || Hash(slices.Concat(own, builtin)) != whole {
		t.Error("the hash depends on where the rules were read from, or on their order")
	}
	if whole == Hash(builtin) || Hash(builtin[1:]) == Hash(builtin) {
		t.Error("the hash does not see a rule more or less")
	}
}

func FuzzUnpack(f *testing.F) {
	set, err := Parse("f.toml", []byte(hashed1), Vocabulary{})
	if err != nil {
		f.Fatal(err)
	}
	data, err := Pack(set, "index")
	if err != nil {
		f.Fatal(err)
	}
	digest, err := builtinDigest()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(data[len(digest):]))
	f.Fuzz(func(t *testing.T, data string) {
		set, err := unpack(digest+data, digest)
		if err != nil {
			return
		}
		if len(set.digests) != 32*len(set.rules) {
			t.Errorf("%d rules, %d bytes of digests", len(set.rules), len(set.digests))
		}
	})
}
