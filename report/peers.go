package report

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// The handlers below write what programs expect that read the reports of other tools. Secrets are in them only where ours have them:
// with --show-secrets.

// NewTruffleHog returns a handler that writes JSON lines as TruffleHog's --json does, one for each place of each secret.
func NewTruffleHog(w io.Writer) Handler {
	return &truffleHogHandler{w: bufio.NewWriterSize(w, 1<<16)}
}

type truffleHogHandler struct {
	w      *bufio.Writer
	config Config
}

type truffleHogGit struct {
	Commit     string `json:"commit"`
	File       string `json:"file"`
	Email      string `json:"email"`
	Repository string `json:"repository"`
	Timestamp  string `json:"timestamp"`
	Line       int    `json:"line"`
}

type truffleHogFile struct {
	File string `json:"file"`
	Line int    `json:"line"`
}

type truffleHogResult struct {
	SourceMetadata struct {
		Data map[string]any
	}
	SourceID              int
	SourceType            int
	SourceName            string
	DetectorType          int
	DetectorName          string
	DetectorDescription   string
	DecoderName           string
	Verified              bool
	VerificationError     string `json:",omitempty"`
	VerificationFromCache bool
	Raw                   string
	RawV2                 string
	Redacted              string
	ExtraData             map[string]string
	StructuredData        any
}

// The numbers of TruffleHog's kinds of sources (its sources.proto) that are written.
const (
	truffleHogSourceFilesystem = 15
	truffleHogSourceGit        = 16
	truffleHogSourceStdin      = 39
)

func (t *truffleHogHandler) Config(c *Config) error { t.config = *c; return nil }

func (t *truffleHogHandler) Finding(f *Finding) error {
	for _, p := range places(f) {
		line, err := encode(t.result(f, p), "", "")
		if err != nil {
			return err
		}
		t.w.Write(line)
		if err := t.w.WriteByte('\n'); err != nil {
			return err
		}
	}
	return nil
}

// places returns all places of a finding that are not allowed.
func places(f *Finding) []*Place {
	list := []*Place{&f.Place}
	for i := range f.Occurrences {
		if f.Occurrences[i].Suppressed == "" {
			list = append(list, &f.Occurrences[i])
		}
	}
	return list
}

func (t *truffleHogHandler) result(f *Finding, p *Place) *truffleHogResult {
	r := &truffleHogResult{
		DetectorName: f.Provider, DetectorDescription: f.Name, DecoderName: "PLAIN", Verified: f.Verdict.Status == "active",
		Raw: f.Secret, Redacted: f.Redacted,
		ExtraData: map[string]string{"rule": f.Rule, "fingerprint": f.Fingerprint, "severity": f.Severity},
	}
	if f.Rotate != "" {
		r.ExtraData["rotation_guide"] = f.Rotate
	}
	if len(f.Decoded) > 0 {
		r.DecoderName = strings.ToUpper(f.Decoded[len(f.Decoded)-1])
	}
	if f.Verdict.Status == "unknown" {
		r.VerificationError = f.Verdict.Reason
	}
	for k, v := range f.Verdict.Identity {
		r.ExtraData[k] = v
	}
	switch t.config.Mode {
	case "dir":
		r.SourceName, r.SourceType = "trufflehog - filesystem", truffleHogSourceFilesystem
		r.SourceMetadata.Data = map[string]any{"Filesystem": truffleHogFile{deref(p.Path), number(p.Line)}}
	case "stdin":
		r.SourceName, r.SourceType = "trufflehog - stdin", truffleHogSourceStdin
		r.SourceMetadata.Data = map[string]any{"Stdin": struct{}{}}
	default:
		r.SourceName, r.SourceType = "trufflehog - git", truffleHogSourceGit
		r.SourceMetadata.Data = map[string]any{"Git": truffleHogGit{
			Commit: deref(p.Commit), File: deref(p.Path), Email: mailbox(p), Repository: t.config.Target, Timestamp: truffleHogTime(p.Committed), Line: number(p.Line),
		}}
	}
	return r
}

func mailbox(p *Place) string {
	if p.Email == "" {
		return p.Author
	}
	return fmt.Sprintf("%s <%s>", p.Author, p.Email)
}

func truffleHogTime(s string) string {
	when, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return ""
	}
	return when.Format("2006-01-02 15:04:05 -0700")
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func number(n *int) int {
	if n == nil {
		return 0
	}
	return *n
}

func (t *truffleHogHandler) Coverage(*Coverage) error { return nil }
func (t *truffleHogHandler) Done() error              { return t.w.Flush() }

// NewGitleaks returns a handler that writes a JSON list as Gitleaks' --report-format json does, one object for each place of each
// secret.
func NewGitleaks(w io.Writer) Handler { return &gitleaksHandler{w: bufio.NewWriterSize(w, 1<<16)} }

type gitleaksHandler struct {
	w     *bufio.Writer
	count int
}

type gitleaksResult struct {
	RuleID      string
	Description string
	StartLine   int
	EndLine     int
	StartColumn int
	EndColumn   int
	Match       string
	Secret      string
	File        string
	SymlinkFile string
	Commit      string
	Entropy     float64
	Author      string
	Email       string
	Date        string
	Message     string
	Tags        []string
	Fingerprint string
}

func (g *gitleaksHandler) Config(*Config) error { return nil }

func (g *gitleaksHandler) Finding(f *Finding) error {
	for _, p := range places(f) {
		lead := ",\n "
		if g.count++; g.count == 1 {
			lead = "[\n "
		}
		text, err := encode(gitleaksOf(f, p), " ", " ")
		if err != nil {
			return err
		}
		g.w.WriteString(lead)
		if _, err := g.w.Write(text); err != nil {
			return err
		}
	}
	return nil
}

// redactedByGitleaks is what Gitleaks writes for a secret with --redact, by which it is known again when the report is a baseline.
const redactedByGitleaks = "REDACTED"

func gitleaksOf(f *Finding, p *Place) *gitleaksResult {
	r := &gitleaksResult{
		RuleID: f.Rule, Description: f.Name, StartLine: number(p.Line), EndLine: number(p.Line), StartColumn: number(p.Column), EndColumn: number(p.Column),
		Match: redactedByGitleaks, Secret: redactedByGitleaks, File: deref(p.Path), Commit: deref(p.Commit), Author: p.Author, Email: p.Email,
		Tags: []string{f.Severity, f.Confidence, f.Verdict.Status},
	}
	if p.EndLine != nil {
		r.EndLine = *p.EndLine
	}
	if f.Secret != "" {
		r.Match, r.Secret, r.Entropy = f.Secret, f.Secret, entropy(f.Secret)
		if p.EndLine == nil {
			r.EndColumn += utf8.RuneCountInString(f.Secret) - 1
		}
	}
	if when, err := time.Parse(time.RFC3339, p.Date); err == nil {
		r.Date = when.UTC().Format(time.RFC3339)
	}
	r.Fingerprint = fmt.Sprintf("%s:%s:%d", r.File, r.RuleID, r.StartLine)
	if r.Commit != "" {
		r.Fingerprint = r.Commit + ":" + r.Fingerprint
	}
	return r
}

// entropy is Shannon's, in bits a character.
func entropy(s string) float64 {
	count := map[rune]int{}
	n := 0
	for _, r := range s {
		count[r]++
		n++
	}
	e := 0.0
	for _, k := range slices.Sorted(maps.Values(count)) { // in an order, as sums of floats depend on it
		p := float64(k) / float64(n)
		e -= p * math.Log2(p)
	}
	return e
}

func (g *gitleaksHandler) Coverage(*Coverage) error {
	end := "\n]\n"
	if g.count == 0 {
		end = "[]\n"
	}
	_, err := g.w.WriteString(end)
	return err
}

func (g *gitleaksHandler) Done() error { return g.w.Flush() }
