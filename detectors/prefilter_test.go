package detectors

import (
	"bytes"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// goRoot asks the go command where its source text lies.
func goRoot(tb testing.TB) string {
	tb.Helper()
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		tb.Skip("the go command is not here: ", err)
	}
	return strings.TrimSpace(string(out))
}

// sourceText returns Go source text of the standard library.
func sourceText(tb testing.TB, limit int) []byte {
	tb.Helper()
	var text []byte
	root := filepath.Join(goRoot(tb), "src")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") {
			return err
		}
		b, err := os.ReadFile(path)
		text = append(text, b...)
		if len(text) >= limit {
			return filepath.SkipAll
		}
		return err
	})
	if err != nil || len(text) == 0 {
		tb.Skipf("the standard library's source is not here: %v", err)
	}
	return text
}

func TestPrefilterFindsEveryAnchor(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	const alphabet = "abcABC_-.1\x00\xff"
	for round := range 300 {
		var anchors []anchor
		for range 1 + rnd.IntN(20) {
			word := string(randomOf(rnd, alphabet, 2+rnd.IntN(5)))
			if a, ok := keywordAnchor(word, rnd.IntN(2) == 0); ok {
				anchors = append(anchors, a)
			}
		}
		table := tableOf(anchors)
		p := newPrefilter(table)
		data := randomOf(rnd, alphabet, rnd.IntN(200))
		var got, want [][2]int
		p.scan(data, func(id, at int) { got = append(got, [2]int{id, at}) })
		for i := range anchors {
			for at := range data {
				if anchors[i].standsAt(data, at) {
					want = append(want, [2]int{table.intern(&anchors[i]), at})
				}
			}
		}
		order := func(a, b [2]int) int { return (a[0]-b[0])*1000 + a[1] - b[1] }
		slices.SortFunc(got, order)
		slices.SortFunc(want, order)
		want = slices.Compact(want) // two anchors of the same sets are one
		if !slices.Equal(got, want) {
			t.Fatalf("round %d: %q: got %v, want %v", round, data, got, want)
		}
	}
}

// syllables makes words that look like names of providers.
func syllables(rnd *rand.Rand) string {
	parts := []string{"data", "hub", "net", "cloud", "api", "bit", "post", "mail", "pay", "log", "zen", "ver", "ix", "fly", "ki", "tra", "sca", "wo", "rki", "qu"}
	n := 2 + rnd.IntN(2)
	var b strings.Builder
	for range n {
		b.WriteString(parts[rnd.IntN(len(parts))])
	}
	return b.String()
}

func testAnchors(n int) []anchor {
	rnd := rand.New(rand.NewPCG(5, 6))
	var out []anchor
	for i := range n {
		word, fold := syllables(rnd), true
		switch {
		case i%18 == 0:
			word = string(randomOf(rnd, "bcdfghjkmpqvwxz", 3)) // a short one
		case i%3 == 0:
			word, fold = string(randomOf(rnd, "abcdefghijklmnopqrstuvwxyz", 3))+"_", false
		}
		if a, ok := keywordAnchor(word, fold); ok {
			out = append(out, a)
		}
	}
	return out
}

func BenchmarkPrefilter(b *testing.B) {
	text := sourceText(b, 32<<20)
	for _, n := range []int{0, 60, 1900} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			p := newPrefilter(tableOf(testAnchors(max(n, 1))))
			b.SetBytes(int64(len(text)))
			hits := 0
			before := cpuTime(b)
			for b.Loop() {
				p.scan(text, func(int, int) { hits++ })
			}
			reportSpeed(b, before, len(text))
			b.ReportMetric(float64(hits)/float64(b.N)/float64(len(text))*1e3, "hits/kB")
		})
	}
}

// reportSpeed reports megabytes by second of processor time.
func reportSpeed(b *testing.B, before time.Duration, size int) {
	b.ReportMetric(float64(b.N)*float64(size)/1e6/(cpuTime(b)-before).Seconds(), "MB/cpu-s")
}

// BenchmarkCatalogue times the prefilter and whole scans of source text with the built-in rules.
func BenchmarkCatalogue(b *testing.B) {
	text := sourceText(b, 32<<20)
	e := catalogueEngine(b, catalogue(b))
	b.Run("prefilter", func(b *testing.B) {
		before := cpuTime(b)
		for b.Loop() {
			e.filter.scan(text, func(int, int) {})
		}
		reportSpeed(b, before, len(text))
	})
	b.Run("scan", func(b *testing.B) {
		s := e.NewScanner()
		before := cpuTime(b)
		for b.Loop() {
			for rest := text; len(rest) > 0; { // as files of usual size
				n := min(len(rest), 16<<10)
				s.Scan(rest[:n])
				rest = rest[n:]
			}
		}
		reportSpeed(b, before, len(text))
	})
}

// BenchmarkMemory is what reading every byte costs at least.
func BenchmarkMemory(b *testing.B) {
	text := sourceText(b, 32<<20)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		bytes.IndexByte(text, 1)
	}
}

// standsAt is what the prefilter is to find.
func (a *anchor) standsAt(data []byte, at int) bool {
	for k := range a.sets {
		if at+k < 0 || at+k >= len(data) || !a.sets[k].Has(data[at+k]) {
			return false
		}
	}
	return true
}

func tableOf(anchors []anchor) *anchorTable {
	var t anchorTable
	for i := range anchors {
		t.intern(&anchors[i])
	}
	return &t
}
