package report

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Saved is a report that was written by NewJSON or NewJSONL.
type Saved struct {
	Name string // for errors
	Data io.ReaderAt
	Size int64 // bytes
}

// ErrNoReport is wrapped by the errors of Replay about data that is no report of this schema version, or is cut short.
var ErrNoReport = errors.New("is no report of --format json or jsonl")

// Replay sends saved reports to h as if they were one run. One alone is sent as it is. Of several the findings are put in the order of
// reports, those of one fingerprint become one, and what was read and not read is added up. Findings are read when it is their turn, so that
// memory holds an index of them and no more.
func Replay(h Handler, reports []Saved) error {
	var parts []*savedPart
	for _, r := range reports {
		more, err := indexReport(r)
		if err != nil {
			return fmt.Errorf("%s: %w", r.Name, err)
		}
		parts = append(parts, more...)
	}
	if len(parts) == 0 {
		return ErrNoReport
	}
	if err := h.Config(mergedConfig(parts)); err != nil {
		return err
	}
	counts := newCounts(parts)
	for _, group := range inOrder(parts) {
		f, err := readGroup(group)
		if err != nil {
			return err
		}
		counts.add(f)
		if err := h.Finding(f); err != nil {
			return err
		}
	}
	if err := h.Coverage(mergedCoverage(parts, counts)); err != nil {
		return err
	}
	return h.Done()
}

// savedPart is one report in a file; JSON lines can be put one behind the other.
type savedPart struct {
	saved    Saved
	config   *Config
	findings []savedFinding
	coverage *Coverage
}

// savedFinding says where a finding is.
type savedFinding struct {
	part        *savedPart
	at          int64
	size        int
	fingerprint string
	key         savedKey // in the order of reports; set only if there are several
}

// savedKey is what findings are sorted by.
type savedKey struct {
	committed    int64
	commit, path string
	line, column int
	rule         string
}

func (k savedKey) compare(o savedKey) int {
	return cmp.Or(cmp.Compare(k.committed, o.committed), strings.Compare(k.commit, o.commit), strings.Compare(k.path, o.path),
		cmp.Compare(k.line, o.line), cmp.Compare(k.column, o.column), strings.Compare(k.rule, o.rule))
}

// indexReport finds the reports in a file and their findings.
func indexReport(r Saved) ([]*savedPart, error) {
	d := json.NewDecoder(io.NewSectionReader(r.Data, 0, r.Size))
	if err := opens(d, '{'); err != nil {
		return nil, err
	}
	key, err := d.Token()
	if err != nil {
		return nil, malformed(err)
	}
	var parts []*savedPart
	if key == "type" {
		parts, err = indexLines(r)
	} else {
		var p *savedPart
		p, err = indexDocument(r, d, key)
		parts = []*savedPart{p}
	}
	if err != nil {
		return nil, err
	}
	for _, p := range parts {
		switch {
		case p.config.SchemaVersion != SchemaVersion:
			return nil, fmt.Errorf("%w of schema version %s: its version is %q", ErrNoReport, SchemaVersion, p.config.SchemaVersion)
		case p.coverage == nil:
			return nil, fmt.Errorf("%w: it is cut short", ErrNoReport)
		}
	}
	return parts, nil
}

func malformed(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: it is cut short", ErrNoReport)
	}
	return fmt.Errorf("%w: it is no JSON, or another one", ErrNoReport) // err may repeat a piece of a secret
}

// opens reads a delimiter.
func opens(d *json.Decoder, delimiter json.Delim) error {
	t, err := d.Token()
	if err != nil {
		return malformed(err)
	}
	if t != delimiter {
		return ErrNoReport
	}
	return nil
}

// indexDocument reads the rest of the object of NewJSON, of which the first key is read.
func indexDocument(r Saved, d *json.Decoder, key json.Token) (*savedPart, error) {
	p := &savedPart{saved: r}
	config := map[string]json.RawMessage{}
	var summary *Summary
	for {
		var err error
		switch name, _ := key.(string); name {
		case "findings":
			err = indexList(p, d)
		case "coverage":
			err = d.Decode(&p.coverage)
		case "summary":
			err = d.Decode(&summary)
		default:
			var raw json.RawMessage
			err = d.Decode(&raw)
			config[name] = raw
		}
		if err != nil {
			return nil, malformed(err)
		}
		if !d.More() {
			break
		}
		if key, err = d.Token(); err != nil {
			return nil, malformed(err)
		}
	}
	if _, err := d.Token(); err != nil {
		return nil, malformed(err)
	}
	if p.coverage != nil && summary != nil {
		p.coverage.Summary = *summary
	}
	text, err := json.Marshal(config)
	if err == nil {
		err = json.Unmarshal(text, &p.config)
	}
	if err != nil {
		return nil, malformed(err)
	}
	return p, nil
}

func indexList(p *savedPart, d *json.Decoder) error {
	if err := opens(d, '['); err != nil {
		return err
	}
	for d.More() {
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return err
		}
		if err := p.add(raw, d.InputOffset()); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

// add notes a finding that ends at offset end of the file.
func (p *savedPart) add(raw json.RawMessage, end int64) error {
	var f struct {
		Fingerprint string
		Rule        string
		Path        string
		Line        int
		Column      int
		Commit      string
		Committed   string
	}
	if err := json.Unmarshal(raw, &f); err != nil {
		return err
	}
	p.findings = append(p.findings, savedFinding{
		part: p, at: end - int64(len(raw)), size: len(raw), fingerprint: f.Fingerprint,
		key: savedKey{unixTime(f.Committed), f.Commit, f.Path, f.Line, f.Column, f.Rule},
	})
	return nil
}

// indexLines reads the objects of NewJSONL.
func indexLines(r Saved) ([]*savedPart, error) {
	d := json.NewDecoder(io.NewSectionReader(r.Data, 0, r.Size))
	var parts []*savedPart
	for d.More() {
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return nil, malformed(err)
		}
		var line struct{ Type string }
		if err := json.Unmarshal(raw, &line); err != nil {
			return nil, malformed(err)
		}
		if line.Type == "config" {
			parts = append(parts, &savedPart{saved: r})
		} else if len(parts) == 0 {
			return nil, ErrNoReport
		}
		p := parts[len(parts)-1]
		var err error
		switch line.Type {
		case "config":
			err = json.Unmarshal(raw, &p.config)
		case "finding":
			err = p.add(raw, d.InputOffset())
		case "coverage":
			err = json.Unmarshal(raw, &p.coverage)
		}
		if err != nil {
			return nil, malformed(err)
		}
	}
	return parts, nil
}

// inOrder returns the findings in the order in which they are sent; those of one fingerprint are together.
func inOrder(parts []*savedPart) [][]savedFinding {
	var all []savedFinding
	for _, p := range parts {
		all = append(all, p.findings...)
	}
	if len(parts) > 1 {
		slices.SortStableFunc(all, func(a, b savedFinding) int { return a.key.compare(b.key) })
	}
	var groups [][]savedFinding
	place := map[string]int{}
	for i, f := range all {
		if n, known := place[f.fingerprint]; known && len(parts) > 1 {
			groups[n] = append(groups[n], f) // which copies, as the group has no room of its own
			continue
		}
		place[f.fingerprint] = len(groups)
		groups = append(groups, all[i:i+1:i+1])
	}
	return groups
}

func (s *savedFinding) read() (*Finding, error) {
	raw := make([]byte, s.size)
	if _, err := s.part.saved.Data.ReadAt(raw, s.at); err != nil {
		return nil, fmt.Errorf("%s changed while it was read: %w", s.part.saved.Name, err)
	}
	f := &Finding{}
	if err := json.NewDecoder(bytes.NewReader(raw)).Decode(f); err != nil {
		return nil, fmt.Errorf("%s: %w", s.part.saved.Name, malformed(err))
	}
	return f, nil
}

func readGroup(group []savedFinding) (*Finding, error) {
	f, err := group[0].read()
	if err != nil {
		return nil, err
	}
	for i := range group[1:] {
		other, err := group[1+i].read()
		if err != nil {
			return nil, err
		}
		f = merge(f, other)
	}
	return f, nil
}
