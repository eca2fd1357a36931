package rules

import (
	"reflect"
	"strings"
	"testing"
)

const verifyHead = `provider = "Acme"
[[rule]]
id = "acme-x"
name = "n"
severity = "high"
confidence = "high"
format = "acme_{hex:32}"
[[rule.part]]
name = "host"
format = "{[a-z.]:4-60}"
public = true
`

// Whatever could make a verdict wrong, or lead a secret elsewhere, is an error.
func TestVerifyErrors(t *testing.T) {
	t.Parallel()
	const good = `[rule.verify]
request = "GET https://api.acme.example/me"
headers = { Authorization = "Bearer {secret}" }
evidence = "https://acme.example/docs"
active = { status = [200], json = "login" }
`
	const revoke = "[rule.revoke]\nrequest = \"DELETE https://api.acme.example/{secret}\"\nevidence = \"https://acme.example/docs\"\nsuccess = { status = [204] }\n"
	const find = "find = { request = \"GET https://api.acme.example/keys?t={secret}\", list = \"data\", secret = \"token\", identity = { id = \"json:id\" } }\n"
	for name, tt := range map[string]struct{ text, want string }{
		"good":                   {good, ""},
		"good with revoke":       {good + revoke, ""},
		"no evidence":            {strings.Replace(good, "evidence", "# evidence", 1), ":12: rule acme-x: evidence is missing"},
		"evidence by http":       {strings.Replace(good, `"https://acme.example/docs"`, `"http://acme.example/docs"`, 1), "is no https URL"},
		"no active":              {strings.Replace(good, "active", "# active", 1), "active is missing from [rule.verify]"},
		"a bare status":          {strings.Replace(good, `, json = "login"`, "", 1), "active rests on the status alone"},
		"a bare refusal":         {good + "inactive = { status = [401] }\n", ":17: rule acme-x: inactive rests on the status alone"},
		"no status":              {strings.Replace(good, "status = [200], ", "", 1), "status is missing"},
		"status 429":             {good + "inactive = { status = [429], body = \"x\" }\n", "status 429 is none of"},
		"status 302":             {strings.Replace(good, "[200]", "[302]", 1), "status 302 is none of"},
		"status 500":             {good + "inactive = { status = [500], body = \"x\" }\n", "status 500 is none of"},
		"status of text":         {strings.Replace(good, "[200]", `["200"]`, 1), "status holds a string"},
		"empty status":           {strings.Replace(good, "[200]", "[]", 1), "status is an empty list"},
		"no path":                {strings.Replace(good, `"login"`, `"a..b"`, 1), `json "a..b" is no path`},
		"JSONPath":               {strings.Replace(good, `"login"`, `"$.a[*]"`, 1), "is no path"},
		"no method":              {strings.Replace(good, "GET ", "", 1), "is not a method and a URL"},
		"unknown method":         {strings.Replace(good, "GET ", "LIST ", 1), "is not a method and a URL"},
		"no URL":                 {strings.Replace(good, "https://api", "api", 1), "is no http or https URL"},
		"ftp":                    {strings.Replace(good, "https://api", "ftp://api", 1), "is no http or https URL"},
		"user":                   {strings.Replace(good, "https://api", "https://u:p@api", 1), "is no URL of a host and a path"},
		"fragment":               {strings.Replace(good, "/me", "/me#x", 1), "is no URL of a host and a path"},
		"space":                  {strings.Replace(good, "/me", "/me you", 1), "is no URL of a host and a path"},
		"internationalized host": {strings.Replace(good, "api.acme", "xn--80ak6aa92e.acme", 1), "has no valid host name"},
		"host from text":         {strings.Replace(good, "api.acme.example", "{part.host}", 1), "so hosts must say which are the provider's"},
		"host from text, hosts":  {strings.Replace(good, "api.acme.example", "{part.host}", 1) + "hosts = [\"*.acme.example\"]\n", ""},
		"field in the host":      {strings.Replace(good, "api.acme.example", "{secret|field(-,1)}.acme.example", 1) + "hosts = [\"*.acme.example\"]\n", ""},
		"filter in the host":     {strings.Replace(good, "api.acme.example", "{part.host|base64}", 1) + "hosts = [\"*.acme.example\"]\n", "has a filter"},
		"suffix without a dot":   {good + "hosts = [\"*.example\"]\n", "which is no host name"},
		"suffix of all":          {good + "hosts = [\"*\"]\n", "which is no host name"},
		"suffix in capitals":     {good + "hosts = [\"*.Acme.example\"]\n", "which is no host name"},
		"unknown part":           {strings.Replace(good, "{secret}", "{secret}{part.id}", 1), `there is no part "id"`},
		"unknown filter":         {strings.Replace(good, "{secret}", "{secret|hex}", 1), "there is no filter 'hex'"},
		"mistaken placeholder":   {strings.Replace(good, "{secret}", "{token}", 1), "'{token}' is no placeholder"},
		"open placeholder":       {strings.Replace(good, "{secret}", "{secret", 1), "does not end"},
		"nothing secret":         {strings.Replace(good, "{secret}", "{part.host}", 1), "holds neither the secret nor a part that is one"},
		"own Host header":        {strings.Replace(good, "Authorization", "Host", 1), "Host is set by Mudlark"},
		"header name":            {strings.Replace(good, "Authorization", `"A: b"`, 1), "is no name of a header"},
		"header with line feed":  {strings.Replace(good, "Bearer ", `Bearer\r\nX: `, 1), "holds a control character"},
		"unknown effect":         {good + "effect = \"delete\"\n", `effect "delete" is unknown`},
		"request and protocol":   {good + "protocol = \"aws\"\n", "request stands beside protocol"},
		"neither":                {"[rule.verify]\nevidence = \"https://acme.example\"\n", "there is neither request nor protocol"},
		"identity":               {good + "identity = { login = \"login\" }\n", "is not understood"},
		"unknown key":            {good + "succes = 1\n", `unknown key "succes"`},
		"revoke, identity":       {good + "identity = { id = \"json:id\" }\n" + strings.Replace(revoke, "{secret}", "{identity.id}?t={secret}", 1), ""},
		"revoke, not told":       {good + strings.Replace(revoke, "{secret}", "{identity.id}?t={secret}", 1), `there is no identity "id"`},
		"identity in verify":     {strings.Replace(good, "/me", "/{identity.id}", 1) + "identity = { id = \"json:id\" }\n", `there is no identity "id"`},
		"unknown field":          {strings.Replace(good, "{secret}", "{secret|field(.)}", 1), "there is no filter"},
		"revoke, no success":     {good + strings.Replace(revoke, "success", "# success", 1), "success is missing from [rule.revoke]"},
		"revoke, two requests":   {good + strings.Replace(revoke, `"DELETE https://api.acme.example/{secret}"`, `["DELETE https://a.example/{secret}", "DELETE https://b.example/{secret}"]`, 1), "request is a list"},
		"revoke, protocol":       {good + "[rule.revoke]\nprotocol = \"vault\"\nevidence = \"https://acme.example\"\n", `protocol "vault" is not that of [rule.verify]`},
		"revoke, both":           {good + revoke + "protocol = \"vault\"\n", "request stands beside protocol"},
		"revoke, proof":          {good + revoke + "proof = \"hope\"\n", `proof "hope" is unknown`},
		"revoke, as verify":      {strings.Replace(good, `"GET https://api.acme.example/me"`, `["GET https://a.example/me", "GET https://b.example/me"]`, 1) + strings.Replace(revoke, `"DELETE https://api.acme.example/{secret}"`, `["DELETE https://a.example/{secret}", "DELETE https://b.example/{secret}"]`, 1), ""},
		"revoke, found":          {good + strings.Replace(revoke, "{secret}", "{identity.id}?t={secret}", 1) + find, ""},
		"revoke, found nothing":  {good + revoke + strings.Replace(find, "id = \"json:id\"", "", 1), "find lacks secret or identity"},
		"revoke, found by what":  {good + revoke + strings.Replace(find, "secret = \"token\",", "", 1), "find lacks secret or identity"},
		"revoke, found in head":  {good + revoke + strings.Replace(find, "json:id", "header:X-Id", 1), "identity.id is no path in an element"},
		"revoke, found where":    {good + revoke + strings.Replace(find, "GET https://api.acme.example/keys?t={secret}", "", 1), "is not a method and a URL"},
		"revoke, gone":           {good + revoke + "gone = { status = [401], json = \"code=revoked\" }\n", ""},
		"revoke, gone by status": {good + revoke + "gone = { status = [401] }\n", "gone rests on the status alone"},
		"revoke, host from text": {good + strings.Replace(revoke, "api.acme.example", "{part.host}", 1), "the host comes from scanned text"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse("f.toml", []byte(verifyHead+tt.text), Vocabulary{})
			switch {
			case tt.want == "" && err != nil:
				t.Error(err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("error %v, want %s", err, tt.want)
			}
		})
	}
}

func TestTemplate(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"plain":                            "plain",
		`{"query":"{viewer{id}}"}`:         `{"query":"{viewer{id}}"}`,
		"a{secret}b{part.x|json|urlquery}": "a{secret}b{part.x|json|urlquery}",
		"{basic(part.id, secret)|base64}":  "{basic(part.id,secret)|base64}",
		"{secret|basic(api)}":              "{secret|basic(api)}",
		"{secret|basic()}":                 "{secret|basic()}",
		"{secret|field(.,1)|urlpath}":      "{secret|field(.,1)|urlpath}",
		"{identity.id|json}":               "{identity.id|json}",
	} {
		got, err := ParseTemplate(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got.String() != want {
			t.Errorf("%s is read as %s", text, got)
		}
	}
	for _, text := range []string{"{secrets}", "{secret|}", "{secret|basic(a:b)}", "{part.}", "{basic(secret)}", "{basic(secret,secret", "{basic(a,secret)}", "{{secret}}", "{secret|JSON}"} {
		if got, err := ParseTemplate(text); err == nil {
			t.Errorf("%s is read as %#v", text, got)
		}
	}
}

func TestJSONPath(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]JSONPath{
		"a":           {{Name: "a"}},
		"a.b":         {{Name: "a"}, {Name: "b"}},
		"a[0].b[1]":   {{Name: "a"}, {Index: 0}, {Name: "b"}, {Index: 1}},
		"[2]":         {{Index: 2}},
		"[0].id":      {{Index: 0}, {Name: "id"}},
		"a[0][1]":     {{Name: "a"}, {Index: 0}, {Index: 1}},
		"@type.x-y_z": {{Name: "@type"}, {Name: "x-y_z"}},
	} {
		got, ok := ParseJSONPath(text)
		if !ok || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, %v", text, got, ok)
		}
		if got.String() != text {
			t.Errorf("%s is written %s", text, got)
		}
	}
	for _, text := range []string{"", ".", "a.", ".a", "a..b", "a[", "a[]", "a[x]", "a[0", "a[0]b", "a[-1]", "a]", "a.[0]", `a["b"]`} {
		if got, ok := ParseJSONPath(text); ok {
			t.Errorf("%q is read as %v", text, got)
		}
	}
}

// FuzzTemplate: whatever is read is written so that it is read again as the same.
func FuzzTemplate(f *testing.F) {
	for _, s := range []string{"a{secret}b", "{part.x|json}", "{basic(secret,part.y)|urlquery}", "{{}", "{secret|basic(u)}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := ParseTemplate(text)
		if err != nil {
			return
		}
		again, err := ParseTemplate(v.String())
		if err != nil || again.String() != v.String() {
			t.Errorf("%q becomes %q, and that %q (%v)", text, v.String(), again.String(), err)
		}
	})
}
