package detectors

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"mudlark/rules"
)

func blockRule(block string, args ...string) *rules.Rule {
	r := &rules.Rule{ID: "test", Block: block, BlockArgs: map[string]string{}}
	for i := 0; i+1 < len(args); i += 2 {
		r.BlockArgs[args[i]] = args[i+1]
	}
	return r
}

// extractAll calls the extractor at every hit of its keywords.
func extractAll(data []byte, r *rules.Rule) []candidate {
	x, _ := extractorFor(r.Block)
	var out []candidate
	for _, k := range x.keywordsFor(r) {
		for i := 0; i+len(k) <= len(data); i++ {
			if string(data[i:i+len(k)]) != k {
				continue
			}
			if c, ok := x.extract(data, i, r); ok {
				out = append(out, c)
			}
		}
	}
	return out
}

// blockRules has one rule for each extractor and each kind that it generates.
func blockRules() map[string]*rules.Rule {
	return map[string]*rules.Rule{
		"any":             blockRule("pem"),
		"rsa":             blockRule("pem", "labels", "RSA "+pemKey),
		"ec, dsa":         blockRule("pem", "labels", "EC "+pemKey+"|DSA "+pemKey),
		"openssh":         blockRule("pem", "labels", "OPENSSH "+pemKey),
		"encrypted":       blockRule("pem", "labels", "ENCRYPTED "+pemKey),
		"pgp":             blockRule("pgp"),
		"ssh2":            blockRule("ssh2"),
		"ppk":             blockRule("ppk"),
		"jwk":             blockRule("jwk"),
		"xmlrsa":          blockRule("xmlrsa"),
		"pkcs12":          blockRule("pkcs12"),
		"jks":             blockRule("jks"),
		"service account": blockRule("json", "type", "service_account", "secret", "private_key", "members", "client_email"),
		"authorized user": blockRule("json", "type", "authorized_user", "secret", "refresh_token"),
		"url":             blockRule("url", "schemes", "postgres|postgresql|mongodb+srv"),
	}
}

func TestGeneratedBlocksAreFound(t *testing.T) {
	rnd := rand.New(rand.NewPCG(19, 20))
	for name, r := range blockRules() {
		t.Run(name, func(t *testing.T) {
			for range 5 {
				text, secret := Generate(rnd, r)
				if len(text) == 0 || len(secret) == 0 {
					t.Fatal("nothing generated")
				}
				for _, c := range []struct{ before, behind string }{{"", ""}, {"a: 1\n", "\nb: 2\n"}, {"x = '", "'\n"}} {
					data := []byte(c.before + string(text) + c.behind)
					got := extractAll(data, r)
					if len(got) != 1 {
						t.Fatalf("%d candidates in\n%s", len(got), data)
					}
					g := got[0]
					if !bytes.Equal(g.secret, secret) || (!g.ok && r.Block != "url") || g.confidence == rules.Low {
						t.Errorf("ok %v, confidence %q, secret %q, want %q, in\n%s", g.ok, g.confidence, g.secret, secret, data)
					}
					if g.start < len(c.before) || g.end > len(c.before)+len(text) || g.start >= g.end {
						t.Errorf("at [%d, %d)", g.start, g.end)
					}
				}
			}
		})
	}
}

// jsonString returns s as a JSON string.
func jsonString(s string) string { return string(must(json.Marshal(s))) }

// The forms in which a key stands in files are one canonical secret.
func TestFormsOfPEM(t *testing.T) {
	rnd := rand.New(rand.NewPCG(21, 22))
	for _, label := range []string{"RSA " + pemKey, pemKey, "OPENSSH " + pemKey} {
		raw := newKey(rnd, label)
		text := string(encodePEM(label, raw))
		lines := strings.Split(strings.TrimSpace(text), "\n")
		join := func(before, sep, behind string) string { return before + strings.Join(lines, sep) + behind }
		each := func(before, behind string) string { return before + strings.Join(lines, behind+before) + behind }
		begin, body, end := lines[0], strings.Join(lines[1:len(lines)-1], ""), lines[len(lines)-1]
		forms := map[string]string{
			"plain":                  text,
			"CRLF":                   join("", "\r\n", "\r\n"),
			"YAML block":             "key: |\n" + each("    ", "\n"),
			"YAML folded":            "key: >\n" + each("  ", "\n\n"),
			"env, escaped":           join("KEY=\"", `\n`, "\"\n"),
			"env, CRLF escaped":      join("KEY='", `\r\n`, "'\n"),
			"JSON":                   `{"k":` + jsonString(text) + `}`,
			"JSON within JSON":       `{"k":` + jsonString(`{"k":`+jsonString(text)+`}`) + `}`,
			"slashes escaped":        `{"k":"` + strings.ReplaceAll(join("", `\n`, ""), "/", `\/`) + `"}`,
			"signs escaped":          `{"k":"` + strings.NewReplacer("+", `\u002b`, "=", `\u003d`).Replace(join("", `\u000a`, "")) + `"}`,
			"spaces":                 join("KEY=\"", " ", "\"\n"),
			"no lines":               begin + body + end,
			"one body line":          begin + "\n" + body + "\n" + end,
			"Java":                   `String k = ` + strings.TrimSuffix(each("\n    \"", `\n" +`), " +") + ";",
			"JavaScript, single":     "const k = " + strings.TrimSuffix(each("\n  '", `\n' +`), " +") + ";",
			"C":                      "char *k =\n" + each("  \"", "\\n\"\n") + ";",
			"PHP":                    "$k = " + strings.TrimSuffix(each("\n\"", `\n" .`), " .") + ";",
			"array":                  "[" + each("\n\"", `",`) + "].join('\\n')",
			"Python, triple":         `k = """` + text + `"""`,
			"Go, raw":                "k := `" + text + "`",
			"C, continued lines":     `char *k = "` + join("", "\\n\\\n", "") + `";`,
			"shell comment":          each("# ", "\n"),
			"block comment":          "/*\n" + each(" * ", "\n") + " */",
			"line comment, indented": each("\t// ", "\n"),
			"diff, added":            each("+", "\n"),
			"diff, removed":          each("-", "\n"),
			"quoted mail":            each("> ", "\n"),
			"XML":                    "<key>" + join("", "&#10;", "") + "</key>",
			"HTML":                   "<pre>" + join("", "<br>", "") + "</pre>",
			"narrow lines":           begin + "\n" + strings.Join(wrap(body, 40), "\n") + "\n" + end,
			"headers":                begin + "\nComment: a <key> & more\n\n" + body + "\n" + end,
			"trailing spaces":        each("", "  \n"),
			"EC PARAMETERS before":   pemOpen + "EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" + text,
		}
		for name, form := range forms {
			t.Run(label+", "+name, func(t *testing.T) {
				got := extractAll([]byte(form), blockRule("pem"))
				if len(got) != 1 {
					t.Fatalf("%d candidates in\n%s", len(got), form)
				}
				if c := got[0]; !c.ok || !bytes.Equal(c.secret, raw) {
					t.Fatalf("ok %v, confidence %q in\n%s", c.ok, c.confidence, form)
				}
				block, rest := pem.Decode(got[0].display)
				if block == nil || !bytes.Equal(block.Bytes, raw) || len(rest) > 0 {
					t.Errorf("display is\n%s", got[0].display)
				}
				if name != "narrow lines" && name != "headers" && !strings.Contains(string(got[0].display), lines[2]+"\n") {
					t.Errorf("display lacks a line:\n%s", got[0].display)
				}
				if !strings.HasPrefix(form[got[0].start:], begin) || !strings.HasSuffix(form[:got[0].end], end) {
					t.Errorf("[%d, %d) is not the block", got[0].start, got[0].end)
				}
			})
		}
	}
}

func TestNoKeys(t *testing.T) {
	rnd := rand.New(rand.NewPCG(23, 24))
	raw := newKey(rnd, "RSA "+pemKey)
	text := string(encodePEM("RSA "+pemKey, raw))
	lines := strings.Split(strings.TrimSpace(text), "\n")
	block := func(label, body string) string {
		return pemOpen + label + "-----\n" + body + "\n-----END " + label + "-----\n"
	}
	b64 := func(n int) string { return base64.StdEncoding.EncodeToString(randomBytes(rnd, n)) }
	public := must(x509.MarshalPKIXPublicKey(newRSA(rnd).Public()))
	nothing := map[string]string{
		"redacted line":  strings.Replace(text, lines[3], "[REDACTED]", 1),
		"dots":           block("RSA "+pemKey, "..."),
		"shortened":      block("RSA "+pemKey, lines[1]+"\n...\n"+lines[5]),
		"placeholder":    block("RSA "+pemKey, "<your key here>"),
		"template":       block(pemKey, "{{ .Values.key }}"),
		"empty":          block(pemKey, ""),
		"short":          block(pemKey, "MIIE"),
		"repeated":       block(pemKey, strings.Repeat("AAAA", 200)),
		"certificate":    block("CERTIFICATE", b64(900)),
		"public key":     block("PUBLIC KEY", base64.StdEncoding.EncodeToString(public)),
		"public, RSA":    block("RSA PUBLIC KEY", b64(270)),
		"PGP signature":  block("PGP SIGNATURE", b64(300)),
		"PGP public key": block("PGP PUBLIC KEY BLOCK", b64(300)),
		"only the lines": "grep -e '" + lines[0] + "' -e '" + lines[len(lines)-1] + "'",
		"code":           `strings.HasPrefix(s, "` + lines[0] + `") && x == "` + lines[len(lines)-1] + `"`,
	}
	for name, data := range nothing {
		t.Run(name, func(t *testing.T) {
			for _, r := range []*rules.Rule{blockRule("pem"), blockRule("pgp")} {
				if got := extractAll([]byte(data), r); len(got) > 0 {
					t.Errorf("found %q", got[0].display)
				}
			}
		})
	}
	low := map[string]string{
		"no end":       strings.Join(lines[:len(lines)-1], "\n"),
		"other end":    strings.Join(lines[:len(lines)-1], "\n") + "\n-----END EC " + pemKey + "-----\n",
		"line missing": strings.Join(append(append([]string{}, lines[:3]...), lines[4:]...), "\n"),
		"random":       block("RSA "+pemKey, b64(600)),
	}
	for name, data := range low {
		t.Run(name, func(t *testing.T) {
			for _, c := range extractAll([]byte(data), blockRule("pem")) {
				if c.ok || c.confidence != rules.Low {
					t.Errorf("ok %v, confidence %q", c.ok, c.confidence)
				}
			}
		})
	}
}

func TestEncryptedPEM(t *testing.T) {
	rnd := rand.New(rand.NewPCG(25, 26))
	body := strings.Join(wrap(base64.StdEncoding.EncodeToString(randomBytes(rnd, 608)), 64), "\n")
	headers := "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0123\n\n"
	text := pemOpen + "RSA " + pemKey + "-----\n" + headers + body + "\n-----END RSA " + pemKey + "-----\n"
	secret := strings.ReplaceAll(body, "\n", "")
	for name, form := range map[string]string{
		"plain": text, "escaped": `"` + strings.ReplaceAll(text, "\n", `\n`) + `"`, "spaces": strings.ReplaceAll(text, "\n", " "),
		"commented": "# " + strings.ReplaceAll(text, "\n", "\n# "),
	} {
		t.Run(name, func(t *testing.T) {
			got := extractAll([]byte(form), blockRule("pem"))
			if len(got) != 1 || !got[0].ok || got[0].confidence != rules.Medium || string(got[0].secret) != secret {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestJSONForms(t *testing.T) {
	rnd := rand.New(rand.NewPCG(27, 28))
	for _, name := range []string{"service account", "authorized user", "jwk"} {
		r := blockRules()[name]
		text, secret := Generate(rnd, r)
		var compact bytes.Buffer
		if err := json.Compact(&compact, text); err != nil {
			t.Fatal(err)
		}
		one := compact.String()
		escaped := jsonString(one)
		forms := map[string]string{
			"indented": string(text), "one line": one, "env": "CREDENTIALS='" + one + "'\n", "within JSON": `{"a": ` + escaped + `, "b": {}}`,
			"within JSON twice": `{"a": ` + jsonString(`{"b":`+escaped+`}`) + `}`, "YAML": "key: |\n  " + strings.ReplaceAll(string(text), "\n", "\n  "),
			"list of objects": `[{"x":{"y":"}"}},` + one + `,{"type":"other"}]`, "nested": `{"outer": {"in": ` + one + `}}`,
			"newlines unescaped": strings.ReplaceAll(one, `\n`, "\n"),
		}
		for form, data := range forms {
			t.Run(name+", "+form, func(t *testing.T) {
				got := extractAll([]byte(data), r)
				if len(got) != 1 || !got[0].ok || !bytes.Equal(got[0].secret, secret) {
					t.Fatalf("got %+v in\n%s", got, data)
				}
				if at := data[got[0].start:got[0].end]; strings.HasPrefix(at, `"`) || len(at) < 16 {
					t.Errorf("[%d, %d) is %q", got[0].start, got[0].end, at)
				}
			})
		}
	}
	public := `{"kty":"RSA","n":"` + randomText(rnd, 200) + `","e":"AQAB"}`
	if got := extractAll([]byte(public), blockRule("jwk")); len(got) > 0 {
		t.Error("a public JWK is no secret")
	}
	for _, data := range []string{
		`{"type":"service_account","private_key":"<your key here, a long one>","client_email":"a"}`,
		`{"type":"service_account_x","private_key":"` + randomText(rnd, 40) + `","client_email":"a"}`,
		`service_account"`, `{"service_account":1}`, `{"type":"service_account"`,
	} {
		if got := extractAll([]byte(data), blockRules()["service account"]); len(got) > 0 {
			t.Errorf("%s: found %+v", data, got)
		}
	}
}

func TestURLs(t *testing.T) {
	rnd := rand.New(rand.NewPCG(29, 30))
	p := randomText(rnd, 12) + "a7"
	r := blockRule("url", "schemes", "postgres|postgresql|mongodb|mongodb+srv|https|redis")
	tests := []struct{ name, data, secret, confidence string }{
		{"plain", "postgres://app:" + p + "@db.corp.net:5432/main?x=1", "postgres://app:" + p + "@db.corp.net:5432", rules.Medium},
		{"quoted", `url = "postgres://app:` + p + `@db.corp.net"`, "postgres://app:" + p + "@db.corp.net", rules.Medium},
		{"dialect", "postgresql+psycopg2://app:" + p + "@db.corp.net/x", "postgresql+psycopg2://app:" + p + "@db.corp.net", rules.Medium},
		{"jdbc", "jdbc:postgresql://app:" + p + "@db.corp.net/x", "postgresql://app:" + p + "@db.corp.net", rules.Medium},
		{"hosts", "mongodb://app:" + p + "@a.corp.net:1,b.corp.net:2/x", "mongodb://app:" + p + "@a.corp.net:1,b.corp.net:2", rules.Medium},
		{"scheme with a plus", "mongodb+srv://app:" + p + "@a.corp.net/x", "mongodb+srv://app:" + p + "@a.corp.net", rules.Medium},
		{"no user", "redis://:" + p + "@cache.corp.net:6379/0", "redis://:" + p + "@cache.corp.net:6379", rules.Medium},
		{"IPv6", "redis://:" + p + "@[2001:db8::1]:6379/0", "redis://:" + p + "@[2001:db8::1]:6379", rules.Medium},
		{"percent", "postgres://app:" + p + "%40%2F@db.corp.net/x", "postgres://app:" + p + "%40%2F@db.corp.net", rules.Medium},
		{"at sign within", "postgres://app:" + p + "@x@db.corp.net/x", "postgres://app:" + p + "@x@db.corp.net", rules.Medium},
		{"hash within", "postgres://app:" + p + "#x@db.corp.net/x", "postgres://app:" + p + "#x@db.corp.net", rules.Medium},
		{"sentence", "see (postgres://app:" + p + "@db.corp.net).", "postgres://app:" + p + "@db.corp.net", rules.Medium},
		{"weak, real host", "postgres://app:" + "hunter2@db.corp.net/x", "postgres://app:" + "hunter2@db.corp.net", rules.Medium},
		{"weak, local", "postgres://app:" + "hunter2@localhost/x", "postgres://app:" + "hunter2@localhost", rules.Low},
		{"user is password", "postgres://postgres:" + "postgres@localhost:5432/x", "postgres://postgres:" + "postgres@localhost:5432", rules.Low},
		{"strong, local", "postgres://app:" + p + "@localhost/x", "postgres://app:" + p + "@localhost", rules.Medium},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := extractAll([]byte(tt.data), r)
			if len(got) != 1 || string(got[0].secret) != tt.secret || got[0].confidence != rules.Confidence(tt.confidence) {
				t.Errorf("%s: got %+v", tt.data, got)
			}
		})
	}
	for _, password := range []string{
		"", "password", "pass", "PASSWORD", "<password>", "${PASSWORD}", "$PASSWORD", "%s", "{{.Pass}}", "{password}", "xxx", "xxxxxxx", "***",
		"changeme", "your_password", "my-secret", "#{pw}", "[password]", "...", "secret", "db_password", ":password", "process.env.PW",
		"example", "os.getenv(", "%24%7BPW%7D",
	} {
		data := "postgres://user:" + password + "@db.corp.net/x"
		if got := extractAll([]byte(data), r); len(got) > 0 {
			t.Errorf("%s: found %q", data, got[0].secret)
		}
	}
	for _, data := range []string{
		"https://host:443/path@2x.png", "https://github.com/@user", "postgres://db.corp.net/x", "postgres://app@db.corp.net",
		"xpostgres://a:" + p + "@b.corp.net", "postgres://", "postgresql+x", "https://a:" + p + "@", "https://a:" + p + "@/x", "git@host:path",
	} {
		if got := extractAll([]byte(data), r); len(got) > 0 {
			t.Errorf("%s: found %q", data, got[0].secret)
		}
	}
}

func TestTrustStoreHoldsNoKey(t *testing.T) {
	cert := "\xfe\xed\xfe\xed\x00\x00\x00\x02\x00\x00\x00\x01\x00\x00\x00\x02\x00\x02ca\x00\x00\x00\x00\x00\x00\x00\x00\x00\x05X.509\x00\x00\x00\x03abc"
	if got := extractAll([]byte(cert), blockRule("jks")); len(got) > 0 {
		t.Errorf("found %+v", got)
	}
}

func FuzzBlocks(f *testing.F) {
	rnd := rand.New(rand.NewPCG(31, 32))
	set := blockRules()
	for _, r := range set {
		text, _ := Generate(rnd, r)
		f.Add(text)
		f.Add(text[:len(text)/2])
		f.Add([]byte(jsonString(string(text))))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, r := range set {
			for _, c := range extractAll(data, r) {
				if c.start < 0 || c.start > c.end || c.end > len(data) || len(c.secret) == 0 {
					t.Fatalf("%s: [%d, %d) of %d, secret of %d bytes", r.Block, c.start, c.end, len(data), len(c.secret))
				}
			}
		}
	})
}

// Floods of anchors cost a bounded amount each.
func TestBlocksAreLinear(t *testing.T) {
	rnd := rand.New(rand.NewPCG(39, 40))
	begin := pemOpen + pemKey + pemDashes
	units := []string{
		begin, begin + "\n", begin + strings.Repeat("A", 1000), pgpOpen, ssh2Open, ppkOpen + "2", `"kty"`, `{"kty"`, `{"kty":{`, `\"kty\"`, "{{{{" + `"kty"`,
		`"service_account"`, `{"type":"service_account",`, `\\\"service_account\\\"`, "<RSAKeyValue>", oidData, "\xfe\xed\xfe\xed\x00\x00\x00\x02\x00\x00\xff\xff",
		"postgres://a:b", "postgres://" + randomText(rnd, 30) + ":x@", "postgres+",
	}
	for _, unit := range units {
		data := []byte(strings.Repeat(unit, 256<<10/len(unit)))
		for name, r := range blockRules() {
			start := time.Now()
			extractAll(data, r)
			if d := time.Since(start); d > slow*time.Second {
				t.Errorf("%s: %v for 256 KiB of %.40q", name, d, unit)
			}
		}
	}
}
