package verify

import "context"

// byScheme asks about URLs of any kind by the protocol that their scheme names. Other schemes nobody is asked about.
type byScheme map[string]Protocol

// supporter is a Protocol that does not know about all credentials of its rules.
type supporter interface {
	supports(secret string) bool
}

// of returns the protocol for a URL, or nil.
func (b byScheme) of(secret string) Protocol {
	l, _ := parseLogin(secret)
	return b[l.scheme]
}

// supports implements supporter. A URL that does not parse is for Targets to refuse.
func (b byScheme) supports(secret string) bool {
	l, ok := parseLogin(secret)
	return !ok || b[l.scheme] != nil
}

// Targets implements Protocol.
func (b byScheme) Targets(p *Probe) ([]Target, bool) {
	proto := b.of(p.Secret)
	if proto == nil {
		return nil, false
	}
	return proto.Targets(p)
}

// Verify implements Protocol.
func (b byScheme) Verify(ctx context.Context, p *Probe) Answer { return b.of(p.Secret).Verify(ctx, p) }
