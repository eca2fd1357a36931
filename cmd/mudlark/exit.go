package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"mudlark/detectors"
	"mudlark/report"
	"mudlark/rules"
	"mudlark/scanner"
)

// The exit codes. Findings stands for 1, unless --exit-code gives another number.
const (
	exitClean       = 0   // nothing that --fail-on names, and everything was read
	exitFindings    = 1   // findings that --fail-on names
	exitUsage       = 2   // the command line, the configuration, or not a repository
	exitIncomplete  = 4   // something was not read or not verified, or cut short
	exitBoth        = 5   // exitFindings and exitIncomplete
	exitInterrupted = 130 // by a signal: 128 + SIGINT
)

// exitError carries an exit code, and what to tell the user if message is not "".
type exitError struct {
	code    int
	message string // what happened, where
	hint    string // what to do next
	lines   string // what to write somewhere, below the hint; our own text
}

func (e *exitError) Error() string { return e.message }

// ExitCode returns the code with which the process is to end.
func (e *exitError) ExitCode() int { return e.code }

// usagef returns an error for something that the user can put right.
func usagef(hint, format string, args ...any) error {
	return &exitError{code: exitUsage, message: fmt.Sprintf(format, args...), hint: hint}
}

// finish tells the user about err and returns the exit code.
func finish(stderr io.Writer, err error) int {
	if err == nil {
		return exitClean
	}
	for _, e := range flatten(err) {
		message, hint := describe(e)
		if message != "" {
			fmt.Fprintln(stderr, "mudlark: "+report.Escape(message))
		}
		if hint != "" {
			fmt.Fprintln(stderr, "hint: "+report.Escape(hint))
		}
		var exit *exitError
		if errors.As(e, &exit) && exit.lines != "" {
			fmt.Fprintln(stderr, "\n  "+strings.ReplaceAll(exit.lines, "\n", "\n  ")+"\n")
		}
	}
	var coded interface{ ExitCode() int }
	if errors.As(err, &coded) {
		return coded.ExitCode()
	}
	var usage *scanner.UsageError
	if errors.As(err, &usage) && usage.Incomplete {
		return exitIncomplete
	}
	return exitUsage
}

// flatten returns the errors that were joined into err.
func flatten(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []error
		for _, e := range joined.Unwrap() {
			all = append(all, flatten(e)...)
		}
		return all
	}
	return []error{err}
}

// describe splits an error into what happened and what to do.
func describe(err error) (message, hint string) {
	var exit *exitError
	var usage *scanner.UsageError
	var rule *rules.Error
	switch {
	case errors.As(err, &exit):
		return discreet(exit, exit.message), discreet(exit, exit.hint)
	case errors.As(err, &usage):
		return usage.Message, usage.Hint
	case errors.As(err, &rule):
		return strings.TrimSuffix(rule.Error(), "; "+rule.Hint), rule.Hint
	}
	return err.Error(), ""
}

// discreet returns text without the secrets that a user may have typed in a wrong place.
func discreet(e *exitError, text string) string {
	if e.code != exitUsage || text == "" {
		return text
	}
	set, err := rules.Builtin(detectors.Vocabulary())
	if err != nil {
		return text
	}
	if redacted, err := scanner.Redact(set, text); err == nil {
		return redacted
	}
	return text
}

// verdict returns the error that stands for the result of a scan, nil if all is well.
func verdict(r scanner.Result, failOn string, findingsCode int) error {
	found := map[string]int{failAny: r.Findings, failVerified: r.Active, failUnknown: r.Active + r.Unknown}[failOn] > 0
	switch {
	case r.Interrupted:
		return &exitError{code: exitInterrupted, message: "interrupted; the report covers what was read until then"}
	case r.Complete && found && findingsCode != 0:
		return &exitError{code: findingsCode}
	case r.Complete:
		return nil
	case found && findingsCode != 0:
		return &exitError{code: exitBoth, message: incompleteText(r)}
	}
	return &exitError{code: exitIncomplete, message: incompleteText(r)}
}

func incompleteText(r scanner.Result) string {
	if r.TimedOut {
		return "stopped by --timeout; the report covers what was read until then"
	}
	return "" // the report lists what was not read
}
