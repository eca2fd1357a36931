package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The types below are values of flags (pflag.Value). Their errors say what is wrong and how it is written.

// text is any text; name is how help texts call it, here and below.
type text struct {
	value *string
	name  string
}

func (t text) String() string     { return *t.value }
func (t text) Type() string       { return t.name }
func (t text) Set(s string) error { *t.value = s; return nil }

// list is a list of texts, one for each time the flag is given.
type list struct {
	values *[]string
	name   string
}

func (l list) String() string     { return strings.Join(*l.values, ", ") }
func (l list) Type() string       { return l.name }
func (l list) Set(s string) error { *l.values = append(*l.values, s); return nil }

// words is one of a few words.
type words struct {
	value *string
	name  string
	known []string
}

func (w words) String() string { return *w.value }
func (w words) Type() string   { return w.name }

func (w words) Set(s string) error {
	if !slices.Contains(w.known, s) {
		hint := "it is one of " + strings.Join(w.known, ", ")
		if near := nearest(s, w.known); near != "" {
			hint = "did you mean " + near + "? " + hint
		}
		return usagef(hint, "%q is unknown", s)
	}
	*w.value = s
	return nil
}

// number is a whole number that is not less than least.
type number struct {
	value       *int
	least, most int
}

func (n number) String() string { return strconv.Itoa(*n.value) }
func (n number) Type() string   { return "N" }

func (n number) Set(s string) error {
	v, err := strconv.Atoi(s)
	switch {
	case err != nil:
		return usagef("write a number, for example 5", "%q is no number", s)
	case v < n.least:
		return usagef(fmt.Sprintf("it is at least %d", n.least), "%d is too small", v)
	case v > n.most:
		return usagef(fmt.Sprintf("it is at most %d", n.most), "%d is too large", v)
	}
	*n.value = v
	return nil
}

// size is a number of bytes with an optional unit.
type size struct{ value *int64 }

const sizeHint = "write bytes, or a number with K, M or G, for example 64M"

func (z size) Type() string { return "SIZE" }

func (z size) String() string {
	v, unit := *z.value, ""
	for _, u := range []string{"K", "M", "G"} {
		if v == 0 || v%1024 != 0 {
			break
		}
		v, unit = v/1024, u
	}
	return fmt.Sprintf("%d%s", v, unit)
}

func (z size) Set(s string) error {
	digits := strings.TrimRight(strings.ToUpper(strings.TrimSpace(s)), "IB")
	shift := 0
	for i, unit := range []string{"K", "M", "G", "T"} {
		if d, ok := strings.CutSuffix(digits, unit); ok {
			digits, shift = d, 10*(i+1)
			break
		}
	}
	v, err := strconv.ParseInt(strings.TrimSpace(digits), 10, 64)
	if err != nil || v <= 0 || v > (1<<62)>>shift {
		return usagef(sizeHint, "%q is no size", s)
	}
	*z.value = v << shift
	return nil
}

// duration is a time span such as 90s or 5m.
type duration struct{ value *time.Duration }

func (d duration) Type() string { return "D" }

func (d duration) String() string {
	if *d.value == 0 {
		return ""
	}
	text := d.value.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = text[:len(text)-2]
		}
	}
	return text
}

func (d duration) Set(s string) error {
	v, err := time.ParseDuration(s)
	if err != nil || v <= 0 {
		return usagef("write for example 90s, 5m or 1h30m", "%q is no time span", s)
	}
	*d.value = v
	return nil
}

// date is a point in time: RFC 3339, a day, or some time ago. Of a day it is the first moment, or with end the last.
type date struct {
	value *time.Time
	now   func() time.Time
	end   bool
}

func (d date) Type() string { return "DATE" }

func (d date) String() string {
	if d.value.IsZero() {
		return ""
	}
	return d.value.Format(time.RFC3339)
}

func (d date) Set(s string) error {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		*d.value = t
		return nil
	}
	if t, err := time.ParseInLocation(time.DateOnly, s, time.Local); err == nil {
		if d.end {
			t = t.AddDate(0, 0, 1).Add(-time.Nanosecond)
		}
		*d.value = t
		return nil
	}
	if t, ok := ago(d.now(), s); ok {
		*d.value = t
		return nil
	}
	return usagef(`write 2024-05-31, 2024-05-31T12:00:00Z, 3d or "2 weeks ago"`, "%q is no date", s)
}

// ago reads "2 weeks ago", "2 weeks", "3d".
func ago(now time.Time, s string) (time.Time, bool) {
	s = strings.TrimSpace(strings.TrimSuffix(strings.ToLower(strings.TrimSpace(s)), "ago"))
	i := strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' })
	if i <= 0 {
		return now, false
	}
	n, err := strconv.Atoi(s[:i])
	if err != nil || n > 100_000 {
		return now, false
	}
	switch strings.TrimSpace(s[i:]) {
	case "s", "second", "seconds":
		return now.Add(-time.Duration(n) * time.Second), true
	case "min", "minute", "minutes":
		return now.Add(-time.Duration(n) * time.Minute), true
	case "h", "hour", "hours":
		return now.Add(-time.Duration(n) * time.Hour), true
	case "d", "day", "days":
		return now.AddDate(0, 0, -n), true
	case "w", "week", "weeks":
		return now.AddDate(0, 0, -7*n), true
	case "month", "months":
		return now.AddDate(0, -n, 0), true
	case "y", "year", "years":
		return now.AddDate(-n, 0, 0), true
	}
	return now, false
}
