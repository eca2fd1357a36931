package detectors

import (
	"crypto/sha256"
	_ "embed"
	"slices"
	"strings"
)

// bip39English is the English word list of BIP-39, 2,048 words in alphabetical order
// (github.com/bitcoin/bips/blob/master/bip-0039/english.txt).
//
//go:embed bip39-english.txt
var bip39English string

// wordBits is the number of bits that a word of a seed phrase stands for.
const wordBits = 11

// phraseCheck returns the check of seed phrases (BIP-39): 12, 15, 18, 21 or 24 words stand for 11 bits each, of which the last
// thirty-third part is the beginning of the SHA-256 of the others.
func phraseCheck(name string) (check, bool) {
	if name != "bip39" {
		return check{}, false
	}
	return check{verify: verifyPhrase, fix: fixPhrase}, true
}

func verifyPhrase(token []byte) bool {
	phrase := strings.Fields(string(token))
	if len(phrase) < 12 || len(phrase) > 24 || len(phrase)%3 != 0 {
		return false
	}
	list := strings.Fields(bip39English)
	var bits []byte // one each
	for _, word := range phrase {
		n, ok := slices.BinarySearch(list, word)
		if !ok {
			return false
		}
		for i := wordBits - 1; i >= 0; i-- {
			bits = append(bits, byte(n>>i&1))
		}
	}
	own := len(bits) / 33
	return slices.Equal(phraseSum(bits[:len(bits)-own]), bits[len(bits)-own:])
}

// phraseSum returns the bits of the sum of entropy, which is given in bits.
func phraseSum(entropy []byte) []byte {
	packed := make([]byte, len(entropy)/8)
	for i, b := range entropy {
		packed[i/8] |= b << (7 - i%8)
	}
	sum := sha256.Sum256(packed)
	bits := make([]byte, len(entropy)/32)
	for i := range bits {
		bits[i] = sum[i/8] >> (7 - i%8) & 1
	}
	return bits
}

// fixPhrase returns a phrase of as many words as token has, of 12 words if that cannot be, chosen by token. Its length differs.
func fixPhrase(token []byte) []byte {
	if verifyPhrase(token) {
		return slices.Clone(token)
	}
	words := len(strings.Fields(string(token)))
	if words < 12 || words > 24 || words%3 != 0 {
		words = 12
	}
	seed := sha256.Sum256(token)
	var bits []byte
	for i := range words * wordBits / 33 * 32 {
		bits = append(bits, seed[i/8]>>(7-i%8)&1)
	}
	bits = append(bits, phraseSum(bits)...)
	list := strings.Fields(bip39English)
	var phrase []string
	for w := range slices.Chunk(bits, wordBits) {
		n := 0
		for _, b := range w {
			n = n<<1 | int(b)
		}
		phrase = append(phrase, list[n])
	}
	return []byte(strings.Join(phrase, " "))
}
