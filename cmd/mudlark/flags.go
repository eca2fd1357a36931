package main

import (
	"context"
	"io"
	"runtime"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mudlark/report"
	"mudlark/scanner"
	"mudlark/verify"
)

// The headings under which flags stand in help texts.
const (
	groupScope  = "What to scan"
	groupReport = "What to report"
	groupOutput = "Output"
	groupLimits = "Limits"
)

// scanFlags are the flags that all scanning commands have.
type scanFlags struct {
	minConfidence, minSeverity string
	only, except               []string
	failOn                     string
	exitCode                   int
	config                     string
	suppressFlags
	verifyFlags

	format                                  string
	outputs                                 []string
	showSecrets, quiet, noColor, noProgress bool

	maxBlob, memory int64
	decodeDepth     int
	archiveFlags
	workers int
	timeout time.Duration

	// text makes the handler of format text, which then goes to standard error; nil for the usual one.
	text func(io.Writer, report.TextOptions) report.Handler
	// more are handlers beside those that the flags name.
	more []report.Handler
}

// defaultDecodeDepth is how many encodings within each other are undone.
const defaultDecodeDepth = 5

var levels = []string{"low", "medium", "high"}

// add registers the flags, after those of the command's own, which say what to scan.
func (f *scanFlags) add(cmd *cobra.Command) {
	g := flagGroups{cmd.Flags()}
	g.in(groupReport, func(s *pflag.FlagSet) {
		f.minConfidence = "medium"
		s.Var(words{&f.minConfidence, "LEVEL", levels}, "min-confidence", "leave out what is less sure: low, medium or high")
		s.Var(words{&f.minSeverity, "LEVEL", append(levels[:len(levels):len(levels)], "critical")}, "min-severity", "leave out what matters less: low, medium, high or critical")
		s.Var(list{&f.only, "NAME"}, "rule", "report only this rule or provider; repeatable")
		s.Var(list{&f.except, "NAME"}, "exclude-rule", "do not report this rule or provider; repeatable")
		s.Var(words{&f.failOn, "WHICH", []string{failAny, failNone, failVerified, failUnknown}}, "fail-on", "which secrets make the exit code 1: any, verified (those that work), unknown (and those that could not be verified), or none (default any; verified with --only-verified)")
		f.exitCode = exitFindings
		s.Var(number{&f.exitCode, 0, 255}, "exit-code", "exit with N instead of 1")
		s.Var(text{&f.config, "FILE"}, "config", "use this configuration instead of your own file; it is written like .mudlark.toml")
	})
	g.in(groupSuppress, f.suppressFlags.add)
	g.in(groupVerify, f.addVerification)
	g.in(groupOutput, func(s *pflag.FlagSet) {
		f.addOutput(s)
		s.BoolVar(&f.noProgress, "no-progress", false, "show no progress on the terminal")
	})
	g.in(groupLimits, func(s *pflag.FlagSet) {
		f.workers = runtime.GOMAXPROCS(0)
		s.VarP(number{&f.workers, 1, 1024}, "jobs", "j", "work on N things at once (default: all processors)")
		s.Lookup("jobs").DefValue = "" // it differs from machine to machine
		s.Var(duration{&f.timeout}, "timeout", "stop after this time, such as 5m, and report what was read")
		f.maxBlob, f.memory = scanner.DefaultMaxBlob, scanner.DefaultMemory
		s.Var(size{&f.maxBlob}, "max-blob", "do not read larger files")
		s.Var(size{&f.memory}, "memory", "use about so much for caches")
		f.decodeDepth = defaultDecodeDepth
		s.Var(number{&f.decodeDepth, 0, 32}, "max-decode-depth", "undo up to N encodings within each other; 0 for none")
		f.archiveFlags.add(s)
	})
}

// addOutput registers the flags that say where and how reports are written.
func (f *scanFlags) addOutput(s *pflag.FlagSet) {
	f.format = "text"
	s.Var(words{&f.format, "FORMAT", formats}, "format", "print the report as text, json, jsonl, sarif, gitlab, codequality, junit, csv, html, markdown, or commands for github or azure, or as trufflehog or gitleaks print theirs")
	s.VarP(list{&f.outputs, "FORMAT=FILE"}, "output", "o", "write the report to a file, too; repeatable")
	s.BoolVar(&f.showSecrets, "show-secrets", false, "print secrets in full instead of redacted")
	s.BoolVarP(&f.quiet, "quiet", "q", false, "print findings, what was not read, and errors only")
	s.BoolVar(&f.noColor, "no-color", false, "use no color; so does the variable NO_COLOR")
}

// options checks the flags and returns what they mean.
func (f *scanFlags) options(e *environment) (scanner.Options, error) {
	o := scanner.Options{
		RuleFilter: f.only, RuleExclude: f.except, MinConfidence: f.minConfidence, MinSeverity: f.minSeverity,
		MaxBlob: f.maxBlob, Memory: f.memory, MaxDecodeDepth: f.decodeDepth, Workers: f.workers, Timeout: f.timeout,
		ShowSecrets: f.showSecrets, Getenv: e.getenv, Version: version(), Now: e.now,
	}
	f.archiveFlags.apply(&o)
	if o.MaxDecodeDepth == 0 {
		o.MaxDecodeDepth = -1
	}
	if (f.failOn == failVerified || f.failOn == failUnknown) && !f.on() {
		return o, usagef("add --verify", "--fail-on %s needs verdicts, and no secret is verified", f.failOn)
	}
	f.failOn = f.defaultFailOn()
	var err error
	if o.Rules, o.Config, err = loadRules(f.config); err != nil {
		return o, err
	}
	if err := f.suppressFlags.apply(&o); err != nil {
		return o, err
	}
	return o, f.verification(e, &o)
}

// The values of --fail-on.
const (
	failAny      = "any"
	failVerified = "verified" // active secrets
	failUnknown  = "unknown"  // and those without a clear answer
	failNone     = "none"
)

// defaultFailOn returns which secrets make the exit code 1.
func (f *scanFlags) defaultFailOn() string {
	switch {
	case f.verifyPlan:
		return failNone
	case f.failOn != "":
		return f.failOn
	case f.onlyVerified:
		return failVerified
	}
	return failAny
}

// scan runs a scan and writes its reports. The error says with which code to exit.
func (f *scanFlags) scan(ctx context.Context, e *environment, o scanner.Options) error {
	res, err := f.report(ctx, e, o)
	if err != nil {
		return err
	}
	return verdict(res, f.failOn, f.exitCode)
}

// report runs a scan and writes its reports.
func (f *scanFlags) report(ctx context.Context, e *environment, o scanner.Options) (scanner.Result, error) {
	out, err := f.openReports(e)
	if err != nil {
		return scanner.Result{}, err
	}
	defer out.discard()
	boundMemory(o.Memory)
	var plan []verify.Planned
	if o.PlanOnly = f.verifyPlan; o.PlanOnly {
		o.Plan = func(list []verify.Planned) { plan = list }
		out.handlers = out.handlers[1:] // the plan takes the place of the report
	}
	if o.Verify != nil {
		defer o.Verify.Close()
	}
	bar := newProgress(e, f.quiet || f.noProgress)
	o.Progress = bar.update
	res, err := scanner.Run(ctx, o, bar.before(report.Multi(out.handlers...)))
	bar.stop()
	f.saveCache(e.stderr)
	if err == nil {
		err = out.commit()
	}
	if err != nil {
		return res, failed(err)
	}
	if !f.quiet {
		warn(e.stderr, res.Warnings)
	}
	if o.PlanOnly {
		if err := printPlan(e.stdout, f.format, plan); err != nil {
			return res, failed(err)
		}
	}
	return res, nil
}
