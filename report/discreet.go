package report

import (
	"cmp"
	"encoding/base64"
	"slices"
	"strings"
)

// Discreet returns a handler that passes everything on to h without secrets, also where the findings hold them because of
// --show-secrets. Reports that leave the machine, such as SARIF files that are uploaded, are made this way.
func Discreet(h Handler) Handler { return &discreet{h} }

type discreet struct{ Handler }

func (d *discreet) Finding(f *Finding) error { return d.Handler.Finding(WithoutSecrets(f)) }

// ShowsSecrets reports whether a finding holds a secret in full.
func (f *Finding) ShowsSecrets() bool {
	return f.Secret != "" || f.SecretB64 != "" || slices.ContainsFunc(f.Parts, func(p Part) bool { return p.Secret != "" || p.SecretB64 != "" })
}

// WithoutSecrets returns f, or if it holds secrets in full a copy that does not. The line around the secret, in which others may stand
// in full too, is then reduced to the redacted secret, and in paths and identities the finding's own secrets are redacted.
func WithoutSecrets(f *Finding) *Finding {
	if !f.ShowsSecrets() {
		return f
	}
	c := *f
	hide := hider(f)
	c.Secret, c.SecretB64 = "", ""
	c.Excerpt = &Excerpt{Text: f.Redacted, Start: 0, End: len(f.Redacted)}
	hidePlace(&c.Place, hide)
	c.Occurrences = slices.Clone(f.Occurrences)
	for i := range c.Occurrences {
		hidePlace(&c.Occurrences[i], hide)
	}
	c.Parts = slices.Clone(f.Parts)
	for i := range c.Parts {
		p := &c.Parts[i]
		p.Secret, p.SecretB64 = "", ""
		p.Path, p.PathB64 = hidePath(p.Path, p.PathB64, hide)
	}
	c.Verdict.Identity = nil
	for name, value := range f.Verdict.Identity {
		if c.Verdict.Identity == nil {
			c.Verdict.Identity = map[string]string{}
		}
		c.Verdict.Identity[name] = hide.Replace(value)
	}
	return &c
}

// hider returns what redacts the finding's secrets in a text.
func hider(f *Finding) *strings.Replacer {
	type pair struct{ secret, redacted string }
	var all []pair
	add := func(secret, b64, redacted string) {
		if raw, err := base64.StdEncoding.DecodeString(b64); err == nil && len(raw) > 0 {
			all = append(all, pair{string(raw), redacted})
		}
		if secret != "" {
			all = append(all, pair{secret, redacted})
		}
	}
	add(f.Secret, f.SecretB64, f.Redacted)
	for _, p := range f.Parts {
		add(p.Secret, p.SecretB64, p.Redacted)
	}
	slices.SortFunc(all, func(a, b pair) int { return cmp.Or(len(b.secret)-len(a.secret), strings.Compare(a.secret, b.secret)) })
	var list []string
	for _, p := range all {
		list = append(list, p.secret, p.redacted)
	}
	return strings.NewReplacer(list...)
}

func hidePlace(p *Place, hide *strings.Replacer) {
	p.Path, p.PathB64 = hidePath(p.Path, p.PathB64, hide)
	p.Author, p.Email = hide.Replace(p.Author), hide.Replace(p.Email)
}

// hidePath redacts a path. The bytes of one that has a secret in it are given up.
func hidePath(path *string, b64 string, hide *strings.Replacer) (*string, string) {
	if path == nil {
		return nil, b64
	}
	hidden := hide.Replace(*path)
	raw, err := base64.StdEncoding.DecodeString(b64)
	if err != nil || hide.Replace(string(raw)) != string(raw) || hidden != *path {
		b64 = ""
	}
	return &hidden, b64
}
