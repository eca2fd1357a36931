package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mudlark/report"
	"mudlark/rules"
)

// coverageOf says which of GitHub's types of secrets rules find.
type coverageOf struct {
	Types   int            `json:"types"`
	Covered int            `json:"covered"`
	List    []typeCoverage `json:"list"`
	Unknown []string       `json:"unknown"` // types that rules name and GitHub does not list
}

type typeCoverage struct {
	Type     string   `json:"type"`
	Provider string   `json:"provider"`
	Rules    []string `json:"rules"` // empty: not covered
}

func newRulesCoverage() *cobra.Command {
	f := &ruleFlags{}
	missing, markdown := false, false
	cmd := &cobra.Command{
		Use:   "coverage [FLAGS]",
		Short: "Compare the rules with GitHub's list of secret types",
		Long: `Compare the rules with the list of secret types that GitHub publishes for its
secret scanning: which of them are found here, by which rule, and which are not.

Examples:
  mudlark rules coverage                   how many, by provider
  mudlark rules coverage --missing         the types that are not found
  mudlark rules coverage --markdown        the document docs/coverage.md
  mudlark rules coverage --format json     all types with their rules
  mudlark rules coverage --config my.toml  with rules of your own
`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			all, err := f.load()
			if err != nil {
				return err
			}
			c := coverage(all)
			switch {
			case markdown:
				return writeCoverage(cmd.OutOrStdout(), all, &c)
			case f.format == "json":
				return printJSON(cmd.OutOrStdout(), c)
			}
			return c.print(cmd.OutOrStdout(), missing)
		},
	}
	flagGroups{cmd.Flags()}.in(groupRules, func(s *pflag.FlagSet) {
		f.add(s, true)
		s.BoolVar(&markdown, "markdown", false, "print all providers with their rules as Markdown")
		s.BoolVar(&missing, "missing", false, "list the types that are not found")
	})
	return cmd
}

func coverage(all []*rules.Rule) coverageOf {
	byType := map[string][]string{}
	for _, r := range all {
		for _, t := range r.GitHub {
			byType[t] = append(byType[t], r.ID)
		}
	}
	c := coverageOf{List: []typeCoverage{}, Unknown: []string{}}
	for _, t := range rules.GitHubTypes() {
		ids := byType[t.Slug]
		delete(byType, t.Slug)
		c.Types++
		if len(ids) > 0 {
			c.Covered++
		}
		c.List = append(c.List, typeCoverage{t.Slug, t.Provider, append([]string{}, ids...)})
	}
	for t := range byType {
		c.Unknown = append(c.Unknown, t)
	}
	slices.Sort(c.Unknown)
	return c
}

func (c *coverageOf) print(w io.Writer, missing bool) error {
	type count struct{ covered, types int }
	byProvider := map[string]count{}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, x := range c.List {
		n := byProvider[x.Provider]
		n.types++
		if len(x.Rules) > 0 {
			n.covered++
		} else if missing {
			fmt.Fprintf(t, "%s\t%s\n", x.Type, report.Escape(x.Provider))
		}
		byProvider[x.Provider] = n
	}
	if !missing {
		names := make([]string, 0, len(byProvider))
		for name := range byProvider {
			names = append(names, name)
		}
		slices.SortFunc(names, func(a, b string) int { return cmp.Compare(strings.ToLower(a), strings.ToLower(b)) })
		fmt.Fprintln(t, "PROVIDER\tFOUND\tTYPES")
		for _, name := range names {
			fmt.Fprintf(t, "%s\t%d\t%d\n", report.Escape(name), byProvider[name].covered, byProvider[name].types)
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, u := range c.Unknown {
		fmt.Fprintf(w, "%s: named by a rule, but not in GitHub's list\n", u)
	}
	_, err := fmt.Fprintf(w, "%d of %d types are found (%.1f %%)\n", c.Covered, c.Types, 100*float64(c.Covered)/float64(max(1, c.Types)))
	return err
}
