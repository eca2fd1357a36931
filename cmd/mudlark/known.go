package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"mudlark/report"
	"mudlark/scanner"
)

// known are findings of an earlier report, or one that is named by its fingerprint, and where they were found.
type known struct {
	fingerprints map[string]bool
	mode, target string // of the scan that found them; "" if they are not known
}

var fingerprintForm = regexp.MustCompile(`^[0-9a-f]{32}$`)

// maxReport is the size in bytes of the largest report that is read.
const maxReport = 1 << 30

// readKnown reads a fingerprint or the file of a JSON or JSONL report.
func readKnown(arg string) (*known, error) {
	if fingerprintForm.MatchString(arg) {
		return &known{fingerprints: map[string]bool{arg: true}}, nil
	}
	const hint = "name a report of --format json or jsonl, or a fingerprint: 32 digits of hexadecimal"
	info, err := os.Stat(arg)
	switch {
	case err != nil:
		return nil, usagef(hint, "%s: %s", arg, cause(err))
	case !info.Mode().IsRegular() || info.Size() > maxReport:
		return nil, usagef(hint, "%s is no report", arg)
	}
	data, err := os.ReadFile(arg)
	if err != nil {
		return nil, usagef(hint, "%s: %s", arg, cause(err))
	}
	k := &known{fingerprints: map[string]bool{}}
	for d := json.NewDecoder(bytes.NewReader(data)); d.More(); {
		var part struct {
			report.Config
			Fingerprint string
			Findings    []struct{ Fingerprint string }
		}
		if err := d.Decode(&part); err != nil {
			return nil, usagef(hint, "%s is no report", arg)
		}
		if part.Mode != "" {
			k.mode, k.target = part.Mode, part.Target
		}
		k.fingerprints[part.Fingerprint] = true
		for _, f := range part.Findings {
			k.fingerprints[f.Fingerprint] = true
		}
	}
	delete(k.fingerprints, "")
	switch {
	case k.mode == "":
		return nil, usagef(hint, "%s is no report", arg)
	case len(k.fingerprints) == 0:
		return nil, usagef("there is nothing to ask about", "%s holds no findings", arg)
	}
	return k, nil
}

// where sets what is to be scanned in o, to find the secrets again: the path that is given, else what was scanned before. Where that is not
// known, it is a history if there is one, else files.
func (k *known) where(path string, o *scanner.Options) error {
	o.Fingerprints, o.MinConfidence = k.fingerprints, "low"
	target := path
	if target == "" {
		target = k.target
	}
	if target == "" {
		target = "."
	}
	o.Mode, o.Target, o.Paths = scanner.ModeGit, target, []string{target}
	switch k.mode {
	case "stdin":
		if path == "" {
			return usagef("name the file that was read as the second argument", "the report is of a stream, which is gone")
		}
		o.Mode = scanner.ModeDir
	case "dir":
		o.Mode = scanner.ModeDir
	case "staged":
		o.Staged = true
	case "":
		if _, err := scanner.TopLevel(target, o.Getenv); err != nil {
			o.Mode = scanner.ModeDir
		}
	}
	if _, err := os.Stat(filepath.FromSlash(strings.TrimPrefix(target, "file://"))); err != nil && path == "" {
		why := err
		if p, ok := err.(*fs.PathError); ok {
			why = p.Err
		}
		return usagef("name the place as the second argument", "%s, which the report is about: %v", report.Escape(target), why)
	}
	return nil
}

// gone says which of the findings were not found again.
func (k *known) gone(found map[string]bool) string {
	n := 0
	for f := range k.fingerprints {
		if !found[f] {
			n++
		}
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%d of %d secrets are not found there any more", n, len(k.fingerprints))
}
