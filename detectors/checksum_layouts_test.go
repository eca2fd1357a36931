package detectors

import (
	"encoding/base64"
	"strings"
	"testing"
)

// Tokens made by hand, as the providers describe them, and the same with one thing wrong.
func TestEncodedLayouts(t *testing.T) {
	std, raw := base64.StdEncoding.EncodeToString, base64.RawURLEncoding.EncodeToString
	jwt := func(header, payload string) string {
		return raw([]byte(header)) + "." + raw([]byte(payload)) + "." + strings.Repeat("s", 43)
	}
	const head = `{"alg":"HS256","typ":"JWT"}`
	tests := []struct{ name, right, wrong string }{
		{"intercom", std([]byte("tok:0a1b2c3d_4e5f_6071_8293_a4b5c6d7e8f9:1:0")), std([]byte("tok:0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9:1:0"))},
		{"jfrog-reference", std([]byte("reftkn:01:1767225600:aB3" + strings.Repeat("x9Y", 8))), std([]byte("reftkn:01:176722560:aB34" + strings.Repeat("x9Y", 8)))},
		{"nvidia-ngc", std([]byte(strings.Repeat("k3", 13) + ":0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9")), std([]byte(strings.Repeat("k3", 13) + ".0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"))},
		{"mapbox", "sk." + raw([]byte(`{"u":"someone","a":"ck0123456789abc"}`)) + "." + strings.Repeat("s", 22), "sk." + raw([]byte(`{"x":"someone","b":"ck0123456789abc"}`)) + "." + strings.Repeat("s", 22)},
		{"jwt", "acme_" + jwt(head, `{"sub":"7"}`), "acme_" + jwt(`{"typ":"JWT"}`, `{"sub":"7"}`)},
		{"jwt", jwt(head, `{"sub":"7"}`), "acme" + jwt(head, `{"sub":"7"}`)},
		{"1password-service", "ops_" + raw([]byte(`{"email":"a@b","secretKey":"A3-","signInAddress":"x"}`)), "ops_" + raw([]byte(`{"email":"a@b","secretKey":"A3-"}`))},
		{"snyk", "snyk_uat.0a1b2c3d." + raw([]byte(`{"e":1,"h":"snyk.io","j":"x"}`)) + ".s", "snyk_uat." + raw([]byte(`{"e":1,"j":"x"}`)) + ".0a1b2c3d.s"},
		{"tinybird", "p." + raw([]byte(`{"u": "x", "id": "y"}`)) + ".s", "p." + raw([]byte(`{"u": "x"}`)) + ".s"},
		{"jwt-jfrog", jwt(head, `{"sub":"me","iss":"jfrt@01abc"}`), jwt(head, `{"sub":"jfrt@me","iss":"other"}`)},
		{"jwt-monday", jwt(head, `{"tid":123,"aai":11,"uid":7,"iad":"2024","per":"me:write","actid":9,"rgn":"use1"}`), jwt(head, `{"tid":123,"uid":7,"rgn":"use1"}`)},
		{"jwt-n8n", jwt(head, `{"sub":"7","iss":"n8n","aud":"public-api","iat":1}`), jwt(head, `{"sub":"7","iss":"n8n","aud":"internal","iat":1}`)},
		{"jwt-palantir", jwt(`{"plntr":"x","alg":"ES256"}`, `{"sub":"7"}`), jwt(head, `{"sub":"7","plntr":"x"}`)},
	}
	for _, tt := range tests {
		c, ok := checkFor(tt.name)
		if !ok {
			t.Fatalf("%s is not known", tt.name)
		}
		if !c.verify([]byte(tt.right)) {
			t.Errorf("%s: the right token fails", tt.name)
		}
		if c.verify([]byte(tt.wrong)) {
			t.Errorf("%s: the wrong token passes", tt.name)
		}
	}
}
