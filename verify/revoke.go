package verify

import (
	"context"
	"net/http"
	"slices"
	"time"

	"mudlark/rules"
)

// Refusal says why a credential is not revoked. It is one of the constants below, or a Reason.
type Refusal string

// The values of Refusal that are no Reason.
const (
	NoRevoker     Refusal = "there is no way known by which its holder can revoke exactly this one"
	NotExact      Refusal = "it is not clear which of several parts belong to it"
	SeveralPlaces Refusal = "it is not clear at which of several places it was issued"
	NotAccepted   Refusal = "the provider did not accept the revocation"
)

// Revocable returns where a credential would be revoked ("POST https://host/path", no secret in it), or why it cannot be.
func (e *Engine) Revocable(c Credential) (where string, no Refusal) {
	m, at, _, no := e.revocation(c)
	if no != "" {
		return "", no
	}
	return m.method + " " + shownURL(at, m.target), ""
}

// revocation prepares the request that revokes a credential.
func (e *Engine) revocation(c Credential) (m message, at candidate, v *values, no Refusal) {
	spec := c.Rule.Revoke
	if spec == nil {
		return m, at, nil, NoRevoker
	}
	if c.Ambiguous {
		return m, at, nil, Refusal(Ambiguous)
	}
	needed := spec.Request.Values()
	var hosts []string
	at = candidate{request: &spec.Request}
	if c.Rule.Verify != nil {
		for _, n := range e.needs(c.Rule.Verify, &c) {
			if !slices.Contains(needed, n) {
				needed = append(needed, n)
			}
		}
		hosts = c.Rule.Verify.Hosts
		switch urls := e.o.Endpoints[c.Rule.Verify.Endpoint]; {
		case c.Rule.Verify.Endpoint == "" || len(urls) == 0:
		case len(urls) > 1:
			return m, at, nil, SeveralPlaces
		default:
			at.endpoint = urls[0]
		}
	}
	found, missing := choose(c, needed)
	switch {
	case missing:
		return m, at, nil, Refusal(PartMissing)
	case len(found.list) != 1 || found.partial:
		return m, at, nil, NotExact
	}
	m, why := e.message(at, found.list[0], hosts)
	return m, at, found.list[0], Refusal(why)
}

// revoke sends the request that revokes a credential. It returns when, zero if nothing was sent, and why the credential is not revoked
// as far as the answer tells. Whether it is dead must be verified by another Engine afterwards: this one remembers that it lived.
func (e *Engine) revoke(ctx context.Context, c Credential) (sent time.Time, no Refusal) {
	m, _, _, no := e.revocation(c)
	if no != "" {
		return sent, no
	}
	defer context.AfterFunc(ctx, func() { e.stop(errInterrupted) })()
	sent = time.Now().UTC()
	r, why := e.exchange(e.ctx, &m, rules.EffectWrite)
	if why != "" {
		return sent, Refusal(why)
	}
	return sent, accepted(r, c.Rule.Revoke.Success)
}

// accepted reads the answer to a revocation.
func accepted(r *response, success []rules.Condition) Refusal {
	if r.status >= 300 && r.status < 400 || r.status == http.StatusTooManyRequests || isWebPage(r.body) {
		return NotAccepted
	}
	doc := parseJSON(r.body, r.cut)
	if !slices.ContainsFunc(success, func(s rules.Condition) bool { return r.meets(&s, doc) }) {
		return NotAccepted
	}
	return ""
}
