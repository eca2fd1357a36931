package rules_test

import (
	"errors"
	"fmt"
	"math/rand/v2"

	"mudlark/detectors"
	"mudlark/rules"
)

// Rules of one's own are TOML. The vocabulary says which checksums and extractors may be named in it.
func ExampleParseConfigRules() {
	const own = `
[[rule]]
id         = "acme-deploy-token"
name       = "Acme deploy token"
format     = "acme_{base62:32}"
severity   = "critical"
confidence = "high"
`
	set, err := rules.ParseConfigRules("acme.toml", []byte(own), detectors.Vocabulary())
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range set {
		fmt.Println(r.ID, r.Severity)
	}
	// Output: acme-deploy-token critical
}

// A mistake is an error with file, line and what to do.
func ExampleParseConfigRules_mistake() {
	const own = `
[[rule]]
id         = "acme-deploy-token"
name       = "Acme deploy token"
format     = "acme_{base62:32}"
severity   = "urgent"
confidence = "high"
`
	_, err := rules.ParseConfigRules("acme.toml", []byte(own), detectors.Vocabulary())
	var mistake *rules.Error
	if errors.As(err, &mistake) {
		fmt.Printf("%s:%d: %s\n", mistake.File, mistake.Line, mistake.Text)
	}
	// Output: acme.toml:6: severity "urgent" is unknown
}

// The grammar of formats can be used by itself: here for texts that have the form of a token.
func ExampleParseFormat() {
	node, err := rules.ParseFormat("acme_{digit:4}")
	if err != nil {
		fmt.Println(err)
		return
	}
	least, most := rules.Length(node)
	text := rules.GenerateFormat(rand.New(rand.NewPCG(1, 2)), node)
	fmt.Println(least, most, len(text), string(text[:5]))
	// Output: 9 9 9 acme_
}
