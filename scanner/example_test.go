package scanner_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"

	"mudlark/detectors"
	"mudlark/report"
	"mudlark/rules"
	"mudlark/scanner"
)

// Run sends what it finds to a report.Handler and returns what the scan came to. A repository is scanned in the same way, with
// scanner.ModeGit and Target.
func ExampleRun() {
	set, err := rules.Builtin(detectors.Vocabulary())
	if err != nil {
		fmt.Println(err)
		return
	}
	text := "GITHUB_TOKEN=" + exampleToken(set, "github-pat-classic") + "\n"
	result, err := scanner.Run(context.Background(), scanner.Options{
		Mode: scanner.ModeStdin, Stdin: strings.NewReader(text), StdinName: "deploy.env",
		Rules: set, Getenv: os.Getenv,
	}, names{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(result.Findings, "found; everything was read:", result.Complete)
	// Output:
	// deploy.env:1 github-pat-classic critical
	// 1 found; everything was read: true
}

// names prints the rule of each finding.
type names struct{}

func (names) Config(*report.Config) error     { return nil }
func (names) Coverage(*report.Coverage) error { return nil }
func (names) Done() error                     { return nil }

func (names) Finding(f *report.Finding) error {
	fmt.Printf("%s:%d %s %s\n", *f.Path, *f.Line, f.Rule, f.Severity)
	return nil
}

// exampleToken returns a token of a rule that opens nothing.
func exampleToken(set []*rules.Rule, id string) string {
	for _, r := range set {
		if r.ID == id {
			text, _ := detectors.Generate(rand.New(rand.NewPCG(1, 2)), r)
			return string(text)
		}
	}
	return ""
}
