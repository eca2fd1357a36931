package main

import (
	"math"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mudlark/hooks"
	"mudlark/scanner"
)

const gitHelp = `Find secrets in the history of a Git repository.

Every commit of every ref is read: branches, tags, remote branches, notes,
stashes, and the HEADs of all worktrees; with files, file names, messages and
authors. No program is started, and nothing is written to the repository.

A URL is cloned to a private temporary folder, with all refs, those of pull
requests too, and removed afterwards. Credentials: those that Git knows, or
MUDLARK_GIT_TOKEN, or GITHUB_TOKEN and GITLAB_TOKEN for the hosts they are for.

Examples:
  mudlark git                              the repository around this folder
  mudlark git path/to/repo                 another one, bare or not
  mudlark git file:///srv/git/shop.git     the same, as a URL
  mudlark git https://example.org/shop.git     cloned for the time of the scan
  mudlark git git@example.org:team/shop.git    the same, by ssh
  mudlark git --staged                     what is about to be committed
  mudlark git --worktree                   uncommitted and untracked files, too
  mudlark git --since-commit origin/main   only what HEAD has beyond a commit
  mudlark git --since-commit v1.0 --all    the same, for every ref
  mudlark git --branch main --branch dev   only the history of some refs
  mudlark git --max-depth 100              only the newest 100 commits
  mudlark git --since 2024-01-01 --until 2024-12-31    whole days, both included
  mudlark git --since "2 weeks ago"        or 3d, 6 months, 2024-05-31T12:00:00Z
  mudlark git --include src/ --exclude "*.min.js" --exclude "vendor/**"
  mudlark git --unreachable                what resets and dropped stashes left
`

// gitFlags are the flags of the command git.
type gitFlags struct {
	scanFlags
	since, branches               []string
	all                           bool
	maxDepth                      int
	after, before                 time.Time
	include, exclude              []string
	staged, worktree, unreachable bool
	wholeBlobs                    bool
}

func newGit(e *environment) *cobra.Command {
	f := &gitFlags{}
	cmd := &cobra.Command{
		Use:     "git [PATH|URL] [FLAGS]",
		Short:   "Find secrets in the history of a Git repository",
		Long:    gitHelp,
		Example: commonExamples("git", false),
		Args:    oneTarget,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(cmd.Flags()); err != nil {
				return err
			}
			o, err := f.options(e)
			if err != nil {
				return err
			}
			o.Mode, o.Target, o.WholeBlobs = scanner.ModeGit, ".", f.wholeBlobs
			if len(args) > 0 {
				o.Target = args[0]
			}
			o.Since, o.Branches, o.All, o.MaxDepth, o.After, o.Before = f.since, f.branches, f.all, f.maxDepth, f.after, f.before
			o.Include, o.Exclude = f.include, f.exclude
			o.Staged, o.Worktree, o.Unreachable = f.staged, f.worktree, f.unreachable
			o.Merging = hooks.Merging(e.variables())
			if isRemote(o.Target) {
				return f.scanRemote(cmd.Context(), e, o)
			}
			return f.scan(cmd.Context(), e, o)
		},
	}
	flagGroups{cmd.Flags()}.in(groupScope, func(s *pflag.FlagSet) { f.addScope(s, e) })
	f.add(cmd)
	return cmd
}

func (f *gitFlags) addScope(s *pflag.FlagSet, e *environment) {
	s.Var(list{&f.since, "REV"}, "since-commit", "only commits that HEAD reaches and REV does not; repeatable")
	s.Var(list{&f.branches, "REF"}, "branch", "only commits that REF reaches; repeatable")
	s.BoolVar(&f.all, "all", false, "with --since-commit: what any ref reaches, not only HEAD")
	s.Var(number{&f.maxDepth, 1, math.MaxInt32}, "max-depth", "only the newest N commits")
	s.Lookup("max-depth").DefValue = "0" // all, which is not worth a word
	s.Var(date{&f.after, e.now, false}, "since", "only commits from DATE on; a day begins at midnight, local time")
	s.Var(date{&f.before, e.now, true}, "until", "only commits up to DATE; a day counts to its end")
	addGlobs(s, &f.include, &f.exclude)
	s.BoolVar(&f.staged, "staged", false, "the index against HEAD, and nothing else")
	s.BoolVar(&f.worktree, "worktree", false, "uncommitted and untracked files, too")
	s.BoolVar(&f.unreachable, "unreachable", false, "objects that no ref reaches, too")
	s.BoolVar(&f.wholeBlobs, "whole-blobs", false, "examine every version of a file whole; for comparisons, as the result is the same")
	s.Lookup("whole-blobs").Hidden = true
}

// addGlobs registers --include and --exclude.
func addGlobs(s *pflag.FlagSet, include, exclude *[]string) {
	s.Var(list{include, "GLOB"}, "include", "only these paths; repeatable. ** crosses folders, a bare name matches in all of them")
	s.Var(list{exclude, "GLOB"}, "exclude", "not these paths; repeatable")
}

// check finds flags that contradict each other.
func (f *gitFlags) check(set *pflag.FlagSet) error {
	if f.staged {
		for _, name := range []string{"since-commit", "branch", "all", "max-depth", "since", "until", "worktree", "unreachable"} {
			if set.Changed(name) {
				return usagef("run mudlark twice, once with each", "--staged looks at the index alone, so --%s has no meaning with it", name)
			}
		}
	}
	switch {
	case f.all && len(f.branches) > 0:
		return usagef("drop one of them", "--all starts from every ref and --branch from some")
	case f.all && len(f.since) == 0:
		return usagef("drop --all: without --since-commit every ref is scanned anyway", "--all is for --since-commit REV, which else starts from HEAD")
	case !f.after.IsZero() && !f.before.IsZero() && f.before.Before(f.after):
		return usagef("exchange them", "--until %s lies before --since %s", f.before.Format(time.RFC3339), f.after.Format(time.RFC3339))
	}
	return nil
}

// oneTarget accepts a path or a URL, or nothing.
func oneTarget(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usagef("scan one after the other; to limit the scan to some paths use --include", "git takes one repository, but was given %d", len(args))
	}
	return nil
}
