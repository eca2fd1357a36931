package scanner

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"weak"

	"mudlark/report"
)

// forgetful is a handler that keeps nothing, and sees at the finding of number last which of those before are still held by others.
type forgetful struct {
	last, held int
	seen       []weak.Pointer[report.Finding]
}

func (*forgetful) Config(*report.Config) error { return nil }

func (h *forgetful) Finding(f *report.Finding) error {
	if len(h.seen) == h.last-1 {
		runtime.GC()
		for _, before := range h.seen {
			if before.Value() != nil {
				h.held++
			}
		}
	}
	h.seen = append(h.seen, weak.Make(f))
	return nil
}

func (*forgetful) Coverage(*report.Coverage) error { return nil }

func (*forgetful) Done() error { return nil }

// TestFindingsAreLetGo: what has been written takes no more memory, as there may be 100,000 findings.
func TestFindingsAreLetGo(t *testing.T) {
	t.Parallel()
	files := folder{}
	for i := range 20 {
		files[fmt.Sprint(i)] = key(i + 1)
	}
	h := &forgetful{last: 20}
	o := Options{Mode: ModeDir, Paths: []string{files.write(t)}, Rules: testRules(t)}
	if _, err := Run(context.Background(), o, h); err != nil {
		t.Fatal(err)
	}
	if len(h.seen) != 20 || h.held > 1 {
		t.Errorf("%d findings, of which %d are still held as the last is written", len(h.seen), h.held)
	}
}
