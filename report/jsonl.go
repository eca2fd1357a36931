package report

import (
	"bufio"
	"io"
)

// NewJSONL returns a handler that writes one JSON object a line, told apart by "type": first "config", then "finding"s, last
// "coverage", which holds the summary.
func NewJSONL(w io.Writer) Handler { return &jsonlHandler{bufio.NewWriterSize(w, 1<<16)} }

type jsonlHandler struct{ w *bufio.Writer }

func (j *jsonlHandler) line(v any) error {
	text, err := encode(v, "", "")
	if err != nil {
		return err
	}
	j.w.Write(text)
	return j.w.WriteByte('\n')
}

func (j *jsonlHandler) Config(c *Config) error {
	return j.line(struct {
		Type string `json:"type"`
		*Config
	}{"config", c})
}

func (j *jsonlHandler) Finding(f *Finding) error {
	return j.line(struct {
		Type string `json:"type"`
		*Finding
	}{"finding", complete(f)})
}

func (j *jsonlHandler) Coverage(c *Coverage) error {
	return j.line(struct {
		Type string `json:"type"`
		*Coverage
	}{"coverage", completeCoverage(c)})
}

func (j *jsonlHandler) Done() error { return j.w.Flush() }
