package detectors

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strings"
)

// issuerCheck returns the checks of JSON Web Tokens (RFC 7519) that name their issuer in the claim "iss".
func issuerCheck(name string) (check, bool) {
	switch name {
	case "jwt-front": // dev.frontapp.com/docs/create-and-revoke-api-tokens
		return claimsCheck(`{"iss":"front","scopes":["*"],"sub":"`, func(c claims) bool { return c.Issuer == "front" }), true
	case "jwt-kubernetes": // kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin: old tokens, and bound ones
		return claimsCheck(`{"iss":"kubernetes/serviceaccount","sub":"`, func(c claims) bool {
			return c.Issuer == "kubernetes/serviceaccount" || len(c.Kubernetes) > 0
		}), true
	case "jwt-entra": // learn.microsoft.com/en-us/entra/identity-platform/access-token-claims-reference, and the national clouds
		return claimsCheck(`{"iss":"https://sts.windows.net/","sub":"`, func(c claims) bool {
			for _, start := range []string{"https://sts.windows.net/", "https://login.microsoftonline.com/",
				"https://login.microsoftonline.us/", "https://login.partner.microsoftonline.cn/"} {
				if strings.HasPrefix(c.Issuer, start) {
					return true
				}
			}
			return false
		}), true
	case "jwt-jfrog": // jfrog.com/help, "Access Tokens": issued by Artifactory, a federated service or the access service
		return claimsCheck(`{"iss":"jfac@`, func(c claims) bool {
			return strings.HasPrefix(c.Issuer, "jfrt@") || strings.HasPrefix(c.Issuer, "jffe@") || strings.HasPrefix(c.Issuer, "jfac@")
		}), true
	case "jwt-monday": // developer.monday.com/api-reference/docs/authentication: the ids of token and account, and the region
		return claimsCheck(`{"tid":1,"actid":1,"rgn":"`, func(c claims) bool { return c.Token != nil && c.Account != nil && c.Region != nil }), true
	case "jwt-n8n": // docs.n8n.io/api/authentication
		return claimsCheck(`{"iss":"n8n","aud":"public-api","sub":"`, func(c claims) bool {
			return c.Issuer == "n8n" && string(c.Audience) == `"public-api"`
		}), true
	case "jwt-palantir": // palantir.com/docs/foundry: not the claims but the header says whose token it is
		return check{verify: verifyPalantir, fix: fixPalantir}, true
	}
	return check{}, false
}

// claims are those of a token's payload that say who issued it.
type claims struct {
	Issuer     string          `json:"iss"`
	Kubernetes json.RawMessage `json:"kubernetes.io"`
	Audience   json.RawMessage `json:"aud"`
	Token      json.RawMessage `json:"tid"`
	Account    json.RawMessage `json:"actid"`
	Region     json.RawMessage `json:"rgn"`
}

// claimsCheck is the check "jwt" that demands something of the claims as well. Open is the beginning of a payload of this kind, cut
// off within a string.
func claimsCheck(open string, right func(claims) bool) check {
	verify := func(token []byte) bool {
		if !verifyJWT(token) {
			return false
		}
		raw, ok := decodeKey(bytes.Split(token, []byte("."))[1])
		var c claims
		return ok && json.Unmarshal(raw, &c) == nil && right(c)
	}
	return check{verify: verify, fix: func(token []byte) []byte {
		token = fixJWT(token)
		if token == nil {
			return nil
		}
		parts := bytes.Split(token, []byte("."))
		payload := base64.RawURLEncoding.EncodeToString(fillObject(open, parts[1]))
		return []byte(string(parts[0]) + "." + payload + "." + string(parts[2]))
	}}
}

func verifyPalantir(token []byte) bool {
	if !verifyJWT(token) {
		return false
	}
	header, ok := decodeObject(bytes.Split(token, []byte("."))[0])
	return ok && header["plntr"] != nil
}

func fixPalantir(token []byte) []byte {
	if token = fixJWT(token); token == nil {
		return nil
	}
	parts := bytes.Split(token, []byte("."))
	header := base64.RawURLEncoding.EncodeToString(fillObject(`{"alg":"ES256","plntr":"`, parts[0]))
	return []byte(header + "." + string(parts[1]) + "." + string(parts[2]))
}
