package detectors

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strconv"

	"mudlark/rules"
)

// ppkExtractor finds PuTTY's private keys, versions 2 and 3 (PuTTY manual, appendix C). The canonical secret is the private blob.
func ppkExtractor() extractor {
	return extractor{keywords: []string{ppkOpen}, reach: maxArmor + 256, extract: extractPPK, generate: generatePPK}
}

const (
	ppkOpen  = "PuTTY-User-Key-File-"
	ppkClose = "Private-MAC: "
)

func extractPPK(data []byte, at int, r *rules.Rule) (candidate, bool) {
	rest := data[at:min(len(data), at+maxArmor)]
	if len(rest) < len(ppkOpen)+2 || rest[len(ppkOpen)] != '2' && rest[len(ppkOpen)] != '3' {
		return candidate{}, false
	}
	if next := bytes.Index(rest[len(ppkOpen):], []byte(ppkOpen)); next >= 0 {
		rest = rest[:len(ppkOpen)+next]
	}
	n := bytes.Index(rest, []byte(ppkClose))
	if n < 0 {
		return candidate{}, false
	}
	end := n + len(ppkClose)
	for end < len(rest) && classOf[rest[end]]&classHex != 0 {
		end++
	}
	lines := ppkLines(stripMarks(leadOf(data, at), rest[:end]))
	blob, ok := base64.StdEncoding.DecodeString(ppkBlob(lines, "Private-Lines: "))
	if ok != nil || len(blob) < 16 || isRepeated(blob) {
		return candidate{}, false
	}
	c := candidate{start: at, end: at + end, secret: blob, ok: true}
	c.display = append(bytes.Join(lines, []byte{'\n'}), '\n')
	if string(ppkValue(lines, "Encryption: ")) != "none" {
		c.confidence = rules.Medium
	}
	return c, true
}

// ppkLines returns the lines of a key, freed of what surrounds them; newlines may be escaped.
func ppkLines(text []byte) [][]byte {
	for _, newline := range []string{`\\r\\n`, `\\n`, `\r\n`, `\n`} {
		text = bytes.ReplaceAll(text, []byte(newline), []byte{'\n'})
	}
	return nonBlank(text)
}

func ppkValue(lines [][]byte, name string) []byte {
	for _, l := range lines {
		if v, ok := bytes.CutPrefix(l, []byte(name)); ok {
			return v
		}
	}
	return nil
}

// ppkBlob returns the base64 that follows the line which tells the number of its lines.
func ppkBlob(lines [][]byte, name string) string {
	for i, l := range lines {
		v, ok := bytes.CutPrefix(l, []byte(name))
		if !ok {
			continue
		}
		n, err := strconv.Atoi(string(v))
		if err != nil || n < 1 || n > len(lines)-i-1 {
			return ""
		}
		return string(bytes.Join(lines[i+1:i+1+n], nil))
	}
	return ""
}

func generatePPK(rnd *rand.Rand, r *rules.Rule) (text, secret []byte) {
	key := newEd25519(rnd)
	public := append([]byte("\x00\x00\x00\x0bssh-ed25519\x00\x00\x00\x20"), key[32:]...)
	secret = append([]byte("\x00\x00\x00\x20"), key[:32]...)
	mac := hex.EncodeToString(randomBytes(rnd, 32))
	b64 := base64.StdEncoding.EncodeToString
	pub := wrap(b64(public), 64)
	text = fmt.Appendf(text, "%s3: ssh-ed25519\nEncryption: none\nComment: test\nPublic-Lines: %d\n", ppkOpen, len(pub))
	for _, l := range pub {
		text = append(append(text, l...), '\n')
	}
	text = fmt.Appendf(text, "Private-Lines: 1\n%s\n%s%s\n", b64(secret), ppkClose, mac)
	return text, secret
}
