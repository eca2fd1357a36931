package detectors

import (
	"encoding/base64"
	"math/rand/v2"
	"testing"
)

// What SOPS has encrypted has names beside random characters, and is no secret.
func TestNearSealed(t *testing.T) {
	s := builtinEngine(t).NewScanner()
	rnd := rand.New(rand.NewPCG(5, 6))
	b64 := func(n int) string { return base64.StdEncoding.EncodeToString(randomBytes(rnd, n)) }
	sealed := func() string {
		return "ENC[AES256_GCM,data:" + b64(30) + ",iv:" + b64(32) + ",tag:" + b64(16) + ",type:str]"
	}
	plain := made(t, builtinEngine(t), "datadog-api-key", "")
	for range 50 {
		for _, name := range []string{"netlify_token", "NETLIFY_AUTH_TOKEN", "mandrill_api_key", "databento_api_key", "portkey_api_key"} {
			text := name + ": " + sealed() + "\n"
			if got := s.Scan([]byte(text)).Matches; len(got) != 0 {
				t.Errorf("in %q got %s", text, shownMatches(got))
			}
		}
		text := "{db: " + sealed() + ", DD_API_KEY: " + plain + ", ports: [80]}\n"
		if got := s.Scan([]byte(text)).Matches; len(got) != 1 || string(got[0].Secret) != plain {
			t.Errorf("in %q got %s", text, shownMatches(got))
		}
	}
}
