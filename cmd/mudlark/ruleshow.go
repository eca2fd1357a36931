package main

import (
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mudlark/detectors"
	"mudlark/report"
	"mudlark/rules"
)

func newRulesShow() *cobra.Command {
	f := &ruleFlags{}
	example := false
	cmd := &cobra.Command{
		Use:               "show ID [FLAGS]",
		Short:             "Explain a rule",
		ValidArgsFunction: completeRules,
		Long: `Explain a rule: what it finds, how, and where that is documented.

Examples:
  mudlark rules show github-pat-classic
  mudlark rules show github-pat-classic --example    and a made-up token
  mudlark rules show github-pat-classic --format json
  mudlark rules show my-rule --config my.toml    one of your own
`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("mudlark rules list shows them all", "rules show needs the id of one rule")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			all, err := f.load()
			if err != nil {
				return err
			}
			r, err := f.find(all, args[0])
			if err != nil {
				return err
			}
			if f.format == "json" {
				return printJSON(cmd.OutOrStdout(), newRuleJSON(r))
			}
			showRule(cmd.OutOrStdout(), r)
			if example {
				return showExample(cmd.OutOrStdout(), r)
			}
			return nil
		},
	}
	flagGroups{cmd.Flags()}.in(groupRules, func(s *pflag.FlagSet) {
		s.BoolVar(&example, "example", false, "make up a token, other each time; it opens nothing")
		f.add(s, true)
	})
	return cmd
}

// showActions tells how the rule's secrets are verified and revoked.
func showActions(field func(label, text string), r *rules.Rule) {
	if v := r.Verify; v != nil {
		label := "verify"
		if v.Protocol != "" {
			field(label, "by protocol "+v.Protocol)
		}
		for _, q := range v.Requests {
			field(label, q.Method+" "+q.URL.String())
			label = ""
		}
		field("effect", v.Effect)
		field("hosts", strings.Join(v.Hosts, ", "))
		if v.Endpoint != "" {
			field("endpoint", v.Endpoint+"  (--endpoint "+v.Endpoint+"=URL)")
		}
		field("evidence", v.Evidence)
	}
	if v := r.Revoke; v != nil {
		label := "revoke"
		if v.Protocol != "" {
			field(label, "protocol "+v.Protocol)
		}
		for _, q := range v.Requests {
			field(label, q.Method+" "+q.URL.String())
			label = ""
		}
		if v.Find != nil {
			field("found by", v.Find.Request.Method+" "+v.Find.Request.URL.String())
		}
	}
}

// showRule prints everything that is known of a rule.
func showRule(w io.Writer, r *rules.Rule) {
	field := func(label, text string) {
		if text != "" {
			fmt.Fprintf(w, "  %-13s %s\n", label, report.Escape(text))
		}
	}
	list := func(label string, items []string) { field(label, strings.Join(items, ", ")) }
	fmt.Fprintf(w, "%s\n", report.Escape(r.ID))
	field("name", r.Name)
	field("provider", r.Provider)
	field("severity", string(r.Severity))
	field("confidence", string(r.Confidence))
	for _, f := range r.Formats {
		field("format", f.Text+conditions(&f, r))
	}
	field("regex", r.Regex)
	field("block", r.Block)
	for _, key := range slices.Sorted(maps.Keys(r.BlockArgs)) {
		field("  "+key, r.BlockArgs[key])
	}
	list("anchors", anchors(r))
	list("near", r.Near)
	list("after", r.After)
	if r.Checksum != "" {
		field("checksum", r.Checksum+map[string]string{"low": "; low confidence where it is wrong", "drop": "; nothing is reported where it is wrong"}[r.OnMismatch])
	}
	if r.Entropy > 0 {
		field("entropy", fmt.Sprintf("at least %g bits per character", r.Entropy))
	}
	list("require", r.Require)
	list("reject", r.Reject)
	list("placeholders", r.Placeholders)
	field("boundary", r.Boundary)
	list("paths", r.Paths)
	for _, p := range r.Parts {
		field("part", partText(&p))
	}
	field("class", classText(r))
	if r.Weak {
		field("weak", "may be a password that can be guessed")
	}
	if r.Public {
		field("public", "is meant to be public, and not reported")
	}
	list("github", r.GitHub)
	field("rotate", r.Rotate)
	showActions(field, r)
	field("source", r.Source)
	field("defined", fmt.Sprintf("%s:%d", r.File, r.Line))
}

// conditions says what an alternative demands other than its rule.
func conditions(f *rules.Format, r *rules.Rule) string {
	var s []string
	if f.Checksum != r.Checksum && f.Checksum != "" {
		s = append(s, "checksum "+f.Checksum)
	}
	if !slices.Equal(f.Near, r.Near) && len(f.Near) > 0 {
		s = append(s, "near "+strings.Join(f.Near, ", "))
	}
	if f.Confidence != r.Confidence && f.Confidence != "" {
		s = append(s, string(f.Confidence)+" confidence")
	}
	if len(s) == 0 {
		return ""
	}
	return "  (" + strings.Join(s, "; ") + ")"
}

func partText(p *rules.Part) string {
	s := p.Name
	for _, f := range p.Formats {
		s += " " + f.Text
	}
	switch {
	case p.File:
		s += ", in the same file"
	case p.Lines > 0:
		s += fmt.Sprintf(", within %d lines", p.Lines)
	}
	if p.Required {
		s += ", required"
	}
	if p.Public {
		s += ", no secret itself"
	}
	return s
}

// classText says how far a rule looks.
func classText(r *rules.Rule) string {
	if r.Reach < 0 {
		return string(r.Class) + ": looks at the whole text"
	}
	return fmt.Sprintf("%s: looks at up to %d bytes", r.Class, r.Reach)
}

// anchors returns the texts of which one stands in everything that a rule finds: the literals of its formats, or its keywords.
func anchors(r *rules.Rule) []string {
	list := slices.Clone(r.Keywords)
	for _, f := range r.Formats {
		list = append(list, literals(f.Node)...)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// literals returns the longest literal of a node that all its matches hold, or of alternatives those of each.
func literals(n rules.Node) []string {
	var best []string
	switch n := n.(type) {
	case *rules.Literal:
		return []string{string(n.Bytes)}
	case *rules.Seq:
		for _, c := range n.Nodes {
			if l := literals(c); shortest(l) > shortest(best) {
				best = l
			}
		}
	case *rules.Alt:
		for _, c := range n.Nodes {
			l := literals(c)
			if len(l) == 0 {
				return nil
			}
			best = append(best, l...)
		}
	case *rules.Repeat:
		if n.Min > 0 {
			return literals(n.Node)
		}
	}
	return best
}

func shortest(list []string) int {
	if len(list) == 0 {
		return 0
	}
	n := len(list[0])
	for _, s := range list {
		n = min(n, len(s))
	}
	return n
}

// showExample prints a random token of the rule.
func showExample(w io.Writer, r *rules.Rule) error {
	rnd := rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	text, _ := detectors.Generate(rnd, r)
	if text == nil {
		return usagef("rules with a format or a block have examples", "no example can be made up for %s", r.ID)
	}
	fmt.Fprintf(w, "  %-13s ", "example")
	_, err := fmt.Fprintln(w, strings.ReplaceAll(strings.TrimSuffix(string(text), "\n"), "\n", "\n"+strings.Repeat(" ", 16)))
	return err
}
