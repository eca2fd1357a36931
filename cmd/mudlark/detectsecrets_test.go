package main

import (
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mudlark/detectors"
	"mudlark/rules"
)

// TestDetectSecretsBaseline has the real detect-secrets make a baseline of files with a secret each, and takes it.
func TestDetectSecretsBaseline(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("without -short: starts a Python program")
	}
	if _, err := exec.LookPath("detect-secrets"); err != nil {
		t.Skip("detect-secrets is not in $PATH (python3 -m venv v && v/bin/pip install detect-secrets)")
	}
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	// Of most kinds its hash is of a part of the secret only: of a prefix, of a key's first line, of a password in a URL.
	kinds := []string{"aws-access-key-id", "azure-storage-connection-string", "discord-bot-token", "generic-url-credentials", "github-pat-classic", "gitlab-personal-access-token",
		"jwt", "private-key-rsa-pem", "private-key-openssh", "private-key-ssh2-rfc4716", "slack-bot-token", "slack-rotating-access-token", "stripe-live-secret-key"}
	for _, kind := range kinds {
		write(kind+".txt", "value = "+generated(t, kind, 1)+"\n")
	}
	cmd := exec.Command("detect-secrets", "scan", "--all-files", ".")
	cmd.Dir = dir
	baseline, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), ".secrets.baseline")
	if err := os.WriteFile(file, baseline, 0o666); err != nil {
		t.Fatal(err)
	}
	scan := func() (stdout string) {
		var out, errOut strings.Builder
		e := &environment{stdin: strings.NewReader(""), stdout: &out, stderr: &errOut, now: time.Now, getenv: func(string) string { return "" }}
		root := newRoot(e)
		root.SetArgs([]string{"dir", dir, "--baseline", file, "--format", "csv", "--min-confidence", "low", "--no-repo-config"})
		if code := finish(&errOut, root.ExecuteContext(context.Background())); code > 1 {
			t.Fatalf("exit code %d\n%s", code, errOut.String())
		}
		return out.String()
	}
	if out := scan(); strings.Count(out, "\r\n") != 1 {
		t.Errorf("reported in spite of the baseline:\n%s", out)
	}

	// What all secrets of a kind share stands for none of them elsewhere.
	write("github-pat-classic.txt", "\n\nvalue = "+generated(t, "github-pat-classic", 2)+"\n")
	write("private-key-rsa-pem.txt", "\n\n"+generated(t, "private-key-rsa-pem", 2)+"\n")
	if out := scan(); !strings.Contains(out, "github-pat-classic.txt") || !strings.Contains(out, "private-key-rsa-pem.txt") || strings.Count(out, "\r\n") != 3 {
		t.Errorf("other secrets:\n%s", out)
	}
}

// generated makes up a token of a rule.
func generated(t *testing.T, id string, seed uint64) string {
	t.Helper()
	all, err := rules.Builtin(detectors.Vocabulary())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range all {
		if r.ID == id {
			text, _ := detectors.Generate(rand.New(rand.NewPCG(seed, 3)), r)
			return string(text)
		}
	}
	t.Fatalf("there is no rule %s", id)
	return ""
}
