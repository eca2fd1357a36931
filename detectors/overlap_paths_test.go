package detectors

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"mudlark/rules"
)

// TestPathBoundHidesNothing: a rule with conditions on paths takes nothing away where these do not hold, in the text and in what is encoded in
// it; the findings that it is better than say so.
func TestPathBoundHidesNothing(t *testing.T) {
	const config = `
[[rule]]
id         = "here-only"
name       = "x"
format     = "acme_{base62:32}"
paths      = ["only/**"]
severity   = "high"
confidence = "high"

[[rule]]
id         = "somewhere-else"
name       = "x"
format     = "acme_{base62:32}"
paths      = ["other/**"]
severity   = "high"
confidence = "medium"

[[rule]]
id         = "anywhere"
name       = "x"
regex      = 'acme_(?P<secret>[A-Za-z0-9]{32})'
severity   = "high"
confidence = "medium"
`
	set, err := rules.ParseConfigRules("c.toml", []byte(config), Vocabulary())
	if err != nil {
		t.Fatal(err)
	}
	e, err := New(set, DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	secret := "acme_" + strings.Repeat("aB3dE5gH", 4)
	for name, text := range map[string]string{"plain": "x " + secret + " y\n", "encoded": "x = \"" + encoded(secret) + "\"\n"} {
		yields := map[string][]string{}
		for _, m := range e.NewScanner().Scan([]byte(text)).Matches {
			yields[m.Rule.ID] = []string{}
			for _, y := range m.Yields {
				yields[m.Rule.ID] = append(yields[m.Rule.ID], y.ID)
			}
			slices.Sort(yields[m.Rule.ID])
		}
		want := map[string]int{"here-only": 0, "somewhere-else": 1, "anywhere": 2}
		if len(yields) != len(want) {
			t.Errorf("%s: %v", name, yields)
		}
		for id, n := range want {
			if len(yields[id]) != n {
				t.Errorf("%s: %s yields to %v", name, id, yields[id])
			}
		}
	}
}

func encoded(s string) string { return base64.StdEncoding.EncodeToString([]byte("key=" + s)) }
