package scanner

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
	"testing"
)

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// wrapped breaks text into lines of n characters.
func wrapped(s string, n int) string {
	var b strings.Builder
	for len(s) > n {
		b.WriteString(s[:n] + "\n")
		s = s[n:]
	}
	return b.String() + s
}

// escaped writes every character as \uXXXX.
func escaped(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		fmt.Fprintf(&b, `\u%04x`, c)
	}
	return b.String()
}

func percent(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		fmt.Fprintf(&b, "%%%02X", c)
	}
	return b.String()
}

func TestEncoded(t *testing.T) {
	t.Parallel()
	deep := func(n int) string {
		s := "secret " + token(1) + " end"
		for range n {
			s = b64(s)
		}
		return s
	}
	one := func(name, content string, line int, decoded string) scenario {
		return scenario{name, func(r *sandbox) {
			r.base()
			c := r.put("secret.yaml", content)
			r.expect(token(1), c, "secret.yaml", line, here).decoded = decoded
		}}
	}
	runScenarios(t, []scenario{
		one("base64, as in a Kubernetes Secret", "apiVersion: v1\nkind: Secret\ndata:\n  token: "+b64(token(1))+"\n", 4, "base64"),
		one("base64 of a text", "x\n"+b64("user:"+token(1)+"\n")+"\n", 2, "base64"),
		one("base64 without padding", "x = "+strings.TrimRight(b64("a:"+token(1)), "=")+";\n", 1, "base64"),
		one("base64 for URLs", "x="+base64.RawURLEncoding.EncodeToString([]byte("\xfb\xff?>"+key(1)))+"&y=1\n", 1, "base64"),
		one("base64 in lines of 76", "begin\n"+wrapped(b64(doc(1, 10)+key(1)), 76)+"\nend\n", 2, "base64"),
		one("base64 in lines of 64 with CRLF", strings.ReplaceAll(wrapped(b64(doc(1, 10)+key(1)), 64), "\n", "\r\n")+"\r\n", 1, "base64"),
		one("base64 in a data URI", "url(data:text/plain;base64,"+b64(key(1))+")\n", 1, "base64"),
		one("hexadecimal", "a\nblob = "+hex.EncodeToString([]byte("token="+token(1)))+"\n", 2, "hex"),
		one("hexadecimal, capitals", "a\nblob = "+strings.ToUpper(hex.EncodeToString([]byte("token="+token(1))))+"\n", 2, "hex"),
		one("percent", "https://host.invalid/?q="+url.QueryEscape("key is \""+token(1)+"\" ok")+"\n", 1, ""),
		one("percent, every byte", "q="+percent("x "+token(1))+"\n", 1, "percent"),
		one("escapes of a JSON text", `{"a": "`+escaped("x "+token(1))+"\"}\n", 1, "escape"),
		one("base64 twice", "x: "+deep(2)+"\n", 1, "base64,base64"),
		one("base64 five times", "x: "+deep(5)+"\n", 1, "base64,base64,base64,base64,base64"),
		one("hexadecimal of base64", "x: "+hex.EncodeToString([]byte(b64("k "+token(1))))+"\n", 1, "hex,base64"),
		{"deeper than the limit", func(r *sandbox) {
			r.put("x", "x: "+deep(6)+"\n")
			r.skipped = []string{"limit"}
		}},
		{"limit lowered", func(r *sandbox) {
			c := r.put("x", "x: "+deep(1)+"\n")
			r.put("y", "x: "+strings.ReplaceAll(deep(2), token(1), token(2))+"\n")
			r.opt.MaxDecodeDepth = 1
			r.skipped = []string{"limit"}
			r.expect(token(1), c, "x", 1, here).places = 1
		}},
		{"no decoding", func(r *sandbox) {
			r.put("x", "x: "+deep(1)+"\n")
			r.opt.MaxDecodeDepth = -1
		}},
		{"plain and encoded are one secret", func(r *sandbox) {
			c := r.put("a", b64("k: "+token(1))+"\n")
			r.put("b", key(1))
			r.put("c", hex.EncodeToString([]byte("k: "+token(1)))+"\n")
			r.expect(token(1), c, "a", 1, here).places = 3
		}},
		{"decoded in place", func(r *sandbox) {
			c := r.put("a", b64("k: "+token(1))+"\n")
			r.put("a", key(1))
			r.expect(token(1), c, "a", 1, here).places = 1
		}},
		{"encoded in a message", func(r *sandbox) {
			c := r.commit(text("a", "a\n"), message("old: "+b64("k: "+token(1))))
			r.expect(token(1), c, "", 1, gone).source = sourceMessage
		}},
	})
}
