package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mudlark/detectors"
	"mudlark/report"
	"mudlark/rules"
	"mudlark/scanner"
	"mudlark/scanner/allow"
)

func newConfig(e *environment) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Check a configuration, or show what is in force",
		Long: `Check a configuration, or show what is in force.

Examples:
  mudlark config check                     .mudlark.toml and ignore files here
  mudlark config check my.toml             another file
  mudlark config show                      what a scan of this repository uses
`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(cmd, args[0])
			}
			return cmd.Help()
		},
	}
	cmd.AddCommand(newConfigCheck(e), newConfigShow(e))
	return cmd
}

func newConfigCheck(e *environment) *cobra.Command {
	return &cobra.Command{
		Use:   "check [FILE...]",
		Short: "Check configuration and ignore files",
		Long: `Check configuration and ignore files: every key, every rule, every entry.
Without a file, those at the top of this repository are checked.

Examples:
  mudlark config check
  mudlark config check my.toml gitleaks.toml detectors.yaml .mudlarkignore
`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				if args = configFiles(top(e, ".")); len(args) == 0 {
					return usagef("mudlark init writes a first one", "there is no %s here", scanner.ConfigName)
				}
			}
			var errs []error
			for _, name := range args {
				said, err := checkConfig(name)
				if err != nil {
					errs = append(errs, err)
					continue
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s: %s\n", report.Escape(name), said)
			}
			return errors.Join(errs...)
		},
	}
}

// top returns the folder in which a scan of path looks for configuration.
func top(e *environment, path string) string {
	dir, err := scanner.TopLevel(path, e.getenv)
	if err != nil || dir == "" {
		return path
	}
	if wd, err := os.Getwd(); err == nil {
		if rel, err := filepath.Rel(wd, dir); err == nil && !strings.HasPrefix(rel, "..") {
			return rel
		}
	}
	return dir
}

// configFiles returns the configuration and ignore files in a folder.
func configFiles(dir string) (found []string) {
	for _, name := range configNames() {
		if info, err := os.Lstat(filepath.Join(dir, name)); err == nil && info.Mode().IsRegular() {
			found = append(found, filepath.Join(dir, name))
		}
	}
	return found
}

// oddConfigFiles returns the names of configuration and ignore files in a folder that are no regular files, which do not count.
func oddConfigFiles(dir string) (found []string) {
	for _, name := range configNames() {
		if info, err := os.Lstat(filepath.Join(dir, name)); err == nil && !info.Mode().IsRegular() {
			found = append(found, name)
		}
	}
	return found
}

func configNames() []string {
	return []string{scanner.ConfigName, scanner.GitleaksConfigName, allow.IgnoreName, allow.GitleaksIgnoreName}
}

// checkConfig returns in a few words what a file holds, or everything that is wrong with it.
func checkConfig(name string) (string, error) {
	data, err := readFile(name, allow.MaxFile)
	if err != nil {
		return "", usagef("name a file that you may read", "%s: %s", name, cause(err))
	}
	if base := filepath.Base(name); strings.HasSuffix(base, "ignore") {
		parse := allow.ParseIgnore
		if base == allow.GitleaksIgnoreName {
			parse = allow.ParseGitleaksIgnore
		}
		f := parse(name, data)
		var errs []error
		for _, p := range f.Problems {
			errs = append(errs, usagef(p.Hint, "%s", allow.Problem{File: p.File, Line: p.Line, Text: p.Text}))
		}
		return counted(len(f.Entries), "entry", "entries") + ", no errors", errors.Join(errs...)
	}
	builtin, err := rules.Builtin(detectors.Vocabulary())
	if err != nil {
		return "", err
	}
	c, err := scanner.ParseAnyConfig(name, data, detectors.Vocabulary(), readExtended)
	if err != nil {
		return "", err
	}
	if c.OnlyOwn {
		builtin = nil
	}
	all := slices.Concat(builtin, c.Rules)
	if err := rules.CheckSet(all); err != nil {
		return "", err
	}
	if _, err := detectors.New(all, detectors.DefaultOptions()); err != nil {
		return "", err
	}
	said := counted(len(c.Rules), "rule", "rules") + ", " + counted(len(c.Allow), "allow", "allows") + ", no errors"
	for _, w := range c.Warnings {
		said += "\n  " + report.Escape(w)
	}
	return said, nil
}

func newConfigShow(e *environment) *cobra.Command {
	config := ""
	cmd := &cobra.Command{
		Use:   "show [PATH] [FLAGS]",
		Short: "Show which configuration a scan uses",
		Long: `Show which files and variables a scan of a repository or folder uses, and what
they say. The fingerprint key is not shown.

Examples:
  mudlark config show                      for this repository
  mudlark config show path/to/repo --config my.toml
`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usagef("for example: mudlark config show path/to/repo", "config show takes one path")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return showConfig(cmd, e, target(args), config)
		},
	}
	flagGroups{cmd.Flags()}.in(groupRules, func(s *pflag.FlagSet) {
		s.Var(text{&config, "FILE"}, "config", "use this configuration instead of your own file")
	})
	return cmd
}

func showConfig(cmd *cobra.Command, e *environment, path, config string) error {
	w := cmd.OutOrStdout()
	builtin, trusted, err := loadRules(config)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "built-in rules: %d\n", len(builtin))
	if trusted == nil {
		fmt.Fprintln(w, "your own configuration: none")
	} else {
		printConfig(w, "your own configuration", trusted)
	}
	dir := top(e, path)
	for _, name := range configFiles(dir) {
		data, err := readFile(name, allow.MaxFile)
		if err != nil {
			return usagef("may you read it?", "%s: %s", name, cause(err))
		}
		switch filepath.Base(name) {
		case scanner.ConfigName:
			c, err := scanner.ParseConfig(name, data, detectors.Vocabulary(), false)
			if err != nil {
				return err
			}
			printConfig(w, "of what is scanned", c)
		case scanner.GitleaksConfigName:
			if _, err := os.Stat(filepath.Join(dir, scanner.ConfigName)); errors.Is(err, fs.ErrNotExist) {
				fmt.Fprintf(w, "of what is scanned: %s\n", report.Escape(name))
			} else {
				fmt.Fprintf(w, "%s: not used, as there is a %s\n", report.Escape(name), scanner.ConfigName)
			}
		default:
			parse := allow.ParseIgnore
			if filepath.Base(name) == allow.GitleaksIgnoreName {
				parse = allow.ParseGitleaksIgnore
			}
			f := parse(name, data)
			fmt.Fprintf(w, "%s: %s, %d not understood\n", report.Escape(name), counted(len(f.Entries), "entry", "entries"), len(f.Problems))
		}
	}
	return showVariables(w, cmd.Root(), e)
}

func printConfig(w io.Writer, what string, c *scanner.Config) {
	fmt.Fprintf(w, "%s: %s\n", what, report.Escape(c.File))
	if c.FingerprintKey != nil {
		fmt.Fprintln(w, "  fingerprint_key: set")
	}
	for _, r := range c.Rules {
		fmt.Fprintf(w, "  rule %s\n", r.ID)
	}
	for i := range c.Allow {
		fmt.Fprintf(w, "  %s\n", report.Escape(c.Allow[i].Text))
	}
	for _, a := range c.Accept {
		fmt.Fprintf(w, "  may stay unread: %s (%s)\n", report.Escape(a.Object), report.Escape(a.Reason))
	}
	for _, warning := range c.Warnings {
		fmt.Fprintf(w, "  ignored: %s\n", report.Escape(warning))
	}
}

// flagVariables returns the names of the environment variables that stand for flags of a command or of those below it.
func flagVariables(root *cobra.Command) map[string]bool {
	names := map[string]bool{}
	var visit func(*cobra.Command)
	visit = func(c *cobra.Command) {
		c.Flags().VisitAll(func(f *pflag.Flag) { names[variable(f.Name)] = true })
		for _, sub := range c.Commands() {
			visit(sub)
		}
	}
	visit(root)
	return names
}

// showVariables lists the environment variables that stand for flags and are set.
func showVariables(w io.Writer, root *cobra.Command, e *environment) error {
	for _, name := range slices.Sorted(maps.Keys(flagVariables(root))) {
		if e.getenv(name) == "" {
			continue
		}
		if _, err := fmt.Fprintf(w, "%s=%s\n", name, report.Escape(e.getenv(name))); err != nil {
			return err
		}
	}
	return nil
}
