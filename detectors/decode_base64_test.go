package detectors

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
)

// runsByBytes is base64AndHex, a byte at a time.
func runsByBytes(d *decoder, data []byte, yield func(region)) {
	for i := 0; i < len(data); {
		end := i
		for end < len(data) && classOf[data[end]]&classBase64 != 0 {
			end++
		}
		if end-i >= minBase64 {
			end = d.run(data, i, end, yield)
		}
		i = max(end, i+1)
	}
}

func TestBase64RunsAreThoseOfBytes(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	found := 0
	for n := range 20000 {
		// Encoded words with few breaks, some of them below the alphabet, some within and above it.
		data := []byte(base64.StdEncoding.EncodeToString(randomOf(rnd, "some words", rnd.IntN(90))))
		for range rnd.IntN(8) {
			if len(data) > 0 {
				data[rnd.IntN(len(data))] = " \n\r\\.=-_\"\x00\x7f\x80\xffn"[rnd.IntN(14)]
			}
		}
		list := func(find func(*decoder, []byte, func(region))) (out []string) {
			find(newDecoder(1<<20), data, func(r region) {
				out = append(out, fmt.Sprintf("%s %d-%d %q %v %v", r.decoder, r.start, r.end, r.text, r.again, r.part))
			})
			return out
		}
		got, want := list((*decoder).base64AndHex), list(runsByBytes)
		if !slices.Equal(got, want) {
			t.Fatalf("text %d, %q:\n%q, want\n%q", n, data, got, want)
		}
		found += len(want)
	}
	if found < 10000 {
		t.Errorf("%d runs: the test tests nothing", found)
	}
}

func TestShownAsByRows(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	byRows := func(b []byte) bool {
		run, zeros := 0, 0
		for _, c := range b {
			if classOf[c]&classText == 0 {
				run = 0
			} else if run++; run == minShown {
				return true
			}
			if c == 0 {
				zeros++
			}
		}
		return zeros >= minShown || len(b) >= alwaysShown
	}
	var count [2]int
	for range 20000 {
		b := randomOf(rnd, "aaaaaaaaaaa\x00\xff"[rnd.IntN(8):], rnd.IntN(5*minShown))
		want := byRows(b)
		if got := shown(b); got != want {
			t.Fatalf("%q: %v", b, got)
		}
		if want {
			count[1]++
		} else {
			count[0]++
		}
	}
	if min(count[0], count[1]) < 1000 {
		t.Errorf("%v: the test tests nothing", count)
	}
}

func BenchmarkBase64Runs(b *testing.B) {
	data, err := os.ReadFile("scanner.go")
	if err != nil {
		b.Fatal(err)
	}
	d := newDecoder(1 << 20)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		d.base64AndHex(data, func(region) {})
	}
}
