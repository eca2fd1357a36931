package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mudlark/report"
	"mudlark/scanner"
	"mudlark/scanner/allow"
)

// newBaseline returns the command baseline.
func newBaseline(e *environment) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "baseline",
		Short: "Keep a list of known findings, to report only new ones",
		Long: `Keep a list of known findings, to report only new ones.

A baseline holds fingerprints, no secrets. It does not make known secrets
harmless: it is for starting today, and rotating the old ones one by one.

Examples:
  mudlark baseline create known.json       all that is found now
  mudlark git --baseline known.json        only what is new
  mudlark baseline update known.json       drop what is gone, add what is new
  mudlark baseline show known.json         what is in it
`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(cmd, args[0])
			}
			return cmd.Help()
		},
	}
	cmd.AddCommand(newBaselineCreate(e), newBaselineUpdate(e), newBaselineShow())
	return cmd
}

// baselineFlags are those of a scan that a baseline is made of.
type baselineFlags struct {
	gitFlags
	dir, prune bool
	reason     string
}

func newBaselineCreate(e *environment) *cobra.Command {
	f := &baselineFlags{}
	cmd := &cobra.Command{
		Use:   "create FILE [PATH] [FLAGS]",
		Short: "Write a baseline of all that is found now",
		Long: `Write a baseline of all that is found now, in the history of a repository or,
with --dir, in the files of a folder. What is allowed already is left out.

In a repository that has no fingerprint_key, and no list of fingerprints yet, a
random one is put into .mudlark.toml, so that nobody can test guesses against
the fingerprints of weak passwords.

Examples:
  mudlark baseline create known.json                    this repository
  mudlark baseline create known.json path/to/repo
  mudlark baseline create known.json . --dir            files, without history
  mudlark baseline create known.json --reason "found in the audit of May"
` + baselineExamples("baseline create known.json"),
		Args: baselineArgs,
		RunE: func(cmd *cobra.Command, args []string) error { return f.create(cmd, e, args[0], target(args[1:])) },
	}
	f.register(cmd, e, false)
	return cmd
}

func newBaselineUpdate(e *environment) *cobra.Command {
	f := &baselineFlags{}
	cmd := &cobra.Command{
		Use:   "update FILE [PATH] [FLAGS]",
		Short: "Bring a baseline up to date",
		Long: `Take out of a baseline what is no longer found, and add what is new; with
--prune only the former. Reasons that stand in it stay.

Examples:
  mudlark baseline update known.json                    this repository
  mudlark baseline update known.json --prune            add nothing
  mudlark baseline update known.json . --dir            files, without history
  mudlark baseline update known.json --reason "rotated in June"
` + baselineExamples("baseline update known.json"),
		Args: baselineArgs,
		RunE: func(cmd *cobra.Command, args []string) error { return f.update(cmd, e, args[0], target(args[1:])) },
	}
	f.register(cmd, e, true)
	return cmd
}

func newBaselineShow() *cobra.Command {
	return &cobra.Command{
		Use:   "show FILE",
		Short: "Show what is in a baseline",
		Long: `Show what is in a baseline: of Mudlark, Gitleaks, detect-secrets or TruffleHog.

Examples:
  mudlark baseline show known.json
  mudlark baseline show .secrets.baseline      of detect-secrets
`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("for example: mudlark baseline show known.json", "baseline show takes one file")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := readBaseline(args[0])
			if err != nil {
				return err
			}
			return showBaseline(cmd.OutOrStdout(), b)
		},
	}
}

func showBaseline(w io.Writer, b *allow.File) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for i := range b.Entries {
		fmt.Fprintf(t, "%s\t%s\n", report.Escape(b.Entries[i].Text), report.Escape(b.Entries[i].Reason))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, p := range b.Problems {
		fmt.Fprintln(w, "not understood: "+report.Escape(p.String()))
	}
	_, err := fmt.Fprintf(w, "%s: %s, in the format of %s\n", report.Escape(b.Name), counted(len(b.Entries), "finding", "findings"), b.Format)
	return err
}

func baselineArgs(cmd *cobra.Command, args []string) error {
	if len(args) < 1 || len(args) > 2 {
		return usagef("for example: "+cmd.CommandPath()+" known.json", "%s takes a file and perhaps what to scan", cmd.CommandPath())
	}
	return nil
}

func baselineExamples(command string) string {
	return "  mudlark " + command + " --rule aws --min-confidence high\n"
}

func target(args []string) string {
	if len(args) == 0 {
		return "."
	}
	return args[0]
}

// register registers the flags of a scan that make sense for a list of findings.
func (f *baselineFlags) register(cmd *cobra.Command, e *environment, withPrune bool) {
	g := flagGroups{cmd.Flags()}
	f.add(&cobra.Command{}) // for the defaults
	g.in("Flags", func(s *pflag.FlagSet) {
		s.BoolVar(&f.dir, "dir", false, "scan files as they are, not a history")
		s.Var(text{&f.reason, "TEXT"}, "reason", "why what is new in the list may stay")
		if withPrune {
			s.BoolVar(&f.prune, "prune", false, "add nothing")
		}
		s.Var(words{&f.minConfidence, "LEVEL", levels}, "min-confidence", "leave out what is less sure: low, medium or high")
		s.Var(list{&f.only, "NAME"}, "rule", "only this rule or provider; repeatable")
	})
}

// scanned runs the scan.
func (f *baselineFlags) scanned(cmd *cobra.Command, e *environment, path string) (*collector, error) {
	o, err := f.options(e)
	if err != nil {
		return nil, err
	}
	o.Mode, o.Target = scanner.ModeGit, path
	if f.dir {
		o.Mode, o.Paths = scanner.ModeDir, []string{path}
	}
	return f.collect(cmd.Context(), e, o)
}

func (f *baselineFlags) create(cmd *cobra.Command, e *environment, file, path string) error {
	if !f.dir {
		if err := firstKey(e, path); err != nil {
			return err
		}
	}
	c, err := f.scanned(cmd, e, path)
	if err != nil {
		return err
	}
	list := f.known(c)
	if err := writeBaseline(file, c, list); err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: %s\n", report.Escape(file), counted(len(list), "finding", "findings"))
	return err
}

// known lists what a scan found.
func (f *baselineFlags) known(c *collector) []allow.Known {
	list := make([]allow.Known, 0, len(c.findings))
	for _, n := range c.findings {
		k := allow.Known{Fingerprint: n.Fingerprint, Rule: n.Rule, Reason: f.reason}
		if n.Path != nil {
			k.Path = *n.Path
		}
		if n.Line != nil {
			k.Line = *n.Line
		}
		if n.Commit != nil {
			k.Commit = *n.Commit
		}
		list = append(list, k)
	}
	return list
}

func (f *baselineFlags) update(cmd *cobra.Command, e *environment, file, path string) error {
	data, err := readFile(file, allow.MaxFile)
	if err != nil {
		return usagef("mudlark baseline create FILE makes one", "%s: %s", file, cause(err))
	}
	old, err := allow.ReadKnown(data)
	if err != nil {
		return usagef("only baselines of Mudlark are updated; mudlark baseline create FILE makes one", "%s: %v", file, err)
	}
	c, err := f.scanned(cmd, e, path)
	if err != nil {
		return err
	}
	reasons := map[string]string{}
	for _, k := range old {
		reasons[k.Fingerprint] = k.Reason
	}
	var list []allow.Known
	added := 0
	for _, k := range f.known(c) {
		reason, there := reasons[k.Fingerprint]
		switch {
		case there:
			k.Reason = reason
			delete(reasons, k.Fingerprint)
		case f.prune:
			continue
		default:
			added++
		}
		list = append(list, k)
	}
	if err := writeBaseline(file, c, list); err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: %s; %d added, %d removed\n", report.Escape(file), counted(len(list), "finding", "findings"), added, len(reasons))
	return err
}

// writeBaseline puts a baseline into its file.
func writeBaseline(file string, c *collector, list []allow.Known) error {
	out, err := newOutputFile(file, false)
	if err != nil {
		return usagef("name a file in a folder that exists and that you may write to", "%s: %s", file, cause(err))
	}
	defer out.discard()
	if err := allow.WriteBaseline(out, c.config.KeyCheck, list); err != nil {
		return failed(err)
	}
	if err := out.commit(); err != nil {
		return failed(err)
	}
	return nil
}

// firstKey gives a repository a fingerprint_key, if it has none and no list of fingerprints that would become void.
func firstKey(e *environment, path string) error {
	top, err := scanner.TopLevel(path, e.getenv)
	if err != nil || top == "" {
		return err
	}
	return addKey(e, top)
}
