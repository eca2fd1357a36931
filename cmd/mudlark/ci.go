package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mudlark/ci"
	"mudlark/remote"
	"mudlark/report"
	"mudlark/scanner"
)

const ciHelp = `Find secrets in the change that a CI system runs for.

What was there before and what is new is read from the environment of GitHub
Actions, Gitea and Forgejo Actions, GitLab CI, Azure Pipelines, Bitbucket
Pipelines, Buildkite, CircleCI, Drone, Jenkins, Travis CI and Woodpecker. Of a
pull or merge request, a merge queue or a push exactly the new commits are
looked at; where it is not known what was there before, more and never less; in
a scheduled run the whole history.

Secrets are verified, and those that work make the exit code 1. Configuration
and ignore files are those from before the change. Reports go where the CI
system takes them: annotations and a summary on GitHub, with the SARIF file as
output "sarif" of the step, and gl-secret-detection-report.json on GitLab.

A shallow or partial clone lacks what is needed: the exit code is 4, and the
lines to put into the workflow are printed. --deepen gets the history itself, as
a private clone that is removed afterwards.

Examples:
  mudlark ci                               in a job, with nothing else
  mudlark ci --no-verification             every secret fails, and none is sent
  mudlark ci --deepen                      in a shallow clone
  mudlark ci --base origin/main            where no CI system tells what is new
  mudlark ci --base v1.0 --head v1.1
  mudlark ci --show-range                  what would be looked at
  mudlark ci --no-artifact                 no SARIF or GitLab file of its own
`

// ciFlags are the flags of the command ci.
type ciFlags struct {
	scanFlags
	base                          []string
	head                          string
	deepen, showRange, noArtifact bool
	partial                       bool         // the clone is: it lacks objects by design
	close                         func() error // of the step's summary; nil if there is none
}

func newCI(e *environment) *cobra.Command {
	f := &ciFlags{}
	cmd := &cobra.Command{
		Use:     "ci [FLAGS]",
		Short:   "Find secrets in the change that a CI system runs for",
		Long:    ciHelp,
		Example: commonExamples("ci", true),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("to scan a repository: mudlark git "+args[0], "ci has no arguments: it looks at the checkout of the job")
			}
			return f.run(cmd.Context(), e)
		},
	}
	flagGroups{cmd.Flags()}.in(groupScope, func(s *pflag.FlagSet) {
		s.Var(list{&f.base, "REV"}, "base", "what was there before the change, instead of what the CI system says; repeatable")
		s.Var(text{&f.head, "REV"}, "head", "the commit under test, with --base (default: HEAD)")
		s.BoolVar(&f.deepen, "deepen", false, "if the clone is too shallow or partial, clone the repository again, whole, for the time of the scan")
		s.BoolVar(&f.showRange, "show-range", false, "print what would be looked at, and look at nothing")
	})
	f.add(cmd)
	cmd.Flags().Lookup("fail-on").Usage = "which secrets make the exit code 1: any, verified (those that work), unknown (and those that could not be verified), or none (default verified; any with --no-verification)"
	cmd.Flags().Lookup("verify").Hidden = true // it is what ci does
	cmd.Flags().Lookup("no-verification").Usage = "do not verify: send nothing"
	flagGroups{cmd.Flags()}.in(groupOutput, func(s *pflag.FlagSet) {
		s.BoolVar(&f.noArtifact, "no-artifact", false, "write no SARIF or GitLab report unless -o names one")
	})
	return cmd
}

func (f *ciFlags) run(ctx context.Context, e *environment) error {
	build, err := f.build(e)
	if err != nil {
		return err
	}
	f.verify = f.verify || !f.noVerification && !f.verifyPlan
	if f.failOn == "" && f.verify && f.results == nil {
		f.failOn = failVerified
	}
	o, err := f.options(e)
	if err != nil {
		return err
	}
	if build.Nothing != "" {
		fmt.Fprintf(e.stderr, "mudlark: nothing to look at: %s\n", report.Escape(build.Nothing))
		return nil
	}
	o.Mode, o.Target = scanner.ModeGit, "."
	if build.Dir != "" && !scanner.IsRepository(o.Target, e.getenv) { // a workflow may have several checkouts
		o.Target = build.Dir
	}
	done, err := f.locate(ctx, e, build, &o)
	defer done()
	if err != nil {
		return err
	}
	if f.showRange {
		return showRange(e.stdout, build, &o)
	}
	if err := f.places(e, build); err != nil {
		return err
	}
	res, err := f.report(ctx, e, o)
	if err == nil {
		err = verdict(res, f.failOn, f.exitCode)
	}
	if f.partial && res.Missing > 0 {
		fmt.Fprint(e.stderr, tooPartial(build))
	}
	if f.close != nil {
		err = errors.Join(err, f.close())
	}
	f.writeOutputs(e, build)
	return err
}

// build returns what the CI system runs for, or what the flags say.
func (f *ciFlags) build(e *environment) (*ci.Build, error) {
	build, err := ci.Detect(ci.Environment{Getenv: e.getenv, ReadFile: func(name string) ([]byte, error) { return readFile(name, maxEvent) }})
	switch {
	case errors.Is(err, ci.ErrNone) && len(f.base) == 0:
		return nil, usagef("say what was there before: mudlark ci --base origin/main; or scan everything: mudlark git", "this is no CI system that is known")
	case errors.Is(err, ci.ErrNone):
		build = &ci.Build{System: "this environment", Event: "--base"}
	case err != nil:
		return nil, usagef("say what was there before: mudlark ci --base origin/main", "%v", err)
	}
	if f.head != "" && len(f.base) == 0 {
		return nil, usagef("add --base REV", "--head %s needs --base", f.head)
	}
	return build, nil
}

// maxEvent is how large the file of an event may be; GitHub's payloads are limited to 25 MB.
const maxEvent = 32 << 20

// locate finds out what to scan, and clones the repository if it must and may. done removes what it made.
func (f *ciFlags) locate(ctx context.Context, e *environment, build *ci.Build, o *scanner.Options) (done func(), err error) {
	done = func() {}
	err = f.resolve(ctx, e, build, o)
	var usage *scanner.UsageError
	if (err != nil || !f.partial || !f.deepen) && (!errors.As(err, &usage) || !usage.Incomplete) {
		return done, err
	}
	if !f.deepen {
		return done, tooShallow(build, usage)
	}
	source := build.URL
	if source == "" {
		source = scanner.Origin(o.Target, e.getenv)
	}
	if source == "" {
		return done, usagef("check out with full depth instead:\n"+build.Remedy, "--deepen: it is not known where this repository comes from")
	}
	if !isRemote(source) { // on this machine
		o.Target = source
	} else {
		clone, err := f.clone(ctx, e, source)
		if err != nil {
			return done, err
		}
		done = func() {
			if err := clone.Close(); err != nil {
				fmt.Fprintf(e.stderr, "mudlark: the clone could not be removed: %v\nhint: remove it by hand\n", err)
			}
		}
		o.Target = clone.Dir
	}
	o.TargetName = withoutPassword(source)
	f.partial = false
	if err = f.resolve(ctx, e, build, o); errors.As(err, &usage) && usage.Incomplete {
		err = tooShallow(build, usage)
	}
	return done, err
}

// tooShallow says what to write into the workflow.
func tooShallow(build *ci.Build, usage *scanner.UsageError) error {
	hint := "check out with full depth; or let mudlark do it: mudlark ci --deepen"
	if build.Remedy != "" {
		hint = "write this into the workflow of " + build.System + ", or use mudlark ci --deepen:"
	}
	return &exitError{code: exitIncomplete, message: usage.Message, hint: hint, lines: build.Remedy}
}

// tooPartial says how to get a clone that lacks nothing.
func tooPartial(build *ci.Build) string {
	text := "mudlark: the clone is partial: it lacks what was not read\nhint: clone without a filter, or use mudlark ci --deepen"
	if build.Partial != "" {
		text = "mudlark: the clone is partial: it lacks what was not read\nhint: write this into the workflow of " + build.System + ", or use mudlark ci --deepen:\n  " +
			strings.ReplaceAll(build.Partial, "\n", "\n  ")
	}
	return text + "\n"
}

func (f *ciFlags) clone(ctx context.Context, e *environment, url string) (*remote.Clone, error) {
	source, err := remote.Parse(url)
	if err != nil {
		return nil, remoteError(err)
	}
	fmt.Fprintf(e.stderr, "mudlark: the clone lacks history or files; cloning %s\n", report.Escape(source.URL))
	clone, err := remote.Fetch(ctx, source, remote.Options{Getenv: e.getenv, Environ: os.Environ()})
	switch {
	case ctx.Err() != nil:
		return nil, &exitError{code: exitInterrupted, message: "interrupted before the repository was here"}
	case err != nil:
		return nil, remoteError(err)
	}
	return clone, nil
}

func withoutPassword(url string) string {
	if source, err := remote.Parse(url); err == nil {
		return source.URL
	}
	return url
}

// resolve puts into o which commits are to be looked at.
func (f *ciFlags) resolve(ctx context.Context, e *environment, build *ci.Build, o *scanner.Options) error {
	if len(f.base) > 0 {
		o.Since, o.Branches = f.base, nil
		if f.head != "" {
			o.Branches = []string{f.head}
		}
		if o.ConfigRevision == "" && !o.NoRepositoryConfig {
			o.ConfigRevision, o.NextConfig = f.base[0], cmp.Or(f.head, "HEAD")
		}
		return nil
	}
	r, err := scanner.ResolveChange(ctx, o.Target, e.getenv, scanner.Change{
		Head: build.Head, Bases: build.Bases, Target: build.Target, Before: build.Before, Branch: build.Branch, Default: build.Default, Whole: build.Whole,
	})
	if err != nil {
		return err
	}
	o.Since, o.Branches, f.partial = r.Since, r.Branches, r.Partial
	if o.ConfigRevision == "" && !o.NoRepositoryConfig {
		o.ConfigRevision = r.ConfigRevision
		if len(r.Since) > 0 {
			o.NextConfig = "HEAD"
			if len(r.Branches) > 0 {
				o.NextConfig = r.Branches[0]
			}
		}
		if len(r.OwnFiles) > 0 {
			r.Notes = append(r.Notes, strings.Join(r.OwnFiles, ", ")+": taken from the commit under test itself, which can allow its own secrets by that; --base REV or --config-from REV names another one")
		}
	}
	if !f.quiet {
		for _, n := range r.Notes {
			fmt.Fprintf(e.stderr, "mudlark: %s\n", report.Escape(n))
		}
	}
	return nil
}

// showRange prints what would be looked at.
func showRange(w io.Writer, build *ci.Build, o *scanner.Options) error {
	what := "the whole history, every ref"
	if len(o.Since) > 0 || len(o.Branches) > 0 {
		head := "HEAD"
		if len(o.Branches) > 0 {
			head = o.Branches[0]
		}
		what = head
		for _, b := range o.Since {
			what += " ^" + b
		}
	}
	_, err := fmt.Fprintf(w, "system %s\nevent  %s\nrange  %s\nconfig %s\n", report.Escape(build.System), report.Escape(build.Event), report.Escape(what), report.Escape(o.ConfigRevision))
	return err
}

// places adds the reports that the CI system takes to those that the flags name.
func (f *ciFlags) places(e *environment, build *ci.Build) error {
	p := build.Places
	if p.ArtifactFormat != "" && !f.noArtifact && !slices.ContainsFunc(f.outputs, func(o string) bool { return strings.HasPrefix(o, p.ArtifactFormat+"=") }) {
		file := p.ArtifactFile
		if !filepath.IsAbs(file) {
			file = filepath.Join(build.Dir, file)
		}
		f.outputs = append(f.outputs, p.ArtifactFormat+"="+file)
	}
	if p.Summary != "" {
		summary, err := os.OpenFile(p.Summary, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o666)
		if err != nil {
			return usagef("it is a file that the CI system gives", "the summary of the step cannot be written: %s", cause(err))
		}
		f.more, f.close = append(f.more, report.NewMarkdown(summary)), summary.Close
	}
	switch {
	case f.format != "text": // standard output is for programs
	case p.Annotations:
		f.more = append(f.more, report.NewGitHub(e.stdout))
	case p.Issues:
		f.more = append(f.more, report.NewAzure(e.stdout))
	}
	return nil
}

// writeOutputs tells later steps where the report is.
func (f *ciFlags) writeOutputs(e *environment, build *ci.Build) {
	if build.Places.Outputs == "" {
		return
	}
	for _, o := range f.outputs {
		name, ok := strings.CutPrefix(o, "sarif=")
		if !ok || strings.ContainsAny(name, "\r\n") {
			continue
		}
		if _, err := os.Stat(name); err != nil {
			continue
		}
		out, err := os.OpenFile(build.Places.Outputs, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o666)
		if err == nil {
			_, err = fmt.Fprintf(out, "sarif=%s\n", name)
			err = errors.Join(err, out.Close())
		}
		if err != nil {
			warn(e.stderr, []string{"the output of the step could not be written: " + cause(err)})
		}
		return
	}
}
