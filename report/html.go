package report

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	_ "embed" // for the page's style and program
	"encoding/base64"
	"fmt"
	"io"
)

// The page's own style and program. The program makes every element itself and puts foreign text into text nodes only.
var (
	//go:embed html/report.css
	htmlStyle []byte
	//go:embed html/report.js
	htmlProgram []byte
)

// NewHTML returns a handler that writes one HTML file, which needs nothing else: no network, no server, no other file. Its Content Security
// Policy allows the style and the program that are in it, by their hashes, and nothing else, so that no text of a finding can run, load
// or send anything, even if it got out of its place. The findings stand in it as JSON in which "<" does not occur. Secrets are in it only if
// the findings hold them.
func NewHTML(w io.Writer) Handler { return &htmlHandler{w: bufio.NewWriterSize(w, 1<<16)} }

type htmlHandler struct {
	w            *bufio.Writer
	count        int
	mode, target string // of the scan
}

// cspHash returns the source expression for an inline text (CSP Level 3, section 2.3.1).
func cspHash(text []byte) string {
	sum := sha256.Sum256(text)
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

const htmlHead = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src %s; style-src %s; base-uri 'none'; form-action 'none'">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Mudlark report</title>
<style>%s</style>
</head>
<body>
<main id="report"><noscript><p>This page needs JavaScript to show the findings. It loads nothing and sends nothing. Without it, use
mudlark report FILE --format text.</p></noscript></main>
<script type="application/json" id="data">{"config":`

func (h *htmlHandler) Config(c *Config) error {
	h.mode, h.target = c.Mode, c.Target
	fmt.Fprintf(h.w, htmlHead, cspHash(htmlProgram), cspHash(htmlStyle), htmlStyle)
	if err := h.value(c); err != nil {
		return err
	}
	_, err := h.w.WriteString(",\n\"findings\":[")
	return err
}

// value writes v as JSON that can stand in a script element: without "<", it cannot end it (HTML, "Restrictions for contents of script
// elements").
func (h *htmlHandler) value(v any) error {
	text, err := encode(v, "", "")
	if err != nil {
		return err
	}
	for _, c := range []byte("<>&") {
		text = bytes.ReplaceAll(text, []byte{c}, fmt.Appendf(nil, `\u%04x`, c))
	}
	_, err = h.w.Write(text)
	return err
}

func (h *htmlHandler) Finding(f *Finding) error {
	lead := ",\n"
	if h.count++; h.count == 1 {
		lead = "\n"
	}
	h.w.WriteString(lead)
	c := complete(f)
	c.Rotate = webLink(f.Rotate)
	return h.value(struct {
		*Finding
		Where    string `json:"where"`
		NextStep string `json:"next_step"`
		Revoke   string `json:"revoke,omitempty"`
	}{c, placeText(&f.Place), nextStep(f.Source, f.Verdict.Status), revokeCommand(f, h.mode, h.target)})
}

func (h *htmlHandler) Coverage(c *Coverage) error {
	h.w.WriteString("\n],\n\"coverage\":")
	if err := h.value(completeCoverage(c)); err != nil {
		return err
	}
	_, err := fmt.Fprintf(h.w, "}</script>\n<script>%s</script>\n</body>\n</html>\n", htmlProgram)
	return err
}

func (h *htmlHandler) Done() error { return h.w.Flush() }
