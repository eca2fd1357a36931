package report

import (
	"fmt"
	"strings"
)

// classUnverified is the class of secrets that have no verdict.
const classUnverified = "unverified"

// skippedListed is how many unread things the text lists.
const skippedListed = 20

// summary writes how many findings there are.
func (t *textHandler) summary(s *Summary, complete bool) {
	left := leftOut(s)
	switch {
	case s.Findings == 0 && complete:
		fmt.Fprintln(t.w, t.paint.good("No secrets found.")+left)
		return
	case s.Findings == 0:
		t.paragraph("No secrets found in what was read." + left)
		return
	}
	var counts []string
	for _, sev := range severities {
		if n := s.BySeverity[sev]; n > 0 {
			counts = append(counts, grouped(int64(n))+" "+sev)
		}
	}
	t.paragraph(fmt.Sprintf("%s: %s.%s", counted(int64(s.Findings), "secret"), strings.Join(counts, ", "), left))
}

// leftOut says what was found and is not shown, so that nobody takes it for clean.
func leftOut(s *Summary) string {
	text := ""
	if n := int64(s.NotVerified); n > 0 {
		text += " Not shown for " + plural(n, "its verdict", "their verdicts") + ": " + grouped(n) + verdictsText(s.NotShown) + "."
	}
	if n := int64(s.BelowConfidence); n > 0 {
		text += fmt.Sprintf(" Not shown: %s below --min-confidence.", grouped(n))
	}
	if n := int64(s.Filtered); n > 0 {
		text += fmt.Sprintf(" Left out by flags: %s.", grouped(n))
	}
	if n := int64(s.Suppressed); n > 0 {
		text += fmt.Sprintf(" Suppressed: %s (%s).", grouped(n), suppressedText(s.SuppressedBy))
	}
	return text
}

// suppressedText says what suppresses how many.
func suppressedText(by map[string]int) string {
	var counts []string
	for _, kind := range [][2]string{{"inline", "inline"}, {"ignore", "by ignore file"}, {"config", "by configuration"}, {"baseline", "by baseline"}} {
		if n := by[kind[0]]; n > 0 {
			counts = append(counts, grouped(int64(n))+" "+kind[1])
		}
	}
	return strings.Join(counts, ", ")
}

// allows writes, behind lead, which secrets the change under test allows itself, and what is wrong with markers and ignore files.
func (t *textHandler) allows(lead string, c *Coverage) {
	n := 0
	line := func(prefix, text string) {
		if n++; n <= skippedListed {
			t.hanging(lead+prefix, text)
		}
	}
	for _, o := range ownAllows(c) {
		line(o.lead, Escape(o.what())+because(o.why()))
	}
	for i := range c.Allows {
		a := &c.Allows[i]
		line(Escape(a.Kind)+": ", Escape(a.Where)+": "+Escape(a.Text)+because(a.Why))
	}
	if n > skippedListed {
		fmt.Fprintf(t.w, "  and %s more; use --format json for all\n", grouped(int64(n-skippedListed)))
	}
}

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return " (" + Escape(reason) + ")"
}

// paragraph writes wrapped text.
func (t *textHandler) paragraph(text string) {
	for _, l := range wrap(text, t.width) {
		fmt.Fprintln(t.w, l)
	}
}

// coverage writes what was read and, always, what was not.
func (t *textHandler) coverage(c *Coverage) {
	var unread, accepted []Skipped
	unverified := 0
	for _, s := range c.Skipped {
		if s.Class == classUnverified && s.Accepted == "" {
			unverified++
		}
		if s.Accepted == "" {
			unread = append(unread, s)
		} else {
			accepted = append(accepted, s)
		}
	}
	if t.o.Quiet && c.Complete {
		return
	}
	if !t.o.Quiet {
		t.paragraph(t.examined(c) + "; " + skippedText(len(unread)-unverified, unverified, len(accepted)))
		for _, n := range c.Notes {
			t.hanging("note: ", Escape(n))
		}
		t.allows("", c)
	}
	if !c.Complete {
		fmt.Fprintln(t.w, t.paint.alarm("This report is incomplete.")+" "+missingText(unread))
	}
	t.list("  ", unread)
	if !t.o.Quiet {
		t.list("accepted: ", accepted)
	}
}

// examined says what was read, for example "161,216 blobs in 81,966 commits on 14 refs, 5.6 s".
func (t *textHandler) examined(c *Coverage) string {
	var s string
	switch {
	case t.mode == "stdin":
		s = sized(c.Bytes)
	case t.mode == "dir":
		s = counted(int64(c.Files), "file") + ", " + sized(c.Bytes)
	case t.mode == "staged":
		s = counted(int64(c.Blobs), "blob") + " compared"
	default:
		s = fmt.Sprintf("%s in %s on %s", counted(int64(c.Blobs), "blob"), counted(int64(c.Commits), "commit"), counted(int64(c.Refs), "ref"))
		if c.Files > 0 {
			s += ", " + counted(int64(c.Files), "uncommitted file")
		}
	}
	return s + fmt.Sprintf(", %.1f s", c.Duration)
}

// missingText says what kind of things a list names.
func missingText(unread []Skipped) string {
	n := 0
	for _, s := range unread {
		if s.Class == classUnverified {
			n++
		}
	}
	switch n {
	case 0:
		return "Not read:"
	case len(unread):
		return "Not verified:"
	}
	return "Not read or not verified:"
}

func skippedText(unread, unverified, accepted int) string {
	s := "nothing skipped"
	if unread > 0 {
		s = counted(int64(unread), "thing") + " not read"
	}
	if unverified > 0 {
		s += "; not everything verified"
	}
	if accepted > 0 {
		s += fmt.Sprintf("; %s accepted", grouped(int64(accepted)))
	}
	return s
}

// alike is how many things in a row have to have the same reason for it to be written once, above them.
const alike = 3

// list writes the first of the things that were not read, each behind prefix.
func (t *textHandler) list(prefix string, skipped []Skipped) {
	left := skippedListed
	for rest := skipped; len(rest) > 0 && left > 0; {
		n := sameReason(rest)
		shown := rest[:min(n, left)]
		if n >= alike {
			t.hanging(prefix, grouped(int64(n))+" times: "+reasonText(&rest[0]))
		}
		for i := range shown {
			if n >= alike {
				t.hanging(strings.Repeat(" ", len(prefix))+"  ", Escape(shown[i].What))
			} else {
				t.hanging(prefix, Escape(shown[i].What)+": "+reasonText(&shown[i]))
			}
		}
		rest, left = rest[n:], left-len(shown)
	}
	if n := len(skipped) - skippedListed; n > 0 {
		fmt.Fprintf(t.w, "  and %s more; use --format json for all\n", grouped(int64(n)))
	}
}

// sameReason returns how many of the things, from the first on, were not read for the same reason.
func sameReason(skipped []Skipped) int {
	n := 1
	for n < len(skipped) && reasonText(&skipped[n]) == reasonText(&skipped[0]) {
		n++
	}
	return n
}

func reasonText(s *Skipped) string {
	text := fmt.Sprintf("%s (%s)", Escape(s.Why), Escape(s.Class))
	if s.Accepted != "" {
		text += "; " + Escape(s.Accepted)
	}
	return text
}

// hanging writes wrapped text behind a prefix.
func (t *textHandler) hanging(prefix, text string) {
	for _, l := range wrap(text, t.width-len(prefix)) {
		fmt.Fprintln(t.w, prefix+l)
		prefix = strings.Repeat(" ", len(prefix))
	}
}
