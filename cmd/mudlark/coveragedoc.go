package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"mudlark/rules"
)

// writeCoverage writes which providers there are rules for, with their documentation, and which of GitHub's types of secrets are not found.
func writeCoverage(w io.Writer, all []*rules.Rule, c *coverageOf) error {
	byProvider := map[string][]*rules.Rule{}
	var names []string
	for _, r := range all {
		if byProvider[r.Provider] == nil {
			names = append(names, r.Provider)
		}
		byProvider[r.Provider] = append(byProvider[r.Provider], r)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(strings.ToLower(a), strings.ToLower(b)), cmp.Compare(a, b))
	})
	var b strings.Builder
	b.WriteString("# Coverage\n\nWhat Mudlark finds. This page is generated: `mudlark rules coverage --markdown > docs/coverage.md`.\n\n")
	fmt.Fprintf(&b, "- %d rules of %d providers, with %d distinct pairs of provider and format\n", len(all), len(names), pairsOf(all))
	fmt.Fprintf(&b, "- %d of the %d types of secrets that GitHub lists for its secret scanning: 533 of providers, and ten generic ones\n\n", c.Covered, c.Types)
	b.WriteString("## Providers\n\n`source` documents the format, `rotate` where such a secret is replaced.\n\n| provider | rule | confidence | source | rotate |\n|---|---|---|---|---|\n")
	for _, name := range names {
		list := byProvider[name]
		slices.SortFunc(list, func(a, b *rules.Rule) int { return cmp.Compare(a.ID, b.ID) })
		for _, r := range list {
			fmt.Fprintf(&b, "| %s | `%s` | %s | [source](%s) | [rotate](%s) |\n", strings.ReplaceAll(name, "|", "\\|"), r.ID, r.Confidence, r.Source, r.Rotate)
		}
	}
	b.WriteString("\n## GitHub's types without a rule\n\n")
	for _, t := range c.List {
		if len(t.Rules) == 0 {
			fmt.Fprintf(&b, "- `%s` (%s)\n", t.Type, t.Provider)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// pairsOf returns how many distinct pairs of provider and format, regex or block there are.
func pairsOf(all []*rules.Rule) int {
	seen := map[[2]string]bool{}
	for _, r := range all {
		for _, f := range r.Formats {
			seen[[2]string{r.Provider, f.Text + "\x00" + strings.Join(f.Near, " ")}] = true
		}
		if len(r.Formats) == 0 {
			seen[[2]string{r.Provider, r.Regex + r.Block + "\x00" + fmt.Sprint(r.BlockArgs)}] = true
		}
	}
	return len(seen)
}
