package scanner

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"mudlark/report"
	"mudlark/rules"
	"mudlark/scanner/history"
	"mudlark/verify"
)

// unverified is the class of coverage of secrets that have no verdict because of the network, a limit or the time.
const unverified = "unverified"

// verifyEarly lets the provider be asked about a secret as soon as it is found, where it is certain by then that the secret will be
// reported and whose it is: in a whole history or in files, without a filter of paths and without anything that is allowed; a rule whose secrets say themselves what
// they are, without conditions on paths and without parts, which are all known at the end only.
func (s *scan) verifyEarly(it *item) {
	switch {
	case !s.early.Load() || it.marked || it.part != "" || it.tied || len(it.rule.Parts) > 0 || it.rule.PathBound():
	case it.rule.Verify == nil || !tellsItself(it.rule) || s.choice.of(it) != reported:
	default:
		s.o.Verify.Early(verify.Credential{Rule: it.rule, Secret: it.display})
	}
}

// mayVerifyEarly decides whether what is found from here on may be asked about at once.
func (s *scan) mayVerifyEarly() {
	all := s.o.Mode != ModeGit || s.whole && !s.o.Staged
	s.early.Store(s.o.Verify != nil && !s.o.PlanOnly && all && s.include == nil && s.o.Fingerprints == nil && len(s.allows.all) == 0)
}

// tellsItself reports whether a rule's secrets need no words around them to be recognized.
func tellsItself(r *rules.Rule) bool {
	return r.Block != "" || len(r.Formats) > 0 && !slices.ContainsFunc(r.Formats, func(f rules.Format) bool {
		return len(f.Near) > 0 || !rules.Anchored(f.Node)
	})
}

// verified asks about secrets and returns their verdicts in the same order. companions are in the order in which they are likely to
// belong to the secret.
func (b *builder) verified(ctx context.Context, own []*lifeStory, companions map[history.Item][]*lifeStory) []verify.Verdict {
	engine := b.s.o.Verify
	if engine == nil && b.s.o.Found == nil {
		return nil
	}
	claims := b.s.claims()
	list := make([]verify.Credential, len(own))
	for i, l := range own {
		list[i] = b.credential(l, companions[l.item], claims)
	}
	b.credentials = list
	if engine == nil {
		return nil
	}
	if b.s.o.PlanOnly {
		b.s.o.Plan(engine.Plan(list))
		return nil
	}
	b.s.phase("verification", int64(len(list)))
	return engine.Verify(ctx, list, func(n int) { b.s.progress(int64(n)) })
}

// claim is a rule's claim to a secret.
type claim struct {
	provider string
	strong   bool
}

// claims returns, for each secret, which providers' rules found it, anywhere.
func (s *scan) claims() map[string][]claim {
	m := map[string][]claim{}
	for n := range s.items.len() {
		if it := s.items.get(history.Item(n)); it.part == "" {
			m[it.display] = append(m[it.display], claim{it.rule.Provider, tellsItself(it.rule)})
		}
	}
	return m
}

// credential returns what the provider is asked about. A secret that another provider's rule claims with equal right is ambiguous: it
// is found beside the words of both. A companion that is another provider's secret is none.
func (b *builder) credential(l *lifeStory, companions []*lifeStory, claims map[string][]claim) verify.Credential {
	it := b.s.items.get(l.item)
	own := claim{it.rule.Provider, tellsItself(it.rule)}
	c := verify.Credential{Rule: it.rule, Secret: it.display, Parts: map[string][]string{}, Ambiguous: it.tied}
	for _, other := range claims[it.display] {
		if other.provider != own.provider && (other.strong || !own.strong) {
			c.Ambiguous = true
		}
	}
	for _, p := range companions {
		part := b.s.items.get(p.item)
		foreign := func(c claim) bool { return c.provider != own.provider && c.strong }
		if !part.foreign && !slices.ContainsFunc(claims[part.display], foreign) {
			c.Parts[part.part] = append(c.Parts[part.part], part.display)
		}
	}
	return c
}

// ReportVerdict returns a verdict as reports have it.
func ReportVerdict(v verify.Verdict) report.Verdict {
	out := report.Verdict{Status: string(v.Status), Reason: string(v.Reason), Identity: v.Identity}
	switch v.Status {
	case verify.Skipped, verify.Unsupported, verify.Unasked:
	default:
		out.CheckedAt = v.CheckedAt.UTC().Format(time.RFC3339)
	}
	return out
}

// noteUnverified makes the coverage incomplete where secrets have no verdict that another time, or a better network, would give. Else a
// limit of the provider's could turn a leak into a clean result.
func (s *scan) noteUnverified(c *report.Coverage, findings []*report.Finding) {
	type cause struct{ rule, reason string }
	counts := map[cause]int{}
	for _, f := range findings {
		if verify.Reason(f.Verdict.Reason).Passing() {
			counts[cause{f.Rule, f.Verdict.Reason}]++
		}
	}
	for k, n := range counts {
		skipped := report.Skipped{Class: unverified, What: k.rule, Why: fmt.Sprintf("%s: %s", secretCount(n), k.reason)}
		if s.o.AllowUnknown {
			skipped.Accepted = "--allow-unknown"
		} else {
			c.Complete = false
		}
		c.Skipped = append(c.Skipped, skipped)
	}
	slices.SortFunc(c.Skipped, func(a, b report.Skipped) int {
		return cmp.Or(cmp.Compare(a.Class, b.Class), cmp.Compare(a.What, b.What), cmp.Compare(a.Why, b.Why))
	})
}

func secretCount(n int) string {
	if n == 1 {
		return "1 secret"
	}
	return fmt.Sprintf("%d secrets", n)
}
