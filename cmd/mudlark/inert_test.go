package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

// TestScanStartsNoProcess guards I5 on the whole program: after its own exec a scan makes no system call that starts a
// process, and an empty PATH changes nothing.
func TestScanStartsNoProcess(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("strace, which tells what is started, is not in $PATH (apt-get install strace)")
	}
	git, err := exec.LookPath("git")
	if err != nil {
		t.Fatal("the tests need git in $PATH")
	}
	dir := t.TempDir()
	bin := filepath.Join(dir, "mudlark")
	if out, err := exec.Command("go", "build", "-o", bin, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	repo := filepath.Join(dir, "repo")
	for _, args := range [][]string{
		{"init", "-q", repo},
		{"-C", repo, "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-q", "--allow-empty", "-m", "m"},
	} {
		if out, err := exec.Command(git, args...).CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	for _, scan := range [][]string{{"git", repo}, {"git", repo, "--staged"}, {"git", repo, "--worktree"}, {"dir", repo}, {"stdin"}} {
		trace := filepath.Join(dir, "trace")
		cmd := exec.Command(strace, append([]string{"-f", "-qq", "-e", "trace=execve,execveat,fork,vfork", "-o", trace, bin}, scan...)...)
		cmd.Env = []string{"PATH=", "HOME=" + dir}
		if out, err := cmd.CombinedOutput(); err != nil {
			if bytes.Contains(out, []byte("ptrace")) {
				t.Skipf("strace may not trace here: %s", out)
			}
			t.Fatalf("%v: %v\n%s", scan, err, out)
		}
		calls, err := os.ReadFile(trace)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(regexp.MustCompile(`(?m)^\d+ +(execve|execveat|fork|vfork)\(`).FindAll(calls, -1)); n != 1 {
			t.Errorf("%v made %d such calls, want its own exec only:\n%s", scan, n, calls)
		}
	}
}
