package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// helpWidth is the width of help texts, whatever the terminal.
const helpWidth = 80

// groupKey is the annotation that names a flag's group.
const groupKey = "group"

// flagGroups registers flags under headings. Help texts keep the order in which they are registered.
type flagGroups struct{ set *pflag.FlagSet }

// in registers the flags that define defines under the heading.
func (g flagGroups) in(heading string, define func(*pflag.FlagSet)) {
	part := pflag.NewFlagSet(heading, pflag.ContinueOnError)
	part.SortFlags = false
	define(part)
	part.VisitAll(func(f *pflag.Flag) {
		f.Annotations = map[string][]string{groupKey: {heading}}
		g.set.AddFlag(f)
	})
}

// printHelp writes the help of a command: what it does and examples (in Long), commands, flags by group, exit codes, and last examples of the
// flags that many commands have (in Example).
func printHelp(cmd *cobra.Command, _ []string) {
	fmt.Fprint(cmd.OutOrStdout(), helpText(cmd))
}

func helpText(cmd *cobra.Command) string {
	var b strings.Builder
	text, exits, _ := strings.Cut(cmd.Long, "\nExit codes:")
	if exits != "" {
		exits = "\nExit codes:" + exits
	} else if !cmd.HasParent() || cmd.Flags().Lookup("fail-on") != nil {
		exits = exitHelp
	}
	fmt.Fprintf(&b, "%s\nUsage:\n  %s\n", text, useLine(cmd))
	if cmd.HasAvailableSubCommands() {
		writeCommands(&b, cmd)
	}
	writeFlags(&b, cmd.Flags())
	b.WriteString(exits)
	if cmd.Example != "" {
		b.WriteString("\nMore examples:\n" + cmd.Example)
	}
	return b.String()
}

// writeCommands lists the commands below cmd, by group where there are groups.
func writeCommands(w io.Writer, cmd *cobra.Command) {
	width := 0
	for _, c := range cmd.Commands() {
		width = max(width, len(c.Name()))
	}
	groups := cmd.Groups()
	if len(groups) == 0 {
		groups = []*cobra.Group{{Title: "Commands"}}
	}
	for _, g := range groups {
		fmt.Fprintf(w, "\n%s:\n", g.Title)
		for _, c := range cmd.Commands() {
			if c.GroupID == g.ID && (c.IsAvailableCommand() || c.Name() == "help") {
				fmt.Fprintf(w, "  %-*s  %s\n", width, c.Name(), c.Short)
			}
		}
	}
	fmt.Fprintf(w, "\n%s COMMAND --help explains a command.\n", cmd.CommandPath())
}

// addGroups puts the commands of the program into groups, by what they are for.
func addGroups(root *cobra.Command) {
	for _, g := range []struct {
		title string
		names []string
	}{
		{"Find secrets", []string{"git", "dir", "stdin", "ci", "hook"}},
		{"Deal with findings", []string{"verify", "revoke", "triage", "baseline", "report"}},
		{"Set-up and help", []string{"init", "config", "rules", "doctor", "completion", "help", "version"}},
	} {
		root.AddGroup(&cobra.Group{ID: g.title, Title: g.title})
		for _, c := range root.Commands() {
			if slices.Contains(g.names, c.Name()) {
				c.GroupID = g.title
			}
		}
	}
}

func useLine(cmd *cobra.Command) string {
	if cmd.HasAvailableSubCommands() {
		return cmd.CommandPath() + " COMMAND"
	}
	path, _, _ := strings.Cut(cmd.CommandPath(), " "+cmd.Name())
	return path + " " + cmd.Use
}

// writeFlags writes the flags under their headings.
func writeFlags(w io.Writer, flags *pflag.FlagSet) {
	var headings []string
	groups := map[string]*pflag.FlagSet{}
	flags.SortFlags = false
	flags.VisitAll(func(f *pflag.Flag) {
		h := f.Annotations[groupKey]
		if len(h) == 0 {
			return // --help
		}
		if groups[h[0]] == nil {
			groups[h[0]] = pflag.NewFlagSet(h[0], pflag.ContinueOnError)
			groups[h[0]].SortFlags = false
			headings = append(headings, h[0])
		}
		groups[h[0]].AddFlag(f)
	})
	for _, h := range headings {
		fmt.Fprintf(w, "\n%s:\n%s", h, groups[h].FlagUsagesWrapped(helpWidth))
	}
}

// exampleWidth is the column at which examples are explained, if they are short enough.
const exampleWidth = 43

// commonExamples returns examples of the flags that all scanning commands have. Some commands verify without being told to.
func commonExamples(command string, verifies bool) string {
	var b strings.Builder
	for _, e := range [][2]string{
		{"--format json", "for programs; or jsonl: one per line"},
		{"-o json=out.json -o text=out.txt", "reports as files"},
		{"-o html=report.html", "a page to look at and to filter"},
		{"-o sarif=out.sarif -o junit=out.xml", "for code scanning, for CI"},
		{"--show-secrets", "secrets in full"},
		{"--min-confidence low", "doubtful ones, too"},
		{"--min-severity high", "only what matters most"},
		{"--rule github --rule aws", "only some providers"},
		{"--exclude-rule generic-url-credentials", "all rules but one"},
		{"--config my.toml", "with rules of your own"},
		{"--baseline known.json", "only what is not in a baseline"},
		{"--ignore-file more.ignore", "entries beside .mudlarkignore"},
		{"--no-inline-allow", "markers in the text count for nothing"},
		{"--config-from origin/main", "configuration of another commit"},
		{"--no-repo-config", "no configuration of what is scanned"},
		{"--verify", "ask whether secrets still work"},
		{"--only-verified", "report only those that do"},
		{"--results verified,unknown", "and where nobody could tell"},
		{"--verify --fail-on verified", "exit code 1 for those that do"},
		{"--verify-plan", "what --verify would send where"},
		{"--no-verification", "send nothing, as by default"},
		{"--verify --verify-rps 2 --verify-timeout 5m"},
		{"--verify --verify-cache seen.json", "and remember the answers"},
		{"--verify --allow-unknown", "even if nobody answers"},
		{"--verify --endpoint github=https://ghe.corp"},
		{"--verify --allow-host ghe.corp", "at its private address, too"},
		{"--verify --allow-plaintext", "and without TLS"},
		{"--verify --allow-effect cost"},
		{"--verify --verify-canaries"},
		{"--fail-on none", "exit code 0 in spite of secrets"},
		{"--exit-code 3", "exit code 3 if there are any"},
		{"--quiet --no-color --no-progress", "for scripts and logs"},
		{"-j 2 --memory 64M --timeout 10m", "on a small machine"},
		{"--max-blob 4G", "very large files, too"},
		{"--max-decode-depth 0", "nothing is decoded"},
		{"--max-archive-depth 0", "archives are not unpacked"},
		{"--max-archive-entries 50000", "read larger archives"},
		{"--max-archive-size 2G --max-archive-file 1G", "and longer files in them"},
		{"--max-archive-ratio 5000", "even if packed very well"},
	} {
		if verifies {
			if e[0] == "--verify" || e[0] == "--no-verification" {
				continue
			}
			e[0] = strings.TrimPrefix(e[0], "--verify ")
		}
		line := "  mudlark " + command + " " + e[0]
		if e[1] == "" {
			fmt.Fprintln(&b, line)
			continue
		}
		if line = fmt.Sprintf("%-*s  %s", exampleWidth-2, line, e[1]); len(line) > helpWidth {
			line, _, _ = strings.Cut(line, "  "+e[1]) // the flag's own text says it
			line = strings.TrimRight(line, " ")
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}
