package detectors_test

import (
	"fmt"
	"math/rand/v2"

	"mudlark/detectors"
	"mudlark/rules"
)

// An Engine is compiled once and shared; each goroutine has its own Scanner.
func Example() {
	set, err := rules.Builtin(detectors.Vocabulary())
	if err != nil {
		fmt.Println(err)
		return
	}
	engine, err := detectors.New(set, detectors.DefaultOptions())
	if err != nil {
		fmt.Println(err)
		return
	}
	text := "# settings\ntoken = \"" + madeUp(set, "github-pat-classic") + "\"\n"
	for _, m := range engine.NewScanner().Scan([]byte(text)).Matches {
		fmt.Printf("%s in line %d, column %d; checksum right: %v\n", m.Rule.Name, m.Line, m.Column, m.ChecksumOK)
	}
	// Output: GitHub personal access token (classic) in line 2, column 10; checksum right: true
}

// madeUp returns a token of a rule that opens nothing.
func madeUp(set []*rules.Rule, id string) string {
	for _, r := range set {
		if r.ID == id {
			text, _ := detectors.Generate(rand.New(rand.NewPCG(1, 2)), r)
			return string(text)
		}
	}
	return ""
}
