package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// docCommand is a command that a page shows.
type docCommand struct{ file, text string }

// docCommands returns the commands of mudlark that stand in blocks of code in README.md and docs/.
func docCommands(t *testing.T) []docCommand {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	var found []docCommand
	for _, file := range append(files, filepath.Join("..", "..", "README.md"), filepath.Join("..", "..", "CONTRIBUTING.md")) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		fenced := false
		for line := range strings.Lines(string(text)) {
			if strings.HasPrefix(line, "```") {
				fenced = !fenced
				continue
			}
			if !fenced && !strings.HasPrefix(line, "    ") {
				continue
			}
			line = strings.TrimPrefix(strings.TrimSpace(line), "$ ")
			if command, ok := strings.CutPrefix(line, "mudlark "); ok {
				for _, end := range []string{"  ", " #", " <", " >", " |", ";"} {
					command, _, _ = strings.Cut(command, end)
				}
				found = append(found, docCommand{filepath.Base(file), strings.TrimSpace(command)})
			}
		}
	}
	if len(found) < 20 {
		t.Fatalf("%d commands found", len(found))
	}
	return found
}

// shownOnly are commands that cannot run in the place that TestDocs makes, by how they begin, and the script that runs them.
var shownOnly = map[string]string{
	"ci":                               "ci*.txtar",
	"git https://example.org/shop.git": "git-remote.txtar",
	"revoke":                           "revoke.txtar",
	"verify report.json":               "verify.txtar",
	"triage":                           "triage.txtar",
	"report monday.json":               "report.txtar",
	"hook install /srv/git/shop.git":   "hook-pre-receive.txtar",
	"hook install --global":            "hook-global.txtar",
}

// TestDocs runs the commands that the pages show, in their order and in a repository of the kind that they speak of. They may find
// nothing to report, but they must be understood.
func TestDocs(t *testing.T) {
	if testing.Short() {
		t.Skip("without -short: runs every command of the documentation")
	}
	dir := docRepository(t)
	done := map[string]bool{}
	for _, c := range docCommands(t) {
		if done[c.text] {
			continue
		}
		done[c.text] = true
		if script := runElsewhere(c.text); script != "" {
			found, err := filepath.Glob(filepath.Join("..", "..", "testdata", "script", script))
			if err != nil || len(found) == 0 {
				t.Errorf("%s: mudlark %s: there is no script %s", c.file, c.text, script)
			}
			continue
		}
		cmd := exec.Command("mudlark", fields(c.text)...)
		cmd.Dir = dir
		cmd.Stdin = strings.NewReader("nothing\n")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: mudlark %s: %v\n%s", c.file, c.text, err, out)
		}
	}
}

func runElsewhere(command string) string {
	for start, script := range shownOnly {
		if command == start || strings.HasPrefix(command, start+" ") {
			return script
		}
	}
	return ""
}

// docRepository makes a clone with the files that the documentation names.
func docRepository(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Fatal("the tests need git in $PATH")
	}
	top := t.TempDir()
	t.Setenv("HOME", top)
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(top, "config"))
	t.Setenv("AppData", filepath.Join(top, "config"))
	t.Setenv("GIT_CONFIG_NOSYSTEM", "1")
	t.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	for _, who := range []string{"AUTHOR", "COMMITTER"} {
		t.Setenv("GIT_"+who+"_NAME", "Ann Lee")
		t.Setenv("GIT_"+who+"_EMAIL", "ann@example.org")
	}
	run := func(name string, args ...string) {
		t.Helper()
		cmd := exec.Command(name, args...)
		cmd.Dir = top
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
		}
	}
	run("git", "init", "-q", "-b", "main", "away")
	for name, text := range map[string]string{"src/a.txt": "hello\n", "my.toml": "", "more.ignore": "path: x\n"} {
		file := filepath.Join(top, "away", filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	run("git", "-C", "away", "add", ".")
	run("git", "-C", "away", "commit", "-q", "-m", "one")
	run("git", "-C", "away", "tag", "v1.0")
	run("git", "-C", "away", "branch", "dev")
	run("git", "clone", "-q", "away", "here")
	run("git", "-C", "here", "branch", "-q", "dev", "origin/dev")
	run("git", "clone", "-q", "--bare", "away", "here/path/to/repo")
	run("mudlark", "git", "here", "--quiet", "-o", "json=here/report.json")
	return filepath.Join(top, "here")
}
