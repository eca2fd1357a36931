package detectors

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"math/big"
	"math/rand/v2"

	"golang.org/x/crypto/cryptobyte"
)

// Keys for tests of rules. They come of the given source alone, so that a failing test can be repeated; they are real, and fit
// for nothing else.

// newKey returns a new private key in the binary form that belongs to a PEM label.
func newKey(rnd *rand.Rand, label string) []byte {
	switch label {
	case "RSA " + pemKey:
		return x509.MarshalPKCS1PrivateKey(newRSA(rnd))
	case "EC " + pemKey:
		return must(x509.MarshalECPrivateKey(newECDSA(rnd)))
	case "DSA " + pemKey:
		return newDSA(rnd)
	case "OPENSSH " + pemKey:
		return newOpenSSH(rnd)
	case "ENCRYPTED " + pemKey:
		return newEncryptedPKCS8(rnd)
	}
	switch rnd.IntN(3) {
	case 0:
		return must(x509.MarshalPKCS8PrivateKey(newRSA(rnd)))
	case 1:
		return must(x509.MarshalPKCS8PrivateKey(newECDSA(rnd)))
	}
	return must(x509.MarshalPKCS8PrivateKey(newEd25519(rnd)))
}

// must is for encoders that cannot fail on what they are given here: keys that were made just before, of kinds that they know.
func must[T any](v T, err error) T {
	if err != nil {
		panic("detectors: a generated key cannot be encoded: " + err.Error())
	}
	return v
}

func randomBytes(rnd *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rnd.Uint32())
	}
	return b
}

// newPrime returns a prime of the given length whose two highest bits are set.
func newPrime(rnd *rand.Rand, bits int) *big.Int {
	for {
		b := randomBytes(rnd, bits/8)
		b[0] |= 0xc0
		b[len(b)-1] |= 1
		if p := new(big.Int).SetBytes(b); p.ProbablyPrime(1) {
			return p
		}
	}
}

// newRSA returns a key of 1,024 bits: enough to look like one, and quick to make.
func newRSA(rnd *rand.Rand) *rsa.PrivateKey {
	one, e := big.NewInt(1), big.NewInt(65537)
	for {
		p, q := newPrime(rnd, 512), newPrime(rnd, 512)
		phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
		d := new(big.Int).ModInverse(e, phi)
		if d == nil || p.Cmp(q) == 0 {
			continue
		}
		key := &rsa.PrivateKey{D: d, Primes: []*big.Int{p, q}}
		key.N, key.E = new(big.Int).Mul(p, q), 65537
		key.Precompute()
		return key
	}
}

func newECDSA(rnd *rand.Rand) *ecdsa.PrivateKey {
	for {
		b := randomBytes(rnd, 32)
		b[0] &= 0x7f
		if key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), b); err == nil {
			return key
		}
	}
}

func newEd25519(rnd *rand.Rand) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(randomBytes(rnd, ed25519.SeedSize))
}

// newDSA returns six integers of the usual sizes: version, p, q, g, y, x.
func newDSA(rnd *rand.Rand) []byte {
	number := func(n int) *big.Int { return new(big.Int).SetBytes(randomBytes(rnd, n)) }
	return must(asn1.Marshal([]*big.Int{big.NewInt(0), number(128), number(20), number(128), number(128), number(20)}))
}

// newOpenSSH returns an unencrypted Ed25519 key in OpenSSH's format (PROTOCOL.key).
func newOpenSSH(rnd *rand.Rand) []byte {
	key := newEd25519(rnd)
	field := func(b *cryptobyte.Builder, v []byte) {
		b.AddUint32LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(v) })
	}
	public := func(b *cryptobyte.Builder) {
		field(b, []byte("ssh-ed25519"))
		field(b, key[32:])
	}
	b := cryptobyte.NewBuilder([]byte("openssh-key-v1\x00"))
	field(b, []byte("none"))
	field(b, []byte("none"))
	field(b, nil)
	b.AddUint32(1)
	b.AddUint32LengthPrefixed(public)
	b.AddUint32LengthPrefixed(func(b *cryptobyte.Builder) {
		check := rnd.Uint32()
		b.AddUint32(check)
		b.AddUint32(check)
		public(b)
		field(b, key)
		field(b, []byte("user@host"))
		b.AddBytes([]byte{1, 2, 3, 4, 5, 6, 7}[:5]) // up to a multiple of 8
	})
	return b.BytesOrPanic()
}

// newEncryptedPKCS8 returns the structure of RFC 5958, section 3, with PBES2 and random data.
func newEncryptedPKCS8(rnd *rand.Rand) []byte {
	type algorithm struct {
		ID         asn1.ObjectIdentifier
		Parameters []byte
	}
	return must(asn1.Marshal(struct {
		Algorithm algorithm
		Data      []byte
	}{
		algorithm{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}, randomBytes(rnd, 16)},
		randomBytes(rnd, 320),
	}))
}

func encodePEM(label string, raw []byte) []byte {
	a := armor{lines: wrap(base64.StdEncoding.EncodeToString(raw), pemWidth(label))}
	return a.display(pemOpen+label+pemDashes, pemDashes+"END "+label+pemDashes, pemWidth(label))
}

func pkcs8RSA(rnd *rand.Rand) ([]byte, error) { return x509.MarshalPKCS8PrivateKey(newRSA(rnd)) }
