package report

import (
	"bufio"
	"io"
)

// NewJSON returns a handler that writes one JSON document, the object "document" of docs/report.schema.json. It writes findings
// as they come and keeps none.
func NewJSON(w io.Writer) Handler { return &jsonHandler{w: bufio.NewWriterSize(w, 1<<16)} }

type jsonHandler struct {
	w        *bufio.Writer
	findings int
}

const (
	jsonIndent  = "  "
	jsonIndent2 = "    "
)

func (j *jsonHandler) Config(c *Config) error {
	text, err := encode(c, "", jsonIndent)
	if err != nil {
		return err
	}
	j.w.Write(text[:len(text)-len("\n}")])
	_, err = j.w.WriteString(",\n" + jsonIndent + `"findings": [`)
	return err
}

func (j *jsonHandler) Finding(f *Finding) error {
	text, err := encode(complete(f), jsonIndent2, jsonIndent)
	if err != nil {
		return err
	}
	if j.findings > 0 {
		j.w.WriteByte(',')
	}
	j.findings++
	j.w.WriteString("\n" + jsonIndent2)
	_, err = j.w.Write(text)
	return err
}

func (j *jsonHandler) Coverage(c *Coverage) error {
	c = completeCoverage(c)
	// The summary has a key of its own in the document: an outer field hides an embedded one of the same name.
	coverage, err := encode(struct {
		*Coverage
		Summary *struct{} `json:"summary,omitempty"`
	}{Coverage: c}, jsonIndent, jsonIndent)
	if err != nil {
		return err
	}
	summary, err := encode(c.Summary, jsonIndent, jsonIndent)
	if err != nil {
		return err
	}
	if j.findings > 0 {
		j.w.WriteString("\n" + jsonIndent)
	}
	j.w.WriteString("],\n" + jsonIndent + `"coverage": `)
	j.w.Write(coverage)
	j.w.WriteString(",\n" + jsonIndent + `"summary": `)
	j.w.Write(summary)
	_, err = j.w.WriteString("\n}\n")
	return err
}

func (j *jsonHandler) Done() error { return j.w.Flush() }
