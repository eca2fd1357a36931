package detectors

import "bytes"

// placeholder reports whether value stands for a secret instead of being one: a template, a reference, a word such as "example"
// or "changeme", one character or a sequence repeated. Words are further such values or parts of values; they are matched ignoring
// ASCII case. A value of random characters is no placeholder: words count only where they could not be there by chance.
func placeholder(value []byte, words []string) bool {
	if len(value) == 0 {
		return true
	}
	lower := lowerASCII(value)
	for _, w := range words {
		if w != "" && bytes.Contains(lower, lowerASCII([]byte(w))) {
			return true
		}
	}
	return isTemplate(value) || isKeyword(lower) || isNameOfSecret(value) || hasPlaceholderWord(value, lower) || isMonotonous(lower)
}

// isNameOfSecret reports whether a value is the name of a secret, to be replaced by it: KEYSTONE_DBPASS, my-token.
func isNameOfSecret(value []byte) bool {
	return bytes.ContainsAny(value, "_-") && isLetter(value[0]) && all(value, func(c byte) bool { return isLetter(c) || c == '_' || c == '-' }) &&
		(!holds(value, "lower") || evidence(value) < weakEvidence) && kindOfName(value) != plainName
}

// isKeyword reports whether a value is a word of programming languages that stands for no value, or for any: a literal or a type.
func isKeyword(lower []byte) bool {
	return isOneOf(lower, []string{"none", "null", "nil", "undefined", "true", "false", "this", "self", "string", "str", "any", "bool", "boolean", "bytes"})
}

// lowerASCII returns a copy of b, of the same length, with the letters A to Z in lower case.
func lowerASCII(b []byte) []byte {
	lower := make([]byte, len(b))
	for i, c := range b {
		if isUpper(c) {
			c += 'a' - 'A'
		}
		lower[i] = c
	}
	return lower
}

// isTemplate reports whether value is filled in later: ${...}, $(...), {{...}}, <...>, [...], %s, %NAME%, $NAME, or hidden: "***".
func isTemplate(value []byte) bool {
	for _, mark := range []string{"${", "$(", "{{", "}}", "<%", "#{", "%(", "***", "...", "\u2026", "\u2022\u2022"} {
		if bytes.Contains(value, []byte(mark)) {
			return true
		}
	}
	for _, open := range []string{"%5B", "%7B", "%3C", "%24%7B"} {
		if bytes.HasPrefix(value, []byte(open)) {
			return true // a bracket, percent-encoded
		}
	}
	first, last := value[0], value[len(value)-1]
	switch {
	case len(value) > 4 && bytes.HasPrefix(value, []byte("**")) && bytes.HasSuffix(value, []byte("**")), first == '(' && last == ')':
		return true
	case first == '<' && last == '>', first == '[' && last == ']', first == '{' && last == '}':
		return true
	case first == '%' && (len(value) == 2 || len(value) > 2 && last == '%' && isName(value[1:len(value)-1])):
		return true
	case first == '$' && isName(value[1:]):
		return true
	}
	return false
}

// isName reports whether b could be the name of a variable, in upper case or as words: $DB_PASSWORD, $password.
func isName(b []byte) bool {
	if len(b) == 0 || b[0] >= '0' && b[0] <= '9' {
		return false
	}
	for _, c := range b {
		if c != '_' && !(c >= '0' && c <= '9') && !(c|0x20 >= 'a' && c|0x20 <= 'z') {
			return false
		}
	}
	return isAll(bytes.ReplaceAll(b, []byte("_"), nil), "upper") || isWords(b)
}

// hasPlaceholderWord looks for words. Long ones count anywhere in the value; shorter ones only as a part of their own, between
// dividers or changes of case, because they occur in random characters too.
func hasPlaceholderWord(value, lower []byte) bool {
	for _, w := range []string{
		"example", "placeholder", "changeme", "change_me", "change-me", "redacted", "replaceme", "replace_me", "replace-me",
		"insert_", "insert-", "inserty", "yoursecret", "yourtoken", "yourapi", "yourkey", "yourpassword", "yourown",
		"notreal", "not_real", "not-real", "not_a_real", "not-a-real", "notasecret", "xxxxxxxx", "foobar", "loremipsum",
		"goes_here", "goes-here", "goes here", "goeshere", "qwertyui", "asdfghjk", "fill_in", "fill-in", "fill in", "secrethere", "tokenhere", "keyhere", "_here", "-here",
	} {
		if i := bytes.Index(lower, []byte(w)); i >= 0 && (len(w) >= 7 || standsAlone(value, i, len(w))) && sameCase(value[i:i+len(w)]) {
			return true
		}
	}
	if isBlanked(lower) || isYours(value, lower) {
		return true
	}
	for _, w := range []string{"your", "sample", "dummy", "fake", "todo", "fixme", "insert", "mock", "bogus", "invalid", "tbd"} {
		for i := 0; ; {
			n := bytes.Index(lower[i:], []byte(w))
			if n < 0 {
				break
			}
			if i += n; standsAlone(value, i, len(w)) {
				return true
			}
			i += len(w)
		}
	}
	return false
}

// isYours reports whether a value begins with the word "your" and another word: YourPaSsWoRd.
func isYours(value, lower []byte) bool {
	const n = len("your")
	return len(value) > n && bytes.HasPrefix(lower, []byte("your")) && sameCase(value[:n]) && (isDivider(value[n]) || isUpper(value[n]) && isLower(value[n-1]))
}

// isBlanked reports whether a part of the value, between dividers, is only x: eyJ0.xxx.xxx.
func isBlanked(lower []byte) bool {
	run := 0
	for i := 0; i <= len(lower); i++ {
		if i < len(lower) && lower[i] == 'x' {
			run++
			continue
		}
		if run >= 3 && (i == run || isDivider(lower[i-run-1])) && (i == len(lower) || isDivider(lower[i])) {
			return true
		}
		run = 0
	}
	return false
}

// sameCase reports whether a word is written in lower case, upper case, or with its first letters of words in upper case.
func sameCase(word []byte) bool {
	changes := 0
	for i := 1; i < len(word); i++ {
		if isUpper(word[i]) && isLower(word[i-1]) {
			changes++
		}
		if i > 1 && isLower(word[i]) && isUpper(word[i-1]) && isUpper(word[i-2]) {
			return false
		}
	}
	return changes <= 1
}

// standsAlone reports whether the word at i is a part of its own: bounded by dividers or the ends of the value, and, if the value
// has no dividers at all, most of it.
func standsAlone(value []byte, i, n int) bool {
	before := i == 0 || isDivider(value[i-1])
	behind := i+n == len(value) || isDivider(value[i+n])
	if !sameCase(value[i : i+n]) {
		return false
	}
	if before && behind {
		return len(value) < 12 || bytes.ContainsAny(value, "_- .") && manyDividers(value)
	}
	return len(value) <= 2*n && (before || behind)
}

// manyDividers reports whether value consists of words and dividers: random base64url has dividers too, but its parts are
// no words.
func manyDividers(value []byte) bool {
	wordy := 0
	for _, part := range wordParts(value) {
		if isWord(part) {
			wordy += len(part)
		}
	}
	return wordy*2 >= len(value)
}

func isDivider(c byte) bool {
	return c == '_' || c == '-' || c == ' ' || c == '.' || c == ':' || c == '/'
}
func isUpper(c byte) bool { return c >= 'A' && c <= 'Z' }
func isLower(c byte) bool { return c >= 'a' && c <= 'z' }

// isMonotonous reports whether most of value is one character repeated or runs of a sequence (abcdef, 012345, fedcba), or
// one short string over and over.
func isMonotonous(lower []byte) bool {
	if len(lower) < 4 {
		return false
	}
	covered := 0
	for i := 1; i < len(lower); {
		step := int(lower[i]) - int(lower[i-1])
		if step < -1 || step > 1 {
			i++
			continue
		}
		start := i - 1
		for i < len(lower) && int(lower[i])-int(lower[i-1]) == step {
			i++
		}
		if n := i - start; n >= 4 || n >= 3 && step == 0 {
			covered += n
		}
	}
	if covered*10 >= len(lower)*6 {
		return true
	}
	return isPeriodic(lower) || isInterleaved(lower)
}

// isInterleaved reports whether value is mostly two sequences in turns: a1b2c3d4.
func isInterleaved(lower []byte) bool {
	if len(lower) < 8 {
		return false
	}
	n := 0
	for i := 2; i < len(lower); i++ {
		if lower[i] == lower[i-2]+1 || lower[i] == '0' && lower[i-2] == '9' {
			n++
		}
	}
	return n*10 >= len(lower)*6
}

// isPeriodic reports whether value is a string of at most a quarter of its length (8 characters at most) repeated.
func isPeriodic(value []byte) bool {
	for period := 1; period <= min(8, len(value)/3); period++ {
		if bytes.Equal(value[period:], value[:len(value)-period]) {
			return true
		}
	}
	return false
}
