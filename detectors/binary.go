package detectors

import "bytes"

// sniffed is the length of the part of the data that decides whether it is binary; Git looks at the same.
const sniffed = 8000

// isBinary reports whether data is binary: it has a NUL in its first bytes and is not UTF-16.
func isBinary(data []byte) bool {
	head := data[:min(len(data), sniffed)]
	return bytes.IndexByte(head, 0) >= 0 && !isUTF16(head)
}

// isUTF16 reports whether head is the start of UTF-16 text: it has a byte order mark, or nearly all of its NULs stand at
// every other byte and make up a good part of these.
func isUTF16(head []byte) bool {
	if len(head) >= 2 && (head[0] == 0xff && head[1] == 0xfe || head[0] == 0xfe && head[1] == 0xff) {
		// UTF-32 in little-endian order begins with the same two bytes.
		return len(head) < 4 || head[2] != 0 || head[3] != 0
	}
	var nuls [2]int
	for i, c := range head {
		if c == 0 {
			nuls[i&1]++
		}
	}
	most, least := max(nuls[0], nuls[1]), min(nuls[0], nuls[1])
	return most*2 > len(head)/2 && least*50 <= most
}
