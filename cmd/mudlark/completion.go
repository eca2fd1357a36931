package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mudlark/detectors"
	"mudlark/rules"
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

// completeValues makes the values of flags complete, where they are known: words from a list, and the names of rules and providers.
func completeValues(c *cobra.Command) error {
	var failed error
	c.Flags().VisitAll(func(f *pflag.Flag) {
		complete := cobra.CompletionFunc(nil)
		switch v := f.Value.(type) {
		case words:
			complete = cobra.FixedCompletions(v.known, cobra.ShellCompDirectiveNoFileComp)
		case list:
			if f.Name == "rule" || f.Name == "exclude-rule" {
				complete = completeRules
			}
		}
		if complete == nil {
			return
		}
		if err := c.RegisterFlagCompletionFunc(f.Name, complete); err != nil && failed == nil {
			failed = fmt.Errorf("completion of --%s: %w", f.Name, err)
		}
	})
	for _, sub := range c.Commands() {
		if err := completeValues(sub); err != nil && failed == nil {
			failed = err
		}
	}
	return failed
}

// completeRules offers the built-in rules and providers.
func completeRules(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	all, err := rules.Builtin(detectors.Vocabulary())
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var names []string
	for _, r := range all {
		for _, name := range []string{r.ID, r.Provider} {
			if strings.HasPrefix(name, typed) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names), cobra.ShellCompDirectiveNoFileComp
}
