package detectors

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"mudlark/rules"
)

// hashed returns lines as lock files, workflows and manifests have them, in which name is the name of a package and something random
// is its hash or its commit.
func hashed(rnd *rand.Rand, name string) map[string]string {
	sum := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(rnd.IntN(256))
		}
		return b
	}
	b64 := base64.StdEncoding.EncodeToString
	return map[string]string{
		"go.sum":            fmt.Sprintf("github.com/acme/%s v1.4.2 h1:%s\ngithub.com/acme/%[1]s v1.4.2/go.mod h1:%s\n", name, b64(sum(32)), b64(sum(32))),
		"package-lock.json": fmt.Sprintf("    \"node_modules/%s\": {\n      \"version\": \"1.0.3\",\n      \"resolved\": \"https://registry.npmjs.org/%[1]s/-/%[1]s-1.0.3.tgz\",\n      \"integrity\": \"sha512-%s\",\n", name, b64(sum(64))),
		"yarn.lock":         fmt.Sprintf("%s@^1.0.0:\n  version \"1.0.3\"\n  resolved \"https://registry.yarnpkg.com/%[1]s/-/%[1]s-1.0.3.tgz#%s\"\n  integrity sha1-%s\n", name, hex.EncodeToString(sum(20)), b64(sum(20))),
		"workflow":          fmt.Sprintf("      - uses: acme/%s@%s\n", name, hex.EncodeToString(sum(20))),
		"Pipfile.lock":      fmt.Sprintf("        \"%s\": {\n            \"hashes\": [\n                \"sha256:%s\"\n            ],\n", name, hex.EncodeToString(sum(32))),
		"requirements.txt":  fmt.Sprintf("%s==1.0.3 \\\n    --hash=sha256:%s\n", name, hex.EncodeToString(sum(32))),
		"image":             fmt.Sprintf("image: acme/%s@sha256:%s\n", name, hex.EncodeToString(sum(32))),
		"Cargo.lock":        fmt.Sprintf("name = \"%s\"\nversion = \"1.0.3\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"%s\"\n", name, hex.EncodeToString(sum(32))),
	}
}

// TestRulesLockFiles demands that a name of a package that holds the name of a provider makes no key of a hash beside it.
func TestRulesLockFiles(t *testing.T) {
	set := catalogue(t)
	s := catalogueEngine(t, set).NewScanner()
	for _, r := range set {
		rnd := source(r)
		reported := map[string]bool{}
		for _, f := range r.Formats {
			for _, word := range f.Near {
				if strings.Trim(word, "abcdefghijklmnopqrstuvwxyz0123456789-._") != "" {
					continue
				}
				for range max(tokens()/5, 1) {
					for where, text := range hashed(rnd, word) {
						for _, m := range s.Scan([]byte(text)).Matches {
							hash := !strings.Contains(string(m.Secret), word)
							if hash && m.Confidence != rules.Low && m.Rule == r && !reported[where] {
								reported[where] = true
								t.Errorf("rule %s: %s: %s gives %q at %s confidence", r.ID, where, word, m.Secret, m.Confidence)
							}
						}
					}
				}
			}
		}
	}
}
