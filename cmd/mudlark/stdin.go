package main

import (
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mudlark/scanner"
)

const stdinHelp = `Find secrets in what comes in on standard input.

Examples:
  journalctl | mudlark stdin               a log
  mudlark stdin < notes.txt                a file
  curl -s URL | mudlark stdin --path app.js   and what the report is to call it
`

func newStdin(e *environment) *cobra.Command {
	f := &struct {
		scanFlags
		path string
	}{}
	cmd := &cobra.Command{
		Use:     "stdin [FLAGS]",
		Short:   "Find secrets in a stream",
		Long:    stdinHelp,
		Example: commonExamples("stdin", false),
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o, err := f.options(e)
			if err != nil {
				return err
			}
			if e.stdinTerminal && !f.quiet {
				fmt.Fprintln(e.stderr, "mudlark: reading from the terminal; end the input with Ctrl-D")
			}
			o.Mode, o.Stdin, o.StdinName = scanner.ModeStdin, e.stdin, f.path
			return f.scan(cmd.Context(), e, o)
		},
	}
	flagGroups{cmd.Flags()}.in(groupScope, func(s *pflag.FlagSet) {
		s.Var(text{&f.path, "NAME"}, "path", "what to call the input; rules that look at paths look at it")
	})
	f.add(cmd)
	return cmd
}
