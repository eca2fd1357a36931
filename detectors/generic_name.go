package detectors

import (
	"bytes"
	"slices"
)

// A nameKind is what a name says of its value.
type nameKind uint8

const (
	plainName    nameKind = iota
	secretName            // a token, key or secret, which machines make
	passwordName          // a password, which people make
)

// kindOfName returns what a variable, key, header or switch of that name holds. The name is read as words: "AWSSecretKey" is aws, secret, key;
// "AUTHOR" is no auth and "monkey" no key.
func kindOfName(name []byte) nameKind {
	var buffer [12][]byte
	words := nameWords(buffer[:0], name)
	kind, at := plainName, -1
	for i, w := range words {
		if k := kindOfWord(words, i, w); k != plainName {
			kind, at = k, i
		}
	}
	if kind == plainName {
		return plainName
	}
	for i, w := range words {
		if i < at && isOneOf(w, otherBefore()) || bytes.HasPrefix(w, []byte("csrf")) || i > at && isOneOf(w, otherBehind()) || isOneOf(w, otherAnywhere()) {
			return plainName
		}
	}
	return kind
}

// nameWords splits a name at all that is neither letter nor digit, between letters and digits, and before a capital that begins a word.
// The words are in lower case.
func nameWords(words [][]byte, name []byte) [][]byte {
	lower := lowerASCII(name)
	start := -1
	for i := 0; i <= len(name); i++ {
		inside := i < len(name) && isLetter(name[i])
		if inside && start >= 0 && isUpper(name[i]) && (isLower(name[i-1]) || i+1 < len(name) && isLower(name[i+1])) {
			words = append(words, lower[start:i])
			start = i
		}
		switch {
		case inside && start < 0:
			start = i
		case !inside && start >= 0:
			words = append(words, lower[start:i])
			start = -1
		}
	}
	return words
}

func isLetter(c byte) bool { return isLower(c) || isUpper(c) }

// kindOfWord returns what the i-th word of a name, with the one before it, says by itself.
func kindOfWord(words [][]byte, i int, w []byte) nameKind {
	switch {
	case hasAnySuffix(w, "password", "passwd", "passwort", "passphrase", "passcode", "passw", "pwd", "kennwort", "contrasena", "senha", "pswd"):
		return passwordName
	case string(w) == "pass" && (i > 0 || len(words) == 1), isOneOf(w, []string{"dbpass", "userpass", "smtppass", "mailpass", "mypass", "rootpass", "adminpass", "keypass", "storepass", "pgpass"}):
		return passwordName
	case string(w) == "pw" && i > 0:
		return passwordName
	case string(w) == "credential" && i > 0 && isOneOf(words[i-1], []string{"amz", "goog"}):
		return plainName // the key's id and its scope, in signed URLs
	case hasAnySuffix(w, "secret", "token", "apikey", "secretkey", "accesskey", "privatekey", "authkey", "credential") || isOneOf(w, []string{"secrets", "tokens", "creds", "credentials", "apikeys"}):
		return secretName
	case string(w) == "pat" && i == len(words)-1 && i > 0:
		return secretName
	case string(w) == "key" && i > 0 && isOneOf(words[i-1], keyQualifiers()):
		return secretName
	}
	return plainName
}

// keyQualifiers are the words that make a key a secret one.
func keyQualifiers() []string {
	return []string{"api", "secret", "private", "access", "auth", "master", "signing", "encryption", "service", "account", "client", "app", "admin",
		"storage", "license", "deploy", "webhook", "subscription", "function", "hmac", "aes", "jwt", "session", "cookie", "token", "hardcoded", "shared", "security"}
}

// otherBefore are words before the one that says secret with which it means something else: a page token, a CSRF token, a lexer's.
func otherBefore() []string {
	return []string{"csrf", "xsrf", "next", "prev", "previous", "page", "continuation", "sync", "max", "min", "num", "no", "is", "has", "cancellation", "cancel",
		"syntax", "lexer", "parse", "bypass", "get", "read", "fetch", "load", "find", "check", "validate", "verify", "require", "requires", "hash", "encode", "encrypt",
		"decode", "decrypt", "generate", "create", "delete", "forgot", "invalid", "missing", "empty", "wrong", "bad", "use", "confirm", "public", "publishable", "pub",
		"error", "err", "delimiter", "escaped", "encrypted", "hashed", "enc", "placeholder", "allow", "show", "hide", "toggle", "if", "upload", "sas", "idempotency", "request", "change", "copy", "update", "from", "docs", "docsearch", "version", "lock"}
}

// otherBehind are words behind it: a password's hash, a token's type.
func otherBehind() []string {
	return []string{"hash", "hashed", "digest", "salt", "length", "len", "size", "type", "kind", "algorithm", "alg", "ttl", "expiry", "expires", "expiration", "expired",
		"age", "count", "limit", "max", "min", "regex", "regexp", "pattern", "format", "prefix", "suffix", "header", "field", "fields", "column", "label", "title", "hint",
		"placeholder", "description", "desc", "message", "msg", "error", "policy", "required", "enabled", "disabled", "validator", "validation", "provider", "manager",
		"factory", "handler", "helper", "store", "vault", "rotation", "strength", "reset", "file", "path", "dir", "folder", "url", "uri", "endpoint", "host", "name", "names",
		"id", "ids", "version", "ref", "reference", "source", "encoder", "generator", "class", "index", "position", "input", "visible", "arn", "engine", "request",
		"response", "list", "map", "set", "pair", "issuer", "audience", "scope", "scopes", "prompt", "schema", "env", "var", "mode", "method", "strategy", "text", "cookie",
		"timeout", "window", "interval", "created", "updated", "at", "date", "time", "exchange", "sign", "checksum", "fingerprint", "sha", "md", "signature", "thumbprint", "verifier", "identifier", "proof", "cache", "symbols", "chars", "characters", "charset", "alphabet", "auth", "authentication", "color", "highlight"}
}

// otherAnywhere are words that make a name one of documentation or of something else wherever they stand.
func otherAnywhere() []string {
	return []string{"example", "sample", "dummy", "fake", "mock", "checksum", "digest", "integrity", "hash", "etag", "commit", "license"}
}

func isOneOf(w []byte, list []string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return string(w) == s })
}

func hasAnySuffix(w []byte, list ...string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return bytes.HasSuffix(w, []byte(s)) })
}
