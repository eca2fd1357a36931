package main

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"mudlark/detectors"
	"mudlark/rules"
)

// TestPreCommitFramework has the real pre-commit framework install the hooks from a clone of this project, and stop a commit and a push.
func TestPreCommitFramework(t *testing.T) {
	for _, program := range []string{"pre-commit", "git", "go"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not in $PATH (python3 -m venv v && v/bin/pip install pre-commit)", program)
		}
	}
	if testing.Short() {
		t.Skip("builds the program")
	}
	dir := t.TempDir()
	s := &frameworkSandbox{t: t, dir: dir, repo: filepath.Join(dir, "repo")}
	hooks := s.project()
	s.git(dir, "init", "-q", "-b", "main", s.repo)
	s.git(dir, "init", "-q", "--bare", filepath.Join(dir, "away.git"))
	config := "repos:\n- repo: " + filepath.ToSlash(hooks) + "\n  rev: " + strings.TrimSpace(s.git(hooks, "rev-parse", "HEAD")) +
		"\n  hooks:\n  - id: mudlark\n  - id: mudlark-push\n"
	s.write(".pre-commit-config.yaml", config)
	if out, err := s.run(s.repo, "pre-commit", "install", "--install-hooks", "-t", "pre-commit", "-t", "pre-merge-commit", "-t", "pre-push"); err != nil {
		t.Fatalf("pre-commit install: %v\n%s", err, out)
	}

	s.write("clean.txt", "nothing\n")
	if out, err := s.commit("clean"); err != nil {
		t.Fatalf("a clean commit was stopped: %v\n%s", err, out)
	}
	s.git(s.repo, "remote", "add", "origin", filepath.Join(dir, "away.git"))
	if out, err := s.run(s.repo, "git", "push", "origin", "main"); err != nil {
		t.Fatalf("a clean push was stopped: %v\n%s", err, out)
	}

	s.merge()
	token := secretToken(t)
	s.write("s.env", "a = "+token+"\n")
	out, err := s.commit("secret")
	if err == nil || !strings.Contains(out, "this commit is blocked: 1 secret found") || !strings.Contains(out, "s.env:1 (staged)") {
		t.Errorf("a commit with a secret: %v\n%s", err, out)
	}
	if strings.Contains(out, token) {
		t.Error("the secret is printed")
	}
	s.git(s.repo, "commit", "-q", "--no-verify", "-m", "secret")
	s.git(s.repo, "rm", "-q", "s.env")
	s.git(s.repo, "commit", "-q", "--no-verify", "-m", "drop it")
	out, err = s.run(s.repo, "git", "push", "origin", "main")
	if err == nil || !strings.Contains(out, "this push is blocked: 1 secret found") {
		t.Errorf("a push with a secret: %v\n%s", err, out)
	}
}

// merge merges a branch that has a secret: that is no news of the merge, so it goes through; what it brings is seen by the push.
func (s *frameworkSandbox) merge() {
	s.t.Helper()
	s.git(s.repo, "checkout", "-q", "-b", "topic")
	s.write("topic.env", "a = "+secretToken(s.t)+"\n")
	s.git(s.repo, "commit", "-q", "--no-verify", "-m", "topic")
	s.git(s.repo, "checkout", "-q", "main")
	s.write("main.txt", "main\n")
	s.git(s.repo, "commit", "-q", "--no-verify", "-m", "main")
	out, err := s.run(s.repo, "git", "merge", "--no-edit", "topic")
	if err != nil || !strings.Contains(out, "look for secrets in what is staged") {
		s.t.Fatalf("a merge: %v\n%s", err, out)
	}
	s.git(s.repo, "reset", "-q", "--hard", "HEAD~1")
}

// frameworkSandbox is a repository that uses the framework.
type frameworkSandbox struct {
	t         *testing.T
	dir, repo string
}

// project makes a repository of this project's files as they are.
func (s *frameworkSandbox) project() string {
	s.t.Helper()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		s.t.Fatal(err)
	}
	list, err := exec.Command("git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		s.t.Skipf("the project is no Git repository here: %v", err)
	}
	to := filepath.Join(s.dir, "project")
	for _, name := range strings.Split(strings.TrimSuffix(string(list), "\x00"), "\x00") {
		data, err := os.ReadFile(filepath.Join(root, name))
		if os.IsNotExist(err) {
			continue
		}
		if err == nil {
			err = os.MkdirAll(filepath.Dir(filepath.Join(to, name)), 0o777)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(to, name), data, 0o666)
		}
		if err != nil {
			s.t.Fatal(err)
		}
	}
	s.git(s.dir, "init", "-q", to)
	s.git(to, "add", "-A")
	s.git(to, "commit", "-q", "-m", "project")
	return to
}

func (s *frameworkSandbox) write(name, text string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.repo, name), []byte(text), 0o666); err != nil {
		s.t.Fatal(err)
	}
	s.git(s.repo, "add", name)
}

func (s *frameworkSandbox) commit(message string) (string, error) {
	return s.run(s.repo, "git", "commit", "-m", message)
}

// run runs a program with a Git configuration of its own. Modules come from the cache that is there.
func (s *frameworkSandbox) run(dir, name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cache, err := exec.Command("go", "env", "GOMODCACHE").Output()
	if err != nil {
		s.t.Fatal(err)
	}
	cmd.Env = append(os.Environ(), "PRE_COMMIT_HOME="+filepath.Join(s.dir, "home"), "GOMODCACHE="+strings.TrimSpace(string(cache)),
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@example.org",
		"GIT_COMMITTER_NAME=A", "GIT_COMMITTER_EMAIL=a@example.org", "SKIP=")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (s *frameworkSandbox) git(dir string, args ...string) string {
	s.t.Helper()
	out, err := s.run(dir, "git", args...)
	if err != nil {
		s.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return out
}

func secretToken(t *testing.T) string {
	t.Helper()
	all, err := rules.Builtin(detectors.Vocabulary())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range all {
		if r.ID == "github-pat-classic" {
			text, _ := detectors.Generate(rand.New(rand.NewPCG(1, 2)), r)
			return string(text)
		}
	}
	t.Fatal("there is no rule github-pat-classic")
	return ""
}
