package detectors

import (
	"fmt"
	"testing"
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
