package detectors

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
)

func TestPhraseWords(t *testing.T) {
	sum := sha256.Sum256([]byte(bip39English))
	if got := hex.EncodeToString(sum[:8]); got != "2f5eed53a4727b4b" { // of the list in the BIP's repository
		t.Errorf("the word list has the sum %s", got)
	}
}

// The vectors of github.com/trezor/python-mnemonic for entropy of zeros and ones only.
func TestPhraseVectors(t *testing.T) {
	repeat := func(word string, n int, last string) string { return strings.Repeat(word+" ", n) + last }
	for phrase, want := range map[string]bool{
		repeat("abandon", 11, "about"):   true,
		repeat("abandon", 17, "agent"):   true,
		repeat("abandon", 23, "art"):     true,
		repeat("zoo", 11, "wrong"):       true,
		repeat("zoo", 23, "vote"):        true,
		repeat("abandon", 11, "abandon"): false,
		repeat("zoo", 11, "vote"):        false,
		repeat("abandon", 10, "about"):   false,
		repeat("abandoned", 11, "about"): false,
	} {
		if got := verifyPhrase([]byte(phrase)); got != want {
			t.Errorf("%q: %v, want %v", phrase, got, want)
		}
	}
}
