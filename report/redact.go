package report

import (
	"bytes"
	"unicode/utf8"
)

// maxShown is how many characters of a secret are shown at most: enough for the literal that many kinds of tokens begin with, and
// so to tell which one is meant.
const maxShown = 4

// ellipsis stands for the part of a secret that is not shown. It does not tell how long that is.
const ellipsis = "…"

// Redact returns the beginning of a secret, at most 4 characters and at most a quarter of it, followed by "…"; of a private key in PEM the line
// that says so, which has nothing of the key. The result is one line of safe text, and the same for every secret of which nothing may be shown.
func Redact(secret []byte) string {
	if line := keyLine(secret); line != "" {
		return line + ellipsis
	}
	runes := min(maxShown, utf8.RuneCount(secret)/4)
	end := 0
	for range runes {
		r, n := utf8.DecodeRune(secret[end:])
		if r == utf8.RuneError && n == 1 || !isSafe(r) || end+n > len(secret)/4 {
			break
		}
		end += n
	}
	return string(secret[:end]) + ellipsis
}

// keyLine returns the line that a private key in PEM begins with (RFC 7468, section 2; OpenPGP: RFC 9580, section 6.2), "" for other secrets.
func keyLine(secret []byte) string {
	const begin, dashes = "-----BEGIN ", "-----"
	label, ok := bytes.CutPrefix(secret, []byte(begin))
	if !ok {
		return ""
	}
	label, _, ok = bytes.Cut(label[:min(len(label), 64)], []byte(dashes))
	kind := bytes.TrimSuffix(label, []byte(" BLOCK"))
	if !ok || !bytes.HasSuffix(kind, []byte("PRIVATE KEY")) {
		return ""
	}
	switch kind = bytes.TrimSuffix(kind, []byte("PRIVATE KEY")); string(kind) {
	case "", "RSA ", "EC ", "DSA ", "OPENSSH ", "ENCRYPTED ", "PGP ", "ED25519 ", "SSH2 ENCRYPTED ":
		return begin + string(label) + dashes
	}
	return ""
}
