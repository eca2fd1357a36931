package report

import (
	"encoding/csv"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// NewCSV returns a handler that writes a table for spreadsheets: RFC 4180, a finding a line behind a line of names. Cells that a
// spreadsheet would take for a formula begin with an apostrophe. The column secret is empty unless the findings hold secrets.
func NewCSV(w io.Writer) Handler {
	c := csv.NewWriter(w)
	c.UseCRLF = true // RFC 4180 section 2
	return &csvHandler{c}
}

type csvHandler struct{ w *csv.Writer }

// csvColumns returns the names of the columns and what stands in them.
func csvColumns() (names []string, cells []func(*Finding) string) {
	add := func(name string, cell func(*Finding) string) {
		names, cells = append(names, name), append(cells, cell)
	}
	add("severity", func(f *Finding) string { return f.Severity })
	add("confidence", func(f *Finding) string { return f.Confidence })
	add("verdict", func(f *Finding) string { return complete(f).Verdict.Status })
	add("rule", func(f *Finding) string { return f.Rule })
	add("provider", func(f *Finding) string { return f.Provider })
	add("name", func(f *Finding) string { return f.Name })
	add("redacted", func(f *Finding) string { return f.Redacted })
	add("source", func(f *Finding) string { return f.Source })
	add("path", func(f *Finding) string { return deref(f.Path) })
	add("line", func(f *Finding) string { return digits(f.Line) })
	add("column", func(f *Finding) string { return digits(f.Column) })
	add("commit", func(f *Finding) string { return deref(f.Commit) })
	add("author", func(f *Finding) string { return f.Author })
	add("email", func(f *Finding) string { return f.Email })
	add("date", func(f *Finding) string { return f.Date })
	add("at_head", func(f *Finding) string { return yesNo(f.AtHead) })
	add("removed_commit", func(f *Finding) string { return removal(f).Commit })
	add("removed_date", func(f *Finding) string { return removal(f).Date })
	add("exposed_days", exposedDays)
	add("occurrences", func(f *Finding) string { return strconv.Itoa(1 + len(f.Occurrences)) })
	add("refs", func(f *Finding) string { return strings.Join(refsOf(f), " ") })
	add("reason", func(f *Finding) string { return f.Verdict.Reason })
	add("identity", func(f *Finding) string { return identityText(&f.Verdict) })
	add("next_step", func(f *Finding) string { return nextStep(f.Source, f.Verdict.Status) })
	add("rotate", func(f *Finding) string { return f.Rotate })
	add("fingerprint", func(f *Finding) string { return f.Fingerprint })
	add("secret", func(f *Finding) string { return f.Secret })
	return names, cells
}

func (c *csvHandler) Config(*Config) error {
	names, _ := csvColumns()
	return c.w.Write(names)
}

func (c *csvHandler) Finding(f *Finding) error {
	_, cells := csvColumns()
	row := make([]string, len(cells))
	for i, cell := range cells {
		row[i] = csvCell(cell(f))
	}
	return c.w.Write(row)
}

// csvCell makes a text safe to open in a spreadsheet: one that begins like a formula (OWASP, "CSV Injection") gets an apostrophe in
// front, also if it does so only behind spaces or in wide letters, and control characters are escaped.
func csvCell(s string) string {
	s = Escape(s)
	if strings.HasPrefix(strings.TrimLeft(s, " \u00a0\u3000"), "'") || startsFormula(s) {
		return "'" + s
	}
	return s
}

func startsFormula(s string) bool {
	s = strings.TrimLeft(s, " \u00a0\u3000")
	for _, lead := range []string{"=", "+", "-", "@", "＝", "＋", "－", "＠", "|", "%"} {
		if strings.HasPrefix(s, lead) {
			return true
		}
	}
	return strings.HasPrefix(s, `\t`) || strings.HasPrefix(s, `\r`) || strings.HasPrefix(s, `\n`)
}

func digits(n *int) string {
	if n == nil {
		return ""
	}
	return strconv.Itoa(*n)
}

func yesNo(b *bool) string {
	switch {
	case b == nil:
		return ""
	case *b:
		return "yes"
	}
	return "no"
}

func removal(f *Finding) *Removal {
	if f.Removed == nil {
		return &Removal{}
	}
	return f.Removed
}

func exposedDays(f *Finding) string {
	if f.ExposedSeconds == nil {
		return ""
	}
	return strconv.FormatInt(max(0, *f.ExposedSeconds)/86400, 10)
}

// refsOf returns the refs that hold the secret or, if none does, those whose history does.
func refsOf(f *Finding) []string {
	if len(f.Tips) > 0 {
		return f.Tips
	}
	return f.ReachableFrom
}

// identityText says whose an active secret is.
func identityText(v *Verdict) string { return namedTexts(v.Identity) }

// namedTexts returns "name=text; name=text", in the order of the names.
func namedTexts(texts map[string]string) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		all = append(all, name+"="+texts[name])
	}
	return strings.Join(all, "; ")
}

func (c *csvHandler) Coverage(*Coverage) error { return nil }

func (c *csvHandler) Done() error {
	c.w.Flush()
	return c.w.Error()
}
