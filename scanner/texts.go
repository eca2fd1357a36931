package scanner

import (
	"bytes"
	"context"
	"sync"
	"sync/atomic"

	"mudlark/scanner/gitstore"
)

// people remembers which names and addresses hold no secret: a history repeats few of them in many commits.
type people struct{ m sync.Map }

func (p *people) innocent(who []byte) bool {
	held, known := p.m.Load(string(who))
	return known && held == false
}

func (p *people) note(who []byte, held bool) { p.m.Store(string(who), held) }

// person is the text of an author, committer or tagger field, without the date.
func person(s gitstore.Signature) []byte {
	end := bytes.LastIndexByte(s.Raw, '>') + 1
	if end == 0 {
		end = len(s.Raw)
	}
	return append([]byte(nil), s.Raw[:end]...)
}

// otherHeaders returns the commit's header lines that have no place of their own in a report: encoding, signatures, embedded
// tags, and whatever else was written there.
func otherHeaders(c *gitstore.CommitObject) []byte {
	var out []byte
	known := false
	for _, line := range bytes.SplitAfter(c.Header, []byte("\n")) {
		if !bytes.HasPrefix(line, []byte(" ")) { // continuation lines go with what they continue
			known = false
			for _, name := range []string{"tree ", "parent ", "author ", "committer "} {
				known = known || bytes.HasPrefix(line, []byte(name))
			}
		}
		if !known {
			out = append(out, line...)
		}
	}
	return out
}

// eachChunk has the workers handle all ids, chunk by chunk in order. It stops early when ctx ends.
func eachChunk(s *scan, ctx context.Context, ids []gitstore.ID, chunk int64, do func(*worker, gitstore.ID)) {
	var next, done atomic.Int64
	s.parallel(ctx, func(w *worker) {
		for {
			from := next.Add(chunk) - chunk
			if from >= int64(len(ids)) {
				return
			}
			for i := from; i < min(from+chunk, int64(len(ids))); i++ {
				if ctx.Err() != nil {
					return
				}
				do(w, ids[i])
				s.progress(done.Add(1))
			}
		}
	})
	if n := done.Load(); n < int64(len(ids)) {
		s.cover.skip(interrupted, s.meter.phase, stoppedAfter(n, len(ids)))
	}
}
