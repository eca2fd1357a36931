package main

import (
	"testing"

	"github.com/spf13/pflag"
)

// TestVariables: every flag of every command takes its value from its variable, as it would from the command line.
func TestVariables(t *testing.T) {
	e, _, _ := testEnvironment()
	values := []string{"true", "7", "7s", "7%", "2024-03-02", "low", "json", "any", "block", "verified", "json=out", "a=https://example.org", "text"}
	done := map[string]bool{}
	for _, v := range values {
		byVariable := commands(newRoot(e))
		for i, byFlag := range commands(newRoot(e)) {
			byFlag.Flags().VisitAll(func(given *pflag.Flag) {
				id := byFlag.CommandPath() + " --" + given.Name
				if given.Name == "help" || done[id] || byFlag.Flags().Set(given.Name, v) != nil {
					return
				}
				done[id] = true
				err := fromEnvironment(byVariable[i], func(name string) string {
					if name == variable(given.Name) {
						return v
					}
					return ""
				})
				if set := byVariable[i].Flags().Lookup(given.Name); err != nil || !set.Changed || set.Value.String() != given.Value.String() {
					t.Errorf("%s, %s=%s: %v; the flag is %q, want %q", id, variable(given.Name), v, err, set.Value, given.Value)
				}
			})
		}
	}
	for _, c := range commands(newRoot(e)) {
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Name != "help" && !done[c.CommandPath()+" --"+f.Name] {
				t.Errorf("%s: no value is known for --%s", c.CommandPath(), f.Name)
			}
		})
	}
	if len(done) < 100 {
		t.Errorf("only %d flags were checked", len(done))
	}
}
