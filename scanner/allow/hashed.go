package allow

import (
	"slices"
	"strings"
)

// Some plugins expect a length that tokens have outgrown, as Discord's did, and take as many characters. Beginnings shorter than minPrefix
// may be shared by many tokens; tokens longer than maxPrefix have no fixed length.
const (
	minPrefix = 16
	maxPrefix = 128
)

// HashedParts returns the texts of which detect-secrets may have taken the hash for a secret: the secret, and the part that its plugin for
// this kind of secret takes for it. They were found by running detect-secrets 1.5.0 on tokens of each kind.
func HashedParts(secret string) []string {
	parts := []string{secret}
	add := func(part string, ok bool) {
		if ok && part != "" && part != secret {
			parts = append(parts, part)
		}
	}
	add(keyHeader(secret))
	if at := strings.IndexAny(secret, "_-"); at > 0 {
		add(secret[:at], slices.Contains(barePrefixes(), secret[:at]))
	}
	if at := strings.LastIndexByte(secret, '.'); at > 0 && strings.HasPrefix(secret, "eyJ") {
		add(secret[:at+1], true) // a JWT without its signature
	}
	add(passwordOf(secret))
	if at := strings.Index(secret, "AccountKey="); at >= 0 { // of Azure's connection strings
		key, _, _ := strings.Cut(secret[at:], ";")
		add(key, true)
	}
	add(strings.CutPrefix(secret, "xoxe."))
	for n := minPrefix; n < min(len(secret), maxPrefix); n++ {
		add(secret[:n], true)
	}
	return parts
}

// barePrefixes are the beginnings of GitHub's and GitLab's tokens, which detect-secrets takes for the tokens.
func barePrefixes() []string {
	return []string{"ghp", "gho", "ghu", "ghs", "ghr", "glpat", "gldt", "glft", "glsoat", "glrt"}
}

// isSharedHash reports whether a hash is that of a mere prefix.
func isSharedHash(hash string) bool {
	return slices.ContainsFunc(barePrefixes(), func(p string) bool { return HashSHA1(p) == hash })
}

// keyHeader returns the words "BEGIN ... KEY" of a private key, which is what detect-secrets takes for the key: all keys of a kind have them.
func keyHeader(secret string) (string, bool) {
	rest := strings.TrimPrefix(strings.TrimLeft(secret, "-"), " ") // "---- BEGIN" in RFC 4716
	header, _, closed := strings.Cut(rest, "----")
	return strings.TrimRight(header, " "), rest != secret && closed && strings.HasPrefix(header, "BEGIN ")
}

// passwordOf returns the password in a URL.
func passwordOf(url string) (string, bool) {
	_, rest, ok := strings.Cut(url, "://")
	user, _, at := strings.Cut(rest, "@")
	_, password, colon := strings.Cut(user, ":")
	return password, ok && at && colon
}
