package imports

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"mudlark/rules"
)

// truffleHogFile is the configuration of TruffleHog, as its documentation of custom detectors gives it ("Regex Detector").
type truffleHogFile struct {
	Detectors []truffleHogDetector `yaml:"detectors"`
}

type truffleHogDetector struct {
	Name           string              `yaml:"name"`
	Description    string              `yaml:"description"`
	Keywords       []string            `yaml:"keywords"`
	Regex          map[string]string   `yaml:"regex"`
	Primary        string              `yaml:"primary_regex_name"`
	Entropy        float64             `yaml:"entropy"`
	ExcludeWords   []string            `yaml:"exclude_words"`
	ExcludeCapture []string            `yaml:"exclude_regexes_capture"`
	ExcludeMatch   []string            `yaml:"exclude_regexes_match"`
	Validations    map[string]validity `yaml:"validations"`
	Verify         []yaml.Node         `yaml:"verify"`
}

// validity is what a detector asks of the value of one of its regexes.
type validity struct {
	Digit   bool `yaml:"contains_digit"`
	Lower   bool `yaml:"contains_lowercase"`
	Upper   bool `yaml:"contains_uppercase"`
	Special bool `yaml:"contains_special_char"`
}

// maxYAML is the size of the largest YAML file that is read: aliases in it may refer to each other.
const maxYAML = 256 << 10

// TruffleHog reads custom detectors of TruffleHog's. Where a detector has several regexes, all must match in one text: one is the
// secret, the others become rules that are not reported themselves.
func TruffleHog(file string, data []byte) (*Config, error) {
	if len(data) > maxYAML {
		return nil, fmt.Errorf("%s: the file has %d bytes, more than %d", file, len(data), maxYAML)
	}
	var doc truffleHogFile
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	unknown := ""
	if err := dec.Decode(&doc); err != nil && !errors.Is(err, io.EOF) {
		var typ *yaml.TypeError
		if !errors.As(err, &typ) {
			return nil, fmt.Errorf("%s: is no YAML", file)
		}
		unknown = typ.Errors[0]
		if err := yaml.Unmarshal(data, &doc); err != nil {
			return nil, fmt.Errorf("%s: %s", file, typeMessage(unknown))
		}
	}
	t := &truffleHog{c: &Config{Tool: "TruffleHog", UseDefault: true}, file: file, taken: map[string]bool{}}
	if unknown != "" {
		t.c.note("%s", typeMessage(unknown))
	}
	if len(doc.Detectors) == 0 {
		return nil, fmt.Errorf("%s: there are no detectors in it", file)
	}
	if len(doc.Detectors) > maxRules/10 {
		return nil, fmt.Errorf("%s: %d detectors, more than %d", file, len(doc.Detectors), maxRules/10)
	}
	for i := range doc.Detectors {
		t.detector(i+1, &doc.Detectors[i])
	}
	if len(t.errs) > 0 {
		return nil, joined(file, t.errs)
	}
	return t.c, nil
}

// typeMessage shortens a message of the YAML library, which quotes values.
func typeMessage(s string) string {
	if before, _, ok := strings.Cut(s, "`"); ok {
		return before + "…"
	}
	return s
}

type truffleHog struct {
	c     *Config
	file  string
	taken map[string]bool
	errs  []error
}

// requirements of validity by the words that rules have for them.
func (v validity) words() (out []string) {
	for _, w := range []struct {
		on   bool
		name string
	}{{v.Digit, "digit"}, {v.Upper, "upper"}, {v.Lower, "lower"}, {v.Special, "special"}} {
		if w.on {
			out = append(out, w.name)
		}
	}
	return out
}

func (t *truffleHog) detector(number int, d *truffleHogDetector) {
	what := fmt.Sprintf("detector %d", number)
	if d.Name != "" {
		what = "detector " + d.Name
	}
	names := slices.Sorted(maps.Keys(d.Regex))
	switch {
	case len(names) == 0:
		t.errs = append(t.errs, fmt.Errorf("%s has no regex", what))
		return
	case len(names) > 10:
		t.errs = append(t.errs, fmt.Errorf("%s has %d regexes, more than 10", what, len(names)))
		return
	case d.Primary == "":
		d.Primary = names[0]
		if len(names) > 1 {
			t.c.note("%s: no primary_regex_name; %s is taken for the secret", what, d.Primary)
		}
	case d.Regex[d.Primary] == "":
		t.errs = append(t.errs, fmt.Errorf("%s: primary_regex_name names none of its regexes", what))
		return
	}
	if len(d.Verify) > 0 {
		t.c.note("%s: verify is not honoured; write a [rule.verify] table for it", what)
	}
	id := idOf(d.Name)
	if id == "" {
		id = fmt.Sprintf("detector-%d", number)
	}
	id = uniqueID(id, t.taken)
	main := t.rule(what, id, d, d.Primary)
	for _, name := range names {
		if name == d.Primary {
			continue
		}
		part := t.rule(what, uniqueID(idOf(id+"-"+name), t.taken), d, name)
		part.Silent, part.Entropy = true, 0
		main.Requires = append(main.Requires, rules.Requirement{Rule: part.ID, Lines: -1, Columns: -1})
		t.c.Rules = append(t.c.Rules, part)
	}
	t.c.Rules = append(t.c.Rules, main)
	t.exclusions(what, id, d)
}

func (t *truffleHog) rule(what, id string, d *truffleHogDetector, name string) *rules.Rule {
	r := &rules.Rule{
		ID: id, Name: d.Name, Provider: "Custom", Severity: rules.High, Confidence: rules.Medium, Regex: d.Regex[name], Verbatim: true, Entropy: d.Entropy,
		Require: d.Validations[name].words(), OnMismatch: "drop", Class: rules.Whole, Reach: -1, File: t.file, Line: 1,
	}
	if d.Description != "" {
		r.Name = d.Description
	}
	if r.Name == "" {
		r.Name = id
	}
	for _, k := range d.Keywords {
		if k = strings.ToLower(k); k != "" {
			r.Keywords = append(r.Keywords, k)
		}
	}
	if err := checkRegex(what+": regex "+name, r.Regex); err != nil {
		t.errs = append(t.errs, err)
	}
	return r
}

// exclusions turns what a detector does not want reported into allows.
func (t *truffleHog) exclusions(what, id string, d *truffleHogDetector) {
	for _, re := range slices.Concat(d.ExcludeCapture, d.ExcludeMatch) {
		if err := checkRegex(what+": an excluding regex", re); err != nil {
			t.errs = append(t.errs, err)
		}
	}
	add := func(there bool, a Allow) {
		if there {
			a.Rules, a.Reason = []string{id}, "excluded by the detector"
			t.c.Allows = append(t.c.Allows, a)
		}
	}
	add(len(d.ExcludeWords) > 0, Allow{Stopwords: d.ExcludeWords, Target: "secret"})
	add(len(d.ExcludeCapture) > 0, Allow{Regexes: d.ExcludeCapture, Target: "secret"})
	add(len(d.ExcludeMatch) > 0, Allow{Regexes: d.ExcludeMatch, Target: "match"})
}
