package verify

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// gcpSigned reports whether a request is documented, for the account, and signed by the key.
func gcpSigned(r *http.Request, email string, key *rsa.PrivateKey) bool {
	if r.ParseForm() != nil || r.Method != "POST" || r.Host != "oauth2.googleapis.com" || r.URL.Path != "/token" || r.Form.Get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" {
		return false
	}
	parts := strings.Split(r.Form.Get("assertion"), ".")
	if len(parts) != 3 {
		return false
	}
	text, _ := base64.RawURLEncoding.DecodeString(parts[1])
	var claims struct {
		Iss, Scope, Aud string
		Iat, Exp        int64
	}
	if json.Unmarshal(text, &claims) != nil || claims.Iss != email || claims.Aud != "https://oauth2.googleapis.com/token" || claims.Scope == "" ||
		claims.Exp-claims.Iat > 3600 || claims.Exp < time.Now().Unix() {
		return false
	}
	signature, _ := base64.RawURLEncoding.DecodeString(parts[2])
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	return rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA256, sum[:], signature) == nil
}

// Google's answers, each to the request that it documents.
func TestGCP(t *testing.T) {
	t.Parallel()
	r := protocolRule(t, "gcp", "email")
	r.Parts[0].Public = true
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, _ := x509.MarshalPKCS8PrivateKey(key)
	text := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	const email = "app@acme-1.iam.gserviceaccount.example"
	const yes = `{"access_token":"x","expires_in":3599,"token_type":"Bearer"}`
	const bad = `{"error":"invalid_grant","error_description":"Invalid JWT Signature."}`
	for _, tt := range []struct {
		name, secret string
		status       int
		body         string
		always       bool
		want         Status
		reason       Reason
	}{
		{"active", text, 200, yes, false, Active, ""},
		{"escaped", strings.ReplaceAll(text, "\n", `\n`), 200, yes, false, Active, ""},
		{"dead", text, 400, bad, false, Inactive, ""},
		{"accepts any", text, 200, yes, true, Unknown, AcceptsAny},
		{"the clock is wrong", text, 400, `{"error":"invalid_grant","error_description":"Invalid JWT: Token must be a short-lived token"}`, false, Unknown, Unclear},
		{"not allowed", text, 400, `{"error":"unauthorized_client","error_description":"Invalid JWT Signature."}`, false, Unknown, Unclear},
		{"another status", text, 403, bad, false, Unknown, Unclear},
		{"no token", text, 200, `{"token_type":"Bearer"}`, false, Unknown, Unclear},
		{"limited", text, 429, yes, false, Unknown, RateLimited},
		{"failure", text, 500, yes, false, Unknown, ServerError},
		{"redirect", text, 302, yes, false, Unknown, Redirected},
		{"page", text, 200, "<!DOCTYPE html><html>" + yes, false, Unknown, WebPage},
		{"cut", text, 200, yes[:20], false, Unknown, Unclear},
		{"no key", "nothing", 200, yes, true, Skipped, PartMissing},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if tt.always || gcpSigned(r, email, key) {
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, tt.body)
				return
			}
			w.WriteHeader(400)
			_, _ = io.WriteString(w, bad)
		}))
		o := Options{Rate: 1e6, requestTimeout: 20 * time.Second, backOff: time.Millisecond, dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, network, server.Listener.Addr().String())
		}}
		c := Credential{Rule: r, Secret: tt.secret, Parts: map[string][]string{"email": {email}}}
		v := verdicts(t, o, c)[0]
		if v.Status != tt.want || v.Reason != tt.reason {
			t.Errorf("%s: %s (%s), want %s (%s)", tt.name, v.Status, v.Reason, tt.want, tt.reason)
		}
		if tt.want == Active && v.Identity["email"] != email {
			t.Errorf("identity %q", v.Identity)
		}
		c.Parts = nil
		check(t, verdicts(t, o, c)[0], Skipped, PartMissing)
		server.Close()
	}
}
