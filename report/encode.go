package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// encode returns v as JSON in one line, or with indent not "" in several, the first of which is not indented. Characters that
// Escape would escape are written as \uNNNN, so that the output is safe to print and still says exactly the same.
func encode(v any, prefix, indent string) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if indent != "" {
		e.SetIndent(prefix, indent)
	}
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return asciiControls(bytes.TrimSuffix(b.Bytes(), []byte("\n"))), nil
}

// asciiControls replaces characters that are not safe to print, all of which stand inside strings, by JSON escapes. The line feeds
// of an indented document stay.
func asciiControls(text []byte) []byte {
	var out []byte
	kept := 0
	replace := func(from, to int, by string) {
		out = append(append(out, text[kept:from]...), by...)
		kept = to
	}
	for i := 0; i < len(text); {
		c := text[i]
		if c < utf8.RuneSelf {
			switch {
			case c == 0x7f:
				replace(i, i+1, `\u007f`)
			case c == '#' && i > 0 && text[i-1] == '#':
				replace(i, i+1, `\u0023`)
			}
			i++
			continue
		}
		r, n := utf8.DecodeRune(text[i:])
		if !isSafe(r) {
			replace(i, i+n, jsonEscape(r))
		}
		i += n
	}
	if kept == 0 {
		return text
	}
	return append(out, text[kept:]...)
}

func jsonEscape(r rune) string {
	if r < 0x10000 {
		return fmt.Sprintf(`\u%04x`, r)
	}
	r -= 0x10000 // a surrogate pair, RFC 8259 section 7
	return fmt.Sprintf(`\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
}

// complete returns f with empty lists where it has none: lists are never null.
func complete(f *Finding) *Finding {
	c := *f
	c.Occurrences = list(c.Occurrences)
	c.Tips = list(c.Tips)
	c.ReachableFrom = list(c.ReachableFrom)
	c.Decoded = list(c.Decoded)
	c.Parts = list(c.Parts)
	if c.Verdict.Status == "" {
		c.Verdict.Status = "unasked"
	}
	return &c
}

// completeCoverage is complete for coverage.
func completeCoverage(v *Coverage) *Coverage {
	c := *v
	c.Skipped = list(c.Skipped)
	c.Notes = list(c.Notes)
	c.Suppressed = list(c.Suppressed)
	c.Allows = list(c.Allows)
	if c.Summary.SuppressedBy == nil {
		c.Summary.SuppressedBy = map[string]int{}
	}
	if c.Summary.BySeverity == nil {
		c.Summary.BySeverity = map[string]int{}
	}
	if c.Summary.ByVerdict == nil {
		c.Summary.ByVerdict = map[string]int{}
	}
	return &c
}

func list[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
