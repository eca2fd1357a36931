package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// listed is how many of a finding's occurrences and refs the text shows.
const listed = 3

// where writes the place of the first introduction, and the line with a caret under the secret.
func (t *textHandler) where(p *page, f *Finding) {
	p.line(t.paint.bold(placeText(&f.Place)))
	if e := f.Excerpt; e != nil && 0 <= e.Start && e.Start <= e.End && e.End <= len(e.Text) {
		t.excerpt(p, f.Line, e)
		return
	}
	p.field("secret", Escape(f.Redacted))
}

// placeText names a place so that path and line can be copied.
func placeText(at *Place) string {
	name := sourceText(at)
	if name == "" && at.Path != nil {
		name = Escape(*at.Path)
		if at.Line != nil {
			name += fmt.Sprintf(":%d", *at.Line)
		}
		switch at.Source {
		case "index":
			name += " (staged)"
		case "worktree":
			name += " (not committed)"
		}
		return name
	}
	if at.Line != nil {
		name += fmt.Sprintf(", line %d", *at.Line)
	}
	return name
}

// sourceText names places that are not in a file.
func sourceText(at *Place) string {
	switch at.Source {
	case "message":
		return "message of commit " + short(at.Commit)
	case "author":
		if at.Tag != "" {
			return "tagger of tag " + short(&at.Tag)
		}
		return "author or committer of commit " + short(at.Commit)
	case "tag":
		return "message of tag " + short(&at.Tag)
	case "path":
		return "name of a file: " + text(at.Path)
	case "note":
		return "note " + text(at.Path)
	case "stdin":
		if at.Path == nil {
			return "standard input"
		}
	}
	if at.Path == nil {
		return Escape(at.Source)
	}
	return ""
}

// shortID is how many digits of an object name are shown.
const shortID = 10

func short(id *string) string {
	if id == nil {
		return "?"
	}
	return Escape((*id)[:min(len(*id), shortID)])
}

func text(s *string) string {
	if s == nil {
		return "?"
	}
	return Escape(*s)
}

// excerpt writes the line around the secret, behind its number, and a caret line.
func (t *textHandler) excerpt(p *page, number *int, e *Excerpt) {
	n := ""
	if number != nil {
		n = fmt.Sprint(*number)
	}
	gutter := n + " | "
	before := strings.TrimLeft(spaced(e.Text[:e.Start]), " ")
	line, at, length := crop(before, spaced(e.Text[e.Start:e.End]), strings.TrimRight(spaced(e.Text[e.End:]), " "), p.width-pageIndent-len(gutter))
	line = strings.ReplaceAll(line, "##", "#?") // may arise where the three pieces meet; see Escape
	p.line(t.paint.faint(gutter) + line)
	carets := strings.Repeat(" ", at) + t.paint.alarm(strings.Repeat("^", max(1, length)))
	p.line(t.paint.faint(strings.Repeat(" ", len(n))+" | ") + carets)
}

// spaced is Escape with tabs shown as one space.
func spaced(s string) string { return Escape(strings.ReplaceAll(s, "\t", " ")) }

// life writes what became of the secret: who brought it, whether it is still there, and where else it stands.
func (t *textHandler) life(p *page, f *Finding) {
	if f.Commit != nil {
		p.field("introduced", byWhom(short(f.Commit), f.Date, f.Author, f.Email)+doubts(f.Introduced))
	}
	t.head(p, f)
	if n := len(f.Occurrences); n > 0 {
		p.field("also at", counted(int64(n), "other place")+":")
		for i := range f.Occurrences[:min(n, listed)] {
			p.more(occurrenceText(&f.Occurrences[i]))
		}
		if n > listed {
			p.more(fmt.Sprintf("and %s more; --format json lists all", grouped(int64(n-listed))))
		}
	}
	switch {
	case len(f.Tips) > 0:
		p.field("held by", refsText(f.Tips))
	case len(f.ReachableFrom) > 0:
		p.field("history of", refsText(f.ReachableFrom))
	}
}

func byWhom(commit, date, author, email string) string {
	s := commit
	if date != "" {
		s += " on " + day(date)
	}
	if author != "" {
		s += " by " + Escape(author)
	}
	if email != "" {
		s += " <" + Escape(email) + ">"
	}
	return s
}

// day returns the date of an RFC 3339 time.
func day(date string) string {
	d, _, _ := strings.Cut(date, "T")
	return Escape(d)
}

func doubts(i *Introduction) string {
	switch {
	case i == nil:
	case i.Uncertain:
		return "; perhaps earlier, as part of the history could not be read"
	case i.Boundary:
		return "; perhaps earlier, as this clone is shallow"
	}
	return ""
}

// head writes whether HEAD holds the secret, and for how long it was exposed.
func (t *textHandler) head(p *page, f *Finding) {
	if f.AtHead == nil {
		if f.ExposedSeconds != nil { // no HEAD, or one that cannot be read
			p.field("exposed", lasting(*f.ExposedSeconds)+" so far")
		}
		return
	}
	var s, exposed string
	switch {
	case *f.AtHead:
		s, exposed = t.paint.alarm("still there"), "; exposed for %s so far"
	case f.Removed != nil:
		s = "removed at " + byWhom(short(&f.Removed.Commit), f.Removed.Date, f.Removed.Author, "")
		exposed = "; exposed for %s, and still in the history"
	case f.Commit != nil:
		s, exposed = "not there, but in the history", "; exposed for %s so far"
	default:
		s = "not there"
	}
	if f.ExposedSeconds != nil && exposed != "" {
		s += fmt.Sprintf(exposed, lasting(*f.ExposedSeconds))
	}
	p.field("in HEAD", s)
}

func occurrenceText(o *Place) string {
	s := placeText(o)
	if o.Suppressed != "" {
		s += " (allowed there)"
	}
	if o.Commit == nil || o.Source == "message" || o.Source == "author" {
		return s
	}
	s += "  " + short(o.Commit)
	if o.Date != "" {
		s += " " + day(o.Date)
	}
	return s
}

// refsText names the first refs as Git's own commands do.
func refsText(refs []string) string {
	var names []string
	for _, r := range refs[:min(len(refs), listed)] {
		for _, prefix := range []string{"refs/heads/", "refs/tags/", "refs/remotes/"} {
			r = strings.TrimPrefix(r, prefix)
		}
		names = append(names, Escape(r))
	}
	s := strings.Join(names, ", ")
	if n := len(refs) - listed; n > 0 {
		s += fmt.Sprintf(" and %s more", grouped(int64(n)))
	}
	return s
}

// facts writes what is known of the secret itself, and what to do.
func (t *textHandler) facts(p *page, f *Finding) {
	for _, part := range f.Parts {
		t.part(p, &part)
	}
	if len(f.Decoded) > 0 {
		p.field("encoded", Escape(strings.Join(f.Decoded, ", then ")))
	}
	label := "details"
	for _, name := range slices.Sorted(maps.Keys(f.Details)) {
		p.field(label, Escape(name)+" "+Escape(f.Details[name]))
		label = ""
	}
	if f.Confidence != "high" {
		p.field("confidence", Escape(f.Confidence))
	}
	t.verdict(p, &f.Verdict)
	if t.o.ShowSecrets {
		secretLines(p, "secret", f.Secret, f.SecretB64)
	}
	p.field("fingerprint", Escape(f.Fingerprint))
	p.field("next step", nextStep(f.Source, f.Verdict.Status))
	if f.Rotate != "" {
		p.more(Escape(f.Rotate))
	}
	if command := revokeCommand(f, t.mode, t.target); command != "" {
		p.more(command)
	}
}

// revokeCommand returns the command that has the secret revoked, "" where there is none, it is not needed, or the target of the scan is no plain
// word for a shell.
func revokeCommand(f *Finding, mode, target string) string {
	dead := f.Verdict.Status == "inactive" || f.Verdict.Status == "expired"
	plain := strings.Trim(target, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._+:@-") == "" && !strings.HasPrefix(target, "-")
	if !f.Revocable || dead || !plain || mode != "history" && mode != "range" {
		return ""
	}
	command := "mudlark revoke " + Escape(f.Fingerprint)
	if target != "" && target != "." {
		command += " " + target
	}
	return command
}

// verdict writes what the provider said, and whose the secret is.
func (t *textHandler) verdict(p *page, v *Verdict) {
	if v.Status == "" || v.Status == "unasked" {
		return
	}
	status := Escape(v.Status)
	if v.Status == "active" {
		status = t.paint.alarm(status)
	}
	p.field("verdict", strings.TrimSuffix(status+": "+Escape(v.Reason), ": "))
	label := "identity"
	for _, name := range slices.Sorted(maps.Keys(v.Identity)) {
		p.field(label, Escape(name)+" "+Escape(v.Identity[name]))
		label = ""
	}
}

// nextStep says what to do about a secret, by where it stands and what the provider says.
func nextStep(source, verdict string) string {
	if verdict == "inactive" || verdict == "expired" {
		return "nothing urgent: it does not work any more; make sure that nothing uses it"
	}
	switch source {
	case "index":
		return "do not commit it: take it out of the file and stage the file again; if it was ever shared, revoke it"
	case "worktree":
		return "do not commit it: take it out of the file; if it was ever shared, revoke it"
	}
	return "revoke it, then put a new one where it is used"
}

func (t *textHandler) part(p *page, part *Part) {
	at := ""
	if part.Path != nil {
		at = " at " + placeText(&Place{Path: part.Path, Line: part.Line})
	}
	p.field("with", Escape(part.Name)+" "+Escape(part.Redacted)+at)
	if t.o.ShowSecrets {
		secretLines(p, "", part.Secret, part.SecretB64)
	}
}

// secretLines writes a secret line by line, each whole.
func secretLines(p *page, label, secret, b64 string) {
	if secret == "" && b64 != "" {
		secret = "base64 " + b64
	}
	if secret == "" {
		return
	}
	for i, l := range strings.Split(strings.TrimSuffix(secret, "\n"), "\n") {
		if i == 0 && label != "" {
			fmt.Fprintf(p.b, "%*s%s%s\n", pageIndent, "", p.label(fmt.Sprintf("%-*s", labelWidth, label)), Escape(l))
			continue
		}
		p.more(Escape(l))
	}
}
