package main

import (
	"errors"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// environment is what a command sees of the outside.
type environment struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
	environ        func() []string // all variables, as NAME=value
	now            func() time.Time
	started        time.Time // of the process

	stdinTerminal, stdoutTerminal, stderrTerminal bool
	width                                         int // of the terminal; 0 if unknown
}

// variables returns all environment variables, as NAME=value.
func (e *environment) variables() []string {
	if e.environ == nil {
		return nil
	}
	return e.environ()
}

const rootHelp = `Find secrets that leaked into Git history.

Examples:
  mudlark git                     everything that this repository ever contained
  mudlark git --staged            what is about to be committed
  mudlark git --since-commit origin/main     only what is new on this branch
  mudlark dir .                   files as they are now
  journalctl | mudlark stdin      a stream
  mudlark ci                      what is new, in the job of a CI system
  mudlark hook install            stop secrets before they are committed
  mudlark rules list              the kinds of secrets that are found
`

const exitHelp = `
Exit codes:
  0    no secrets, and everything was read
  1    secrets were found, of those that --fail-on names (--exit-code N: N)
  2    wrong usage or configuration, or not a repository
  4    incomplete: something was not read or verified; the report lists it
  5    secrets were found, and the report is incomplete
  130  interrupted
`

// newRoot returns the command tree.
func newRoot(e *environment) *cobra.Command {
	root := &cobra.Command{
		Use:           "mudlark",
		Short:         "Find secrets that leaked into Git history",
		Long:          rootHelp,
		Version:       version(),
		Args:          cobra.ArbitraryArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(cmd, args[0])
			}
			return cmd.Help()
		},
	}
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error { return fromEnvironment(cmd, e.getenv) }
	root.SetVersionTemplate(versionLine())
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetIn(e.stdin)
	root.SetOut(e.stdout)
	root.SetErr(e.stderr)
	root.SetHelpFunc(printHelp)
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(newGit(e), newDir(e), newStdin(e), newCI(e), newReport(e), newVerify(e), newRevoke(e), newHook(e), newBaseline(e), newConfig(e), newTriage(e), newRules(e), newInit(e), newDoctor(e), newCompletion(), newMan(), newVersion())
	help := newHelp()
	root.SetHelpCommand(help)
	root.AddCommand(help)
	addGroups(root)
	if err := completeValues(root); err != nil {
		panic(err) // a flag that is not there or is registered twice: a mistake in this package
	}
	return root
}

// newHelp returns the command "help", which prints what --help prints.
func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:               "help [COMMAND]",
		Short:             "Explain a command",
		ValidArgsFunction: completeCommands,
		Long:              "Explain a command.\n\nExamples:\n  mudlark help git\n  mudlark help rules show\n",
		RunE: func(cmd *cobra.Command, args []string) error {
			target, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return unknownCommand(cmd.Root(), strings.Join(args, " "))
			}
			return target.Help()
		},
	}
}

// unknownCommand returns the error for a command that does not exist.
func unknownCommand(parent *cobra.Command, name string) error {
	hint := "see: " + parent.CommandPath() + " --help"
	var names []string
	for _, c := range parent.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	if name == "scan" && parent == parent.Root() {
		hint = "a history: mudlark git; files: mudlark dir .; a stream: mudlark stdin"
	} else if near := nearest(name, names); near != "" {
		hint = "did you mean: " + parent.CommandPath() + " " + near
	} else if _, err := os.Stat(name); err == nil && parent == parent.Root() {
		hint = "to scan it: mudlark git " + name + ", or, for plain files: mudlark dir " + name
	}
	return usagef(hint, "there is no command %q", name)
}

// flagError explains what is wrong with a flag.
func flagError(cmd *cobra.Command, err error) error {
	help := "see: " + cmd.CommandPath() + " --help"
	var unknown *pflag.NotExistError
	var missing *pflag.ValueRequiredError
	var invalid *pflag.InvalidValueError
	var hinted *exitError
	switch {
	case errors.Is(err, pflag.ErrHelp):
		return err
	case errors.As(err, &unknown):
		return unknownFlag(cmd, unknown)
	case errors.As(err, &missing):
		f := missing.GetFlag()
		return usagef("--"+f.Name+" "+f.Value.Type()+": "+f.Usage, "--%s needs a value", f.Name)
	case errors.As(err, &invalid) && errors.As(err, &hinted):
		return usagef(hinted.hint, "--%s: %s", invalid.GetFlag().Name, hinted.message)
	case errors.As(err, &invalid):
		return usagef(help, "--%s: %q is not understood", invalid.GetFlag().Name, invalid.GetValue())
	}
	return usagef(help, "%v", err)
}

func unknownFlag(cmd *cobra.Command, err *pflag.NotExistError) error {
	name, dashes := err.GetSpecifiedName(), "--"
	if err.GetSpecifiedShortnames() != "" {
		name, dashes = name[:1], "-"
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	hint := "see: " + cmd.CommandPath() + " --help"
	if near := nearest(name, names); near != "" && dashes == "--" {
		hint = "did you mean --" + near + "?"
	} else if owner := withFlag(cmd, name, dashes); owner != nil {
		hint = "flags stand behind the command, for example: " + owner.CommandPath() + " " + dashes + name
	}
	return usagef(hint, "there is no flag %s%s in %s", dashes, name, cmd.CommandPath())
}

// withFlag returns a command below cmd that has the flag, nil if there is none: "git" rather than another.
func withFlag(cmd *cobra.Command, name, dashes string) *cobra.Command {
	var found *cobra.Command
	for _, c := range cmd.Commands() {
		has := c.Flags().Lookup(name) != nil
		if dashes == "-" {
			has = c.Flags().ShorthandLookup(name) != nil
		}
		if has && c.IsAvailableCommand() && (found == nil || c.Name() == "git") {
			found = c
		}
	}
	return found
}

// nearest returns the name that is most like the given one, "" if none is.
func nearest(name string, names []string) string {
	best, distance := "", 1+len(name)/3
	for _, n := range names {
		d := editDistance(strings.ToLower(name), n)
		if len(name) >= 3 && strings.HasPrefix(n, strings.ToLower(name)) {
			d = 1
		}
		if d <= distance && (best == "" || d < distance) {
			best, distance = n, d
		}
	}
	return best
}

// editDistance is the number of characters to insert, delete or replace, or of neighbours to exchange, to get from a to b (Damerau and
// Levenshtein, each place changed once).
func editDistance(a, b string) int {
	before, above, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before, above, row = above, row, before
		row[0] = i + 1
		for j := range len(b) {
			cost := above[j]
			if a[i] != b[j] {
				cost++
			}
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				cost = min(cost, before[j-1]+1)
			}
			row[j+1] = min(cost, row[j]+1, above[j+1]+1)
		}
	}
	return row[len(b)]
}
