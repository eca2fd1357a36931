package detectors

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"
)

func passesCheck(t *testing.T, name, token string) bool {
	t.Helper()
	c, ok := checkFor(name)
	if !ok {
		t.Fatalf("no check %s", name)
	}
	return c.verify([]byte(token))
}

// The first key pair of RFC 8032, 7.1.
func TestKeyPairVector(t *testing.T) {
	seed := "9d61b19deffd5a60ba844af492ec2cc4" + "4449c5697b326919703bac031cae7f60"
	public := "d75a980182b10ab7d54bfed3c964073a" + "0ee172f3daa62325af021a68f707511a"
	pair, err := hex.DecodeString(seed + public)
	if err != nil {
		t.Fatal(err)
	}
	if !passesCheck(t, "ed25519-pair", base64.StdEncoding.EncodeToString(pair)) {
		t.Error("the pair of RFC 8032 fails")
	}
	pair[40] ^= 1
	if passesCheck(t, "ed25519-pair", base64.StdEncoding.EncodeToString(pair)) {
		t.Error("another public key passes")
	}
}

func TestEncodedForms(t *testing.T) {
	encode := base64.StdEncoding.EncodeToString
	id, key := strings.Repeat("aB3_-", 4), strings.Repeat("Xy", 11)
	uuid := "01234567-89ab-cdef-0123-456789abcdef"
	asaas := strings.Repeat("0f", 16) + "::" + uuid + "::$aach_" + uuid
	for _, tt := range []struct {
		name, check, token string
		want               bool
	}{
		{"id and key", "elastic", encode([]byte(id + ":" + key)), true},
		{"no colon", "elastic", encode([]byte(id + "." + key)), false},
		{"short id", "elastic", encode([]byte(id[1:] + ":" + key + "z")), false},
		{"host", "clerk-publishable", "pk_test_" + encode([]byte("happy-cat-12.clerk.accounts.dev$")), true},
		{"no dollar", "clerk-publishable", "pk_test_" + encode([]byte("happy-cat-12.clerk.accounts.dev")), false},
		{"no host", "clerk-publishable", "pk_test_" + encode([]byte("Zr7^ok$")), false},
		{"older key", "asaas", "$aact_" + encode([]byte(asaas)), true},
		{"production", "asaas", "$aact_prod_000" + encode([]byte(asaas)), true},
		{"without dollar", "asaas", "aact_prod_000" + encode([]byte(asaas)), true},
		{"other content", "asaas", "$aact_" + encode([]byte(strings.Replace(asaas, "aach", "aacx", 1))), false},
		{"other lead", "asaas", "$aact_prod_001" + encode([]byte(asaas)), false},
	} {
		if got := passesCheck(t, tt.check, tt.token); got != tt.want {
			t.Errorf("%s: %s is %v, want %v", tt.check, tt.name, got, tt.want)
		}
	}
}

func TestIssuedTokens(t *testing.T) {
	token := func(header, payload string) string {
		encode := base64.RawURLEncoding.EncodeToString
		return encode([]byte(header)) + "." + encode([]byte(payload)) + "." + strings.Repeat("A", 43)
	}
	rs256 := `{"alg":"RS256","typ":"JWT"}`
	for _, tt := range []struct {
		check, header, payload string
		want                   bool
	}{
		{"jwt-temporal", rs256, `{"account_id":"a1b2c","aud":["temporal.io"],"key_id":"k","exp":1800000000}`, true},
		{"jwt-temporal", rs256, `{"account_id":"a1b2c","aud":["temporal.example"],"key_id":"k"}`, false},
		{"jwt-temporal", rs256, `{"aud":["temporal.io"],"key_id":"k"}`, false},
		{"jwt-twilio", `{"alg":"HS256","cty":"twilio-fpa;v=1","typ":"JWT"}`, `{"iss":"SK00","sub":"AC00","jti":"SK00-1","grants":{}}`, true},
		{"jwt-twilio", `{"alg":"HS256","cty":"JWT","typ":"JWT"}`, `{"iss":"SK00","sub":"AC00"}`, false},
		{"jwt-twilio", `{"alg":"HS256","cty":"twilio-fpa;v=1"}`, `{"iss":"AC00","sub":"SK00"}`, false},
		{"jwt-calendly", rs256, `{"iss":"https://auth.calendly.com","iat":1,"user_uuid":"u"}`, true},
		{"jwt-calendly", rs256, `{"iss":"https://auth.example.com","user_uuid":"u"}`, false},
		{"jwt-calendly", rs256, `{"iss":"https://auth.calendly.com"}`, false},
		{"jwt-argocd", rs256, `{"iss":"argocd","sub":"ci:apiKey"}`, true},
		{"jwt-argocd", rs256, `{"iss":"argocd-proxy","sub":"ci"}`, false},
		{"jwt-auth0-management", rs256, `{"iss":"https://a.auth0.com/","aud":"https://a.auth0.com/api/v2/","gty":"client-credentials"}`, true},
		{"jwt-auth0-management", rs256, `{"iss":"https://a.auth0.com/","aud":["https://a.auth0.com/api/v2/"],"gty":"x"}`, true},
		{"jwt-auth0-management", rs256, `{"iss":"https://a.auth0.com/","aud":"https://b.auth0.com/api/v2/","gty":"x"}`, false},
		{"jwt-adobe-access", `{"alg":"RS256","x5u":"ims_na1-key-at-1.cer"}`, `{"type":"access_token"}`, true},
		{"jwt-adobe-access", rs256, `{"type":"access_token"}`, false},
		{"jwt-adobe-other", `{"alg":"RS256","x5u":"ims_na1-key-at-1.cer"}`, `{"type":"access_token"}`, false},
		{"jwt-adobe-other", `{"alg":"RS256","x5u":"ims_na1-key-at-1.cer"}`, `{"type":"device_token"}`, true},
		{"jwt-1password-events", rs256, `{"1password.com/ftr":["signinattempts"],"iss":"com.1password.b5"}`, true},
		{"jwt-1password-events", rs256, `{"iss":"com.1password.b5"}`, false},
		{"jwt-1password-connect", rs256, `{"1password.com/auuid":"A","1password.com/token":"B","aud":["com.1password.connect"]}`, true},
		{"jwt-atlassian-connect", rs256, `{"iss":"a","qsh":"b"}`, true},
		{"jwt-cloudconvert", rs256, `{"aud":"1","jti":"2","sub":"3","scopes":["task.read"]}`, true},
		{"jwt-cloudconvert", rs256, `{"aud":"1","jti":"2","sub":"3"}`, false},
	} {
		if got := passesCheck(t, tt.check, token(tt.header, tt.payload)); got != tt.want {
			t.Errorf("%s: %s %s is %v, want %v", tt.check, tt.header, tt.payload, got, tt.want)
		}
	}
}
