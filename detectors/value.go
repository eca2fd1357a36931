package detectors

import (
	"math"
	"strings"

	"mudlark/rules"
)

// entropy returns the Shannon entropy of the bytes of b in bits per byte.
func entropy(b []byte) float64 {
	if len(b) == 0 {
		return 0
	}
	var counts [256]int
	for _, c := range b {
		counts[c]++
	}
	n, sum := float64(len(b)), 0.0
	for _, k := range counts {
		if k > 0 {
			sum += float64(k) * math.Log2(float64(k))
		}
	}
	return math.Log2(n) - sum/n
}

// require reports whether value holds one character of every named kind.
func require(value []byte, names []string) bool {
	for _, name := range names {
		if !holds(value, name) {
			return false
		}
	}
	return true
}

func holds(value []byte, kind string) bool {
	for _, c := range value {
		lower := c >= 'a' && c <= 'z'
		upper := c >= 'A' && c <= 'Z'
		digit := c >= '0' && c <= '9'
		switch kind {
		case "digit":
			if digit {
				return true
			}
		case "lower":
			if lower {
				return true
			}
		case "upper":
			if upper {
				return true
			}
		case "letter":
			if lower || upper {
				return true
			}
		case "special":
			if !digit && !lower && !upper {
				return true
			}
		}
	}
	return false
}

// rejected reports whether value is one of the named other things.
func rejected(value []byte, names []string) bool {
	for _, name := range names {
		switch name {
		case "uuid":
			if isUUID(value) {
				return true
			}
		case "words":
			if isWords(value) {
				return true
			}
		case "code":
			if isCode(value) {
				return true
			}
		case "readable":
			if evidence(value) < 0 {
				return true
			}
		case "names":
			if isWords(value) && judgePhrase(value) != rules.Medium {
				return true
			}
		default:
			if kind, ok := strings.CutPrefix(name, "all:"); ok && isAll(value, kind) {
				return true
			}
		}
	}
	return false
}

// isAll reports whether every character of value is of a kind: "hex" (one case, no letters g to z), "digit", "lower",
// "upper", "letter", "xdigit" (either case).
func isAll(value []byte, kind string) bool {
	var digit, lowHex, upHex, low, up, other int
	for _, c := range value {
		switch {
		case c >= '0' && c <= '9':
			digit++
		case c >= 'a' && c <= 'f':
			lowHex++
		case c >= 'A' && c <= 'F':
			upHex++
		case c >= 'g' && c <= 'z':
			low++
		case c >= 'G' && c <= 'Z':
			up++
		default:
			other++
		}
	}
	n := len(value)
	switch kind {
	case "hex":
		return digit+lowHex == n || digit+upHex == n
	case "xdigit":
		return digit+lowHex+upHex == n
	case "digit":
		return digit == n
	case "lower":
		return lowHex+low == n
	case "upper":
		return upHex+up == n
	case "letter":
		return other+digit == 0
	}
	return false
}

// isUUID reports whether value is a UUID in its text form (RFC 9562), of either case.
func isUUID(value []byte) bool {
	if len(value) != 36 {
		return false
	}
	for i, c := range value {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if c != '-' {
				return false
			}
		} else if classOf[c]&classHex == 0 {
			return false
		}
	}
	return true
}

// isWords reports whether value reads like an identifier or a phrase: three quarters of its letters and digits, or more, are parts of
// letters with vowels at the rate and in the places of language, without changes of case, and hardly any longer part is not.
func isWords(value []byte) bool {
	long, wordy, digits, letters := 0, 0, 0, 0
	for _, part := range wordParts(value) {
		letters += len(part)
		if len(part) > 2 {
			long += len(part)
		}
		if isWord(part) {
			wordy += len(part)
		}
	}
	for _, c := range value {
		if c >= '0' && c <= '9' {
			digits++
		}
	}
	return wordy >= 4 && digits*5 <= len(value) && wordy*10 >= long*9 && wordy*4 >= (letters+digits)*3
}

// wordParts splits value at all that is no letter and where an upper-case letter follows a lower-case one.
func wordParts(value []byte) [][]byte {
	var parts [][]byte
	start := -1
	for i := 0; i <= len(value); i++ {
		letter := i < len(value) && value[i]|0x20 >= 'a' && value[i]|0x20 <= 'z'
		hump := letter && start >= 0 && value[i] < 'a' && value[i-1] >= 'a'
		if start >= 0 && (!letter || hump) {
			parts = append(parts, value[start:i])
			start = -1
		}
		if letter && start < 0 {
			start = i
		}
	}
	return parts
}

// isWord reports whether part looks like a word of a language: three letters or more, of one case (the first may differ), at
// most four consonants and three vowels in a row.
func isWord(part []byte) bool {
	if len(part) < 3 {
		return false
	}
	rest := part[1:]
	if !isAll(rest, "lower") && !isAll(part, "upper") {
		return false
	}
	vowels, consonants, total := 0, 0, 0
	for _, c := range lowerASCII(part) {
		if strings.IndexByte("aeiouy", c) >= 0 {
			vowels, consonants = vowels+1, 0
			total++
		} else {
			vowels, consonants = 0, consonants+1
		}
		if vowels > 3 || consonants > 4 {
			return false
		}
	}
	return total*5 >= len(part) && total*4 <= len(part)*3
}
