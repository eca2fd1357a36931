package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"mudlark/rules"
	"mudlark/scanner"
)

// TestVerdict tries every combination of findings, coverage and flags.
func TestVerdict(t *testing.T) {
	tests := []struct {
		name   string
		result scanner.Result
		failOn string
		code   int // --exit-code
		want   int
	}{
		{"clean", scanner.Result{Complete: true}, "any", 1, 0},
		{"findings", scanner.Result{Complete: true, Findings: 2}, "any", 1, 1},
		{"findings, none", scanner.Result{Complete: true, Findings: 2}, "none", 1, 0},
		{"findings, code", scanner.Result{Complete: true, Findings: 2}, "any", 7, 7},
		{"findings, code 0", scanner.Result{Complete: true, Findings: 2}, "any", 0, 0},
		{"incomplete", scanner.Result{}, "any", 1, 4},
		{"incomplete, code", scanner.Result{}, "any", 7, 4},
		{"both", scanner.Result{Findings: 1}, "any", 1, 5},
		{"both, none", scanner.Result{Findings: 1}, "none", 1, 4},
		{"both, code", scanner.Result{Findings: 1}, "any", 7, 5},
		{"both, code 0", scanner.Result{Findings: 1}, "any", 0, 4},
		{"timeout", scanner.Result{TimedOut: true}, "any", 1, 4},
		{"timeout with findings", scanner.Result{TimedOut: true, Findings: 1}, "any", 1, 5},
		{"interrupted", scanner.Result{Interrupted: true}, "any", 1, 130},
		{"interrupted with findings", scanner.Result{Interrupted: true, Findings: 1}, "none", 0, 130},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := finish(new(bytes.Buffer), verdict(tt.result, tt.failOn, tt.code)); got != tt.want {
				t.Errorf("exit code %d; want %d", got, tt.want)
			}
		})
	}
}

func TestFinish(t *testing.T) {
	tests := []struct {
		name string
		err  error
		code int
		want string
	}{
		{"none", nil, 0, ""},
		{"silent", &exitError{code: 1}, 1, ""},
		{"usage", usagef("try this", "%s is wrong", "that"), 2, "mudlark: that is wrong\nhint: try this\n"},
		{"scanner", &scanner.UsageError{Message: "no", Hint: "yes"}, 2, "mudlark: no\nhint: yes\n"},
		{"shallow", &scanner.UsageError{Message: "no", Hint: "yes", Incomplete: true}, 4, "mudlark: no\nhint: yes\n"},
		{"rules", errors.Join(&rules.Error{File: "f", Line: 3, Text: "a", Hint: "b"}, &rules.Error{File: "f", Line: 4, Text: "c"}), 2,
			"mudlark: f:3: a\nhint: b\nmudlark: f:4: c\n"},
		{"foreign text", errors.New("a\x1b[2J\n::error::"), 2, "mudlark: a\\x1b[2J\\n::error::\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var b bytes.Buffer
			if got := finish(&b, tt.err); got != tt.code {
				t.Errorf("exit code %d; want %d", got, tt.code)
			}
			if b.String() != tt.want {
				t.Errorf("got %q; want %q", b.String(), tt.want)
			}
			if strings.ContainsRune(b.String(), '\x1b') {
				t.Error("a control character gets through")
			}
		})
	}
}
