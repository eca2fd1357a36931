package detectors

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	encoding "encoding/asn1"
	"encoding/base64"
	"fmt"
	"math/big"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// keyDetails tells the kind and size of a private key, whether it needs a passphrase, and the fingerprint of its public half as ssh-keygen -l
// prints it, by which forges and servers list keys. It returns nil for what it cannot read. Numbers are only measured, never computed with: keys
// may be made to be slow.
func keyDetails(raw []byte) map[string]string {
	k, ok := readOpenSSH(raw)
	if !ok {
		k, ok = readDERKey(raw)
	}
	if !ok || k.kind == "" {
		return nil
	}
	d := map[string]string{"key": k.kind}
	if k.cipher != "" {
		d["passphrase"] = "needed (" + k.cipher + ")"
	}
	if len(k.public) > 0 {
		sum := sha256.Sum256(k.public)
		d["public key"] = "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])
	}
	return d
}

// A publicKey is what is public of a private key.
type publicKey struct {
	kind   string // with its size
	cipher string // that a passphrase opens; "" for none
	public []byte // in the encoding of RFC 4253, section 6.6; nil if it is not known
}

// readOpenSSH reads the open part of a key in OpenSSH's format (PROTOCOL.key); of several keys, the first.
func readOpenSSH(raw []byte) (k publicKey, ok bool) {
	if _, ok := parseOpenSSH(raw); !ok {
		return k, false
	}
	_, body, _ := bytes.Cut(raw, []byte{0})
	s := cryptobyte.String(body)
	var cipher, kdf, options, name, first []byte
	var keys uint32
	if !readSSH(&s, &cipher) || !readSSH(&s, &kdf) || !readSSH(&s, &options) || !s.ReadUint32(&keys) || !readSSH(&s, &k.public) {
		return k, false
	}
	if string(cipher) != "none" {
		k.cipher = algorithmName(cipher)
	}
	public := cryptobyte.String(k.public)
	if !readSSH(&public, &name) || !readSSH(&public, &first) {
		return k, false
	}
	switch kind := string(name); {
	case kind == "ssh-rsa":
		var n []byte
		if !readSSH(&public, &n) {
			return k, false
		}
		k.kind = rsaKind(n)
	case kind == "ssh-ed25519":
		k.kind = "Ed25519"
	case strings.HasPrefix(kind, "ecdsa-sha2-nistp"):
		k.kind = "ECDSA, P-" + algorithmName(name[len("ecdsa-sha2-nistp"):])
	default:
		k.kind = algorithmName(name)
	}
	return k, true
}

// algorithmName returns at most 40 characters of a name of an algorithm, without those that such names do not have.
func algorithmName(name []byte) string {
	return string(bytes.Map(func(c rune) rune {
		if c < '!' || c > '~' {
			return -1
		}
		return c
	}, name[:min(len(name), 40)]))
}

func rsaKind(modulus []byte) string {
	return fmt.Sprintf("RSA, %d bits", new(big.Int).SetBytes(modulus).BitLen())
}

// readDERKey reads PKCS #1 (RFC 8017), SEC 1 (RFC 5915) and PKCS #8 (RFC 5958).
func readDERKey(raw []byte) (k publicKey, ok bool) {
	s := cryptobyte.String(raw)
	var content, algorithm, inner cryptobyte.String
	if !s.ReadASN1(&content, asn1.SEQUENCE) || !s.Empty() || !content.SkipASN1(asn1.INTEGER) {
		return k, false
	}
	switch {
	case content.PeekASN1Tag(asn1.INTEGER):
		return readNumbers(content)
	case content.PeekASN1Tag(asn1.OCTET_STRING):
		return readEC(raw, "")
	case !content.ReadASN1(&algorithm, asn1.SEQUENCE) || !content.ReadASN1(&inner, asn1.OCTET_STRING):
		return k, false
	}
	switch kind, curve := readOID(&algorithm), readOID(&algorithm); kind {
	case "1.2.840.113549.1.1.1":
		var body cryptobyte.String
		if !inner.ReadASN1(&body, asn1.SEQUENCE) || !body.SkipASN1(asn1.INTEGER) {
			return k, false
		}
		return readNumbers(body)
	case "1.2.840.10045.2.1":
		return readEC(inner, curve)
	case "1.3.101.112":
		var seed cryptobyte.String
		if !inner.ReadASN1(&seed, asn1.OCTET_STRING) || len(seed) != ed25519.SeedSize {
			return k, false
		}
		return publicKey{kind: "Ed25519", public: sshStrings([]byte("ssh-ed25519"), ed25519.NewKeyFromSeed(seed)[32:])}, true
	case "1.3.101.110":
		return publicKey{kind: "X25519"}, true
	case "1.3.101.113":
		return publicKey{kind: "Ed448"}, true
	}
	return k, false
}

// readNumbers reads what comes first behind the version: modulus and public exponent of RSA, or p and q of DSA, of which q is far larger than any
// exponent.
func readNumbers(s cryptobyte.String) (publicKey, bool) {
	var n, e []byte
	switch {
	case !s.ReadASN1Integer(&n) || !s.ReadASN1Integer(&e) || len(n) < 32:
		return publicKey{}, false
	case len(e) >= 20:
		return publicKey{kind: fmt.Sprintf("DSA, %d bits", new(big.Int).SetBytes(n).BitLen())}, true
	}
	return publicKey{kind: rsaKind(n), public: sshStrings([]byte("ssh-rsa"), mpint(e), mpint(n))}, true
}

// curves are the names that curves have for people and in SSH, by their object identifiers.
func curves(oid string) (name, ssh string) {
	switch oid {
	case "1.2.840.10045.3.1.7":
		return "P-256", "nistp256"
	case "1.3.132.0.34":
		return "P-384", "nistp384"
	case "1.3.132.0.35":
		return "P-521", "nistp521"
	case "1.3.132.0.10":
		return "secp256k1", ""
	}
	return "", ""
}

// readEC reads a key of SEC 1. Its curve stands in it, or before it in PKCS #8.
func readEC(raw []byte, curve string) (k publicKey, ok bool) {
	s := cryptobyte.String(raw)
	var content, private, tagged cryptobyte.String
	if !s.ReadASN1(&content, asn1.SEQUENCE) || !content.SkipASN1(asn1.INTEGER) || !content.ReadASN1(&private, asn1.OCTET_STRING) {
		return k, false
	}
	var there bool
	if !content.ReadOptionalASN1(&tagged, &there, asn1.Tag(0).Constructed().ContextSpecific()) {
		return k, false
	}
	if there {
		curve = readOID(&tagged)
	}
	name, ssh := curves(curve)
	if name == "" {
		return publicKey{kind: fmt.Sprintf("elliptic curve, %d bits", 8*len(private))}, true
	}
	k.kind = "ECDSA, " + name
	var point []byte
	if ssh != "" && content.ReadOptionalASN1(&tagged, &there, asn1.Tag(1).Constructed().ContextSpecific()) && there && tagged.ReadASN1BitStringAsBytes(&point) {
		k.public = sshStrings([]byte("ecdsa-sha2-"+ssh), []byte(ssh), point)
	}
	return k, true
}

// readOID returns the object identifier that comes next, in dots; "" if none does.
func readOID(s *cryptobyte.String) string {
	var oid encoding.ObjectIdentifier
	if !s.ReadASN1ObjectIdentifier(&oid) {
		return ""
	}
	return oid.String()
}

// sshStrings returns the strings one behind the other in the encoding of RFC 4251, section 5.
func sshStrings(list ...[]byte) []byte {
	b := cryptobyte.NewBuilder(nil)
	for _, s := range list {
		b.AddUint32LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(s) })
	}
	return b.BytesOrPanic()
}

// mpint returns a positive number in the encoding of RFC 4251, section 5, without its length.
func mpint(n []byte) []byte {
	n = bytes.TrimLeft(n, "\x00")
	if len(n) > 0 && n[0] >= 0x80 {
		n = append([]byte{0}, n...)
	}
	return n
}
