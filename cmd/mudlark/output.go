package main

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mudlark/report"
	"mudlark/scanner"
)

// formats are the formats of reports.
var formats = []string{"text", "json", "jsonl", "sarif", "gitlab", "codequality", "junit", "csv", "html", "github", "azure", "markdown", "trufflehog", "gitleaks"}

// maxTextWidth is how wide text gets on a wide terminal.
const maxTextWidth = 120

// reports are the outputs of a scan.
type reports struct {
	handlers []report.Handler
	files    []*outputFile
}

// openReports returns the handler of standard output and those of all files. Whoever calls it calls discard in the end.
func (f *scanFlags) openReports(e *environment) (*reports, error) {
	w, terminal := e.stdout, e.stdoutTerminal
	if f.text != nil && f.format == "text" {
		w, terminal = e.stderr, e.stderrTerminal // git push --porcelain keeps standard output to itself
	}
	color := terminal && !f.noColor && e.getenv("NO_COLOR") == "" && e.getenv("TERM") != "dumb"
	text := report.TextOptions{Color: color, Width: min(e.width, maxTextWidth), ShowSecrets: f.showSecrets, Quiet: f.quiet}
	if !terminal {
		text.Width = 0
	}
	r := &reports{}
	if f.text != nil && f.format == "text" {
		r.handlers = append(r.handlers, f.text(w, text))
	} else {
		r.handlers = append(r.handlers, newHandler(f.format, w, text))
	}
	text.Color, text.Width = false, 0
	for _, o := range f.outputs {
		format, name, ok := strings.Cut(o, "=")
		switch {
		case !ok || name == "":
			return nil, usagef("write -o FORMAT=FILE, for example: -o json=report.json", "-o %s names no format and file", o)
		case !slices.Contains(formats, format):
			return nil, usagef("the formats are "+strings.Join(formats, ", "), "-o %s: there is no format %q", o, format)
		case name == "-":
			return nil, usagef("use --format "+format, "-o %s: standard output is what --format is for", o)
		case slices.ContainsFunc(r.files, func(f *outputFile) bool { return f.given == filepath.Clean(name) }):
			return nil, usagef("give each report a file of its own", "-o %s: the file is named twice", o)
		}
		file, err := newOutputFile(name, f.showSecrets)
		if err != nil {
			return nil, usagef("name a file in a folder that exists and that you may write to", "-o %s: %s", o, cause(err))
		}
		r.files = append(r.files, file)
		r.handlers = append(r.handlers, newHandler(format, file, text))
	}
	r.handlers = append(r.handlers, f.more...)
	return r, nil
}

func newHandler(format string, w io.Writer, o report.TextOptions) report.Handler {
	switch format {
	case "json":
		return report.NewJSON(w)
	case "jsonl":
		return report.NewJSONL(w)
	case "sarif":
		return report.NewSARIF(w)
	case "gitlab":
		return report.NewGitLab(w)
	case "codequality":
		return report.NewCodeQuality(w)
	case "junit":
		return report.NewJUnit(w)
	case "csv":
		return report.NewCSV(w)
	case "github":
		return report.NewGitHub(w)
	case "html":
		return report.NewHTML(w)
	case "azure":
		return report.NewAzure(w)
	case "markdown":
		return report.NewMarkdown(w)
	case "trufflehog":
		return report.NewTruffleHog(w)
	case "gitleaks":
		return report.NewGitleaks(w)
	}
	return report.NewText(w, o)
}

// commit puts the finished files in their places.
func (r *reports) commit() error {
	var errs []error
	for _, f := range r.files {
		errs = append(errs, f.commit())
	}
	return errors.Join(errs...)
}

// discard removes what is not finished.
func (r *reports) discard() {
	for _, f := range r.files {
		f.discard()
	}
}

// outputFile is a file that appears under its name when it is whole. Until then it is a file without a name, of which nothing stays when the
// process is killed, or, where the system has none, a temporary file beside it. That is not there before something is written, so that a
// scan of the folder does not meet it.
type outputFile struct {
	given    string // as the user wrote it
	name     string // where it goes: given, or what a link of that name leads to
	perm     fs.FileMode
	f        *os.File
	temp     string // the name that f has, or gets before name; "" if f is no temporary file
	nameless bool   // f has no name yet
}

// newOutputFile makes sure that the file can be written. Reports with secrets in them are for the user alone.
func newOutputFile(name string, secret bool) (*outputFile, error) {
	o := &outputFile{given: filepath.Clean(name), name: name, perm: 0o666}
	if secret {
		o.perm = 0o600
	}
	if target, err := filepath.EvalSymlinks(name); err == nil {
		o.name = target
	}
	info, err := os.Stat(o.name)
	switch {
	case err == nil && info.IsDir():
		return nil, errors.New("is a folder")
	case err == nil && !info.Mode().IsRegular(): // a pipe or device
		o.f, err = os.OpenFile(o.name, os.O_WRONLY, 0)
		return o, err
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	if err := o.create(); err != nil {
		return nil, err
	}
	o.discard()
	return o, nil
}

func (o *outputFile) create() error {
	dir, base := filepath.Split(o.name)
	o.temp = filepath.Join(dir, "."+base+"."+rand.Text()[:8]+".tmp")
	if o.f = openNameless(cmp.Or(dir, "."), o.perm); o.f != nil {
		o.nameless = true
		return nil
	}
	f, err := os.OpenFile(o.temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, o.perm)
	o.f = f
	return err
}

func (o *outputFile) Write(p []byte) (int, error) {
	if o.f == nil {
		if err := o.create(); err != nil {
			return 0, err
		}
	}
	return o.f.Write(p)
}

// commit closes the file and gives it its name.
func (o *outputFile) commit() error {
	if o.f == nil {
		return nil
	}
	if o.nameless {
		if err := giveName(o.f, o.temp); err != nil {
			o.discard()
			return err
		}
		o.nameless = false
	}
	err := o.f.Close()
	if o.f = nil; o.temp == "" {
		return err
	}
	if err == nil {
		err = os.Rename(o.temp, o.name)
	}
	if err != nil {
		err = errors.Join(err, os.Remove(o.temp))
	}
	return err
}

// discard removes the file unless commit was called.
func (o *outputFile) discard() {
	if o.f == nil {
		return
	}
	err := o.f.Close()
	if o.f = nil; o.temp != "" && !o.nameless {
		err = errors.Join(err, os.Remove(o.temp))
	}
	o.nameless = false
	_ = err // nothing depends on a file that is given up
}

// failed describes an error of a scan: the user's own, or that of writing a report.
func failed(err error) error {
	var usage *scanner.UsageError
	if errors.As(err, &usage) {
		return err
	}
	return &exitError{code: exitIncomplete, message: "the report could not be written: " + cause(err), hint: "is there room on the disk, and may you write there?"}
}

// cause returns what went wrong with a file, without the operation and the path of a temporary file.
func cause(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}

// warn tells what does not change the result.
func warn(w io.Writer, warnings []string) {
	for _, text := range warnings {
		fmt.Fprintln(w, "mudlark: warning: "+report.Escape(text))
	}
}

// lineWidth returns the width of the terminal, or what is usual.
func (e *environment) lineWidth() int { return cmp.Or(e.width, 80) }
