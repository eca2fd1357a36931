package verify

import "context"

// byScheme asks about URLs of any kind by the protocol that it names for their scheme. Other schemes nobody is asked about.
type byScheme map[string]string

// supporter is a Protocol that does not know about all credentials of its rules.
type supporter interface {
	supports(secret string) bool
}

// protocolOf returns the name of the protocol for a URL, or "".
func (b byScheme) protocolOf(secret string) string {
	l, _ := parseLogin(secret)
	return b[l.scheme]
}

// supports implements supporter. A URL that does not parse is for Targets to refuse.
func (b byScheme) supports(secret string) bool {
	_, ok := parseLogin(secret)
	return !ok || b.protocolOf(secret) != ""
}

// Targets implements Protocol.
func (b byScheme) Targets(p *Probe) ([]Target, bool) {
	proto := protocols()[b.protocolOf(p.Secret)]
	if proto == nil {
		return nil, false
	}
	return proto.Targets(p)
}

// Verify implements Protocol.
func (b byScheme) Verify(ctx context.Context, p *Probe) Answer {
	return protocols()[b.protocolOf(p.Secret)].Verify(ctx, p)
}
