package detectors

import "bytes"

// Keys without a sign of their own, and passwords, are known by the words beside them; in source code and in names of files such words stand
// beside much else. What is part of the code or of a longer name says so.

// inCode reports whether the bytes from start to end are no value but a part of the text around them: the name of a function that is called,
// or a part of a file's name, as builds give them to what they make: logo-<hash>.png.
func inCode(data []byte, start, end int) bool {
	if end >= len(data) {
		return false
	}
	return data[end] == '(' && all(data[start:end], nameByte) || data[end] == '.' && isExtension(data[end:])
}

// holdsDER reports whether a text is base64 within the object identifiers of PKCS #1, #7, #9 and #12 (1.2.840.113549.1, RFC 8017), in any of the three ways in which they lie in it:
// it is a part of a certificate, a key or the like. No random token holds these seven characters.
func holdsDER(text []byte) bool {
	return containsAny(text, "KoZIhvc", "qGSIb3D", "iG9w0BA") && !bytes.HasPrefix(text, []byte("MI"))
}

// maxExtension is the length of the longest extension that is looked at, with all its parts: .credentials.d.ts.
const maxExtension = 40

// isExtension reports whether a text begins with what ends the name of a file of a known kind.
func isExtension(text []byte) bool {
	n := 0
	for n < len(text) && n < maxExtension && nameByte(text[n]) && text[n] != '$' {
		n++
	}
	if n == maxExtension || n < len(text) && text[n] == '(' {
		return false
	}
	name := bytes.TrimRight(text[:n], ".-")
	return isOneOf(lowerASCII(name[bytes.LastIndexByte(name, '.')+1:]), []string{"js", "mjs", "cjs", "jsx", "ts", "tsx", "vue", "css", "scss", "less", "map", "wasm",
		"png", "jpg", "jpeg", "gif", "svg", "webp", "avif", "ico", "bmp", "woff", "woff2", "ttf", "otf", "eot", "mp3", "mp4", "webm", "ogg", "wav", "pdf",
		"json", "xml", "html", "htm", "md", "rst", "txt", "csv", "log", "yml", "yaml", "toml", "py", "pyc", "go", "rb", "java", "php", "cs", "cpp", "rs", "sh",
		"p12", "pfx", "pem", "crt", "cer", "der", "jks", "key", "conf", "cfg", "ini", "tmpl", "zip", "gz", "tgz", "tar", "bz2", "xz", "whl", "jar", "deb", "rpm", "exe", "dll", "so"})
}

// isCode reports whether a value that somebody may have chosen reads as a name of code, a path, or another thing that is no password:
// settings.SMTP_PASSWORD, (item, /run/secrets/db, 8080:80, database=.
func isCode(value []byte) bool {
	last := value[len(value)-1]
	switch {
	case value[0] == '(' && bytes.IndexByte(value, ')') < 0, last == '=' && all(value[:len(value)-1], nameByte) && isWords(value):
		return true
	case isPath(value), isMember(value):
		return true
	}
	return bytes.IndexByte(value, ':') > 0 && all(value, func(c byte) bool { return c >= '0' && c <= '9' || c == ':' || c == '.' })
}

// isPath reports whether a value is the path of a file: it begins as one, and its parts are words.
func isPath(value []byte) bool {
	for _, root := range []string{"/", "./", "../", "~/"} {
		if bytes.HasPrefix(value, []byte(root)) {
			return evidence(value) < weakEvidence
		}
	}
	return false
}

// isFilePath reports whether a value is the path of a file of a known kind: testdata/keystore2.p12.
func isFilePath(value []byte) bool {
	name := value[bytes.LastIndexByte(value, '/')+1:]
	dot := bytes.LastIndexByte(name, '.')
	return len(name) < len(value) && dot > 0 && evidence(value) < weakEvidence && isExtension(name[dot:])
}

// isMember reports whether a value is a name of code with those of what it is a member of: request.user.token, ssh.0.key_value.
func isMember(value []byte) bool {
	if bytes.IndexByte(value, '.') < 0 || evidence(value) >= weakEvidence {
		return false
	}
	for part := range bytes.SplitSeq(value, []byte(".")) {
		if len(part) == 0 || !all(part, wordByte) || part[0] >= '0' && part[0] <= '9' && (!isAll(part, "digit") || bytes.Count(value, []byte(".")) < 2) {
			return false
		}
	}
	return isLetter(value[0]) || value[0] == '_'
}

// isModule reports whether a value is the path of a module or package, or what it exports: github.com/acme/tool/samples, acme.plugins.identity.v3:OpenID.
func isModule(value []byte) bool {
	path, name, exported := bytes.Cut(value, []byte(":"))
	if exported {
		return bytes.IndexByte(path, '.') > 0 && isMember(path) && len(name) > 0 && all(name, func(c byte) bool { return wordByte(c) || c == '.' }) && evidence(value) < weakEvidence
	}
	host, rest, ok := bytes.Cut(path, []byte("/"))
	return ok && bytes.IndexByte(host, '.') > 0 && hostLength(host) == len(host) && bytes.IndexByte(rest, '/') > 0 && evidence(value) < weakEvidence
}

// isVersion reports whether a value is a version, or a range of versions, with or without what it is asked from, or a hash: ^4.0.0,
// npm:~1.2, >=2.1.0-rc.1.
func isVersion(value []byte) bool {
	if i := bytes.IndexByte(value, ':'); i > 0 && isAll(value[:i], "lower") {
		value = value[i+1:]
	}
	value = bytes.TrimLeft(value, "^~<>=v")
	n := 0
	for n < len(value) && (value[n] >= '0' && value[n] <= '9' || value[n] == '.') {
		n++
	}
	if n < 3 || value[0] == '.' || bytes.Count(value[:n], []byte(".")) == 0 {
		return false
	}
	rest := value[n:]
	return len(rest) == 0 || rest[0] == '-' && (evidence(rest) < weakEvidence || isAll(rest[1:], "hex"))
}
