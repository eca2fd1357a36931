package detectors

import (
	"bytes"
	"strings"
	"testing"

	"mudlark/rules"
)

// hostile returns texts that make a scanner try something at every few bytes.
func hostile() map[string]string {
	nested := strings.Repeat("{", 64)
	return map[string]string{
		"key headers":         "-----BEGIN RSA " + "PRIVATE KEY-----\n",
		"open objects":        `{"type":"service_account",`,
		"braces":              nested,
		"token heads":         "eyJ",
		"URL heads":           "postgres://",
		"URLs":                "postgres://a:b@",
		"connection strings":  "database.windows.net;password=",
		"percent":             "%25",
		"escapes":             `\u005c`,
		"escaped delimiters":  `\/`,
		"near words":          "twilio_token dd_api_key cf_token ",
		"near values":         "dd_api_key=" + strings.Repeat("0123456789abcdef", 2) + " ",
		"colours":             "\x1b[1;31mdd_api_key\x1b[0m",
		"companions":          "AKIA" + strings.Repeat("ABCDEFG2", 2) + " aB3dEfGhIjKlMnOpQrStUvWxYz0123456789+/aB ",
		"infix":               "sk-proj-" + strings.Repeat("a", 24) + "T3Blbk" + "FJ",
		"infix in its class":  "JQQJ99",
		"encoded names apart": "dd_api_key: QUJDREVGR0hJSktMTU5PUFFSU1Q=\n",
		"wrapped runs":        strings.Repeat("QUJDREVGR0hJSktM", 4) + `\n`,
	}
}

// BenchmarkHostile is the cost of hostile texts; every one of them is linear, so the throughput does not depend on the size.
func BenchmarkHostile(b *testing.B) {
	set, err := rules.Builtin(Vocabulary())
	if err != nil {
		b.Fatal(err)
	}
	e, err := New(set, DefaultOptions())
	if err != nil {
		b.Fatal(err)
	}
	for name, unit := range hostile() {
		for _, size := range []int{1 << 18, 1 << 21} {
			text := bytes.Repeat([]byte(unit), size/len(unit))
			b.Run(name+map[int]string{1 << 18: "/256K", 1 << 21: "/2M"}[size], func(b *testing.B) {
				s := e.NewScanner()
				b.SetBytes(int64(len(text)))
				for b.Loop() {
					s.Scan(text)
				}
			})
		}
	}
}
