package report_test

import (
	"fmt"
	"os"

	"mudlark/report"
)

// titles is a format of one's own: what is found, and where, a line each.
type titles struct{}

func (titles) Config(*report.Config) error { return nil }

func (titles) Finding(f *report.Finding) error {
	fmt.Printf("%s: %s %s\n", *f.Path, f.Name, f.Redacted)
	return nil
}

func (titles) Coverage(c *report.Coverage) error {
	fmt.Println("complete:", c.Complete)
	return nil
}

func (titles) Done() error { return nil }

// A Handler gets the findings in their final order, then what was read. Several can be served at once, and Discreet keeps secrets from one.
func Example() {
	path := "deploy.env"
	h := report.Multi(report.Discreet(titles{}), report.Discreet(report.NewCSV(os.Stderr)))
	steps := []error{
		h.Config(&report.Config{}),
		h.Finding(&report.Finding{
			Name: "Acme deploy token", Redacted: report.Redact([]byte("acme_0123456789")), Place: report.Place{Path: &path},
		}),
		h.Coverage(&report.Coverage{Complete: true}),
		h.Done(),
	}
	for _, err := range steps {
		if err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// deploy.env: Acme deploy token acm…
	// complete: true
}
