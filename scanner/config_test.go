package scanner

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mudlark/detectors"
	"mudlark/rules"
)

func TestParseConfig(t *testing.T) {
	key := []byte("0123456789abcdef" + "0123456789abcdef")
	text := `# configuration
fingerprint_key = "` + hex.EncodeToString(key) + `"

[[coverage.accept]]
object = "a"
reason = "because"

[[rule]]
id = "acme-key"
name = "Acme key"
severity = "high"
confidence = "high"
format = "acme_{hex:32}"
[rule.verify]
request = "GET https://acme.example/{secret}"
evidence = "https://acme.example/api"
active = { status = [200], json = "id" }

[[ coverage.accept ]] # again
object = "a"
reason = "second"
`
	for _, trusted := range []bool{true, false} {
		c, err := ParseConfig("f.toml", []byte(text), detectors.Vocabulary(), trusted)
		if err != nil {
			t.Fatal(err)
		}
		if string(c.FingerprintKey) != string(key) {
			t.Errorf("key %q", c.FingerprintKey)
		}
		want := []Accept{{"a", "because", 4}, {"a", "second", 19}}
		if diff := cmp.Diff(want, c.Accept); diff != "" {
			t.Error(diff)
		}
		if got := c.Accepted()["a"]; got != "because" {
			t.Errorf("accepted because %q", got)
		}
		if len(c.Rules) != 1 || c.Rules[0].ID != "acme-key" || c.Rules[0].File != "f.toml" || c.Rules[0].Line != 8 {
			t.Errorf("rules %+v", c.Rules)
		}
		if trusted != (len(c.Warnings) == 0) || trusted != (c.Rules[0].Verify != nil) {
			t.Errorf("trusted %v: warnings %q, verify %v", trusted, c.Warnings, c.Rules[0].Verify)
		}
	}
}

func TestParseConfigErrors(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string // "line: text"
	}{
		{"empty", "", nil},
		{"comment", "# nothing\n", nil},
		{"unknown key", "\ncolour = 1\n", []string{`2: unknown key "colour"`}},
		{"unknown table", "\n\n[endpoints]\nx = [\"x\"]\n", []string{`3: unknown key "endpoints"`, `4: unknown key "endpoints.x"`}},
		{"rules", "[rules]\ndisable = [\"x\"]\n", nil},
		{"unknown key in rules", "[rules]\nenable = [\"x\"]\n", []string{`2: unknown key "rules.enable"`}},
		{"allow of another type", "allow = 1\n", []string{"1: [[allow]]: "}},
		{"allow that names nothing", "[[allow]]\nreason = \"x\"\n", []string{"1: [[allow]] names nothing"}},
		{"allow with an empty text", "[[allow]]\nstopwords = [\"\"]\n", []string{"1: stopwords holds an empty text"}},
		{"unknown key in coverage", "[coverage]\nx = 1\n", []string{`2: unknown key "coverage.x"`}},
		{"unknown key in accept", "[[coverage.accept]]\nobject = \"a\"\nreason = \"b\"\nuntil = \"c\"\n", []string{`4: unknown key "coverage.accept.until"`}},
		{"accept without reason", "[[coverage.accept]]\nobject = \"a\"\n", []string{"1: reason is missing from [[coverage.accept]]"}},
		{"accept without object", "\n[[coverage.accept]]\nreason = \"a\"\n", []string{"2: object is missing from [[coverage.accept]]"}},
		{"short key", "fingerprint_key = \"abc\"\n", []string{"1: fingerprint_key is not 32 bytes in hexadecimal or base64"}},
		{"empty key", "fingerprint_key = \"\"\n", []string{"1: fingerprint_key is not 32 bytes in hexadecimal or base64"}},
		{"key of another type", "\nfingerprint_key = 5\n", []string{"2: incompatible types"}},
		{"syntax", "fingerprint_key = \"x\"\noops\n", []string{"2: "}},
		{"rule", "colour = 1\n[[rule]]\nid = \"x\"\n", []string{`1: unknown key "colour"`, "2: name is missing", "2: severity is missing", "2: confidence is missing", "2: there is neither format"}},
		{"deep", "a = " + strings.Repeat("[", 100) + "\n", []string{"1: "}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := ParseConfig("f.toml", []byte(tt.text), detectors.Vocabulary(), true)
			if (err == nil) != (len(tt.want) == 0) || (c == nil) != (err != nil) {
				t.Fatalf("config %v, error %v", c, err)
			}
			var got []string
			if err != nil {
				got = strings.Split(err.Error(), "\nf.toml:")
			}
			if len(got) != len(tt.want) {
				t.Fatalf("got %q, want %q", got, tt.want)
			}
			for i, w := range tt.want {
				line, text, _ := strings.Cut(w, " ")
				if g := strings.TrimPrefix(got[i], "f.toml:"); !strings.HasPrefix(g, line) || !strings.Contains(g, text) {
					t.Errorf("got %q, want %q", g, w)
				}
			}
			var e *rules.Error
			if err != nil && !errors.As(err, &e) {
				t.Errorf("%v is no *rules.Error", err)
			}
		})
	}
}

func TestParseKey(t *testing.T) {
	key := make([]byte, 32)
	for i := range key {
		key[i] = byte(255 - i)
	}
	for name, text := range map[string]string{
		"hex": hex.EncodeToString(key), "upper hex": strings.ToUpper(hex.EncodeToString(key)),
		"base64": base64.StdEncoding.EncodeToString(key), "raw base64": base64.RawStdEncoding.EncodeToString(key),
		"base64url": base64.URLEncoding.EncodeToString(key),
	} {
		if got := parseKey(text); string(got) != string(key) {
			t.Errorf("%s: %x", name, got)
		}
	}
}

func TestWithUntrusted(t *testing.T) {
	a, b := &rules.Rule{ID: "a"}, &rules.Rule{ID: "b"}
	mine := &Config{FingerprintKey: []byte("mine"), Rules: []*rules.Rule{a}}
	theirs := &Config{FingerprintKey: []byte("theirs"), Rules: []*rules.Rule{b}, Accept: []Accept{{Object: "x"}}}
	sum := mine.withUntrusted(theirs)
	if string(sum.FingerprintKey) != "mine" || len(sum.Rules) != 2 || len(sum.Accept) != 1 || len(mine.Rules) != 1 {
		t.Errorf("%+v", sum)
	}
	if sum = (&Config{}).withUntrusted(theirs); string(sum.FingerprintKey) != "theirs" {
		t.Errorf("%+v", sum)
	}
}

func FuzzParseConfig(f *testing.F) {
	f.Add([]byte("fingerprint_key = \"x\"\n[[coverage.accept]]\nobject = 1\n[[rule]]\n"))
	f.Add([]byte("[coverage]\naccept = [{object = \"a\"}]\n\"a.b\".c = 1\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := ParseConfig("f", data, detectors.Vocabulary(), false)
		if (c == nil) != (err != nil) {
			t.Errorf("config %v, error %v", c, err)
		}
	})
}
