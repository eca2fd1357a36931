package detectors

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"math/rand/v2"
	"strings"

	"mudlark/rules"
)

// maxObject bounds the text of a JSON object on either side of its anchor.
const maxObject = 8 << 10

// jsonExtractor finds objects by the value of a member. BlockArgs: "type", the value that the member "type" must have (another
// member's name in "key"); "secret", the member that holds the secret; "members", others that must be there, divided by "|". The
// object may stand in a JSON string itself.
func jsonExtractor() extractor {
	return extractor{
		anchors: func(r *rules.Rule) []string {
			return []string{r.BlockArgs["type"]}
		},
		reach:    maxObject,
		extract:  extractJSON,
		generate: generateJSON,
	}
}

// jwkExtractor finds private and symmetric JSON Web Keys (RFC 7517, RFC 7518). The canonical secret is the value of "d" or "k",
// decoded.
func jwkExtractor() extractor {
	return extractor{
		keywords: []string{`"kty"`, `kty\`},
		reach:    maxObject,
		extract:  extractJWK,
		generate: generateJWK,
	}
}

// A member is a value of an object and where it stands in the data.
type member struct {
	raw        json.RawMessage
	start, end int
}

func (m member) text() (string, bool) {
	var s string
	return s, json.Unmarshal(m.raw, &s) == nil && m.raw != nil
}

func extractJSON(data []byte, at int, r *rules.Rule) (candidate, bool) {
	key, kind := r.BlockArgs["key"], r.BlockArgs["type"]
	if key == "" {
		key = "type"
	}
	behind := at + len(kind)
	if behind >= len(data) || data[behind] != '"' && data[behind] != '\\' {
		return candidate{}, false
	}
	object, ok := enclosingObject(data, at, behind)
	if !ok {
		return candidate{}, false
	}
	if v, ok := object[key].text(); !ok || v != kind {
		return candidate{}, false
	}
	for name := range strings.SplitSeq(r.BlockArgs["members"], "|") {
		if _, ok := object[name]; !ok && name != "" {
			return candidate{}, false
		}
	}
	m := object[r.BlockArgs["secret"]]
	value, ok := m.text()
	if !ok || len(value) < 16 {
		return candidate{}, false
	}
	return jsonSecret([]byte(value), m, r)
}

// jsonSecret makes a candidate of a member's value, which may be a key in PEM.
func jsonSecret(value []byte, m member, r *rules.Rule) (candidate, bool) {
	if i := bytes.Index(value, []byte(pemOpen)); i >= 0 {
		c, ok := extractPEM(value, i, &rules.Rule{})
		c.start, c.end = m.start, m.end
		return c, ok
	}
	if placeholder(value, r.Placeholders) {
		return candidate{}, false
	}
	c := candidate{start: m.start, end: m.end, secret: value, display: value, ok: true}
	if r.BlockArgs["secret"] == "private_key" {
		c.confidence = rules.Low // a private key that is none
	}
	return c, true
}

func extractJWK(data []byte, at int, r *rules.Rule) (candidate, bool) {
	behind := at + len("kty")
	if data[at] == '"' {
		behind++
	}
	object, ok := enclosingObject(data, at, behind)
	if !ok {
		return candidate{}, false
	}
	name := "d"
	kind, ok := object["kty"].text()
	switch {
	case !ok:
		return candidate{}, false
	case kind == "oct":
		name = "k"
	case kind != "RSA" && kind != "EC" && kind != "OKP":
		return candidate{}, false
	}
	m := object[name]
	value, _ := m.text()
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(value, "="))
	if err != nil || len(value) < 32 || isRepeated(raw) {
		return candidate{}, false
	}
	return candidate{start: m.start, end: m.end, secret: raw, display: []byte(value), ok: true}, true
}

// enclosingObject parses the smallest object around data[at:behind]. Where the quotes there are escaped, the object is first freed
// from the string that it stands in.
func enclosingObject(data []byte, at, behind int) (map[string]member, bool) {
	// An object has its anchor once; a flood of them is none.
	if bytes.Count(data[max(0, at-64):at], data[at:behind]) > 2 {
		return nil, false
	}
	from, to := max(0, at-maxObject), min(len(data), behind+maxObject)
	w := window{text: data[from:to], offset: from}
	anchor := at - from
	if level := quoteLevel(data, behind); level > 0 {
		start, end, ok := bracesAround(w.text, anchor)
		if !ok {
			return nil, false
		}
		w, anchor = window{text: w.text[start:end], offset: from + start}, anchor-start
		for ; level > 0; level-- {
			w, anchor = w.unescape(anchor)
		}
	}
	budget := 2 * maxObject
	for i := anchor; budget > 0; {
		if i = bytes.LastIndexByte(w.text[:i], '{'); i < 0 {
			return nil, false
		}
		n := objectLength(w.text[i:])
		if n < 0 { // then those around it do not end either
			return nil, false
		}
		if i+n > anchor {
			return w.members(i, i+n)
		}
		budget -= n
	}
	return nil, false
}

// bracesAround returns the bounds of the smallest pair of braces around the anchor. It knows no strings: between escaped quotes braces
// are rarely anything else.
func bracesAround(text []byte, anchor int) (start, end int, ok bool) {
	depth := 0
	for start = anchor - 1; start >= 0; start-- {
		if text[start] == '}' {
			depth++
		} else if text[start] == '{' {
			if depth == 0 {
				break
			}
			depth--
		}
	}
	for end = anchor; start >= 0 && end < len(text); end++ {
		if text[end] == '{' {
			depth++
		} else if text[end] == '}' {
			if depth == 0 {
				return start, end + 1, true
			}
			depth--
		}
	}
	return 0, 0, false
}

// quoteLevel returns how often the quote at or before i was escaped: 0 for ", 1 for \", 2 for \\\".
func quoteLevel(data []byte, i int) int {
	for i < len(data) && data[i] == '\\' {
		i++
	}
	if i >= len(data) || data[i] != '"' {
		i = min(i, len(data)) - 1 // the anchor ended with its quote
		for i > 0 && data[i] != '"' {
			i--
		}
	}
	slashes := 0
	for i-1-slashes >= 0 && data[i-1-slashes] == '\\' && slashes < 15 {
		slashes++
	}
	level := 0
	for ; slashes > 0; slashes >>= 1 {
		level++
	}
	return level
}

// A window is a part of the data, perhaps with escapes resolved; at gives for each byte where it came from (nil: offset + i).
type window struct {
	text   []byte
	offset int
	at     []int
}

func (w window) origin(i int) int {
	if w.at == nil {
		return w.offset + i
	}
	if i >= len(w.at) {
		return w.at[len(w.at)-1] + 1
	}
	return w.at[i]
}

// unescape resolves one level of backslashes and returns where the anchor is now.
func (w window) unescape(anchor int) (window, int) {
	out := window{text: make([]byte, 0, len(w.text)), at: make([]int, 0, len(w.text))}
	moved := 0
	for i := 0; i < len(w.text); i++ {
		if i <= anchor {
			moved = len(out.text)
		}
		c := w.text[i]
		out.at = append(out.at, w.origin(i))
		if c == '\\' && i+1 < len(w.text) {
			switch w.text[i+1] {
			case '"', '\\', '/':
				i++
				c = w.text[i]
			case 'n', 'r', 't':
				i++
				c = ' '
			}
		}
		out.text = append(out.text, c)
	}
	return out, moved
}

// objectLength returns the length of the object at the start of b, -1 if it does not end.
func objectLength(b []byte) int {
	depth, inside := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case inside && c == '\\':
			i++
		case c == '"':
			inside = !inside
		case inside:
		case c == '{':
			depth++
		case c == '}':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return -1
}

// members parses the object in text[from:to].
func (w window) members(from, to int) (map[string]member, bool) {
	text := bytes.Map(func(c rune) rune { // newlines that a shell put into strings
		if c < ' ' {
			return ' '
		}
		return c
	}, w.text[from:to])
	if len(text) != to-from {
		return nil, false // not UTF-8
	}
	d := json.NewDecoder(bytes.NewReader(text))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, false
	}
	object := map[string]member{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, false
		}
		var m member
		if d.Decode(&m.raw) != nil {
			return nil, false
		}
		end := from + int(d.InputOffset())
		m.start, m.end = w.origin(end-len(m.raw)), w.origin(end)
		if len(m.raw) > 1 && m.raw[0] == '"' {
			m.start, m.end = w.origin(end-len(m.raw)+1), w.origin(end-1)
		}
		if s, ok := name.(string); ok {
			object[s] = m
		}
	}
	return object, true
}

func generateJSON(rnd *rand.Rand, r *rules.Rule) (text, secret []byte) {
	key := r.BlockArgs["key"]
	if key == "" {
		key = "type"
	}
	object := map[string]string{key: r.BlockArgs["type"]}
	for name := range strings.SplitSeq(r.BlockArgs["members"], "|") {
		if name != "" {
			object[name] = randomText(rnd, 24)
		}
	}
	name := r.BlockArgs["secret"]
	if strings.Contains(name, "private_key") {
		secret = must(pkcs8RSA(rnd))
		object[name] = string(encodePEM(pemKey, secret))
	} else {
		object[name] = randomText(rnd, 48)
		secret = []byte(object[name])
	}
	return must(json.MarshalIndent(object, "", "  ")), secret
}

func generateJWK(rnd *rand.Rand, r *rules.Rule) (text, secret []byte) {
	key := newEd25519(rnd)
	b64 := base64.RawURLEncoding.EncodeToString
	object := map[string]string{"kty": "OKP", "crv": "Ed25519", "d": b64(key[:32]), "x": b64(key[32:])}
	return must(json.Marshal(object)), key[:32]
}

// randomText returns n letters and digits.
func randomText(rnd *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = digits62[rnd.IntN(len(digits62))]
	}
	return string(b)
}
