package verify

import (
	"crypto/sha1"
	"crypto/sha256"
	"hash"
	"testing"
)

// The examples of RFC 5802 (section 5), RFC 7677 (section 3) and the specification of MongoDB's drivers (SCRAM-SHA-1, where the password is
// a digest).
func TestScramVectors(t *testing.T) {
	t.Parallel()
	l := login{user: "user", password: "pencil"}
	for _, tt := range []struct {
		name                string
		exchange            *scram
		client, server      string // nonces
		salt, iterations    string
		proof, serverProves string
	}{
		{"RFC 5802", newScram(func() hash.Hash { return sha1.New() }, l.user, l.password), "fyko+d2lbbFgONRv9qkxdawL", "3rfcNHYJY1ZVvWVs7j", "QSXCR+Q6sek8bf92", "4096",
			"v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=", "rmF9pqV8S7suAoZWja4dJRkFsKQ="},
		{"RFC 7677", newScram(sha256.New, l.user, l.password), "rOprNGfwEbeRWgbNEkqO", "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0", "W22ZaJ0SNY7soEsUEjb6gQ==", "4096",
			"dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=", "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="},
		{"MongoDB", mongoScram("SCRAM-SHA-1", l), "fyko+d2lbbFgONRv9qkxdawL", "Ho+Vgk7qvUOKUwuWLIWg4l/9SraGMHEE", "rQ9ZY3MntBeuP3E1TDVC4w==", "10000",
			"MC2T8BvbmWRckDw8oWl5IVghwCY=", "UMWeI25JD1yNYZRMpZ4VHvhZ9e0="},
	} {
		s, nonce := tt.exchange, tt.client+tt.server
		s.nonce, s.bare = tt.client, "n=user,r="+tt.client
		final, err := s.final("r=" + nonce + ",s=" + tt.salt + ",i=" + tt.iterations)
		if want := "c=biws,r=" + nonce + ",p=" + tt.proof; err != nil || final != want {
			t.Errorf("%s: %s (%v), want %s", tt.name, final, err, want)
		}
		if !s.proved("v="+tt.serverProves) || s.proved("v="+tt.proof) || s.proved("e=other-error") || s.proved("") {
			t.Errorf("%s: the server's last message is misread", tt.name)
		}
	}
}
