package verify

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"
	"unicode/utf8"

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
	NotTold       Refusal = "the provider does not tell by which name it knows this one"
)

// order is a revocation that may be sent.
type order struct {
	where   string  // "POST https://host/path", no secret in it
	message message // where the rule has a request

	revoker Revoker // where it has a protocol
	probe   *Probe
	targets []Target
}

// Revocable returns where a credential would be revoked ("POST https://host/path", no secret in it), or why it cannot be, as far as is
// known without asking the provider.
func (e *Engine) Revocable(c Credential) (where string, no Refusal) {
	o, no := e.revocation(c, nil)
	return o.where, no
}

// exact is a credential of which it is clear what it consists of and where it was issued.
type exact struct {
	values   *values
	fields   []string // what the provider must tell before it is revoked
	hosts    []string // suffixes of hosts from text
	endpoint *url.URL // of the user; nil for the provider's own host
}

// exactly returns the one choice of parts and the one place that a credential may have, or why there is not one.
func (e *Engine) exactly(c Credential) (x exact, no Refusal) {
	spec := c.Rule.Revoke
	if spec == nil {
		return x, NoRevoker
	}
	if c.Ambiguous {
		return x, Refusal(Ambiguous)
	}
	var needed []string
	needed, x.fields = neededToRevoke(spec)
	if c.Rule.Verify != nil {
		for _, n := range e.needs(c.Rule.Verify, &c) {
			if !slices.Contains(needed, n) {
				needed = append(needed, n)
			}
		}
		x.hosts = c.Rule.Verify.Hosts
		switch urls := e.o.Endpoints[c.Rule.Verify.Endpoint]; {
		case c.Rule.Verify.Endpoint == "" || len(urls) == 0:
		case len(urls) > 1:
			return x, SeveralPlaces
		default:
			x.endpoint = urls[0]
		}
	}
	found, missing := choose(c, needed)
	switch {
	case missing:
		return x, Refusal(PartMissing)
	case len(found.list) != 1 || found.partial:
		return x, NotExact
	}
	x.values = found.list[0]
	return x, ""
}

// revocation prepares what revokes a credential. before is the verdict on it; nil if the provider was not asked yet.
func (e *Engine) revocation(c Credential, before *Verdict) (o order, no Refusal) {
	x, no := e.exactly(c)
	if no != "" {
		return o, no
	}
	v, spec := x.values, c.Rule.Revoke
	if before != nil {
		v.told = before.Identity
		if v.told == nil {
			v.told = map[string]string{}
		}
	}
	if spec.Protocol != "" {
		return e.protocolOrder(v)
	}
	at := candidate{request: &spec.Requests[0], endpoint: x.endpoint}
	switch {
	case before == nil:
		v.told = map[string]string{}
		for _, f := range x.fields {
			v.told[f] = "x" // it is told later
		}
	case slices.ContainsFunc(x.fields, func(f string) bool { return v.told[f] == "" || utf8.RuneCountInString(v.told[f]) >= maxIdentity }):
		return o, NotTold
	case len(spec.Requests) > 1 && before.place == 0:
		return o, SeveralPlaces
	case len(spec.Requests) > 1:
		at.request = &spec.Requests[before.place-1]
	}
	m, why := e.message(at, v, x.hosts)
	if why != "" {
		return o, Refusal(why)
	}
	return order{where: m.method + " " + shownURL(at, m.target), message: m}, ""
}

// neededToRevoke returns the names of the parts that the requests need, "" for the secret, and those of what the provider must tell.
func neededToRevoke(spec *rules.Revoke) (needed, fields []string) {
	requests := spec.Requests
	if spec.Find != nil {
		requests = append(slices.Clone(requests), spec.Find.Request)
	}
	for i := range requests {
		for _, name := range requests[i].Values() {
			if field, ok := rules.IdentityValue(name); ok {
				fields = append(fields, field)
			} else if !slices.Contains(needed, name) {
				needed = append(needed, name)
			}
		}
	}
	return needed, fields
}

// protocolOrder prepares what revokes a credential by a protocol of its own.
func (e *Engine) protocolOrder(v *values) (o order, no Refusal) {
	r, ok := e.o.protocols[v.rule.Revoke.Protocol].(Revoker)
	if !ok {
		return o, NoRevoker
	}
	o = order{revoker: r, probe: e.probe(v)}
	if o.where, o.targets, no = r.Revocation(o.probe); no != "" {
		return o, no
	}
	for _, t := range o.targets {
		if why := e.checkTarget(t, v.rule.Verify.Hosts); why != "" {
			return o, Refusal(why)
		}
	}
	return o, ""
}

// revoke sends what revokes a credential. It returns when, and why the credential is not revoked as far as the answer tells. Whether it is
// dead must be verified by another Engine afterwards: this one remembers that it lived.
func (e *Engine) revoke(ctx context.Context, o order, success []rules.Condition) (sent time.Time, no Refusal) {
	defer context.AfterFunc(ctx, func() { e.stop(errInterrupted) })()
	sent = time.Now().UTC()
	if o.revoker != nil {
		e.connect(o.probe, o.targets)
		o.probe.once = true
		return sent, o.revoker.Revoke(e.ctx, o.probe)
	}
	r, why := e.exchange(e.ctx, &o.message, rules.EffectWrite)
	if why != "" {
		return sent, Refusal(why)
	}
	return sent, accepted(r, success)
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
