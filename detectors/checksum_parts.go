package detectors

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"math/big"
)

// partCheck returns the checks of tokens one part of which, between dividers, is encoded and has a form of its own.
func partCheck(name string) (check, bool) {
	switch name {
	case "circleci": // circleci.com/docs/managing-api-tokens: prefix, UUID in base58 and a secret, joined by "_"
		return check{verify: verifyCircleCI, fix: fixCircleCI}, true
	case "1password-service": // developer.1password.com/docs/service-accounts/security: what the client logs in with, as JSON
		return objectPart('_', 1, `{"signInAddress":"","secretKey":"A3-`, "signInAddress", "secretKey"), true
	case "snyk": // github.com/snyk/go-application-framework, pkg/auth: expiry, host and id of the token
		return objectPart('.', 2, `{"e":1,"h":"","j":"`, "e", "j"), true
	case "tinybird": // tinybird.co/docs, "Tokens": workspace or user and the token's id
		return objectPart('.', 1, `{"u": "x","id":"`, "u", "id"), true
	}
	return check{}, false
}

// objectPart is the check of tokens of which what stands behind the nth divider, up to the next one if that is a point, is base64 of
// a JSON object with some keys. Open is the beginning of such an object, cut off within a string.
func objectPart(divider byte, n int, open string, keys ...string) check {
	bounds := func(token []byte) (start, end int, ok bool) {
		for range n {
			i := bytes.IndexByte(token[start:], divider)
			if i < 0 {
				return 0, 0, false
			}
			start += i + 1
		}
		end = len(token)
		if i := bytes.IndexByte(token[start:], '.'); i >= 0 {
			end = start + i
		}
		return start, end, true
	}
	return check{
		verify: func(token []byte) bool {
			start, end, ok := bounds(token)
			if !ok {
				return false
			}
			object, ok := decodeObject(token[start:end])
			return ok && hasKeys(object, keys)
		},
		fix: func(token []byte) []byte {
			start, end, ok := bounds(token)
			if !ok || end-start < base64.RawURLEncoding.EncodedLen(len(open)+10) {
				return nil
			}
			body := bytes.TrimRight(token[start:end], "=")
			if len(body)%4 == 1 {
				return nil
			}
			fixed := bytes.Clone(token)
			copy(fixed[start:], base64.RawURLEncoding.EncodeToString(fillObject(open, body)))
			return fixed
		},
	}
}

func hasKeys(object map[string]json.RawMessage, keys []string) bool {
	for _, key := range keys {
		if _, ok := object[key]; !ok {
			return false
		}
	}
	return true
}

const (
	base58Digits = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz" // Bitcoin's
	uuidSize     = 16
)

// circleID returns the bounds of the base58 part.
func circleID(token []byte) (start, end int, ok bool) {
	start, end = bytes.IndexByte(token, '_')+1, bytes.LastIndexByte(token, '_')
	return start, end, start > 0 && end > start
}

func verifyCircleCI(token []byte) bool {
	start, end, ok := circleID(token)
	if !ok {
		return false
	}
	raw, ok := decodeBase58(token[start:end])
	return ok && len(raw) == uuidSize
}

// fixCircleCI writes an id that has as many digits as the token's.
func fixCircleCI(token []byte) []byte {
	start, _, ok := circleID(token)
	if !ok {
		return nil
	}
	fixed := bytes.Clone(token)
	for _, first := range base58Digits { // a smaller first digit makes a number of fewer bytes
		fixed[start] = byte(first)
		if verifyCircleCI(fixed) {
			return fixed
		}
	}
	return nil
}

// decodeBase58 decodes base58 as Bitcoin writes it: one number, a digit "1" before it for each zero byte that leads.
func decodeBase58(text []byte) ([]byte, bool) {
	number, radix := new(big.Int), big.NewInt(int64(len(base58Digits)))
	zeros := len(text) - len(bytes.TrimLeft(text, base58Digits[:1]))
	for _, c := range text {
		digit := bytes.IndexByte([]byte(base58Digits), c)
		if digit < 0 {
			return nil, false
		}
		number.Add(number.Mul(number, radix), big.NewInt(int64(digit)))
	}
	return append(make([]byte, zeros), number.Bytes()...), true
}
