package allow

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// IgnoreName is the name of Mudlark's ignore file at the top of what is scanned.
const IgnoreName = ".mudlarkignore"

const (
	// maxLine is the length of the longest line that is read.
	maxLine = 8 << 10
	// maxProblems bounds what is said of one file.
	maxProblems = 100
	// MaxFile is the size of the largest ignore file or baseline that is read: some 100,000 entries.
	MaxFile = 64 << 20
)

// ParseIgnore reads Mudlark's ignore file. A line holds a fingerprint, path: and a glob, rule: and an id or provider, or several of
// these, which must then hold together; until= and a date; and behind " #" the reason:
//
//	25831bac97aa72d9795b12c3ab80906c  until=2027-01-31  # sandbox key, see SEC-12
//	path: testdata/** rule: generic-password            # made up
//
// Empty lines, and lines that begin with #, say nothing.
func ParseIgnore(name string, data []byte) *File {
	f := &File{Name: name, Format: "ignore"}
	f.lines(data, f.ignoreLine)
	return f
}

// lines calls parse for each line that says something, without its comment.
func (f *File) lines(data []byte, parse func(line int, text, comment string)) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	for n := 1; len(data) > 0 && len(f.Problems) < maxProblems; n++ {
		var l []byte
		l, data, _ = bytes.Cut(data, []byte("\n"))
		text, comment := uncomment(strings.TrimSpace(string(l)))
		switch {
		case text == "":
		case len(l) > maxLine:
			f.problem(n, "write one entry a line", "the line has %d bytes", len(l))
		case !utf8.ValidString(text):
			f.problem(n, "write the file as UTF-8", "the line is no UTF-8")
		default:
			parse(n, text, comment)
		}
	}
}

// uncomment splits a line at the first # that begins it or stands behind white space.
func uncomment(l string) (text, comment string) {
	for i := range len(l) {
		if l[i] == '#' && (i == 0 || l[i-1] == ' ' || l[i-1] == '\t') {
			return strings.TrimSpace(l[:i]), strings.TrimSpace(l[i+1:])
		}
	}
	return l, ""
}

const ignoreHint = "a line holds a fingerprint, path: GLOB or rule: ID, and perhaps until=YYYY-MM-DD and # reason"

func (f *File) ignoreLine(n int, text, comment string) {
	e := Entry{By: Ignore, File: f.Name, Line: n, Text: text, Reason: strings.ToValidUTF8(comment, "\uFFFD")}
	words := strings.Fields(text)
	for i := 0; i < len(words); i++ {
		w := words[i]
		key, value, _ := strings.Cut(w, ":")
		date, dated := strings.CutPrefix(w, "until=")
		switch {
		case key == "path" || key == "rule":
			// The value may stand behind a space; a glob may hold spaces itself.
			var values []string
			if value != "" {
				values = append(values, value)
			}
			for ; i+1 < len(words) && !keyword(words[i+1]) && (key == "path" || len(values) == 0); i++ {
				values = append(values, words[i+1])
			}
			if value = strings.Join(values, " "); value == "" {
				f.problem(n, ignoreHint, "%s: names nothing", key)
				return
			}
			if key == "path" {
				e.Paths = append(e.Paths, value)
			} else {
				e.Rules = append(e.Rules, strings.ToLower(value))
			}
		case dated:
			until, ok := Day(date)
			if !ok {
				f.problem(n, "write until=YYYY-MM-DD", "%q is no date", cut(date))
				return
			}
			e.Until = until
		case IsFingerprint(w) && e.Fingerprint == "":
			e.Fingerprint = strings.ToLower(w)
		default:
			f.problem(n, ignoreHint, "%q is not understood", cut(w))
			return
		}
	}
	if e.Fingerprint == "" && e.Paths == nil && e.Rules == nil {
		f.problem(n, ignoreHint, "the line names no finding")
		return
	}
	f.add(e)
}

// keyword reports whether a word begins another part of an ignore line.
func keyword(w string) bool {
	return strings.HasPrefix(w, "path:") || strings.HasPrefix(w, "rule:") || strings.HasPrefix(w, "until=")
}

// cut shortens what a message quotes of a file: it may be a secret that stands in a wrong place.
func cut(s string) string {
	const shown = 12
	if len(s) <= shown {
		return s
	}
	n := 4
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}
