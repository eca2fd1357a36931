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
	return parseArgs(root, fields(line))
}

func parseArgs(root *cobra.Command, args []string) error {
	sub, rest, err := root.Find(args)
	if err == nil && sub == root {
		return unknownCommand(root, args[0])
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

// TestDocMigration takes every spelling of other tools that docs/migrate.md lists, in the table of what is done here, through the translation: it
// must be understood.
func TestDocMigration(t *testing.T) {
	_, table, ok := strings.Cut(docPages(t)["docs/migrate.md"], "| written there | done here |\n")
	if !ok {
		t.Fatal("the table is not there")
	}
	table, _, _ = strings.Cut(table, "\n\n")
	values := strings.NewReplacer("FILE", "x.json", "PATH", "src", " N", " 3", "ID", "jwt", "DATE", "2024-01-01", "LEVEL", "warn", "REV", "main", "REF", "main")
	e, _, _ := testEnvironment()
	tried := 0
	for line := range strings.Lines(table) {
		written, _, _ := strings.Cut(strings.TrimPrefix(line, "|"), "|")
		command := []string{"git"}
		for _, span := range docInline.FindAllStringSubmatch(written, -1) {
			args := fields(values.Replace(span[1]))
			switch {
			case args[0] == "gitleaks" || args[0] == "trufflehog":
				args = args[1:]
				command = args[:1:1] // the flags behind it in this row are its own
			case strings.HasPrefix(written, " `--log-opts") && args[0] != "--log-opts": // an option of git log
				args = append(command, "--log-opts", strings.Join(args, " "))
			default:
				args = append(command, args...)
			}
			tried++
			translated, err := translate(args)
			if err == nil {
				err = parseArgs(newRoot(e), translated)
			}
			if err != nil {
				t.Errorf("%s: %q: %v", span[1], args, err)
			}
		}
	}
	if tried < 30 {
		t.Errorf("%d spellings were tried", tried)
	}
}
