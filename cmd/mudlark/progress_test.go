package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"mudlark/report"
	"mudlark/scanner"
)

// clock is a time that tests move.
type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

func newTestProgress(terminal, off bool) (*progress, *bytes.Buffer, *clock) {
	e, _, stderr := testEnvironment()
	c := &clock{e.now()}
	e.now, e.stderrTerminal, e.width = c.now, terminal, 60
	return newProgress(e, off), stderr, c
}

func TestProgress(t *testing.T) {
	p, out, c := newTestProgress(true, false)
	for i := range 100 { // one second
		p.update(scanner.Progress{Phase: "blobs", Done: int64(i), Total: 100, Bytes: int64(i) * 1e6, Findings: i / 40})
		c.t = c.t.Add(10 * time.Millisecond)
	}
	lines := strings.Split(out.String(), "\r")[1:]
	if len(lines) > 10 {
		t.Errorf("drawn %d times in a second; at most 10 are wanted", len(lines))
	}
	if got, want := lines[5], "3/3 blobs 50/100 (50%)  100 MB/s  1 secret\x1b[K"; got != want {
		t.Errorf("got %q; want %q", got, want)
	}
	out.Reset()
	h := p.before(report.NewJSON(new(bytes.Buffer)))
	if err := h.Config(&report.Config{}); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); got != "\r\x1b[K" {
		t.Errorf("the line is not erased before the report: %q", got)
	}
	p.update(scanner.Progress{Phase: "late"})
	p.stop()
	if got := out.String(); got != "\r\x1b[K" {
		t.Errorf("something is drawn behind the report: %q", got)
	}
}

func TestProgressIsForTerminals(t *testing.T) {
	for _, tt := range []struct {
		name          string
		terminal, off bool
	}{{"piped", false, false}, {"quiet", true, true}} {
		t.Run(tt.name, func(t *testing.T) {
			p, out, _ := newTestProgress(tt.terminal, tt.off)
			p.update(scanner.Progress{Phase: "blobs", Done: 1})
			p.stop()
			if out.Len() > 0 {
				t.Errorf("drawn: %q", out)
			}
		})
	}
}

func TestProgressFits(t *testing.T) {
	p, out, c := newTestProgress(true, false)
	p.width = 20
	c.t = c.t.Add(time.Hour)
	p.update(scanner.Progress{Phase: "blobs", Done: 1 << 40, Total: 1 << 50, Findings: 12345})
	line := strings.TrimSuffix(strings.TrimPrefix(out.String(), "\r"), "\x1b[K")
	if len(line) > 19 {
		t.Errorf("%q does not fit", line)
	}
}
