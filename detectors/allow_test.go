package detectors

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"mudlark/rules"
)

func allowRule() *rules.Rule { return &rules.Rule{ID: "acme-key", Provider: "Acme"} }

func knownNames(name string) bool {
	return name == "acme-key" || name == "acme" || name == "other-rule"
}

// marked makes a match of each "S" in text.
func marked(text string) []Match {
	var out []Match
	for i := range len(text) {
		if text[i] == 'S' {
			out = append(out, Match{Rule: allowRule(), Start: i, End: i + 1})
		}
	}
	return out
}

func TestAllows(t *testing.T) {
	t.Parallel()
	fingerprint := strings.Repeat("0a", 16)
	tests := []struct {
		text string
		want string // of each S: the marker, "-" for none, "?" and why for an unknown one; "" for no markers at all
	}{
		{"S", ""},
		{"S # mudlark:allow", "mudlark:allow"},
		{"S // mudlark:allow acme-key", "mudlark:allow acme-key"},
		{"S /* mudlark:allow Acme */ x()", "mudlark:allow acme"},
		{"S # mudlark:allow other-rule", "-"},
		{"S # mudlark:allow other-rule, acme -- two of them", "mudlark:allow other-rule acme -- two of them"},
		{"S <!-- mudlark:allow -->", "mudlark:allow"},
		{"S <!-- mudlark:allow -- made up -->", "mudlark:allow -- made up"},
		{"S -- mudlark:allow -- SQL", "mudlark:allow -- SQL"},
		{"S # mudlark:allow # nosec", "mudlark:allow"},
		{"S # mudlark:allow " + fingerprint, "mudlark:allow " + fingerprint},
		{"S # mudlark:allow because", "?there is no rule or provider because; a reason stands behind --"},
		{"S # mudlark:allow 1234567890", "?there is no rule or provider 1234…; a reason stands behind --"},
		{"S # mudlark:ignore", "?there is no marker mudlark:ignore; write mudlark:allow"},
		{"S # mudlark:allowed", "?there is no marker mudlark:allowed; write mudlark:allow"},
		{"S # mudlark: a scanner", ""},
		{"# mudlark:allow\nS", "mudlark:allow"},
		{"# mudlark:allow\r\nS\r\n", "mudlark:allow"},
		{"# mudlark:allow\n\nS", "-"},
		{"x = 1 # mudlark:allow\nS", "-"},
		{"rem mudlark:allow\nS", "mudlark:allow"},
		{`{"_comment": "mudlark:allow",` + "\n" + `"S"}`, "mudlark:allow"},
		{"S # mudlark:allow\nS", "mudlark:allow|-"},
		{"S\n# mudlark:allow", "-"},
		{"S # gitleaks:allow", "gitleaks:allow"},
		{"# gitleaks:allow\nS", "-"},
		{"S # trufflehog:ignore", "trufflehog:ignore"},
		{"S # trufflehog:ignored", ""},
		{"S # betterleaks:allow", "betterleaks:allow"},
		{"# betterleaks:allow\nS", "-"},
		{"S # kingfisher:ignore", "kingfisher:ignore"},
		{"S # kingfisher:allow", "kingfisher:allow"},
		{"S # kingfisher:allowed", ""},
		{"S # pragma: allowlist secret", "pragma: allowlist secret"},
		{"S # pragma: whitelist secret", "pragma: allowlist secret"},
		{"S // pragma:allowlist-secret", "pragma: allowlist secret"},
		{"# pragma: allowlist nextline secret\nS", "pragma: allowlist secret"},
		{"S # pragma: allowlist nextline secret\nS", "-|pragma: allowlist secret"},
		{"S # pragma: no cover", ""},
		{"S # mudlark:allow other-rule mudlark:allow acme", "mudlark:allow acme"},
		{"S # mudlark:nonsense gitleaks:allow", "gitleaks:allow"},
	}
	for _, tt := range tests {
		matches := marked(strings.ReplaceAll(tt.text, "SQL", "sql"))
		var got []string
		for _, a := range Allows([]byte(tt.text), matches, knownNames) {
			switch {
			case a == nil:
				got = append(got, "-")
			case a.Unknown != "":
				got = append(got, "?"+a.Unknown)
			default:
				got = append(got, a.Text)
			}
		}
		if s := strings.Join(got, "|"); s != tt.want {
			t.Errorf("%q: %q, want %q", tt.text, s, tt.want)
		}
	}
}

// TestAllowsShowNoSecret makes sure that nothing of a marker is kept in which half a secret could stand.
func TestAllowsShowNoSecret(t *testing.T) {
	t.Parallel()
	secret := strings.Repeat("x1y2", 100)
	text := "S # mudlark:allow -- see " + secret
	a := Allows([]byte(text), marked(text), knownNames)[0]
	if strings.Contains(a.Text, "x1y2") {
		t.Errorf("the marker holds %q", a.Text)
	}
}

// TestAllowsAreLinear puts many matches and many markers on one line and on many.
func TestAllowsAreLinear(t *testing.T) {
	t.Parallel()
	for _, line := range []string{"S mudlark:allow x", "S mudlark:allow\n", "# mudlark:allow\nS\n", "S\n", "mudlark:allow "} {
		data := bytes.Repeat([]byte(line), (1<<20)/len(line))
		matches := marked(string(data))
		started := time.Now()
		Allows(data, matches, knownNames)
		if d := time.Since(started); d > 2*time.Second {
			t.Errorf("%q: %v for %d bytes and %d matches", line, d, len(data), len(matches))
		}
	}
}

func FuzzAllows(f *testing.F) {
	for _, s := range []string{"S # mudlark:allow acme -- x", "# pragma: allowlist nextline secret\nS", "S gitleaks:allow trufflehog:ignore mudlark:x\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		matches := marked(text)
		of := Allows([]byte(text), matches, knownNames)
		if of != nil && len(of) != len(matches) {
			t.Fatalf("%d for %d matches", len(of), len(matches))
		}
		for i, a := range of {
			if a == nil {
				continue
			}
			if len(a.Text) > 2*maxAllowText+100 {
				t.Errorf("a marker of %d bytes", len(a.Text))
			}
			line := 1 + strings.Count(text[:matches[i].Start], "\n")
			if d := line - a.Line; d < 0 || d > 1 {
				t.Errorf("match on line %d, marker on line %d", line, a.Line)
			}
			if a.Unknown == "" && slices.ContainsFunc(a.Names, func(n string) bool { return !isFingerprint(n) && !knownNames(n) }) {
				t.Errorf("%v names what is not known", fmt.Sprint(a.Names))
			}
		}
	})
}
