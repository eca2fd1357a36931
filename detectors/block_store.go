package detectors

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"math/rand/v2"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"mudlark/rules"
)

// Key stores are binary. What protects the keys in them is a password, so they count as encrypted keys: medium confidence.

// maxStore bounds how much of a key store is looked at.
const maxStore = 64 << 10

// pkcs12Extractor finds PKCS #12 files (RFC 7292) that hold a key. The canonical secret is the file's DER.
func pkcs12Extractor() extractor {
	return extractor{
		keywords: []string{oidData},
		reach:    maxStore,
		extract:  extractPKCS12,
		generate: generatePKCS12,
	}
}

// DER of object identifiers: pkcs7-data, and the bags of RFC 7292, section 4.2, without the arc that tells which.
const (
	oidData = "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"
	oidBag  = "\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01"
)

func extractPKCS12(data []byte, at int, r *rules.Rule) (candidate, bool) {
	start, ok := pfxStart(data, at)
	if !ok {
		return candidate{}, false
	}
	end := min(len(data), start+maxStore)
	s := cryptobyte.String(data[start:end])
	var whole cryptobyte.String
	if s.ReadASN1Element(&whole, asn1.SEQUENCE) {
		end = start + len(whole)
	} else if data[start+1] != 0x80 { // neither whole nor of indefinite length
		return candidate{}, false
	}
	c := candidate{start: start, end: end, secret: data[start:end], ok: true, confidence: rules.Low}
	c.display = base64.StdEncoding.AppendEncode(nil, c.secret)
	for _, bag := range []string{oidBag + "\x01", oidBag + "\x02"} { // keyBag, pkcs8ShroudedKeyBag
		if bytes.Contains(c.secret, []byte(bag)) {
			c.confidence = rules.Medium
		}
	}
	return c, true
}

// pfxStart returns where the PFX begins whose content type is at the given offset: SEQUENCE, INTEGER 3, SEQUENCE, with lengths of one
// of the sizes that DER and BER have.
func pfxStart(data []byte, at int) (int, bool) {
	const version = "\x02\x01\x03\x30"
	for size := 1; size <= 4; size++ { // bytes of the inner length
		v := at - size - len(version)
		if v < 2 || string(data[v:v+len(version)]) != version {
			continue
		}
		for outer := 1; outer <= 4; outer++ {
			start := v - outer - 1
			if start >= 0 && data[start] == 0x30 && lengthSize(data[start+1]) == outer {
				return start, true
			}
		}
	}
	return 0, false
}

// lengthSize returns the number of bytes of a BER length by its first.
func lengthSize(first byte) int {
	if first < 0x80 {
		return 1
	}
	return 1 + int(first&0x7f)
}

func generatePKCS12(rnd *rand.Rand, r *rules.Rule) (text, secret []byte) {
	b := cryptobyte.NewBuilder(nil)
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(3)
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddBytes([]byte(oidData))
			b.AddASN1(asn1.Tag(0).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) {
				b.AddASN1(asn1.OCTET_STRING, func(b *cryptobyte.Builder) {
					b.AddBytes([]byte(oidBag + "\x02"))
					b.AddBytes(randomBytes(rnd, 900))
				})
			})
		})
	})
	secret = b.BytesOrPanic()
	return secret, secret
}

// jksExtractor finds Java key stores that hold a key. The canonical secret is the first key, encrypted as it is there.
func jksExtractor() extractor {
	return extractor{
		keywords: []string{"\xfe\xed\xfe\xed\x00\x00\x00", "\xce\xce\xce\xce\x00\x00\x00"},
		reach:    maxStore,
		extract:  extractJKS,
		generate: generateJKS,
	}
}

// extractJKS walks the entries: sun.security.provider.JavaKeyStore, engineLoad.
func extractJKS(data []byte, at int, r *rules.Rule) (candidate, bool) {
	s := cryptobyte.String(data[at:min(len(data), at+maxStore)])
	var version, entries uint32
	if !s.Skip(4) || !s.ReadUint32(&version) || version != 1 && version != 2 || !s.ReadUint32(&entries) {
		return candidate{}, false
	}
	for range entries {
		var tag uint32
		var alias, key cryptobyte.String
		if !s.ReadUint32(&tag) || !s.ReadUint16LengthPrefixed(&alias) || !s.Skip(8) {
			return candidate{}, false
		}
		switch tag {
		case 1:
			if !readLong(&s, &key) || len(key) < minKeySize {
				return candidate{}, false
			}
		case 2:
			if version == 2 && !s.ReadUint16LengthPrefixed(&alias) || !readLong(&s, &key) {
				return candidate{}, false
			}
			continue
		case 3: // a sealed secret key, a Java object to the end of the store
			key = s
		default:
			return candidate{}, false
		}
		end := min(len(data), at+maxStore) - len(s)
		if tag == 3 {
			end = min(len(data), at+maxStore)
		}
		return candidate{start: at, end: end, secret: key, display: base64.StdEncoding.AppendEncode(nil, key),
			ok: true, confidence: rules.Medium}, len(key) >= minKeySize
	}
	return candidate{}, false
}

// readLong reads bytes with a length of four bytes before them.
func readLong(s *cryptobyte.String, out *cryptobyte.String) bool {
	var b []byte
	ok := readSSH(s, &b)
	*out = b
	return ok
}

func generateJKS(rnd *rand.Rand, r *rules.Rule) (text, secret []byte) {
	secret = randomBytes(rnd, 600)
	text = []byte("\xfe\xed\xfe\xed\x00\x00\x00\x02\x00\x00\x00\x01\x00\x00\x00\x01\x00\x03key\x00\x00\x01\x80\x00\x00\x00\x00")
	text = binary.BigEndian.AppendUint32(text, uint32(len(secret)))
	text = append(text, secret...)
	text = append(text, 0, 0, 0, 0) // no certificates
	return append(text, randomBytes(rnd, 20)...), secret
}
