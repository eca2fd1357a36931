package detectors

import (
	"bytes"
	"encoding/base64"
	"slices"

	"mudlark/rules"
)

// What a value must show to be taken for a secret, in bits of evidence for random characters.
const (
	// strongEvidence is what one in a hundred random values of 16 characters lacks.
	strongEvidence = 12
	weakEvidence   = 8
	// bareEvidence is asked where nothing says where the value ends: in code that is a variable.
	bareEvidence = 20
	// wordsEvidence is what no random value lacks: what has less is words for certain.
	wordsEvidence = -12
)

// judgeSecret returns how sure it is that a value is a secret that a machine made, "" for not at all.
func judgeSecret(a *assignment, data, value []byte) rules.Confidence {
	if len(value) < 10 || bytes.IndexByte(value, ' ') >= 0 || isOther(value) || value[0] == '$' && isHashed(value) {
		return ""
	}
	if bytes.IndexByte(bytes.TrimRight(value, "="), '=') >= 0 && !isDelimited(a, value) {
		return "" // another assignment
	}
	if !all(value, tokenByte) || bytes.Count(value, []byte(".")) > 2 {
		if hasFoldedSuffix(a.name, "pat") {
			return "" // a pattern: personal access tokens have no such characters
		}
		if !a.loose && (a.quoted || a.line) && (looksChosen(value) && !isPhrase(value) || isDelimited(a, value)) && classes4(value) >= 3 && (holds(value, "digit") || evidence(value) >= weakEvidence) {
			return rules.Medium
		}
		return ""
	}
	if isDigestBeside(data, a, value) || isEncodedData(value) || isEncodedText(value) {
		return ""
	}
	if isNumbered(value) {
		return ""
	}
	e := evidence(value)
	varied := require(value, []string{"letter", "digit"}) || require(value, []string{"upper", "lower"})
	switch {
	case !a.quoted && !a.line && (e < bareEvidence || !varied):
		return ""
	case isMessage(value):
		return rules.Low
	case len(value) >= 16 && e >= strongEvidence && varied && (!a.loose || a.quoted && e >= bareEvidence && !isAll(value, "xdigit")):
		return rules.Medium
	case e >= weakEvidence && (len(value) >= 12 || varied):
		return rules.Low
	}
	return ""
}

// judgePassword returns how sure it is that a value is a password that somebody chose.
func judgePassword(a *assignment, value []byte) rules.Confidence {
	if len(value) < 6 || len(value) > 128 {
		return ""
	}
	if bytes.IndexByte(value, ' ') >= 0 {
		words := all(value, func(c byte) bool { return isLetter(c) || c == ' ' })
		if a.tight && a.quoted && words && !bytes.Contains(lowerASCII(value), []byte("passw")) {
			return rules.Low
		}
		return ""
	}
	if isOther(value) || isHashed(value) {
		return ""
	}
	if (isPhrase(value) || isNumbered(value)) && !a.loose && (a.quoted || a.line) {
		return judgePhrase(value)
	}
	if (!looksChosen(value) || isPhrase(value)) && !isDelimited(a, value) {
		return ""
	}
	e := evidence(value)
	kinds := classes4(value)
	special := !all(value, func(c byte) bool { return wordByte(c) || c == '-' }) // marks that divide no words
	switch {
	case !a.quoted && !(a.line && a.tight && all(value, isLetter)) && e < weakEvidence && (!holds(value, "digit") || bytes.IndexByte(value, '.') > 0):
		return "" // a variable
	case isNumbered(value):
		return ""
	case a.loose:
		if e >= weakEvidence && holds(value, "digit") {
			return rules.Low
		}
		return ""
	case !a.quoted && !a.line:
		if len(value) < 8 || bytes.ContainsAny(value, "-+*/=.!?:^~") || kinds < 2 || e < weakEvidence {
			return "" // an expression
		}
		if e < bareEvidence {
			return rules.Low
		}
		return rules.Medium
	case isPasswordWord(value):
		return "" // a list of such words
	case isTrivial(value), namesPassword(value), isMember(value):
		return rules.Low
	case e >= strongEvidence && kinds >= 2, kinds >= 3 && len(value) >= 8 && (holds(value, "digit") || special && !isWords(value)):
		return rules.Medium
	case holds(value, "digit") && holds(value, "letter") && len(value) >= 8 && !special:
		return rules.Medium
	case holds(value, "digit") && holds(value, "letter"):
		return rules.Low
	case !special && len(value) >= 12 && holds(value, "upper"):
		return rules.Low
	case kinds >= 3:
		return rules.Medium
	}
	return ""
}

// judgePhrase returns how sure it is that words with a number behind them are a password and not the name of a thing.
func judgePhrase(value []byte) rules.Confidence {
	body := bytes.TrimRight(value, "!?#*.$")
	digits := len(body) - len(bytes.TrimRight(body, "0123456789"))
	if digits == 0 || isDate(value) {
		return ""
	}
	if containsAny(lowerASCII(value), "password", "passwd", "secret") {
		return rules.Low
	}
	for _, w := range nameWords(nil, value) {
		if isOneOf(w, []string{"pass", "password", "passwd", "passphrase", "pwd", "secret", "token", "key", "credential", "credentials", "user", "username", "admin",
			"root", "test", "tests", "config", "configuration", "field", "input", "label", "form", "reset", "change", "update", "create", "login", "auth", "name", "id",
			"type", "class", "version", "value", "default", "example", "http", "https", "utf", "sha", "md", "aes", "rsa", "hmac", "pbkdf", "scrypt", "bcrypt", "base",
			"oauth", "basic", "db", "database", "postgres", "postgresql", "mysql", "redis", "mongo", "service", "server", "client", "app", "api", "my", "the", "new",
			"old", "error", "invalid", "required", "minimum", "must", "string", "text", "item", "page", "step", "v"}) {
			return rules.Low
		}
	}
	if digits >= 2 && digits <= 6 && len(value) <= 40 {
		return rules.Medium
	}
	return rules.Low
}

// isDelimited reports whether a value is random, of many kinds of characters, and something says where it begins and ends, so that even
// the marks of code are its own.
func isDelimited(a *assignment, value []byte) bool {
	if a.loose || bytes.IndexByte(value, '"') >= 0 || !a.quoted && (!a.line || !a.tight || containsAny(value, ";", "->", "==", "&&")) {
		return false
	}
	letters := 0
	for _, c := range value {
		if isLetter(c) {
			letters++
		}
	}
	// Long pieces of code have much evidence in all, random characters by each: nineteen in twenty values of 20 characters have so much.
	return 3*letters >= len(value) && evidence(value) >= max(bareEvidence, 1.4*float64(len(value))) && classes4(value) >= 3
}

// isPasswordWord reports whether a value only says that it is a password, in one of the words that names use for it.
func isPasswordWord(value []byte) bool {
	words := nameWords(nil, value)
	return len(words) == 1 && isOneOf(lowerASCII(value), []string{"passwd", "passphrase", "passcode", "passwort", "dbpass", "userpass", "smtppass", "mailpass",
		"mypass", "rootpass", "adminpass", "keypass", "storepass", "pgpass"})
}

// namesPassword reports whether a value reads as the name of a password, with one number within: user2Password.
func namesPassword(value []byte) bool {
	words := nameWords(nil, value)
	last := len(words) - 1
	if last < 1 || !all(value, wordByte) || digitGroups(value) != 1 || kindOfWord(words, last, words[last]) != passwordName {
		return false
	}
	i := bytes.LastIndexAny(value, "0123456789") // the number ends a word: it is no 3 for an e
	return i+1 < len(value) && !isLower(value[i+1])
}

// digitGroups returns how many numbers stand in a value.
func digitGroups(value []byte) int {
	n := 0
	for i, c := range value {
		if c >= '0' && c <= '9' && (i == 0 || value[i-1] < '0' || value[i-1] > '9') {
			n++
		}
	}
	return n
}

// isOther reports whether a value stands for something else than itself, or is another kind of thing.
func isOther(value []byte) bool {
	return !all(value, func(c byte) bool { return c >= ' ' && c < 0x7f }) || isReference(value) || isUUID(value) || placeholder(value, nil) ||
		bytes.Contains(value, []byte("://")) || isAddress(value) || isHostPort(value) || isVersion(value) || isHexNumber(value) || isDrivePath(value) ||
		isNamedDigest(value) || isModule(value) || isFilePath(value) || bytes.Contains(value, []byte("aws4_request")) || !holds(value, "letter") || isMarkedEncrypted(value) || isEscapedText(value)
}

// isEscapedText reports whether a value is mostly characters written by their numbers, as in translations: \u5bc6\u7801.
func isEscapedText(value []byte) bool {
	return 2*(len(`\u0000`)*bytes.Count(value, []byte(`\u`))+len(`\x00`)*bytes.Count(value, []byte(`\x`))) >= len(value)
}

// isReference reports whether a value names where the secret is, or is filled in later.
func isReference(value []byte) bool {
	if isVariable(value) {
		return true
	}
	switch value[0] {
	case '{', '<', '[', '(':
		return true
	case '&':
		if _, n := entityAt(value); n > 0 { // read where it is decoded
			return true
		}
		return all(value[1:], nameByte) && evidence(value[1:]) < weakEvidence
	case '?':
		return isAll(value[1:], "letter") // a type that may be missing
	case '$', '@', '~', '%', '#', '*', '!':
		if isTemplate(value) || all(value[1:], nameByte) && evidence(value[1:]) < weakEvidence || isTag(value) {
			return true
		}
	case '/', '.':
		return bytes.Count(value, []byte("/")) > 1 && evidence(value) < weakEvidence || value[0] == '.'
	}
	lower := lowerASCII(value)
	if evidence(value) < bareEvidence && (bytes.ContainsAny(value, "(") || containsAny(lower, "%s", "%d", "%v", "\\n", "\\u")) {
		return true
	}
	for _, mark := range []string{"process.env", "os.environ", "getenv", "system.get", "config.get", "secrets.", "vault:", "ssm:", "arn:", "op://", "env.", "${", "{{", "keyring:", "urn:", "data.", "var.", "self.", "this."} {
		if bytes.Contains(lower, []byte(mark)) {
			return true
		}
	}
	if i := bytes.Index(value, []byte(".$")); i > 0 && isAll(value[:i], "letter") {
		return true // a part is a variable: string.$1.delim
	}
	return len(value) > 3 && value[0] == '_' && value[1] == '_' && value[len(value)-1] == '_'
}

// isTag reports whether a value is a tag of YAML, behind which the value itself stands: !encrypted/pkcs1-oaep.
func isTag(value []byte) bool {
	return value[0] == '!' && evidence(value) < weakEvidence && all(value[1:], func(c byte) bool { return nameByte(c) || c == '/' })
}

// isVariable reports whether a value begins with a variable of a shell: $BASE/path, $user.
func isVariable(value []byte) bool {
	if value[0] != '$' {
		return false
	}
	n := 1
	for n < len(value) && wordByte(value[n]) {
		n++
	}
	return n > 3 && (n == len(value) || value[n] == '/' || value[n] == '.' || value[n] == ':') && isName(value[1:n])
}

// isAddress reports whether a value is an e-mail address.
func isAddress(value []byte) bool {
	at := bytes.IndexByte(value, '@')
	return at > 0 && bytes.IndexByte(value[at:], '.') > 1 && hostLength(value[at+1:]) == len(value)-at-1 && evidence(value) < strongEvidence
}

// isHexNumber reports whether a value is a number as code writes it: 0xC000006B.
func isHexNumber(value []byte) bool {
	return len(value) > 2 && len(value) <= len("0x0123456789abcdef") && value[0] == '0' && value[1]|0x20 == 'x' && isAll(value[2:], "xdigit")
}

// isDrivePath reports whether a value is a path of Windows: pwd is a folder, too.
func isDrivePath(value []byte) bool {
	return len(value) > 3 && isLetter(value[0]) && value[1] == ':' && (value[2] == '\\' || value[2] == '/')
}

// isHostPort reports whether a value is a host with a port: localhost:6000, 0.0.0.0:8888.
func isHostPort(value []byte) bool {
	host, port, ok := bytes.Cut(bytes.TrimRight(value, "/"), []byte(":"))
	return ok && len(port) > 1 && len(port) < 6 && isAll(port, "digit") && hostLength(host) == len(host) && (bytes.IndexByte(host, '.') > 0 || string(host) == "localhost")
}

// isMarkedEncrypted recognises what SOPS, Ansible Vault, Jasypt, Spring Cloud Config, Travis, Vault's transit engine, KMS, Fernet and OpenSSL
// have encrypted, sealed secrets, and what stands in brackets behind the name of a method: ENC[...], NACL[...], GPG[...].
func isMarkedEncrypted(value []byte) bool {
	if n := len(value) - len(bytes.TrimLeft(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")); n > 1 && n < len(value) && value[n] == '[' && value[len(value)-1] == ']' {
		return true
	}
	for _, mark := range []string{"ENC[", "ENC(", "$ANSIBLE_VAULT", "{cipher}", "{AES}", "secure:", "vault:v", "AQICAH", "gAAAAA", "U2FsdGVkX1", "enc:", "!vault", "CiQA", "CiUA"} {
		if bytes.HasPrefix(value, []byte(mark)) {
			return true
		}
	}
	return len(value) >= 300 && bytes.HasPrefix(value, []byte("Ag"))
}

// isHashed recognises passwords that are stored as their hash (crypt(5), LDAP, Django).
func isHashed(value []byte) bool {
	for _, mark := range []string{"$1$", "$2", "$5$", "$6$", "$argon2", "$y$", "$pbkdf2", "pbkdf2", "{SSHA", "{SHA", "{MD5", "{CRYPT", "scrypt:", "SCRAM-SHA", "sha256:", "sha1:", "md5", "*"} {
		if bytes.HasPrefix(value, []byte(mark)) {
			return true
		}
	}
	return false
}

// isEncodedData recognises base64 of files by their first bytes: images, fonts, archives, certificates, public keys.
func isEncodedData(value []byte) bool {
	for _, magic := range []string{"iVBORw0KGgo", "/9j/", "R0lGOD", "PHN2Zy", "JVBERi0", "UEsDB", "H4sI", "d09GR", "AAEAAA", "MII", "AAAAB3NzaC1", "AAAAC3NzaC1", "data:"} {
		if bytes.HasPrefix(value, []byte(magic)) {
			return true
		}
	}
	return false
}

// isEncodedText reports whether a value is base64 of text of several lines, or the beginning of it: a document, and no token.
func isEncodedText(value []byte) bool {
	text, err := base64.RawStdEncoding.DecodeString(string(bytes.TrimRight(value[:len(value)&^3], "=")))
	text = bytes.TrimSpace(text)
	return err == nil && bytes.IndexByte(text, '\n') > 0 && all(text, func(c byte) bool { return c >= ' ' && c < 0x7f || c == '\n' || c == '\r' || c == '\t' })
}

// isMessage reports whether a value is base64 of a short message with text in it, as cursors and tokens of consistency are: more of its bytes are printable
// than of three in a thousand random values of 16 bytes, in which three of eight are.
func isMessage(value []byte) bool {
	message, err := base64.RawStdEncoding.DecodeString(string(bytes.TrimRight(value, "=")))
	if err != nil || len(message) < 16 || len(message) > 64 {
		return false
	}
	printable := 0
	for _, c := range message {
		if c >= ' ' && c < 0x7f {
			printable++
		}
	}
	return 4*printable >= 3*len(message) && printable < len(message)
}

// isNamedDigest reports whether a value is a hash behind the name of its algorithm: hmac-sha256:...
func isNamedDigest(value []byte) bool {
	i := bytes.IndexByte(value, ':')
	return i > 0 && endsInAlgorithm(value[:i])
}

// isDigestBeside reports whether a value has the length of a hash in hex, and something before it in its line says that it is one.
func isDigestBeside(data []byte, a *assignment, value []byte) bool {
	if inDigest(data, a.start, a.end) {
		return true
	}
	if !isAll(value, "xdigit") || len(value) < 32 {
		return false
	}
	before := data[max(0, a.start-maxBridge):a.start]
	before = lowerASCII(before[bytes.LastIndexByte(before, '\n')+1:])
	for _, word := range []string{"sha1", "sha2", "sha5", "sha-", "md5", "digest", "checksum", "hash", "integrity", "fingerprint", "commit", "revision", "etag"} {
		if bytes.Contains(before, []byte(word)) {
			return true
		}
	}
	return false
}

// looksChosen reports whether a value could be a password: no identifier, no code, no path, no number, date or list.
func looksChosen(value []byte) bool {
	if bytes.ContainsAny(value, "()[]{}<>\\,|\"") || value[0] == '-' || value[0] == ':' || value[len(value)-1] == ':' || value[0] == '/' {
		return false
	}
	digits := 0
	for _, c := range value {
		if c >= '0' && c <= '9' {
			digits++
		}
	}
	if bytes.Count(value, []byte(":")) > 1 || bytes.ContainsAny(value, "?&=") && bytes.Count(value, []byte("=")) > 1 {
		return false
	}
	return len(value)-digits >= 2
}

// isPhrase reports whether a value is words with marks between them, as names of things are, and some passwords.
func isPhrase(value []byte) bool {
	words := bytes.TrimRight(value, "0123456789")
	return bytes.ContainsAny(value, "_-./:#") && 3*len(words) >= 2*len(value) && evidence(value) < weakEvidence && isWords(words)
}

func containsAny(value []byte, parts ...string) bool {
	return slices.ContainsFunc(parts, func(p string) bool { return bytes.Contains(value, []byte(p)) })
}

// isDate reports whether a value begins with a date: 2016-09-08T21:47:36Z.
func isDate(value []byte) bool {
	return len(value) > 10 && value[4] == '-' && value[7] == '-' && isAll(value[:4], "digit") && isAll(value[5:7], "digit")
}

// isNumbered reports whether a value is a name with a number, or a date: accessToken-1938933922, S3Configuration.
func isNumbered(value []byte) bool {
	if isDate(value) {
		return true
	}
	digits := 0
	for _, c := range value {
		if c >= '0' && c <= '9' {
			digits++
		}
	}
	return digitGroups(value) == 1 && len(value)-digits >= 12 && isWords(bytes.Trim(value, "0123456789"))
}

// isTrivial reports whether a password is a word for one, or for a test, with digits and marks around it.
func isTrivial(value []byte) bool {
	word := bytes.Trim(lowerASCII(value), "0123456789!@#$%^&*-_.+=?~")
	switch string(bytes.ReplaceAll(bytes.ReplaceAll(word, []byte("0"), []byte("o")), []byte("@"), []byte("a"))) {
	case "", "password", "passwd", "pass", "pwd", "passwort", "secret", "test", "testing", "tester", "admin", "administrator", "root", "user", "username", "foo",
		"bar", "baz", "foobar", "example", "hello", "qwerty", "abc", "abcd", "abcdef", "changeme", "default", "guest", "demo", "letmein", "mypassword", "mypass", "mysecret",
		"testpassword", "testpass", "testuser", "userpass", "newpassword", "oldpassword", "my", "token", "key", "invalid", "wrong", "xxx", "asdf", "string", "value":
		return true
	}
	return false
}

// classes4 returns how many of small letters, capitals, digits and other characters a value has.
func classes4(value []byte) int {
	n := 0
	for _, kind := range []string{"lower", "upper", "digit", "special"} {
		if holds(value, kind) {
			n++
		}
	}
	return n
}

// tokenByte reports whether a byte is one that machine-made secrets consist of.
func tokenByte(c byte) bool {
	return wordByte(c) || c == '-' || c == '.' || c == '=' || c == '+' || c == '/' || c == '~'
}

func all(value []byte, is func(c byte) bool) bool {
	for _, c := range value {
		if !is(c) {
			return false
		}
	}
	return true
}

// unwrapped returns what a value is the base64 of, if that is printable text and the value is no text itself.
func unwrapped(value []byte) ([]byte, bool) {
	if len(value) < 12 || len(value)%4 != 0 || evidence(value) < weakEvidence {
		return nil, false
	}
	text, err := base64.StdEncoding.DecodeString(string(value))
	if err != nil {
		return nil, false
	}
	text = bytes.TrimSpace(text)
	return text, len(text) >= 6 && all(text, func(c byte) bool { return c >= ' ' && c < 0x7f })
}
