package verify

import (
	"encoding/json"
	"strings"
	"testing"
)

// request returns a rule with one request.
func requestRule(t *testing.T, url, headers, body string) *values {
	t.Helper()
	text := ruleText + "[[rule.part]]\nname = \"id\"\nformat = \"{print:1-99}\"\n[rule.verify]\nevidence = \"https://a.example\"\nactive = { status = [200], json = \"a\" }\nrequest = '" +
		url + "'\nheaders = " + headers + "\n"
	if body != "" {
		text += "body = '" + body + "'\n"
	}
	return &values{rule: parse(t, text), parts: map[string]string{}}
}

func TestRender(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		url, headers, body, secret, id string
		wantURL, wantHeader, wantBody  string // wantURL "" if it must not be sent
	}{
		"header":              {url: "GET https://a.example/me", headers: `{ X = "Token {secret}" }`, secret: "s/e=c", wantURL: "https://a.example/me", wantHeader: "Token s/e=c"},
		"header, base64":      {url: "GET https://a.example/me", headers: `{ X = "Basic {secret|base64}" }`, secret: "abc", wantURL: "https://a.example/me", wantHeader: "Basic YWJj"},
		"header, basic":       {url: "GET https://a.example/me", headers: `{ X = "{secret|basic(api)}" }`, secret: "abc", wantURL: "https://a.example/me", wantHeader: "YXBpOmFiYw=="},
		"header, basicuser":   {url: "GET https://a.example/me", headers: `{ X = "{secret|basicuser}" }`, secret: "abc", wantURL: "https://a.example/me", wantHeader: "YWJjOg=="},
		"header, two values":  {url: "GET https://a.example/me", headers: `{ X = "{basic(part.id,secret)}" }`, secret: "pw", id: "user", wantURL: "https://a.example/me", wantHeader: "dXNlcjpwdw=="},
		"header, line feed":   {url: "GET https://a.example/me", headers: `{ X = "{secret}" }`, secret: "a\r\nY: z"},
		"header, tab":         {url: "GET https://a.example/me", headers: `{ X = "{secret}" }`, secret: "a\tb"},
		"base64 of line feed": {url: "GET https://a.example/me", headers: `{ X = "{secret|base64}" }`, secret: "a\nb", wantURL: "https://a.example/me", wantHeader: "YQpi"},
		"query":               {url: "GET https://a.example/me?k={secret}&x=1", headers: `{}`, secret: "a&b=c d#e/%41", wantURL: "https://a.example/me?k=a%26b%3Dc+d%23e%2F%2541&x=1"},
		"query, filter":       {url: "GET https://a.example/me?k={secret|urlquery}", headers: `{}`, secret: "a&b", wantURL: "https://a.example/me?k=a%26b"},
		"whole query":         {url: "GET https://a.example/me?{secret}", headers: `{}`, secret: "sv=1&sig=a%2Bb", wantURL: "https://a.example/me?sv=1&sig=a%2Bb"},
		"whole query, hash":   {url: "GET https://a.example/me?{secret}", headers: `{}`, secret: "a#b c", wantURL: "https://a.example/me?a%23b%20c"},
		"path":                {url: "GET https://a.example/bot{secret}/me", headers: `{}`, secret: "12:ab?c#d%2f e", wantURL: "https://a.example/bot12:ab%3Fc%23d%252f%20e/me"},
		"path, slashes":       {url: "GET https://a.example/x/{secret}", headers: `{}`, secret: "T1/B2/c3", wantURL: "https://a.example/x/T1/B2/c3"},
		"path, filter":        {url: "GET https://a.example/x/{secret|urlpath}", headers: `{}`, secret: "T1/B2", wantURL: "https://a.example/x/T1%2FB2"},
		"path, upwards":       {url: "GET https://a.example/x/{secret}", headers: `{}`, secret: "../admin"},
		"path, upwards 2":     {url: "GET https://a.example/x/{secret}/y", headers: `{}`, secret: ".."},
		"path, line feed":     {url: "GET https://a.example/x/{secret}", headers: `{}`, secret: "a\r\n\r\nGET /", wantURL: "https://a.example/x/a%0D%0A%0D%0AGET%20/"},
		"JSON":                {url: "POST https://a.example/x", headers: `{ Content-Type = "application/json" }`, body: `{"t":"{secret}"}`, secret: `a","admin":"b\`, wantURL: "https://a.example/x", wantBody: `{"t":"a\",\"admin\":\"b\\"}`},
		"JSON by its looks":   {url: "POST https://a.example/x", headers: `{}`, body: `{"t":"{secret}"}`, secret: "a\"\n", wantURL: "https://a.example/x", wantBody: `{"t":"a\"\n"}`},
		"JSON, filter":        {url: "POST https://a.example/x", headers: `{}`, body: `{"t":"{secret|json}"}`, secret: `a"`, wantURL: "https://a.example/x", wantBody: `{"t":"a\""}`},
		"form":                {url: "POST https://a.example/x", headers: `{ Content-Type = "application/x-www-form-urlencoded" }`, body: "t={secret}&a=b", secret: "x&y=z", wantURL: "https://a.example/x", wantBody: "t=x%26y%3Dz&a=b"},
		"XML":                 {url: "POST https://a.example/x", headers: `{ Content-Type = "text/xml" }`, body: "<t>{secret}</t>", secret: "<a>&", wantURL: "https://a.example/x", wantBody: "<t>&lt;a&gt;&amp;</t>"},
		"plain, line feed":    {url: "POST https://a.example/x", headers: `{ Content-Type = "text/plain" }`, body: "{secret}", secret: "a\nb"},
		"GraphQL":             {url: "POST https://a.example/{secret}", headers: `{}`, body: `{"query":"{viewer{id}}"}`, secret: "s", wantURL: "https://a.example/s", wantBody: `{"query":"{viewer{id}}"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := requestRule(t, tt.url, tt.headers, tt.body)
			v.secret, v.parts["id"] = tt.secret, tt.id
			m, ok := render(&v.rule.Verify.Requests[0], v, nil)
			if !ok {
				if tt.wantURL != "" {
					t.Fatal("it is not sent")
				}
				return
			}
			header := ""
			for _, h := range m.headers {
				if h[0] == "X" {
					header = h[1]
				}
			}
			if got := m.target.url.String(); got != tt.wantURL || header != tt.wantHeader || m.body != tt.wantBody {
				t.Errorf("got %s, %q, %s", got, header, m.body)
			}
			if strings.HasPrefix(m.body, "{") && !json.Valid([]byte(m.body)) {
				t.Errorf("the body is no JSON: %s", m.body)
			}
		})
	}
}

// A secret that is a URL itself goes to its own host only, and only if that is the provider's.
func TestRenderWebHook(t *testing.T) {
	t.Parallel()
	text := ruleText + `[rule.verify]
request  = "GET {secret}"
hosts    = ["hooks.acme.example"]
evidence = "https://acme.example/docs"
active   = { status = [200], json = "a" }
`
	r := parse(t, text)
	e := New(Options{})
	defer e.Close()
	for secret, want := range map[string]string{
		"https://hooks.acme.example/a/b": "https://hooks.acme.example/a/b", "hooks.acme.example/a": "https://hooks.acme.example/a",
		"https://hooks.acme.example@evil.example/a": "", "https://evil.example/hooks.acme.example": "", "http://hooks.acme.example/a": "",
		"https://hooks.acme.example:444/a": "", "ftp://hooks.acme.example/a": "", "https://" + "a:b" + "@hooks.acme.example/": "", "https:///a": "", "//evil.example": "",
	} {
		v := &values{rule: r, secret: secret, parts: map[string]string{}}
		m, why := e.message(e.candidates(r.Verify)[0], v, r.Verify.Hosts)
		if got := m.target.url; why == "" && (got == nil || got.String() != want) || why != "" && want != "" {
			t.Errorf("%s leads to %v (%s)", secret, got, why)
		}
	}
}
