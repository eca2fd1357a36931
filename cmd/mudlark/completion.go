package main

import (
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

const completionHelp = `Print a script that makes a shell complete Mudlark's commands, flags, formats
and rules.

Examples:
  mudlark completion bash > ~/.local/share/bash-completion/completions/mudlark
  mudlark completion zsh > "${fpath[1]}/_mudlark"
  mudlark completion fish > ~/.config/fish/completions/mudlark.fish
  mudlark completion powershell >> $PROFILE
`

// shells maps the shells that completion knows to what writes their script.
func shells() map[string]func(root *cobra.Command, w io.Writer) error {
	return map[string]func(*cobra.Command, io.Writer) error{
		"bash":       func(root *cobra.Command, w io.Writer) error { return root.GenBashCompletionV2(w, true) },
		"zsh":        func(root *cobra.Command, w io.Writer) error { return root.GenZshCompletion(w) },
		"fish":       func(root *cobra.Command, w io.Writer) error { return root.GenFishCompletion(w, true) },
		"powershell": func(root *cobra.Command, w io.Writer) error { return root.GenPowerShellCompletionWithDesc(w) },
	}
}

// newCompletion returns the command completion.
func newCompletion() *cobra.Command {
	names := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use:       "completion SHELL",
		Short:     "Print a completion script for a shell",
		Long:      completionHelp,
		ValidArgs: names,
		Args: func(_ *cobra.Command, args []string) error {
			hint := "it is one of " + strings.Join(names, ", ")
			switch {
			case len(args) != 1:
				return usagef("for example: mudlark completion bash", "completion needs the name of one shell")
			case !slices.Contains(names, args[0]):
				if near := nearest(args[0], names); near != "" {
					hint = "did you mean " + near + "? " + hint
				}
				return usagef(hint, "there is no completion for the shell %q", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return shells()[args[0]](cmd.Root(), cmd.OutOrStdout())
		},
	}
}
