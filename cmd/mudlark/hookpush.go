package main

import (
	"cmp"

	"github.com/spf13/cobra"

	"mudlark/hooks"
	"mudlark/scanner"
)

const prePushHelp = `Look for secrets in what a push would send: every commit that the remote does
not have, by the refs that follow it. Git tells on standard input which refs
are pushed.

Examples:
  mudlark hook run pre-push origin < lines      lines as in githooks(5)
  git push --no-verify                          pushes without any hook
`

func newRunPrePush(e *environment) *cobra.Command {
	return newRun(e, hooks.PrePush, "[REMOTE [URL]]", "Look for secrets in what a push would send", prePushHelp, func(args []string, o *scanner.Options) error {
		if len(args) > 2 {
			return usagef("give it what Git gives: mudlark hook run pre-push REMOTE URL", "pre-push has two arguments, but was given %d", len(args))
		}
		o.Push = &scanner.Push{Remote: "origin"}
		if len(args) > 0 {
			o.Push.Remote = args[0]
		}
		if len(args) > 1 {
			o.Push.URL = args[1]
		}
		refs, ok := frameworkRefs(e.getenv)
		if !ok {
			var err error
			if refs, err = hooks.ReadPushed(e.stdin); err != nil {
				return badLines(err)
			}
		} else {
			o.Push.Remote = cmp.Or(e.getenv("PRE_COMMIT_REMOTE_NAME"), o.Push.Remote)
			o.Push.URL = cmp.Or(e.getenv("PRE_COMMIT_REMOTE_URL"), o.Push.URL)
		}
		o.Push.Updates = updates(refs)
		return nil
	})
}

// frameworkRefs returns what the pre-commit framework says of a push: it tells hooks by variables instead of lines (pre-commit.com,
// "pre-push").
func frameworkRefs(getenv func(string) string) ([]hooks.Ref, bool) {
	if getenv("PRE_COMMIT") != "1" || getenv("PRE_COMMIT_TO_REF") == "" {
		return nil, false
	}
	to, from := getenv("PRE_COMMIT_TO_REF"), getenv("PRE_COMMIT_FROM_REF")
	return []hooks.Ref{{Local: getenv("PRE_COMMIT_LOCAL_BRANCH"), Name: getenv("PRE_COMMIT_REMOTE_BRANCH"), Old: from, New: to}}, true
}

const preReceiveHelp = `Look for secrets in what a push has sent, before the server takes it: every
commit that no ref of the repository reaches yet. Git tells on standard input
which refs are to change. The new objects are read where Git keeps them until
the hook has decided.

Configuration is that of HEAD's commit on the server, not what is pushed.

Examples:
  mudlark hook run pre-receive < lines          lines as in githooks(5)
`

func newRunPreReceive(e *environment) *cobra.Command {
	return newRun(e, hooks.PreReceive, "", "Look for secrets in what a push has sent, on a server", preReceiveHelp, func(args []string, o *scanner.Options) error {
		if len(args) > 0 {
			return usagef("it reads lines from standard input, as Git writes them", "pre-receive has no arguments")
		}
		refs, err := hooks.ReadReceived(e.stdin)
		if err != nil {
			return badLines(err)
		}
		o.Push = &scanner.Push{Received: true, Updates: updates(refs)}
		return nil
	})
}

const updateHelp = `Look for secrets in what a push has sent for one ref, before the server changes
it. Where the server lets you choose, pre-receive is better: it stops a push as
a whole and before its objects are taken.

Examples:
  mudlark hook run update refs/heads/main OLD NEW
`

func newRunUpdate(e *environment) *cobra.Command {
	return newRun(e, hooks.Update, "REF OLD NEW", "Look for secrets in one ref that a push changes, on a server", updateHelp, func(args []string, o *scanner.Options) error {
		if len(args) != 3 {
			return usagef("give it what Git gives: mudlark hook run update REF OLD NEW", "update has three arguments, but was given %d", len(args))
		}
		o.Push = &scanner.Push{Received: true, Updates: updates([]hooks.Ref{{Name: args[0], Old: args[1], New: args[2]}})}
		return nil
	})
}

func badLines(err error) error {
	return usagef("the lines are those of githooks(5), as Git writes them", "%v", err)
}

func updates(refs []hooks.Ref) []scanner.Update {
	var list []scanner.Update
	for _, r := range refs {
		list = append(list, scanner.Update{Name: cmp.Or(r.Local, r.Name), Ref: r.Name, Old: r.Old, New: r.New})
	}
	return list
}
