package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// markdownListed is how many findings the summary lists: GitHub takes 1 MiB of Markdown for a step.
const markdownListed = 200

// NewMarkdown returns a handler that writes a summary as GitHub-flavoured Markdown, for step summaries and comments. It holds no secrets, and
// nothing from the repository in it can be a link, an image, a mention or HTML.
func NewMarkdown(w io.Writer) Handler { return Discreet(&markdownHandler{w: bufio.NewWriter(w)}) }

type markdownHandler struct {
	w      *bufio.Writer
	config Config
	rows   [sarifRanks][]string // by importance
	count  int
}

func (m *markdownHandler) Config(c *Config) error { m.config = *c; return nil }

func (m *markdownHandler) Finding(f *Finding) error {
	m.count++
	rank := sarifRank(f)
	if len(m.rows[rank]) >= markdownListed {
		return nil
	}
	verdict := ""
	if f.Verdict.Status != "" && f.Verdict.Status != "unasked" {
		verdict = markdownText(f.Verdict.Status)
	}
	next := markdownText(nextStep(f.Source, f.Verdict.Status))
	if link := webLink(f.Rotate); link != "" {
		next += " ([how](" + markdownURL(link) + "))"
	}
	commit := ""
	if f.Commit != nil {
		commit = markdownCell(short(f.Commit))
	}
	m.rows[rank] = append(m.rows[rank], fmt.Sprintf("| %s | %s %s | %s | %s | %s | %s |",
		markdownText(f.Severity), markdownText(f.Name), markdownCell(f.Redacted), markdownCell(placeText(&f.Place)), commit, verdict, next))
	return nil
}

// markdownText escapes a text so that Markdown shows it as it is.
func markdownText(s string) string {
	var b strings.Builder
	for _, r := range Escape(s) {
		if r < 0x80 && strings.ContainsRune("\\`*_{}[]()<>#.!|~@&:$", r) {
			fmt.Fprintf(&b, "&#%d;", r) // entities start nothing, neither in Markdown nor in HTML (CommonMark section 2.5)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// markdownCell returns text as code in a table.
func markdownCell(s string) string { return "<code>" + markdownText(s) + "</code>" }

func (m *markdownHandler) Coverage(c *Coverage) error {
	fmt.Fprintf(m.w, "## Mudlark: %s\n\n", m.headline(c))
	if m.count > 0 {
		m.w.WriteString("| Severity | Secret | Where | Commit | Verdict | Next step |\n|---|---|---|---|---|---|\n")
		listed := 0
		for _, rows := range m.rows {
			for _, row := range rows {
				if listed++; listed <= markdownListed {
					fmt.Fprintln(m.w, row)
				}
			}
		}
		if m.count > markdownListed {
			fmt.Fprintf(m.w, "\nand %s more.\n", grouped(int64(m.count-markdownListed)))
		}
		m.w.WriteByte('\n')
	}
	unread := 0
	for _, s := range c.Skipped {
		if s.Accepted != "" {
			continue
		}
		if unread++; unread <= skippedListed {
			fmt.Fprintf(m.w, "- not read: %s: %s\n", markdownText(s.What), markdownText(s.Why))
		}
	}
	if unread > skippedListed {
		fmt.Fprintf(m.w, "- and %s more\n", grouped(int64(unread-skippedListed)))
	}
	if unread > 0 {
		m.w.WriteByte('\n')
	}
	own := ownAllows(c)
	for i, o := range own {
		if i == skippedListed {
			fmt.Fprintf(m.w, "- and %s more that this change allows\n", grouped(int64(len(own)-i)))
			break
		}
		line := o.what()
		if why := o.why(); why != "" {
			line += " (" + why + ")"
		}
		fmt.Fprintf(m.w, "- %s%s\n", o.lead, markdownText(line))
	}
	if left := strings.TrimSpace(leftOut(&c.Summary)); left != "" {
		fmt.Fprintf(m.w, "\n%s\n", markdownText(left))
	}
	t := &textHandler{mode: m.config.Mode}
	_, err := fmt.Fprintf(m.w, "\n%s\n", markdownText(t.examined(c)))
	return err
}

func (m *markdownHandler) headline(c *Coverage) string {
	s := "no secrets found"
	if c.Summary.NotVerified > 0 {
		s = "no secrets shown"
	}
	if m.count > 0 {
		s = counted(int64(m.count), "secret") + " found"
		if n := c.Summary.ByVerdict["active"]; n > 0 {
			s += fmt.Sprintf(", %s of them working", grouped(int64(n)))
		}
	}
	if !c.Complete {
		s += "; the report is incomplete"
	}
	return s
}

func (m *markdownHandler) Done() error { return m.w.Flush() }
