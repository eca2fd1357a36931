package detectors

import (
	"math/rand/v2"

	"mudlark/rules"
)

// maxAttempts bounds how often Generate tries: a rule whose format and conditions exclude each other gives nothing.
const maxAttempts = 2000

// Generate returns a random valid token of the rule: in one of its formats, with the right checksum, with the entropy and kinds of
// characters that the rule demands, and no placeholder. Text is what to plant in a file, secret the canonical secret to be found
// there. Both are nil for a rule that is a regex, and for one whose conditions cannot be met.
func Generate(rnd *rand.Rand, r *rules.Rule) (text, secret []byte) {
	if r.Block != "" {
		x, ok := extractorFor(r.Block)
		if !ok {
			return nil, nil
		}
		return x.generate(rnd, r)
	}
	if len(r.Formats) == 0 {
		return nil, nil
	}
	for range maxAttempts {
		f := r.Formats[rnd.IntN(len(r.Formats))]
		if token := fixed(rules.GenerateFormat(rnd, f.Node), f.Checksum); token != nil && acceptable(token, r, f) {
			return token, token
		}
	}
	return nil, nil
}

// fixed returns token with its checksum made right, nil if that cannot be.
func fixed(token []byte, checksum string) []byte {
	if checksum == "" {
		return token
	}
	c, ok := checkFor(checksum)
	if !ok {
		return nil
	}
	if token = c.fix(token); token == nil || !c.verify(token) {
		return nil
	}
	return token
}

func acceptable(token []byte, r *rules.Rule, f rules.Format) bool {
	return entropy(token) >= f.Entropy && require(token, r.Require) && !rejected(token, r.Reject) &&
		!placeholder(token, r.Placeholders)
}
