package detectors

import (
	"math/rand/v2"

	"mudlark/rules"
)

// A candidate is a secret that an extractor found.
type candidate struct {
	start, end int    // in the data
	secret     []byte // canonical
	display    []byte
	ok         bool             // the structure was verified (as a checksum is)
	confidence rules.Confidence // "" = the rule's
}

// An extractor finds secrets that are blocks of a container format.
type extractor struct {
	// keywords are literal anchors, exact case. Where they depend on the rule's arguments it is nil and anchors
	// gives them: always ask keywordsFor.
	keywords []string
	anchors  func(r *rules.Rule) []string
	// reach is the number of bytes on either side of the anchor that extract may look at; -1 = whole.
	reach int
	// extract looks at the block around the keyword hit at offset at.
	extract func(data []byte, at int, r *rules.Rule) (candidate, bool)
	// each, of an extractor that has it instead of extract, yields all candidates that the anchor at offset at leads to. They do not depend
	// on what other anchors lead to, and a candidate that several lead to is one. Such rules are guesses: other rules win against them on the
	// same bytes. starts gives the anchors; at is that of the anchor's literal.
	each   func(data []byte, at int, r *rules.Rule, yield func(candidate))
	starts func(r *rules.Rule) []anchor
	// generate returns a text with a new block and its canonical secret.
	generate func(rnd *rand.Rand, r *rules.Rule) (text, secret []byte)
}

// keywordsFor returns the anchors of the extractor for a rule.
func (x extractor) keywordsFor(r *rules.Rule) []string {
	if x.anchors != nil {
		return x.anchors(r)
	}
	return x.keywords
}

// extractorFor returns the extractor that a rule names in Block.
func extractorFor(name string) (extractor, bool) {
	switch name {
	case "pem":
		return pemExtractor(), true
	case "pgp":
		return pgpExtractor(), true
	case "ssh2":
		return ssh2Extractor(), true
	case "ppk":
		return ppkExtractor(), true
	case "jwk":
		return jwkExtractor(), true
	case "xmlrsa":
		return xmlRSAExtractor(), true
	case "pkcs12":
		return pkcs12Extractor(), true
	case "jks":
		return jksExtractor(), true
	case "json":
		return jsonExtractor(), true
	case "assignment":
		return assignmentExtractor(), true
	case "kubernetes":
		return kubernetesExtractor(), true
	case "url":
		return urlExtractor(), true
	}
	return extractor{}, false
}
