package verify

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/xml"
	"net/http"
	"strings"
	"time"
)

// azureStorage asks Azure Storage for the name of one container (List Containers,
// https://learn.microsoft.com/en-us/rest/api/storageservices/list-containers2). The request is signed by the account key, which is not sent
// (https://learn.microsoft.com/en-us/rest/api/storageservices/authorize-with-shared-key). The secret is a connection string, or a key with the
// part "account" that stands near it: the account's name, or a host of it.
//
// A key is active if it is shown the list, while a made-up key is not authenticated. It is inactive if the service says that its signature is
// not that of a key of the account, and both stand in one connection string; else they may not belong together. Accounts that
// allow no keys, or not this address, say nothing of the key.
type azureStorage struct{}

// azureVersion is the version of the service that requests are made for.
const azureVersion = "2021-12-02"

// azureAccount is a storage account with a key.
type azureAccount struct {
	name, suffix string // the host of a service is name.service.suffix
	key          []byte
	whole        bool // name and key stand in one connection string
}

// azureAccountOf reads a connection string (https://learn.microsoft.com/en-us/azure/storage/common/storage-configure-connection-string), or a
// key and the part "account".
func azureAccountOf(p *Probe) (a azureAccount, ok bool) {
	fields := azureFields(p.Secret)
	a = azureAccount{name: fields["accountname"], suffix: fields["endpointsuffix"], whole: true}
	key := fields["accountkey"]
	if key == "" {
		part := strings.ToLower(p.Parts["account"])
		a.name, a.suffix, a.whole = part[strings.LastIndexAny(part, " =:\"'>")+1:], "", false
		if name, host, found := strings.Cut(a.name, "."); found {
			a.name = name
			_, a.suffix, _ = strings.Cut(host, ".")
		}
		key = p.Secret
	}
	if a.suffix = strings.ToLower(a.suffix); a.suffix == "" {
		a.suffix = "core.windows.net"
	}
	raw, err := base64.StdEncoding.DecodeString(key)
	a.key = raw
	return a, err == nil && len(raw) > 0 && a.name != "" && !strings.ContainsAny(a.name, "./@:")
}

// azureFields reads "Name=value;Name=value", with names in small letters.
func azureFields(text string) map[string]string {
	fields := map[string]string{}
	for field := range strings.SplitSeq(text, ";") {
		name, value, _ := strings.Cut(field, "=")
		fields[strings.ToLower(strings.TrimSpace(name))] = strings.TrimSpace(value)
	}
	return fields
}

// secretIn implements holder.
func (azureStorage) secretIn(text string) string { return azureFields(text)["accountkey"] }

func (a azureAccount) host() string { return a.name + ".blob." + a.suffix }

// Targets implements Protocol.
func (azureStorage) Targets(p *Probe) ([]Target, bool) {
	a, ok := azureAccountOf(p)
	return []Target{{Scheme: "https", Host: a.host(), Port: "443", Text: true}}, ok
}

// Verify implements Protocol.
func (azureStorage) Verify(ctx context.Context, p *Probe) Answer {
	account, _ := azureAccountOf(p)
	fake := account
	fake.key = make([]byte, len(account.key))
	_, _ = rand.Read(fake.key) // never fails
	control, a := fake.ask(ctx, p)
	switch {
	case control == nil:
		return a
	case control.shows():
		return unknown(AcceptsAny)
	case !control.refuses():
		return unknown(Unclear)
	}
	r, a := account.ask(ctx, p)
	switch {
	case r == nil:
		return a
	case r.shows():
		return Answer{Status: Active, Identity: map[string]string{"account": account.name, "container": r.reply.Container}}
	case !r.otherKey():
		return unknown(Unclear)
	case !account.whole:
		return unknown(Pairing)
	}
	return Answer{Status: Inactive}
}

// ask asks for the list, signed by the account's key.
func (a azureAccount) ask(ctx context.Context, p *Probe) (*azureResponse, Answer) {
	now := time.Now().UTC().Format(http.TimeFormat)
	h := http.Header{"X-Ms-Date": {now}, "X-Ms-Version": {azureVersion}}
	h.Set("Authorization", "SharedKey "+a.name+":"+a.signature(now))
	return azureSend(ctx, p, http.MethodGet, "https://"+a.host()+"/?comp=list&maxresults=1", h)
}

// signature signs the request of ask. The empty lines are headers that it does not have.
func (a azureAccount) signature(date string) string {
	text := "GET" + strings.Repeat("\n", 12) + "x-ms-date:" + date + "\nx-ms-version:" + azureVersion + "\n/" + a.name + "/\ncomp:list\nmaxresults:1"
	return base64.StdEncoding.EncodeToString(hmacSHA256(a.key, text))
}

// azureResponse is what a storage service answers: a list, or an error
// (https://learn.microsoft.com/en-us/rest/api/storageservices/status-and-error-codes2).
type azureResponse struct {
	*response
	reply struct {
		XMLName   xml.Name
		Container string `xml:"Containers>Container>Name"`
		Code      string `xml:"Code"`
		Detail    string `xml:"AuthenticationErrorDetail"`
	}
}

// azureSend sends a request. An answer that is cut off says nothing. To HEAD a service tells the code of an error in a header.
func azureSend(ctx context.Context, p *Probe, method, url string, h http.Header) (*azureResponse, Answer) {
	r, a := p.send(ctx, method, url, h, "")
	if r == nil {
		return nil, a
	}
	if r.cut {
		return nil, unknown(Unclear)
	}
	out := &azureResponse{response: r}
	if err := xml.Unmarshal(bytes.TrimPrefix(r.body, []byte("\ufeff")), &out.reply); err != nil {
		out.reply.XMLName.Local, out.reply.Code = "", ""
	}
	if code := r.header.Get("X-Ms-Error-Code"); method == http.MethodHead && code != "" {
		out.reply.XMLName.Local, out.reply.Code = "Error", code
	}
	return out, Answer{}
}

// shows reports whether a list is shown.
func (r *azureResponse) shows() bool {
	return r.status == http.StatusOK && r.reply.XMLName.Local == "EnumerationResults"
}

// refuses reports whether a service says in its own words that it does not answer a request.
func (r *azureResponse) refuses() bool {
	return r.status == http.StatusForbidden && r.reply.XMLName.Local == "Error" && r.reply.Code != ""
}

// failed reports whether that is because it could not authenticate the request.
func (r *azureResponse) failed() bool { return r.refuses() && r.reply.Code == "AuthenticationFailed" }

// otherKey reports whether no key of the account makes such a signature. AuthenticationFailed is given for a wrong clock as well.
func (r *azureResponse) otherKey() bool {
	return r.failed() && strings.HasPrefix(r.reply.Detail, "The MAC signature found in the HTTP request ") && strings.Contains(r.reply.Detail, "is not the same as any computed signature")
}
