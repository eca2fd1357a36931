package verify

import (
	"context"
	"net/http"
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

// revocation prepares what revokes a credential. told is what the provider tells of it; nil if it was not asked yet.
func (e *Engine) revocation(c Credential, told map[string]string) (o order, no Refusal) {
	spec := c.Rule.Revoke
	if spec == nil {
		return o, NoRevoker
	}
	if c.Ambiguous {
		return o, Refusal(Ambiguous)
	}
	needed, fields := neededToRevoke(&spec.Request)
	at := candidate{request: &spec.Request}
	var hosts []string
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
			return o, SeveralPlaces
		default:
			at.endpoint = urls[0]
		}
	}
	found, missing := choose(c, needed)
	switch {
	case missing:
		return o, Refusal(PartMissing)
	case len(found.list) != 1 || found.partial:
		return o, NotExact
	}
	v := found.list[0]
	v.told = told
	switch {
	case spec.Protocol != "":
		return e.protocolOrder(v)
	case told == nil:
		v.told = map[string]string{}
		for _, f := range fields {
			v.told[f] = "x" // it is told later
		}
	case slices.ContainsFunc(fields, func(f string) bool { return told[f] == "" || utf8.RuneCountInString(told[f]) >= maxIdentity }):
		return o, NotTold
	}
	m, why := e.message(at, v, hosts)
	if why != "" {
		return o, Refusal(why)
	}
	return order{where: m.method + " " + shownURL(at, m.target), message: m}, ""
}

// neededToRevoke returns the names of the parts that a request needs, "" for the secret, and those of what the provider must tell.
func neededToRevoke(q *rules.Request) (needed, fields []string) {
	for _, name := range q.Values() {
		if field, ok := rules.IdentityValue(name); ok {
			fields = append(fields, field)
		} else {
			needed = append(needed, name)
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
		ctx, cancel := context.WithTimeout(e.ctx, e.o.requestTimeout)
		defer cancel()
		return sent, o.revoker.Revoke(ctx, o.probe)
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
