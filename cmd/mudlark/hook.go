package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mudlark/hooks"
)

const groupHook = "Flags"

// newHook returns the command hook.
func newHook(e *environment) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "hook",
		Short: "Stop secrets before they are committed or pushed",
		Long: `Stop secrets before they are committed or pushed, by Git hooks.

Examples:
  mudlark hook install              in this repository: commits, merges, pushes
  mudlark hook install --global     in all your repositories
  mudlark hook install --hook pre-receive /srv/git/shop.git      on a server
  mudlark hook uninstall            takes it out again
  mudlark hook run pre-commit       what the hook does, by hand
`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(cmd, args[0])
			}
			return cmd.Help()
		},
	}
	cmd.AddCommand(newHookInstall(e), newHookUninstall(e), newHookRun(e))
	return cmd
}

const hookInstallHelp = `Put Mudlark into the Git hooks of a repository.

Hooks that are there stay and run as well: Mudlark adds its lines to a shell
script, calls any other program, and uses the ways that husky, lefthook and
pre-commit have for that. core.hooksPath is obeyed.

What stands behind -- is passed to every run of the hook; see
mudlark hook run pre-push --help.

Examples:
  mudlark hook install                         pre-commit, pre-merge-commit and
                                               pre-push, here
  mudlark hook install path/to/repo            in another repository
  mudlark hook install --hook pre-push         only one of them; repeatable
  mudlark hook install /srv/git/shop.git       bare, a server's: pre-receive
  mudlark hook install --global                for all your repositories
  mudlark hook install -- --min-confidence high
`

func newHookInstall(e *environment) *cobra.Command {
	var names []string
	var global bool
	cmd := &cobra.Command{
		Use:   "install [PATH] [FLAGS] [-- FLAGS OF THE HOOK]",
		Short: "Put Mudlark into the hooks of a repository, or of all",
		Long:  hookInstallHelp,
		RunE: func(cmd *cobra.Command, args []string) error {
			var passed []string
			if at := cmd.ArgsLenAtDash(); at >= 0 {
				args, passed = args[:at], args[at:]
			}
			dir, err := oneFolder(args)
			if err != nil {
				return err
			}
			return tellChanges(e, "", func() ([]hooks.Change, error) {
				place, err := hookPlace(dir, global, len(args) > 0, hooks.Locate)
				if err != nil {
					return nil, err
				}
				if len(names) == 0 {
					names = place.Usual()
				}
				if err := checkHookFlags(e, names, passed); err != nil {
					return nil, err
				}
				return hooks.Install(place, hooks.Options{Hooks: names, Flags: passed, Program: ownProgram()})
			})
		},
	}
	flagGroups{cmd.Flags()}.in(groupHook, func(s *pflag.FlagSet) {
		s.Var(list{&names, "NAME"}, "hook", "this hook instead of the usual ones: "+strings.Join(hooks.Names(), ", ")+"; repeatable")
		s.BoolVar(&global, "global", false, "for all your repositories, by core.hooksPath in your own Git configuration")
	})
	return cmd
}

const hookUninstallHelp = `Take Mudlark out of the Git hooks of a repository.

Hooks that were there before are as they were.

Examples:
  mudlark hook uninstall                 here
  mudlark hook uninstall path/to/repo    in another repository
  mudlark hook uninstall --global        out of the hooks of all repositories
`

func newHookUninstall(e *environment) *cobra.Command {
	var global bool
	cmd := &cobra.Command{
		Use:   "uninstall [PATH] [FLAGS]",
		Short: "Take Mudlark out of the hooks",
		Long:  hookUninstallHelp,
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := oneFolder(args)
			if err != nil {
				return err
			}
			return tellChanges(e, "Mudlark is in none of the hooks here.", func() ([]hooks.Change, error) {
				place, err := hookPlace(dir, global, len(args) > 0, hooks.LocateInstalled)
				if err != nil {
					return nil, err
				}
				return hooks.Uninstall(place)
			})
		},
	}
	flagGroups{cmd.Flags()}.in(groupHook, func(s *pflag.FlagSet) {
		s.BoolVar(&global, "global", false, "out of the hooks for all your repositories")
	})
	return cmd
}

func oneFolder(args []string) (string, error) {
	switch len(args) {
	case 0:
		return ".", nil
	case 1:
		return args[0], nil
	}
	return "", usagef("do one after the other", "one repository at a time, but %d were named", len(args))
}

func hookPlace(dir string, global, named bool, locate func(dir string) (*hooks.Place, error)) (*hooks.Place, error) {
	if !global {
		return locate(dir)
	}
	if named {
		return nil, &hooks.Error{Message: "--global is about all repositories, so none can be named", Hint: "drop one of them"}
	}
	return hooks.Global()
}

// tellChanges makes the changes and says what was done; nothing is what to say if there was none.
func tellChanges(e *environment, nothing string, change func() ([]hooks.Change, error)) error {
	changes, err := change()
	for _, c := range changes {
		fmt.Fprintf(e.stdout, "%-16s %s\n                 %s\n", c.Hook, c.What, c.File)
	}
	if len(changes) == 0 && err == nil && nothing != "" {
		fmt.Fprintln(e.stdout, nothing)
	}
	var told *hooks.Error
	if errors.As(err, &told) {
		return &exitError{code: exitUsage, message: told.Message, hint: told.Hint, lines: told.Lines}
	}
	return err
}

// ownProgram returns the path by which hooks call this program: as $PATH names it, which survives updates, or else as it was started; ""
// for a program that will be gone, as that of "go run".
func ownProgram() string {
	self, err := os.Executable()
	if err != nil {
		return ""
	}
	if found, err := exec.LookPath("mudlark"); err == nil && sameProgram(found, self) {
		if abs, err := filepath.Abs(found); err == nil {
			return filepath.ToSlash(abs)
		}
	}
	if strings.Contains(self, string(filepath.Separator)+"go-build") {
		return ""
	}
	return filepath.ToSlash(self)
}

func sameProgram(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}
