package detectors

import (
	"bytes"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"math/bits"
)

// keyCheck returns the checks of key formats that carry a sum in their binary or Bech32 form.
func keyCheck(name string) (check, bool) {
	switch name {
	case "age": // age-encryption.org/v1, BIP 173
		return suffixCheck(6, everything, bech32Sum), true
	case "nats": // github.com/nats-io/nkeys
		return check{verify: verifyNkey, fix: fixNkey}, true
	case "yandex-static": // yandex.cloud/docs/iam/concepts/authorization/access-key
		return base64SumCheck(0, func(b []byte) uint32 {
			return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli))
		}), true
	case "yandex-oauth": // after "y0_" and its like
		return base64SumCheck(3, crc32.ChecksumIEEE), true
	case "yandex-oidc":
		return suffixCheck(8, everything, murmurHex), true
	}
	return check{}, false
}

// base64SumCheck: what follows the prefix is base64url of bytes and their sum, big-endian.
func base64SumCheck(prefix int, sum func([]byte) uint32) check {
	decode := func(token []byte) (raw []byte, ok bool) {
		if len(token) <= prefix {
			return nil, false
		}
		raw, err := base64.RawURLEncoding.AppendDecode(nil, token[prefix:])
		return raw, err == nil && len(raw) > 4
	}
	return check{
		verify: func(token []byte) bool {
			raw, ok := decode(token)
			return ok && sum(raw[:len(raw)-4]) == binary.BigEndian.Uint32(raw[len(raw)-4:])
		},
		fix: func(token []byte) []byte {
			raw, ok := decode(token)
			if !ok {
				return nil
			}
			binary.BigEndian.PutUint32(raw[len(raw)-4:], sum(raw[:len(raw)-4]))
			return base64.RawURLEncoding.AppendEncode(bytes.Clone(token[:prefix]), raw)
		},
	}
}

const bech32Digits = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"

// bech32Sum returns the checksum of an upper-case Bech32 string (BIP 173): all before it, with the separator "1".
func bech32Sum(head []byte) []byte {
	lower := bytes.ToLower(head)
	sep := bytes.LastIndexByte(lower, '1')
	if sep < 1 {
		return nil
	}
	c := uint32(1)
	step := func(v byte) {
		top := c >> 25
		c = (c&0x1ffffff)<<5 ^ uint32(v)
		for i, g := range [5]uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3} {
			if top>>i&1 == 1 {
				c ^= g
			}
		}
	}
	for _, b := range lower[:sep] {
		step(b >> 5)
	}
	step(0)
	for _, b := range lower[:sep] {
		step(b & 31)
	}
	for _, b := range lower[sep+1:] {
		v := bytes.IndexByte([]byte(bech32Digits), b)
		if v < 0 {
			return nil
		}
		step(byte(v))
	}
	for range 6 {
		step(0)
	}
	c ^= 1
	sum := make([]byte, 6)
	for i := range sum {
		sum[i] = bech32Digits[c>>(5*(5-i))&31]
	}
	return bytes.ToUpper(sum)
}

// Seeds of NATS: base32 of two bytes that tell the kind, the key, and CRC-16/XMODEM in little-endian order.
func decodeNkey(token []byte) ([]byte, bool) {
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).AppendDecode(nil, token)
	return raw, err == nil && len(raw) > 4
}

func verifyNkey(token []byte) bool {
	raw, ok := decodeNkey(token)
	return ok && crc16(raw[:len(raw)-2]) == binary.LittleEndian.Uint16(raw[len(raw)-2:])
}

func fixNkey(token []byte) []byte {
	raw, ok := decodeNkey(token)
	if !ok {
		return nil
	}
	binary.LittleEndian.PutUint16(raw[len(raw)-2:], crc16(raw[:len(raw)-2]))
	return base32.StdEncoding.WithPadding(base32.NoPadding).AppendEncode(nil, raw)
}

func crc16(b []byte) uint16 {
	var c uint16
	for _, v := range b {
		c ^= uint16(v) << 8
		for range 8 {
			if c&0x8000 != 0 {
				c = c<<1 ^ 0x1021
			} else {
				c <<= 1
			}
		}
	}
	return c
}

// murmurHex is MurmurHash3 x86 32-bit, seed 0, in lower-case hex (yandex.cloud/docs, secrets of OIDC applications).
func murmurHex(b []byte) []byte {
	const c1, c2 = 0xcc9e2d51, 0x1b873593
	n := uint32(len(b))
	var h uint32
	for ; len(b) >= 4; b = b[4:] {
		h ^= bits.RotateLeft32(binary.LittleEndian.Uint32(b)*c1, 15) * c2
		h = bits.RotateLeft32(h, 13)*5 + 0xe6546b64
	}
	if len(b) > 0 {
		var tail [4]byte
		copy(tail[:], b)
		h ^= bits.RotateLeft32(binary.LittleEndian.Uint32(tail[:])*c1, 15) * c2
	}
	h ^= n
	h ^= h >> 16
	h *= 0x85ebca6b
	h ^= h >> 13
	h *= 0xc2b2ae35
	h ^= h >> 16
	return encodeDigits(h, digits36[:16], 8)
}
