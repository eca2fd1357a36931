package verify

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"mudlark/rules"
)

// azureSASText makes a signature of an account, or with resource "/blob/account/container" and the like of that. The texts to sign are
// those of version 2019-12-12.
func azureSASText(account string, key []byte, resource string, fields url.Values) string {
	get := fields.Get
	text := strings.Join([]string{account, get("sp"), get("ss"), get("srt"), get("st"), get("se"), get("sip"), get("spr"), get("sv"), ""}, "\n")
	if resource != "" {
		text = strings.Join([]string{get("sp"), get("st"), get("se"), resource, get("si"), get("sip"), get("spr"), get("sv"), get("sr"), "", "", "", "", "", ""}, "\n")
	}
	return fields.Encode() + "&sig=" + url.QueryEscape(azureMAC(key, text))
}

// azureValues are the fields of a signature that is good for an hour.
func azureValues(pairs ...string) url.Values {
	v := url.Values{"sv": {"2019-12-12"}, "se": {time.Now().UTC().Add(time.Hour).Format("2006-01-02T15:04:05Z")}}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v
}

// azureSigned plays a service that gets one signature at one place.
func azureSigned(place, sas string) *play {
	return &play{
		real: func(r *http.Request, _ string) bool {
			method := map[bool]string{true: "HEAD", false: "GET"}[strings.Contains(place, "comp=metadata")]
			return r.Method == method && "https://"+r.Host+r.RequestURI == strings.Replace(place, "SAS", sas, 1)
		},
		refusal: reply{status: 403, header: map[string]string{"X-Ms-Error-Code": "AuthenticationFailed"}, body: azureError("AuthenticationFailed", "Signature did not match. String to sign used was x")},
		positive: func(string) reply {
			return reply{status: 200, body: `<EnumerationResults ServiceEndpoint="x"><Blobs /></EnumerationResults>`}
		},
	}
}

func sasRule(t *testing.T) *rules.Rule {
	r := azureHosts(protocolRule(t, "azure-sas", "url"))
	r.Parts[0].Public = true
	return r
}

func TestAzureSASAnswers(t *testing.T) {
	t.Parallel()
	r := sasRule(t)
	sas := azureSASText("acmeassets1", []byte("key"), "", azureValues("ss", "bq", "srt", "sco", "sp", "rl"))
	p := azureSigned("https://acmeassets1.blob.core.windows.net/?SAS&comp=list&maxresults=1", sas)
	o := everyHost(t, p)
	c := Credential{Rule: r, Secret: sas, Parts: map[string][]string{"url": {"https://acmeassets1.blob.core.windows.net/backups/a.tar"}}}
	p.answers(t, o, c)
	v := p.ask(t, o, c, p.positive("").script())
	check(t, v, Active, "")
	if v.Identity["account"] != "acmeassets1" || v.Identity["permissions"] != "rl" || v.Identity["services"] != "bq" || v.Identity["expires"] == "" {
		t.Errorf("identity %q", v.Identity)
	}
	const outOfTime = "Signature not valid in the specified time frame: Start [x] - Expiry [x] - Current [x]"
	for _, tt := range []struct {
		name   string
		status int
		body   string
		want   Status
		reason Reason
	}{
		{"not permitted", 403, azureError("AuthorizationPermissionMismatch", ""), Active, ""},
		{"other kind of resource", 403, azureError("AuthorizationResourceTypeMismatch", ""), Active, ""},
		{"other service", 403, azureError("AuthorizationServiceMismatch", ""), Active, ""},
		{"not permitted, other status", 404, azureError("AuthorizationPermissionMismatch", ""), Unknown, Unclear},
		{"other address", 403, azureError("AuthorizationSourceIPMismatch", ""), Unknown, Unclear},
		{"firewall", 403, azureError("AuthorizationFailure", ""), Unknown, Unclear},
		{"other key", 403, p.refusal.body, Unknown, Pairing},
		{"out of time", 403, azureError("AuthenticationFailed", outOfTime), Expired, ""},
		{"out of time, other code", 403, azureError("AuthorizationFailure", outOfTime), Unknown, Unclear},
		{"no such container", 404, azureError("ContainerNotFound", ""), Unknown, Unclear},
		{"metadata", 200, "", Unknown, Unclear},
	} {
		if v := p.ask(t, o, c, reply{status: tt.status, body: tt.body}.script()); v.Status != tt.want || v.Reason != tt.reason {
			t.Errorf("%s: %s (%s), want %s (%s)", tt.name, v.Status, v.Reason, tt.want, tt.reason)
		}
	}
}

// What is asked for is what the signature lets read.
func TestAzureSASPlaces(t *testing.T) {
	t.Parallel()
	const host = "https://acme1.%s.core.windows.net"
	metadata := reply{status: 200, header: map[string]string{"X-Ms-Request-Id": "x", "X-Ms-Version": "x", "Etag": "x"}}
	list := reply{status: 200, body: "<EnumerationResults/>"}
	table := reply{status: 200, header: map[string]string{"X-Ms-Request-Id": "x", "X-Ms-Version": "x"}, body: `{"value":[]}`}
	at := func(service, rest string) string { return fmt.Sprintf(host, service) + rest }
	for _, tt := range []struct {
		fields url.Values
		url    string
		asked  string
		answer reply
	}{
		{azureValues("ss", "b", "sp", "l"), at("blob", "/c/x"), at("blob", "/?SAS&comp=list&maxresults=1"), list},
		{azureValues("ss", "bfqt", "sp", "l"), at("queue", ""), at("queue", "/?SAS&comp=list&maxresults=1"), list},
		{azureValues("ss", "q", "sp", "l"), at("blob", ""), at("queue", "/?SAS&comp=list&maxresults=1"), list},
		{azureValues("ss", "b", "sp", "l"), at("dfs", ""), at("blob", "/?SAS&comp=list&maxresults=1"), list},
		{azureValues("ss", "t", "sp", "r"), at("table", ""), at("table", "/Tables?SAS&$top=1"), table},
		{azureValues("tn", "orders", "sp", "r"), at("table", "/orders"), at("table", "/orders()?SAS&$top=1"), table},
		{azureValues("sr", "c", "sp", "rl"), at("blob", "/backups"), at("blob", "/backups?SAS&restype=container&comp=list&maxresults=1"), list},
		{azureValues("sr", "c", "sp", "r"), at("dfs", "/backups/a/b"), at("blob", "/backups?SAS&restype=container&comp=list&maxresults=1"), list},
		{azureValues("sr", "b", "sp", "r"), at("blob", "/backups/a%20b.tar"), at("blob", "/backups/a%20b.tar?SAS&comp=metadata"), metadata},
		{azureValues("sr", "f", "sp", "r"), at("file", "/share/a"), at("file", "/share/a?SAS&comp=metadata"), metadata},
		{azureValues("sr", "s", "sp", "l"), at("file", "/share"), at("file", "/share?SAS&restype=directory&comp=list&maxresults=1"), list},
		{azureValues("sp", "r"), at("queue", "/jobs/messages"), at("queue", "/jobs?SAS&comp=metadata"), reply{status: 200, header: map[string]string{"X-Ms-Request-Id": "x", "X-Ms-Version": "x", "X-Ms-Approximate-Messages-Count": "0"}}},
	} {
		sas := azureSASText("acme1", []byte("key"), "", tt.fields)
		p := azureSigned(tt.asked, sas)
		v := p.ask(t, everyHost(t, p), Credential{Rule: sasRule(t), Secret: strings.ReplaceAll(sas, "&", "&amp;"), Parts: map[string][]string{"url": {tt.url}}}, tt.answer.script())
		if v.Status != Active {
			t.Errorf("%s: %s (%s); asked %q", tt.asked, v.Status, v.Reason, p.asked)
		}
		check(t, p.ask(t, everyHost(t, p), Credential{Rule: sasRule(t), Secret: sas, Parts: map[string][]string{"url": {tt.url}}}, p.refusal.script()), Unknown, Pairing)
		for _, other := range []reply{metadata, list, table} { // what fits another question proves nothing
			v := p.ask(t, everyHost(t, p), Credential{Rule: sasRule(t), Secret: sas, Parts: map[string][]string{"url": {tt.url}}}, other.script())
			if fits := other.body == tt.answer.body; (v.Status == Active) != fits {
				t.Errorf("%s with %q: %s (%s)", tt.asked, other.body, v.Status, v.Reason)
			}
		}
	}
}

// Times are read offline, and what cannot be asked about is not.
func TestAzureSASOffline(t *testing.T) {
	t.Parallel()
	now := time.Now().UTC()
	p := azureSigned("", "")
	o := everyHost(t, p)
	at := func(u string) map[string][]string { return map[string][]string{"url": {u}} }
	for _, tt := range []struct {
		fields url.Values
		parts  map[string][]string
		want   Status
		reason Reason
	}{
		{azureValues("ss", "b", "se", now.Add(-time.Second).Format("2006-01-02T15:04:05Z")), nil, Expired, ""},
		{azureValues("ss", "b", "se", now.Add(-time.Minute).Format("2006-01-02T15:04Z")), nil, Expired, ""},
		{azureValues("ss", "b", "se", now.Add(-time.Second).Format("2006-01-02T15:04:05.0000000Z")), nil, Expired, ""},
		{azureValues("ss", "b", "se", now.Add(-time.Hour).In(time.FixedZone("", 7200)).Format("2006-01-02T15:04:05-07:00")), nil, Expired, ""},
		{azureValues("ss", "b", "se", now.Format("2006-01-02")), nil, Expired, ""},
		{azureValues("ss", "b", "se", now.AddDate(0, 0, 1).Format("2006-01-02")), nil, Skipped, PartMissing},
		{azureValues("ss", "b", "se", "yesterday"), nil, Skipped, PartMissing},
		{azureValues("ss", "b"), at("https://acme1.blob.core.windows.net.evil.example/"), Skipped, HostNotAllowed},
		{azureValues("ss", "b"), at("https://acme1.blob.core.windows.net@evil.example/"), Skipped, PartMissing},
		{azureValues("ss", "b"), at("http://acme1.blob.core.windows.net/"), Skipped, PartMissing},
		{azureValues("sr", "b"), at("https://acme1.blob.core.windows.net/c/../d/x"), Skipped, PartMissing},
		{azureValues("sr", "b"), at("https://acme1.blob.core.windows.net/c"), Skipped, PartMissing},
		{azureValues("sr", "c"), at("https://acme1.blob.core.windows.net"), Skipped, PartMissing},
		{azureValues("sr", "?"), at("https://acme1.blob.core.windows.net/c"), Skipped, PartMissing},
		{azureValues("ss", "x"), at("https://acme1.blob.core.windows.net/c"), Skipped, PartMissing},
	} {
		v := verdicts(t, o, Credential{Rule: sasRule(t), Secret: azureSASText("acme1", nil, "", tt.fields), Parts: tt.parts})[0]
		if v.Status != tt.want || v.Reason != tt.reason {
			t.Errorf("%s at %s: %s (%s), want %s (%s)", tt.fields, tt.parts, v.Status, v.Reason, tt.want, tt.reason)
		}
	}
	if len(p.asked) > 0 {
		t.Errorf("asked %q", p.asked)
	}
	// A signature that is not good yet is not expired.
	fields := azureValues("ss", "b", "st", now.Add(time.Hour).Format(time.RFC3339))
	sas := azureSASText("acme1", nil, "", fields)
	p = azureSigned("https://acme1.blob.core.windows.net/?SAS&comp=list&maxresults=1", sas)
	v := p.ask(t, everyHost(t, p), Credential{Rule: sasRule(t), Secret: sas, Parts: at("https://acme1.blob.core.windows.net")},
		reply{status: 403, body: azureError("AuthenticationFailed", "Signature not valid in the specified time frame: x")}.script())
	check(t, v, Unknown, Unclear)
}
