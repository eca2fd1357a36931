package verify

import (
	"context"
	"net/http"
	"net/url"
	"strings"
)

// Revocation implements Revoker: a token revokes itself, and with it its children and leases
// (https://developer.hashicorp.com/vault/api-docs/auth/token#revoke-a-token-self). Batch tokens cannot be revoked
// (https://developer.hashicorp.com/vault/docs/concepts/tokens#batch-tokens).
func (vault) Revocation(p *Probe) (where string, targets []Target, no Refusal) {
	if strings.HasPrefix(p.Secret, "hvb.") || strings.HasPrefix(p.Secret, "b.") {
		return "", nil, NoRevoker
	}
	targets, ok := vault{}.Targets(p)
	switch {
	case !ok:
		return "", nil, Refusal(PartMissing)
	case len(targets) > 1:
		return "", nil, SeveralPlaces
	}
	return http.MethodPost + " " + vaultRevoke(p), targets, ""
}

func vaultRevoke(p *Probe) string {
	servers, _ := vaultServers(p)
	public := url.URL{Scheme: servers[0].Scheme, Host: servers[0].Host, Path: servers[0].Path}
	return vaultAPI(&public, "auth/token/revoke-self")
}

// Revoke implements Revoker. The answer is 204.
func (vault) Revoke(ctx context.Context, p *Probe) Refusal {
	h, ok := vaultHeader(p, p.Secret)
	if !ok {
		return Refusal(Unsendable)
	}
	r, a := p.send(ctx, http.MethodPost, vaultRevoke(p), h, "")
	switch {
	case r == nil:
		return Refusal(a.Reason)
	case r.status == http.StatusNoContent:
		return ""
	}
	return NotAccepted
}
