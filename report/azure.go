package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// NewAzure returns a handler that writes logging commands of Azure Pipelines (learn.microsoft.com, "Logging commands", LogIssue), which
// shows them with the run. It holds no secrets.
func NewAzure(w io.Writer) Handler { return Discreet(&azureHandler{w: bufio.NewWriter(w)}) }

type azureHandler struct{ w *bufio.Writer }

func (a *azureHandler) Config(*Config) error { return nil }

func (a *azureHandler) Finding(f *Finding) error {
	kind, place := "warning", ""
	if githubLevel(sarifRank(f)) == 0 {
		kind = "error"
	}
	if f.Path != nil && (f.Source == "blob" || f.Source == "file") {
		place = fmt.Sprintf("sourcepath=%s;linenumber=%d;columnnumber=%d;", azureValue(Escape(*f.Path)), lineOf(&f.Place), max(1, number(f.Column)))
	}
	_, err := fmt.Fprintf(a.w, "##vso[task.logissue type=%s;%s]%s at %s. %s\n", kind, place, azureText(headline(f)), azureText(placeText(&f.Place)), azureText(advice(f)))
	return err
}

// azureValue escapes a property of a logging command.
func azureValue(s string) string {
	return strings.NewReplacer("%", "%AZP25", ";", "%3B", "\r", "%0D", "\n", "%0A", "]", "%5D").Replace(s)
}

// azureText escapes the text of a logging command.
func azureText(s string) string {
	return strings.NewReplacer("%", "%AZP25", "\r", "%0D", "\n", "%0A").Replace(s)
}

func (a *azureHandler) Coverage(c *Coverage) error {
	for _, s := range c.Skipped {
		if s.Accepted == "" {
			fmt.Fprintf(a.w, "##vso[task.logissue type=error]Not read: %s\n", azureText(Escape(s.What)+": "+Escape(s.Why)))
		}
	}
	return nil
}

func (a *azureHandler) Done() error { return a.w.Flush() }
