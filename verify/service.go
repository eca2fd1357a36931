package verify

import (
	"context"
	"net"
	"strconv"
	"strings"
)

// servers returns what looks up the servers of the target that has a service. They must lie below the same domain as the host itself, as
// for MongoDB (https://www.mongodb.com/docs/manual/reference/connection-string-formats/), and be allowed for themselves.
func (e *Engine) servers(p *Probe, targets []Target) func(context.Context) ([]Target, Answer) {
	return func(ctx context.Context) ([]Target, Answer) {
		for _, t := range targets {
			if t.Service != "" {
				return e.lookUp(ctx, p, t)
			}
		}
		return nil, unknown(VerifierFailed)
	}
}

func (e *Engine) lookUp(ctx context.Context, p *Probe, t Target) ([]Target, Answer) {
	resolver := e.policy.resolver
	if resolver == nil {
		resolver = net.DefaultResolver
	}
	_, records, err := resolver.LookupSRV(ctx, t.Service, "tcp", t.Host)
	if err != nil || len(records) == 0 {
		return nil, unknown(NetworkError)
	}
	_, domain, _ := strings.Cut(t.Host, ".")
	var list []Target
	for _, r := range records {
		s := t
		s.Service, s.Host, s.Port = "", strings.ToLower(strings.TrimSuffix(r.Target, ".")), strconv.Itoa(int(r.Port))
		if !strings.HasSuffix(s.Host, "."+domain) || !strings.Contains(domain, ".") || e.checkTarget(s, p.Rule.Verify.Hosts) != "" {
			continue
		}
		p.allowed[net.JoinHostPort(s.Host, s.Port)] = s
		list = append(list, s)
	}
	if len(list) == 0 {
		return nil, Answer{Status: Skipped, Reason: HostNotAllowed}
	}
	return list, Answer{}
}

// also returns what admits further targets. The rule's own hosts do not count: what a server is told is for nobody else's server.
func (e *Engine) also(p *Probe) func(Target) Reason {
	return func(t Target) Reason {
		t.Text = true
		why := e.checkTarget(t, nil)
		if why == "" {
			p.allowed[net.JoinHostPort(t.Host, t.Port)] = t
		}
		return why
	}
}
