package main

import (
	"context"

	"mudlark/report"
	"mudlark/scanner"
)

// collector is a report.Handler that keeps what it is sent.
type collector struct {
	config   *report.Config
	findings []*report.Finding
	coverage *report.Coverage
}

func (c *collector) Config(v *report.Config) error     { c.config = v; return nil }
func (c *collector) Finding(v *report.Finding) error   { c.findings = append(c.findings, v); return nil }
func (c *collector) Coverage(v *report.Coverage) error { c.coverage = v; return nil }
func (c *collector) Done() error                       { return nil }

// collect runs a scan for a command that works on its findings. What was not read is an error: the work would look finished.
func (f *scanFlags) collect(ctx context.Context, e *environment, o scanner.Options) (*collector, error) {
	c := &collector{}
	boundMemory(o.Memory)
	bar := newProgress(e, f.quiet || f.noProgress)
	o.Progress = bar.update
	res, err := scanner.Run(ctx, o, bar.before(c))
	bar.stop()
	if err != nil {
		return nil, failed(err)
	}
	warn(e.stderr, res.Warnings)
	switch {
	case res.Interrupted:
		return nil, &exitError{code: exitInterrupted, message: "interrupted; nothing was written"}
	case !res.Complete:
		first := ""
		for _, s := range c.coverage.Skipped {
			if s.Accepted == "" {
				first = s.What + ": " + s.Why
				break
			}
		}
		return nil, &exitError{code: exitIncomplete, message: "not everything could be read, so nothing was written; for example " + first,
			hint: "mudlark git lists all of it; accept what may stay unread with [[coverage.accept]]"}
	}
	return c, nil
}
