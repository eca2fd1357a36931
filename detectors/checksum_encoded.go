package detectors

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"strings"
)

// encodedCheck returns the checks of tokens that are base64 of something with a form of its own.
func encodedCheck(name string) (check, bool) {
	switch name {
	case "asaas":
		return check{verify: verifyAsaas, fix: fixAsaas}, true
	case "clerk-publishable": // clerk.com/docs: base64 of the front end's host and "$"
		return check{verify: verifyClerk, fix: fixClerk}, true
	case "ed25519-pair": // RFC 8032, 5.1.5: seed and public key, as libsodium keeps them
		return check{verify: verifyKeyPair, fix: fixKeyPair}, true
	case "elastic": // elastic.co/docs, create an API key: base64 of id, colon and key
		return check{verify: verifyElastic, fix: fixElastic}, true
	case "intercom": // developers.intercom.com: "tok:", a UUID with "_" for "-", the region and another digit
		return shapeCheck("tok:HHHHHHHH_HHHH_HHHH_HHHH_HHHHHHHHHHHH:9:9"), true
	case "jfrog-reference": // jfrog.com/help, "Reference Tokens": version, time of expiry in Unix seconds, random characters
		return shapeCheck("reftkn:99:9999999999:" + strings.Repeat("W", 27)), true
	case "nvidia-ngc": // docs.nvidia.com/ngc: an id and a UUID
		return shapeCheck(strings.Repeat("W", 26) + ":HHHHHHHH-HHHH-HHHH-HHHH-HHHHHHHHHHHH"), true
	case "mapbox": // docs.mapbox.com/api/accounts/tokens: the middle part is JSON with the user's name and the token's id
		return check{verify: verifyMapbox, fix: fixMapbox}, true
	}
	return check{}, false
}

// shapeCheck is the check of tokens that are base64 of text of a shape.
func shapeCheck(shape string) check {
	return check{
		verify: func(token []byte) bool {
			text, err := base64.StdEncoding.DecodeString(string(token))
			return err == nil && hasShape(text, shape)
		},
		fix: func(token []byte) []byte {
			if len(token) != base64.StdEncoding.EncodedLen(len(shape)) {
				return nil
			}
			return base64.StdEncoding.AppendEncode(nil, fillShape(shape, token))
		},
	}
}

// hasShape reports whether text is shape with a hex digit for each 'H', a digit for each '9', a character of base64url for each 'W', and
// all else the same.
func hasShape(text []byte, shape string) bool {
	if len(text) != len(shape) {
		return false
	}
	for i, c := range text {
		switch shape[i] {
		case 'H':
			if strings.IndexByte(digits36[:16], c) < 0 {
				return false
			}
		case '9':
			if c < '0' || c > '9' {
				return false
			}
		case 'W':
			if strings.IndexByte(digits62+"-_", c) < 0 {
				return false
			}
		case c:
		default:
			return false
		}
	}
	return true
}

// fillShape returns a text of the shape, chosen by seed, which is not empty.
func fillShape(shape string, seed []byte) []byte {
	out := []byte(shape)
	for i, c := range out {
		switch s := int(seed[i%len(seed)]) + i*7; c {
		case 'H':
			out[i] = digits36[s%16]
		case '9':
			out[i] = digits36[s%10]
		case 'W':
			out[i] = digits62[s%62]
		}
	}
	return out
}

// asaasShape is what the body of an Asaas key decodes to: 32 hex digits and two UUIDs. Production keys have "000" before the body.
func asaasShape() string {
	uuid := strings.Repeat("H", 8) + strings.Repeat("-HHHH", 3) + "-" + strings.Repeat("H", 12)
	return strings.Repeat("H", 32) + "::" + uuid + "::$aach_" + uuid
}

const (
	asaasLead   = "000"
	asaasLength = 152
)

func asaasBody(token []byte) (start int, ok bool) {
	start = bytes.LastIndexByte(token, '_') + 1
	if bytes.HasPrefix(token[start:], []byte(asaasLead)) && len(token)-start == len(asaasLead)+asaasLength {
		start += len(asaasLead)
	}
	return start, len(token)-start == asaasLength
}

func verifyAsaas(token []byte) bool {
	start, ok := asaasBody(token)
	if !ok {
		return false
	}
	raw, ok := decodeKey(token[start:])
	return ok && hasShape(raw, asaasShape())
}

func fixAsaas(token []byte) []byte {
	fixed := bytes.Clone(token)
	if start := bytes.LastIndexByte(token, '_') + 1; len(token)-start == len(asaasLead)+asaasLength {
		copy(fixed[start:], asaasLead)
	}
	start, ok := asaasBody(fixed)
	if !ok {
		return nil
	}
	return base64.StdEncoding.AppendEncode(fixed[:start], fillShape(asaasShape(), token[start:]))
}

func clerkBody(token []byte) int { return bytes.LastIndexByte(token, '_') + 1 }

func verifyClerk(token []byte) bool {
	raw, ok := decodeKey(token[clerkBody(token):])
	host, dollar := bytes.CutSuffix(raw, []byte("$"))
	return ok && dollar && bytes.IndexByte(host, '.') > 0 && len(bytes.Trim(host, digits36+".-")) == 0
}

func fixClerk(token []byte) []byte {
	at := clerkBody(token)
	body := bytes.TrimRight(token[at:], "=")
	n := len(body) * 3 / 4
	if n < 8 || len(body)%4 == 1 {
		return nil
	}
	host := fillShape(strings.Repeat("H", n-5)+".dev$", body)
	fixed := base64.RawStdEncoding.AppendEncode(bytes.Clone(token[:at]), host)
	return append(fixed, token[at+len(body):]...)
}

func verifyKeyPair(token []byte) bool {
	raw, ok := decodeKey(token)
	return ok && len(raw) == ed25519.PrivateKeySize && bytes.Equal(ed25519.NewKeyFromSeed(raw[:ed25519.SeedSize]), raw)
}

func fixKeyPair(token []byte) []byte {
	raw, ok := decodeKey(token)
	if !ok || len(raw) != ed25519.PrivateKeySize {
		return nil
	}
	return base64.StdEncoding.AppendEncode(nil, ed25519.NewKeyFromSeed(raw[:ed25519.SeedSize]))
}

func elasticShape() string { return strings.Repeat("W", 20) + ":" + strings.Repeat("W", 22) }

func verifyElastic(token []byte) bool {
	raw, ok := decodeKey(token)
	return ok && hasShape(raw, elasticShape())
}

func fixElastic(token []byte) []byte {
	if len(bytes.TrimRight(token, "=")) != base64.RawStdEncoding.EncodedLen(len(elasticShape())) {
		return nil
	}
	return base64.StdEncoding.AppendEncode(nil, fillShape(elasticShape(), token))
}

func verifyMapbox(token []byte) bool {
	parts := bytes.Split(token, []byte("."))
	if len(parts) != 3 {
		return false
	}
	object, ok := decodeObject(parts[1])
	return ok && (object["u"] != nil || object["exp"] != nil)
}

func fixMapbox(token []byte) []byte {
	parts := bytes.Split(token, []byte("."))
	if len(parts) != 3 || len(parts[1]) < 32 {
		return nil
	}
	middle := base64.RawURLEncoding.EncodeToString(fillObject(`{"u":"mudlark","a":"`, parts[1]))
	if len(middle) < len(parts[1]) {
		return nil
	}
	return []byte(string(parts[0]) + "." + middle + "." + string(parts[2]))
}
