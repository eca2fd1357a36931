package verify

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"mudlark/rules"
)

// azureTokenGood reports whether the header of a request is a token of the policy for its URL, as a service finds out from what came.
func azureTokenGood(r *http.Request, policy, key string) bool {
	text, ok := strings.CutPrefix(r.Header.Get("Authorization"), "SharedAccessSignature ")
	fields := map[string]string{}
	for _, field := range strings.Split(text, "&") {
		name, value, _ := strings.Cut(field, "=")
		fields[name] = value
	}
	place, _ := url.QueryUnescape(fields["sr"])
	signature, _ := url.QueryUnescape(fields["sig"])
	name, _ := url.QueryUnescape(fields["skn"])
	end, err := strconv.ParseInt(fields["se"], 10, 64)
	left := time.Until(time.Unix(end, 0))
	return ok && err == nil && len(fields) == 4 && left > 0 && left < time.Hour && name == policy && place == "https://"+r.Host+r.URL.Path &&
		signature == azureMAC([]byte(key), fields["sr"]+"\n"+fields["se"])
}

func busError(detail string) string {
	return "<Error><Code>401</Code><Detail>" + detail + " TrackingId:x, SystemTracker:x, Timestamp:x</Detail></Error>"
}

// azureBus plays a namespace with one policy.
func azureBus(host, path, policy, key string) *play {
	return &play{
		real: func(r *http.Request, _ string) bool {
			return r.Method == "GET" && r.Host == host && r.URL.Path == path && r.URL.Query().Get("api-version") != "" && azureTokenGood(r, policy, key)
		},
		refusal: reply{status: 401, body: busError("InvalidSignature: The token has an invalid signature.")},
		positive: func(text string) reply {
			return reply{status: 200, body: `<feed xmlns="http://www.w3.org/2005/Atom"><title type="text">` + text + "</title></feed>"}
		},
	}
}

func busRule(t *testing.T) *rules.Rule {
	r := protocolRule(t, "azure-servicebus", "namespace", "policy")
	r.Parts[0].Public, r.Parts[1].Public = true, true
	r.Verify.Hosts = []string{"*.servicebus.windows.net", "*.servicebus.chinacloudapi.cn"}
	return r
}

func busString(host, policy, key, rest string) string {
	return "Endpoint=sb://" + host + "/;SharedAccessKeyName=" + policy + ";SharedAccessKey=" + key + rest
}

func TestAzureServiceBusAnswers(t *testing.T) {
	t.Parallel()
	key := newAzureKey()
	p := azureBus("acme-orders.servicebus.windows.net", "/", azureRootPolicy, key)
	o := everyHost(t, p)
	c := Credential{Rule: busRule(t), Secret: busString("acme-orders.servicebus.windows.net", azureRootPolicy, key, "")}
	p.answers(t, o, c)
	v := p.ask(t, o, c, p.positive("").script())
	check(t, v, Active, "")
	if v.Identity["namespace"] != "acme-orders.servicebus.windows.net" || v.Identity["policy"] != azureRootPolicy || v.Identity["claims"] != "Manage" {
		t.Errorf("identity %q", v.Identity)
	}
	for _, tt := range []struct {
		name   string
		status int
		body   string
		want   Status
		reason Reason
	}{
		{"entry", 200, `<entry xmlns="http://www.w3.org/2005/Atom"></entry>`, Active, ""},
		{"entry of something else", 200, `<entry xmlns="urn:x"></entry>`, Unknown, Unclear},
		{"entry, other status", 203, `<entry xmlns="http://www.w3.org/2005/Atom"></entry>`, Unknown, Unclear},
		{"may send only", 401, busError("Manage claim is required for this operation."), Active, ""},
		{"may listen only", 401, busError("Manage,EntityRead claims required for this operation."), Active, ""},
		{"may send only, other status", 403, busError("Manage claim is required for this operation."), Unknown, Unclear},
		{"another key", 401, busError("InvalidSignature: The token has an invalid signature."), Inactive, ""},
		{"another key, in older words", 401, busError("40103: Invalid authorization token signature"), Inactive, ""},
		{"another key, other status", 403, busError("InvalidSignature: The token has an invalid signature."), Unknown, Unclear},
		{"wrong clock", 401, busError("ExpiredToken: The token is expired."), Unknown, Unclear},
		{"no keys", 401, busError("LocalAuthDisabled: Authorization failed because SAS authentication has been disabled for the namespace."), Unknown, Unclear},
		{"another audience", 401, busError("InvalidAudience: The authorization header contains a token with a wrong audience."), Unknown, Unclear},
		{"no claims", 401, busError("claim is empty or token is invalid."), Unknown, Unclear},
		{"words elsewhere", 401, busError("No: InvalidSignature: The token has an invalid signature."), Unknown, Unclear},
		{"firewall", 401, busError("Ip has been prevented to connect to the endpoint."), Unknown, Unclear},
	} {
		if v := p.ask(t, o, c, reply{status: tt.status, body: tt.body}.script()); v.Status != tt.want || v.Reason != tt.reason {
			t.Errorf("%s: %s (%s), want %s (%s)", tt.name, v.Status, v.Reason, tt.want, tt.reason)
		}
	}
}

// A refusal counts where the string says all about the place of its key.
func TestAzureServiceBusPlaces(t *testing.T) {
	t.Parallel()
	key := newAzureKey()
	const host = "acme-orders.servicebus.windows.net"
	for _, tt := range []struct {
		secret            string
		namespace, policy string
		path, asPolicy    string
		host              string
		refused           Status
		reason            Reason
	}{
		{busString(host, "reader", key, ";EntityPath=orders"), "", "", "/orders", "reader", host, Inactive, ""},
		{busString(host, "reader", key, ";EntityPath=topics/a/Subscriptions/b"), "", "", "/topics/a/Subscriptions/b", "reader", host, Inactive, ""},
		{busString(host, "reader", key, ""), "", "", "/", "reader", host, Unknown, Unclear},
		{busString("Acme-Orders.servicebus.chinacloudapi.cn", azureRootPolicy, key, ""), "", "", "/", azureRootPolicy, "acme-orders.servicebus.chinacloudapi.cn", Inactive, ""},
		{key, host, "", "/", azureRootPolicy, host, Unknown, Pairing},
		{key, host, `SharedAccessKeyName": "reader`, "/", "reader", host, Unknown, Pairing},
	} {
		p := azureBus(tt.host, tt.path, tt.asPolicy, key)
		o := everyHost(t, p)
		c := Credential{Rule: busRule(t), Secret: tt.secret, Parts: map[string][]string{}}
		if tt.namespace != "" {
			c.Parts["namespace"] = []string{tt.namespace}
		}
		if tt.policy != "" {
			c.Parts["policy"] = []string{tt.policy}
		}
		if v := p.ask(t, o, c, p.positive("").script()); v.Status != Active {
			t.Errorf("%s as %s: %s (%s); asked %q", tt.path, tt.asPolicy, v.Status, v.Reason, p.asked)
		}
		check(t, p.ask(t, o, c, p.refusal.script()), tt.refused, tt.reason)
	}
	p := azureBus(host, "/", "", key)
	for secret, want := range map[string]Reason{
		key: PartMissing,
		busString("acme.servicebus.windows.net.evil.example", "a", key, ""):   HostNotAllowed,
		busString("acme.servicebus.windows.net@evil.example", "a", key, ""):   PartMissing,
		busString("acme.servicebus.windows.net:8443", "a", key, ""):           PartMissing,
		busString("", "a", key, ""):                                           PartMissing,
		busString(host, "", key, ""):                                          PartMissing,
		busString(host, "a", key, ";EntityPath=../b"):                         PartMissing,
		strings.Replace(busString(host, "a", key, ""), "sb://", "http://", 1): PartMissing,
	} {
		v := p.ask(t, everyHost(t, p), Credential{Rule: busRule(t), Secret: secret}, p.positive("").script())
		if v.Status != Skipped || v.Reason != want || len(p.asked) > 0 {
			t.Errorf("%s: %s (%s), want %s; asked %q", secret[:40], v.Status, v.Reason, want, p.asked)
		}
	}
}
