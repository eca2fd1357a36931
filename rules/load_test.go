package rules

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// names is a vocabulary of one checksum and two blocks.
func names() Vocabulary {
	return Vocabulary{
		Checksum: func(name string) bool { return name == "acme" },
		Block:    func(name string) bool { return name == "pem" || name == "json" },
	}
}

// head holds all that a rule must have beside what it looks for.
const head = `name = "n"
severity = "high"
confidence = "high"
`

func parseOne(t *testing.T, text string) *Rule {
	t.Helper()
	rules, err := Parse("acme.toml", []byte(text), names())
	if err != nil {
		t.Fatal(err)
	}
	if len(rules) != 1 {
		t.Fatalf("%d rules", len(rules))
	}
	return rules[0]
}

func TestParse(t *testing.T) {
	r := parseOne(t, `provider = "Acme"

# A comment with [[rule]] in it.
[[rule]]
id           = "acme-key"
name         = "Acme key"
severity     = "critical"
confidence   = "medium"
checksum     = "acme"
on_mismatch  = "low"
github       = ["acme_key"]
rotate       = "https://acme.example/rotate"
source       = "https://acme.example/docs"
near         = ["Acme", "ACM_"]
after        = "end"
entropy      = 3
placeholders = ["xxxx"]
require      = ["digit", "upper"]
reject       = ["uuid"]
boundary     = "[0-9a-z]"
weak         = true
public       = true
paths        = ["*.env"]

[[rule.format]]
format = "{hex:32}"

[[rule.format]]
format     = "acme_{base62:20}"
near       = []
after      = []
checksum   = ""
confidence = "high"
entropy    = 3.5
boundary   = "alpha"

[[rule.part]]
name     = "secret"
format   = ["{base64:40}", "{hex:8}"]
near     = ["secret"]
require  = ["lower"]
reject   = ["all:hex"]
entropy  = 4
within   = "10 lines"
required = true

[[rule.part]]
name     = "account"
format   = "{digit:12}"
boundary = "digit"
public   = true

[rule.verify]
request  = "GET https://{part.account}.acme.example/me?k={secret|urlquery}"
hosts    = ["*.acme.example"]
effect   = "cost"
endpoint = "acme"
body     = '{"a":"{secret|json}"}'
evidence = "https://acme.example/api"
active   = [{ status = [200, 201], json = ["user.id", "list[0].ok=true"] }, { status = 200, header = "X-User: me" }]
inactive = { status = [401], body = "revoked" }
identity = { login = "json:user.login", scopes = "header:X-Scopes" }
[rule.verify.headers]
X = "{basic(part.account,secret)}"

[rule.revoke]
request  = "DELETE https://acme.example/me"
headers  = { Authorization = "Basic {secret|basic(api)}" }
success  = { status = [204] }
proof    = "verify"
evidence = "https://acme.example/api"
`)
	near := []string{"acme", "acm_"}
	want := &Rule{
		ID: "acme-key", Name: "Acme key", Provider: "Acme", Severity: Critical, Confidence: Medium, GitHub: []string{"acme_key"},
		Rotate: "https://acme.example/rotate", Source: "https://acme.example/docs", Revocable: true,
		Formats: []Format{
			{Text: "{hex:32}", Node: mustParse(t, "{hex:32}"), Near: near, After: []string{"end"}, Checksum: "acme", Confidence: Medium, Entropy: 3, Boundary: "[0-9a-z]"},
			{Text: "acme_{base62:20}", Node: mustParse(t, "acme_{base62:20}"), Near: []string{}, After: []string{}, Confidence: High, Entropy: 3.5, Boundary: "alpha"},
		},
		Near: near, After: []string{"end"}, Entropy: 3, Placeholders: []string{"xxxx"}, Require: []string{"digit", "upper"}, Reject: []string{"uuid"},
		Checksum: "acme", OnMismatch: "low", Boundary: "[0-9a-z]", Weak: true, Public: true, Paths: []string{"*.env"},
		Parts: []Part{
			{
				Name: "secret", Near: []string{"secret"}, Require: []string{"lower"}, Reject: []string{"all:hex"}, Entropy: 4, Lines: 10, Required: true,
				Formats: []Format{
					{Text: "{base64:40}", Node: mustParse(t, "{base64:40}"), Near: []string{"secret"}, Confidence: Medium, Entropy: 4},
					{Text: "{hex:8}", Node: mustParse(t, "{hex:8}"), Near: []string{"secret"}, Confidence: Medium, Entropy: 4},
				},
			},
			{Name: "account", Lines: 40, Public: true, Formats: []Format{{Text: "{digit:12}", Node: mustParse(t, "{digit:12}"), Confidence: Medium, Boundary: "digit"}}},
		},
		Verify: &Verify{
			Requests: []Request{{
				Method: "GET",
				URL: Template{{Literal: "https://"}, {Values: []string{"account"}}, {Literal: ".acme.example/me?k="},
					{Values: []string{""}, Filters: []Filter{{Name: "urlquery"}}}},
				Headers: []Header{{"X", Template{{Values: []string{"account", ""}, Filters: []Filter{{Name: "base64"}}}}}},
				Body:    Template{{Literal: `{"a":"`}, {Values: []string{""}, Filters: []Filter{{Name: "json"}}}, {Literal: `"}`}},
			}},
			Hosts: []string{"*.acme.example"}, Effect: EffectCost, Endpoint: "acme", Evidence: "https://acme.example/api",
			Active: []Condition{
				{Status: []int{200, 201}, JSON: []JSONTest{{Path: JSONPath{{Name: "user"}, {Name: "id"}}}, {Path: JSONPath{{Name: "list"}, {Index: 0}, {Name: "ok"}}, Equal: true, Text: "true"}}},
				{Status: []int{200}, Header: []HeaderTest{{"X-User", "me"}}},
			},
			Inactive: []Condition{{Status: []int{401}, Body: []string{"revoked"}}},
			Identity: []IdentityField{{Name: "login", JSON: JSONPath{{Name: "user"}, {Name: "login"}}}, {Name: "scopes", Header: "X-Scopes"}},
		},
		Revoke: &Revoke{
			Requests: []Request{{
				Method: "DELETE", URL: Template{{Literal: "https://acme.example/me"}},
				Headers: []Header{{"Authorization", Template{{Literal: "Basic "}, {Values: []string{""}, Filters: []Filter{{Name: "basic", Arg: "api"}}}}}},
			}},
			Success: []Condition{{Status: []int{204}}}, Proof: "verify", Evidence: "https://acme.example/api",
		},
		Class: Long, Reach: 32 + 2*16 + 160 + 4 + 160 + 3 + 16<<10 + 40,
		File: "acme.toml", Line: 4,
	}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestClassAndReach(t *testing.T) {
	tests := []struct {
		name, rule string
		class      Class
		reach      int
	}{
		{"format", `format = "acme_{hex:20}"`, Local, 25 + 32},
		{"near", `format = "{hex:20}"` + "\n" + `near = ["acme"]`, Local, 20 + 32 + 160 + 4},
		{"long format", `format = "acme_{hex:20-800}"`, Long, 805 + 32},
		{"jwt", `format = "acme.{jwt}"`, Long, 5 + 3 + 8192 + 4 + 40000 + 1 + 8192 + 32},
		{"bounded regex", `regex = 'acme-[a-z]{3,9}'`, Local, 14 + 32 + 160 + 5},
		{"regex beyond ASCII", `regex = 'acme-[^\s]{3,9}'`, Local, 5 + 36 + 32 + 160 + 5},
		{"unbounded regex", `regex = 'acme-[a-z]+'`, Whole, -1},
		{"block", `block = "pem"`, Long, 64<<10 + 32},
		{"part within lines", "format = \"acme_{hex:20}\"\n[[rule.part]]\nname=\"p\"\nformat=\"{hex:9}\"", Long, 25 + 32 + 16<<10 + 9},
		{"part in the file", "format = \"acme_{hex:20}\"\n[[rule.part]]\nname=\"p\"\nformat=\"{hex:9}\"\nwithin=\"file\"", Whole, -1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := parseOne(t, "provider = \"Acme\"\n[[rule]]\nid = \"acme-x\"\n"+head+tt.rule)
			if r.Class != tt.class || r.Reach != tt.reach {
				t.Errorf("class %s, reach %d, want %s, %d", r.Class, r.Reach, tt.class, tt.reach)
			}
		})
	}
}

// TestParseErrors holds the messages, each with the line it names. Rules begin in line 2 and are named after provider.
func TestParseErrors(t *testing.T) {
	// rule begins a file; the head fills lines 3 to 6, so that the case's text begins in line 7.
	const rule = "provider = \"Acme\"\n[[rule]]\nid = \"acme-x\"\n" + head
	const format = "format = \"acme_{hex:20}\"\n"
	tests := []struct {
		name, text string
		want       []string
	}{
		{"empty", "", []string{`f.toml:1: the file holds no rule; a rule begins with [[rule]]`}},
		{"syntax", "provider = \n", []string{`f.toml:1: expected value but found '\n' instead`}},
		{"duplicate key", rule + format + format, []string{`f.toml:8: Key 'rule.format' has already been defined.`}},
		{"rule as a table", "provider = \"A\"\n[rule]\nid = \"a\"\n", []string{
			`f.toml:1: the file holds no rule; a rule begins with [[rule]]`,
			`f.toml:2: rule is a table, but must be a list of tables; write it with two brackets on each side`,
		}},
		{"nothing given", "[[rule]]\n", []string{
			`f.toml:1: rule 1: id is missing; write id = "provider-kind"`,
			`f.toml:1: rule 1: name is missing; say in a few words what kind of secret it is`,
			`f.toml:1: rule 1: provider is missing; write provider = "..." above the first [[rule]]`,
			`f.toml:1: rule 1: severity is missing; write severity = "critical" or another of critical, high, medium, low: what an attacker gains`,
			`f.toml:1: rule 1: confidence is missing; write confidence = "high" or another of high, medium, low: how rarely it is something else`,
			`f.toml:1: rule 1: there is neither format, regex nor block; write format = "prefix_{base62:36}"`,
		}},
		{"id", "provider = \"Acme\"\n[[rule]]\nid = \"Acme_X\"\n" + head + format, []string{
			`f.toml:3: rule Acme_X: id "Acme_X" is not in kebab case; use small letters, digits and single hyphens, provider first, at most 80 bytes`}},
		{"two providers", rule + format + "provider = \"B\"\n", []string{`f.toml:8: rule acme-x: provider is given for the whole file already; drop it`}},
		{"unknown key", rule + format + "checksun = \"acme\"\n", []string{`f.toml:8: rule acme-x: unknown key "checksun"; did you mean "checksum"?`}},
		{"unknown top key", "provider = \"Acme\"\nversion = 1\n[[rule]]\nid = \"acme-x\"\n" + head + format, []string{`f.toml:2: unknown key "version"; the keys here are provider, rule`}},
		{"unknown part key", rule + format + "[[rule.part]]\nname = \"s\"\nformat = \"{hex:3}\"\nregex = \"x\"\n", []string{
			`f.toml:11: rule acme-x: unknown key "regex"; the keys here are boundary, entropy, format, name, near, public, reject, require, required, within`}},
		{"unknown format key", rule + "[[rule.format]]\nformat = \"acme_{hex:3}\"\nseverity = \"low\"\n", []string{
			`f.toml:9: rule acme-x: unknown key "severity"; the keys here are after, boundary, checksum, confidence, entropy, format, near`}},
		{"unknown verify key", rule + format + "[rule.verify]\nurl = \"x\"\n", []string{
			`f.toml:8: rule acme-x: evidence is missing; write evidence = "https://...", the provider's page that states the answers`,
			`f.toml:8: rule acme-x: there is neither request nor protocol in [rule.verify]; write request = "GET https://api.example.com/me", or protocol = "..."`,
			`f.toml:9: rule acme-x: unknown key "url"; the keys here are active, body, effect, endpoint, evidence, expired, headers, hosts, identity, inactive, protocol, request`}},
		{"levels", "provider = \"Acme\"\n[[rule]]\nid = \"acme-x\"\nname = \"n\"\nseverity = \"severe\"\nconfidence = \"critical\"\n" + format, []string{
			`f.toml:5: rule acme-x: severity "severe" is unknown; it is one of critical, high, medium, low`,
			`f.toml:6: rule acme-x: confidence "critical" is unknown; it is one of high, medium, low`}},
		{"types", "provider = 1\n[[rule]]\nid = \"acme-x\"\n" + head + format + "near = [1, \"abc\"]\nweak = \"yes\"\nentropy = \"3\"\nchecksum = [\"acme\"]\nafter = 1979-05-27\nverify = \"x\"\n", []string{
			`f.toml:1: provider is an integer, but must be a string`,
			`f.toml:2: rule acme-x: provider is missing; write provider = "..." above the first [[rule]]`,
			`f.toml:8: rule acme-x: near holds an integer, but must be a list of strings`,
			`f.toml:9: rule acme-x: weak is a string, but must be true or false`,
			`f.toml:10: rule acme-x: entropy is a string, but must be a number`,
			`f.toml:11: rule acme-x: checksum is a list, but must be a string`,
			`f.toml:12: rule acme-x: after is a date, but must be a list of strings`,
			`f.toml:13: rule acme-x: verify is a string, but must be a table, [rule.verify]`}},
		{"vocabulary", rule + "checksum = \"crc\"\nblock = \"yaml\"\n", []string{
			`f.toml:7: rule acme-x: there is no checksum "crc"`,
			`f.toml:8: rule acme-x: there is no block "yaml"`}},
		{"links", rule + format + "rotate = \"http://acme.example\"\nsource = \"see the docs\"\n", []string{
			`f.toml:8: rule acme-x: rotate "http://acme.example" is no https URL; write https://...`,
			`f.toml:9: rule acme-x: source "see the docs" is no https URL; write https://...`}},
		{"lists", rule + format + "near = [\"acme\",\n  \"\",\n  \"ACME\"]\nrequire = [\"digits\"]\nreject = [\"hex\"]\ngithub = [\"Acme-Key\"]\n", []string{
			`f.toml:9: rule acme-x: near holds an empty string; drop it`,
			`f.toml:10: rule acme-x: near holds "ACME" twice; drop one`,
			`f.toml:11: rule acme-x: require "digits" is unknown; known are digit, upper, lower, letter, special`,
			`f.toml:12: rule acme-x: reject "hex" is unknown; known are all:hex, all:digit, all:xdigit, all:lower, all:upper, all:letter, uuid, words, readable, names, code`,
			`f.toml:13: rule acme-x: "Acme-Key" is no secret_type of GitHub; small letters, digits and underscores`}},
		{"entropy and boundary", rule + format + "entropy = 9\nboundary = \"hexx\"\n", []string{
			`f.toml:8: rule acme-x: entropy 9 is out of range; in bits per character; random hex has up to 4, base64 up to 6`,
			`f.toml:9: rule acme-x: boundary 'hexx': column 1: found 'hexx', expected a class name; hint: the classes are ` + classNames + `, and the macros {uuid} and {jwt}`}},
		{"format", rule + "format = [\"acme_{hex:20}\",\n  \"acme_{hex:2\"]\n", []string{
			`f.toml:8: rule acme-x: format 'acme_{hex:2': column 12: found the end, expected ',' or '}'; hint: counts are written 32, 20-40 or 20,58,60-74`}},
		{"format in a table", rule + "[[rule.format]]\nnear = [\"acme\"]\n[[rule.format]]\nnear = [\"acme\"]\nformat = \"a|b\"\n", []string{
			`f.toml:7: rule acme-x: format is missing from [[rule.format]]; write format = "..." in it`,
			`f.toml:11: rule acme-x: format 'a|b': column 2: found '|', expected a literal, a class {...}, a group (...) or an option [...]; hint: alternatives stand in parentheses, (a|b); a literal | is written \|`}},
		{"single bracket format", rule + "[rule.format]\nformat = \"acme_{hex:3}\"\n", []string{
			`f.toml:7: rule acme-x: format is a table, but must be a string, a list of strings or a list of tables; write [[rule.format]], with two brackets on each side`}},
		{"equal formats", rule + "format = [\"acme_{hex:3}\", \"acme_{[a-f0-9]:3}\"]\n", []string{`f.toml:7: rule acme-x: format 2 is the same as format 1; drop one`}},
		{"anchor", rule + "format = \"{hex:32}\"\n", []string{
			`f.toml:7: rule acme-x: format '{hex:32}' has no anchor: no literal of 3 bytes, nor one of 2 with a class beside it, is in all that it matches; give near = [...], a word that stands close before such a value`}},
		{"short near", rule + "format = \"{hex:32}\"\nnear = [\"ac\"]\n", []string{
			`f.toml:7: rule acme-x: format '{hex:32}' has no anchor, so each word of near is searched for, and "ac" is shorter than 3 bytes; drop it or write more of it`}},
		{"two matchers", rule + format + "regex = 'acme-[a-z]{9}'\n", []string{`f.toml:8: rule acme-x: format and regex stand side by side; write two rules`}},
		{"lone keys", rule + format + "keywords = [\"acme\"]\non_mismatch = \"low\"\n[rule.match]\ntype = \"x\"\n", []string{
			`f.toml:8: rule acme-x: keywords stands without regex; only a regex needs keywords; a format's literals are its own`,
			`f.toml:9: rule acme-x: on_mismatch stands without checksum; drop it`,
			`f.toml:10: rule acme-x: match stands without block; it holds the parameters of block`}},
		{"match", rule + "block = \"json\"\n[rule.match]\ntype = 1\n", []string{`f.toml:9: rule acme-x: match.type is an integer, but must be a string`}},
		{"regex", rule + "regex = '''acme(?=x)'''\n", []string{"f.toml:7: rule acme-x: regex does not compile: invalid or unsupported Perl syntax: `(?=`; RE2 syntax: neither look-around nor back references"}},
		{"empty regex match", rule + "regex = '(acme)?'\nnear = [\"acme\"]", []string{`f.toml:7: rule acme-x: regex matches the empty string; demand at least one character`}},
		{"keyword not implied", rule + "regex = 'acme_[a-z]{9}'\nkeywords = [\"acme-\"]\n", []string{
			`f.toml:8: rule acme-x: the regex does not imply its keywords: it matches text without any of acme-; a word that only stands close before the value belongs in near`}},
		{"short keyword", rule + "regex = 'ac[a-z]{9}'\nkeywords = [\"ac\"]\n", []string{`f.toml:8: rule acme-x: keyword "ac" is shorter than 3 bytes; write more of it`}},
		{"no keyword", rule + "regex = '[a-z]{9}'\n", []string{
			`f.toml:7: rule acme-x: no word of at least 3 bytes is in all that the regex matches; give near = [...], a word that stands close before such a value`}},
		{"part", rule + format + "[[rule.part]]\nwithin = \"3 miles\"\n[[rule.part]]\nname = \"s\"\nformat = \"{hex:3}\"\n[[rule.part]]\nname = \"s\"\nformat = \"{hex:4}\"\n", []string{
			`f.toml:8: rule acme-x: name is missing from [[rule.part]]; write name = "secret"`,
			`f.toml:8: rule acme-x: format is missing from [[rule.part]]; write format = "{base62:40}"`,
			`f.toml:9: rule acme-x: within "3 miles" is no distance; write "40 lines" (at most 1000) or "file"`,
			`f.toml:14: rule acme-x: two parts are named "s"`}},
		{"second rule", rule + format + "\n[[rule]]\nid = \"acme-y\"\n" + head + "format = \"x{\"\n", []string{
			`f.toml:14: rule acme-y: format 'x{': column 3: found the end, expected a class name or a set; hint: write {base62:36} or {[0-9a-f]:32}; a literal brace is \{`}},
		{"duplicate id", rule + format + "[[rule]]\nid = \"acme-x\"\n" + head + "format = \"acmf_{hex:20}\"\n", []string{
			`f.toml:8: rule acme-x: the id is taken; f.toml:2 has a rule of this id; ids are unique`}},
		{"nesting", "provider = " + strings.Repeat("[", 30) + strings.Repeat("]", 30), []string{`f.toml:1: the key is too long or too deeply nested; at most 24 levels and 256 bytes are read`}},
		{"dotted key", strings.Repeat("a.", 30) + "a = 1", []string{`f.toml:1: the key is too long or too deeply nested; at most 24 levels and 256 bytes are read`}},
		{"long key", "[" + strings.Repeat("a", 200) + "]\nx = {y.z = {" + strings.Repeat("b", 60) + "= 1}}", []string{`f.toml:2: the key is too long or too deeply nested; at most 24 levels and 256 bytes are read`}},
		{"size", strings.Repeat("#", 1<<20+1), []string{`f.toml:1: the file has 1048577 bytes; at most 1048576 are read`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rules, err := Parse("f.toml", []byte(tt.text), names())
			if err == nil {
				t.Fatal("no error")
			}
			if rules != nil {
				t.Errorf("there are rules beside the error")
			}
			if diff := cmp.Diff(tt.want, strings.Split(err.Error(), "\n")); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			var e *Error
			if !errors.As(err, &e) {
				t.Errorf("the error is no *Error")
			}
		})
	}
}

func TestKeywords(t *testing.T) {
	tests := []struct {
		regex    string
		keywords []string // nil: derived
		want     []string // nil: refused
	}{
		{`acme-[a-z]{9}`, nil, []string{"acme-"}},
		{`(?i)ACME-[a-z]{9}`, nil, []string{"acme-"}},
		{`(foo|barbaz)[0-9]{9}`, nil, []string{"barbaz", "foo"}},
		{`(foo|ba)[0-9]{9}`, nil, nil},
		{`gh[pousr]_[0-9a-zA-Z]{36}`, nil, []string{"gho_", "ghp_", "ghr_", "ghs_", "ghu_"}},
		{`gh[pousr]_[0-9a-zA-Z]{36}`, []string{"ghp_", "gho_"}, nil},
		{`gh[po]_[0-9a-zA-Z]{36}`, []string{"ghp_", "gho_"}, []string{"ghp_", "gho_"}},
		{`\b(acme)?[a-z]{9}`, []string{"acme"}, nil},
		{`\b(acme)+[a-z]{9}`, []string{"Acme"}, []string{"acme"}},
		{`(acme){1,3}[a-z]{9}`, []string{"cme"}, []string{"cme"}},
		{`(acme){0,3}[a-z]{9}`, []string{"acme"}, nil},
		{`(?:key|token) = acme[a-z]`, []string{"acme"}, []string{"acme"}},
		{`(?:key|token) = acme[a-z]`, []string{"key", "token"}, []string{"key", "token"}},
		{`(?:key|token) = acme[a-z]`, []string{"key"}, nil},
		{`a(?:cm|dm)e-[a-z]{3}|zzz`, []string{"acme", "adme", "zzz"}, []string{"acme", "adme", "zzz"}},
		{`[a-z]{3}-ac?me[0-9]`, []string{"acme", "ame"}, []string{"acme", "ame"}},
	}
	for _, tt := range tests {
		text := "provider = \"Acme\"\n[[rule]]\nid = \"acme-x\"\n" + head + "regex = '" + tt.regex + "'\n"
		if tt.keywords != nil {
			text += `keywords = ["` + strings.Join(tt.keywords, `", "`) + "\"]\n"
		}
		var got []string
		if rules, err := Parse("f.toml", []byte(text), Vocabulary{}); err == nil {
			got = rules[0].Keywords
		}
		if !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s with keywords %q: %q, want %q", tt.regex, tt.keywords, got, tt.want)
		}
	}
}

const config = `fingerprint_key = "abc"
[allow]
paths = ["x"]

[[rule]]
id = "my-token"
` + head + `format = "my_{hex:20}"
[rule.verify]
request = "GET https://acme.example/{secret}"
evidence = "https://acme.example/api"
active = { status = [200], json = "id" }

[[rule]]
id = "acme-token"
provider = "Acme"
` + head + `format = "acme_{hex:20}"
[rule.revoke]
request = "DELETE https://acme.example/{secret}"
success = { status = [204] }
evidence = "https://acme.example/api"
`

func TestParseConfigRules(t *testing.T) {
	rules, err := ParseConfigRules(".mudlark.toml", []byte(config), names())
	if err != nil {
		t.Fatal(err)
	}
	if len(rules) != 2 || rules[0].Provider != "Custom" || rules[1].Provider != "Acme" || rules[0].Verify == nil || !rules[1].Revocable {
		t.Errorf("got %+v", rules)
	}
	if rules, err := ParseConfigRules(".mudlark.toml", []byte("x = 1\n"), names()); err != nil || len(rules) != 0 {
		t.Errorf("without rules: %v, %v", rules, err)
	}
	bad := strings.Replace(config, "my_{hex", "my_{hexx", 1)
	_, err = ParseConfigRules(".mudlark.toml", []byte(bad), names())
	if err == nil || !strings.HasPrefix(err.Error(), ".mudlark.toml:10: rule my-token: format ") {
		t.Errorf("error %v", err)
	}
}

func TestParseUntrusted(t *testing.T) {
	rules, dropped, err := ParseUntrusted(".mudlark.toml", []byte(config), names())
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"my-token", "acme-token"}; !reflect.DeepEqual(dropped, want) {
		t.Errorf("dropped %q, want %q", dropped, want)
	}
	for _, r := range rules {
		if r.Verify != nil || r.Revoke != nil || r.Revocable {
			t.Errorf("%s keeps its actions", r.ID)
		}
	}
}

func TestPositions(t *testing.T) {
	text := `a = 1
"b.c" = """
x = 1 \"""
[no]
""" # [no]
'd' . e = '''
y''''
f = [ # comment ]
  1, "]",
  { g = 1, h = [2], "]" = '}' },

  3,
]
[t.u]
i = 'it''s'
[[v]]
j = 1
[[v.w]]
k = 1
[[v.w]]
k = 2
[v.x]
l = 3
[[v]]
[[v.w]]
k = 3
`
	pos := findPositions([]byte(text))
	want := map[string]int{
		"a": 1, "b.c": 2, "d.e": 6, "f": 8, "f#0": 9, "f#1": 9, "f#2": 10, "f#3": 12, "t.u": 14, "t.u.i": 15,
		"v": 16, "v#0": 16, "v#0.j": 17, "v#0.w": 18, "v#0.w#0": 18, "v#0.w#0.k": 19, "v#0.w#1": 20, "v#0.w#1.k": 21,
		"v#0.x": 22, "v#0.x.l": 23, "v#1": 24, "v#1.w": 25, "v#1.w#0": 25, "v#1.w#0.k": 26,
	}
	if diff := cmp.Diff(want, pos.lines); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if got := pos.line("v#1.w#0.unknown.deeper"); got != 25 {
		t.Errorf("line of an unknown key is %d, want 25", got)
	}
	if got := pos.line("unknown"); got != 1 {
		t.Errorf("line of an unknown table is %d, want 1", got)
	}
}

// TestRulesHostile checks that files made to be slow to read are refused or read at once.
func TestRulesHostile(t *testing.T) {
	const rule = "provider = \"A\"\n[[rule]]\nid = \"a-b\"\n" + head
	numbered := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	tests := []struct{ name, text string }{
		{"open arrays", "a = " + strings.Repeat("[", 1<<20-10)},
		{"open tables", "a = " + strings.Repeat("{a=", 300000)},
		{"dotted", "a = {" + strings.Repeat("a.", 400000) + "a = 1}"},
		{"long table", "[" + strings.Repeat("a", 500000) + "]\n" + numbered(40000, "a%d=1\n")},
		{"long inline table", "a = {" + strings.Repeat("a", 500000) + "={" + numbered(40000, "a%d=1,") + "b=1}}\n"},
		{"unknown keys", rule + "format = \"acme{hex:3}\"\n" + numbered(60000, "ke%d = 1\n")},
		{"long list", rule + "format = \"acme{hex:3}\"\nnear = [" + numbered(80000, "\"w%d\",") + "]\n"},
		{"many parts", rule + "format = \"acme{hex:3}\"\n" + numbered(8000, "[[rule.part]]\nname = \"p%d\"\nformat = \"{hex:3}\"\n")},
		{"many formats", rule + "format = [" + numbered(40000, "\"acme%d{hex:3}\",") + "]\n"},
		{"many empty rules", strings.Repeat("[[rule]]\n", 30000)},
		{"alternation", rule + "regex = '" + strings.Repeat("[ab][ab][ab][ab][ab][ab]x|", 600) + "z'\nkeywords = [" + numbered(200, "\"abab%d\",") + "]"},
		{"deep alternation", rule + "regex = '" + strings.Repeat("(", 500) + "abc" + strings.Repeat("|abc[ab][ab][ab][ab][ab])", 500) + "'\nkeywords = [\"abd\"]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			start := time.Now()
			_, err := Parse("f.toml", []byte(tt.text), Vocabulary{})
			if d := time.Since(start); d > 10*time.Second {
				t.Errorf("took %v (%.100v)", d, err)
			}
		})
	}
}

func FuzzRules(f *testing.F) {
	f.Add([]byte(config))
	f.Add([]byte("provider = \"A\"\n[[rule]]\nid = \"a-b\"\n" + head + "regex = '(foo|bar){2,3}x+'\nkeywords = [\"foo\"]\n"))
	f.Add([]byte("provider = \"A\"\n[[rule]]\nid = \"a-b\"\n" + head + "[[rule.format]]\nformat = \"{hex:3}\"\nnear = \"abc\"\n[[rule.part]]\n"))
	f.Add([]byte("rule = [{id = \"a\"}, 3]\n[x\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		rules, err := Parse("f.toml", data, Vocabulary{})
		if err != nil {
			if rules != nil {
				t.Error("rules beside an error")
			}
			if strings.HasPrefix(err.Error(), "f.toml:0:") {
				t.Errorf("no line in %v", err)
			}
			return
		}
		first := Hash(rules)
		if again := Hash(rules); again != first {
			t.Error("the hash is not stable")
		}
		Check(rules)
		for _, r := range rules {
			if (r.Class == Whole) != (r.Reach < 0) {
				t.Errorf("rule %s has class %s and reach %d", r.ID, r.Class, r.Reach)
			}
		}
	})
}
