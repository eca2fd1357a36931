package main

import (
	"fmt"
	"io"
	"math/rand/v2"

	"mudlark/detectors"
	"mudlark/report"
	"mudlark/rules"
)

// testTokens is how many secrets a rule is tried on. Each is planted in every syntax.
const testTokens = 50

// shownFailures is how many failures of a rule are printed.
const shownFailures = 3

// testRules tries rules, which are a part of all, and prints what went wrong.
func testRules(w io.Writer, all, tested []*rules.Rule) error {
	engine, err := detectors.New(all, detectors.DefaultOptions())
	if err != nil {
		return err
	}
	failed := 0
	for _, r := range tested {
		rnd := rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
		if text, _ := detectors.Generate(rnd, r); text == nil {
			fmt.Fprintf(w, "skip  %s  no secrets can be made up for it\n", r.ID)
			continue
		}
		failures := detectors.TestRule(engine, r, rnd, testTokens)
		if len(failures) == 0 {
			fmt.Fprintf(w, "ok    %s\n", r.ID)
			continue
		}
		failed++
		fmt.Fprintf(w, "FAIL  %s  %d times\n", r.ID, len(failures))
		for _, f := range failures[:min(len(failures), shownFailures)] {
			printFailure(w, f)
		}
	}
	if failed > 0 {
		return &exitError{code: exitFindings, message: fmt.Sprintf("rules that failed: %d of %d", failed, len(tested)),
			hint: "mudlark rules show ID explains a rule"}
	}
	return nil
}

func printFailure(w io.Writer, f detectors.Failure) {
	fmt.Fprintf(w, "      %s: want %s once\n", report.Escape(f.Syntax), report.Escape(string(f.Secret)))
	for _, m := range f.Got {
		fmt.Fprintf(w, "        got %s (%s) %s\n", m.Rule.ID, m.Confidence, report.Escape(string(m.Secret)))
	}
	if len(f.Got) == 0 {
		fmt.Fprintln(w, "        got nothing")
	}
	fmt.Fprintf(w, "        in  %s\n", report.Escape(f.Text))
}
