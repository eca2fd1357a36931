package report

import (
	"bufio"
	"io"
)

// NewCodeQuality returns a handler that writes a Code Quality report of GitLab, which is also read by other programs that know Code
// Climate's issues (GitLab documentation, "Code Quality report format"). It holds no secrets.
func NewCodeQuality(w io.Writer) Handler {
	return Discreet(&codeQualityHandler{list: newJSONList(w)})
}

type codeQualityHandler struct{ list *jsonList }

type codeQualityIssue struct {
	Description string              `json:"description"`
	CheckName   string              `json:"check_name"`
	Fingerprint string              `json:"fingerprint"`
	Severity    string              `json:"severity"`
	Location    codeQualityLocation `json:"location"`
}

type codeQualityLocation struct {
	Path  string `json:"path"`
	Lines struct {
		Begin int `json:"begin"`
	} `json:"lines"`
}

func (c *codeQualityHandler) Config(*Config) error { return nil }

func (c *codeQualityHandler) Finding(f *Finding) error {
	issue := codeQualityIssue{Description: headline(f), CheckName: f.Rule, Fingerprint: f.Fingerprint, Severity: codeQualitySeverity(f)}
	issue.Location.Path = filePath(&f.Place)
	issue.Location.Lines.Begin = lineOf(&f.Place)
	return c.list.add(issue)
}

// codeQualitySeverity is one of info, minor, major, critical, blocker.
func codeQualitySeverity(f *Finding) string {
	if f.Verdict.dead() {
		return "info"
	}
	switch f.Severity {
	case "critical":
		return "blocker"
	case "high":
		return "critical"
	case "medium":
		return "major"
	}
	return "minor"
}

func (c *codeQualityHandler) Coverage(*Coverage) error { return c.list.end() }
func (c *codeQualityHandler) Done() error              { return c.list.w.Flush() }

// jsonList writes a JSON list, an element a line, as they come.
type jsonList struct {
	w     *bufio.Writer
	count int
}

func newJSONList(w io.Writer) *jsonList { return &jsonList{w: bufio.NewWriterSize(w, 1<<16)} }

func (l *jsonList) add(v any) error {
	text, err := encode(v, "", "")
	if err != nil {
		return err
	}
	lead := ",\n"
	if l.count++; l.count == 1 {
		lead = "[\n"
	}
	l.w.WriteString(lead)
	_, err = l.w.Write(text)
	return err
}

func (l *jsonList) end() error {
	end := "\n]\n"
	if l.count == 0 {
		end = "[]\n"
	}
	_, err := l.w.WriteString(end)
	return err
}
