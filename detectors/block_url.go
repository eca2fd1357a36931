package detectors

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"mudlark/rules"
)

// urlExtractor finds passwords in URLs (RFC 3986, section 3.2.1). BlockArgs: "schemes", divided by "|"; a dialect may follow the
// scheme ("postgresql+psycopg2"). The canonical secret is the URL from the scheme through host and port, as written.
func urlExtractor() extractor {
	return extractor{anchors: urlAnchors, reach: maxURL, extract: extractURL, generate: generateURL}
}

const (
	maxURL      = 1024
	maxUser     = 128
	maxPassword = 256
)

func urlAnchors(r *rules.Rule) []string {
	schemes := strings.Split(r.BlockArgs["schemes"], "|")
	var anchors []string
	for _, scheme := range schemes {
		base, _, dialect := strings.Cut(scheme, "+")
		switch {
		case !dialect:
			anchors = append(anchors, scheme+"://", scheme+"+")
		case !slices.Contains(schemes, base): // else the anchor "base+" has it
			anchors = append(anchors, scheme+"://")
		}
	}
	return anchors
}

func extractURL(data []byte, at int, r *rules.Rule) (candidate, bool) {
	if !urlMayStart(data, at) {
		return candidate{}, false
	}
	rest := urlText(data[at:min(len(data), at+maxURL)])
	n := schemeLength(rest)
	if n == 0 {
		return candidate{}, false
	}
	authority := urlAuthority(rest[n:], bytes.HasPrefix(rest, []byte("http")))
	sign := bytes.LastIndexByte(authority, '@')
	if sign < 0 {
		return candidate{}, false
	}
	user, password, ok := bytes.Cut(authority[:sign], []byte(":"))
	if !ok || len(user) > maxUser || bytes.IndexByte(user, ',') >= 0 || len(password) > maxPassword || !isPassword(password, r.Placeholders) {
		return candidate{}, false
	}
	hosts, open := plausibleHosts(authority[sign+1:])
	if hosts == 0 {
		return candidate{}, false
	}
	end := at + n + sign + 1 + hosts
	secret := data[at:end]
	c := candidate{start: at, end: end, secret: secret, display: secret, confidence: rules.Medium}
	host := authority[sign+1 : sign+1+hosts]
	plain := appendPercent(nil, password)
	if open || len(plain) < 4 || !isStrong(plain) && isLocalHost(host) || isAll(plain, "digit") && len(plain) < 6 {
		c.confidence = rules.Low
	}
	if r.Confidence == rules.Low {
		c.confidence = rules.Low
	}
	return c, true
}

// urlMayStart reports whether no other scheme, of which the one at offset at is the end, stands there. The sign at the start of a
// patch's line is none.
func urlMayStart(data []byte, at int) bool {
	if at == 0 || !hasAlphanumeric(data[at-1:at]) && bytes.IndexByte([]byte("+-."), data[at-1]) < 0 || escapeBefore(data[:at], true) {
		return true
	}
	return data[at-1] != '.' && !hasAlphanumeric(data[at-1:at]) && (at == 1 || data[at-2] == '\n')
}

// urlText returns data up to the first byte that cannot be part of a URL even in sloppy writing.
func urlText(data []byte) []byte {
	for i, c := range data {
		switch c {
		case '"', '\'', '`', '\\', 0x7f:
			return data[:i]
		}
		if c <= ' ' {
			return data[:i]
		}
	}
	return data
}

// schemeLength returns the length of "scheme://" or "scheme+dialect://", 0 if that is not there.
func schemeLength(text []byte) int {
	n := bytes.Index(text, []byte("://"))
	if n < 1 || n > 40 {
		return 0
	}
	for _, c := range text[:n] {
		if !hasAlphanumeric([]byte{c}) && bytes.IndexByte([]byte("+-._"), c) < 0 {
			return 0
		}
	}
	return n + len("://")
}

// urlAuthority returns the authority at the start of text: all before the first "/", "?" or "#". Where no user stands before that,
// a password may hold such a character unescaped; for the web's own schemes a path is likelier.
func urlAuthority(text []byte, web bool) []byte {
	end := func(from int) int {
		if n := bytes.IndexAny(text[from:], "/?#"); n >= 0 {
			return from + n
		}
		return len(text)
	}
	n := end(0)
	if web || bytes.IndexByte(text[:n], '@') >= 0 {
		return text[:n]
	}
	_, password, ok := bytes.Cut(text[:n], []byte(":"))
	sign := bytes.LastIndexByte(text, '@')
	if !ok || sign < 0 || isAll(password, "digit") {
		return text[:n]
	}
	return text[:end(sign)]
}

// isPassword reports whether the password of a URL is a literal one.
func isPassword(password []byte, words []string) bool {
	plain := appendPercent(nil, password)
	lower := string(lowerASCII(plain))
	if placeholder(plain, words) || placeholder(password, nil) || isWordForPassword(lower) {
		return false
	}
	if bytes.ContainsAny(plain[:1], ":$*") || bytes.ContainsAny(password, "(),<>{}|") {
		return false // a named parameter, a variable, code
	}
	for _, mark := range []string{"process.env", "getenv", "environ", "$env:", "%s", "%v", "%d", "****", "____"} {
		if strings.Contains(lower, mark) || strings.Contains(strings.ToLower(string(password)), mark) {
			return false
		}
	}
	return strings.Trim(lower, "x") != "" && strings.Trim(lower, ".") != "" && strings.Trim(lower, "-") != ""
}

// isWordForPassword reports whether a password is only the word for one.
func isWordForPassword(lower string) bool {
	lower = strings.Map(func(c rune) rune {
		switch c {
		case '_', '-', '.', ' ', '#':
			return -1
		case '@':
			return 'a'
		case '0':
			return 'o'
		}
		return c
	}, lower)
	lower = strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(lower, "your"), "my"), "the")
	lower = strings.TrimPrefix(strings.TrimPrefix(lower, "db"), "database")
	lower = strings.TrimSuffix(lower, "here")
	switch lower {
	case "", "password", "pass", "passwd", "passw", "pwd", "pw", "psw", "p", "passphrase", "secret", "changeme", "changeit",
		"change", "token", "apikey", "key", "user", "username", "usr", "login", "example", "credentials", "creds",
		"redacted", "hidden", "masked", "removed", "null", "none", "nil", "undefined", "placeholder", "foo", "bar", "baz",
		"foobar", "abc", "xyz", "test", "dummy", "fake", "guest", "xoauthbasic", "userpass", "userpassword", "passpass", "pass123":
		return true
	}
	return false
}

// isStrong reports whether a password is one that no person made up for an example.
func isStrong(plain []byte) bool {
	return len(plain) >= 10 && require(plain, []string{"letter", "digit"}) && !isWords(plain)
}

// plausibleHosts returns the length of the list of hosts, each with or without a port, at the start of text, without what belongs to
// the sentence around it; 0 if there is none. Open: the host is a template.
func plausibleHosts(text []byte) (n int, open bool) {
	if len(text) > 0 && (text[0] == '$' || text[0] == '{' || text[0] == '<' || text[0] == '%') {
		return len(text), true
	}
	for n < len(text) {
		host := hostLength(text[n:])
		if host == 0 {
			break
		}
		n += host
		if n+1 < len(text) && text[n] == ',' && hostLength(text[n+1:]) > 0 {
			n++
			continue
		}
		break
	}
	if n < len(text) && bytes.IndexByte([]byte("),.;>]}|&*!:"), text[n]) < 0 {
		return 0, false // something else than the end of a sentence, or a port of letters
	}
	return n, false
}

// hostLength returns the length of a name or address, with its port, at the start of text.
func hostLength(text []byte) int {
	n := 0
	if len(text) > 0 && text[0] == '[' { // IPv6
		n = bytes.IndexByte(text, ']') + 1
		if n < 4 || len(bytes.Trim(text[1:n-1], "0123456789abcdefABCDEF:.")) > 0 {
			return 0
		}
	} else {
		for n < len(text) && (hasAlphanumeric(text[n:n+1]) || bytes.IndexByte([]byte("-._"), text[n]) >= 0) {
			n++
		}
		n = len(bytes.TrimRight(text[:n], ".-"))
		if n == 0 || !hasAlphanumeric(text[:1]) {
			return 0
		}
	}
	port := n
	if port < len(text) && text[port] == ':' {
		for port++; port < len(text) && text[port] >= '0' && text[port] <= '9'; port++ {
		}
		if digits := port - n - 1; digits >= 1 && digits <= 5 {
			return port
		}
	}
	return n
}

// isLocalHost reports whether a host is one of examples, tests and development machines.
func isLocalHost(host []byte) bool {
	name := strings.ToLower(string(host))
	if strings.HasPrefix(name, "[::1]") {
		return true
	}
	name, _, _ = strings.Cut(name, ":")
	if !strings.Contains(name, ".") || strings.HasPrefix(name, "127.") || name == "0.0.0.0" {
		return true
	}
	for _, domain := range []string{"example.com", "example.org", "example.net", "host.com", "domain.com", "domain.tld",
		".example", ".test", ".invalid", ".localhost", ".local", "docker.internal"} {
		if strings.HasSuffix(name, domain) {
			return true
		}
	}
	return false
}

func generateURL(rnd *rand.Rand, r *rules.Rule) (text, secret []byte) {
	schemes := strings.Split(r.BlockArgs["schemes"], "|")
	secret = fmt.Appendf(nil, "%s://app:%s%d@db%d.corp-%d.net:%d", schemes[rnd.IntN(len(schemes))], randomText(rnd, 16),
		rnd.IntN(10), rnd.IntN(10), rnd.IntN(1000), 1024+rnd.IntN(60000))
	return append(bytes.Clone(secret), "/main"...), secret
}
