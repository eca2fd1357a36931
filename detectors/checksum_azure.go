package detectors

import (
	"bytes"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"math/bits"
)

// azureCheck returns the checks of Microsoft's identifiable keys. The algorithms are those of
// github.com/microsoft/security-utilities: a Marvin32 sum, seeded by the kind of key, over the decoded key.
func azureCheck(name string) (check, bool) {
	switch name {
	case "azure-cask":
		return check{verify: verifyCask, fix: fixCask}, true
	case "azure-devops":
		return check{verify: verifyDevOps, fix: fixDevOps}, true
	case "azure-entra": // published values fail it, and the 7Q~ form has none: on_mismatch "low"
		return suffixCheck(3, everything, entraSum), true
	}
	seeds := azureSeeds(name)
	if seeds == nil {
		return check{}, false
	}
	return check{
		verify: func(token []byte) bool { return verifyMarvin(token, seeds) },
		fix:    func(token []byte) []byte { return fixMarvin(token, seeds[0]) },
	}, true
}

// azureSeeds returns the seeds, of which one must fit, of a kind of key.
func azureSeeds(name string) []string {
	switch name {
	case "azure-storage":
		return []string{"Default0"}
	case "azure-cosmosdb":
		return []string{"MastRW00", "MastRO00", "SystRW00", "SystRO00", "SysAll00", "Resour00", "Encryp00"}
	case "azure-batch":
		return []string{"AbAcct00"}
	case "azure-ml-classic":
		return []string{"Classic0"}
	case "azure-apim": // direct management, subscription, gateway, repository
		return []string{"Tenant00", "IoTHub00", "Gatewy00", "GitKey00"}
	case "azure-redis":
		return []string{"Access00"}
	case "azure-service-bus": // also Event Hubs and Relay
		return []string{"Send0000", "Listen00", "Manage00", "System00", "Unknown0"}
	case "azure-event-grid":
		return []string{"SendRecv"}
	case "azure-iot":
		return []string{"IoTHub00", "Device00", "DpsKey00"}
	case "azure-search":
		return []string{"Query000", "PAdmin00"}
	case "azure-container-registry": // published values fail it: on_mismatch "low"
		return []string{"ACRDflt0"}
	case "azure-function":
		return []string{"Functi00", "Master00", "System00"}
	}
	return nil
}

// marvin32 is the keyed hash of the .NET runtime.
func marvin32(data []byte, seed string) uint32 {
	s := binary.BigEndian.Uint64([]byte(seed))
	p0, p1 := uint32(s), uint32(s>>32)
	block := func() {
		p1 ^= p0
		p0 = bits.RotateLeft32(p0, 20) + p1
		p1 = bits.RotateLeft32(p1, 9) ^ p0
		p0 = bits.RotateLeft32(p0, 27) + p1
		p1 = bits.RotateLeft32(p1, 19)
	}
	for ; len(data) >= 4; data = data[4:] {
		p0 += binary.LittleEndian.Uint32(data)
		block()
	}
	var tail [4]byte
	copy(tail[:], data)
	tail[len(data)] = 0x80
	p0 += binary.LittleEndian.Uint32(tail[:])
	block()
	block()
	return p0 ^ p1
}

// decodeKey decodes base64 of either alphabet, padded or not.
func decodeKey(token []byte) ([]byte, bool) {
	std := bytes.Map(func(c rune) rune {
		switch c {
		case '-':
			return '+'
		case '_':
			return '/'
		}
		return c
	}, bytes.TrimRight(token, "="))
	raw, err := base64.RawStdEncoding.AppendDecode(nil, std)
	return raw, err == nil
}

func verifyMarvin(token []byte, seeds []string) bool {
	raw, ok := decodeKey(token)
	if !ok || len(raw) <= 4 {
		return false
	}
	body, sum := raw[:len(raw)-4], binary.LittleEndian.Uint32(raw[len(raw)-4:])
	for _, seed := range seeds {
		if marvin32(body, seed) == sum {
			return true
		}
	}
	return false
}

// fixMarvin keeps to the alphabet that token uses: without "+" or "/" the sum must get by without them too.
func fixMarvin(token []byte, seed string) []byte {
	raw, ok := decodeKey(token)
	if !ok || len(raw) <= 4 {
		return nil
	}
	body := raw[:len(raw)-4]
	binary.LittleEndian.PutUint32(raw[len(body):], marvin32(body, seed))
	encoding := base64.StdEncoding
	if bytes.ContainsAny(token, "-_") {
		encoding = base64.URLEncoding
	}
	if !bytes.HasSuffix(token, []byte("=")) {
		encoding = encoding.WithPadding(base64.NoPadding)
	}
	fixed := encoding.AppendEncode(nil, raw)
	if bytes.ContainsAny(fixed, "+/-_") && !bytes.ContainsAny(token, "+/-_") {
		return nil
	}
	return fixed
}

// Common annotated security keys: 80 characters, then the first 4 (or, in the long form, all 6) of a base-62 Marvin32.
// Older keys carry base64 of the sum instead.
const caskBody = 80

func caskSums(token []byte) (current, old []byte, ok bool) {
	n := len(bytes.TrimRight(token, "="))
	if n != caskBody+4 && n != caskBody+6 {
		return nil, nil, false
	}
	raw, ok := decodeKey(token[:caskBody])
	if !ok {
		return nil, nil, false
	}
	sum := binary.LittleEndian.AppendUint32(nil, marvin32(raw, "Default0"))
	current = base62Bytes(sum)
	old = base64.RawStdEncoding.AppendEncode(nil, sum)
	return current[:n-caskBody], old[:n-caskBody], true
}

// base62Bytes writes four bytes as one big-endian number; each leading zero byte gives a "0", the rest is padded on the
// right to six.
func base62Bytes(b []byte) []byte {
	var out []byte
	for _, c := range b {
		if c != 0 {
			break
		}
		out = append(out, '0')
	}
	if v := binary.BigEndian.Uint32(b); v != 0 {
		out = append(out, encodeDigits(v, digits62, 1)...)
	}
	for len(out) < 6 {
		out = append(out, '0')
	}
	return out
}

func verifyCask(token []byte) bool {
	sum, old, ok := caskSums(token)
	if !ok {
		return false
	}
	got := token[caskBody : caskBody+len(sum)]
	return bytes.Equal(got, sum) || bytes.Equal(got, old)
}

func fixCask(token []byte) []byte {
	sum, _, ok := caskSums(token)
	if !ok {
		return nil
	}
	fixed := bytes.Clone(token)
	copy(fixed[caskBody:], sum)
	return fixed
}

// entraSum is the end of client secrets of the 8Q~ form.
func entraSum(head []byte) []byte {
	const digits = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ1234567890.-_~"
	return encodeDigits(marvin32(head, "AadPwd00"), digits, 6)[:3]
}

// Personal access tokens of Azure DevOps, 52 characters: base32 of 32 bytes, four of which hold a CRC-32 of the
// others, masked by the kind of token (user, application).
const (
	devOpsUser        = 0xE0B9692D
	devOpsApplication = 0x1019F92E
)

// devOpsSumAt are the places of the sum's bytes, least significant first.
func devOpsSumAt() [4]int { return [4]int{22, 8, 7, 2} }

func decodeDevOps(token []byte) (raw []byte, sum uint32, ok bool) {
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).AppendDecode(nil, bytes.ToUpper(token))
	if err != nil || len(raw) != 32 {
		return nil, 0, false
	}
	var body []byte
	for _, part := range [][]byte{raw[:2], raw[3:7], raw[9:22], raw[23:]} {
		body = append(body, part...)
	}
	return raw, crc32.ChecksumIEEE(body), true
}

func verifyDevOps(token []byte) bool {
	raw, sum, ok := decodeDevOps(token)
	if !ok {
		return false
	}
	var stored uint32
	for i, at := range devOpsSumAt() {
		stored |= uint32(raw[at]) << (8 * i)
	}
	return sum^devOpsUser == stored || sum^devOpsApplication == stored
}

func fixDevOps(token []byte) []byte {
	raw, sum, ok := decodeDevOps(token)
	if !ok {
		return nil
	}
	for i, at := range devOpsSumAt() {
		raw[at] = byte((sum ^ devOpsUser) >> (8 * i))
	}
	return bytes.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).AppendEncode(nil, raw))
}
