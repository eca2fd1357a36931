package report

import (
	"unicode/utf8"
)

// maxShown is how many characters of a secret are shown at most: enough for the literal that many kinds of tokens begin with, and
// so to tell which one is meant.
const maxShown = 4

// ellipsis stands for the part of a secret that is not shown. It does not tell how long that is.
const ellipsis = "…"

// Redact returns the beginning of a secret, at most 4 characters and at most a quarter of it, followed by "…". The result is one
// line of safe text, and the same for every secret of which nothing may be shown.
func Redact(secret []byte) string {
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
