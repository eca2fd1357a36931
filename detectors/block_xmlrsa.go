package detectors

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math/rand/v2"

	"mudlark/rules"
)

// xmlRSAExtractor finds RSA keys as .NET writes them (RSA.ToXmlString; XML Signature's RSAKeyValue with the private parts). The
// canonical secret is the private exponent.
func xmlRSAExtractor() extractor {
	return extractor{
		keywords: []string{"<RSAKeyValue>", "&lt;RSAKeyValue&gt;"},
		reach:    maxObject,
		extract:  extractXMLRSA,
		generate: generateXMLRSA,
	}
}

func extractXMLRSA(data []byte, at int, r *rules.Rule) (candidate, bool) {
	rest := data[at:min(len(data), at+maxObject)]
	n := bytes.Index(rest, []byte("/RSAKeyValue"))
	if n < 0 || bytes.Count(rest[:n], []byte("RSAKeyValue")) != 1 {
		return candidate{}, false
	}
	n += len("/RSAKeyValue")
	for _, close := range []string{"&gt;", ">"} {
		if bytes.HasPrefix(rest[n:], []byte(close)) {
			n += len(close)
		}
	}
	text := bytes.ReplaceAll(bytes.ReplaceAll(rest[:n], []byte("&lt;"), []byte("<")), []byte("&gt;"), []byte(">"))
	private, ok := xmlBase64(text, "D")
	modulus, okModulus := xmlBase64(text, "Modulus")
	if !ok || !okModulus || len(private) < 32 || len(private) > len(modulus)+1 || isRepeated(private) {
		return candidate{}, false
	}
	return candidate{start: at, end: at + n, secret: private, display: text, ok: true}, true
}

// xmlBase64 decodes the content of the first element of that name.
func xmlBase64(text []byte, name string) ([]byte, bool) {
	_, rest, ok := bytes.Cut(text, []byte("<"+name+">"))
	content, _, closed := bytes.Cut(rest, []byte("</"+name+">"))
	if !ok || !closed {
		return nil, false
	}
	raw, err := base64.StdEncoding.AppendDecode(nil, bytes.Join(bytes.Fields(content), nil))
	return raw, err == nil
}

func generateXMLRSA(rnd *rand.Rand, r *rules.Rule) (text, secret []byte) {
	key := newRSA(rnd)
	b64 := base64.StdEncoding.EncodeToString
	secret = key.D.FillBytes(make([]byte, 128))
	text = fmt.Appendf(nil, "<RSAKeyValue><Modulus>%s</Modulus><Exponent>AQAB</Exponent><P>%s</P><Q>%s</Q><D>%s</D></RSAKeyValue>",
		b64(key.N.Bytes()), b64(key.Primes[0].Bytes()), b64(key.Primes[1].Bytes()), b64(secret))
	return text, secret
}
