package verify

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"mudlark/rules"
)

// newAzureKey makes up an account key.
func newAzureKey() string {
	key := make([]byte, 64)
	_, _ = rand.Read(key)
	return base64.StdEncoding.EncodeToString(key)
}

func azureMAC(key []byte, text string) string {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(m.Sum(nil))
}

// azureSharedKey is the header of a request, as a server computes it from what came: "Authorize with Shared Key", for Blob services from
// version 2015-02-21 on.
func azureSharedKey(r *http.Request, account, key string) string {
	raw, _ := base64.StdEncoding.DecodeString(key)
	length := r.Header.Get("Content-Length")
	if r.ContentLength > 0 {
		length = fmt.Sprint(r.ContentLength)
	}
	lines := []string{r.Method}
	for _, name := range []string{"Content-Encoding", "Content-Language", "", "Content-MD5", "Content-Type", "Date", "If-Modified-Since", "If-Match", "If-None-Match", "If-Unmodified-Since", "Range"} {
		if name == "" {
			lines = append(lines, length)
			continue
		}
		lines = append(lines, r.Header.Get(name))
	}
	var own []string
	for name, values := range r.Header {
		if name = strings.ToLower(name); strings.HasPrefix(name, "x-ms-") {
			own = append(own, name+":"+strings.Join(values, ","))
		}
	}
	slices.Sort(own)
	lines = append(lines, own...)
	lines = append(lines, "/"+account+r.URL.EscapedPath())
	var query []string
	for name, values := range r.URL.Query() {
		query = append(query, strings.ToLower(name)+":"+strings.Join(values, ","))
	}
	slices.Sort(query)
	lines = append(lines, query...)
	return "SharedKey " + account + ":" + azureMAC(raw, strings.Join(lines, "\n"))
}

func azureError(code, detail string) string {
	return "\ufeff" + `<?xml version="1.0" encoding="utf-8"?><Error><Code>` + code + "</Code><Message>No.\nRequestId:x</Message><AuthenticationErrorDetail>" + detail + "</AuthenticationErrorDetail></Error>"
}

const azureOtherKey = "The MAC signature found in the HTTP request 'x' is not the same as any computed signature. Server used following string to sign: 'GET'."

// azureBlobs plays the service of one account.
func azureBlobs(host, account, key string) *play {
	return &play{
		real: func(r *http.Request, _ string) bool {
			at, err := http.ParseTime(r.Header.Get("X-Ms-Date"))
			return err == nil && time.Since(at).Abs() < 15*time.Minute && r.Method == "GET" && r.Host == host && r.URL.RequestURI() == "/?comp=list&maxresults=1" &&
				r.Header.Get("X-Ms-Version") >= "2015-02-21" && r.Header.Get("Authorization") == azureSharedKey(r, account, key)
		},
		refusal: reply{status: 403, body: azureError("AuthenticationFailed", azureOtherKey)},
		positive: func(text string) reply {
			return reply{status: 200, body: "\ufeff" + `<?xml version="1.0" encoding="utf-8"?><EnumerationResults ServiceEndpoint="https://` + host + `/"><MaxResults>1</MaxResults><Containers><Container><Name>` + text + "</Name></Container></Containers><NextMarker /></EnumerationResults>"}
		},
	}
}

// azureHosts is what rules say about the hosts of Azure Storage.
func azureHosts(r *rules.Rule) *rules.Rule {
	r.Verify.Hosts = []string{"*.core.windows.net", "*.core.usgovcloudapi.net", "*.core.chinacloudapi.cn"}
	return r
}

func TestAzureStorageAnswers(t *testing.T) {
	t.Parallel()
	r, key := azureHosts(protocolRule(t, "azure-storage", "account")), newAzureKey()
	p := azureBlobs("acmeassets1.blob.core.windows.net", "acmeassets1", key)
	o := everyHost(t, p)
	c := Credential{Rule: r, Secret: "DefaultEndpointsProtocol=https;AccountName=acmeassets1;AccountKey=" + key + ";EndpointSuffix=core.windows.net"}
	p.answers(t, o, c)
	v := p.ask(t, o, c, p.positive("backups").script())
	check(t, v, Active, "")
	if v.Identity["account"] != "acmeassets1" || v.Identity["container"] != "backups" {
		t.Errorf("identity %q", v.Identity)
	}
	if strings.Contains(fmt.Sprintf("%+v", v), key) {
		t.Error("a verdict shows the key")
	}
	for _, tt := range []struct {
		name   string
		status int
		body   string
		want   Status
		reason Reason
	}{
		{"another key", 403, azureError("AuthenticationFailed", azureOtherKey), Inactive, ""},
		{"another key, other status", 400, azureError("AuthenticationFailed", azureOtherKey), Unknown, Unclear},
		{"wrong clock", 403, azureError("AuthenticationFailed", "Request date header too old: 'x'"), Unknown, Unclear},
		{"no detail", 403, azureError("AuthenticationFailed", ""), Unknown, Unclear},
		{"no keys", 403, azureError("KeyBasedAuthenticationNotPermitted", azureOtherKey), Unknown, Unclear},
		{"firewall", 403, azureError("AuthorizationFailure", ""), Unknown, Unclear},
		{"disabled", 403, azureError("AccountIsDisabled", ""), Unknown, Unclear},
		{"bare", 403, "", Unknown, Unclear},
		{"list with a refusal", 403, p.positive("x").body, Unknown, Unclear},
		{"list, other status", 206, p.positive("x").body, Unknown, Unclear},
		{"JSON", 403, `{"Code":"AuthenticationFailed","AuthenticationErrorDetail":"` + azureOtherKey + `"}`, Unknown, Unclear},
		{"cut", 403, azureError("AuthenticationFailed", azureOtherKey)[:150], Unknown, Unclear},
	} {
		if v := p.ask(t, o, c, reply{status: tt.status, body: tt.body}.script()); v.Status != tt.want || v.Reason != tt.reason {
			t.Errorf("%s: %s (%s), want %s (%s)", tt.name, v.Status, v.Reason, tt.want, tt.reason)
		}
	}
}

// Clouds, keys with an account near by, and what is not asked about.
func TestAzureStorageAccounts(t *testing.T) {
	t.Parallel()
	r, key := azureHosts(protocolRule(t, "azure-storage", "account")), newAzureKey()
	whole := func(rest string) string {
		return "DefaultEndpointsProtocol=http;AccountName=acme1;AccountKey=" + key + rest
	}
	for _, tt := range []struct {
		secret, part, host string
		want               Status
		refused            Reason // of a key that no longer is one
	}{
		{whole(""), "", "acme1.blob.core.windows.net", Active, ""},
		{whole(";EndpointSuffix=core.usgovcloudapi.net"), "", "acme1.blob.core.usgovcloudapi.net", Active, ""},
		{whole(";EndpointSuffix=core.chinacloudapi.cn"), "", "acme1.blob.core.chinacloudapi.cn", Active, ""},
		{key, "acme1.queue.core.windows.net", "acme1.blob.core.windows.net", Active, Pairing},
		{key, "acme1.dfs.core.usgovcloudapi.net", "acme1.blob.core.usgovcloudapi.net", Active, Pairing},
		{key, `AccountName": "acme1`, "acme1.blob.core.windows.net", Active, Pairing},
		{whole(";EndpointSuffix=core.windows.net.evil.example"), "", "", Skipped, HostNotAllowed},
		{whole(";EndpointSuffix=evil.example/core.windows.net"), "", "", Skipped, HostNotAllowed},
		{whole(";EndpointSuffix=evil.example#.core.windows.net"), "", "", Skipped, HostNotAllowed},
		{whole(";EndpointSuffix=x@evil.example"), "", "", Skipped, HostNotAllowed},
		{key, "", "", Skipped, PartMissing},
		{"AccountName=acme1;AccountKey=" + key[1:], "", "", Skipped, PartMissing},
	} {
		p := azureBlobs(tt.host, "acme1", key)
		o := everyHost(t, p)
		c := Credential{Rule: r, Secret: tt.secret}
		if tt.part != "" {
			c.Parts = map[string][]string{"account": {tt.part}}
		}
		v := p.ask(t, o, c, p.positive("x").script())
		if v.Status != tt.want || v.Status == Skipped && v.Reason != tt.refused {
			t.Errorf("%s: %s (%s), want %s; asked %q", tt.host, v.Status, v.Reason, tt.want, p.asked)
		}
		if tt.want == Skipped {
			if len(p.asked) > 0 {
				t.Errorf("asked %q", p.asked)
			}
			continue
		}
		v = p.ask(t, o, c, p.refusal.script())
		want := Inactive
		if tt.refused != "" {
			want = Unknown
		}
		check(t, v, want, tt.refused)
	}
}
