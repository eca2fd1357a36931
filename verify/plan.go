package verify

import (
	"cmp"
	"net"
	"slices"
	"strings"
)

// Planned is a request that would be sent, or the reason for which some secrets are not asked about.
type Planned struct {
	Rule    string   `json:"rule"`
	Method  string   `json:"method,omitempty"`  // of HTTP, else the protocol
	URL     string   `json:"url,omitempty"`     // with placeholders for what is secret
	Headers []string `json:"headers,omitempty"` // names
	Effect  string   `json:"effect,omitempty"`
	Status  Status   `json:"status,omitempty"` // of what is not asked about
	Reason  Reason   `json:"reason,omitempty"`
	Secrets int      `json:"secrets"`
}

// Plan says what Verify would send for credentials, and sends nothing. Names that have no public address are found out about by
// asking only.
func (e *Engine) Plan(list []Credential) []Planned {
	counts := map[string]*Planned{}
	for i := range list {
		seen := map[string]bool{}
		for _, p := range e.planFor(&list[i]) {
			key := strings.Join([]string{p.Rule, p.Method, p.URL, string(p.Status), string(p.Reason)}, "\x00")
			if counts[key] == nil {
				counts[key] = &p
			}
			if !seen[key] {
				seen[key] = true
				counts[key].Secrets++
			}
		}
	}
	out := make([]Planned, 0, len(counts))
	for _, p := range counts {
		out = append(out, *p)
	}
	slices.SortFunc(out, func(a, b Planned) int {
		return cmp.Or(cmp.Compare(a.Status, b.Status), cmp.Compare(a.URL, b.URL), cmp.Compare(a.Method, b.Method), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Reason, b.Reason))
	})
	return out
}

// planFor plans one credential.
func (e *Engine) planFor(c *Credential) []Planned {
	p, status, reason := e.prepare(c)
	if status != "" {
		return []Planned{{Rule: c.Rule.ID, Status: status, Reason: reason}}
	}
	var out []Planned
	for _, v := range p.choices.list {
		if p.verify.Protocol != "" {
			out = append(out, e.planProtocol(v)...)
			continue
		}
		for _, at := range e.candidates(p.verify) {
			out = append(out, e.planRequest(at, v))
		}
	}
	return out
}

// planRequest describes one request.
func (e *Engine) planRequest(at candidate, v *values) Planned {
	m, why := e.message(at, v, v.rule.Verify.Hosts)
	if why != "" {
		return Planned{Rule: v.rule.ID, Status: Skipped, Reason: why}
	}
	p := Planned{Rule: v.rule.ID, Method: m.method, Effect: v.rule.Verify.Effect}
	for _, h := range m.headers {
		p.Headers = append(p.Headers, h[0])
	}
	p.URL = shownURL(at, m.target)
	return p
}

// shownURL returns a URL with the host that is meant and the placeholders of the rest.
func shownURL(at candidate, t target) string {
	scheme, _, rest := at.request.URL.Authority()
	if scheme == "" {
		rest = at.request.URL[1:]
	}
	base := t.url.Scheme + "://" + t.url.Host
	if at.endpoint != nil {
		base += ownBase(at.endpoint, rest.String())
	}
	if scheme == "" {
		base += "/…"
	}
	return base + rest.String()
}

// planProtocol describes what a protocol connects to.
func (e *Engine) planProtocol(v *values) []Planned {
	name := v.rule.Verify.Protocol
	targets, ok := e.o.protocols[name].Targets(e.probe(v))
	if b, is := e.o.protocols[name].(byScheme); is {
		name = b.protocolOf(v.secret)
	}
	if !ok {
		return []Planned{{Rule: v.rule.ID, Status: Skipped, Reason: PartMissing}}
	}
	if len(targets) == 0 {
		return []Planned{{Rule: v.rule.ID, Method: name, URL: "offline"}}
	}
	var out []Planned
	for _, t := range targets {
		if why := e.checkTarget(t, v.rule.Verify.Hosts); why != "" {
			out = append(out, Planned{Rule: v.rule.ID, Status: Skipped, Reason: why})
			continue
		}
		out = append(out, Planned{Rule: v.rule.ID, Method: name, URL: t.Scheme + "://" + net.JoinHostPort(t.Host, t.Port), Effect: v.rule.Verify.Effect})
	}
	return out
}
