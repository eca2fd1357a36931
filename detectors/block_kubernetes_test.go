package detectors

import (
	"fmt"
	"testing"

	"mudlark/rules"
)

func TestScalarOf(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`plain # and a comment`, `plain`},
		{`pl#ain`, `pl#ain`},
		{`"quoted" # and a comment`, `quoted`},
		{`"quoted",`, `quoted`},
		{`"quoted`, `quoted`},
		{`"a \"word\" in it" # "more"`, `a \"word\" in it`},
		{`'it''s' # it's`, `it''s`},
		{`""`, ``},
		{`\"quoted\" # and a comment`, `quoted`},
		{`\\\"quoted`, `quoted`},
		{`\`, `\`},
	} {
		value, quoted := scalarOf([]byte(c.text))
		if string(value) != c.want || c.text[quoted:quoted+len(value)] != c.want {
			t.Errorf("%s: %q at %d, want %q", c.text, value, quoted, c.want)
		}
	}
}

// A value ends where its quotes do: what follows on the line is none of it.
func TestKubernetesComments(t *testing.T) {
	const letters = "bcdfghjkmnpqrstvwxz0123456789BCDFGHJKLMNPQRSTVWXZ"
	rnd, secret := named(t.Name()), ""
	for range 24 {
		secret += string(letters[rnd.IntN(len(letters))])
	}
	manifest := "apiVersion: v1\nkind: Secret\nstringData:\n  insecure: \"true\" # Skips the check. Defaults to \"false\"\n  key: %s\n"
	for _, value := range []string{`"` + secret + `" # from the console`, secret + " # from the console", "'" + secret + "'"} {
		var found []string
		for _, m := range scanWith(t, "kubernetes-secret-value", fmt.Sprintf(manifest, value)) {
			found = append(found, string(m.Secret))
		}
		if len(found) != 1 || found[0] != secret {
			t.Errorf("%q: %q", value, found)
		}
	}
}

// Charts put all settings of an account into a Secret: regions, names, times, and what is to be filled in.
func TestKubernetesSettings(t *testing.T) {
	const manifest = "kind: Secret\nstringData:\n  %s: %s\n"
	secret := string(randomOf(named(t.Name()), digits62, 24))
	for _, pair := range [][2]string{{"key", secret}, {"password", secret}, {"client_secret", secret}, {"data-1", secret}, {"funnier", "this is a password"}, {"answer", "a phrase that opens it"}} {
		if got := scanWith(t, "kubernetes-secret-value", fmt.Sprintf(manifest, pair[0], pair[1])); len(got) != 1 || got[0].Confidence == rules.Low {
			t.Errorf("%s: %s", pair, describe(got))
		}
	}
	for _, pair := range [][2]string{{"AWS_REGION", "xx-east-1"}, {"project", "my-project1"}, {"admin.passwordMtime", "2019-03-20T17:54:53Z"}, {"client_id", "my-oauth-client-ID"},
		{"key", "fill in the key"}, {"name", "istio.io"}, {"username", "u7-x9k2"}, {"debug", "false"}, {"my_key", "my_value"},
		{"listen", "0.0.0.0:8888"}, {"tls.crt", secret}, {"accessType", "# gcp or azure_ad"}, {"token", "**access token goes here**"},
		{"password", "the password of the account"}, {"token", "my-token"}} {
		for _, m := range scanWith(t, "kubernetes-secret-value", fmt.Sprintf(manifest, pair[0], pair[1])) {
			if m.Confidence != rules.Low {
				t.Errorf("%s: %s", pair, m.Secret)
			}
		}
		json := fmt.Sprintf("{\"kind\": \"Secret\", \"stringData\": {\"%s\": \"%s\", \"x\": \"%s\"}}", pair[0], pair[1], secret)
		for _, m := range scanWith(t, "kubernetes-secret-value", json) {
			if m.Confidence != rules.Low && string(m.Secret) != secret {
				t.Errorf("%s: %s", json, m.Secret)
			}
		}
	}
}

// Words of other scripts are written by their numbers in translations.
func TestEscapedTextIsNoPassword(t *testing.T) {
	if got := scanWith(t, "generic-password", `"password": "\u5bc6\u7801\u5bc6",`); len(got) > 0 {
		t.Errorf("%q", got[0].Secret)
	}
}

func TestDigestOfWheels(t *testing.T) {
	text := []byte("contentful/client.py,sha256=0_-abc,6674")
	if at := len("contentful/client.py,sha256="); !inDigest(text, at, at+6) {
		t.Error("the value behind sha256= is a hash")
	}
}

// scanWith returns what the rule of that id, alone, finds in a text.
func scanWith(t *testing.T, id, text string) []Match {
	t.Helper()
	for _, r := range catalogue(t) {
		if r.ID == id {
			return scannerFor(t, r).Scan([]byte(text)).Matches
		}
	}
	t.Fatalf("there is no rule %s", id)
	return nil
}
