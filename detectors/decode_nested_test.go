package detectors

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"mudlark/rules"
)

// An encoder writes a text as one of the decoders reads it, in any alphabet that the others leave alone.
type encoder struct {
	decoder string
	encode  func(string) string
}

func encoders() []encoder {
	return []encoder{
		{decoderBase64, func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }},
		{decoderHex, func(s string) string { return hex.EncodeToString([]byte(s)) }},
		{decoderPercent, percentAll},
		{decoderEscape, func(s string) string { return escapeAll(s, `\u%04x`) }},
		{decoderEntity, func(s string) string { return escapeAll(s, "&#%d;") }},
		{decoderQuoted, func(s string) string { return "x " + escapeAll(s, "=%02X") }},
		{decoderUTF16, func(s string) string { return encodeUTF16(s, false) }},
		{decoderUTF32, func(s string) string { return encodeUTF32(s, true) }},
	}
}

// TestNestedEncodings: whatever is encoded in whatever is found, and how it was encoded is told.
func TestNestedEncodings(t *testing.T) {
	set := versionRules(t)
	e := catalogueEngine(t, set)
	rnd := rand.New(rand.NewPCG(21, 22))
	r := ruleNamed(t, set, "github-pat-classic")
	s := e.NewScanner()
	all := encoders()
	try := func(chain ...encoder) {
		_, secret := Generate(rnd, r)
		text := "token " + string(secret) + " end"
		var want []string
		for _, c := range chain {
			if strings.Contains(text, "\x00") && (isWide(c.decoder) || c.decoder == decoderEntity) {
				return // HTML has no NUL, and nobody writes bytes as characters of several bytes
			}
			text = c.encode(text)
			want = append([]string{c.decoder}, want...)
		}
		got := s.Scan([]byte("first line\n" + text + "\nlast line\n"))
		if !slices.ContainsFunc(got.Matches, func(m Match) bool {
			return string(m.Secret) == string(secret) && slices.Equal(m.Decoded, want)
		}) {
			t.Errorf("%v is not found: %s", want, showMatches(got.Matches))
		}
		if len(got.Matches) > 1 {
			t.Errorf("%v is found %d times: %s", want, len(got.Matches), showMatches(got.Matches))
		}
	}
	for _, a := range all {
		try(a)
		for _, b := range all {
			try(a, b)
			for range 3 {
				try(a, b, all[rnd.IntN(len(all))])
			}
		}
	}
	for range 20 {
		try(all[0], all[rnd.IntN(5)], all[rnd.IntN(5)], all[rnd.IntN(5)], all[rnd.IntN(5)])
	}
}

func TestWrappedBase64(t *testing.T) {
	set := versionRules(t)
	e := catalogueEngine(t, set)
	rnd := rand.New(rand.NewPCG(23, 24))
	r := ruleNamed(t, set, "github-pat-classic")
	s := e.NewScanner()
	for _, gap := range []struct{ before, between, behind string }{
		{"", "\n", "\n"}, {"", "\r\n", "\r\n"}, {"key: |\n    ", "\n    ", "\nnext: 1\n"}, {"> ", "\n> ", "\n"}, {"# ", "\n# ", "\n"}, {" * ", "\n * ", "\n */"},
		{"// ", "\n// ", "\n"}, {"x = \"", "\" +\n    \"", "\";\n"}, {"x = '", "',\n     '", "'\n"}, {"x = (\"", "\"\n     \"", "\")\n"}, {`{"a": "`, `\n`, `\n"}`},
		{`{"a": "`, `\r\n`, `"}`}, {`a = "`, "\\n\" +\n  \"", "\\n\"\n"}, {"diff\n+", "\n+", "\n+end\n"}, {"diff\n-", "\n-", "\n"}, {"echo ", "\necho ", "\n"},
		{"1: ", "\n2: ", "\n"}, {"-- ", "\n-- ", "\n"}, {"a = \"", "\\\n", "\"\n"}, {"; ", "\n; ", "\n"}, {"- ", "\n- ", "\n"},
	} {
		t.Run(fmt.Sprintf("%q", gap.between), func(t *testing.T) {
			for width := 20; width <= 100; width++ {
				_, secret := Generate(rnd, r)
				text := strings.Repeat("padding! ", rnd.IntN(6)) + "token=" + string(secret) + " " + strings.Repeat("x", rnd.IntN(20))
				encoded := base64.StdEncoding.EncodeToString([]byte(text))
				data := gap.before + strings.Join(wrap(encoded, width), gap.between) + gap.behind
				got := s.Scan([]byte(data))
				if len(got.Matches) != 1 || string(got.Matches[0].Secret) != string(secret) || !slices.Equal(got.Matches[0].Decoded, []string{decoderBase64}) {
					t.Errorf("width %d: %s\nin %q", width, showMatches(got.Matches), data)
				}
			}
		})
	}
}

func TestEntitiesAndQuotedPrintable(t *testing.T) {
	set := versionRules(t)
	e := catalogueEngine(t, set)
	rnd := rand.New(rand.NewPCG(25, 26))
	r := ruleNamed(t, set, "github-pat-classic")
	s := e.NewScanner()
	for _, c := range []struct{ name, decoder, format string }{
		{"one character", decoderEntity, "<p>token: %.3s&#95;%s</p>"},
		{"in an attribute", decoderEntity, `<a data-x="%.3s&lowbar;%s&amp;x">`},
		{"hexadecimal", decoderEntity, "%.3s&#x5F;%s\n"},
		{"many lines", decoderEntity, "<s>{\n  &quot;token&quot;: &quot;%.3s&#95;%s&quot;,\n  &quot;x&quot;: 1\n}</s>"},
		{"escapes in a token", decoderQuoted, "=22token=22 %.3s=5F%s\n"},
		{"in a mail", decoderQuoted, "To: x\n\ntoken=3D%.3s=5F%s\nbye\n"},
		{"soft break", decoderQuoted, strings.Repeat("word ", 13) + "%.3s_=\n%s\n"},
		{"soft break, CRLF", decoderQuoted, strings.Repeat("word ", 13) + "%.3s_=\r\n%s\r\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, secret := Generate(rnd, r)
			data := fmt.Sprintf(c.format, secret, secret[4:])
			got := s.Scan([]byte(data))
			if len(got.Matches) != 1 || string(got.Matches[0].Secret) != string(secret) || !slices.Equal(got.Matches[0].Decoded, []string{c.decoder}) {
				t.Fatalf("%s in %q", showMatches(got.Matches), data)
			}
		})
	}
}

func ruleNamed(t testing.TB, set []*rules.Rule, id string) *rules.Rule {
	t.Helper()
	for _, r := range set {
		if r.ID == id {
			return r
		}
	}
	t.Fatalf("there is no rule %s", id)
	return nil
}
