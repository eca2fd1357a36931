package verify

import (
	"context"
	"net/url"
	"slices"
	"time"

	"mudlark/rules"
)

// answer is what one question came to.
type answer struct {
	Answer
	at    time.Time // when it was given, if not now
	place int       // which of the rule's requests it answers, from 1; 0 if that is not known
}

// Answer is what a verifier found out.
type Answer struct {
	Status   Status
	Reason   Reason
	Identity map[string]string
}

func (a answer) verdict() Verdict {
	return Verdict{Status: a.Status, Reason: a.Reason, Identity: a.Identity, CheckedAt: a.at, place: a.place}
}

func plainAnswer(s Status, r Reason) answer { return answer{Answer: Answer{Status: s, Reason: r}} }

// refused reports whether the provider said no.
func (a answer) refused() bool { return a.Status == Inactive || a.Status == Expired }

// together combines answers of which none is active: those of several places that a credential may belong to, or of several
// choices of parts. It is refused only if all refuse it.
func together(all []answer, pairings, partial bool) answer {
	refusals, skipped := 0, 0
	var unknown *answer
	for i := range all {
		switch a := &all[i]; {
		case a.refused():
			refusals++
		case a.Status == Skipped:
			skipped++
		case unknown == nil || a.Reason.Passing() && !unknown.Reason.Passing():
			unknown = a
		}
	}
	switch {
	case len(all) == 1 && !partial:
		return all[0]
	case unknown != nil:
		return *unknown
	case skipped == len(all):
		return all[0]
	case skipped > 0 || partial:
		return plainAnswer(Unknown, NotEverywhere)
	case pairings:
		return plainAnswer(Unknown, Pairing)
	}
	for _, a := range all {
		if a.Status == Inactive {
			return a
		}
	}
	return all[0]
}

// candidate is a request at one of the places that a credential may belong to.
type candidate struct {
	request  *rules.Request
	endpoint *url.URL
	place    int // of the request in the rule, from 1
}

// candidates lists where a rule's credentials are asked about: at the endpoints that the user names, else where the rule says.
func (e *Engine) candidates(v *rules.Verify) []candidate {
	var list []candidate
	endpoints := e.o.Endpoints[v.Endpoint]
	if v.Endpoint == "" || len(endpoints) == 0 {
		endpoints = []*url.URL{nil}
	}
	for i := range v.Requests {
		for _, u := range endpoints {
			list = append(list, candidate{&v.Requests[i], u, i + 1})
		}
	}
	return list
}

// askHTTP asks by the rule's requests.
func (e *Engine) askHTTP(ctx context.Context, v *values) answer {
	var all []answer
	seen := map[string]bool{}
	for _, c := range e.candidates(v.rule.Verify) {
		m, why := e.message(c, v, v.rule.Verify.Hosts)
		if why == "" && seen[m.target.url.String()] {
			continue // several requests have become one at an endpoint
		}
		var a answer
		if why != "" {
			a = plainAnswer(Skipped, why)
		} else {
			seen[m.target.url.String()] = true
			a = e.askOne(ctx, c, &m, v)
		}
		if a.Status == Active {
			a.place = c.place
			return a
		}
		all = append(all, a)
	}
	return together(all, false, false)
}

// message renders a request and applies the policy to it; why says why it must not be sent.
func (e *Engine) message(c candidate, v *values, hosts []string) (m message, why Reason) {
	m, ok := render(c.request, v, c.endpoint)
	if !ok {
		return m, Unsendable
	}
	return m, e.policy.check(m.target, hosts)
}

// askOne asks at one place, if it does not accept made-up values.
func (e *Engine) askOne(ctx context.Context, c candidate, m *message, v *values) answer {
	if e.acceptsAny(ctx, c, m, v) {
		return plainAnswer(Unknown, AcceptsAny)
	}
	return e.put(ctx, c, m, v)
}

// gone reports whether a response says, of a credential that was accepted a moment ago and whose revocation was, too, that it is revoked.
func (e *Engine) gone(v *values, r *response) bool {
	if !e.o.lived || v.rule.Revoke == nil {
		return false
	}
	doc := parseJSON(r.body, r.cut)
	return slices.ContainsFunc(v.rule.Revoke.Gone, func(c rules.Condition) bool { return r.meets(&c, doc) })
}

// put sends a request and evaluates what comes back.
func (e *Engine) put(ctx context.Context, c candidate, m *message, v *values) answer {
	spec := v.rule.Verify
	r, why := e.exchange(ctx, m, spec.Effect)
	if why == PrivateAddress && (!m.target.fixed || c.endpoint != nil) {
		return plainAnswer(Skipped, HostNotAllowed)
	}
	if why != "" {
		return plainAnswer(Unknown, why)
	}
	status, reason := evaluate(spec, r)
	if reason == Unclear && e.gone(v, r) {
		status, reason = Inactive, ""
	}
	a := plainAnswer(status, reason)
	if status == Active {
		a.Identity = identify(spec.Identity, r, v)
	}
	return a
}
