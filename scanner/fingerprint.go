package scanner

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"

	"golang.org/x/crypto/scrypt"

	"mudlark/rules"
)

// Fingerprints outlive releases: baselines and ignore files hold them. Nothing in this file may change what it returns.

// DefaultFingerprintKey returns the key that is used where the project has none of its own.
func DefaultFingerprintKey() []byte {
	key := sha256.Sum256([]byte("mudlark fingerprint 1"))
	return key[:]
}

// The cost of guessing a weak password from its fingerprint: N, r and p of scrypt (RFC 7914).
const (
	scryptN = 1 << 15
	scryptR = 8
	scryptP = 1
)

// Fingerprint names a finding: the first 16 bytes, in hexadecimal, of HMAC-SHA-256(key, "mudlark1" NUL rule id NUL secret).
// secret is the canonical secret; where the rule's secrets may be weak passwords it goes through scrypt first, with the key
// as salt and 32 bytes of output, so that a published fingerprint is no oracle. No path, line or commit enters, so
// moving, renaming and rebasing do not change it.
func Fingerprint(key []byte, r *rules.Rule, secret []byte) (string, error) {
	if r.Weak {
		derived, err := scrypt.Key(secret, key, scryptN, scryptR, scryptP, sha256.Size)
		if err != nil {
			return "", err
		}
		secret = derived
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("mudlark1\x00" + r.ID + "\x00"))
	mac.Write(secret)
	return hex.EncodeToString(mac.Sum(nil)[:16]), nil
}

// KeyCheck returns a short text that tells keys apart, for files that hold fingerprints: with another key nothing in them matches. It
// says nothing of the key itself.
func KeyCheck(key []byte) string {
	if len(key) == 0 {
		key = DefaultFingerprintKey()
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("mudlark key check 1"))
	return hex.EncodeToString(mac.Sum(nil)[:4])
}
