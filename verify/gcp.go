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
	"net/http"
	"net/url"
	"strings"
	"time"
)

// gcp asks Google for an access token in the name of a service account (RFC 7523, section 2.1;
// https://developers.google.com/identity/protocols/oauth2/service-account). The request is signed by the private key, which is not sent; the
// part "email" names the account. The token may read the account's address only, and is dropped.
//
// A key is active if it gets a token, while a made-up key does not. It is inactive if Google does not take its signature: the key is
// deleted, disabled or expired then, or the account's other keys are meant. That the account is the key's own is known as both stand
// in one document.
type gcp struct{}

const (
	gcpHost  = "oauth2.googleapis.com"
	gcpToken = "https://" + gcpHost + "/token"
)

// Targets implements Protocol.
func (gcp) Targets(p *Probe) ([]Target, bool) {
	return []Target{{Scheme: "https", Host: gcpHost, Port: "443"}}, p.Parts["email"] != "" && gcpKey(p.Secret) != nil
}

// Verify implements Protocol.
func (gcp) Verify(ctx context.Context, p *Probe) Answer {
	madeUp, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return unknown(VerifierFailed)
	}
	switch a := gcpAsk(ctx, p, madeUp); {
	case a.Status == Active:
		return unknown(AcceptsAny)
	case a.Reason.Passing():
		return a
	}
	return gcpAsk(ctx, p, gcpKey(p.Secret))
}

// gcpKey reads the private key of a document of JSON, in which line feeds may be escaped. It is nil if there is none.
func gcpKey(text string) *rsa.PrivateKey {
	text = strings.NewReplacer(`\n`, "\n", `\u003d`, "=", `\u003D`, "=", `\/`, "/").Replace(text)
	block, _ := pem.Decode([]byte(strings.TrimSpace(text) + "\n"))
	if block == nil {
		return nil
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil
	}
	private, _ := key.(*rsa.PrivateKey)
	return private
}

// gcpAssertion returns a JSON Web Token for a minute, signed by the key (RFC 7518, section 3.3).
func gcpAssertion(email, scope string, key *rsa.PrivateKey, now time.Time) (string, error) {
	claims, err := json.Marshal(map[string]any{"iss": email, "scope": scope, "aud": gcpToken,
		"iat": now.Unix(), "exp": now.Add(time.Minute).Unix()})
	if err != nil {
		return "", err
	}
	text := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + base64.RawURLEncoding.EncodeToString(claims)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	return text + "." + base64.RawURLEncoding.EncodeToString(signature), err
}

// gcpReply is what Google answers (RFC 6749, sections 5.1 and 5.2).
type gcpReply struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

// gcpAsk asks with a key.
func gcpAsk(ctx context.Context, p *Probe, key *rsa.PrivateKey) Answer {
	_, a := gcpGrant(ctx, p, key, "https://www.googleapis.com/auth/userinfo.email")
	return a
}

// gcpGrant asks for an access token of a scope (https://developers.google.com/identity/protocols/oauth2/scopes). There is one only if the
// answer is active.
func gcpGrant(ctx context.Context, p *Probe, key *rsa.PrivateKey, scope string) (token string, a Answer) {
	email := p.Parts["email"]
	assertion, err := gcpAssertion(email, scope, key, time.Now())
	if err != nil {
		return "", unknown(VerifierFailed)
	}
	form := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {assertion}}.Encode()
	r, a := p.send(ctx, http.MethodPost, gcpToken, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, form)
	if r == nil {
		return "", a
	}
	var reply gcpReply
	if r.cut || json.Unmarshal(r.body, &reply) != nil {
		return "", unknown(Unclear)
	}
	switch {
	case r.status == http.StatusOK && reply.AccessToken != "" && strings.EqualFold(reply.TokenType, "Bearer") && reply.Error == "":
		return reply.AccessToken, Answer{Status: Active, Identity: map[string]string{"email": email}}
	case r.status == http.StatusBadRequest && reply.Error == "invalid_grant" && strings.HasPrefix(reply.Description, "Invalid JWT Signature"):
		return "", Answer{Status: Inactive}
	}
	return "", unknown(Unclear)
}
