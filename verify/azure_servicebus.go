package verify

import (
	"context"
	"encoding/base64"
	"encoding/xml"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// azureServiceBus asks Azure Service Bus, Event Hubs or Relay about an entity, or what a namespace holds
// (https://learn.microsoft.com/en-us/rest/api/servicebus/get-entity, https://learn.microsoft.com/en-us/rest/api/servicebus/entities-discovery), by
// a token for a minute that the key signs (https://learn.microsoft.com/en-us/azure/service-bus-messaging/service-bus-sas). The key is not
// sent. The secret is a connection string, or a key with the parts "namespace" and "policy" that stand near it.
//
// A key is active if that is shown, or the service says that the policy's claims do not allow it, while a made-up key is refused. It is
// inactive if the service says that its signature is wrong, and one connection string holds the key and all that says where it belongs:
// the policy of a string without entity may be that of one.
type azureServiceBus struct{}

// azurePolicy is a key of a shared access policy.
type azurePolicy struct {
	host, entity string // entity is "" for the namespace
	name, key    string
	whole        bool // the place of the policy is certain
}

// azureRootPolicy is the policy that every namespace is created with.
const azureRootPolicy = "RootManageSharedAccessKey"

// azurePolicyOf reads a connection string, or a key and its parts.
func azurePolicyOf(p *Probe) (policy azurePolicy, ok bool) {
	fields := azureFields(p.Secret)
	policy = azurePolicy{entity: strings.Trim(fields["entitypath"], "/"), name: fields["sharedaccesskeyname"], key: fields["sharedaccesskey"]}
	if policy.key != "" {
		u, err := url.Parse(fields["endpoint"])
		if err != nil || u.Scheme != "sb" || u.User != nil || u.Port() != "" {
			return policy, false
		}
		policy.host = u.Host
		policy.whole = policy.entity != "" || policy.name == azureRootPolicy
	} else {
		part := p.Parts["policy"]
		policy.host, policy.key, policy.name = p.Parts["namespace"], p.Secret, part[strings.LastIndexAny(part, " =:\"'>")+1:]
		if policy.name == "" {
			policy.name = azureRootPolicy
		}
	}
	policy.host = strings.ToLower(policy.host)
	return policy, policy.host != "" && policy.name != "" && !dotted("/"+policy.entity)
}

// secretIn implements holder.
func (azureServiceBus) secretIn(text string) string { return azureFields(text)["sharedaccesskey"] }

// Targets implements Protocol.
func (azureServiceBus) Targets(p *Probe) ([]Target, bool) {
	policy, ok := azurePolicyOf(p)
	return []Target{{Scheme: "https", Host: policy.host, Port: "443", Text: true}}, ok
}

// Verify implements Protocol.
func (azureServiceBus) Verify(ctx context.Context, p *Probe) Answer {
	policy, _ := azurePolicyOf(p)
	fake := policy
	fake.key = base64.StdEncoding.EncodeToString([]byte(madeUpName() + madeUpName()))
	switch control := fake.ask(ctx, p); {
	case control.Status == Active:
		return unknown(AcceptsAny)
	case control.Status != Inactive:
		return control
	}
	a := policy.ask(ctx, p)
	if a.Status != Inactive || policy.whole {
		return a
	}
	if azureFields(p.Secret)["sharedaccesskey"] == "" {
		return unknown(Pairing)
	}
	return unknown(Unclear)
}

// url is what is asked for, and what the token is for.
func (a azurePolicy) url() *url.URL {
	return &url.URL{Scheme: "https", Host: a.host, Path: "/" + a.entity}
}

// token signs the URL and a time.
func (a azurePolicy) token(until time.Time) string {
	place, end := url.QueryEscape(a.url().String()), strconv.FormatInt(until.Unix(), 10)
	signature := base64.StdEncoding.EncodeToString(hmacSHA256([]byte(a.key), place+"\n"+end))
	return "SharedAccessSignature sr=" + place + "&sig=" + url.QueryEscape(signature) + "&se=" + end + "&skn=" + url.QueryEscape(a.name)
}

// azureEntity is what the service answers: an entry or feed (RFC 4287), or an error.
type azureEntity struct {
	XMLName xml.Name
	Code    string `xml:"Code"`
	Detail  string `xml:"Detail"`
}

// ask asks with a token.
func (a azurePolicy) ask(ctx context.Context, p *Probe) Answer {
	u := a.url()
	u.RawQuery = "api-version=2014-01"
	r, why := p.send(ctx, http.MethodGet, u.String(), http.Header{"Authorization": {a.token(time.Now().Add(time.Minute))}}, "")
	if r == nil {
		return why
	}
	var reply azureEntity
	if r.cut || xml.Unmarshal(r.body, &reply) != nil {
		return unknown(Unclear)
	}
	const atom = "http://www.w3.org/2005/Atom"
	identity := map[string]string{"namespace": a.host, "policy": a.name, "entity": a.entity}
	switch kind := reply.XMLName; {
	case r.status == http.StatusOK && kind.Space == atom && (kind.Local == "entry" || kind.Local == "feed"):
		identity["claims"] = "Manage"
		return Answer{Status: Active, Identity: identity}
	case r.status != http.StatusUnauthorized || kind.Local != "Error" || reply.Code != "401":
	case strings.HasPrefix(reply.Detail, "Manage claim is required for this operation"), strings.HasPrefix(reply.Detail, "Manage,EntityRead claims required for this operation"):
		return Answer{Status: Active, Identity: identity}
	case strings.HasPrefix(reply.Detail, "InvalidSignature: The token has an invalid signature"), strings.HasPrefix(reply.Detail, "40103: Invalid authorization token signature"):
		return Answer{Status: Inactive}
	}
	return unknown(Unclear)
}
