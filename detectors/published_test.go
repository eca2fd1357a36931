package detectors

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"

	"mudlark/rules"
)

// Examples that everybody copies are at low confidence; one character more or less is no example.
func TestPublishedExamplesAreLow(t *testing.T) {
	join := func(parts ...string) string { return strings.Join(parts, "") }
	encode := base64.RawURLEncoding.EncodeToString
	unsigned := encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encode([]byte(`{"sub":"1234567890","name":"John Doe","iat":1516239022}`))
	sign := hmac.New(sha256.New, []byte("your-256-bit-secret"))
	sign.Write([]byte(unsigned))
	e := builtinEngine(t)
	for _, c := range []struct{ before, value, behind string }{
		{"oauth_token_secret=\"", join("pfkk", "dhi9", "sl3r", "4s00"), "\""},
		{"oauth_token = '", join("kkk9", "d7dh", "3k39", "sjv7"), "'"},
		{"\"access_token\":\"", join("2Yot", "nFZF", "Ejr1", "zCsi", "cMWp", "AA"), "\""},
		{"\"refresh_token\": \"", join("tGzv", "3JOk", "F0XG", "5Qx2", "TlKW", "IA"), "\""},
		{"Authorization: Basic ", base64.StdEncoding.EncodeToString([]byte("Aladdin:open sesame")), "\n"},
		{"token: ", unsigned + "." + encode(sign.Sum(nil)), "\n"},
	} {
		other := c.value[:len(c.value)-3] + "x" + c.value[len(c.value)-2:]
		for _, v := range []string{c.value, other} {
			for _, m := range e.NewScanner().Scan([]byte(c.before + v + c.behind)).Matches {
				if low := m.Confidence == rules.Low; string(m.Secret) == v && low != isPublished([]byte(v)) {
					t.Errorf("%s…: %s is %s", c.before, m.Rule.ID, m.Confidence)
				}
			}
		}
		if !isPublished([]byte(c.value)) || isPublished([]byte(other)) {
			t.Errorf("%s…: published %v, another one %v", c.before, isPublished([]byte(c.value)), isPublished([]byte(other)))
		}
	}
}
