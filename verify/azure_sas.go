package verify

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// azureSAS asks Azure Storage by a shared access signature: the query of a URL that says what may be done until when, signed by an account key
// (https://learn.microsoft.com/en-us/rest/api/storageservices/create-account-sas,
// https://learn.microsoft.com/en-us/rest/api/storageservices/create-service-sas). The part "url" is what it may belong to: the URL before
// it, or a host of the account.
//
// One that says that its time is over (se) is expired, offline. For others the service is asked for what they let read: one name of
// a list, or the metadata of one blob, file or queue. It is active if that is shown, or the service says that this much is not permitted
// by it (https://learn.microsoft.com/en-us/rest/api/storageservices/sas-error-codes), while a made-up signature is refused. It is never
// inactive: the signature holds the resource's name, and with a URL from near by it may be another one's.
type azureSAS struct{}

// azureGrant is a signature with what it is asked about.
type azureGrant struct {
	query  string // as it stands in the text
	fields url.Values
	at     *url.URL // nil if there is no URL that it fits
	shown  string   // what at shows: "list", "table" or "metadata"
}

// azureGrantOf reads a signature and decides what it is asked about.
func azureGrantOf(p *Probe) (g azureGrant, ok bool) {
	g.query = strings.ReplaceAll(p.Secret, "&amp;", "&")
	fields, err := url.ParseQuery(g.query)
	if err != nil || fields.Get("sig") == "" {
		return g, false
	}
	g.fields = fields
	u, err := url.Parse(p.Parts["url"])
	if err != nil || u.Scheme != "https" || u.User != nil || u.Port() != "" || dotted(u.EscapedPath()) {
		return g, true
	}
	u.Host, u.RawQuery, u.Fragment = strings.ToLower(u.Host), "", ""
	account, rest, _ := strings.Cut(u.Host, ".")
	service, suffix, _ := strings.Cut(rest, ".")
	if service == "dfs" { // another interface to the same blobs
		service = "blob"
	}
	query, service := azureRead(fields, service, u)
	switch g.shown = "list"; {
	case strings.Contains(query, "comp=metadata"):
		g.shown = "metadata"
	case service == "table":
		g.shown = "table"
	}
	if query == "" || account == "" || suffix == "" {
		return g, true
	}
	u.Host = account + "." + service + "." + suffix
	u.RawQuery = g.query + "&" + query
	g.at = u
	return g, true
}

// azureRead returns the query that reads by a signature, and the service; u gets the path. It returns "" if the URL does not say enough.
func azureRead(fields url.Values, service string, u *url.URL) (query, at string) {
	container, name, _ := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
	only := func(path string) { u.Path, u.RawPath = path, path }
	switch kind := fields.Get("sr"); {
	case fields.Get("ss") != "": // of the account
		services := []string{"blob", "queue", "file", "table"}
		signed := func(s string) bool { return strings.Contains(fields.Get("ss"), s[:1]) }
		if i := slices.IndexFunc(services, signed); !slices.Contains(services, service) || !signed(service) {
			if i < 0 {
				return "", ""
			}
			service = services[i]
		}
		if only("/"); service == "table" {
			only("/Tables")
			return "$top=1", service
		}
		return "comp=list&maxresults=1", service
	case fields.Get("tn") != "":
		if only("/" + fields.Get("tn") + "()"); strings.ContainsAny(u.Path, "%.") || strings.Count(u.Path, "/") > 1 {
			return "", ""
		}
		return "$top=1", "table"
	case container == "":
		return "", ""
	case kind == "" && service == "queue":
		only("/" + container)
		return "comp=metadata", service
	case kind == "c":
		only("/" + container)
		return "restype=container&comp=list&maxresults=1", "blob"
	case kind == "s":
		only("/" + container)
		return "restype=directory&comp=list&maxresults=1", "file"
	case name != "" && slices.Contains([]string{"b", "d"}, kind):
		return "comp=metadata", "blob"
	case name != "" && kind == "f":
		return "comp=metadata", "file"
	}
	return "", ""
}

// ended reports whether a signature says that its time is over. A time without a zone is UTC.
func (g azureGrant) ended(now time.Time) bool {
	end, ok := azureTime(g.fields.Get("se"))
	return ok && !end.After(now)
}

// azureTime reads a time of a signature (https://learn.microsoft.com/en-us/rest/api/storageservices/formatting-datetime-values).
func azureTime(text string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02"} { // the first reads fractions as well
		if t, err := time.Parse(layout, text); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// secretIn implements holder.
func (azureSAS) secretIn(text string) string {
	_, sig, _ := strings.Cut(text, "sig=")
	sig, _, _ = strings.Cut(sig, "&")
	return sig
}

// Targets implements Protocol.
func (azureSAS) Targets(p *Probe) ([]Target, bool) {
	g, ok := azureGrantOf(p)
	switch {
	case !ok:
		return nil, false
	case g.ended(time.Now()):
		return nil, true
	case g.at == nil:
		return nil, false
	}
	return []Target{{Scheme: "https", Host: g.at.Host, Port: "443", Text: true}}, true
}

// Verify implements Protocol.
func (azureSAS) Verify(ctx context.Context, p *Probe) Answer {
	g, _ := azureGrantOf(p)
	if g.ended(time.Now()) {
		return Answer{Status: Expired}
	}
	control, a := g.ask(ctx, p, g.forged())
	switch {
	case control == nil:
		return a
	case g.accepted(control):
		return unknown(AcceptsAny)
	case !control.refuses():
		return unknown(Unclear)
	}
	r, a := g.ask(ctx, p, g.at)
	switch {
	case r == nil:
		return a
	case g.accepted(r):
		return Answer{Status: Active, Identity: g.identity()}
	case r.failed() && (g.shown == "metadata" || strings.HasPrefix(r.reply.Detail, "Signature did not match")):
		return unknown(Pairing)
	case r.failed() && strings.HasPrefix(r.reply.Detail, "Signature not valid in the specified time frame") && g.begun(time.Now()):
		return Answer{Status: Expired}
	}
	return unknown(Unclear)
}

// begun reports whether a signature holds both its times, and the first has come: of an end that a policy of the resource sets, the
// wrong resource may speak.
func (g azureGrant) begun(now time.Time) bool {
	start, known := azureTime(g.fields.Get("st"))
	return g.fields.Get("se") != "" && (g.fields.Get("st") == "" || known && start.Before(now))
}

// forged returns the URL with another signature.
func (g azureGrant) forged() *url.URL {
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // never fails
	u := *g.at
	var fields []string
	for field := range strings.SplitSeq(u.RawQuery, "&") {
		if strings.HasPrefix(field, "sig=") {
			field = "sig=" + url.QueryEscape(base64.StdEncoding.EncodeToString(raw))
		}
		fields = append(fields, field)
	}
	u.RawQuery = strings.Join(fields, "&")
	return &u
}

// ask reads at a URL. The version is that of the signature.
func (g azureGrant) ask(ctx context.Context, p *Probe, u *url.URL) (*azureResponse, Answer) {
	method, h := http.MethodGet, http.Header{}
	switch g.shown {
	case "table":
		h.Set("Accept", "application/json;odata=nometadata")
	case "metadata":
		method = http.MethodHead
	}
	return azureSend(ctx, p, method, u.String(), h)
}

// accepted reports whether a service has accepted the signature.
func (g azureGrant) accepted(r *azureResponse) bool {
	if r.refuses() {
		return slices.Contains([]string{"AuthorizationPermissionMismatch", "AuthorizationServiceMismatch", "AuthorizationResourceTypeMismatch"}, r.reply.Code)
	}
	if g.shown == "list" {
		return r.shows()
	}
	if r.status != http.StatusOK || r.header.Get("X-Ms-Request-Id") == "" || r.header.Get("X-Ms-Version") == "" {
		return false
	}
	if g.shown == "metadata" {
		return r.header.Get("ETag") != "" || r.header.Get("X-Ms-Approximate-Messages-Count") != ""
	}
	var table struct {
		Value *[]json.RawMessage `json:"value"`
	}
	return json.Unmarshal(r.body, &table) == nil && table.Value != nil
}

// identity is what the signature itself says, which the service has confirmed by accepting it.
func (g azureGrant) identity() map[string]string {
	account, _, _ := strings.Cut(g.at.Host, ".")
	return map[string]string{"account": account, "permissions": g.fields.Get("sp"), "services": g.fields.Get("ss"), "resource": g.fields.Get("sr"),
		"expires": g.fields.Get("se"), "addresses": g.fields.Get("sip")}
}
