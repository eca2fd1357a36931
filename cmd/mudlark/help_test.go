package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

var update = flag.Bool("update", false, "write golden files and scripts instead of comparing with them")

// testEnvironment returns an environment that is connected to nothing.
func testEnvironment() (e *environment, stdout, stderr *bytes.Buffer) {
	stdout, stderr = new(bytes.Buffer), new(bytes.Buffer)
	return &environment{
		stdin: strings.NewReader(""), stdout: stdout, stderr: stderr, getenv: func(string) string { return "" },
		environ: func() []string { return nil },
		now:     func() time.Time { return time.Date(2024, 5, 31, 12, 0, 0, 0, time.UTC) },
	}, stdout, stderr
}

// commands returns a command and all below it.
func commands(c *cobra.Command) []*cobra.Command {
	all := []*cobra.Command{c}
	for _, sub := range c.Commands() {
		all = append(all, commands(sub)...)
	}
	return all
}

func TestHelp(t *testing.T) {
	e, _, _ := testEnvironment()
	for _, c := range commands(newRoot(e)) {
		t.Run(c.CommandPath(), func(t *testing.T) {
			text := helpText(c)
			for line := range strings.Lines(text) {
				if line = strings.TrimSuffix(line, "\n"); len(line) > helpWidth || strings.TrimRight(line, " ") != line {
					t.Errorf("too long, or with space at its end: %q", line)
				}
			}
			examples, _, _ := strings.Cut(text, "\nUsage:")
			_, examples, _ = strings.Cut(examples, "Examples:")
			examples += c.Example
			c.Flags().VisitAll(func(f *pflag.Flag) {
				if !f.Hidden && !strings.Contains(examples, "--"+f.Name) && (f.Shorthand == "" || !strings.Contains(examples, " -"+f.Shorthand+" ")) {
					t.Errorf("no example shows --%s", f.Name)
				}
			})
			golden(t, strings.ReplaceAll(c.CommandPath(), " ", "-")+".help", text)
		})
	}
}

// TestHelpListsCommands looks for each command in the help of the one above it: a command without a group would not be listed.
func TestHelpListsCommands(t *testing.T) {
	e, _, _ := testEnvironment()
	for _, c := range commands(newRoot(e)) {
		if c.HasParent() && c.IsAvailableCommand() && !strings.Contains(helpText(c.Parent()), "\n  "+c.Name()+" ") {
			t.Errorf("%s is not listed", c.CommandPath())
		}
	}
}

// TestExamples parses every example of every help text.
func TestExamples(t *testing.T) {
	e, _, _ := testEnvironment()
	for _, c := range commands(newRoot(e)) {
		_, examples, _ := strings.Cut(c.Long, "Examples:")
		for line := range strings.Lines(examples + c.Example) {
			_, line, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "mudlark ")
			if !ok {
				continue
			}
			line, _, _ = strings.Cut(line, "  ")
			line, _, _ = strings.Cut(line, " <")
			line, _, _ = strings.Cut(line, " >")
			args := fields(line)
			root := newRoot(e)
			sub, rest, err := root.Find(args)
			if err == nil {
				err = sub.ParseFlags(rest)
			}
			if err == nil && sub.Args != nil {
				err = sub.ValidateArgs(sub.Flags().Args())
			}
			if err != nil || sub == root {
				t.Errorf("%s: mudlark %s: %v", c.CommandPath(), line, err)
			}
		}
	}
}

// fields splits a command line at spaces outside of double quotes.
func fields(line string) []string {
	var args []string
	for i, part := range strings.Split(line, `"`) {
		if i%2 == 1 {
			args = append(args, part)
		} else {
			args = append(args, strings.Fields(part)...)
		}
	}
	return args
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.ReplaceAll(string(want), "\r\n", "\n"), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}
