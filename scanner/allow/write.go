package allow

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"maps"
	"slices"
)

// Known is a finding as Mudlark's baseline holds it. Everything but the fingerprint is for readers.
type Known struct {
	Fingerprint string `json:"fingerprint"`
	Rule        string `json:"rule"`
	Path        string `json:"path,omitempty"`
	Line        int    `json:"line,omitempty"`
	Commit      string `json:"commit,omitempty"`
	Reason      string `json:"reason,omitempty"`
}

// WriteBaseline writes a baseline, one finding a line, ordered so that few lines change from one version to the next. keyCheck
// tells with which key the fingerprints were made.
func WriteBaseline(w io.Writer, keyCheck string, list []Known) error {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b Known) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Fingerprint, b.Fingerprint))
	})
	list = slices.CompactFunc(list, func(a, b Known) bool { return a.Fingerprint == b.Fingerprint })
	var out bytes.Buffer
	key, err := json.Marshal(keyCheck)
	if err != nil {
		return err
	}
	out.WriteString("{\n  \"mudlark_baseline\": 1,\n  \"key\": " + string(key) + ",\n  \"findings\": [")
	for i, k := range list {
		if i > 0 {
			out.WriteByte(',')
		}
		line, err := json.Marshal(k)
		if err != nil {
			return err
		}
		out.WriteString("\n    ")
		out.Write(line)
	}
	if len(list) > 0 {
		out.WriteString("\n  ")
	}
	out.WriteString("]\n}\n")
	_, err = w.Write(out.Bytes())
	return err
}

// ReadKnown reads Mudlark's baseline as WriteBaseline writes it.
func ReadKnown(data []byte) ([]Known, error) {
	var doc struct {
		Baseline int     `json:"mudlark_baseline"`
		Findings []Known `json:"findings"`
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		return nil, describe(err)
	}
	if doc.Baseline != 1 {
		return nil, ErrNoBaseline
	}
	return doc.Findings, nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
