package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"mudlark/remote"
	"mudlark/report"
	"mudlark/scanner"
)

// isRemote reports whether a target is a repository elsewhere.
func isRemote(target string) bool {
	if !remote.IsURL(target) {
		return false
	}
	_, err := os.Lstat(target) // as for Git, a path comes first
	return err != nil
}

// scanRemote clones a repository, scans the clone and removes it.
func (f *gitFlags) scanRemote(ctx context.Context, e *environment, o scanner.Options) (err error) {
	switch {
	case f.staged || f.worktree:
		return usagef("clone it, and run mudlark there", "--staged and --worktree are about files, which a repository elsewhere does not show")
	case f.unreachable:
		return usagef("run mudlark on the machine that has the repository", "--unreachable is about objects that no ref reaches, which are not sent")
	}
	source, err := remote.Parse(o.Target)
	if err != nil {
		return remoteError(err)
	}
	if e.stderrTerminal && !f.quiet && !f.noProgress {
		fmt.Fprintf(e.stderr, "mudlark: cloning %s\n", report.Escape(source.URL))
	}
	cloneCtx := ctx
	if o.Timeout > 0 {
		var cancel context.CancelFunc
		cloneCtx, cancel = context.WithTimeout(ctx, o.Timeout)
		defer cancel()
	}
	clone, err := remote.Fetch(cloneCtx, source, remote.Options{Getenv: e.getenv, Environ: os.Environ(), Interactive: e.stdinTerminal && e.stderrTerminal})
	switch {
	case ctx.Err() != nil:
		return &exitError{code: exitInterrupted, message: "interrupted before the repository was here"}
	case cloneCtx.Err() != nil:
		return &exitError{code: exitIncomplete, message: source.URL + " was not cloned within --timeout", hint: "give it more time, or clone it yourself"}
	case err != nil:
		return remoteError(err)
	}
	defer func() {
		if closeErr := clone.Close(); closeErr != nil {
			err = errors.Join(err, &exitError{code: exitIncomplete, message: "the clone could not be removed: " + closeErr.Error(), hint: "remove it by hand"})
		}
	}()
	o.Target, o.TargetName = clone.Dir, source.URL
	o.Getenv = func(name string) string {
		if strings.HasPrefix(name, "GIT_") { // about other repositories
			return ""
		}
		return e.getenv(name)
	}
	return f.scan(ctx, e, o)
}

func remoteError(err error) error {
	var told *remote.Error
	if errors.As(err, &told) {
		return usagef(told.Hint, "%s", told.Message)
	}
	return err
}
