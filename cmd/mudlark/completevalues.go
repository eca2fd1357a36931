package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mudlark/detectors"
	"mudlark/hooks"
	"mudlark/rules"
	"mudlark/scanner/gitstore"
)

// completeValues makes the values of flags complete, where they are known: by the name that help texts call the value.
func completeValues(c *cobra.Command) error {
	var failed error
	c.Flags().VisitAll(func(f *pflag.Flag) {
		complete := completionOf(f)
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

// completionOf returns what completes the flag's value; nil for what shells do of their own, which is to offer files.
func completionOf(f *pflag.Flag) cobra.CompletionFunc {
	if v, ok := f.Value.(words); ok {
		return fixed(v.known...)
	}
	switch f.Value.Type() {
	case "REV", "REF":
		return completeRefs
	case "KINDS":
		return fixed(kindVerified, kindUnknown, kindUnverified)
	case "EFFECT":
		return fixed(rules.EffectCost, rules.EffectWrite)
	case "FORMAT=FILE":
		return completeOutput
	case "NAME=URL":
		return completeEndpoint
	case "NAME":
		if f.Name == "hook" {
			return fixed(hooks.Names()...)
		}
		return completeRuleOrProvider
	case "HOST", "GLOB", "DATE", "D", "N", "SIZE", "TEXT", "REASON":
		return cobra.NoFileCompletions
	}
	return nil
}

func fixed(values ...string) cobra.CompletionFunc {
	return cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)
}

// completeOutput offers the formats of -o, and leaves the file to be typed.
func completeOutput(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	offers := make([]string, len(formats))
	for i, f := range formats {
		offers[i] = f + "="
	}
	return offers, cobra.ShellCompDirectiveNoSpace
}

// completeEndpoint offers the services that have instances of one's own.
func completeEndpoint(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	all, err := rules.Builtin(detectors.Vocabulary())
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	offers := endpointNames(all)
	for i, name := range offers {
		offers[i] = name + "="
	}
	return offers, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// completeRules offers the built-in rules, each with its name.
func completeRules(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	all, err := rules.Builtin(detectors.Vocabulary())
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var offers []string
	for _, r := range all {
		if strings.HasPrefix(r.ID, typed) {
			offers = append(offers, r.ID+"\t"+r.Name)
		}
	}
	slices.Sort(offers)
	return offers, cobra.ShellCompDirectiveNoFileComp
}

// completeRuleOrProvider offers the built-in rules and providers. The case of a provider's name does not matter, and shells look at it: so
// small letters get the name in small letters.
func completeRuleOrProvider(cmd *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	offers, directive := completeRules(cmd, nil, typed)
	all, err := rules.Builtin(detectors.Vocabulary())
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	for _, r := range all {
		name := r.Provider
		if typed == strings.ToLower(typed) {
			name = strings.ToLower(name)
		}
		if strings.HasPrefix(name, typed) {
			offers = append(offers, name+"\tall rules of "+r.Provider)
		}
	}
	slices.Sort(offers)
	return slices.Compact(offers), directive
}

// completeRefs offers the branches, tags and remote branches of the repository that the command is given, else of that around this folder.
func completeRefs(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	path := "."
	if cmd.Name() == "git" && len(args) > 0 {
		path = args[0]
	}
	r, err := gitstore.Open(path, gitstore.Options{Env: os.Getenv})
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	defer r.Close()
	offers := []string{"HEAD"}
	for _, ref := range r.Refs() {
		for _, space := range []string{"refs/heads/", "refs/tags/", "refs/remotes/"} {
			if name, ok := strings.CutPrefix(ref.Name, space); ok && strings.HasPrefix(name, typed) {
				offers = append(offers, name)
			}
		}
	}
	return offers, cobra.ShellCompDirectiveNoFileComp
}

// completeCommands offers the commands that the words of "help" lead to.
func completeCommands(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	parent, rest, err := cmd.Root().Find(args)
	if err != nil || len(rest) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var offers []string
	for _, c := range parent.Commands() {
		if c.IsAvailableCommand() && strings.HasPrefix(c.Name(), typed) {
			offers = append(offers, c.Name()+"\t"+c.Short)
		}
	}
	return offers, cobra.ShellCompDirectiveNoFileComp
}
