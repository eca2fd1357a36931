package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"math/rand/v2"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"mudlark/detectors"
	"mudlark/rules"
)

// TestConnectsOnlyWhereThePlanSays compares the connections that the system sees with the plan, and looks for the secret in
// everything that the program writes.
func TestConnectsOnlyWhereThePlanSays(t *testing.T) {
	t.Parallel()
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("strace, which tells where it connects, is not in $PATH (apt-get install strace)")
	}
	dir := t.TempDir()
	bin := filepath.Join(dir, "mudlark")
	if out, err := exec.Command("go", "build", "-o", bin, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	token := madeUpToken(t, "github-pat-classic")
	provider := httptest.NewServer(&fakeProvider{kind: "github", tokens: []string{token}, log: new(bytes.Buffer)})
	t.Cleanup(provider.Close)
	planted := httptest.NewServer(&fakeProvider{kind: "github", log: new(bytes.Buffer)})
	t.Cleanup(planted.Close)
	write := func(name, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Join(dir, "d"), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "d", name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("a.env", "GITHUB_API_URL="+planted.URL+"\nGH_HOST=127.0.0.1\nTOKEN="+token+"\n")
	write(".mudlark.toml", "[verify]\nplaintext = true\nhosts = [\"127.0.0.1\"]\nendpoints = { github = \""+planted.URL+"\" }\n")
	flags := []string{"dir", filepath.Join(dir, "d"), "--endpoint", "github=" + provider.URL, "--allow-host", "127.0.0.1", "--allow-plaintext",
		"--verify-cache", filepath.Join(dir, "seen.json")}
	run := func(more string) (connects []string, output string) {
		t.Helper()
		trace := filepath.Join(dir, "trace")
		cmd := exec.Command(strace, slices.Concat([]string{"-f", "-qq", "-e", "trace=connect", "-o", trace, bin}, flags, []string{more})...)
		cmd.Env = []string{"HOME=" + dir, "XDG_CONFIG_HOME=" + filepath.Join(dir, "config")}
		out, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		if err != nil && !(errors.As(err, &exit) && exit.ExitCode() == exitFindings) {
			if bytes.Contains(out, []byte("ptrace")) {
				t.Skipf("strace may not trace here: %s", out)
			}
			t.Fatalf("%s: %v\n%s", more, err, out)
		}
		calls, err := os.ReadFile(trace)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`sin6?_port=htons\((\d+)\).*?"([0-9a-f.:]+)"`).FindAllStringSubmatch(string(calls), -1) {
			connects = append(connects, net.JoinHostPort(m[2], m[1]))
		}
		return connects, string(out)
	}
	connects, plan := run("--verify-plan")
	if len(connects) > 0 || !strings.Contains(plan, "GET "+provider.URL+"/user") || strings.Contains(plan, planted.URL) {
		t.Errorf("the plan connects to %q and says\n%s", connects, plan)
	}
	connects, report := run("--verify")
	if len(connects) == 0 || !strings.Contains(report, "active") {
		t.Errorf("connections %q\n%s", connects, report)
	}
	for _, c := range connects {
		if c != provider.Listener.Addr().String() {
			t.Errorf("connected to %s, which is not in the plan", c)
		}
	}
	cache, err := os.ReadFile(filepath.Join(dir, "seen.json"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(plan+report+string(cache), token[4:]) {
		t.Error("something written holds the secret")
	}
}

// madeUpToken returns a token of a built-in rule.
func madeUpToken(t *testing.T, id string) string {
	t.Helper()
	all, err := rules.Builtin(detectors.Vocabulary())
	if err != nil {
		t.Fatal(err)
	}
	r, err := findRule(all, id)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := detectors.Generate(rand.New(rand.NewChaCha8(sha256.Sum256([]byte(t.Name())))), r)
	return string(text)
}
