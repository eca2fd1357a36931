package main

import (
	"testing"
	"time"
)

func TestSize(t *testing.T) {
	tests := []struct {
		in   string
		want int64 // 0: an error
		out  string
	}{
		{"1", 1, "1"}, {"1024", 1024, "1K"}, {"64M", 64 << 20, "64M"}, {"64m", 64 << 20, "64M"}, {"1GiB", 1 << 30, "1G"}, {"10 KB", 10 << 10, "10K"},
		{"2T", 2 << 40, "2048G"}, {"1500", 1500, "1500"}, {"1B", 1, "1"},
		{"", 0, ""}, {"0", 0, ""}, {"-1", 0, ""}, {"much", 0, ""}, {"1.5M", 0, ""}, {"M", 0, ""}, {"9999999999999999999", 0, ""}, {"9999999999T", 0, ""},
	}
	for _, tt := range tests {
		var v int64
		err := size{&v}.Set(tt.in)
		if (err == nil) != (tt.want != 0) || v != tt.want {
			t.Errorf("%q: %d, %v; want %d", tt.in, v, err, tt.want)
		}
		if err == nil && (size{&v}).String() != tt.out {
			t.Errorf("%q is shown as %s; want %s", tt.in, size{&v}.String(), tt.out)
		}
	}
}

func TestDate(t *testing.T) {
	now := time.Date(2024, 5, 31, 12, 0, 0, 0, time.UTC)
	local := func(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.Local) }
	tests := []struct {
		in         string
		since, end time.Time // zero: an error
	}{
		{"2024-05-01T10:00:00+02:00", time.Date(2024, 5, 1, 8, 0, 0, 0, time.UTC), time.Date(2024, 5, 1, 8, 0, 0, 0, time.UTC)},
		{"2024-05-01", local(2024, 5, 1), local(2024, 5, 2).Add(-1)},
		{"3d", now.AddDate(0, 0, -3), now.AddDate(0, 0, -3)},
		{"2 weeks ago", now.AddDate(0, 0, -14), now.AddDate(0, 0, -14)},
		{"1 Month ago", now.AddDate(0, -1, 0), now.AddDate(0, -1, 0)},
		{"12h", now.Add(-12 * time.Hour), now.Add(-12 * time.Hour)},
		{"10 min ago", now.Add(-10 * time.Minute), now.Add(-10 * time.Minute)},
		{"0 days ago", now, now},
		{"2 years", now.AddDate(-2, 0, 0), now.AddDate(-2, 0, 0)},
		{"", time.Time{}, time.Time{}}, {"ago", time.Time{}, time.Time{}}, {"weeks ago", time.Time{}, time.Time{}}, {"3 moons", time.Time{}, time.Time{}},
		{"2024-13-01", time.Time{}, time.Time{}}, {"9999999999d", time.Time{}, time.Time{}}, {"5", time.Time{}, time.Time{}},
	}
	for _, tt := range tests {
		for _, end := range []bool{false, true} {
			var got time.Time
			err := date{&got, func() time.Time { return now }, end}.Set(tt.in)
			want := tt.since
			if end {
				want = tt.end
			}
			if (err == nil) == want.IsZero() || !got.Equal(want) {
				t.Errorf("%q (end %v): %v, %v; want %v", tt.in, end, got, err, want)
			}
		}
	}
}

func TestNearest(t *testing.T) {
	names := []string{"git", "dir", "stdin", "rules", "version"}
	for name, want := range map[string]string{"gti": "git", "rule": "rules", "std": "stdin", "VERSION": "version", "xyz": "", "": "", "frobnicate": ""} {
		if got := nearest(name, names); got != want {
			t.Errorf("nearest to %q is %q; want %q", name, got, want)
		}
	}
}
