package main

import (
	"context"

	"github.com/spf13/cobra"

	"mudlark/report"
	"mudlark/scanner"
	"mudlark/verify"
)

const verifyHelp = `Ask the providers about secrets that were found earlier.

Secrets are named by a report (json or jsonl) or by one fingerprint. A report
holds no secrets, so they are looked for again: where the report says, or at
PATH. What is allowed by now is asked about all the same.

Examples:
  mudlark verify report.json               all findings of a report
  mudlark verify report.json path/to/repo
  mudlark verify 2d9f3fa7ca8b5212f99c9f42f6b41608
`

// newVerify returns the command verify.
func newVerify(e *environment) *cobra.Command {
	f := &scanFlags{}
	cmd := &cobra.Command{
		Use:     "verify REPORT|FINGERPRINT [PATH] [FLAGS]",
		Short:   "Ask again about secrets that were found earlier",
		Long:    verifyHelp,
		Example: commonExamples("verify report.json", true),
		Args:    reportArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.noVerification {
				return usagef("mudlark report FILE shows a report as it is", "verify asks the providers, so --no-verification leaves it nothing to do")
			}
			k, err := readKnown(args[0])
			if err != nil {
				return err
			}
			if !f.on() {
				f.verify = true
			}
			if f.failOn == "" {
				f.failOn = failVerified
			}
			return f.again(cmd.Context(), e, k, args)
		},
	}
	f.add(cmd)
	cmd.Flags().Lookup("verify").Hidden = true // it is what the command does
	cmd.Flags().Lookup("no-verification").Hidden = true
	cmd.Flags().Lookup("fail-on").Usage = "which secrets make the exit code 1: any, verified (those that work), unknown (and those that could not be verified), or none (default verified)"
	return cmd
}

// reportArgs accepts a report or fingerprint, and a path.
func reportArgs(cmd *cobra.Command, args []string) error {
	if len(args) < 1 || len(args) > 2 {
		return usagef("see: "+cmd.CommandPath()+" --help", "%s takes a report or a fingerprint, and perhaps a path", cmd.Name())
	}
	return nil
}

// again finds known secrets once more and verifies them.
func (f *scanFlags) again(ctx context.Context, e *environment, k *known, args []string) error {
	o, err := f.options(e)
	if err != nil {
		return err
	}
	if err := k.where(append(args, "")[1], &o); err != nil {
		return err
	}
	found := map[string]bool{}
	o.Found = func(r *report.Finding, _ verify.Credential) { found[r.Fingerprint] = true }
	res, err := f.report(ctx, e, o)
	if err != nil {
		return err
	}
	if text := k.gone(found); text != "" {
		if len(found) == 0 && res.Complete {
			return usagef("is it the place where they were found? Name it as the second argument", "%s", text)
		}
		warn(e.stderr, []string{text})
	}
	return verdict(res, f.failOn, f.exitCode)
}

// lookUp finds one known secret.
func (f *scanFlags) lookUp(ctx context.Context, e *environment, k *known, path string) (*report.Finding, verify.Credential, error) {
	var finding *report.Finding
	var c verify.Credential
	if len(k.fingerprints) != 1 {
		return nil, c, usagef("name one by its fingerprint", "the report holds %d secrets; one is revoked at a time", len(k.fingerprints))
	}
	o, err := f.options(e)
	if err != nil {
		return nil, c, err
	}
	if err := k.where(path, &o); err != nil {
		return nil, c, err
	}
	o.Found = func(r *report.Finding, found verify.Credential) { finding, c = r, found }
	boundMemory(o.Memory)
	bar := newProgress(e, f.noProgress)
	o.Progress = bar.update
	res, err := scanner.Run(ctx, o, bar.before(&collector{}))
	bar.stop()
	switch {
	case err != nil:
		return nil, c, failed(err)
	case res.Interrupted:
		return nil, c, &exitError{code: exitInterrupted, message: "interrupted; nothing was revoked"}
	case finding == nil && !res.Complete:
		return nil, c, &exitError{code: exitIncomplete, message: "no secret of this fingerprint is found, but not everything could be read", hint: "mudlark git lists what was not"}
	}
	if finding == nil {
		return nil, c, usagef("is it the place where it was found? Name it as the second argument", "no secret of this fingerprint is found there")
	}
	return finding, c, nil
}
