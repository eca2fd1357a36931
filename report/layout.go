package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// wrap breaks text at spaces into lines of at most columns columns. A longer word has a line of its own: paths and URLs stay whole.
func wrap(text string, columns int) []string {
	var lines []string
	line, used := "", 0
	for _, word := range strings.Fields(text) {
		w := columnsOf(word)
		if used > 0 && used+1+w > columns {
			lines = append(lines, line)
			line, used = "", 0
		}
		if used > 0 {
			line += " "
			used++
		}
		line += word
		used += w
	}
	return append(lines, line)
}

// columnsOf returns how many columns of a terminal s takes. Colours (ESC [ ... m), of which only our own are left in texts, take none.
func columnsOf(s string) int {
	n, colour := 0, false
	for _, r := range s {
		switch {
		case r == '\x1b':
			colour = true
		case colour:
			colour = r != 'm'
		default:
			n += columnsOfRune(r)
		}
	}
	return n
}

func columnsOfRune(r rune) int {
	if r < utf8.RuneSelf {
		return 1
	}
	if unicode.In(r, unicode.Mn, unicode.Me) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// crop returns the part of before+mark+after that fits in columns columns, with as much on both sides of mark as can be had, and
// the column at which mark begins and how many columns it takes. What is left out is shown as "…".
func crop(before, mark, after string, columns int) (line string, at, length int) {
	b, m, a := columnsOf(before), columnsOf(mark), columnsOf(after)
	if m > columns {
		mark, after = first(mark, columns-1)+ellipsis, ""
		before, b, m, a = "", 0, columns, 0
	}
	room := columns - m
	left := min(b, max(room/2, room-a))
	right := min(a, room-left)
	if left < b {
		before = ellipsis + last(before, left-1)
		if left == 0 {
			before = ""
		}
	}
	if right < a {
		after = first(after, right-1) + ellipsis
		if right == 0 {
			after = ""
		}
	}
	return before + mark + after, columnsOf(before), columnsOf(mark)
}

// first returns the beginning of s that takes at most columns columns.
func first(s string, columns int) string {
	for i, r := range s {
		if columns -= columnsOfRune(r); columns < 0 {
			return s[:i]
		}
	}
	return s
}

// last returns the end of s that takes at most columns columns.
func last(s string, columns int) string {
	at := len(s)
	for at > 0 {
		r, n := utf8.DecodeLastRuneInString(s[:at])
		if columns -= columnsOfRune(r); columns < 0 {
			break
		}
		at -= n
	}
	return s[at:]
}

// grouped returns n with commas between thousands.
func grouped(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// counted returns n and the noun, with an s unless n is 1.
func counted(n int64, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return grouped(n) + " " + noun
}

// sized returns a number of bytes for people.
func sized(n int64) string {
	units := []string{"KiB", "MiB", "GiB", "TiB"}
	if n < 1<<10 {
		return counted(n, "byte")
	}
	v, u := float64(n)/(1<<10), 0
	for v >= 1<<10 && u < len(units)-1 {
		v, u = v/(1<<10), u+1
	}
	return fmt.Sprintf("%.1f %s", v, units[u])
}

// lasting returns a number of seconds for people.
func lasting(seconds int64) string {
	const minute, hour, day = 60, 3600, 86400
	switch {
	case seconds < minute:
		return "less than a minute"
	case seconds < hour:
		return counted(seconds/minute, "minute")
	case seconds < 2*day:
		return counted(seconds/hour, "hour")
	case seconds < 2*365*day:
		return counted(seconds/day, "day")
	}
	return fmt.Sprintf("%.1f years", float64(seconds)/(365.25*day))
}
