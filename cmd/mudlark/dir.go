package main

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mudlark/scanner"
)

const dirHelp = `Find secrets in files and folders as they are now.

What .gitignore names is left out, and so are .git folders.

Examples:
  mudlark dir .                            this folder and all below
  mudlark dir src config/app.yaml          some folders and files
  mudlark dir . --no-ignore                what .gitignore names, too
  mudlark dir . --include "*.env" --exclude "node_modules/**"
`

func newDir(e *environment) *cobra.Command {
	f := &struct {
		scanFlags
		include, exclude []string
		noIgnore         bool
	}{}
	cmd := &cobra.Command{
		Use:     "dir PATH... [FLAGS]",
		Short:   "Find secrets in files and folders",
		Long:    dirHelp,
		Example: commonExamples("dir .", false),
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("for this folder: mudlark dir .", "dir needs a file or folder")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			o, err := f.options(e)
			if err != nil {
				return err
			}
			o.Mode, o.Paths = scanner.ModeDir, args
			o.Include, o.Exclude, o.NoIgnore = f.include, f.exclude, f.noIgnore
			return f.scan(cmd.Context(), e, o)
		},
	}
	flagGroups{cmd.Flags()}.in(groupScope, func(s *pflag.FlagSet) {
		addGlobs(s, &f.include, &f.exclude)
		s.BoolVar(&f.noIgnore, "no-ignore", false, "what .gitignore names, too")
	})
	f.add(cmd)
	return cmd
}
