package verify

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"math"
	"strings"
	"time"
)

// jwt reads the claims of a JSON Web Token offline: the time in exp (RFC 7519, section 4.1.4) is when it ends. What is not over may
// still be revoked, and a signature says only who made it, so nothing is active.
type jwt struct{}

// Targets implements Protocol.
func (jwt) Targets(*Probe) ([]Target, bool) { return nil, true }

// Verify implements Protocol.
func (jwt) Verify(_ context.Context, p *Probe) Answer {
	if end, ok := jwtEnd(p.Secret); ok && !end.After(time.Now()) {
		return Answer{Status: Expired}
	}
	return Answer{Status: Unsupported, Reason: NotProved}
}

// jwtEnd returns when a token expires; ok is false if it does not say.
func jwtEnd(token string) (end time.Time, ok bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return end, false
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return end, false
	}
	var claims struct {
		Exp *float64 `json:"exp"`
	}
	if err := json.Unmarshal(text, &claims); err != nil || claims.Exp == nil || math.Abs(*claims.Exp) > 1<<40 {
		return end, false
	}
	return time.Unix(int64(*claims.Exp), 0), true
}
