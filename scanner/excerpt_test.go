package scanner

import (
	"crypto/rand"
	"strings"
	"testing"

	"mudlark/detectors"
	"mudlark/rules"
)

// A companion that is no secret stays readable in what is shown; the others do not.
func TestRedactParts(t *testing.T) {
	t.Parallel()
	set, err := rules.Parse("x.toml", []byte(`provider = "Acme"
[[rule]]
id = "acme-key"
name = "Acme key"
severity = "high"
confidence = "high"
format = "acme_{base62:26}"
[[rule.part]]
name = "host"
format = "{lower:3-9}.acme.dev"
public = true
[[rule.part]]
name = "pin"
format = "pin-{base62:26}"
`), detectors.Vocabulary())
	if err != nil {
		t.Fatal(err)
	}
	key, pin := "acme_"+rand.Text(), "pin-"+rand.Text()
	got, err := Redact(set, "at tools.acme.dev: "+key+" with "+pin)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(got, "at tools.acme.dev: ") || strings.Contains(got, key) || strings.Contains(got, pin) {
		t.Errorf("shown: %s", got)
	}
}
