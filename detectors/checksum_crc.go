package detectors

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"strconv"
)

const (
	digits62      = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	digits62Lower = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits36      = "0123456789abcdefghijklmnopqrstuvwxyz"
)

// crcCheck returns the checks that are a CRC-32 (IEEE, as in zlib) in some notation.
func crcCheck(name string) (check, bool) {
	switch name {
	case "github", // github.blog/engineering/behind-githubs-new-authentication-token-formats: 30 random, 6 of the sum
		"npm",    // github.blog/changelog/2021-09-23-npm-has-a-new-access-token-format: as GitHub
		"polar",  // polarsource/polar, generate_token: 37 random, 6 of the sum; older tokens have none: on_mismatch "low"
		"vercel": // as GitHub, 50 and 6
		return suffixCheck(6, afterPrefix, crc62(digits62)), true
	case "wandb": // as GitHub, but the prefix is summed too
		return suffixCheck(6, everything, crc62(digits62)), true
	case "apify": // measured, not documented: on_mismatch "low"
		return suffixCheck(6, everything, crc62(digits62Lower)), true
	case "atlassian": // API tokens, access tokens, Bitbucket app passwords; the "=" before the sum is summed too
		return suffixCheck(8, everything, crcHexUpper), true
	case "cloudflare", // developers.cloudflare.com/fundamentals/api/get-started/token-formats
		"planning-center": // measured, not documented: 64 hex digits and 8 of their sum; on_mismatch "low"
		return suffixCheck(8, afterPrefix, crcHex), true
	case "cashfree", "zuplo": // zuplo.com/docs: prefix, random part, sum, divided by "_"
		return suffixCheck(8, betweenDividers, crcHex), true
	case "castai":
		return suffixCheck(8, beforeDivider, crcHex), true
	case "yandex-captcha": // yandex.cloud/docs: server keys of SmartCaptcha
		return suffixCheck(8, everything, crcHex), true
	case "grafana": // grafana/grafana, pkg/components/satokengen: the sum's bytes in little-endian order
		return suffixCheck(8, beforeDivider, crcHexLittle), true
	case "confluent":
		return suffixCheck(6, confluentBody, crcBase64), true
	case "runpod": // measured; sums below 36^5 were not observed: on_mismatch "low"
		return suffixCheck(6, afterPrefix, crc36Cut), true
	case "gitlab-routable":
		return check{verify: verifyRoutable, fix: fixRoutable}, true
	case "cfxre":
		return check{verify: verifyCfxre, fix: fixCfxre}, true
	}
	return check{}, false
}

func crc62(digits string) func([]byte) []byte {
	return func(body []byte) []byte { return encodeDigits(crc32.ChecksumIEEE(body), digits, 6) }
}

// encodeDigits writes v in the base of len(digits), padded on the left to at least width.
func encodeDigits(v uint32, digits string, width int) []byte {
	var buf [32]byte
	i := len(buf)
	base := uint32(len(digits))
	for v > 0 || len(buf)-i < width {
		i--
		buf[i] = digits[v%base]
		v /= base
	}
	return bytes.Clone(buf[i:])
}

func crcHex(body []byte) []byte {
	return encodeDigits(crc32.ChecksumIEEE(body), digits36[:16], 8)
}

func crcHexUpper(body []byte) []byte { return bytes.ToUpper(crcHex(body)) }

func crcHexLittle(body []byte) []byte {
	sum := binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(body))
	return hex.AppendEncode(nil, sum)
}

func confluentBody(head []byte) []byte { return bytes.TrimPrefix(head, []byte("cflt")) }

func crcBase64(body []byte) []byte {
	sum := binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(body))
	return base64.RawStdEncoding.AppendEncode(nil, sum)
}

func crc36Cut(body []byte) []byte {
	return encodeDigits(crc32.ChecksumIEEE(body), digits36, 6)[:6]
}

// GitLab's routable tokens (docs.gitlab.com/development/cells/routable_tokens): prefix, base64url payload, "." and a
// version where there is one, "." and two base-36 digits of the payload's length, seven of the CRC of all before.
const routableSum = 7

func verifyRoutable(token []byte) bool {
	dot := bytes.LastIndexByte(token, '.')
	if dot < 0 || len(token)-dot-1 != 2+routableSum {
		return false
	}
	head := token[:len(token)-routableSum]
	if !bytes.Equal(encodeDigits(crc32.ChecksumIEEE(head), digits36, routableSum), token[len(head):]) {
		return false
	}
	n, err := strconv.ParseUint(string(token[dot+1:dot+3]), 36, 16)
	long, short := routablePayload(token)
	return err == nil && (n == uint64(len(long)) || n == uint64(len(short)))
}

// routablePayload returns the payload of a token: all after the prefix's "-", and the same without a runner type ("t1_"),
// which may belong to the prefix.
func routablePayload(token []byte) (long, short []byte) {
	long = token[bytes.IndexByte(token, '-')+1:]
	if dot := bytes.IndexByte(long, '.'); dot >= 0 {
		long = long[:dot]
	}
	short = long
	if len(long) > 3 && long[0] == 't' && long[2] == '_' {
		short = long[3:]
	}
	return long, short
}

func fixRoutable(token []byte) []byte {
	dot := bytes.LastIndexByte(token, '.')
	if dot < 0 || len(token)-dot-1 != 2+routableSum {
		return nil
	}
	fixed := bytes.Clone(token)
	_, payload := routablePayload(token)
	copy(fixed[dot+1:], encodeDigits(uint32(len(payload)), digits36, 2))
	head := fixed[:len(fixed)-routableSum]
	copy(fixed[len(head):], encodeDigits(crc32.ChecksumIEEE(head), digits36, routableSum))
	return fixed
}

// Cfx.re writes the sum without padding, so its length varies.
func verifyCfxre(token []byte) bool {
	i := bytes.LastIndexByte(token, '_')
	return i > 0 && bytes.Equal(encodeDigits(crc32.ChecksumIEEE(token[:i]), digits62, 1), token[i+1:])
}

func fixCfxre(token []byte) []byte {
	i := bytes.LastIndexByte(token, '_')
	if i <= 0 {
		return nil
	}
	return append(bytes.Clone(token[:i+1]), encodeDigits(crc32.ChecksumIEEE(token[:i]), digits62, 1)...)
}
