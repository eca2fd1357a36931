package scanner

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// meter tells the caller how far the scan is.
type meter struct {
	mu    sync.Mutex // also guards scan.texts
	phase string
	total int64
	last  atomic.Int64 // when the caller was told last, in nanoseconds
}

// meterInterval is the least time between two reports of progress.
const meterInterval = 50 * time.Millisecond

// phase begins a phase of so many objects, 0 for unknown.
func (s *scan) phase(name string, total int64) {
	s.meter.mu.Lock()
	s.meter.phase, s.meter.total = name, total
	s.meter.mu.Unlock()
	s.meter.last.Store(0)
	s.progress(0)
}

// progress says how many objects of the phase are done.
func (s *scan) progress(done int64) {
	if s.o.Progress == nil {
		return
	}
	now := time.Now().UnixNano()
	last := s.meter.last.Load()
	if now-last < int64(meterInterval) || !s.meter.last.CompareAndSwap(last, now) {
		return
	}
	s.meter.mu.Lock()
	defer s.meter.mu.Unlock()
	s.o.Progress(Progress{Phase: s.meter.phase, Done: done, Total: s.meter.total, Bytes: s.cover.bytes.Load(), Findings: s.items.len()})
}

func stoppedAfter(n int64, total int) string { return fmt.Sprintf("stopped after %d of %d", n, total) }
