package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mudlark/hooks"
	"mudlark/report"
	"mudlark/scanner"
)

// hookFlags are the flags of hooks that are run.
type hookFlags struct {
	scanFlags
	incomplete  string
	budget      time.Duration
	bypass      string
	allowBypass bool
}

// defaultBudget is how long a hook on a server may take: GitHub Enterprise Server ends all hooks of a push after 5 seconds (GitHub
// documentation, "About pre-receive hooks").
const defaultBudget = 4 * time.Second

func newHookRun(e *environment) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Do what a hook does; Git calls this",
		Long: `Do what a hook does. Git calls this; by hand it is good for trying.

Examples:
  mudlark hook run pre-commit                       what is staged
  mudlark hook run pre-merge-commit                 what a merge would add
  mudlark hook run pre-push origin < lines          what a push would send
  mudlark hook run pre-receive < lines              what a server was sent
  mudlark hook run update refs/heads/main OLD NEW   the same, one ref
`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(cmd, args[0])
			}
			return cmd.Help()
		},
	}
	cmd.AddCommand(newRunPreCommit(e), newRunPreMergeCommit(e), newRunPrePush(e), newRunPreReceive(e), newRunUpdate(e))
	return cmd
}

func newRunPreCommit(e *environment) *cobra.Command {
	return newRun(e, hooks.PreCommit, "", "Look for secrets in what is staged", `Look for secrets in what is staged: the index against HEAD.

Only what a commit would bring counts; files that are not staged do not. What
stands in HEAD already is not reported again.

Examples:
  mudlark hook run pre-commit
  git commit --no-verify        commits without any hook
`, func(args []string, o *scanner.Options) error {
		o.Staged = true
		o.Merging = hooks.Merging(e.variables())
		return nil
	})
}

func newRunPreMergeCommit(e *environment) *cobra.Command {
	return newRun(e, hooks.PreMergeCommit, "", "Look for secrets that a merge would add", `Look for secrets that a merge without conflicts would add: the index against
HEAD and against each commit that is being merged.

What one of these holds already is in the history anyway, and was looked at
when it was committed, or will be when it is pushed. A merge with conflicts is
looked at by pre-commit, in the same way.

Examples:
  mudlark hook run pre-merge-commit
  git merge --no-verify topic   merges without any hook
`, func(args []string, o *scanner.Options) error {
		o.Staged = true
		o.Merging = hooks.Merging(e.variables())
		return nil
	})
}

// newRun returns a command that runs one hook. prepare says, by the arguments that Git gives, what to scan.
func newRun(e *environment, hook, args, short, help string, prepare func(args []string, o *scanner.Options) error) *cobra.Command {
	f := &hookFlags{}
	cmd := &cobra.Command{
		Use:     strings.Join(append(strings.Fields(hook+" "+args), "[FLAGS]"), " "),
		Short:   short,
		Long:    help + hookExamples(hook),
		Example: commonExamples("hook run "+hook, false),
		RunE: func(cmd *cobra.Command, args []string) error {
			if reason := f.bypassed(e); reason != "" {
				return f.tellBypass(e, hook, reason)
			}
			o, err := f.options(e)
			if err != nil {
				return err
			}
			o.Mode, o.Target, o.Hook = scanner.ModeGit, ".", true
			if err := prepare(args, &o); err != nil {
				return err
			}
			return f.run(cmd.Context(), e, hook, o)
		},
	}
	flagGroups{cmd.Flags()}.in(groupHook, func(s *pflag.FlagSet) {
		f.incomplete = "block"
		s.Var(words{&f.incomplete, "WHAT", []string{"block", "allow"}}, "incomplete", "if not everything could be looked at: block or allow")
		if onServer(hook) {
			f.budget = defaultBudget
		}
		s.Var(duration{&f.budget}, "time-budget", "stop after this time, and do what --incomplete says")
		s.Var(text{&f.bypass, "REASON"}, "bypass", "let it pass without a look, and say so")
		if onServer(hook) {
			s.BoolVar(&f.allowBypass, "allow-bypass", false, "let a push pass that has the option mudlark.bypass=REASON, and say so")
		}
	})
	f.add(cmd)
	return cmd
}

func onServer(hook string) bool { return hook == hooks.PreReceive || hook == hooks.Update }

func hookExamples(hook string) string {
	command := "  mudlark hook run " + hook + " "
	more := ""
	if onServer(hook) {
		more = command + "--allow-bypass\n  git push -o mudlark.bypass=\"made up, for a test\"\n"
	}
	return command + "--incomplete allow   in spite of gaps\n" +
		command + "--time-budget 10s    take no longer\n" +
		command + "--bypass \"known\"\n" + more
}

// run scans, reports and returns the error that makes Git stop, if it is to stop.
func (f *hookFlags) run(ctx context.Context, e *environment, hook string, o scanner.Options) error {
	if left := f.timeLeft(e); left > 0 && (o.Timeout == 0 || left < o.Timeout) {
		o.Timeout = left
	}
	server := hooks.PlainServer
	if onServer(hook) {
		server = hooks.ServerOf(e.getenv)
	}
	f.text = func(w io.Writer, t report.TextOptions) report.Handler {
		return report.NewHook(hooks.Prefixed(w, server.Prefix()), report.HookOptions{
			TextOptions: t, Hook: hook, Blocks: f.failOn == "any" && f.exitCode != 0, Gaps: f.incomplete == "block",
		})
	}
	res, err := f.report(ctx, e, o)
	if err != nil {
		return err
	}
	if f.incomplete == "allow" && !res.Interrupted {
		res.Complete = true
	}
	if res.TimedOut && f.format == "text" {
		res.TimedOut = false // the report says it
	}
	return verdict(res, f.failOn, f.exitCode)
}

// timeLeft returns how long the scan may take, so that with what came before and comes after it the hook stays within its budget; 0 for as long
// as it takes.
func (f *hookFlags) timeLeft(e *environment) time.Duration {
	if f.budget <= 0 {
		return 0
	}
	return max(time.Nanosecond, f.budget-f.budget/4-e.now().Sub(e.started))
}

// bypassed returns the reason given for not looking, "" if there is none.
func (f *hookFlags) bypassed(e *environment) string {
	if f.bypass != "" || !f.allowBypass {
		return f.bypass
	}
	n, _ := strconv.Atoi(e.getenv("GIT_PUSH_OPTION_COUNT"))
	for i := range min(n, maxPushOptions) {
		option := e.getenv("GIT_PUSH_OPTION_" + strconv.Itoa(i))
		if reason, ok := strings.CutPrefix(option, "mudlark.bypass="); ok && strings.TrimSpace(reason) != "" {
			return reason
		}
	}
	return ""
}

// maxPushOptions is how many options of a push are looked at.
const maxPushOptions = 1000

// tellBypass says that a commit or push was let through: never silently.
func (f *hookFlags) tellBypass(e *environment, hook, reason string) error {
	what := "push"
	switch hook {
	case hooks.PreCommit:
		what = "commit"
	case hooks.PreMergeCommit:
		what = "merge"
	}
	w := e.stderr
	if onServer(hook) {
		w = hooks.Prefixed(w, hooks.ServerOf(e.getenv).Prefix())
	}
	_, err := fmt.Fprintf(w, "mudlark: this %s was not looked at: bypassed, %s\n", what, report.Escape(reason))
	return err
}

// checkHookFlags makes sure that the flags, which hooks will be run with, are understood by them.
func checkHookFlags(e *environment, names, flags []string) error {
	for _, name := range names {
		cmd, _, err := newRoot(e).Find([]string{"hook", "run", name})
		if err != nil || cmd.Name() != name {
			return nil // installing says what is wrong with the name
		}
		if err := cmd.ParseFlags(flags); err != nil {
			return flagError(cmd, err)
		}
		if cmd.Flags().NArg() > 0 {
			return usagef("write only flags behind --", "%q is no flag of mudlark hook run %s", cmd.Flags().Arg(0), name)
		}
	}
	return nil
}
