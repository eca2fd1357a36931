// Command bigrams measures which characters follow each other in the words of source text, documentation and configuration files, and
// writes it to a file for the test that tells random values from words:
//
//	go run ./detectors/internal/bigrams -o detectors/bigrams.bin DIR EXT[,EXT...] [DIR EXT...]
//
// Each pair of a folder and endings of file names is one kind of text, of which at most 16 MB are read; all kinds count the same, and each
// different word of a kind counts once.
package main

import (
	"flag"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mudlark/detectors/internal/symbols"
)

const (
	maxText = 16 << 20
	maxFile = 400 << 10
	// smoothing is the weight of the uniform distribution in each row.
	smoothing = 0.002
)

func main() {
	out := flag.String("o", "bigrams.bin", "write to this `file`")
	flag.Parse()
	if err := run(*out, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "bigrams:", err)
		os.Exit(1)
	}
}

func run(out string, kinds []string) error {
	if len(kinds) == 0 || len(kinds)%2 != 0 {
		return fmt.Errorf("give pairs of a folder and endings, such as /usr/include .h")
	}
	var sum counts
	for pair := range slices.Chunk(kinds, 2) {
		words := map[string]bool{}
		if err := read(pair[0], strings.Split(pair[1], ","), words); err != nil {
			return err
		}
		if len(words) == 0 {
			return fmt.Errorf("%s has no words in files that end in %s", pair[0], pair[1])
		}
		var c counts
		for w := range words {
			c.add(w)
		}
		sum.join(&c)
		fmt.Printf("%s: %d words\n", pair[0], len(words))
	}
	return os.WriteFile(out, sum.table(), 0o666)
}

// read adds the words of the files in dir.
func read(dir string, endings []string, words map[string]bool) error {
	total := 0
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || !slices.ContainsFunc(endings, func(e string) bool { return strings.HasSuffix(path, e) }) {
			return err
		}
		data, err := os.ReadFile(path)
		if err == nil && len(data) <= maxFile {
			total += len(data)
			for _, w := range strings.FieldsFunc(string(data), symbols.Divides) {
				if len(w) >= 4 && len(w) <= 80 && !random(w) {
					words[strings.Clone(w)] = true
				}
			}
		}
		if total > maxText {
			return filepath.SkipAll
		}
		return err
	})
}

// random reports whether a word is a hash, a number or encoded data, of which source text has some: digits and letters in turns.
func random(w string) bool {
	turns, digits := 0, 0
	for i := range len(w) {
		c := symbols.Of[w[i]]
		if symbols.IsDigit(c) {
			digits++
		}
		if i > 0 && symbols.IsDigit(c) != symbols.IsDigit(symbols.Of[w[i-1]]) {
			turns++
		}
	}
	return digits*3 > len(w) || turns >= 4
}

// counts are shares of pairs.
type counts struct {
	pairs [symbols.Count][symbols.Count]float64
	cases [2][2]float64 // of letters, by whether they are capitals
}

func (c *counts) add(word string) {
	last := uint8(symbols.Start)
	for i := range len(word) {
		s := symbols.Of[word[i]]
		c.pairs[last][s]++
		if symbols.IsLetter(s) && symbols.IsLetter(last) {
			c.cases[symbols.Case(word[i-1])][symbols.Case(word[i])]++
		}
		last = s
	}
}

// join adds the shares of another kind of text.
func (c *counts) join(d *counts) {
	total := 0.0
	for _, row := range d.pairs {
		for _, n := range row {
			total += n
		}
	}
	for a, row := range d.pairs {
		for b, n := range row {
			c.pairs[a][b] += n / total
		}
	}
	for a := range d.cases {
		for b := range d.cases[a] {
			c.cases[a][b] += d.cases[a][b] / total
		}
	}
}

// table returns what it costs, in eighths of a bit, that a symbol follows another, row by row, and then the same of capitals.
func (c *counts) table() []byte {
	var out []byte
	for _, row := range c.pairs {
		out = appendCosts(out, row[:])
	}
	for _, row := range c.cases {
		out = appendCosts(out, row[:])
	}
	return out
}

func appendCosts(out []byte, row []float64) []byte {
	total := 0.0
	for _, n := range row {
		total += n
	}
	for _, n := range row {
		p := smoothing / float64(len(row))
		if total > 0 {
			p += (1 - smoothing) * n / total
		} else {
			p = 1 / float64(len(row))
		}
		out = append(out, byte(min(255, math.Round(-8*math.Log2(p)))))
	}
	return out
}
