package detectors

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"mudlark/rules"
)

func builtinEngine(t testing.TB) *Engine {
	t.Helper()
	set, err := rules.Builtin(Vocabulary())
	if err != nil {
		t.Fatal(err)
	}
	e, err := New(set, DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// made returns a secret of a built-in rule that holds one of the characters.
func made(t *testing.T, e *Engine, id, chars string) string {
	t.Helper()
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, r := range e.Rules() {
		for range 100 {
			if r.ID != id {
				break
			}
			if _, secret := Generate(rnd, r); chars == "" || strings.ContainsAny(string(secret), chars) {
				return string(secret)
			}
		}
	}
	t.Fatalf("no secret of %s was made", id)
	return ""
}

func wrapped(text, feed string) string {
	b := base64.StdEncoding.EncodeToString([]byte("# settings of the service, all of them in one file\n" + text + "\n# the end\n"))
	var out strings.Builder
	for ; len(b) > 60; b = b[60:] {
		out.WriteString(b[:60] + feed)
	}
	return out.String() + b + feed
}

// Each text holds one secret in a writing that real files have.
func TestWritings(t *testing.T) {
	e := builtinEngine(t)
	db, hook, key := made(t, e, "postgres-uri", ""), made(t, e, "slack-incoming-webhook", ""), made(t, e, "datadog-api-key", "")
	token, storage := made(t, e, "github-pat-classic", ""), made(t, e, "azure-storage-account-key-legacy", "=")
	slashes := func(s string) string { return strings.ReplaceAll(s, "/", `\/`) }
	for _, c := range []struct{ name, rule, secret, text string }{
		{"JSON with escaped slashes", "postgres-uri", db, `{"url":"` + slashes(db) + `\/main"}`},
		{"JSON with escaped slashes, a webhook", "slack-incoming-webhook", hook, `{"hook":"` + slashes(hook) + `"}`},
		{"escaped slashes in a string in a string", "slack-incoming-webhook", hook, `{"a":"{\"hook\":\"` + strings.ReplaceAll(hook, "/", `\\\/`) + `\"}"}`},
		{"properties", "postgres-uri", db, "db.url=" + strings.ReplaceAll(db, ":", `\:`) + "/main\n"},
		{"URL behind an escaped line feed", "postgres-uri", db, `{"run":"set -e\n` + db + `/main\nexit"}`},
		{"URL behind a colour", "postgres-uri", db, "url \x1b[1;33m" + db + "/main\x1b[0m\n"},
		{"URL in a patch", "postgres-uri", db, "@@ -1 +1 @@\n+" + db + "/main\n"},
		{"word before a colour", "datadog-api-key", key, "DD_API_KEY=\x1b[1;31m" + key + "\x1b[0m\n"},
		{"base64 in lines in JSON", "github-pat-classic", token, `{"content":"` + wrapped("T="+token, `\n`) + `"}`},
		{"base64 in lines in JSON in JSON", "github-pat-classic", token, `{"a":"{\"content\":\"` + wrapped("T="+token, `\\r\\n`) + `\"}"}`},
		{"name plain, value in base64", "datadog-api-key", key, "data:\n  DD_API_KEY: " + base64.StdEncoding.EncodeToString([]byte(key)) + "\n"},
		{"name plain, value escaped", "azure-storage-account-key-legacy", storage, `{"storage_account_key":"` + strings.ReplaceAll(storage, "=", `\u003d`) + `"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := e.NewScanner().Scan([]byte(c.text)).Matches
			if len(got) != 1 || got[0].Rule.ID != c.rule || string(got[0].Secret) != c.secret {
				t.Errorf("in %q want %s %q once, got %s", c.text, c.rule, c.secret, shownMatches(got))
			}
		})
	}
}

func shownMatches(list []Match) string {
	var b strings.Builder
	for _, m := range list {
		fmt.Fprintf(&b, " %s=%q", m.Rule.ID, m.Secret)
	}
	return b.String()
}

// The word beside an encoded value must be as close as beside a plain one.
func TestNearOutsideEncoding(t *testing.T) {
	e := builtinEngine(t)
	value := base64.StdEncoding.EncodeToString([]byte(made(t, e, "datadog-api-key", "")))
	for _, text := range []string{
		"DD_API_KEY: x\n\n\nother: " + value + "\n",
		"DD_API_KEY: " + strings.Repeat("x ", 100) + value + "\n",
		"var DD_API_KEY; other = " + value + "\n",
		"a = {DD_API_KEY}, other = " + value + "\n",
	} {
		got := slices.DeleteFunc(e.NewScanner().Scan([]byte(text)).Matches, func(m Match) bool { return len(m.Rule.Paths) > 0 })
		if len(got) != 0 {
			t.Errorf("in %q got %s", text, shownMatches(got))
		}
	}
}

// In a table the head names the secrets of all rows, and of several profiles each has its own.
func TestOwnCompanionFirst(t *testing.T) {
	e := builtinEngine(t)
	rnd := rand.New(rand.NewPCG(3, 4))
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567abcdefghijklmnopqrstuvwxyz0189+/"
	random := func(n, of int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = letters[rnd.IntN(of)]
		}
		return string(b)
	}
	ids, secrets := make([]string, 4), make([]string, 4)
	for i := range ids {
		ids[i], secrets[i] = "AKIA"+random(16, 32), random(39, 62)+"7"
	}
	for name, row := range map[string]string{
		"table":           "user,%s,%s\n",
		"profiles":        "[p]\naws_access_key_id = %s\naws_secret_access_key = %s\nregion = eu-west-1\n\n",
		"secret at first": "[p]\naws_secret_access_key = %[2]s\naws_access_key_id = %[1]s\nregion = eu-west-1\n\n",
		"JSON":            `{"AccessKeyId": "%s", "SecretAccessKey": "%s", "Status": "Active"}, `,
	} {
		text := "User,Access key,Secret access key\n"
		for i := range ids {
			text += fmt.Sprintf(row, ids[i], secrets[i])
		}
		got := e.NewScanner().Scan([]byte(text)).Matches
		if len(got) != len(ids) {
			t.Fatalf("%s: got %s", name, shownMatches(got))
		}
		for i, m := range got {
			if string(m.Secret) != ids[i] || len(m.Parts) == 0 || string(m.Parts[0].Secret) != secrets[i] {
				t.Errorf("%s: %q has %s first, want %q", name, m.Secret, shownParts(m), secrets[i])
			}
		}
	}
}

func shownParts(m Match) string {
	var list []string
	for _, p := range m.Parts {
		list = append(list, fmt.Sprintf("%q", p.Secret))
	}
	return strings.Join(list, ", ")
}

// What chance makes of a long run is no text that the decode depth kept from being read.
func TestNoiseIsNotTooDeep(t *testing.T) {
	e := builtinEngine(t)
	for _, unit := range []string{"1", "3", "33", "A", "q7", "0f", "\x00\x31"} {
		text := strings.Repeat(unit, 4097)
		if got := e.NewScanner().Scan([]byte(text)).Problems; len(got) != 0 {
			t.Errorf("%q repeated: got %v", unit, got)
		}
	}
}
