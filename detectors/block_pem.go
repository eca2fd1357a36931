package detectors

import (
	"bytes"
	"math/rand/v2"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"mudlark/rules"
)

// pemExtractor finds private keys in PEM (RFC 7468, RFC 1421) and OpenSSH armor. BlockArgs: "labels", the labels that the
// rule is about, divided by "|"; without it, every label that ends in "PRIVATE KEY".
func pemExtractor() extractor {
	return extractor{
		keywords: []string{pemOpen},
		reach:    maxArmor + 256,
		extract:  extractPEM,
		generate: generatePEM,
	}
}

const (
	pemDashes  = "-----"
	pemOpen    = pemDashes + "BEGIN "
	pemKey     = "PRIVATE KEY"
	maxLabel   = 64
	minKeySize = 40 // bytes; the smallest key, Ed25519 in PKCS #8, has 48
)

func extractPEM(data []byte, at int, r *rules.Rule) (candidate, bool) {
	label, bodyAt := pemLabel(data, at)
	if !wantsLabel(label, r) {
		return candidate{}, false
	}
	bodyEnd, end, closed := pemBody(data, bodyAt, label)
	a, ok := parseArmor(leadOf(data, at), data[bodyAt:bodyEnd])
	if !ok {
		return candidate{}, false
	}
	raw, ok := a.decode()
	if len(raw) < minKeySize || isRepeated(raw) {
		return candidate{}, false
	}
	c := candidate{start: at, end: end, secret: a.base64Text(), confidence: rules.Low}
	c.display = a.display(pemOpen+label+pemDashes, pemDashes+"END "+label+pemDashes, pemWidth(label))
	if !ok || !closed {
		return c, true
	}
	switch {
	case isEncryptedPEM(a.headers):
		c.ok, c.confidence = true, rules.Medium
	case isKey(label, raw):
		c.ok, c.confidence, c.secret = true, keyConfidence(label, raw), raw
	}
	return c, true
}

// pemLabel returns the label of the opening line at the given offset and the offset behind the line's dashes.
func pemLabel(data []byte, at int) (label string, bodyAt int) {
	start := at + len(pemOpen)
	if start > len(data) {
		return "", 0
	}
	rest := data[start:min(len(data), start+maxLabel+len(pemDashes))]
	n := bytes.Index(rest, []byte(pemDashes))
	if n < 0 || bytes.ContainsAny(rest[:n], "\r\n") {
		return "", 0
	}
	return string(rest[:n]), start + n + len(pemDashes)
}

func wantsLabel(label string, r *rules.Rule) bool {
	if labels := r.BlockArgs["labels"]; labels != "" {
		for l := range strings.SplitSeq(labels, "|") {
			if l == label {
				return true
			}
		}
		return false
	}
	return label == pemKey || strings.HasSuffix(label, " "+pemKey)
}

// pemBody returns where the body ends and the block ends. A block is closed by the line that belongs to its label; without
// it the body ends at the next dashes, blank line or bound.
func pemBody(data []byte, bodyAt int, label string) (bodyEnd, end int, closed bool) {
	rest := data[bodyAt:min(len(data), bodyAt+maxArmor)]
	n := bytes.Index(rest, []byte(pemDashes))
	if n < 0 {
		n = openEnd(rest)
		return bodyAt + n, bodyAt + n, false
	}
	dashes := n
	for dashes+len(pemDashes) < len(rest) && rest[dashes+len(pemDashes)] == '-' {
		dashes++ // a mark "-" before the line
	}
	closing := pemDashes + "END " + label + pemDashes
	if !bytes.HasPrefix(rest[dashes:], []byte(closing)) {
		return bodyAt + n, bodyAt + n, false
	}
	return bodyAt + n, bodyAt + dashes + len(closing), true
}

// openEnd returns the length of the lines of base64 at the start of an unclosed block.
func openEnd(rest []byte) int {
	i := 0
	for i < len(rest) && (classOf[rest[i]]&(classStd|classSpace) != 0 || rest[i] == '=') {
		i++
	}
	return i
}

func pemWidth(label string) int {
	if strings.HasPrefix(label, "OPENSSH") {
		return 70
	}
	return 64
}

func isRepeated(b []byte) bool {
	return len(b) > 0 && bytes.Count(b, b[:1]) == len(b)
}

func isEncryptedPEM(headers []string) bool {
	for _, h := range headers {
		if strings.HasPrefix(h, "Proc-Type:") && strings.Contains(h, "ENCRYPTED") {
			return true
		}
	}
	return false
}

func keyConfidence(label string, raw []byte) rules.Confidence {
	if strings.HasPrefix(label, "ENCRYPTED ") {
		return rules.Medium
	}
	if k, ok := parseOpenSSH(raw); ok && k.encrypted {
		return rules.Medium
	}
	return ""
}

// isKey reports whether raw has the structure that its label promises.
func isKey(label string, raw []byte) bool {
	switch label {
	case "RSA " + pemKey: // RFC 8017, appendix A.1.2
		return isDER(raw, isIntegers(9))
	case "DSA " + pemKey:
		return isDER(raw, isIntegers(6))
	case "EC " + pemKey: // RFC 5915
		return isDER(raw, func(s *cryptobyte.String) bool {
			var key cryptobyte.String
			return s.SkipASN1(asn1.INTEGER) && s.ReadASN1(&key, asn1.OCTET_STRING) && len(key) >= 16
		})
	case "OPENSSH " + pemKey:
		_, ok := parseOpenSSH(raw)
		return ok
	case "ENCRYPTED " + pemKey: // RFC 5958, section 3
		return isDER(raw, func(s *cryptobyte.String) bool {
			var algorithm cryptobyte.String
			return s.ReadASN1(&algorithm, asn1.SEQUENCE) && algorithm.SkipASN1(asn1.OBJECT_IDENTIFIER) &&
				s.SkipASN1(asn1.OCTET_STRING)
		})
	case pemKey: // RFC 5958, section 2; some writers put PKCS #1 under this label
		return isDER(raw, isPKCS8) || isDER(raw, isIntegers(9))
	}
	_, ssh := parseOpenSSH(raw)
	return ssh || isDER(raw, func(s *cryptobyte.String) bool { return len(*s) >= minKeySize-4 })
}

func isPKCS8(s *cryptobyte.String) bool {
	var algorithm, key cryptobyte.String
	return s.SkipASN1(asn1.INTEGER) && s.ReadASN1(&algorithm, asn1.SEQUENCE) &&
		algorithm.SkipASN1(asn1.OBJECT_IDENTIFIER) && s.ReadASN1(&key, asn1.OCTET_STRING) && len(key) >= 16
}

func isIntegers(n int) func(*cryptobyte.String) bool {
	return func(s *cryptobyte.String) bool {
		for range n {
			if !s.SkipASN1(asn1.INTEGER) {
				return false
			}
		}
		return true
	}
}

// isDER reports whether raw is one SEQUENCE whose content is as inner says.
func isDER(raw []byte, inner func(*cryptobyte.String) bool) bool {
	s := cryptobyte.String(raw)
	var content cryptobyte.String
	return s.ReadASN1(&content, asn1.SEQUENCE) && len(s) == 0 && inner(&content)
}

// An openSSHKey is what parseOpenSSH tells of a key.
type openSSHKey struct{ encrypted bool }

// parseOpenSSH reads the outer structure of a key in OpenSSH's format (PROTOCOL.key).
func parseOpenSSH(raw []byte) (openSSHKey, bool) {
	body, ok := bytes.CutPrefix(raw, []byte("openssh-key-v1\x00"))
	if !ok {
		return openSSHKey{}, false
	}
	s := cryptobyte.String(body)
	var cipher, kdf, options, public, private []byte
	var keys uint32
	if !readSSH(&s, &cipher) || !readSSH(&s, &kdf) || !readSSH(&s, &options) || !s.ReadUint32(&keys) ||
		keys < 1 || keys > 16 {
		return openSSHKey{}, false
	}
	for range keys {
		if !readSSH(&s, &public) {
			return openSSHKey{}, false
		}
	}
	if !readSSH(&s, &private) || len(private) < 16 {
		return openSSHKey{}, false
	}
	if string(cipher) != "none" {
		return openSSHKey{encrypted: true}, true
	}
	return openSSHKey{}, bytes.Equal(private[:4], private[4:8])
}

// readSSH reads a string of RFC 4251, section 5.
func readSSH(s *cryptobyte.String, out *[]byte) bool {
	var n uint32
	return s.ReadUint32(&n) && uint64(n) <= uint64(len(*s)) && s.ReadBytes(out, int(n))
}

func generatePEM(rnd *rand.Rand, r *rules.Rule) (text, secret []byte) {
	labels := strings.Split(r.BlockArgs["labels"], "|")
	label := labels[rnd.IntN(len(labels))]
	if label == "" {
		label = pemKey
	}
	raw := newKey(rnd, label)
	return encodePEM(label, raw), raw
}
