package detectors

import (
	"bytes"
	"encoding/base64"
	"math/rand/v2"

	"golang.org/x/crypto/cryptobyte"

	"mudlark/rules"
)

// pgpExtractor finds OpenPGP private keys in ASCII armor (RFC 9580, section 6).
func pgpExtractor() extractor {
	return extractor{keywords: []string{pgpOpen}, reach: maxArmor + 256, extract: extractPGP, generate: generatePGP}
}

const (
	pgpLabel = "PGP " + pemKey + " BLOCK"
	pgpOpen  = pemOpen + pgpLabel + pemDashes
	pgpClose = pemDashes + "END " + pgpLabel + pemDashes
)

func extractPGP(data []byte, at int, r *rules.Rule) (candidate, bool) {
	bodyEnd, end, closed := pemBody(data, at+len(pgpOpen), pgpLabel)
	a, ok := parseArmor(leadOf(data, at), data[at+len(pgpOpen):bodyEnd])
	if !ok {
		return candidate{}, false
	}
	raw, ok := a.decode()
	if len(raw) < minKeySize || isRepeated(raw) {
		return candidate{}, false
	}
	c := candidate{start: at, end: end, secret: a.base64Text(), confidence: rules.Low}
	c.display = a.display(pgpOpen, pgpClose, 64)
	if !ok || !closed || a.sum != "" && a.sum != crc24(raw) {
		return c, true
	}
	if body, ok := secretKeyPacket(raw); ok {
		c.ok, c.secret, c.confidence = true, raw, rules.Medium
		if s2k, ok := s2kUsage(body); ok && s2k == 0 {
			c.confidence = ""
		}
	}
	return c, true
}

// crc24 returns the armor checksum of raw, with its "=" (RFC 9580, section 6.1.1).
func crc24(raw []byte) string {
	c := uint32(0xB704CE)
	for _, b := range raw {
		c ^= uint32(b) << 16
		for range 8 {
			if c <<= 1; c&0x1000000 != 0 {
				c ^= 0x1864CFB
			}
		}
	}
	return "=" + base64.StdEncoding.EncodeToString([]byte{byte(c >> 16), byte(c >> 8), byte(c)})
}

// secretKeyPacket returns the body, as far as it is there, of a secret key packet at the start of raw (sections 4.2 and 5.5.1.3).
func secretKeyPacket(raw []byte) ([]byte, bool) {
	header := 0
	switch tag := raw[0]; {
	case tag == 0xC5: // OpenPGP format
		switch first := raw[1]; {
		case first < 192:
			header = 2
		case first == 255:
			header = 6
		default:
			header = 3
		}
	case tag&0xFC == 0x94: // legacy format; the low bits tell the size of the length
		header = 1 + [4]int{1, 2, 4, 0}[tag&3]
	default:
		return nil, false
	}
	return raw[header:], true
}

// s2kUsage returns the octet that tells whether the key is encrypted: 0 if not (section 5.5.3). It knows version 4.
func s2kUsage(body []byte) (byte, bool) {
	s := cryptobyte.String(body)
	var version, algorithm, usage uint8
	if !s.ReadUint8(&version) || version != 4 || !s.Skip(4) || !s.ReadUint8(&algorithm) {
		return 0, false
	}
	ok := false
	switch algorithm {
	case 1, 2, 3: // RSA: n, e
		ok = skipMPIs(&s, 2)
	case 16: // Elgamal
		ok = skipMPIs(&s, 3)
	case 17: // DSA
		ok = skipMPIs(&s, 4)
	case 18: // ECDH: curve, point, KDF parameters
		ok = skipShort(&s) && skipMPIs(&s, 1) && skipShort(&s)
	case 19, 22: // ECDSA, EdDSA: curve, point
		ok = skipShort(&s) && skipMPIs(&s, 1)
	case 25, 27: // X25519, Ed25519
		ok = s.Skip(32)
	}
	return usage, ok && s.ReadUint8(&usage)
}

func skipMPIs(s *cryptobyte.String, n int) bool {
	for range n {
		var bits uint16
		if !s.ReadUint16(&bits) || !s.Skip((int(bits)+7)/8) {
			return false
		}
	}
	return true
}

func skipShort(s *cryptobyte.String) bool {
	var n uint8
	return s.ReadUint8(&n) && s.Skip(int(n))
}

// generatePGP returns an unencrypted EdDSA key without a user id.
func generatePGP(rnd *rand.Rand, r *rules.Rule) (text, secret []byte) {
	key := newEd25519(rnd)
	var body []byte
	body = append(body, 4, 0x65, 0, 0, 0, 22)
	body = append(body, 9, 0x2B, 0x06, 0x01, 0x04, 0x01, 0xDA, 0x47, 0x0F, 0x01) // the curve's OID
	body = append(body, 0x01, 0x07, 0x40)                                        // 263 bits: 0x40 and the point
	body = append(body, key[32:]...)
	body = append(body, 0, 0x01, 0x00) // not encrypted; 256 bits
	private := bytes.Clone(key[:32])
	private[0] |= 0x80
	body = append(body, private...)
	sum := uint16(0x01)
	for _, b := range private {
		sum += uint16(b)
	}
	body = append(body, byte(sum>>8), byte(sum))
	raw := append([]byte{0xC5, byte(len(body))}, body...)
	a := armor{lines: wrap(base64.StdEncoding.EncodeToString(raw), 64), sum: crc24(raw)}
	a.headers = []string{"Comment: test"}
	return a.display(pgpOpen, pgpClose, 64), raw
}
