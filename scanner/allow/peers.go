package allow

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// GitleaksIgnoreName is the name of Gitleaks' ignore file at the top of what is scanned.
const GitleaksIgnoreName = ".gitleaksignore"

// ParseGitleaksIgnore reads Gitleaks' ignore file, a fingerprint of Gitleaks' a line: COMMIT:PATH:RULE:LINE or PATH:RULE:LINE.
func ParseGitleaksIgnore(name string, data []byte) *File {
	f := &File{Name: name, Format: "gitleaksignore"}
	f.lines(data, func(n int, text, comment string) {
		e, ok := peerPlace(text)
		if !ok {
			f.problem(n, "a line holds COMMIT:PATH:RULE:LINE or PATH:RULE:LINE", "%q is no fingerprint of Gitleaks", cut(text))
			return
		}
		e.By, e.File, e.Line, e.Text, e.Reason = Ignore, name, n, text, comment
		f.add(e)
	})
	return f
}

// peerPlace reads a fingerprint of Gitleaks. A path may hold colons.
func peerPlace(s string) (Entry, bool) {
	rest, line, ok1 := cutLast(s)
	path, rule, ok2 := cutLast(rest)
	n, err := strconv.Atoi(line)
	if !ok1 || !ok2 || err != nil || n < 0 || rule == "" || strings.ContainsAny(rule, "/ ") {
		return Entry{}, false
	}
	e := Entry{PeerRule: strings.ToLower(rule), PathLine: n}
	if commit, below, ok := strings.Cut(path, ":"); ok && isObject(commit) {
		e.Commit, path = strings.ToLower(commit), below
	}
	// Inside archives Gitleaks writes "archive!file".
	e.Path = slashed(path)
	return e, e.Path != ""
}

func cutLast(s string) (before, after string, ok bool) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

// isObject reports whether s is a full object name.
func isObject(s string) bool {
	return (len(s) == 40 || len(s) == 64) && strings.Trim(strings.ToLower(s), "0123456789abcdef") == ""
}

// slashed gives a path the form that paths have here.
func slashed(p string) string { return strings.TrimPrefix(strings.ReplaceAll(p, `\`, "/"), "./") }

// ErrNoBaseline says that a file is no baseline of a known kind.
var ErrNoBaseline = errors.New("is neither a baseline or report of Mudlark nor one of Gitleaks, detect-secrets or TruffleHog")

// ParseBaseline reads a baseline: Mudlark's, a report of Mudlark's in JSON or JSONL, a JSON report of Gitleaks', a baseline of
// detect-secrets', or the JSON lines that TruffleHog prints. The error is ErrNoBaseline, or says what is wrong with the JSON.
func ParseBaseline(name string, data []byte) (*File, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	f := &File{Name: name}
	switch first := bytes.TrimLeft(data, " \t\r\n"); {
	case len(first) == 0:
		return nil, ErrNoBaseline
	case first[0] == '[':
		return f, f.gitleaks(data)
	case first[0] != '{':
		return nil, ErrNoBaseline
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	line, counted := 1, int64(0)
	for n := 0; ; n++ {
		var doc document
		err := dec.Decode(&doc)
		if err == io.EOF {
			return f, nil
		}
		if err != nil {
			return nil, describe(err)
		}
		if n > 0 { // the line break before the object has not been counted yet
			line++
		}
		if err := f.document(line, &doc); err != nil && n == 0 {
			return nil, err
		} else if err != nil {
			f.problem(line, "", "the object is of no known kind")
		}
		line += bytes.Count(bytes.TrimLeft(data[counted:dec.InputOffset()], "\r\n"), []byte("\n"))
		counted = dec.InputOffset()
	}
}

// describe makes an error of JSON fit to be shown: it quotes nothing of the file but a character.
func describe(err error) error {
	var syntax *json.SyntaxError
	var typ *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("is no JSON: %v at byte %d", syntax, syntax.Offset)
	case errors.As(err, &typ):
		return fmt.Errorf("key %s holds a %s at byte %d", cut(typ.Field), typ.Value[:min(len(typ.Value), 10)], typ.Offset)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("is no JSON: it ends too early")
	}
	return errors.New("is no JSON")
}

// document holds the keys by which the kinds of baselines that are JSON objects are told apart.
type document struct {
	// Mudlark's baseline, report, and lines of a report.
	Baseline    int       `json:"mudlark_baseline"`
	Key         string    `json:"key"`
	Schema      string    `json:"schema_version"`
	Type        string    `json:"type"`
	Findings    []finding `json:"findings"`
	Fingerprint string    `json:"fingerprint"`
	Rule        string    `json:"rule"`
	Path        string    `json:"path"`
	PathLine    int       `json:"line"`

	// detect-secrets: docs/design.md of that project, "results".
	Results map[string][]struct {
		Type   string `json:"type"`
		Hash   string `json:"hashed_secret"`
		Line   int    `json:"line_number"`
		Secret *bool  `json:"is_secret"`
	} `json:"results"`
	Plugins json.RawMessage `json:"plugins_used"`

	// TruffleHog.
	Detector string          `json:"DetectorName"`
	Raw      string          `json:"Raw"`
	Metadata json.RawMessage `json:"SourceMetadata"`
}

// finding is a finding of Mudlark's.
type finding struct {
	Fingerprint string `json:"fingerprint"`
	Rule        string `json:"rule"`
	Path        string `json:"path"`
	PathLine    int    `json:"line"`
	Commit      string `json:"commit"`
	Reason      string `json:"reason,omitempty"`
}

func (f *File) document(line int, d *document) error {
	switch {
	case d.Baseline > 1:
		return fmt.Errorf("is a baseline of version %d; this Mudlark knows version 1", d.Baseline)
	case d.Baseline == 1:
		f.Format, f.KeyCheck = "mudlark", d.Key
		f.own(d.Findings)
	case d.Schema != "":
		f.Format = "mudlark"
		f.own(d.Findings)
	case d.Type == "finding" && d.Fingerprint != "":
		f.own([]finding{{Fingerprint: d.Fingerprint, Rule: d.Rule, Path: d.Path, PathLine: d.PathLine}})
	case d.Type == "coverage" && f.Format == "mudlark":
	case d.Results != nil || d.Plugins != nil:
		f.Format = "detect-secrets"
		f.detectSecrets(d)
	case d.Detector != "":
		f.Format = "trufflehog"
		f.truffleHog(line, d)
	default:
		return ErrNoBaseline
	}
	return nil
}

func (f *File) own(findings []finding) {
	for _, n := range findings {
		if !IsFingerprint(n.Fingerprint) {
			f.problem(0, "", "finding of rule %s at %s has no fingerprint", cut(n.Rule), n.Path)
			continue
		}
		text := n.Fingerprint + " " + n.Rule
		if n.Path != "" {
			text += " " + n.Path
		}
		f.add(Entry{By: Baseline, File: f.Name, Text: text, Fingerprint: strings.ToLower(n.Fingerprint), Reason: n.Reason})
	}
}

// detectSecrets reads the results: by file, with the SHA-1 of each secret.
func (f *File) detectSecrets(d *document) {
	for _, path := range sortedKeys(d.Results) {
		for _, r := range d.Results[path] {
			hash := strings.ToLower(r.Hash)
			if len(hash) != 40 || !isObject(hash) {
				f.problem(0, "", "%s: a result without hashed_secret", path)
				continue
			}
			e := Entry{By: Baseline, File: f.Name, Text: fmt.Sprintf("%s:%d %s", path, r.Line, r.Type), SecretSHA1: hash, Path: slashed(path)}
			if e.Shared = r.Type == "Private Key" || isSharedHash(hash); e.Shared {
				e.PathLine = r.Line
			}
			f.add(e)
		}
	}
}

// truffleHog reads a result of TruffleHog's.
func (f *File) truffleHog(line int, d *document) {
	e := Entry{By: Baseline, File: f.Name, Line: line, PeerRule: strings.ToLower(d.Detector)}
	at := truffleHogPlace(d.Metadata)
	e.Text = strings.TrimSpace(fmt.Sprintf("%s %s:%d", d.Detector, at.File, at.Line))
	switch {
	case d.Raw != "":
		e.SecretSHA256, e.PeerRule = HashSHA256(d.Raw), ""
	case at.File != "":
		e.Path, e.PathLine, e.Commit = slashed(at.File), at.Line, strings.ToLower(at.Commit)
	default:
		f.problem(line, "", "the result says neither what was found nor where")
		return
	}
	f.add(e)
}

type truffleHogData struct {
	Commit string `json:"commit"`
	File   string `json:"file"`
	Line   int    `json:"line"`
}

// truffleHogPlace reads SourceMetadata: {"Data": {KIND: {"commit", "file", "line"}}}.
func truffleHogPlace(raw json.RawMessage) truffleHogData {
	var m struct {
		Data map[string]json.RawMessage
	}
	if json.Unmarshal(raw, &m) != nil {
		return truffleHogData{}
	}
	for _, kind := range sortedKeys(m.Data) {
		var d truffleHogData
		if json.Unmarshal(m.Data[kind], &d) == nil {
			return d
		}
	}
	return truffleHogData{}
}

// gitleaks reads a JSON report of Gitleaks'.
func (f *File) gitleaks(data []byte) error {
	f.Format = "gitleaks"
	var list []struct {
		RuleID, Secret, File, Commit, Fingerprint string
		StartLine                                 int
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	if err := dec.Decode(&list); err != nil {
		return describe(err)
	}
	for i, r := range list {
		if r.RuleID == "" || r.File == "" && r.Secret == "" {
			f.problem(0, "", "result %d is none of Gitleaks", i+1)
			continue
		}
		e := Entry{By: Baseline, File: f.Name, Text: fmt.Sprintf("%s:%s:%d", r.File, r.RuleID, r.StartLine)}
		if r.Commit != "" {
			e.Text = r.Commit[:min(len(r.Commit), 10)] + ":" + e.Text
		}
		if r.Secret != "" && !redacted(r.Secret) {
			e.SecretSHA256 = HashSHA256(r.Secret)
		} else {
			e.Path, e.PathLine, e.Commit, e.PeerRule = slashed(r.File), r.StartLine, strings.ToLower(r.Commit), strings.ToLower(r.RuleID)
		}
		f.add(e)
	}
	return nil
}

// redacted reports whether Gitleaks' --redact hid the secret, or its end.
func redacted(secret string) bool { return secret == "REDACTED" || strings.HasSuffix(secret, "...") }
