package detectors

import "bytes"

// A check is a checksum or an inner structure that tells real tokens from look-alikes.
type check struct {
	verify func(token []byte) bool
	// fix returns a copy of token with its checksum or structure made right, or nil if this token cannot be made so
	// (try another one). The length is kept, but for "jwt", whose parts may grow.
	fix func(token []byte) []byte
}

// checkFor returns the check that a rule names in Checksum. Checks that are known to fail on some real tokens say so
// where they are defined; rules use them with on_mismatch = "low".
func checkFor(name string) (check, bool) {
	for _, family := range []func(string) (check, bool){crcCheck, azureCheck, keyCheck, structureCheck, issuerCheck, issuedCheck, encodedCheck, partCheck, phraseCheck} {
		if c, ok := family(name); ok {
			return c, true
		}
	}
	return check{}, false
}

// suffixCheck is the check of tokens that end in n characters, which sum computes from what input selects of the rest.
func suffixCheck(n int, input, sum func([]byte) []byte) check {
	return check{
		verify: func(token []byte) bool {
			if len(token) <= n {
				return false
			}
			head := token[:len(token)-n]
			return bytes.Equal(sum(input(head)), token[len(token)-n:])
		},
		fix: func(token []byte) []byte {
			if len(token) <= n {
				return nil
			}
			fixed := bytes.Clone(token)
			head := fixed[:len(token)-n]
			copy(fixed[len(token)-n:], sum(input(head)))
			return fixed
		},
	}
}

// The parts of a token that a sum may be computed of.
func everything(head []byte) []byte    { return head }
func afterPrefix(head []byte) []byte   { return head[bytes.LastIndexByte(head, '_')+1:] }
func beforeDivider(head []byte) []byte { return bytes.TrimSuffix(head, []byte("_")) }
func betweenDividers(head []byte) []byte {
	return afterPrefix(beforeDivider(head))
}
