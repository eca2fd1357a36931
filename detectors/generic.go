package detectors

import (
	"bytes"
	"math/rand/v2"

	"mudlark/rules"
)

// assignmentExtractor finds values that are assigned to a name that says secret, in any syntax. BlockArgs: "kind", "secret" for what machines
// make or "password" for what people do. What it finds is never certain, so that it loses against every other rule on the same bytes. The
// canonical secret is the value as written, or what it is the base64 of.
func assignmentExtractor() extractor {
	return extractor{starts: nameAnchors, reach: assignmentReach, each: eachAssignment, generate: generateAssignment}
}

func eachAssignment(data []byte, at int, r *rules.Rule, yield func(candidate)) {
	kind := secretName
	if r.BlockArgs["kind"] == "password" {
		kind = passwordName
	}
	a, ok := assignmentAt(data, at)
	if !ok || kindOfName(a.name) != kind {
		return
	}
	value := data[a.start:a.end]
	if !a.quoted && !a.tight && bytes.EqualFold(a.name, []byte("pass")) {
		return // the outcome of a test
	}
	c := candidate{start: a.start, end: a.end, secret: value, display: value}
	words := false // encoded
	if text, ok := unwrapped(value); ok && !isOther(value) {
		if placeholder(text, nil) {
			return
		}
		if c.confidence = judgePassword(&a, text); c.confidence != "" {
			c.secret, c.display = text, text
			yield(c)
			return
		}
		words = isWords(text) && bytes.IndexByte(text, ':') < 0
	}
	if kind == passwordName {
		c.confidence = judgePassword(&a, value)
	} else {
		c.confidence = judgeSecret(&a, data, value)
	}
	if c.confidence == "" || bytes.EqualFold(value, a.name) || !a.quoted && hasFoldedSuffix(a.name, string(lowerASCII(value))) {
		return
	}
	if r.Confidence == rules.Low || words || isPublished(value) {
		c.confidence = rules.Low
	}
	yield(c)
}

// nameAnchors returns what is looked for: pieces of names that kindOfName knows, with what stands beside short ones.
func nameAnchors(r *rules.Rule) []anchor {
	const sign, behind = "_-.", "=:\"'`)]> \t,\n\\"
	var list []anchor
	word := func(before, text, after string) {
		var a anchor
		if before != "" {
			a.sets = append(a.sets, setOf(before))
		}
		a.offset = len(a.sets)
		a.sets = appendLiteral(a.sets, []byte(text), true)
		if after != "" {
			a.sets = append(a.sets, setOf(after))
		}
		list = append(list, a)
	}
	if r.BlockArgs["kind"] == "password" {
		for _, w := range []string{"passw", "passphrase", "passcode", "kennwort", "contrasena", "senha"} {
			word("", w, "")
		}
		word("", "pwd", behind)
		word(sign, "pass", behind)
		word("", "pass", "=:\"'`")
		word(sign, "pw", "=:\"'`")
		return list
	}
	for _, w := range []string{"secret", "credential", "apikey", "accesskey", "privatekey", "authkey"} {
		word("", w, "")
	}
	word("", "creds", behind)
	word("", "token", behind+"(s_-.0123456789KVS")
	word(sign, "pat", behind)
	for _, q := range keyQualifiers() {
		q = q[max(0, len(q)-4):]
		key := anchor{sets: appendLiteral(nil, []byte(q), true)}
		key.offset = len(q) + 1
		key.sets = append(key.sets, setOf(sign+" "))
		key.sets = appendLiteral(key.sets, []byte("key"), true)
		list = append(list, key)
		word("", q+"key", behind+"s_-.")
	}
	return list
}

func setOf(chars string) rules.ByteSet {
	var s rules.ByteSet
	for i := range len(chars) {
		s.Add(chars[i])
	}
	return s
}

// generateAssignment returns a random value alone: the syntaxes of the matrix assign it to a name.
func generateAssignment(rnd *rand.Rand, r *rules.Rule) (text, secret []byte) {
	const letters = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
	for {
		b := make([]byte, 24)
		for i := range b {
			b[i] = letters[rnd.IntN(len(letters))]
		}
		if classes4(b) == 3 && evidence(b) >= bareEvidence {
			return b, b
		}
	}
}
