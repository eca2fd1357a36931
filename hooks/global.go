package hooks

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Global returns the place of the hooks of all repositories of the user: where core.hooksPath of the user's configuration points, or else a
// folder of Mudlark's, to which Install makes it point.
func Global() (*Place, error) {
	if _, err := exec.LookPath("git"); err != nil {
		return nil, errorf("install Git, or put it into $PATH", "git was not found, and without it no hook runs")
	}
	own, err := ownFolder()
	if err != nil {
		return nil, err
	}
	dir, err := git(".", "config", "--global", "--includes", "--type=path", "--get", "core.hooksPath")
	if err != nil || dir == "" {
		if err := othersHooks(); err != nil {
			return nil, err
		}
		dir = own
	}
	dir = filepath.FromSlash(dir)
	if info, err := os.Stat(dir); err == nil && !info.IsDir() || !filepath.IsAbs(dir) {
		return nil, errorf("git config --global --unset core.hooksPath", "core.hooksPath of your configuration is %s, which is no folder that all repositories share", dir)
	}
	return &Place{Dir: dir, global: true, forward: filepath.Clean(dir) == filepath.Clean(own)}, nil
}

// othersHooks makes sure that a core.hooksPath of the user's own configuration takes no hooks away: those that the machine's configuration
// names, or an includeIf of the user's for some repositories.
func othersHooks() error {
	// Without a repository, and as the user's own says nothing, what is left is the machine's (or of this command alone).
	if dir, err := git(".", "--git-dir", os.DevNull, "config", "--type=path", "--get", "core.hooksPath"); err == nil && dir != "" {
		return errorf("add mudlark hook run pre-commit, and so on, to the hooks there; or copy the folder and make yours count: git config --global core.hooksPath FOLDER",
			"core.hooksPath is %s for the whole machine, and hooks of your own would take the place of those", dir)
	}
	out, err := git(".", "config", "--global", "--null", "--show-origin", "--type=path", "--get-regexp", `^includeif\..*\.path$`)
	if err != nil {
		return nil // there is none
	}
	// One file and one key with its value after the other, each behind a NUL (git-config, "--null").
	for fields := strings.Split(out, "\x00"); len(fields) >= 2; fields = fields[2:] {
		from := strings.TrimPrefix(fields[0], "file:")
		key, file, _ := strings.Cut(fields[1], "\n")
		if !filepath.IsAbs(file) {
			file = filepath.Join(filepath.Dir(from), file)
		}
		if dir, err := git(".", "config", "--file", file, "--includes", "--type=path", "--get", "core.hooksPath"); err == nil {
			return errorf("set core.hooksPath in "+from+" for all repositories instead, then install; or leave out --global",
				"core.hooksPath is %s for some of your repositories (%s in %s), and hooks for all would take the place of those", dir, key, from)
		}
	}
	return nil
}

// ownFolder is the folder of Mudlark's for hooks of all repositories.
func ownFolder() (string, error) {
	config, err := os.UserConfigDir()
	if err != nil {
		return "", errorf("set $HOME", "there is no folder for your configuration: %s", err)
	}
	return filepath.Join(config, "mudlark", "hooks"), nil
}

// forwarded are the hooks that core.hooksPath would take from a repository (githooks), so that Mudlark's folder calls the repository's own.
// push-to-checkout and proc-receive are missing: that they exist changes what Git does.
var forwarded = []string{
	"applypatch-msg", "pre-applypatch", "post-applypatch", PreCommit, PreMergeCommit, "prepare-commit-msg", "commit-msg", "post-commit",
	"pre-rebase", "post-checkout", "post-merge", PrePush, PreReceive, Update, "post-receive", "post-update", "reference-transaction",
	"pre-auto-gc", "post-rewrite", "sendemail-validate", "post-index-change",
}

// forwarder is the end of a hook in Mudlark's folder: it calls the repository's own hook.
func forwarder(name string) string {
	return fmt.Sprintf("mudlark_next=$(git rev-parse --git-common-dir)/hooks/%s\nif [ -x \"$mudlark_next\" ]; then exec \"$mudlark_next\" \"$@\"; fi\nexit 0\n", name)
}

// startForwarding fills Mudlark's folder and makes Git use it.
func startForwarding(p *Place) error {
	for _, name := range forwarded {
		file := filepath.Join(p.Dir, name)
		if content, err := readHook(file); err != nil || content != nil {
			if err != nil {
				return err
			}
			continue
		}
		if err := writeHook(file, []byte("#!/bin/sh\n"+ownMark+"\n"+forwarder(name)), 0o755); err != nil {
			return err
		}
	}
	if _, err := git(".", "config", "--global", "core.hooksPath", filepath.ToSlash(p.Dir)); err != nil {
		return errorf("may you write your Git configuration?", "git config --global core.hooksPath: %s", firstLine(err))
	}
	return nil
}

// stopForwarding empties Mudlark's folder and makes Git use the repositories' hooks again.
func stopForwarding(p *Place) error {
	if set, err := git(".", "config", "--global", "--type=path", "--get", "core.hooksPath"); err == nil && filepath.Clean(filepath.FromSlash(set)) == filepath.Clean(p.Dir) {
		if _, err := git(".", "config", "--global", "--unset-all", "core.hooksPath"); err != nil {
			return errorf("may you write your Git configuration?", "git config --global --unset-all core.hooksPath: %s", firstLine(err))
		}
	}
	for _, name := range forwarded {
		file := filepath.Join(p.Dir, name)
		if content, err := readHook(file); err == nil && isOwn(content) {
			if err := os.Remove(file); err != nil {
				return errorf("may you write there?", "%s: %s", file, cause(err))
			}
		}
	}
	_ = os.Remove(p.Dir) // only if it is empty
	return nil
}
