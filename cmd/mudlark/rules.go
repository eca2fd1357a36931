package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mudlark/detectors"
	"mudlark/report"
	"mudlark/rules"
	"mudlark/scanner"
	"mudlark/verify"
)

const groupRules = "Flags"

// newRules returns the command rules.
func newRules(e *environment) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rules",
		Short: "List, explain and test the kinds of secrets that are found",
		Long: `List, explain and test the kinds of secrets that are found.

Examples:
  mudlark rules list                       all rules
  mudlark rules show github-pat-classic    everything about one
  mudlark rules check my.toml              what is wrong with rules of your own
  mudlark rules test                       try every rule on generated secrets
  mudlark rules coverage                   compared with GitHub's list
  mudlark rules import gitleaks.toml       rules of other tools, as ours
`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(cmd, args[0])
			}
			return cmd.Help()
		},
	}
	cmd.AddCommand(newRulesList(), newRulesShow(), newRulesCheck(), newRulesTest(), newRulesCoverage(), newRulesImport())
	return cmd
}

// ruleFlags are the flags that commands on rules share.
type ruleFlags struct{ format, config string }

func (f *ruleFlags) add(s *pflag.FlagSet, withFormat bool) {
	f.format = "text"
	if withFormat {
		s.Var(words{&f.format, "FORMAT", []string{"text", "json"}}, "format", "print text or json")
	}
	s.Var(text{&f.config, "FILE"}, "config", "use this configuration instead of your own file")
}

// load returns the built-in rules and those of the trusted configuration.
func (f *ruleFlags) load() ([]*rules.Rule, error) {
	all, c, err := loadRules(f.config)
	if c != nil {
		all = append(all, c.Rules...)
	}
	return all, err
}

// find returns the rule with the id, of those that load returned.
func (f *ruleFlags) find(all []*rules.Rule, id string) (*rules.Rule, error) {
	r, err := findRule(all, id)
	if err == nil || f.config != "" {
		return r, err
	}
	// The one that people mean may stand in the folder's own file, which is not theirs to every scan, and so not to these commands.
	if _, c, broken := loadRules(scanner.ConfigName); broken == nil && c != nil {
		if r, own := findRule(c.Rules, id); own == nil {
			return nil, usagef("add --config "+scanner.ConfigName, "%s is a rule of %s here, not one of Mudlark's or your own file", r.ID, scanner.ConfigName)
		}
	}
	return nil, err
}

// findRule returns the rule with the id.
func findRule(all []*rules.Rule, id string) (*rules.Rule, error) {
	ids := make([]string, len(all))
	for i, r := range all {
		if strings.EqualFold(r.ID, id) {
			return r, nil
		}
		ids[i] = r.ID
	}
	hint := "mudlark rules list shows them all"
	if near := nearest(id, ids); near != "" {
		hint = "did you mean " + near + "?"
	}
	return nil, usagef(hint, "there is no rule %q", id)
}

func newRulesList() *cobra.Command {
	f := &ruleFlags{}
	cmd := &cobra.Command{
		Use:   "list [FLAGS]",
		Short: "List all rules",
		Long: `List all rules: id, provider, severity, confidence, and how far a rule looks.

Examples:
  mudlark rules list
  mudlark rules list --format json         for programs
  mudlark rules list --config my.toml      with rules of your own
`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			all, err := f.load()
			if err != nil {
				return err
			}
			if f.format == "json" {
				list := make([]ruleJSON, len(all))
				for i, r := range all {
					list[i] = newRuleJSON(r)
				}
				return printJSON(cmd.OutOrStdout(), list)
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "ID\tPROVIDER\tSEVERITY\tCONFIDENCE\tCLASS")
			for _, r := range all {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", r.ID, report.Escape(r.Provider), r.Severity, r.Confidence, r.Class)
			}
			return w.Flush()
		},
	}
	flagGroups{cmd.Flags()}.in(groupRules, func(s *pflag.FlagSet) { f.add(s, true) })
	return cmd
}

// ruleJSON is a rule as rules list and rules show print it.
type ruleJSON struct {
	ID         string   `json:"id"`
	Name       string   `json:"name"`
	Provider   string   `json:"provider"`
	Severity   string   `json:"severity"`
	Confidence string   `json:"confidence"`
	GitHub     []string `json:"github"`
	Class      string   `json:"class"`
	Reach      int      `json:"reach"` // -1: everything
	Formats    []string `json:"formats"`
	Regex      string   `json:"regex,omitempty"`
	Block      string   `json:"block,omitempty"`
	Anchors    []string `json:"anchors"`
	Near       []string `json:"near"`
	Checksum   string   `json:"checksum,omitempty"`
	Parts      []string `json:"parts"`
	Paths      []string `json:"paths"`
	Rotate     string   `json:"rotate,omitempty"`
	Source     string   `json:"source,omitempty"`
	Verified   bool     `json:"verified"`  // its provider can be asked
	Revocable  bool     `json:"revocable"` // its provider can be asked to revoke it
}

func newRuleJSON(r *rules.Rule) ruleJSON {
	j := ruleJSON{
		ID: r.ID, Name: r.Name, Provider: r.Provider, Severity: string(r.Severity), Confidence: string(r.Confidence),
		GitHub: append([]string{}, r.GitHub...), Class: string(r.Class), Reach: r.Reach,
		Formats: []string{}, Regex: r.Regex, Block: r.Block, Anchors: append([]string{}, anchors(r)...), Near: append([]string{}, r.Near...),
		Checksum: r.Checksum, Parts: []string{}, Paths: append([]string{}, r.Paths...), Rotate: r.Rotate, Source: r.Source, Verified: r.Verify != nil, Revocable: r.Revocable,
	}
	for _, f := range r.Formats {
		j.Formats = append(j.Formats, f.Text)
	}
	for _, p := range r.Parts {
		j.Parts = append(j.Parts, p.Name)
	}
	return j
}

func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

func newRulesCheck() *cobra.Command {
	return &cobra.Command{
		Use:   "check [FILE]",
		Short: "Check rules of your own, or the built-in ones",
		Long: `Check a file of rules, or a .mudlark.toml, without running the rules: the keys,
the formats, the ids, and whether two rules report the same bytes. How a rule
verifies its secrets is tried against a server of Mudlark's own: the answers
that it names must read as it says, and whatever else a server can do unknown.

Examples:
  mudlark rules check my.toml              rules of your own
  mudlark rules check .mudlark.toml        a project's configuration
  mudlark rules check                      the built-in rules
`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			builtin, err := rules.Builtin(detectors.Vocabulary())
			if err != nil {
				return err
			}
			what, own := "the built-in rules", builtin
			if len(args) > 0 {
				what = args[0]
				if own, err = readRules(args[0]); err != nil {
					return err
				}
				builtin = append(withoutFile(builtin, args[0], own), own...)
			}
			return checkRules(cmd.OutOrStdout(), what, builtin, own)
		},
	}
}

// withoutFile returns the built-in rules but those of the file itself, where somebody checks a file of Mudlark's own.
func withoutFile(builtin []*rules.Rule, file string, own []*rules.Rule) []*rules.Rule {
	ids := make(map[string]bool, len(own))
	for _, r := range own {
		ids[r.ID] = true
	}
	name := "rules/" + filepath.Base(file)
	itself := slices.ContainsFunc(builtin, func(r *rules.Rule) bool { return r.File == name && ids[r.ID] })
	if !itself {
		return builtin
	}
	return slices.DeleteFunc(slices.Clone(builtin), func(r *rules.Rule) bool { return r.File == name })
}

// readRules reads a file of rules or, if it has no provider of its own, a configuration file.
func readRules(file string) ([]*rules.Rule, error) {
	data, err := readConfig(file)
	if err != nil {
		return nil, usagef("name a file that you may read", "%s: %s", file, cause(err))
	}
	set, err := rules.Parse(file, data, detectors.Vocabulary())
	if err == nil {
		return set, nil
	}
	c, configErr := scanner.ParseConfig(file, data, detectors.Vocabulary(), true)
	if configErr == nil {
		return c.Rules, nil
	}
	if strings.HasSuffix(filepath.Base(file), "mudlark.toml") {
		return nil, configErr
	}
	return nil, err
}

// checkRules prints the problems of own, which is a part of all.
func checkRules(w io.Writer, what string, all, own []*rules.Rule) error {
	mine := make(map[string]bool, len(own))
	for _, r := range own {
		mine[r.File] = true
	}
	errs := 0
	for _, p := range rules.Check(all) {
		if !mine[p.File] {
			continue
		}
		fmt.Fprintln(w, report.Escape(p.String()))
		if !p.Warning {
			errs++
		}
	}
	if _, err := detectors.New(all, detectors.DefaultOptions()); err != nil {
		return errors.Join(err, &exitError{code: exitUsage})
	}
	errs += tryVerifiers(w, own)
	if errs > 0 {
		return &exitError{code: exitUsage, message: fmt.Sprintf("%s: errors: %d", what, errs)}
	}
	_, err := fmt.Fprintf(w, "%s: %s, no errors\n", report.Escape(what), counted(len(own), "rule", "rules"))
	return err
}

// tryVerifiers tries how rules ask their providers and have secrets revoked, prints what is wrong and returns how much that is.
func tryVerifiers(w io.Writer, set []*rules.Rule) int {
	type found struct{ verify, revoke []string }
	problems := make([]found, len(set))
	slots := make(chan struct{}, 4*runtime.GOMAXPROCS(0)) // most of the time is waiting
	var all sync.WaitGroup
	for i, r := range set {
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			problems[i] = found{verify.Try(r, generateSecret), verify.TryRevoke(r, generateSecret)}
		})
	}
	all.Wait()
	errs := 0
	for i, r := range set {
		tell := func(what string, list []string) {
			for _, p := range list {
				errs++
				fmt.Fprintln(w, report.Escape(rules.Problem{File: r.File, Line: r.Line, Rule: r.ID, Text: what + ": " + p}.String()))
			}
		}
		tell("verify", problems[i].verify)
		tell("revoke", problems[i].revoke)
	}
	return errs
}

func newRulesTest() *cobra.Command {
	f := &ruleFlags{}
	cmd := &cobra.Command{
		Use:               "test [ID] [FLAGS]",
		ValidArgsFunction: completeRules,
		Short:             "Try rules on generated secrets",
		Long: `Try one rule, or all, on secrets that are generated for it: each must be found,
by this rule alone and whole, in every syntax that such a secret is written in,
and near misses must not be.

Examples:
  mudlark rules test                       all rules
  mudlark rules test github-pat-classic    one of them
  mudlark rules test my-rule --config my.toml    one of your own
`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			all, err := f.load()
			if err != nil {
				return err
			}
			tested := all
			if len(args) > 0 {
				r, err := f.find(all, args[0])
				if err != nil {
					return err
				}
				tested = []*rules.Rule{r}
			}
			return testRules(cmd.OutOrStdout(), all, tested)
		},
	}
	flagGroups{cmd.Flags()}.in(groupRules, func(s *pflag.FlagSet) { f.add(s, false) })
	return cmd
}
