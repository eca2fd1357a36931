package detectors

import "bytes"

// Hashes look as random as keys, and the names of packages hold the names of providers: lock files, manifests of images and
// workflows are full of both. They say what they are:
//
//	h1:…= (go.sum)   sha512-…== (Subresource Integrity)   sha256:… (OCI, pip)   sha256=… (RECORD of a wheel, in base64url)   …#commit (yarn.lock)
//	…@commit (GitHub Actions)   $influxdb2-sha512$…

const (
	// maxDigest is the length of a SHA-512 in hex.
	maxDigest = 128
	// commitLength is that of the hex name of a Git object (SHA-1).
	commitLength = 40
)

// inDigest reports whether the bytes from start to end are a hash that says so, or a part of one.
func inDigest(data []byte, start, end int) bool {
	if start == 0 {
		return false
	}
	if end-start == commitLength && (data[start-1] == '#' || data[start-1] == '@') && isAll(data[start:end], "hex") {
		return true
	}
	if data[start-1] == '=' && endsInAlgorithm(data[max(0, start-8):start-1]) {
		return true
	}
	if i := bytes.IndexByte(data[start:min(end, start+7)], '-'); i > 0 && endsInAlgorithm(data[start:start+i]) {
		return true // where "-" is of the value's alphabet
	}
	from := start
	for from > 0 && start-from < maxDigest && digestByte(data[from-1]) {
		from--
	}
	if from > 0 && bytes.IndexByte([]byte("-:$"), data[from-1]) >= 0 && endsInAlgorithm(data[max(0, from-8):from-1]) {
		return true
	}
	for from > 0 && start-from < maxDigest && (digestByte(data[from-1]) || data[from-1] == '-' || data[from-1] == '_') {
		from-- // base64url
	}
	return from > 0 && data[from-1] == '=' && endsInAlgorithm(data[max(0, from-8):from-1])
}

// digestByte reports whether c is a character of base64 or hex.
func digestByte(c byte) bool { return wordByte(c) && c != '_' || c == '+' || c == '/' }

// endsInAlgorithm reports whether text ends in the name of a hash.
func endsInAlgorithm(text []byte) bool {
	for _, name := range []string{" h1", "md5", "sha1", "sha224", "sha256", "sha384", "sha512"} {
		if len(text) >= len(name) && bytes.EqualFold(text[len(text)-len(name):], []byte(name)) {
			return true
		}
	}
	return false
}
