//go:build unix

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestOtherOwner scans as a user that is not root a repository of another one, as the image does with a mounted repository: its owner is not
// asked, and what may not be read is called so.
func TestOtherOwner(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can act for two users")
	}
	const owner, other = 54321, 54322
	origin := newCIOrigin(t)
	top, err := os.MkdirTemp("", "mudlark-owner") // not below the test's own folder, which is closed to others
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(top) })
	repo, program := filepath.Join(top, "repo"), filepath.Join(top, "mudlark")
	runGit(t, "", "clone", "-q", origin.dir, repo)
	self, err := exec.LookPath("mudlark")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(self)
	if err == nil {
		err = os.WriteFile(program, text, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	chmod := func(name string, mode os.FileMode) {
		t.Helper()
		if err := os.Chmod(name, mode); err != nil {
			t.Fatal(err)
		}
	}
	chmod(top, 0o755)
	if err := filepath.WalkDir(repo, func(path string, _ os.DirEntry, _ error) error { return os.Lchown(path, owner, owner) }); err != nil {
		t.Fatal(err)
	}
	scan := func() (code int, stdout, stderr string) {
		t.Helper()
		var out, errOut bytes.Buffer
		cmd := exec.Command(program, "git", repo)
		cmd.Dir, cmd.Stdout, cmd.Stderr = top, &out, &errOut
		cmd.Env = []string{"HOME=/nowhere", "PATH="}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: other, Gid: other}}
		if err := cmd.Run(); cmd.ProcessState == nil {
			t.Fatal(err)
		}
		return cmd.ProcessState.ExitCode(), out.String(), errOut.String()
	}
	if code, stdout, stderr := scan(); code != exitFindings || stderr != "" || !strings.Contains(stdout, "nothing skipped") {
		t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
	}
	chmod(filepath.Join(repo, ".git"), 0o700)
	if code, _, stderr := scan(); code != exitUsage || !strings.Contains(stderr, ".git: permission denied") || !strings.Contains(stderr, "--user") {
		t.Errorf(".git is closed: exit code %d\n%s", code, stderr)
	}
	chmod(filepath.Join(repo, ".git"), 0o755)
	chmod(repo, 0o700)
	if code, _, stderr := scan(); code != exitUsage || !strings.Contains(stderr, "repo: permission denied") {
		t.Errorf("the repository is closed: exit code %d\n%s", code, stderr)
	}
	chmod(repo, 0o755)
	chmod(filepath.Join(repo, ".git", "objects"), 0o700)
	if code, stdout, stderr := scan(); code != exitIncomplete && code != exitUsage {
		t.Errorf("objects are closed: exit code %d\n%s%s", code, stdout, stderr)
	}
}
