package detectors

import (
	"encoding/base64"
	"testing"
)

// TestChecksumIssuers writes the claims as the issuers document them, and others that resemble them.
func TestChecksumIssuers(t *testing.T) {
	tests := []struct {
		name, payload string
		want          bool
	}{
		{"jwt-front", `{"scopes": ["*"], "iat": 1700000000, "iss": "front", "sub": "acme"}`, true},
		{"jwt-front", `{"iss": "frontend", "scopes": ["*"]}`, false},
		{"jwt-front", `{"iss": 7, "aud": "front"}`, false},
		{"jwt-kubernetes", `{"iss":"kubernetes/serviceaccount","kubernetes.io/serviceaccount/namespace":"default"}`, true},
		{"jwt-kubernetes", `{"iss":"https://cluster.local","kubernetes.io":{"namespace":"default"}}`, true},
		{"jwt-kubernetes", `{"iss":"https://cluster.local","kubernetes":{"namespace":"default"}}`, false},
		{"jwt-entra", `{"iss":"https://sts.windows.net/11111111-2222-3333-4444-555555555555/","aud":"https://graph.microsoft.com"}`, true},
		{"jwt-entra", `{"iss":"https://login.microsoftonline.us/11111111-2222-3333-4444-555555555555/v2.0"}`, true},
		{"jwt-entra", `{"iss":"https://login.microsoftonline.com.evil.net/"}`, false},
	}
	encode := base64.RawURLEncoding.EncodeToString
	for _, tt := range tests {
		token := encode([]byte(`{"typ":"JWT","alg":"RS256"}`)) + "." + encode([]byte(tt.payload)) + "." + encode(make([]byte, 32))
		if c, _ := checkFor(tt.name); c.verify([]byte(token)) != tt.want {
			t.Errorf("%s: %s gives %v", tt.name, tt.payload, !tt.want)
		}
	}
}
