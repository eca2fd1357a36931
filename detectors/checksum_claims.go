package detectors

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strings"
)

// signedBy says what an issuer's tokens hold: every field is there and begins with its text. A field that ends in "*" stands for any
// whose name begins so.
type signedBy struct{ header, payload map[string]string }

// issued returns what the tokens of an issuer hold; false if name is none of them.
func issued(name string) (signedBy, bool) {
	switch name {
	case "jwt-1password-connect": // developer.1password.com/docs/connect: claims are named after the host
		return signedBy{payload: map[string]string{"1password.com/token": "", "1password.com/auuid": ""}}, true
	case "jwt-1password-events": // developer.1password.com/docs/events-api: issued by com.1password.b5
		return signedBy{payload: map[string]string{"iss": "com.1password.", "1password.com/*": ""}}, true
	case "jwt-adobe-access": // developer.adobe.com, Identity Management Services: keys and issuers are named ims
		return signedBy{header: map[string]string{"x5u": "ims_"}, payload: map[string]string{"type": "access_token"}}, true
	case "jwt-adobe-refresh":
		return signedBy{header: map[string]string{"x5u": "ims_"}, payload: map[string]string{"type": "refresh_token"}}, true
	case "jwt-adobe-other": // device and service tokens, authorization codes
		return signedBy{header: map[string]string{"x5u": "ims_"}, payload: map[string]string{"type": ""}}, true
	case "jwt-argocd": // github.com/argoproj/argo-cd, util/session: issuer and subject of its own tokens
		return signedBy{payload: map[string]string{"iss": "argocd", "sub": ""}}, true
	case "jwt-atlassian-connect": // developer.atlassian.com/cloud/jira/platform/understanding-jwt-for-connect-apps: hash of the query
		return signedBy{payload: map[string]string{"qsh": "", "iss": ""}}, true
	case "jwt-auth0-management": // auth0.com/docs: the audience of the Management API
		return signedBy{payload: map[string]string{"iss": "https://", "aud": "https://", "gty": ""}}, true
	case "jwt-calendly": // developer.calendly.com: personal access tokens
		return signedBy{payload: map[string]string{"iss": "https://auth.calendly.com", "user_uuid": ""}}, true
	case "jwt-temporal": // docs.temporal.io/cloud/api-keys: who a key is for, and its id
		return signedBy{payload: map[string]string{"account_id": "", "aud": "temporal.io", "key_id": ""}}, true
	case "jwt-twilio": // twilio.com/docs/iam/access-tokens: content type of the header, API key and account
		return signedBy{header: map[string]string{"cty": "twilio-fpa;v="}, payload: map[string]string{"iss": "SK", "sub": "AC"}}, true
	case "jwt-cloudconvert": // cloudconvert.com/api/v2: scopes such as task.read
		return signedBy{payload: map[string]string{"aud": "", "jti": "", "sub": "", "scopes": ""}}, true
	}
	return signedBy{}, false
}

// issuedCheck returns the checks of JSON Web Tokens of one issuer.
func issuedCheck(name string) (check, bool) {
	want, ok := issued(name)
	if !ok {
		return check{}, false
	}
	verify := func(token []byte) bool {
		parts := bytes.Split(token, []byte("."))
		if !verifyJWT(token) {
			return false
		}
		header, _ := decodeObject(parts[0])
		payload, _ := decodeObject(parts[1])
		return holdsClaims(header, want.header) && holdsClaims(payload, want.payload) && special(name, header, payload)
	}
	fix := func(token []byte) []byte {
		parts := bytes.Split(token, []byte("."))
		if len(parts) != 3 || len(parts[0]) == 0 || len(parts[1]) == 0 {
			return nil
		}
		header := objectOf(map[string]string{"alg": "RS256"}, want.header)
		payload := objectOf(sampleClaims(name), want.payload)
		encode := base64.RawURLEncoding.EncodeToString
		return []byte(encode(fillObject(header+`,"kid":"`, parts[0])) + "." + encode(fillObject(payload+`,"nonce":"`, parts[1])) + "." + string(parts[2]))
	}
	return check{verify: verify, fix: fix}, true
}

// special holds what a prefix cannot say.
func special(name string, header, payload map[string]json.RawMessage) bool {
	switch name {
	case "jwt-adobe-other":
		kind := claim(payload, "type")
		return kind != "access_token" && kind != "refresh_token"
	case "jwt-argocd":
		return claim(payload, "iss") == "argocd"
	case "jwt-auth0-management":
		aud := claim(payload, "aud")
		return strings.HasSuffix(aud, ".auth0.com/api/v2/") && aud == claim(payload, "iss")+"api/v2/"
	}
	return true
}

// sampleClaims are the claims of made tokens that special asks for.
func sampleClaims(name string) map[string]string {
	switch name {
	case "jwt-adobe-other":
		return map[string]string{"type": "device_token"}
	case "jwt-auth0-management":
		return map[string]string{"iss": "https://corp.eu.auth0.com/", "aud": "https://corp.eu.auth0.com/api/v2/"}
	}
	return nil
}

// claim returns the text of a field, or the first of its texts if it is a list.
func claim(object map[string]json.RawMessage, name string) string {
	var text string
	if json.Unmarshal(object[name], &text) == nil {
		return text
	}
	var list []string
	if json.Unmarshal(object[name], &list) == nil && len(list) > 0 {
		return list[0]
	}
	return ""
}

// holdsClaims reports whether the object has all fields, with values that begin with the texts.
func holdsClaims(object map[string]json.RawMessage, want map[string]string) bool {
	for field, prefix := range want {
		if stem, ok := strings.CutSuffix(field, "*"); ok {
			if !hasField(object, stem) {
				return false
			}
			continue
		}
		if _, ok := object[field]; !ok || !strings.HasPrefix(claim(object, field), prefix) {
			return false
		}
	}
	return true
}

func hasField(object map[string]json.RawMessage, stem string) bool {
	for field := range object {
		if strings.HasPrefix(field, stem) {
			return true
		}
	}
	return false
}

// objectOf returns a JSON object, without its closing brace, that holds the claims; the first map's values count.
func objectOf(first, want map[string]string) string {
	all := map[string]string{}
	for field, prefix := range want {
		all[strings.Replace(field, "*", "ftr", 1)] = prefix
	}
	for field, value := range first {
		all[field] = value
	}
	text, _ := json.Marshal(all) // a map of texts always has a form in JSON, with its fields in order
	return strings.TrimSuffix(string(text), "}")
}
