package detectors

import (
	"bytes"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"
)

// An Allow is a marker in a text that declares a secret beside it to be no leak:
//
//	mudlark:allow [RULE...] [-- REASON]
//
// It covers the matches that touch its line or, if none does and it stands alone on its line, those that begin on the next. The
// markers of other tools keep the reach that they have there.
type Allow struct {
	Tag    string   // "mudlark:allow", one of peerMarkers, or "pragma: allowlist secret"
	Names  []string // ids of rules, providers or fingerprints that it is limited to, in lower case; empty for all
	Reason string
	Text   string // tag, names and reason
	Line   int    // from 1
	// Unknown says why the marker covers nothing: its tag, or a name in it, does not exist. "" for one that counts.
	Unknown string

	nextOnly, sameOnly bool
	used               bool // something stands on its own line
}

// covers reports whether the marker is meant for secrets of the rule with this id and provider. A marker that names
// fingerprints is decided by who knows them.
func (a *Allow) covers(id, provider string) bool {
	return len(a.Names) == 0 || slices.ContainsFunc(a.Names, func(n string) bool {
		return isFingerprint(n) || n == id || n == provider
	})
}

// Fingerprints reports whether the marker names single secrets, and so counts for no other.
func (a *Allow) Fingerprints() bool { return slices.ContainsFunc(a.Names, isFingerprint) }

// isFingerprint reports whether a name in a marker is a fingerprint, which has 32 hexadecimal digits.
func isFingerprint(name string) bool {
	return len(name) == 32 && strings.Trim(name, "0123456789abcdef") == ""
}

const (
	// maxAllowsOnLine bounds the markers that are heeded on one line.
	maxAllowsOnLine = 16
	// maxAllowText bounds what is kept of a marker.
	maxAllowText = 300
)

// markLine is a line with markers: from lo to hi, without the line break, and the next one up to next.
type markLine struct {
	lo, hi, next int
	allows       []*Allow
}

// Allows returns, for each of the matches, the marker that covers it, or nil; nil for no markers at all. A match that no marker
// covers may have one with Unknown. The matches must be of one text and sorted by start. known says which names of rules and
// providers, in lower case, exist.
//
// The time is linear in the length of data; a text without matches should not be given at all.
func Allows(data []byte, matches []Match, known func(name string) bool) []*Allow {
	if slices.ContainsFunc(matches, inUTF16) {
		return allowsInUTF16(data, matches, known)
	}
	return allowsIn(data, matches, known)
}

// inUTF16 reports whether a match stands in a text of which lines count in the decoded form.
func inUTF16(m Match) bool { return len(m.Decoded) > 0 && m.Decoded[0] == decoderUTF16 }

// allowsInUTF16 is Allows for data that holds UTF-16. Markers are ASCII, so the text without its zero bytes shows them, and its lines
// are those of the decoded text.
func allowsInUTF16(data []byte, matches []Match, known func(name string) bool) []*Allow {
	text := bytes.ReplaceAll(data, []byte{0}, nil)
	starts := []int{0}
	for i, c := range text {
		if c == '\n' {
			starts = append(starts, i+1)
		}
	}
	at := func(line int) int { return starts[min(max(line, 1), len(starts))-1] }
	moved := make([]Match, len(matches))
	order := make([]int, len(matches))
	for i := range matches {
		moved[i] = Match{Rule: matches[i].Rule, Start: at(matches[i].Line), End: at(matches[i].EndLine) + 1}
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return moved[a].Start - moved[b].Start })
	sorted := make([]Match, len(matches))
	for k, i := range order {
		sorted[k] = moved[i]
	}
	found := allowsIn(text, sorted, known)
	if found == nil {
		return nil
	}
	of := make([]*Allow, len(matches))
	for k, i := range order {
		of[i] = found[k]
	}
	return of
}

func allowsIn(data []byte, matches []Match, known func(name string) bool) []*Allow {
	lines := markLines(data, known)
	if len(lines) == 0 {
		return nil
	}
	of := make([]*Allow, len(matches))
	take := func(i int, a *Allow) {
		switch r := matches[i].Rule; {
		case of[i] != nil && (of[i].Unknown == "" || a.Unknown != ""):
		case a.Unknown != "" || a.covers(strings.ToLower(r.ID), strings.ToLower(r.Provider)):
			of[i] = a
		}
	}
	for i := range matches {
		for _, l := range linesBeside(lines, &matches[i]) {
			for _, a := range l.allows {
				a.used = true
				if !a.nextOnly {
					take(i, a)
				}
			}
		}
	}
	for i := range matches {
		if l := lineAbove(lines, matches[i].Start); l != nil {
			for _, a := range l.allows {
				if a.nextOnly || !a.sameOnly && !a.used {
					take(i, a)
				}
			}
		}
	}
	return of
}

// linesBeside returns the lines with markers that a match touches.
func linesBeside(lines []markLine, m *Match) []markLine {
	from := sort.Search(len(lines), func(i int) bool { return lines[i].hi >= m.Start })
	to := from
	for to < len(lines) && lines[to].lo < max(m.End, m.Start+1) {
		to++
	}
	return lines[from:to]
}

// lineAbove returns the line with markers directly above the one that holds offset at, nil if there is none.
func lineAbove(lines []markLine, at int) *markLine {
	i := sort.Search(len(lines), func(i int) bool { return lines[i].hi >= at }) - 1
	if i >= 0 && lines[i].hi < at && at <= lines[i].next {
		return &lines[i]
	}
	return nil
}

// peerMarkers are those markers of other tools that cover their line and say nothing else: of Gitleaks, of Betterleaks, of TruffleHog, and
// of Kingfisher, which has had two.
var peerMarkers = [...]string{"gitleaks:allow", "betterleaks:allow", "trufflehog:ignore", "kingfisher:ignore", "kingfisher:allow"}

// markerStarts begin the markers that say more.
var markerStarts = [...]string{"mudlark:", "pragma:"}

// markLines returns the lines that hold markers, in order.
func markLines(data []byte, known func(string) bool) []markLine {
	var at []int
	for _, w := range slices.Concat(markerStarts[:], peerMarkers[:]) {
		for from := 0; ; {
			i := bytes.Index(data[from:], []byte(w))
			if i < 0 {
				break
			}
			at = append(at, from+i)
			from += i + len(w)
		}
	}
	slices.Sort(at)
	var lines []markLine
	c := cursor{data: data, line: 1, column: 1}
	for _, offset := range at {
		n := len(lines) - 1
		if n < 0 || offset > lines[n].hi {
			lines = append(lines, markLine{})
			n++
			lines[n].bound(data, offset)
		}
		l := &lines[n]
		if len(l.allows) >= maxAllowsOnLine {
			continue
		}
		if a := parseAllow(data[offset:l.hi], known); a != nil {
			a.Line, _ = c.at(l.lo)
			a.sameOnly = a.sameOnly || !a.nextOnly && !standsAloneOnLine(data[l.lo:offset])
			l.allows = append(l.allows, a)
		}
	}
	return slices.DeleteFunc(lines, func(l markLine) bool { return len(l.allows) == 0 })
}

// standsAloneOnLine reports whether nothing but the beginning of a comment stands before a marker.
func standsAloneOnLine(before []byte) bool {
	words := bytes.FieldsFunc(before, func(r rune) bool {
		const mark = '\uFEFF' // a byte order mark; that of UTF-16 is no UTF-8
		return !(r >= '0' && r <= '9' || r|0x20 >= 'a' && r|0x20 <= 'z') && r < utf8.RuneSelf || r == mark || r == utf8.RuneError
	})
	for _, w := range words {
		switch string(lowerASCII(w)) {
		case "rem", "dnl", "comment": // batch files and BASIC, m4, a key in JSON
		default:
			return false
		}
	}
	return true
}

// bound finds the ends of the line around offset, and of the next.
func (l *markLine) bound(data []byte, offset int) {
	end := func(from int) int {
		if from >= len(data) {
			return len(data)
		}
		if i := bytes.IndexByte(data[from:], '\n'); i >= 0 {
			return from + i
		}
		return len(data)
	}
	l.lo = bytes.LastIndexByte(data[:offset], '\n') + 1
	l.hi = end(offset)
	l.next = end(l.hi + 1)
}

// parseAllow reads the marker at the start of text, which ends with its line; nil if there is none.
func parseAllow(text []byte, known func(string) bool) *Allow {
	if len(text) > maxAllowText { // not within a word: half a secret would not be recognised as one
		text = text[:max(0, bytes.LastIndexAny(text[:maxAllowText], " \t"))]
	}
	s := strings.ToValidUTF8(string(text), "\uFFFD")
	a := &Allow{}
	defer a.name()
	switch {
	case strings.HasPrefix(s, "mudlark:"):
		rest := s[len("mudlark:"):]
		n := 0
		for n < len(rest) && (isLower(rest[n]) || rest[n] == '-' && n > 0) {
			n++
		}
		if a.Tag = "mudlark:" + rest[:n]; n == 0 {
			return nil // "mudlark: " in a sentence
		}
		if a.Tag != "mudlark:allow" {
			a.Unknown = "there is no marker " + a.Tag + "; write mudlark:allow"
			return a
		}
		a.scope(rest[n:], known)
		return a
	case strings.HasPrefix(s, "pragma:"):
		return a.pragma(s[len("pragma:"):])
	}
	for _, w := range peerMarkers {
		if rest, ok := strings.CutPrefix(s, w); ok && (rest == "" || !isLower(rest[0])) {
			a.Tag, a.sameOnly = w, true
			return a
		}
	}
	return nil
}

// name sets Text.
func (a *Allow) name() {
	a.Text = a.Tag
	if len(a.Names) > 0 {
		a.Text += " " + strings.Join(a.Names, " ")
	}
	if a.Reason != "" {
		a.Text += " -- " + a.Reason
	}
}

// pragma reads what follows "pragma:" in detect-secrets' markers: "allowlist secret", "allowlist nextline secret", and their older
// spelling with "whitelist".
func (a *Allow) pragma(s string) *Allow {
	s = strings.TrimLeft(s, " ")
	rest, ok := strings.CutPrefix(s, "allowlist")
	if !ok {
		if rest, ok = strings.CutPrefix(s, "whitelist"); !ok {
			return nil
		}
	}
	words := strings.FieldsFunc(rest, func(r rune) bool { return r == ' ' || r == '-' })
	switch {
	case len(words) >= 2 && words[0] == "nextline" && strings.HasPrefix(words[1], "secret"):
		a.nextOnly = true
	case len(words) >= 1 && strings.HasPrefix(words[0], "secret"):
		a.sameOnly = true
	default:
		return nil
	}
	a.Tag = "pragma: allowlist secret"
	return a
}

// scope reads what follows "mudlark:allow": names, and a reason behind "--".
func (a *Allow) scope(s string, known func(string) bool) {
	for {
		s = strings.TrimLeft(s, " \t,:(")
		word, rest := s, ""
		if i := strings.IndexAny(s, " \t,"); i >= 0 {
			word, rest = s[:i], s[i:]
		}
		if strings.HasPrefix(word, "--") && !strings.HasPrefix(word, "-->") {
			a.Reason = closed(s[2:])
			return
		}
		name := strings.TrimRight(word, `"'.;:)]}>*/#\`+"`\r")
		if name == "" || !isLower(name[0]|0x20) && (name[0] < '0' || name[0] > '9') {
			return // the end of the comment, or another one
		}
		name = strings.ToLower(name)
		if !isFingerprint(name) && !known(name) {
			a.Unknown = "there is no rule or provider " + shortName(name) + "; a reason stands behind --"
			return
		}
		a.Names = append(a.Names, name)
		if name != strings.ToLower(word) {
			return
		}
		s = rest
	}
}

// shortName returns what is shown of a name that is none: it may be a secret in a wrong place.
func shortName(name string) string {
	digits := 0
	for i := range len(name) {
		if name[i] >= '0' && name[i] <= '9' {
			digits++
		}
	}
	if len(name) > 40 || digits > 3 {
		return strings.ToValidUTF8(name[:min(len(name), 4)], "") + "…"
	}
	return name
}

// closed returns a reason without what closes the comment.
func closed(reason string) string {
	for {
		short := strings.TrimSpace(reason)
		for _, end := range []string{"*/", "-->", "%>", "#}", `",`, `"`, "'''", `\n`} {
			short = strings.TrimSuffix(short, end)
		}
		if short == reason {
			return reason
		}
		reason = short
	}
}
