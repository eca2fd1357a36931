package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// What GitHub code scanning accepts (GitHub documentation, "SARIF support for code scanning", "Validating your SARIF file"): more results
// are refused as a whole, more locations of one are dropped.
const (
	sarifResults   = 25000
	sarifLocations = 100
)

// sarifSchema is the address that the standard gives to its schema (SARIF 2.1.0 Errata 01, section 3.13.3).
const sarifSchema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

// NewSARIF returns a handler that writes a SARIF 2.1.0 log (OASIS, Errata 01) of one run. It holds no secrets and names no people. Of more
// than 25,000 findings those that matter least are left out, and a notification says so, since GitHub would refuse the file.
func NewSARIF(w io.Writer) Handler {
	return Discreet(&sarifHandler{w: bufio.NewWriterSize(w, 1<<16), limit: sarifResults, ruleIndex: map[string]int{}})
}

type sarifHandler struct {
	w       *bufio.Writer
	limit   int
	config  Config
	results [sarifRanks][][]byte // by importance, the most important first
	count   int
	dropped int

	rules     []*sarifRule
	ruleIndex map[string]int
}

type sarifText struct {
	Text string `json:"text"`
}

type sarifResult struct {
	RuleID       string            `json:"ruleId"`
	RuleIndex    int               `json:"ruleIndex"`
	Level        string            `json:"level"`
	Message      sarifText         `json:"message"`
	Locations    []sarifLocation   `json:"locations"`
	Related      []sarifLocation   `json:"relatedLocations,omitempty"`
	Fingerprints map[string]string `json:"partialFingerprints"`
	Rank         float64           `json:"rank"`
	Properties   sarifProperties   `json:"properties"`
}

type sarifProperties struct {
	Severity       string `json:"severity"`
	Confidence     string `json:"confidence"`
	Verdict        string `json:"verdict"`
	Redacted       string `json:"redacted"`
	Source         string `json:"source"`
	Commit         string `json:"commit,omitempty"`
	Date           string `json:"date,omitempty"`
	AtHead         *bool  `json:"atHead,omitempty"`
	RemovedCommit  string `json:"removedCommit,omitempty"`
	ExposedSeconds *int64 `json:"exposedSeconds,omitempty"`
	Occurrences    int    `json:"occurrences"`
}

type sarifLocation struct {
	ID       int           `json:"id,omitempty"`
	Physical sarifPhysical `json:"physicalLocation"`
	Message  *sarifText    `json:"message,omitempty"`
}

type sarifPhysical struct {
	Artifact sarifArtifact `json:"artifactLocation"`
	Region   *sarifRegion  `json:"region,omitempty"`
}

type sarifArtifact struct {
	URI  string `json:"uri"`
	Base string `json:"uriBaseId,omitempty"`
}

type sarifRegion struct {
	StartLine   int        `json:"startLine"`
	StartColumn int        `json:"startColumn,omitempty"`
	EndLine     int        `json:"endLine,omitempty"`
	Snippet     *sarifText `json:"snippet,omitempty"`
}

func (s *sarifHandler) Config(c *Config) error { s.config = *c; return nil }

func (s *sarifHandler) Finding(f *Finding) error {
	rank := sarifRank(f)
	r := &sarifResult{
		RuleID: Escape(f.Rule), RuleIndex: s.rule(f), Level: sarifLevel(rank), Rank: float64(100 - 100*rank/sarifRanks),
		Message:      sarifText{sarifMessage(strings.TrimSpace(headline(f) + ". " + story(f) + " " + advice(f)))},
		Fingerprints: sarifFingerprints(f),
		Properties: sarifProperties{Severity: f.Severity, Confidence: f.Confidence, Verdict: complete(f).Verdict.Status, Redacted: f.Redacted, Source: f.Source,
			Commit: deref(f.Commit), Date: f.Date, AtHead: f.AtHead, RemovedCommit: removal(f).Commit, ExposedSeconds: f.ExposedSeconds, Occurrences: 1 + len(f.Occurrences)},
	}
	at := sarifAt(&f.Place)
	if at.Physical.Region != nil && f.Excerpt != nil {
		at.Physical.Region.Snippet = &sarifText{f.Excerpt.Text}
	}
	r.Locations = []sarifLocation{at}
	for i := range f.Occurrences[:min(len(f.Occurrences), sarifLocations)] {
		o := sarifAt(&f.Occurrences[i])
		o.ID, o.Message = i+1, &sarifText{sarifMessage(occurrenceText(&f.Occurrences[i]))}
		r.Related = append(r.Related, o)
	}
	text, err := encode(r, sarifIndent, jsonIndent)
	if err != nil {
		return err
	}
	s.keep(rank, text)
	return nil
}

const sarifIndent = "        "

// keep holds a result, and drops the last of the least important if there are too many.
func (s *sarifHandler) keep(rank int, text []byte) {
	s.results[rank] = append(s.results[rank], text)
	if s.count++; s.count <= s.limit {
		return
	}
	s.count--
	s.dropped++
	for i := sarifRanks - 1; i >= 0; i-- {
		if n := len(s.results[i]); n > 0 {
			s.results[i][n-1] = nil
			s.results[i] = s.results[i][:n-1]
			return
		}
	}
}

// sarifMessage returns text for a message, in which square brackets could make a link (section 3.11.6) and braces a placeholder (3.11.5).
// They become parentheses, since readers differ in what they take for escaped.
func sarifMessage(text string) string {
	return strings.NewReplacer("[", "(", "]", ")", "{", "(", "}", ")").Replace(text)
}

// sarifFingerprints identifies a finding by the secret alone: wherever it moves, it stays the same finding. GitHub looks at
// primaryLocationLineHash only.
func sarifFingerprints(f *Finding) map[string]string {
	print := Escape(f.Fingerprint)
	return map[string]string{"mudlarkFingerprint/v1": print, "primaryLocationLineHash": print + ":1"}
}

func sarifAt(p *Place) sarifLocation {
	uri, relative := fileURI(p)
	at := sarifLocation{Physical: sarifPhysical{Artifact: sarifArtifact{URI: uri}}}
	if relative {
		at.Physical.Artifact.Base = sarifRoot
	}
	if p.Line == nil {
		return at
	}
	at.Physical.Region = &sarifRegion{StartLine: lineOf(p), StartColumn: max(0, number(p.Column))}
	if end := endLineOf(p); end > lineOf(p) {
		at.Physical.Region.EndLine = end
	}
	return at
}

// sarifRoot names the top of the repository.
const sarifRoot = "%SRCROOT%"

func (s *sarifHandler) Coverage(c *Coverage) error {
	fmt.Fprintf(s.w, "{\n  \"$schema\": %q,\n  \"version\": \"2.1.0\",\n  \"runs\": [\n    {\n      \"results\": [", sarifSchema)
	lead := "\n" + sarifIndent
	for _, results := range s.results {
		for _, text := range results {
			s.w.WriteString(lead)
			lead = ",\n" + sarifIndent
			if _, err := s.w.Write(text); err != nil {
				return err
			}
		}
	}
	if s.count > 0 {
		s.w.WriteString("\n      ")
	}
	text, err := encode(s.run(c), "    ", jsonIndent)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.w, "],%s\n  ]\n}\n", strings.TrimPrefix(string(text), "{"))
	return err
}

func (s *sarifHandler) Done() error { return s.w.Flush() }
