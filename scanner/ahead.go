package scanner

import (
	"sync"
	"sync/atomic"

	"mudlark/scanner/history"
)

// ahead works out fingerprints of weak secrets, which takes time, in the background and one at a time, before the report asks for them. It may be used
// by several goroutines, also by those that go on when a scan was interrupted.
type ahead struct {
	mu      sync.Mutex // of over, and of begins beside ends
	over    bool
	running sync.WaitGroup
	one     sync.Mutex // held while a fingerprint is worked out
	early   atomic.Int32
}

// begin works out the fingerprints of the items until end is called. After that it does nothing.
func (a *ahead) begin(key []byte, list ...*item) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.over {
		return
	}
	a.running.Go(func() {
		a.one.Lock()
		defer a.one.Unlock()
		for _, it := range list {
			if a.ended() {
				return
			}
			_, _ = it.fingerprint(key) // an error comes again
		}
	})
}

func (a *ahead) ended() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.over
}

// end has no further fingerprint begun.
func (a *ahead) end() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.over = true
}

// wait ends it and waits for the fingerprint that is being worked out.
func (a *ahead) wait() {
	a.end()
	a.running.Wait()
}

// manyEarly is how many weak secrets' fingerprints are worked out while blobs are examined: more would be in the way.
const manyEarly = 8

// fingerprintEarly begins with the fingerprint of a weak secret of a whole history when it is first seen: at the end only one processor would be
// busy with it. Of a part of a history, much that is found was there before and is not reported.
func (s *scan) fingerprintEarly(it *item) {
	if it.rule.Weak && it.part == "" && s.whole && s.choice.of(it) == reported && s.ahead.early.Add(1) <= manyEarly {
		s.ahead.begin(s.fingerprintKey(), it)
	}
}

// fingerprintsAhead is for the time in which one processor is busy with what commits did.
func (s *scan) fingerprintsAhead() {
	var weak []*item
	for n := range s.items.len() {
		if it := s.items.get(history.Item(n)); it.rule.Weak && it.part == "" && s.wanted(history.Item(n)) {
			weak = append(weak, it)
		}
	}
	s.ahead.begin(s.fingerprintKey(), weak...)
}

// fingerprintKey returns the project's key, or the one that all have that have none.
func (s *scan) fingerprintKey() []byte {
	if len(s.conf.FingerprintKey) == 0 {
		return DefaultFingerprintKey()
	}
	return s.conf.FingerprintKey
}
