package detectors

import (
	"bytes"
	"encoding/base64"
	"math/rand/v2"
	"slices"

	"mudlark/rules"
)

// kubernetesExtractor finds the values of Secret manifests, in YAML and in JSON: those of data, which are base64, and those of stringData. The
// canonical secret is the decoded value. Values that hold templates, certificates or several lines are left to other rules, which see them decoded.
func kubernetesExtractor() extractor {
	return extractor{starts: kindAnchors, reach: maxManifest, each: eachSecretValue, generate: generateManifest}
}

// maxManifest is how far from "kind: Secret" a value may stand.
const maxManifest = 16 << 10

func kindAnchors(*rules.Rule) []anchor {
	var list []anchor
	for _, text := range []string{"kind: Secret", `kind":"Secret"`, `kind": "Secret"`, `kind\":\"Secret\"`} {
		list = append(list, anchor{sets: appendLiteral(nil, []byte(text), false)})
	}
	return list
}

func eachSecretValue(data []byte, at int, _ *rules.Rule, yield func(candidate)) {
	if end := at + len("kind: Secret"); data[at+len("kind")] == ':' && end < len(data) && wordByte(data[end]) {
		return // SecretList, SecretStore
	}
	from, to := max(0, at-maxManifest), min(len(data), at+maxManifest)
	if feed := feedBefore(data, at); feed != "" {
		if i := bytes.LastIndex(data[from:at], []byte(feed+"---")); i >= 0 {
			from += i
		}
		if i := bytes.Index(data[at:to], []byte(feed+"---")); i >= 0 {
			to = at + i
		}
		eachYAMLValue(data, from, to, feed, yield)
		return
	}
	line := data[from:at]
	if i := bytes.LastIndexByte(line, '\n'); i >= 0 && bytes.IndexByte(line[i:], '{') >= 0 {
		from += i
		if n := bytes.IndexByte(data[at:to], '\n'); n >= 0 {
			to = at + n
		}
	}
	eachJSONValue(data, from, to, yield)
}

// feedBefore returns what divides lines, a line feed or its escape, if the text at offset at begins one; else "".
func feedBefore(data []byte, at int) string {
	for at > 0 && (data[at-1] == ' ' || data[at-1] == '-') {
		at--
	}
	if at == 0 || data[at-1] == '\n' {
		return "\n"
	}
	from := at - 1
	for from > 0 && at-from < 8 && data[from-1] == '\\' {
		from--
	}
	if data[at-1] != 'n' || from == at-1 {
		return ""
	}
	return string(data[from:at])
}

// eachYAMLValue yields the values of the maps data and stringData between from and to.
func eachYAMLValue(data []byte, from, to int, feed string, yield func(candidate)) {
	indent, encoded, inside := 0, false, false
	for start := from; start < to; {
		end := start + bytes.Index(data[start:to], []byte(feed))
		if end < start {
			end = to
		}
		line := bytes.TrimRight(data[start:end], "\r \"'\\")
		text := bytes.TrimLeft(line, " -")
		depth := len(line) - len(text)
		switch {
		case string(text) == "data:" || string(text) == "stringData:":
			indent, encoded, inside = depth, string(text) == "data:", true
		case len(text) == 0 || text[0] == '#':
		case inside && depth > indent:
			if i := bytes.Index(text, []byte(": ")); i > 0 {
				value := bytes.TrimLeft(text[i+2:], " ")
				at := start + len(line) - len(value)
				if len(value) > 0 && value[0] != '#' {
					value, quoted := scalarOf(value)
					yieldValue(at+quoted, text[:i], value, encoded, yield)
				}
			}
		default:
			inside = false
		}
		start = end + len(feed)
	}
}

// scalarOf returns the scalar at the start of text, which is not empty, without its quotes, of which the last may be gone already, and without
// what stands behind it (YAML 1.2.2, sections 7.3 and 6.6). Quoted is the length of the quote before it, 0 if there is none; in a string of
// another language, backslashes may belong to it.
func scalarOf(text []byte) (value []byte, quoted int) {
	if n := len(text) - len(bytes.TrimLeft(text, `\`)); n > 0 && n < len(text) && (text[n] == '"' || text[n] == '\'') {
		value = text[n+1:]
		if i := bytes.IndexByte(value, text[n]); i >= 0 {
			value = value[:i]
		}
		return bytes.TrimRight(value, `\`), n + 1
	}
	quote := text[0]
	if quote != '"' && quote != '\'' {
		if i := bytes.Index(text, []byte(" #")); i >= 0 {
			text = text[:i]
		}
		return bytes.TrimRight(text, " "), 0
	}
	text = text[1:]
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\' && quote == '"':
			i++
		case text[i] == quote && i+1 < len(text) && text[i+1] == quote && quote == '\'':
			i++
		case text[i] == quote:
			return text[:i], 1
		}
	}
	return text, 1
}

// eachJSONValue yields the values of the objects "data" and "stringData" between from and to, in which quotes may be escaped.
func eachJSONValue(data []byte, from, to int, yield func(candidate)) {
	for _, name := range []string{"data", "stringData"} {
		text := data[from:to]
		i := bytes.Index(text, []byte(`"`+name))
		if i < 0 {
			continue
		}
		open := bytes.IndexByte(text[i:], '{')
		if open < 0 || open > len(name)+8 {
			continue
		}
		at := from + i + open + 1
		end := bytes.IndexByte(data[at:to], '}')
		if end < 0 {
			continue
		}
		end += at
		for at < end {
			n := bytes.IndexByte(data[at:end], ':')
			if n < 0 {
				break
			}
			b := bridge{data: data[:end], pos: at + n + 1}
			b.breaks()
			a, ok := b.quotedValue()
			if !ok {
				break
			}
			yieldValue(a.start, bytes.Trim(data[at:at+n], "\"\\, \t\r\n"), data[a.start:a.end], name == "data", yield)
			at = b.pos
		}
	}
}

// yieldValue yields a value that stands at an offset, under a key.
func yieldValue(at int, key, value []byte, encoded bool, yield func(candidate)) {
	if len(value) < 4 || len(value) > maxValue || isMarkedEncrypted(value) {
		return
	}
	text := value
	if encoded {
		var err error
		if text, err = base64.StdEncoding.DecodeString(string(value)); err != nil {
			return
		}
		text = bytes.TrimRight(text, "\r\n")
	}
	if len(text) < 4 || !all(text, func(c byte) bool { return c >= ' ' && c < 0x7f }) || isReference(text) || placeholder(text, nil) || isTrivial(text) || isDate(text) ||
		len(bytes.Trim(text, "0123456789.")) == 0 || bytes.HasPrefix(text, []byte("http")) && isPlainURL(text) || isAddress(text) || bytes.HasPrefix(text, []byte("-----")) {
		return
	}
	c := candidate{start: at, end: at + len(value), secret: text, display: text}
	if len(text) < 8 || bytes.IndexByte(text, '/') == 0 || isWords(text) && bytes.IndexByte(text, ' ') < 0 || isHostPort(text) || isSetting(key, text) || isProse(key, text) {
		c.confidence = rules.Low
	}
	yield(c)
}

// isProse reports whether a value is words that say what should stand there, where the key says so, too: password: the secret password. Other words
// are a phrase to pass.
func isProse(key, value []byte) bool {
	return bytes.IndexByte(value, ' ') > 0 && isWords(value) && kindOfName(value) != plainName && kindOfName(key) != plainName
}

// isSetting reports whether a key of a Secret manifest, or its value, says that this is no secret: charts put all settings of an account into one
// manifest.
func isSetting(key, value []byte) bool {
	words := nameWords(nil, key)
	if len(words) == 0 || kindOfName(key) != plainName {
		return false
	}
	return evidence(value) < weakEvidence && !holds(value, "digit") && bytes.IndexByte(value, ' ') < 0 || isOneOf(words[len(words)-1], settingNames()) ||
		slices.ContainsFunc(words, func(w []byte) bool { return isOneOf(w, []string{"crt", "cert", "certificate", "ca", "public"}) })
}

// settingNames are the last words of names of settings that are no secrets.
func settingNames() []string {
	return []string{"name", "project", "region", "zone", "location", "id", "ids", "host", "hosts", "hostname", "port", "address", "url", "uri", "endpoint", "server", "domain",
		"issuer", "audience", "user", "username", "email", "type", "kind", "mode", "version", "namespace", "tenant", "bucket", "database", "db", "path", "file", "enabled",
		"insecure", "timeout", "size", "level", "scope", "scopes", "policy", "format", "team", "org", "organization", "repo", "repository", "branch", "cluster",
		"environment", "env", "role", "arn", "account", "description", "comment"}
}

func isPlainURL(text []byte) bool { return bytes.IndexByte(text, '@') < 0 }

func generateManifest(rnd *rand.Rand, r *rules.Rule) (text, secret []byte) {
	_, secret = generateAssignment(rnd, r)
	text = []byte("apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\ntype: Opaque\ndata:\n  value: " + base64.StdEncoding.EncodeToString(secret) + "\n")
	return text, secret
}
