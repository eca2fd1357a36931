package main

import (
	"github.com/spf13/pflag"

	"mudlark/scanner"
)

const groupSuppress = "What to suppress"

// suppressFlags say which findings count as allowed.
type suppressFlags struct {
	noInline     bool
	configFrom   string
	noRepoConfig bool
}

func (f *suppressFlags) add(s *pflag.FlagSet) {
	s.BoolVar(&f.noInline, "no-inline-allow", false, "report what mudlark:allow and the markers of other tools allow, too")
	s.Var(text{&f.configFrom, "REV"}, "config-from", "use the configuration and ignore files of this commit")
	s.BoolVar(&f.noRepoConfig, "no-repo-config", false, "use no configuration and ignore file of what is scanned")
}

// apply adds what the flags say to the options of a scan.
func (f *suppressFlags) apply(o *scanner.Options) error {
	o.NoInlineAllow, o.ConfigRevision, o.NoRepositoryConfig = f.noInline, f.configFrom, f.noRepoConfig
	return nil
}
