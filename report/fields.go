package report

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"math"
	"net/url"
	"path"
	"strings"
	"time"
)

// What several formats for programs have in common.

// utc is how GitLab and JUnit write times: UTC, without a zone.
const utc = "2006-01-02T15:04:05"

// times returns when a run began and ended, in UTC and without a zone; the epoch if the report does not say it.
func times(c *Coverage) (began, ended string) {
	start, err := time.Parse(time.RFC3339, c.Started)
	if err != nil {
		start = time.Unix(0, 0)
	}
	lasted := time.Duration(0)
	if s := c.Duration * float64(time.Second); s > 0 && s < math.MaxInt64 {
		lasted = time.Duration(s)
	}
	return start.UTC().Format(utc), start.Add(lasted).UTC().Format(utc)
}

// filePath returns the path of a place for formats that know nothing but files. What is in no file has a name that Git uses for such
// texts, which stays the same when commits are rewritten.
func filePath(p *Place) string {
	if name := deref(p.Path); name != "" && p.Source != "note" {
		return name
	}
	switch p.Source {
	case "message":
		return ".git/COMMIT_EDITMSG"
	case "author":
		return ".git/AUTHOR"
	case "tag":
		return ".git/TAG_EDITMSG"
	case "note":
		return ".git/NOTES_EDITMSG"
	}
	return cmp.Or(p.Source, "stdin")
}

// fileURI returns filePath as a URI reference, and whether it is relative. The bytes of a path that is no UTF-8 are kept.
func fileURI(p *Place) (uri string, relative bool) {
	name := filePath(p)
	if raw, err := base64.StdEncoding.DecodeString(p.PathB64); err == nil && len(raw) > 0 && p.Path != nil && name == *p.Path {
		name = string(raw)
	}
	if path.IsAbs(name) {
		return (&url.URL{Scheme: "file", Path: name}).String(), false
	}
	escaped := (&url.URL{Path: name}).EscapedPath()
	return strings.ReplaceAll(escaped, ":", "%3A"), true // the first segment must not look like a scheme
}

// lineOf returns the line of a place; formats that demand one get the first line where there is none.
func lineOf(p *Place) int { return max(1, number(p.Line)) }

// endLineOf returns the last line of a place.
func endLineOf(p *Place) int { return max(lineOf(p), number(p.EndLine)) }

// dead reports whether the secret is known not to work any more.
func (v *Verdict) dead() bool { return v.Status == "inactive" || v.Status == "expired" }

// headline says in one line what was found: the kind of secret, redacted, and whether it works. It names no person and no place.
func headline(f *Finding) string {
	s := Escape(f.Name) + " (" + Escape(f.Redacted) + ")"
	switch {
	case f.Verdict.Status == "active":
		s += ", which works"
	case f.Verdict.dead():
		s += ", which does not work any more"
	}
	return s
}

// story says in a sentence or two what became of the secret. It names no person.
func story(f *Finding) string {
	var s strings.Builder
	if f.Commit != nil {
		fmt.Fprintf(&s, "Introduced in commit %s", short(f.Commit))
		if f.Date != "" {
			fmt.Fprintf(&s, " on %s", day(f.Date))
		}
		s.WriteString(doubts(f.Introduced))
	}
	if f.AtHead != nil && f.Commit != nil {
		switch {
		case *f.AtHead:
			s.WriteString("; HEAD still has it")
		case f.Removed != nil:
			fmt.Fprintf(&s, "; removed in commit %s on %s, but still in the history", short(&f.Removed.Commit), day(f.Removed.Date))
		default:
			s.WriteString("; not in HEAD, but in the history")
		}
	}
	if s.Len() > 0 {
		s.WriteString(". ")
	}
	if n := len(f.Occurrences); n > 0 {
		fmt.Fprintf(&s, "It was also found at %s. ", counted(int64(n), "other place"))
	}
	return strings.TrimSpace(s.String())
}

// advice is nextStep as a sentence.
func advice(f *Finding) string {
	step := nextStep(f.Source, f.Verdict.Status)
	return strings.ToUpper(step[:1]) + step[1:] + "."
}

// webLink returns text if it is a link that a browser may follow, else "".
func webLink(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return ""
	}
	return u.String()
}

// markdownURL returns a link's address so that it ends where it should.
func markdownURL(link string) string {
	return strings.NewReplacer("(", "%28", ")", "%29", "<", "%3C", ">", "%3E", " ", "%20").Replace(link)
}
