package main

import (
	"path/filepath"

	"github.com/spf13/pflag"

	"mudlark/scanner"
	"mudlark/scanner/allow"
)

const groupSuppress = "What to suppress"

// suppressFlags say which findings count as allowed.
type suppressFlags struct {
	baselines    []string
	ignoreFiles  []string
	noInline     bool
	configFrom   string
	noRepoConfig bool
}

func (f *suppressFlags) add(s *pflag.FlagSet) {
	s.Var(list{&f.baselines, "FILE"}, "baseline", "report only what is not in this baseline or report; repeatable. Also those of other tools")
	s.Var(list{&f.ignoreFiles, "FILE"}, "ignore-file", "an ignore file beside .mudlarkignore and .gitleaksignore; repeatable")
	s.BoolVar(&f.noInline, "no-inline-allow", false, "report what mudlark:allow and the markers of other tools allow, too")
	s.Var(text{&f.configFrom, "REV"}, "config-from", "use the configuration and ignore files of this commit")
	s.BoolVar(&f.noRepoConfig, "no-repo-config", false, "use no configuration and ignore file of what is scanned")
}

// apply adds what the flags say to the options of a scan.
func (f *suppressFlags) apply(o *scanner.Options) error {
	o.NoInlineAllow, o.ConfigRevision, o.NoRepositoryConfig = f.noInline, f.configFrom, f.noRepoConfig
	for _, name := range f.baselines {
		b, err := readBaseline(name)
		if err != nil {
			return err
		}
		o.Allow = append(o.Allow, b)
	}
	for _, name := range f.ignoreFiles {
		data, err := readFile(name, allow.MaxFile)
		if err != nil {
			return usagef("name a file that you may read", "--ignore-file %s: %s", name, cause(err))
		}
		parse := allow.ParseIgnore
		if filepath.Base(name) == allow.GitleaksIgnoreName {
			parse = allow.ParseGitleaksIgnore
		}
		file := parse(name, data)
		if len(file.Problems) > 0 { // in a file that the user names nothing is passed over
			return usagef(file.Problems[0].Hint, "--ignore-file %s", allow.Problem{File: name, Line: file.Problems[0].Line, Text: file.Problems[0].Text})
		}
		o.Allow = append(o.Allow, file)
	}
	return nil
}

// readBaseline reads the file of --baseline.
func readBaseline(name string) (*allow.File, error) {
	data, err := readFile(name, allow.MaxFile)
	if err != nil {
		return nil, usagef("name a file that you may read; mudlark baseline create FILE makes one", "--baseline %s: %s", name, cause(err))
	}
	b, err := allow.ParseBaseline(name, data)
	if err != nil {
		return nil, usagef("mudlark baseline create FILE makes one", "--baseline %s: %v", name, err)
	}
	return b, nil
}
