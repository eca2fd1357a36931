package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"mudlark/report"
	"mudlark/scanner"
)

// redrawInterval keeps the line readable, and the terminal out of the way of the scan.
const redrawInterval = 100 * time.Millisecond

// progress draws one line on a terminal.
type progress struct {
	mu    sync.Mutex
	w     io.Writer // nil: draw nothing
	now   func() time.Time
	width int

	phase   string
	started time.Time // the phase
	bytes   int64     // at the start of the phase
	drawn   time.Time
	shown   bool
}

func newProgress(e *environment, off bool) *progress {
	p := &progress{now: e.now, width: e.lineWidth()}
	if e.stderrTerminal && !off && e.getenv("TERM") != "dumb" {
		p.w = e.stderr
	}
	return p
}

// update is for scanner.Options.Progress.
func (p *progress) update(s scanner.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if s.Phase != p.phase {
		p.phase, p.started, p.bytes = s.Phase, now, s.Bytes
	}
	if p.w == nil || now.Sub(p.drawn) < redrawInterval {
		return
	}
	p.drawn, p.shown = now, true
	fmt.Fprint(p.w, "\r"+fit(p.line(s, now.Sub(p.started)), p.width-1)+"\x1b[K")
}

// line says for example "blobs 1200/161216  212 MB/s  3 secrets".
func (p *progress) line(s scanner.Progress, elapsed time.Duration) string {
	parts := []string{fmt.Sprintf("%s %d", cmp.Or(phaseNames[s.Phase], s.Phase), s.Done)}
	if s.Total > 0 {
		parts[0] += fmt.Sprintf("/%d (%d%%)", s.Total, 100*s.Done/s.Total)
	}
	if n := s.Bytes - p.bytes; n > 0 && elapsed > redrawInterval {
		parts = append(parts, fmt.Sprintf("%.0f MB/s", float64(n)/1e6/elapsed.Seconds()))
	}
	switch s.Findings {
	case 0:
	case 1:
		parts = append(parts, "1 secret")
	default:
		parts = append(parts, fmt.Sprintf("%d secrets", s.Findings))
	}
	return strings.Join(parts, "  ")
}

// phaseNames says in words what is counted in a phase, where the phase's own name does not.
var phaseNames = map[string]string{
	"commits":      "reading commits",
	"messages":     "1/3 messages",
	"trees":        "2/3 comparing commits",
	"blobs":        "3/3 blobs",
	"attribution":  "attributing",
	"verification": "verifying",
}

// fit cuts ASCII text to a width.
func fit(text string, width int) string { return text[:min(len(text), max(0, width))] }

// stop erases the line; nothing is drawn any more.
func (p *progress) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
	p.w, p.shown = nil, false
}

// before returns a handler that erases the line before h writes.
func (p *progress) before(h report.Handler) report.Handler { return &afterProgress{h, p} }

type afterProgress struct {
	report.Handler
	p *progress
}

func (a *afterProgress) Config(c *report.Config) error {
	a.p.stop()
	return a.Handler.Config(c)
}
