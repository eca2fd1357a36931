package detectors

import "mudlark/rules"

// companionClaims are the companions of the findings of one text that stand, by their spans, with what other findings say of them. A companion
// is whatever of the right form stands near by, so it may be a secret of another provider, which must not be sent to this one.
type companionClaims map[[2]int]*companionClaim

// companionClaim is a companion, and who found the same bytes by words.
type companionClaim struct {
	provider     string
	of           []*PartMatch
	own, foreign bool
}

// add takes up the companions of a finding that stands.
func (c companionClaims) add(f *finding) {
	for i := range f.Parts {
		p := &f.Parts[i]
		span := [2]int{p.Start, p.End}
		if c[span] == nil {
			c[span] = &companionClaim{provider: f.Rule.Provider}
		}
		if k := c[span]; k.provider == f.Rule.Provider {
			k.of = append(k.of, p)
		}
	}
}

// note takes up a finding that lost its bytes.
func (c companionClaims) note(f *finding) {
	k := c[[2]int{f.Start, f.End}]
	switch {
	case k == nil || f.Rule.Public:
	case f.Rule.Provider == k.provider:
		k.own = true
	case namesProvider(f.Rule):
		k.foreign = true
	}
}

// settle marks the companions that are likelier another provider's.
func (c companionClaims) settle() {
	for _, k := range c {
		for _, p := range k.of {
			p.Foreign = k.foreign && !k.own
		}
	}
}

// namesProvider reports whether a rule finds its secrets by words of its provider, and not by those that many use.
func namesProvider(r *rules.Rule) bool { return r.Block == "" && r.Provider != "" }
