package rules

import (
	"crypto/sha256"
	_ "embed"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"strings"
	"sync"

	"mudlark/internal/packed"
)

// builtinPacked holds the built-in rules as they are after parsing, and what package detectors needs to start: reading the TOML files
// takes ten times as long, and a hook starts the program at every commit. It begins with the digest of what it was made from. An empty
// file, or one that was made from other TOML files, is as good as none.
//
//go:generate go run ./internal/pack
//go:embed builtin.packed
var builtinPacked string

// packedRules is what stands in the file behind the digest.
type packedRules struct {
	Rules   []Rule
	Digests string // of each rule, as Hash wants them, one after another
	Index   string // of package detectors
}

var packedFormat = packed.NewFormat((*Literal)(nil), (*Run)(nil), (*Seq)(nil), (*Alt)(nil), (*Repeat)(nil))

// A packedSet is a packed file that was read. It does not change.
type packedSet struct {
	rules   []*Rule
	digests string
	index   string
}

// packedBuiltin returns what the packed file holds; nil if it is not that of the TOML files.
var packedBuiltin = sync.OnceValue(func() *packedSet {
	digest, err := builtinDigest()
	if err != nil {
		return nil
	}
	set, err := unpack(builtinPacked, digest)
	if err != nil {
		return nil
	}
	return set
})

// Pack returns the content of the packed file for the built-in rules, with the index that package detectors made for them.
func Pack(set []*Rule, index string) ([]byte, error) {
	digest, err := builtinDigest()
	if err != nil {
		return nil, err
	}
	p := packedRules{Index: index}
	var digests []byte
	for _, r := range set {
		p.Rules = append(p.Rules, *r)
		d := digestOf(r)
		digests = append(digests, d[:]...)
	}
	p.Digests = string(digests)
	out, err := packedFormat.Append([]byte(digest), p)
	if err != nil {
		return nil, fmt.Errorf("pack the built-in rules: %w", err)
	}
	return out, nil
}

// unpack undoes Pack.
func unpack(data, digest string) (*packedSet, error) {
	data, ok := strings.CutPrefix(data, digest)
	if !ok {
		return nil, fmt.Errorf("the packed rules are not those of the TOML files; make them with: go generate ./rules")
	}
	var p packedRules
	if err := packedFormat.Read(data, &p); err != nil {
		return nil, err
	}
	if len(p.Digests) != len(p.Rules)*sha256.Size {
		return nil, packed.ErrDamaged
	}
	set := &packedSet{digests: p.Digests, index: p.Index, rules: make([]*Rule, len(p.Rules))}
	for i := range p.Rules {
		set.rules[i] = &p.Rules[i]
	}
	return set, nil
}

// builtinDigest returns the digest of the TOML files and of the shape of what is made from them. Processors compute these two sums ten
// times as fast as a cryptographic one, and nobody gains anything from files that have the same.
func builtinDigest() (string, error) {
	files, err := catalogueFiles()
	if err != nil {
		return "", err
	}
	castagnoli, ieee := crc32.New(crc32.MakeTable(crc32.Castagnoli)), crc32.NewIEEE()
	h := io.MultiWriter(castagnoli, ieee)
	io.WriteString(h, packedFormat.Shape(packedRules{}))
	buffer := make([]byte, 64<<10)
	for _, name := range files {
		if err := digestFile(h, name, buffer); err != nil {
			return "", fmt.Errorf("read the built-in rules: %w", err)
		}
	}
	return string(ieee.Sum(castagnoli.Sum(nil))), nil
}

func digestFile(h io.Writer, name string, buffer []byte) error {
	f, err := catalogue.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	fmt.Fprintf(h, "\x00%s\x00%d\x00", name, info.Size())
	_, err = io.CopyBuffer(h, struct{ io.Reader }{f}, buffer)
	return err
}

// catalogueFiles returns the names of the TOML files, sorted.
func catalogueFiles() ([]string, error) {
	files, err := fs.Glob(catalogue, "*.toml")
	if err != nil {
		return nil, fmt.Errorf("list the built-in rules: %w", err)
	}
	return files, nil
}

// Packed returns the index that package detectors made for the built-in rules, if set begins with them as Builtin read them from the
// packed file, and their number; 0 if it does not.
func Packed(set []*Rule) (index string, n int) {
	p := packedIn(set)
	if p == nil {
		return "", 0
	}
	return p.index, len(p.rules)
}

// packedIn returns the packed rules if set begins with them.
func packedIn(set []*Rule) *packedSet {
	if len(set) == 0 {
		return nil
	}
	p := packedBuiltin()
	if p == nil || len(p.rules) == 0 || len(set) < len(p.rules) {
		return nil
	}
	for i, r := range p.rules {
		if set[i] != r {
			return nil
		}
	}
	return p
}
