package scanner

import (
	"fmt"
	"maps"
	"slices"

	"github.com/BurntSushi/toml"
)

// VerifyConfig is what a trusted configuration says about verification, as the flags of the same meaning have it.
type VerifyConfig struct {
	Hosts     []string // --allow-host
	Endpoints []string // --endpoint NAME=URL
	Effects   []string // --allow-effect
	Plaintext bool     // --allow-plaintext
}

// verifyTable is the schema of [verify].
type verifyTable struct {
	Hosts     []string       `toml:"hosts"`
	Endpoints map[string]any `toml:"endpoints"` // a URL or a list of them for each name
	Effects   []string       `toml:"effects"`
	Plaintext bool           `toml:"plaintext"`
}

// verify reads [verify]. In what is scanned it is ignored: who writes to a repository does not decide where secrets are sent.
func (c *Config) verify(data []byte, t *verifyTable, trusted bool, report func(line int, hint, format string, args ...any)) {
	if t == nil {
		return
	}
	if !trusted {
		c.Warnings = append(c.Warnings, fmt.Sprintf("%s: [verify] is ignored, as the file comes with what is scanned", c.File))
		return
	}
	c.Verify = VerifyConfig{Hosts: t.Hosts, Effects: t.Effects, Plaintext: t.Plaintext}
	for _, name := range slices.Sorted(maps.Keys(t.Endpoints)) {
		urls, ok := t.Endpoints[name].([]any)
		if !ok {
			urls = []any{t.Endpoints[name]}
		}
		for _, u := range urls {
			text, ok := u.(string)
			if !ok {
				report(keyLine(data, toml.Key{"verify", "endpoints", name}), `write `+name+` = "https://..."`, "the endpoint %q is neither a URL nor a list of them", name)
				continue
			}
			c.Verify.Endpoints = append(c.Verify.Endpoints, name+"="+text)
		}
	}
}
