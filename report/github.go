package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// githubShown is how many annotations of one level GitHub shows of one step; what comes later is dropped (GitHub documentation,
// "Workflow commands for GitHub Actions", and the limits of check runs).
const githubShown = 10

// NewGitHub returns a handler that writes workflow commands, which GitHub Actions, Gitea and Forgejo show beside the lines that they are
// about. The most important findings come first; what is over the number that is shown is printed as plain lines of the log. It holds no
// secrets.
func NewGitHub(w io.Writer) Handler { return Discreet(&githubHandler{w: bufio.NewWriter(w)}) }

type githubHandler struct {
	w      *bufio.Writer
	groups [sarifRanks]spool // by importance
	counts [3]int            // by level
}

// githubLevels are the levels of annotations, in the order of githubHandler.counts.
var githubLevels = [...]string{"error", "warning", "notice"}

func githubLevel(rank int) int {
	switch sarifLevel(rank) {
	case "error":
		return 0
	case "warning":
		return 1
	}
	return 2
}

func (g *githubHandler) Config(*Config) error { return nil }

func (g *githubHandler) Finding(f *Finding) error {
	rank := sarifRank(f)
	properties := "title=" + commandProperty(headline(f))
	if f.Path != nil && (f.Source == "blob" || f.Source == "index" || f.Source == "worktree" || f.Source == "file") {
		properties += ",file=" + commandProperty(Escape(*f.Path))
		if f.Line != nil {
			properties += fmt.Sprintf(",line=%d", *f.Line)
			if f.EndLine != nil {
				properties += fmt.Sprintf(",endLine=%d", *f.EndLine)
			} else if f.Column != nil {
				properties += fmt.Sprintf(",col=%d", *f.Column)
			}
		}
	}
	lines := []string{placeText(&f.Place), story(f), advice(f)}
	if f.Rotate != "" {
		lines = append(lines, Escape(f.Rotate))
	}
	lines = append(lines, "fingerprint "+Escape(f.Fingerprint))
	_, err := fmt.Fprintf(&g.groups[rank], "%s::%s\n", properties, commandText(strings.Join(compact(lines), "\n")))
	return err
}

func compact(lines []string) []string {
	var out []string
	for _, l := range lines {
		if l != "" {
			out = append(out, l)
		}
	}
	return out
}

// commandText escapes the text of a workflow command (actions/toolkit, docs/commands.md).
func commandText(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

// commandProperty escapes a property of a workflow command.
func commandProperty(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(s)
}

func (g *githubHandler) Coverage(c *Coverage) error {
	for rank := range g.groups {
		var b strings.Builder
		if _, err := g.groups[rank].WriteTo(&b); err != nil {
			return err
		}
		for line := range strings.Lines(b.String()) {
			g.line(githubLevel(rank), strings.TrimSuffix(line, "\n"))
		}
	}
	for _, s := range c.Skipped {
		if s.Accepted == "" {
			g.line(0, "title=Not read::"+commandText(Escape(s.What)+": "+Escape(s.Why)))
		}
	}
	return nil
}

// line writes a command, or if enough are shown, its text for the log.
func (g *githubHandler) line(level int, command string) {
	if g.counts[level]++; g.counts[level] <= githubShown {
		fmt.Fprintf(g.w, "::%s %s\n", githubLevels[level], command)
		return
	}
	_, text, _ := strings.Cut(command, "::")
	fmt.Fprintf(g.w, "%s: %s\n", githubLevels[level], strings.NewReplacer("%25", "%", "%0A", "; ", "%0D", " ").Replace(text))
}

func (g *githubHandler) Done() error { return g.w.Flush() }
