package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"mudlark/scanner"
)

func newRulesImport() *cobra.Command {
	return &cobra.Command{
		Use:   "import FILE",
		Short: "Print the rules of Gitleaks or TruffleHog as ours",
		Long: `Print a configuration of Gitleaks, or custom detectors of TruffleHog, as a
.mudlark.toml says the same. What cannot be taken over as it was stands in
comments at the top. Both also work as they are, with --config FILE.

Examples:
  mudlark rules import gitleaks.toml       > .mudlark.toml keeps it
  mudlark rules import detectors.yaml      of TruffleHog
`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("for example: mudlark rules import gitleaks.toml", "rules import takes one file")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			data, err := readConfig(args[0])
			if err != nil {
				return usagef("name a file that you may read", "%s: %s", args[0], cause(err))
			}
			c, err := scanner.ImportRules(args[0], data, readExtended)
			if err != nil {
				return err
			}
			if c == nil {
				return usagef("Gitleaks' have [[rules]] tables; TruffleHog's are .yaml files", "%s is no configuration of Gitleaks or TruffleHog", args[0])
			}
			if err := c.WriteTOML(cmd.OutOrStdout()); err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.ErrOrStderr(), "mudlark: %s and %s of %s; %s\n", counted(len(c.Rules), "rule", "rules"), counted(len(c.Allows), "allowlist", "allowlists"), c.Tool, notHonoured(len(c.Notes)))
			return err
		},
	}
}

func notHonoured(n int) string {
	if n == 0 {
		return "everything was taken over"
	}
	return strings.TrimSuffix(fmt.Sprintf("%d notes on what was not stand at the top", n), "\n")
}
