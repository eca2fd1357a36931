package main

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// docInline matches what stands between backquotes.
var docInline = regexp.MustCompile("`([^`\n]+)`")

// docCall matches a call of mudlark within a line of code: in a workflow, a script or a sentence.
var docCall = regexp.MustCompile(`(?:^|[\s"'\[(])mudlark ([a-z].*)`)

// TestDocInline parses the commands that pages name anywhere in code: within sentences and tables, and in the files of CI systems and shells,
// which TestDocs does not run. Flags that are named alone must be flags of some command.
func TestDocInline(t *testing.T) {
	e, _, _ := testEnvironment()
	known := allFlags(newRoot(e))
	known["depth"] = true // of git clone, in docs/ci.md
	calls, flags := 0, 0
	for name, page := range docPages(t) {
		if name == "docs/coverage.md" || name == "docs/coverage-notes.md" || name == "docs/verify-review.md" {
			continue // words of providers
		}
		for _, code := range codeOf(page) {
			if call := docCall.FindStringSubmatch(code); call != nil {
				calls++
				if err := parses(newRoot(e), call[1]); err != nil {
					t.Errorf("%s: mudlark %s: %v", name, call[1], err)
				}
			} else if flag, ok := strings.CutPrefix(code, "--"); ok && name != "docs/migrate.md" { // where flags of other tools stand
				flag, _, _ = strings.Cut(flag, " ")
				flag, _, _ = strings.Cut(flag, "=")
				flags++
				if flag != "" && !known[flag] {
					t.Errorf("%s: there is no flag --%s", name, flag)
				}
			}
		}
	}
	if calls < 100 || flags < 50 {
		t.Errorf("%d calls and %d flags were looked at", calls, flags)
	}
}

// codeOf returns the lines of a page's blocks of code, and what stands between backquotes elsewhere.
func codeOf(page string) []string {
	var found []string
	fenced := false
	for line := range strings.Lines(page) {
		switch {
		case strings.HasPrefix(line, "```"):
			fenced = !fenced
		case fenced || strings.HasPrefix(line, "    "):
			found = append(found, strings.TrimSpace(line))
		default:
			for _, code := range docInline.FindAllStringSubmatch(line, -1) {
				found = append(found, code[1])
			}
		}
	}
	return found
}

// parses returns what is wrong with a command line: the command, its flags, or the number of arguments.
func parses(root *cobra.Command, line string) error {
	for _, end := range []string{"  ", " #", " <", " >", " |", ";", "'", "]"} {
		line, _, _ = strings.Cut(line, end)
	}
	sub, rest, err := root.Find(fields(line))
	if err == nil && sub == root {
		return unknownCommand(root, line)
	}
	if err == nil {
		err = sub.ParseFlags(rest)
	}
	if err == nil && sub.HasSubCommands() && len(sub.Flags().Args()) > 0 {
		return unknownCommand(sub, sub.Flags().Arg(0))
	}
	if errors.Is(err, pflag.ErrHelp) {
		return nil
	}
	return err
}

// allFlags returns the names of the flags of all commands.
func allFlags(root *cobra.Command) map[string]bool {
	found := map[string]bool{}
	for _, c := range commands(root) {
		c.Flags().VisitAll(func(f *pflag.Flag) { found[f.Name] = true })
	}
	return found
}
