package detectors

import (
	"bytes"
	"encoding/base64"
)

// The credentials of HTTP's Basic authentication are base64 of a user name, a colon and a password (RFC 7617, section 2).
func verifyBasicPair(token []byte) bool {
	raw, ok := decodeKey(token)
	if !ok {
		return false
	}
	user, password, ok := bytes.Cut(raw, []byte(":"))
	if !ok || len(user) == 0 || placeholder(password, nil) || isWordForPassword(string(lowerASCII(password))) {
		return false
	}
	return !bytes.ContainsFunc(raw, func(c rune) bool { return c < ' ' || c == 0x7f || c == '\uFFFD' })
}

func fixBasicPair(token []byte) []byte {
	n := len(bytes.TrimRight(token, "=")) / 4 * 3
	const user = "app:"
	if n < len(user)+6 {
		return nil
	}
	raw := []byte(user)
	for _, c := range token {
		if len(raw) < n && c != '=' {
			raw = append(raw, c)
		}
	}
	return base64.StdEncoding.AppendEncode(nil, raw)
}
