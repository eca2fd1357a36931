package detectors

import (
	"maps"
	"math/rand/v2"
	"testing"

	"mudlark/rules"
)

// TestDetailsVaultUser: the default templates of Vault's database plugins, with what they say.
func TestDetailsVaultUser(t *testing.T) {
	rnd := rand.New(rand.NewPCG(11, 12))
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789"
	random := string(randomOf(rnd, letters, 20))
	r := &rules.Rule{ID: "vault-dynamic-database-username"}
	for name, want := range map[string]map[string]string{
		"v-token-readonly-" + random + "-1700000000":  {"issued": "2023-11-14T22:13:20Z", "issued to": "token", "role": "readonly"},
		"v-approle-app-rw-" + random + "-1600000000":  {"issued": "2020-09-13T12:26:40Z", "issued to": "approle", "role": "app-rw"},
		"v-token-ci-readonly-" + random + "-17000000": {"issued": "1970-07-16T18:13:20Z", "issued to": "token-ci", "role": "readonly"},
		"v_token_my_role_" + random + "_1700000000":   {"issued": "2023-11-14T22:13:20Z", "issued to": "token", "role": "my_role"},
	} {
		if got := Details(r, []byte(name)); !maps.Equal(got, want) {
			t.Errorf("%s gives %v, want %v", name, got, want)
		}
	}
	if got := Details(&rules.Rule{ID: "jwt"}, []byte(random)); got != nil {
		t.Errorf("another rule gives %v", got)
	}
	set := catalogue(t)
	for _, r := range set {
		if r.ID != "vault-dynamic-database-username" {
			continue
		}
		for range tokens() {
			_, secret := Generate(rnd, r)
			if got := Details(r, secret); got["role"] == "" || got["issued"] == "" {
				t.Errorf("%s gives %v", secret, got)
			}
		}
	}
}
