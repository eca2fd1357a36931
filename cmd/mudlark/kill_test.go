//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mudlark/detectors"
	"mudlark/rules"
)

// runKilled starts mudlark, and kills it, as with kill -9, a time after the condition holds. It returns how long the program ran from there, and
// whether it had ended before.
func runKilled(t *testing.T, after time.Duration, from func() bool, env []string, args ...string) (time.Duration, bool) {
	t.Helper()
	cmd := exec.Command("mudlark", args...)
	cmd.Env = append(os.Environ(), env...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for !from() && len(ended) == 0 {
		time.Sleep(time.Millisecond)
	}
	start := time.Now()
	timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	err := <-ended
	return time.Since(start), err == nil || cmd.ProcessState.ExitCode() == exitFindings
}

func atOnce() bool { return true }

// manyTokens returns lines that hold as many different tokens.
func manyTokens(t *testing.T, n int) []byte {
	t.Helper()
	set, err := rules.Builtin(detectors.Vocabulary())
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	for _, r := range set {
		if r.ID != "github-pat-classic" {
			continue
		}
		for i := range n {
			token, _ := detectors.Generate(rand.New(rand.NewPCG(7, uint64(i))), r)
			fmt.Fprintf(&b, "TOKEN_%d=%s\n", i, token)
		}
	}
	return b.Bytes()
}

// TestKillReport kills scans at many moments, most of them while reports are written: under its name a report is either as it was before or whole,
// and where files can be without a name nothing unfinished is left beside it.
func TestKillReport(t *testing.T) {
	if testing.Short() {
		t.Skip("starts many processes")
	}
	t.Parallel()
	source := t.TempDir()
	if err := os.WriteFile(filepath.Join(source, "tokens.env"), manyTokens(t, 1500), 0o666); err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	names := []string{"r.json", "r.jsonl", "r.sarif", "r.html"}
	args := []string{"dir", source, "--quiet"}
	for _, name := range names {
		args = append(args, "-o", strings.TrimPrefix(filepath.Ext(name), ".")+"="+filepath.Join(out, name))
	}
	const old = "a report of yesterday"
	reset := func() {
		for _, name := range names {
			if err := os.WriteFile(filepath.Join(out, name), []byte(old), 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
	whole, ended := runKilled(t, time.Minute, atOnce, nil, args...)
	if !ended {
		t.Fatal("the scan fails")
	}
	probe := openNameless(out, 0o600)
	nameless := probe != nil
	probe.Close()
	const moments = 16
	killed := 0
	for i := range moments {
		reset()
		if took, ended := runKilled(t, whole*time.Duration(i+1)/moments, atOnce, nil, args...); ended {
			whole = min(whole, took) // the machine is less busy than it was
		} else {
			killed++
		}
		for _, name := range names {
			checkWhole(t, filepath.Join(out, name), old)
		}
		if nameless {
			checkBeside(t, out)
		}
	}
	if killed < moments/4 {
		t.Errorf("%d of %d scans were killed", killed, moments)
	}
}

// checkBeside makes sure that what a killed scan left beside its reports, between the two steps by which a file gets its name, is whole, too.
func checkBeside(t *testing.T, dir string) {
	t.Helper()
	temps, err := filepath.Glob(filepath.Join(dir, ".*.tmp"))
	if err != nil {
		t.Fatal(err)
	}
	for _, temp := range temps {
		name, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(temp), "."), ".")
		format, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(temp), "."+name+"."), ".")
		whole := filepath.Join(dir, "left."+format)
		if err := os.Rename(temp, whole); err != nil {
			t.Fatal(err)
		}
		checkWhole(t, whole, "")
		if err := os.Remove(whole); err != nil {
			t.Fatal(err)
		}
	}
}

// checkWhole makes sure that a report is the old one or a whole one.
func checkWhole(t *testing.T, file, old string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Error(err)
		return
	}
	whole := string(data) == old
	switch {
	case whole:
	case strings.HasSuffix(file, ".jsonl"):
		lines := bytes.Split(bytes.TrimSpace(data), []byte("\n"))
		whole = bytes.Contains(lines[len(lines)-1], []byte(`"type":"coverage"`))
	case strings.HasSuffix(file, ".html"):
		whole = bytes.HasSuffix(bytes.TrimSpace(data), []byte("</html>"))
	default:
		whole = json.Valid(data)
	}
	if !whole {
		t.Errorf("%s is cut short: %d bytes", filepath.Base(file), len(data))
	}
}

// TestKillClone kills scans of a URL at many moments of the clone and the scan; the next one removes what they left.
func TestKillClone(t *testing.T) {
	if testing.Short() {
		t.Skip("starts many processes")
	}
	needs(t, "git")
	t.Parallel()
	url, temp := serveLarge(t), t.TempDir()
	env := []string{"TMPDIR=" + temp, "GIT_TERMINAL_PROMPT=0"}
	var before []string
	begun := func() bool {
		return slices.ContainsFunc(clones(t, temp), func(dir string) bool { return !slices.Contains(before, dir) })
	}
	run := func(after time.Duration) (time.Duration, bool) {
		return runKilled(t, after, begun, env, "git", url, "--quiet")
	}
	whole, ended := run(time.Minute)
	if !ended {
		t.Fatal("the scan fails")
	}
	const moments = 8
	left := 0
	for i := range moments {
		took, ended := run(whole * time.Duration(i) / moments)
		if ended {
			whole = min(whole, took)
		}
		there := clones(t, temp)
		for _, dir := range before {
			if slices.Contains(there, dir) {
				t.Errorf("the next scan leaves %s", dir)
			}
		}
		before = there
		left += len(there)
	}
	if left < moments/4 {
		t.Errorf("%d of %d scans left something: they are not killed", left, moments)
	}
	if _, ended := run(time.Minute); !ended {
		t.Fatal("the last scan fails")
	}
	if rest := clones(t, temp); len(rest) != 0 {
		t.Errorf("after the last scan there are %v", rest)
	}
}

// clones lists clones in a folder for temporary files. An empty one is no clone: its process was killed before it had taken the lock, and a scan
// of the next minute cannot tell it from one in the making.
func clones(t *testing.T, temp string) []string {
	t.Helper()
	locks, err := filepath.Glob(filepath.Join(temp, "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	var dirs []string
	for _, l := range locks {
		dirs = append(dirs, filepath.Dir(l))
	}
	return slices.Compact(dirs)
}

// serveLarge serves a repository that takes a moment to clone and to scan, and returns its URL.
func serveLarge(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	repo := filepath.Join(root, "shop.git")
	random := rand.NewChaCha8([32]byte{1})
	data := make([]byte, 3<<20)
	_, _ = random.Read(data)
	if err := os.WriteFile(filepath.Join(root, "noise"), data, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"init", "-q", "--bare", "-b", "main", repo},
		{"--git-dir", repo, "--work-tree", root, "add", "noise"},
		{"--git-dir", repo, "--work-tree", root, "-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "-q", "-m", "one"},
	} {
		if out, err := exec.Command("git", args...).CombinedOutput(); err != nil {
			t.Fatalf("git %s: %v\n%s", args, err, out)
		}
	}
	path, err := exec.Command("git", "--exec-path").Output()
	if err != nil {
		t.Fatal(err)
	}
	backend := filepath.Join(strings.TrimSpace(string(path)), "git-http-backend")
	if _, err := os.Stat(backend); err != nil {
		t.Skip(err)
	}
	server := httptest.NewServer(http.Handler(&cgi.Handler{Path: backend, Stderr: io.Discard, Logger: log.New(io.Discard, "", 0), Env: []string{"GIT_PROJECT_ROOT=" + root, "GIT_HTTP_EXPORT_ALL=1", "PATH=" + os.Getenv("PATH"), "HOME=" + root}}))
	t.Cleanup(server.Close)
	return server.URL + "/shop.git"
}
