package verify

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// scram is the client's side of the Salted Challenge Response Authentication Mechanism (RFC 5802, RFC 7677), without channel binding. It
// never sends the password, and the server must prove that it knows it as well.
type scram struct {
	hash      func() hash.Hash
	password  string
	nonce     string
	bare      string // client-first-message-bare
	signature []byte // that the server must send
}

// maxIterations bounds the work that a server can ask for. Servers ask for 4096 to some 100,000.
const maxIterations = 1_000_000

var errScram = errors.New("no SCRAM message of a server")

// newScram begins an exchange. PostgreSQL takes the user from elsewhere, and wants it empty here.
func newScram(h func() hash.Hash, user, password string) *scram {
	s := &scram{hash: h, password: norm.NFKC.String(password), nonce: rand.Text()}
	user = strings.NewReplacer("=", "=3D", ",", "=2C").Replace(user)
	s.bare = "n=" + user + ",r=" + s.nonce
	return s
}

// first returns the client's first message.
func (s *scram) first() string { return "n,," + s.bare }

// final returns the client's answer to the server's first message.
func (s *scram) final(serverFirst string) (string, error) {
	nonce, salt, iterations, err := s.challenge(serverFirst)
	if err != nil {
		return "", err
	}
	size := s.hash().Size()
	salted, err := pbkdf2.Key(s.hash, s.password, salt, iterations, size)
	if err != nil {
		return "", err
	}
	withoutProof := "c=biws,r=" + nonce // base64 of "n,,"
	message := s.bare + "," + serverFirst + "," + withoutProof
	clientKey := s.mac(salted, "Client Key")
	h := s.hash()
	h.Write(clientKey)
	proof := s.mac(h.Sum(nil), message)
	for i := range proof {
		proof[i] ^= clientKey[i]
	}
	s.signature = s.mac(s.mac(salted, "Server Key"), message)
	return withoutProof + ",p=" + base64.StdEncoding.EncodeToString(proof), nil
}

// challenge reads the server's first message.
func (s *scram) challenge(text string) (nonce string, salt []byte, iterations int, err error) {
	fields := strings.SplitN(text, ",", 4)
	if len(fields) < 3 || !strings.HasPrefix(fields[0], "r="+s.nonce) || !strings.HasPrefix(fields[1], "s=") || !strings.HasPrefix(fields[2], "i=") {
		return "", nil, 0, errScram
	}
	nonce = fields[0][2:]
	if len(nonce) <= len(s.nonce) {
		return "", nil, 0, errScram
	}
	if salt, err = base64.StdEncoding.DecodeString(fields[1][2:]); err != nil || len(salt) == 0 {
		return "", nil, 0, errScram
	}
	iterations, err = strconv.Atoi(fields[2][2:])
	if err != nil || iterations < 1 || iterations > maxIterations {
		return "", nil, 0, fmt.Errorf("%w: iterations", errScram)
	}
	return nonce, salt, iterations, nil
}

// proved reports whether the server's last message shows that it knows the password.
func (s *scram) proved(serverFinal string) bool {
	text, ok := strings.CutPrefix(serverFinal, "v=")
	text, _, _ = strings.Cut(text, ",")
	got, err := base64.StdEncoding.DecodeString(text)
	return ok && err == nil && s.signature != nil && hmac.Equal(got, s.signature)
}

func (s *scram) mac(key []byte, text string) []byte {
	m := hmac.New(s.hash, key)
	m.Write([]byte(text))
	return m.Sum(nil)
}
