package detectors

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
)

// structureCheck returns the checks that look for a structure in what a token decodes to.
func structureCheck(name string) (check, bool) {
	switch name {
	case "jwt": // RFC 7519
		return afterName(check{verify: verifyJWT, fix: fixJWT}), true
	case "pypi": // macaroon, version 2 of libmacaroons' format.txt
		return check{verify: verifyPyPI, fix: fixPyPI}, true
	case "vault": // github.com/openbao/openbao, token.proto
		return check{verify: verifyVault, fix: fixVault}, true
	case "discord":
		return check{verify: verifyDiscord, fix: fixDiscord}, true
	case "shopee":
		return check{verify: verifyShopee, fix: fixShopee}, true
	case "basic-pair":
		return check{verify: verifyBasicPair, fix: fixBasicPair}, true
	case "grafana-legacy":
		return check{verify: verifyGrafanaKey, fix: fixGrafanaKey}, true
	case "base64-json": // the longest part between dividers ("_", ".") is base64 of a JSON object
		return check{verify: verifyBase64JSON, fix: fixBase64JSON}, true
	}
	return check{}, false
}

// decodeObject decodes base64 of either alphabet to a JSON object.
func decodeObject(part []byte) (map[string]json.RawMessage, bool) {
	raw, ok := decodeKey(part)
	if !ok {
		return nil, false
	}
	var object map[string]json.RawMessage
	return object, json.Unmarshal(raw, &object) == nil && object != nil
}

// afterName is c for what stands behind the prefix of a token, if it has one, such as acme_eyJ...: the header begins as all JSON does.
func afterName(c check) check {
	start := func(token []byte) int {
		for _, divider := range []string{"_eyJ", "-eyJ"} {
			if i := bytes.Index(token, []byte(divider)); i >= 0 && !bytes.HasPrefix(token, []byte("eyJ")) && bytes.IndexByte(token[:i], '.') < 0 {
				return i + 1
			}
		}
		return 0
	}
	return check{
		verify: func(token []byte) bool { return c.verify(token[start(token):]) },
		fix: func(token []byte) []byte {
			at := start(token)
			fixed := c.fix(token[at:])
			if fixed == nil {
				return nil
			}
			return append(bytes.Clone(token[:at]), fixed...)
		},
	}
}

func verifyJWT(token []byte) bool {
	parts := bytes.Split(token, []byte("."))
	if len(parts) != 3 {
		return false
	}
	header, ok := decodeObject(parts[0])
	if !ok {
		return false
	}
	var alg string
	if json.Unmarshal(header["alg"], &alg) != nil || alg == "" {
		return false
	}
	_, ok = decodeObject(parts[1])
	return ok
}

// fixJWT keeps a header that is right already and the beginning of its payload, which may be what tells the issuer; else it writes
// both anew.
func fixJWT(token []byte) []byte {
	if verifyJWT(token) {
		return bytes.Clone(token)
	}
	parts := bytes.Split(token, []byte("."))
	if len(parts) != 3 || len(parts[0]) == 0 || len(parts[1]) == 0 {
		return nil
	}
	if header, ok := decodeObject(parts[0]); ok && header["alg"] != nil {
		payload := completeObject(parts[1])
		if payload == nil {
			return nil
		}
		return bytes.Join([][]byte{parts[0], payload, parts[2]}, []byte("."))
	}
	encode := base64.RawURLEncoding.EncodeToString
	header := encode(fillObject(`{"alg":"HS256","kid":"`, parts[0]))
	payload := encode(fillObject(`{"iss":"`, parts[1]))
	return []byte(header + "." + payload + "." + string(parts[2]))
}

// completeObject returns base64, as long as part and without "+", "/", "-" and "_", of a JSON object that begins as what part decodes
// to and holds as much of it as it can: the rest becomes the end of a text or of a key. It returns nil if there is no such object.
func completeObject(part []byte) []byte {
	raw, ok := decodeKey(part)
	if !ok || len(raw) > 4096 {
		return nil
	}
	for i, c := range raw {
		if c < ' ' || c >= '>' && c < 'A' || c > '{' {
			raw[i] = 'a' + c%26
		}
	}
	for keep := len(raw); keep > 1; keep-- {
		for _, tail := range []string{`"}`, `":1}`} {
			fill := len(raw) - keep - len(tail)
			if fill < 0 {
				continue
			}
			object := append(bytes.Clone(raw[:keep]), bytes.Repeat([]byte("x"), fill)...)
			if object = append(object, tail...); json.Valid(object) {
				return base64.RawURLEncoding.AppendEncode(nil, object)
			}
		}
	}
	return nil
}

// fillObject completes an object, open within a string, with characters of part so that its base64 is as long as part
// where that is possible.
func fillObject(open string, part []byte) []byte {
	n := len(part)*3/4 - len(open) - 2
	b := []byte(open)
	for i := range max(n, 8) {
		c := part[(i+4)%len(part)]
		if c == '=' || c == '/' || c == '+' {
			c = 'x'
		}
		b = append(b, c)
	}
	return append(b, '"', '}')
}

// base64Part returns the bounds of the longest part of token between dividers.
func base64Part(token []byte) (start, end int) {
	for i, from := 0, 0; i <= len(token); i++ {
		if i == len(token) || token[i] == '_' || token[i] == '.' {
			if i-from > end-start {
				start, end = from, i
			}
			from = i + 1
		}
	}
	return start, end
}

func verifyBase64JSON(token []byte) bool {
	start, end := base64Part(token)
	_, ok := decodeObject(token[start:end])
	return ok
}

func fixBase64JSON(token []byte) []byte {
	start, end := base64Part(token)
	part := token[start:end]
	body := bytes.TrimRight(part, "=")
	if len(body) < 28 || len(body)%4 == 1 {
		return nil
	}
	fixed := bytes.Clone(token)
	if object := completeObject(body); object != nil {
		copy(fixed[start:], object)
	} else {
		copy(fixed[start:], base64.RawStdEncoding.EncodeToString(fillObject(`{"a":"`, body)))
	}
	return fixed
}

// A PyPI token is a macaroon: version 2, location, identifier, caveats, and a signature of 32 bytes at the end.
func verifyPyPI(token []byte) bool {
	raw, ok := decodePyPI(token)
	if !ok {
		return false
	}
	location, rest, ok := macaroonField(raw[1:], 1)
	if !ok || !bytes.HasSuffix(location, []byte("pypi.org")) {
		return false
	}
	identifier, _, ok := macaroonField(rest, 2)
	return ok && len(identifier) > 0 && bytes.Equal(raw[len(raw)-35:len(raw)-32], []byte{0, 6, 32})
}

func decodePyPI(token []byte) (raw []byte, ok bool) {
	body, ok := bytes.CutPrefix(token, []byte("pypi-"))
	if !ok {
		return nil, false
	}
	raw, ok = decodeKey(body)
	return raw, ok && len(raw) > 60 && raw[0] == 2
}

// macaroonField reads a field: its type, its length as a varint (one byte is enough here), its content.
func macaroonField(b []byte, kind byte) (content, rest []byte, ok bool) {
	if len(b) < 2 || b[0] != kind || b[1] > 127 || len(b) < 2+int(b[1]) {
		return nil, nil, false
	}
	n := 2 + int(b[1])
	return b[2:n], b[n:], true
}

func fixPyPI(token []byte) []byte {
	raw, ok := decodePyPI(token)
	if !ok {
		return nil
	}
	_, rest, ok := macaroonField(raw[1:], 1)
	if !ok || len(rest) < 2+1+35 {
		return nil
	}
	n := min(36, len(rest)-2-35)
	rest[0], rest[1] = 2, byte(n)
	copy(raw[len(raw)-35:], []byte{0, 6, 32})
	return base64.RawURLEncoding.AppendEncode([]byte("pypi-"), raw)
}

// Long Vault tokens are a protobuf: field 1 is the varint 1, field 2 an HMAC of 32 bytes, field 3 the inner message.
// Batch and bare tokens have no such structure.
func vaultHeader() []byte { return []byte{0x08, 0x01, 0x12, 0x20} }

const vaultInner = 4 + 32 // offset of field 3

func verifyVault(token []byte) bool {
	raw, ok := decodeKey(token[bytes.IndexByte(token, '.')+1:])
	return ok && len(raw) > vaultInner+2 && bytes.HasPrefix(raw, vaultHeader()) && raw[vaultInner] == 0x1a
}

func fixVault(token []byte) []byte {
	dot := bytes.IndexByte(token, '.')
	raw, ok := decodeKey(token[dot+1:])
	if !ok || len(raw) <= vaultInner+2 {
		return nil
	}
	copy(raw, vaultHeader())
	raw[vaultInner], raw[vaultInner+1] = 0x1a, byte(min(127, len(raw)-vaultInner-2))
	return base64.RawURLEncoding.AppendEncode(bytes.Clone(token[:dot+1]), raw)
}

// The first part of a Discord token is base64 of the bot's id, a snowflake of 17 to 20 digits
// (discord.com/developers/docs/reference#snowflakes).
func verifyDiscord(token []byte) bool {
	id, ok := decodeKey(token[:max(0, bytes.IndexByte(token, '.'))])
	return ok && len(id) >= 17 && len(id) <= 20 && len(bytes.Trim(id, digits36[:10])) == 0
}

func fixDiscord(token []byte) []byte {
	n := bytes.IndexByte(token, '.')
	if n < 0 {
		return nil
	}
	id := make([]byte, n*3/4)
	for i := range id {
		id[i] = '1' + token[i]%9
	}
	first := base64.RawURLEncoding.EncodeToString(id)
	if len(first) != n {
		return nil
	}
	return append([]byte(first), token[n:]...)
}

// The hex digits of a Shopee partner key are 30 letters.
func verifyShopee(token []byte) bool {
	if len(token) < 4+60 {
		return false
	}
	for _, pair := range pairs(token[len(token)-60:]) {
		c := unhex(pair[0])<<4 | unhex(pair[1])
		if c|0x20 < 'a' || c|0x20 > 'z' {
			return false
		}
	}
	return true
}

func fixShopee(token []byte) []byte {
	if len(token) < 4+60 {
		return nil
	}
	fixed := bytes.Clone(token)
	for _, pair := range pairs(fixed[len(fixed)-60:]) {
		c := 'a' + (pair[0]+pair[1]*7)%26
		pair[0], pair[1] = digits36[c>>4], digits36[c&15]
	}
	return fixed
}

func pairs(b []byte) [][]byte {
	var out [][]byte
	for ; len(b) >= 2; b = b[2:] {
		out = append(out, b[:2])
	}
	return out
}

// unhex returns the value of a hex digit, 0xff for other characters.
func unhex(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	}
	return 0xff
}
