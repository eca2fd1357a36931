package main

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// variablePrefix begins the names of environment variables that stand for flags.
const variablePrefix = "MUDLARK_"

// variable returns the name of the environment variable that stands for a flag: MUDLARK_MIN_CONFIDENCE for --min-confidence.
func variable(flag string) string {
	return variablePrefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// fromEnvironment gives the flags of a command that are not on the command line the values of their variables. Flags that can be
// repeated take several values, with commas or line breaks between them.
func fromEnvironment(cmd *cobra.Command, getenv func(string) string) error {
	var errs []error
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		value := getenv(variable(f.Name))
		if value == "" || f.Changed || f.Name == "help" || f.Name == "version" {
			return
		}
		values := []string{value}
		if _, repeatable := f.Value.(list); repeatable {
			values = strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == '\n' })
		}
		for _, v := range values {
			if err := cmd.Flags().Set(f.Name, strings.TrimSpace(v)); err != nil {
				var hinted *exitError
				if errors.As(err, &hinted) {
					errs = append(errs, usagef(hinted.hint, "%s: %s", variable(f.Name), hinted.message))
				} else {
					errs = append(errs, usagef("see: "+cmd.CommandPath()+" --help", "%s: %q is not understood", variable(f.Name), v))
				}
				return
			}
		}
	})
	return errors.Join(errs...)
}
