package verify

import (
	"slices"
	"strings"

	"mudlark/rules"
)

// values is a credential with one choice of parts.
type values struct {
	rule   *rules.Rule
	secret string
	parts  map[string]string
	told   map[string]string // of a revocation: what the provider told of it; nil before it was asked
}

// get returns the part of the name, the secret for "", or what the provider told.
func (v *values) get(name string) string {
	if field, ok := rules.IdentityValue(name); ok {
		return v.told[field]
	}
	if name == "" {
		return v.secret
	}
	return v.parts[name]
}

// key tells choices apart that make different requests.
func (v *values) key() string {
	var b strings.Builder
	b.WriteString(v.rule.ID + "\x00" + v.secret)
	for _, p := range v.rule.Parts {
		b.WriteString("\x00" + p.Name + "=" + v.parts[p.Name])
	}
	return b.String()
}

// secrets returns what of the values must not be shown: of a URL, its password, and of what else holds more, the part that is secret. Users,
// accounts and hosts are public.
func (v *values) secrets() []string {
	list := []string{v.secret}
	if l, ok := parseLogin(v.secret); ok {
		list = []string{l.password}
	} else if v.rule.Verify != nil {
		if h, ok := protocols()[v.rule.Verify.Protocol].(holder); ok && h.secretIn(v.secret) != "" {
			list = []string{h.secretIn(v.secret)}
		}
	}
	for _, p := range v.rule.Parts {
		if s := v.parts[p.Name]; s != "" && !p.Public {
			list = append(list, s)
		}
	}
	return list
}

// maxChoices bounds how many combinations of parts are tried for one secret.
const maxChoices = 16

// choices are the combinations of parts that a credential may be.
type choices struct {
	list []*values
	// partial: there are more combinations than the list holds.
	partial bool
	// pairings: some differ in a secret part, so that a refusal may mean that the parts do not belong together.
	pairings bool
}

// choose combines the candidates of the needed parts, the likeliest first. missing says that one has no candidate.
func choose(c Credential, needed []string) (out choices, missing bool) {
	out.list = []*values{{rule: c.Rule, secret: c.Secret, parts: map[string]string{}}}
	for _, name := range needed {
		if name == "" {
			continue
		}
		candidates := c.Parts[name]
		if len(candidates) == 0 {
			return out, true
		}
		if len(candidates) > 1 && !isPublic(c.Rule, name) {
			out.pairings = true
		}
		var next []*values
		for _, v := range out.list {
			for _, p := range candidates {
				parts := map[string]string{name: p}
				for k, old := range v.parts {
					parts[k] = old
				}
				next = append(next, &values{rule: v.rule, secret: v.secret, parts: parts})
			}
		}
		if len(next) > maxChoices {
			next, out.partial = next[:maxChoices], true
		}
		out.list = next
	}
	return out, false
}

func isPublic(r *rules.Rule, part string) bool {
	return slices.ContainsFunc(r.Parts, func(p rules.Part) bool { return p.Name == part && p.Public })
}
