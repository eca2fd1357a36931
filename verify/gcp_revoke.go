package verify

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/url"
)

// NotItsID is the refusal of a key beside which another key's id stands.
const NotItsID Refusal = "the key id beside it is not known to be its own"

const (
	gcpIAM   = "iam.googleapis.com"
	gcpScope = "https://www.googleapis.com/auth/cloud-platform"
)

// gcpKeyURL returns the name that Google knows a key by, as a URL: the part "key-id" is that of the document that the key stands in. The
// project may be left open (https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts.keys/delete).
func gcpKeyURL(p *Probe) string {
	return "https://" + gcpIAM + "/v1/projects/-/serviceAccounts/" + url.PathEscape(p.Parts["email"]) + "/keys/" + url.PathEscape(p.Parts["key-id"])
}

// Revocation implements Revoker: a service account deletes its own key, for which it needs the permissions iam.serviceAccountKeys.get and
// iam.serviceAccountKeys.delete. Access tokens that the key got before live on until they expire.
func (gcp) Revocation(p *Probe) (where string, targets []Target, no Refusal) {
	targets, ok := gcp{}.Targets(p)
	if !ok || p.Parts["key-id"] == "" {
		return "", nil, Refusal(PartMissing)
	}
	return http.MethodDelete + " " + gcpKeyURL(p), append(targets, Target{Scheme: "https", Host: gcpIAM, Port: "443"}), ""
}

// Revoke implements Revoker. Before it deletes the key of an id, it makes sure that the public key of this id is that of the private key.
func (gcp) Revoke(ctx context.Context, p *Probe) Refusal {
	key := gcpKey(p.Secret)
	token, a := gcpGrant(ctx, p, key, gcpScope)
	if token == "" {
		return refusalOf(a)
	}
	h := http.Header{"Authorization": {"Bearer " + token}}
	r, a := p.send(ctx, http.MethodGet, gcpKeyURL(p)+"?publicKeyType=TYPE_X509_PEM_FILE", h, "")
	switch {
	case r == nil:
		return refusalOf(a)
	case r.status != http.StatusOK:
		return NotAccepted
	case !gcpIsOf(r.body, key):
		return NotItsID
	}
	r, a = p.send(ctx, http.MethodDelete, gcpKeyURL(p), h, "")
	switch {
	case r == nil:
		return refusalOf(a)
	case r.status == http.StatusOK && !r.cut && json.Valid(r.body):
		return ""
	}
	return NotAccepted
}

// refusalOf turns an answer that is no yes into a refusal.
func refusalOf(a Answer) Refusal {
	if a.Reason != "" && a.Reason != Unclear {
		return Refusal(a.Reason)
	}
	return NotAccepted
}

// gcpIsOf reports whether a document of the IAM shows a certificate for the public half of a key
// (https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts.keys/get).
func gcpIsOf(body []byte, key *rsa.PrivateKey) bool {
	var reply struct {
		PublicKeyData string `json:"publicKeyData"`
	}
	if json.Unmarshal(body, &reply) != nil {
		return false
	}
	text, err := base64.StdEncoding.DecodeString(reply.PublicKeyData)
	if err != nil {
		return false
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return false
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	return err == nil && key.PublicKey.Equal(certificate.PublicKey)
}
