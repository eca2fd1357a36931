package detectors

import (
	"encoding/hex"
	"strings"
	"testing"
)

// The vectors of draft-msporny-base58, section 5, and a zero byte that leads.
func TestBase58(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"2NEpo7TZRRrLZSi2U", hex.EncodeToString([]byte("Hello World!"))},
		{"USm3fpXnKG5EUBx2ndxBDMPVciP5hGey2Jh4NDv6gmeo1LkMeiKrLJUUBk6Z", hex.EncodeToString([]byte("The quick brown fox jumps over the lazy dog."))},
		{"11233QC4", "0000287fb4cd"},
	} {
		if raw, ok := decodeBase58([]byte(tt.text)); !ok || hex.EncodeToString(raw) != tt.want {
			t.Errorf("%s gives %x, want %s", tt.text, raw, tt.want)
		}
	}
	if _, ok := decodeBase58([]byte("2NEpo0")); ok {
		t.Error("a zero is a digit")
	}
}

// The largest UUID has 22 digits, and the number behind it has 17 bytes.
func TestCircleCIBounds(t *testing.T) {
	secret := strings.Repeat("0a", 20)
	for id, want := range map[string]bool{
		"YcVfxkQb6JRzqk5kF2tNLv": true,  // 2^128 - 1
		"YcVfxkQb6JRzqk5kF2tNLw": false, // 2^128
		strings.Repeat("1", 16):  true,
		strings.Repeat("1", 15):  false,
		"YcVfxkQb6JRzqk5kF2tNL0": false,
	} {
		if got := passesCheck(t, "circleci", "CCIPAT_"+id+"_"+secret); got != want {
			t.Errorf("%s: %v", id, got)
		}
	}
}
