package detectors

import (
	"bytes"
	"encoding/base64"
	"math/rand/v2"

	"golang.org/x/crypto/cryptobyte"

	"mudlark/rules"
)

// ssh2Extractor finds the private keys of ssh.com and its descendants: the armor of RFC 4716 around a format of their own.
func ssh2Extractor() extractor {
	return extractor{keywords: []string{ssh2Open}, reach: maxArmor + 256, extract: extractSSH2, generate: generateSSH2}
}

const (
	ssh2Open  = "---- BEGIN SSH2 ENCRYPTED " + pemKey + " ----"
	ssh2Close = "---- END SSH2 ENCRYPTED " + pemKey + " ----"
	ssh2Magic = 0x3f6ff9eb
)

func extractSSH2(data []byte, at int, r *rules.Rule) (candidate, bool) {
	bodyAt := at + len(ssh2Open)
	rest := data[bodyAt:min(len(data), bodyAt+maxArmor)]
	n := bytes.Index(rest, []byte("----"))
	if n < 0 || !bytes.HasPrefix(rest[n:], []byte(ssh2Close)) {
		return candidate{}, false
	}
	a, ok := parseArmor(leadOf(data, at), rest[:n])
	if !ok {
		return candidate{}, false
	}
	raw, ok := a.decode()
	if !ok || len(raw) < minKeySize {
		return candidate{}, false
	}
	c := candidate{start: at, end: bodyAt + n + len(ssh2Close), secret: raw, confidence: rules.Low}
	c.display = a.display(ssh2Open, ssh2Close, 70)
	s := cryptobyte.String(raw)
	var magic uint32
	var kind, cipher []byte
	if s.ReadUint32(&magic) && magic == ssh2Magic && s.Skip(4) && readSSH(&s, &kind) && readSSH(&s, &cipher) {
		c.ok, c.confidence = true, rules.Medium
		if string(cipher) == "none" {
			c.confidence = ""
		}
	}
	return c, true
}

func generateSSH2(rnd *rand.Rand, r *rules.Rule) (text, secret []byte) {
	field := func(b *cryptobyte.Builder, v []byte) {
		b.AddUint32LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(v) })
	}
	b := cryptobyte.NewBuilder(nil)
	b.AddUint32(ssh2Magic)
	b.AddUint32(400)
	field(b, []byte("dl-modp{sign{dsa-nist-sha1},dh{plain}}"))
	field(b, []byte("none"))
	field(b, randomBytes(rnd, 320))
	raw := b.BytesOrPanic()
	a := armor{headers: []string{"Comment: test"}, lines: wrap(base64.StdEncoding.EncodeToString(raw), 70)}
	return a.display(ssh2Open, ssh2Close, 70), raw
}
