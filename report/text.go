package report

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/fatih/color"
)

// TextOptions says how NewText writes.
type TextOptions struct {
	Color       bool
	Width       int // columns; 0 for 80
	ShowSecrets bool
	Quiet       bool // findings, and what was not read, only
}

// NewText returns a handler that writes for people: findings grouped by severity, then a summary and what was read. It keeps the
// text of all findings until Done. Whatever comes from the scanned repository passes through Escape.
func NewText(w io.Writer, o TextOptions) Handler { return newText(w, o) }

func newText(w io.Writer, o TextOptions) *textHandler {
	t := &textHandler{w: bufio.NewWriter(w), o: o, width: max(40, cmp.Or(o.Width, 80))}
	t.paint = newPalette(o.Color)
	return t
}

type textHandler struct {
	w     *bufio.Writer
	o     TextOptions
	width int
	paint palette

	mode   string
	target string          // of the scan
	groups [5]bytes.Buffer // by severity, as in severities; the last for any other
	count  int
}

var severities = [...]string{"critical", "high", "medium", "low"}

// palette holds the colours, which do nothing where colour is not wanted.
type palette struct {
	severity           [5]func(...any) string
	bold, faint, alarm func(...any) string
	good               func(...any) string
}

func newPalette(on bool) palette {
	style := func(a ...color.Attribute) func(...any) string {
		c := color.New(a...)
		if on {
			c.EnableColor()
		} else {
			c.DisableColor()
		}
		return c.SprintFunc()
	}
	return palette{
		severity: [5]func(...any) string{
			style(color.FgHiRed, color.Bold), style(color.FgRed), style(color.FgYellow), style(color.FgCyan), style(color.Bold),
		},
		bold: style(color.Bold), faint: style(color.Faint), alarm: style(color.FgRed, color.Bold), good: style(color.FgGreen),
	}
}

func (t *textHandler) Config(c *Config) error {
	t.mode, t.target = c.Mode, c.Target
	return nil
}

func (t *textHandler) Finding(f *Finding) error {
	t.count++
	group := severityGroup(f.Severity)
	p := &page{b: &t.groups[group], width: t.width, label: t.paint.faint}
	heading := fmt.Sprintf("%s  %s", strings.ToUpper(Escape(f.Severity)), Escape(f.Name))
	fmt.Fprintf(p.b, "%s\n", t.paint.severity[group](heading))
	t.where(p, f)
	t.life(p, f)
	t.facts(p, f)
	p.b.WriteByte('\n')
	return nil
}

func severityGroup(severity string) int {
	for i, s := range severities {
		if s == severity {
			return i
		}
	}
	return len(severities)
}

func (t *textHandler) Coverage(c *Coverage) error {
	for i := range t.groups {
		if _, err := t.groups[i].WriteTo(t.w); err != nil {
			return err
		}
	}
	if !t.o.Quiet {
		t.summary(&c.Summary, c.Complete)
	}
	t.coverage(c)
	return t.w.Flush() // other handlers may write to the same place from here on
}

func (t *textHandler) Done() error { return t.w.Flush() }

// page writes one finding.
type page struct {
	b     *bytes.Buffer
	width int
	label func(...any) string
}

const (
	pageIndent = 2
	labelWidth = 12
	valueAt    = pageIndent + labelWidth
)

// line writes text as it is, indented: for what a reader may want to copy.
func (p *page) line(text string) {
	fmt.Fprintf(p.b, "%*s%s\n", pageIndent, "", text)
}

// field writes a label and a text that is wrapped beside it.
func (p *page) field(label, text string) {
	lines := wrap(text, p.width-valueAt)
	for i, l := range lines {
		if i > 0 {
			label = ""
		}
		// The label is padded before it is painted: escape sequences have no width.
		fmt.Fprintf(p.b, "%*s%s%s\n", pageIndent, "", p.label(fmt.Sprintf("%-*s", labelWidth, label)), l)
	}
}

// more writes a line that belongs to the field above, without wrapping it.
func (p *page) more(text string) {
	fmt.Fprintf(p.b, "%*s%s\n", valueAt, "", text)
}
