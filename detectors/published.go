package detectors

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
)

// isPublished reports whether a specification or a provider's documentation prints the value as an example: everybody knows it.
func isPublished(value []byte) bool {
	if len(value) < shortestPublished {
		return false
	}
	sum := sha256.Sum256(value)
	return slices.Contains(published[:], binary.BigEndian.Uint64(sum[:]))
}

// shortestPublished is the length of the shortest value in published.
const shortestPublished = 15

// published holds the first eight bytes of the SHA-256 of each value, which is not written here lest it be found. It is not changed.
var published = [...]uint64{
	// RFC 5849 (OAuth 1.0), sections 1.2, 2.1, 3.4.1.3.1 and 3.5.1: identifiers and shared secrets of clients and tokens
	0x293257ab6495ebb1, 0xcb87c87e4a138d9a, 0x4c20e6f5cc11b937, 0x6aa14267d94944e6, 0x5586407997f5e849, 0xbb9b1163338b2a51,
	0x649e1f5c769e718b, 0xda1bdd7b73490f4e, 0x2d2469b4b41f1efb, 0x80f8b7c904d4a43f, 0x2ff8b0fb93aca981, 0x8d567eb88afff34f,
	0x9d03b692e941d5ac,
	// RFC 6749 (OAuth 2.0), sections 2.3.1, 4.1 and 5.1: a client's secret and log-in, a code, tokens
	0xe9974c507d2a8021, 0xca7459e2b26776de, 0xa35b81a7d7927b70, 0x6c96130f130ab0d6, 0x00cf4c781dc37003,
	// RFC 6750 (bearer tokens), section 2.1
	0xb8e148545b13c78b,
	// RFC 7515 (JWS), appendix A.1: a key, its signature and the token; RFC 7636 (PKCE), appendix B has the same text for a verifier, and its challenge
	0x8b1b17a9740c068a, 0x13d31e961a1ad8ec, 0x8d4ef6536dc8895f, 0x0d299b1eb548708d,
	// RFC 7617 (basic authentication), section 2
	0xcf4d418ed3de92d7,
	// RFC 6455 (WebSocket), section 1.3: a nonce and what accepts it
	0x15cef4b629cc2d07, 0x507e2ce3c522082b,
	// https://jwt.io: the token of the page, and that of its earlier version
	0x7f75367e78812551, 0xda816f9f2c16e6c5,
}
