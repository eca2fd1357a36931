// Command grams measures how common sequences of four bytes are in source text, and writes those that are to a file for the prefilter:
//
//	go run ./detectors/internal/grams -o detectors/grams.bin DIR EXT[,EXT...] [DIR EXT...]
//
// Each pair of a folder and endings of file names is one kind of text, of which at most 16 MB are read; all kinds count the same.
package main

import (
	"cmp"
	"encoding/binary"
	"flag"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const (
	maxText = 16 << 20
	maxFile = 400 << 10
	rarest  = 1.0 / 400000 // the share of the rarest gram that is written
	fold    = 0x20202020   // as in the prefilter
)

func main() {
	out := flag.String("o", "grams.bin", "write to this `file`")
	flag.Parse()
	if err := run(*out, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "grams:", err)
		os.Exit(1)
	}
}

func run(out string, kinds []string) error {
	if len(kinds) == 0 || len(kinds)%2 != 0 {
		return fmt.Errorf("give pairs of a folder and endings, such as /usr/include .h")
	}
	shares := map[uint32]float64{}
	for pair := range slices.Chunk(kinds, 2) {
		text, err := read(pair[0], strings.Split(pair[1], ","))
		if err != nil {
			return err
		}
		if len(text) < 4 {
			return fmt.Errorf("%s has no files that end in %s", pair[0], pair[1])
		}
		for i := 0; i+4 <= len(text); i++ {
			shares[binary.LittleEndian.Uint32(text[i:])|fold] += 1 / float64(len(text)-3)
		}
	}
	return write(out, shares, float64(len(kinds)/2))
}

func read(dir string, endings []string) ([]byte, error) {
	var text []byte
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || !slices.ContainsFunc(endings, func(e string) bool { return strings.HasSuffix(path, e) }) {
			return err
		}
		data, err := os.ReadFile(path)
		if err == nil && len(data) <= maxFile {
			text = append(text, data...)
		}
		if len(text) > maxText {
			return filepath.SkipAll
		}
		return err
	})
	return text, err
}

// write writes the common grams, ascending, five bytes each: the gram in little-endian order, and the negative binary logarithm of its
// share in eighths.
func write(out string, shares map[uint32]float64, kinds float64) error {
	var list []uint32
	for g, s := range shares {
		if s/kinds >= rarest {
			list = append(list, g)
		}
	}
	slices.SortFunc(list, cmp.Compare[uint32])
	var b []byte
	for _, g := range list {
		b = binary.LittleEndian.AppendUint32(b, g)
		b = append(b, byte(math.Round(-8*math.Log2(shares[g]/kinds))))
	}
	return os.WriteFile(out, b, 0o666)
}
