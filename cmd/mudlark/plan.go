package main

import (
	"fmt"
	"io"
	"strings"

	"mudlark/report"
	"mudlark/verify"
)

// printPlan prints what verification would send.
func printPlan(w io.Writer, format string, list []verify.Planned) error {
	if format == "json" || format == "jsonl" {
		return printJSON(w, list)
	}
	sent, kept := 0, 0
	for _, p := range list {
		if p.Status != "" {
			kept += p.Secrets
			continue
		}
		sent++
		line := fmt.Sprintf("%s %s", p.Method, report.Escape(p.URL))
		if len(p.Headers) > 0 {
			line += "  (" + strings.Join(p.Headers, ", ") + ")"
		}
		fmt.Fprintf(w, "%s\n  %s of %s%s\n", line, secrets(p.Secrets), p.Rule, effectText(p.Effect))
	}
	if kept > 0 {
		fmt.Fprintln(w, "\nNot asked about:")
	}
	for _, p := range list {
		if p.Status != "" {
			fmt.Fprintf(w, "  %s of %s: %s\n", secrets(p.Secrets), p.Rule, p.Reason)
		}
	}
	_, err := fmt.Fprintln(w, "\nNothing was sent. With --verify, each request is preceded by one with a made-up\nsecret, once for each rule and host; failures are tried again twice.")
	return err
}

func secrets(n int) string {
	if n == 1 {
		return "1 secret"
	}
	return fmt.Sprintf("%d secrets", n)
}

func effectText(effect string) string {
	if effect == "cost" || effect == "write" {
		return "; effect: " + effect
	}
	return ""
}
