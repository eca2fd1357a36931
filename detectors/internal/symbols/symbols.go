// Package symbols is the alphabet in which values are compared with words: letters without case, digits, and the marks that stand in
// names, paths and encodings.
package symbols

import "strings"

// Marks are the symbols that are neither letter nor digit, apart from Other.
const marks = "_-./+= :@%#~$!*&?^|"

// The symbols: 26 letters, ten digits, the marks, Other, and Start, which stands before the first.
const (
	firstDigit = 26
	firstMark  = firstDigit + 10
	Other      = firstMark + len(marks)
	Start      = Other + 1
	Count      = Start + 1
)

// Of is the symbol of each byte. It is not to be changed.
var Of = func() (t [256]uint8) {
	for c := range t {
		t[c] = of(byte(c))
	}
	return t
}()

func of(c byte) uint8 {
	switch {
	case 'a' <= c && c <= 'z':
		return c - 'a'
	case 'A' <= c && c <= 'Z':
		return c - 'A'
	case '0' <= c && c <= '9':
		return c - '0' + firstDigit
	}
	if i := strings.IndexByte(marks, c); i >= 0 {
		return uint8(firstMark + i)
	}
	return uint8(Other)
}

// IsLetter reports whether the symbol is a letter.
func IsLetter(s uint8) bool { return s < firstDigit }

// IsDigit reports whether the symbol is a digit.
func IsDigit(s uint8) bool { return s >= firstDigit && s < firstMark }

// Case returns 1 for a capital, else 0.
func Case(c byte) int {
	if c >= 'A' && c <= 'Z' {
		return 1
	}
	return 0
}

// Divides reports whether a character stands between words and not within them.
func Divides(c rune) bool {
	return c <= ' ' || c >= 0x7f || strings.ContainsRune("\"'`(){}[]<>,;\\=", c)
}
