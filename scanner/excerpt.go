package scanner

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"errors"
	"path/filepath"
	"slices"
	"strings"

	"mudlark/detectors"
	"mudlark/report"
	"mudlark/rules"
	"mudlark/scanner/gitstore"
	"mudlark/scanner/history"
)

// excerptContext is how many bytes of a line are shown on each side of a secret.
const excerptContext = 60

// span is a part of a text that must not be shown.
type span struct {
	start, end int
	shown      string // what stands in its place
}

// secretSpans returns what must be redacted in data, in order and without overlaps.
func secretSpans(data []byte, matches []detectors.Match) []span {
	var spans []span
	add := func(start, end int, secret []byte) {
		if start < end && end <= len(data) {
			spans = append(spans, span{start, end, report.Redact(secret)})
		}
	}
	for i := range matches {
		m := &matches[i]
		shown := m.Display
		if len(m.Decoded) > 0 || shown == nil {
			shown = data[m.Start:m.End]
		}
		add(m.Start, m.End, shown)
		for _, p := range m.Parts {
			if !partIsPublic(m.Rule, p.Name) {
				add(p.Start, p.End, p.Secret)
			}
		}
	}
	slices.SortFunc(spans, func(a, b span) int { return cmp.Or(a.start-b.start, b.end-a.end) })
	var out []span
	for _, s := range spans {
		if n := len(out); n > 0 && s.start < out[n-1].end {
			out[n-1].end = max(out[n-1].end, s.end)
			continue
		}
		out = append(out, s)
	}
	return out
}

// redact returns text with every secret in it redacted, unless secrets are to be shown.
func (b *builder) redact(text []byte) string {
	return replaceSpans(text, b.w.spans(text))
}

func replaceSpans(text []byte, spans []span) string {
	var out strings.Builder
	at := 0
	for _, sp := range spans {
		out.Write(text[at:sp.start])
		out.WriteString(sp.shown)
		at = sp.end
	}
	out.Write(text[at:])
	return out.String()
}

// discreet returns err with the secrets in a *UsageError redacted: what a caller named by mistake may be one.
func (s *scan) discreet(err error) error {
	var usage *UsageError
	if s.o.ShowSecrets || !errors.As(err, &usage) {
		return err
	}
	if s.engine == nil {
		var broken error
		if s.engine, broken = detectors.New(s.o.Rules, detectors.DefaultOptions()); broken != nil {
			return err
		}
	}
	return &UsageError{Message: redactText(s.engine, usage.Message), Hint: redactText(s.engine, usage.Hint), Incomplete: usage.Incomplete}
}

// Redact returns text, such as an error message that repeats what a user typed, with the secrets in it redacted that the rules
// find.
func Redact(set []*rules.Rule, text string) (string, error) {
	engine, err := detectors.New(set, detectors.DefaultOptions())
	if err != nil {
		return "", err
	}
	return redactText(engine, text), nil
}

func redactText(engine *detectors.Engine, text string) string {
	return replaceSpans([]byte(text), secretSpans([]byte(text), engine.NewScanner().Scan([]byte(text)).Matches))
}

// excerpt returns the line in which an event's secret stands, or nil if it cannot be shown.
func (b *builder) excerpt(e event) *report.Excerpt {
	if e.excerpt != nil {
		return e.excerpt
	}
	if e.at.inside != nil {
		return e.at.inside.excerpt
	}
	if e.blob == 0 || b.blob != e.blob {
		b.text = b.textOf(e)
		b.spans = b.w.spans(b.text)
		b.blob = e.blob
	}
	if e.at.end > len(b.text) || detectors.Wide(e.at.decoded) {
		return nil
	}
	return b.w.lineAround(b.text, b.spans, e.at)
}

// textOf returns the text in which an event's positions count.
func (b *builder) textOf(e event) []byte {
	switch {
	case e.source == sourcePath:
		return []byte(e.path)
	case e.source == sourceWorktree:
		data, err := readRegular(filepath.Join(b.s.repo.WorkTree, filepath.FromSlash(e.path)), b.s.o.MaxBlob)
		if err != nil || blobID(b.s.repo.Format, data) != b.s.blobs.ID(e.blob) {
			return nil
		}
		return data
	case e.blob != 0:
		data, err := b.w.read(b.s.blobs.ID(e.blob), gitstore.Blob)
		if err != nil || isLFSPointer(data) {
			return nil
		}
		return slices.Clone(data)
	case e.source == sourceTag:
		return b.s.tags[e.tag].message
	case e.source == sourceMessage && e.commit != history.None:
		data, err := b.w.read(b.s.graph.ID(e.commit), gitstore.Commit)
		if err != nil {
			return nil
		}
		if c, err := gitstore.ParseCommit(data, b.s.repo.Format); err == nil && !e.header {
			return c.Message
		}
	}
	return nil
}

func isLFSPointer(data []byte) bool {
	_, ok := parseLFSPointer(data)
	return ok
}

// lineAround returns the line around a hit, cut to a readable length. Every secret in it is redacted unless secrets are to be
// shown.
func (w *worker) lineAround(data []byte, spans []span, h hit) *report.Excerpt {
	// Lines may be long and hold many secrets, so no more of one is looked at than is shown.
	from, to := max(0, h.start-excerptContext), min(len(data), max(h.end, h.start)+excerptContext)
	from += bytes.LastIndexByte(data[from:h.start], '\n') + 1
	if i := bytes.IndexByte(data[h.start:to], '\n'); i >= 0 {
		to = h.start + i
	}
	for to > from && data[to-1] == '\r' {
		to--
	}
	show := func(s []byte) string { return strings.ToValidUTF8(string(s), "\uFFFD") }
	if w.s.o.ShowSecrets {
		end := min(h.end, to)
		before, secret := show(data[from:h.start]), show(data[h.start:end])
		return &report.Excerpt{Text: before + secret + show(data[end:to]), Start: len(before), End: len(before) + len(secret)}
	}
	first, _ := slices.BinarySearchFunc(spans, from, func(sp span, at int) int { return cmp.Compare(sp.end, at+1) })
	var text strings.Builder
	out := &report.Excerpt{}
	at := from
	for _, sp := range spans[first:] {
		if sp.start >= to {
			break
		}
		if sp.start > at {
			text.WriteString(show(data[at:sp.start]))
		}
		start := text.Len()
		text.WriteString(sp.shown)
		if sp.start <= h.start && h.start < sp.end {
			out.Start, out.End = start, text.Len()
		}
		at = max(at, sp.end)
	}
	if at < to {
		text.WriteString(show(data[at:to]))
	}
	out.Text = text.String()
	return out
}

// spans returns the secrets of a text, in order.
func (w *worker) spans(data []byte) []span {
	if w.s.o.ShowSecrets || len(data) == 0 {
		return nil
	}
	return secretSpans(data, w.scanner.Scan(data).Matches)
}

func encodeBase64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
