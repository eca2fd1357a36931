package scanner

import (
	"math/rand/v2"
	"testing"

	"mudlark/scanner/history"
)

func TestResultsAreAMap(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	r, want := newResults(), map[history.Blob]*examined{}
	for n := range 5000 {
		b := history.Blob(rnd.IntN(1 << (4 + n%18)))
		if e, ok := r.get(b); e != want[b] || ok != (want[b] != nil) || r.has(b) != ok {
			t.Fatalf("blob %d: %v, %v", b, e, ok)
		}
		e := &examined{items: make([]history.Item, rnd.IntN(2))}
		r.put(b, e)
		want[b] = e
	}
	r.each(func(b history.Blob, e *examined) {
		if want[b] != e || len(e.items) == 0 {
			t.Errorf("blob %d: %v, want %v", b, e, want[b])
		}
		delete(want, b)
	})
	for b, e := range want {
		if len(e.items) > 0 {
			t.Errorf("blob %d is left out", b)
		}
	}
}
