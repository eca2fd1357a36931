package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
)

// newMan returns the command man, which packages are built with: it is hidden.
func newMan() *cobra.Command {
	return &cobra.Command{
		Use:    "man DIR",
		Short:  "Write the manual pages into a folder",
		Long:   "Write a manual page for each command into a folder, which is made if it is not\nthere.\n\nExamples:\n  mudlark man man/man1\n",
		Hidden: true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("for example: mudlark man man/man1", "man needs the name of one folder")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o777); err != nil {
				return usagef("may you write there?", "%s: %s", args[0], cause(err))
			}
			return writeManuals(cmd.Root(), args[0])
		},
	}
}

// writeManuals writes the pages of a command and of those below it.
func writeManuals(c *cobra.Command, dir string) error {
	file := filepath.Join(dir, manualName(c)+".1")
	if err := os.WriteFile(file, []byte(manual(c)), 0o666); err != nil {
		return usagef("may you write there?", "%s: %s", file, cause(err))
	}
	for _, sub := range c.Commands() {
		if !sub.IsAvailableCommand() {
			continue
		}
		if err := writeManuals(sub, dir); err != nil {
			return err
		}
	}
	return nil
}

// manualName is what the page of a command is called, as Git calls its own: mudlark-rules-show.
func manualName(c *cobra.Command) string { return strings.ReplaceAll(c.CommandPath(), " ", "-") }

// manual returns the page of a command in the macros of man(7). It says what the help text says, which is laid out by hand and therefore
// set as it stands; headings become sections. There is no date in it, so that the same source makes the same page.
func manual(c *cobra.Command) string {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH %s 1 \"\" %s\n", roffWord(strings.ToUpper(manualName(c))), roffWord("Mudlark "+version()))
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", roff(manualName(c)), roff(c.Short))
	section := func(name, text string) {
		if text = strings.Trim(text, "\n"); text != "" {
			fmt.Fprintf(&b, ".SH %s\n.nf\n%s\n.fi\n", roffWord(strings.ToUpper(name)), roff(text))
		}
	}
	heading, text := "DESCRIPTION", ""
	for line := range strings.Lines(helpText(c)) {
		name, isHeading := strings.CutSuffix(strings.TrimSuffix(line, "\n"), ":")
		if !isHeading || strings.HasPrefix(line, " ") || strings.Contains(name, ". ") || strings.Count(name, " ") > 2 {
			text += line
			continue
		}
		section(heading, text)
		heading, text = name, ""
	}
	section(heading, text)
	var also []string
	if c.HasParent() {
		also = append(also, c.Parent().CommandPath())
	}
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			also = append(also, sub.CommandPath())
		}
	}
	for i, path := range also {
		also[i] = roff(strings.ReplaceAll(path, " ", "-")) + "(1)"
	}
	fmt.Fprintf(&b, ".SH SEE ALSO\n%s\n", strings.Join(also, ", "))
	return b.String()
}

// roff escapes text for roff (groff_char(7)): backslashes, hyphens that are to be copied, and lines that would be requests.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\(rs`, "-", `\-`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`).Replace(text)
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, ".") || strings.HasPrefix(l, "'") {
			lines[i] = `\&` + l
		}
	}
	return strings.Join(lines, "\n")
}

// roffWord is text as one argument of a macro.
func roffWord(text string) string { return `"` + strings.ReplaceAll(roff(text), `"`, `\(dq`) + `"` }
