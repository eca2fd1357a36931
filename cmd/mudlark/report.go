package main

import (
	"bytes"
	"errors"
	"io"
	"os"

	"github.com/spf13/cobra"

	"mudlark/report"
)

const reportHelp = `Write saved reports in another format, or several as one.

Files are reports of --format json or jsonl; "-" is standard input. Of several,
findings of one secret become one, with all their places. Secrets that a saved
report holds are left out unless --show-secrets is given.

Examples:
  mudlark report scan.json                        as text
  mudlark report scan.json --format html > scan.html
  mudlark report a.json b.jsonl --format csv      several as one
  mudlark report scan.json -o sarif=scan.sarif -o html=scan.html --quiet
  mudlark report scan.json --format jsonl --show-secrets
  mudlark report scan.json --no-color
  mudlark report - --format html < scan.jsonl > scan.html
`

func newReport(e *environment) *cobra.Command {
	f := &scanFlags{}
	cmd := &cobra.Command{
		Use:   "report FILE... [FLAGS]",
		Short: "Write saved reports in another format",
		Long:  reportHelp,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("name a report: mudlark report scan.json", "report needs a file")
			}
			return f.convert(e, args)
		},
	}
	flagGroups{cmd.Flags()}.in(groupOutput, f.addOutput)
	return cmd
}

// convert writes the reports of files as the flags say.
func (f *scanFlags) convert(e *environment, names []string) error {
	var saved []report.Saved
	for _, name := range names {
		s, done, err := openSaved(e, name)
		if err != nil {
			return err
		}
		defer done()
		saved = append(saved, s)
	}
	boundMemory(reportMemory)
	out, err := f.openReports(e)
	if err != nil {
		return err
	}
	defer out.discard()
	h := report.Multi(out.handlers...)
	if !f.showSecrets {
		h = report.Discreet(h)
	}
	err = report.Replay(h, saved)
	if errors.Is(err, report.ErrNoReport) {
		return usagef("name a file that mudlark wrote with --format json or jsonl", "%v", err)
	}
	if err == nil {
		err = out.commit()
	}
	if err != nil {
		return failed(err)
	}
	return nil
}

// reportMemory is what reports are held in that are written at the end.
const reportMemory = 128 << 20

// openSaved opens a report. Standard input, which cannot be read twice, is kept in memory, and not in a file: it may hold secrets.
func openSaved(e *environment, name string) (report.Saved, func(), error) {
	const hint = "name a file that mudlark wrote with --format json or jsonl"
	if name == "-" {
		data, err := io.ReadAll(io.LimitReader(e.stdin, maxReport+1))
		if err != nil || len(data) > maxReport {
			return report.Saved{}, nil, usagef("save it as a file", "standard input cannot be read, or is too long")
		}
		return report.Saved{Name: "standard input", Data: bytes.NewReader(data), Size: int64(len(data))}, func() {}, nil
	}
	file, err := os.Open(name)
	if err != nil {
		return report.Saved{}, nil, usagef(hint, "%s: %s", name, cause(err))
	}
	done := func() {
		_ = file.Close() // it was only read
	}
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		done()
		return report.Saved{}, nil, usagef(hint+`; "-" is standard input`, "%s is no file", name)
	}
	return report.Saved{Name: name, Data: file, Size: info.Size()}, done, nil
}
