package detectors

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"mime/quotedprintable"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
)

// decodedRegion is a region with a text of its own.
type decodedRegion struct {
	region
	text string
}

func allRegions(t testing.TB, data []byte, maxRun int) []decodedRegion {
	t.Helper()
	var out []decodedRegion
	newDecoder(maxRun).regions(data, func(r region) {
		if r.start < 0 || r.end > len(data) || r.start >= r.end {
			t.Fatalf("%s region [%d, %d) of %d bytes", r.decoder, r.start, r.end, len(data))
		}
		out = append(out, decodedRegion{r, string(r.text)})
	})
	return out
}

// decodesTo returns the region of the decoder whose text contains want.
func decodesTo(t testing.TB, data []byte, decoder, want string) (decodedRegion, bool) {
	t.Helper()
	for _, r := range allRegions(t, data, 1<<20) {
		if r.decoder == decoder && strings.Contains(r.text, want) {
			return r, true
		}
	}
	return decodedRegion{}, false
}

// randomSecret returns text as tokens have it.
func randomSecret(rnd *rand.Rand) string { return "tok_" + randomText(rnd, 16+rnd.IntN(60)) }

func escapeAll(s, format string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		fmt.Fprintf(&b, format, c)
	}
	return b.String()
}

func percentAll(s string) string { return escapeAll(s, "%%%02X") }

func encodeUTF16(s string, big bool) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		if big {
			b = append(b, byte(u>>8), byte(u))
		} else {
			b = append(b, byte(u), byte(u>>8))
		}
	}
	return string(b)
}

func encodeUTF32(s string, big bool) string {
	var b []byte
	for _, r := range s {
		if big {
			b = binary.BigEndian.AppendUint32(b, uint32(r))
		} else {
			b = binary.LittleEndian.AppendUint32(b, uint32(r))
		}
	}
	return string(b)
}

// entities replaces one character.
func entities(s, c, name string) string { return strings.ReplaceAll(s, c, name) }

func quotedPrintableOf(s string) string {
	var b strings.Builder
	w := quotedprintable.NewWriter(&b)
	if _, err := w.Write([]byte(s)); err != nil {
		panic(err) // a strings.Builder takes everything
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.String()
}

func TestDecodersUndoEncoders(t *testing.T) {
	utf16Of := func(big bool) func(string) string { return func(s string) string { return encodeUTF16(s, big) } }
	encoders := []struct {
		name, decoder string
		encode        func(string) string
	}{
		{"standard", decoderBase64, func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }},
		{"raw", decoderBase64, func(s string) string { return base64.RawStdEncoding.EncodeToString([]byte(s)) }},
		{"URL", decoderBase64, func(s string) string { return base64.URLEncoding.EncodeToString([]byte(s)) }},
		{"hex", decoderHex, func(s string) string { return hex.EncodeToString([]byte(s)) }},
		{"HEX", decoderHex, func(s string) string { return strings.ToUpper(hex.EncodeToString([]byte(s))) }},
		{"percent", decoderPercent, func(s string) string { return percentAll(s) }},
		{"query", decoderPercent, func(s string) string { return url.QueryEscape("a=" + s) }},
		{"u", decoderEscape, func(s string) string { return escapeAll(s, `\u%04x`) }},
		{"U", decoderEscape, func(s string) string { return escapeAll(s, `\U%08X`) }},
		{"x", decoderEscape, func(s string) string { return escapeAll(s, `\x%02x`) }},
		{"brace", decoderEscape, func(s string) string { return escapeAll(s, `\u{%x}`) }},
		{"little", decoderUTF16, utf16Of(false)},
		{"big", decoderUTF16, utf16Of(true)},
		{"little 32", decoderUTF32, func(s string) string { return encodeUTF32(s, false) }},
		{"big 32", decoderUTF32, func(s string) string { return encodeUTF32(s, true) }},
		{"decimal", decoderEntity, func(s string) string { return escapeAll(s, "&#%d;") }},
		{"hexadecimal", decoderEntity, func(s string) string { return escapeAll(s, "&#x%X;") }},
		{"named", decoderEntity, func(s string) string { return entities(s, "_", "&lowbar;") }},
		{"quoted-printable", decoderQuoted, func(s string) string { return quotedPrintableOf("x=" + s) }},
		{"quoted-printable, all", decoderQuoted, func(s string) string { return "=3D" + escapeAll(s, "=%02X") }},
	}
	contexts := []struct{ before, behind string }{
		{"", ""}, {"key = ", "\n"}, {"\"", "\""}, {"first\n  token: ", "\nlast\n"}, {"(", ")"}, {"a=", "&b=c"}, {"<e>", "</e>"},
		{"x\x01\x02", "\x01\x02"}, {"don't; key: '", "', other\n"},
	}
	rnd := rand.New(rand.NewPCG(5, 6))
	for _, e := range encoders {
		t.Run(e.name, func(t *testing.T) {
			for range 200 {
				secret := randomSecret(rnd)
				c := contexts[rnd.IntN(len(contexts))]
				if e.decoder == decoderQuoted && strings.HasPrefix(c.before, "a=") {
					continue // no mail has that
				}
				data := []byte(c.before + e.encode(secret) + c.behind)
				r, ok := decodesTo(t, data, e.decoder, secret)
				if !ok {
					t.Fatalf("%q is not decoded", data)
				}
				if r.start > len(c.before) || r.end < len(c.before)+4 {
					t.Fatalf("%q: run at [%d, %d)", data, r.start, r.end)
				}
			}
		})
	}
}

func TestBase64Runs(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 8))
	secret := randomText(rnd, 200)
	b64 := base64.StdEncoding.EncodeToString([]byte(secret))
	lines := func(width int, sep string) string { return strings.Join(wrap(b64, width), sep) }
	short := randomText(rnd, 45)
	tests := []struct{ name, data, want string }{
		{"wrapped at 76", lines(76, "\n"), secret},
		{"wrapped at 64, CRLF", "data:\r\n" + lines(64, "\r\n") + "\r\n\r\nend", secret},
		{"indented", "data: |\n    " + lines(60, "\n    ") + "\nnext: 1", secret},
		{"behind a path of another alignment", "token/" + base64.RawURLEncoding.EncodeToString([]byte(short)), short},
		{"behind a path", "a/b/" + base64.StdEncoding.EncodeToString([]byte(short)), short},
		{"behind an escaped newline", `key:\n` + base64.StdEncoding.EncodeToString([]byte(short)), short},
		{"lone last character", base64.RawStdEncoding.EncodeToString([]byte(short)) + "A", short[:44]},
		{"UTF-16 within", base64.StdEncoding.EncodeToString([]byte(encodeUTF16(short[:12], false))), short[:1] + "\x00"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, ok := decodesTo(t, []byte(tt.data), decoderBase64, tt.want); !ok {
				t.Errorf("%q is not decoded: %+v", tt.data, allRegions(t, []byte(tt.data), 1<<20))
			}
		})
	}
}

func TestNothingToDecode(t *testing.T) {
	for _, data := range []string{
		"", "a", "%", "%%", "%zz 100%", `\`, `\\`, `\u12`, `\u{}`, `C:\users\name`, "short+run/of=text", "\x00", "\x00\x00\x00\x00\x00\x00\x00\x00",
		strings.Repeat("0", 31), "%00%01",
	} {
		if r := allRegions(t, []byte(data), 1<<20); len(r) > 0 {
			t.Errorf("%q: %+v", data, r)
		}
	}
}

func TestEscapesResolve(t *testing.T) {
	tests := []struct{ name, data, want string }{
		{"surrogate pair", `"\ud83d\ude00 x"`, "\U0001F600 x"},
		{"lone surrogate", `"\ud83d x"`, "\uFFFD x"},
		{"short escapes too", `"a\u003d\"b\"\n"`, "a=\"b\"\n"},
		{"escaped twice", `"{\"a\":\"b\\u003d\"}"`, `{"a":"b\u003d"}`},
		{"bytes", `"\xf0\x9f\x98\x80"`, "\U0001F600"},
		{"only the string", `x = "no" + "\u0041b" + "no"`, "Ab"},
		{"no string", "name=\\u0041b c\n", "name=Ab c"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := allRegions(t, []byte(tt.data), 1<<20)
			if len(r) != 1 || r[0].text != tt.want {
				t.Errorf("got %+v, want %q", r, tt.want)
			}
		})
	}
}

func TestUTF16Places(t *testing.T) {
	text := "first line\r\nsecond = \u00fcber value\r\nthird\r\n"
	cyrillic := "\u043a\u043b\u044e\u0447 = value of the key, \U0001F600\n"
	tests := []struct {
		name, data, want string
		start, lines     int
	}{
		{"mark, little", "\xff\xfe" + encodeUTF16(text, false), text, 2, 0},
		{"mark, big", "\xfe\xff" + encodeUTF16(text, true), text, 2, 0},
		{"no mark, little", encodeUTF16(text, false), text, 0, 0},
		{"no mark, big", encodeUTF16(text, true), text, 0, 0},
		{"other letters", "\xff\xfe" + encodeUTF16(cyrillic, false), cyrillic, 2, 0},
		{"odd last byte", "\xff\xfe" + encodeUTF16(text, false) + "x", text, 2, 0},
		{"appended to ASCII, little", "one\ntwo\n" + encodeUTF16(text, false), text, 8, 2},
		{"appended to ASCII, big", "one\ntwo\n" + encodeUTF16(text, true), text, 8, 2},
		{"odd offset", "one\n\n" + encodeUTF16(text, false), text, 5, 2},
		{"within a binary", "\x01\x02\x00\x00\x03" + encodeUTF16(text, false) + "\x00\x00\x01", text, 5, 0},
		{"before ASCII", encodeUTF16(text, false) + "and more of another kind, much more than the first part of it, longer by far", text, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, ok := decodesTo(t, []byte(tt.data), decoderUTF16, tt.want)
			if !ok {
				t.Fatalf("not decoded: %+v", allRegions(t, []byte(tt.data), 1<<20))
			}
			if r.start != tt.start || r.lines != tt.lines || r.text != tt.want {
				t.Errorf("start %d, lines %d, text %q", r.start, r.lines, r.text)
			}
		})
	}
}

// Long runs come in chunks that together hold everything that is shorter than their overlap.
func TestChunksOverlap(t *testing.T) {
	rnd := rand.New(rand.NewPCG(9, 10))
	const maxRun = 4096
	text := randomText(rnd, 40000)
	encodings := map[string]string{
		decoderBase64:                       base64.StdEncoding.EncodeToString([]byte(text)),
		decoderHex:                          hex.EncodeToString([]byte(text)),
		decoderPercent:                      percentAll(text),
		decoderEscape:                       escapeAll(text, `\u%04x`),
		decoderUTF16:                        encodeUTF16(text, false),
		decoderUTF32:                        encodeUTF32(text, true),
		decoderEntity:                       escapeAll(text, "&#%d;"),
		decoderQuoted:                       quotedPrintableOf("=" + text),
		decoderBase64 + " behind marks":     "# " + strings.Join(wrap(base64.StdEncoding.EncodeToString([]byte(text)), 61), "\n# "),
		decoderUTF16 + " in a binary":       "\x00\x00\x01" + encodeUTF16(text, false),
		decoderBase64 + " in wrapped lines": strings.Join(wrap(base64.StdEncoding.EncodeToString([]byte(text)), 76), "\n  "),
	}
	for name, data := range encodings {
		t.Run(name, func(t *testing.T) {
			decoder, _, _ := strings.Cut(name, " ")
			regions := allRegions(t, []byte(data), maxRun)
			for i := 0; i+200 <= len(text); i += 37 {
				found := false
				for _, r := range regions {
					found = found || r.decoder == decoder && strings.Contains(r.text, text[i:i+200])
				}
				if !found {
					t.Fatalf("text[%d:%d] is in no chunk", i, i+200)
				}
			}
			total := 0
			for _, r := range regions {
				if total += len(r.text); r.decoder == decoder && len(r.text) > maxRun*2 {
					t.Errorf("a chunk of %d bytes", len(r.text))
				}
			}
			if total > 4*len(text)+1000 {
				t.Errorf("%d bytes decoded of %d", total, len(text))
			}
		})
	}
}

// A decoder may be called again while its text is in use.
func TestDecoderNests(t *testing.T) {
	rnd := rand.New(rand.NewPCG(11, 12))
	secret := randomText(rnd, 40)
	data := []byte(percentAll(`"` + base64.StdEncoding.EncodeToString([]byte(hex.EncodeToString([]byte(secret)))) + `"`))
	d := newDecoder(1 << 20)
	found := ""
	var visit func(data []byte, path string)
	visit = func(data []byte, path string) {
		d.regions(data, func(r region) {
			before := string(r.text)
			if before == secret {
				found = path + " " + r.decoder
			}
			visit(r.text, path+" "+r.decoder)
			if string(r.text) != before {
				t.Error("text changed during yield")
			}
		})
	}
	visit(data, "")
	if found != " percent base64 hex" {
		t.Errorf("found by %q", found)
	}
}

func FuzzDecode(f *testing.F) {
	rnd := rand.New(rand.NewPCG(13, 14))
	s := randomSecret(rnd)
	for _, seed := range []string{
		base64.StdEncoding.EncodeToString([]byte(s)), hex.EncodeToString([]byte(s)), percentAll(s), escapeAll(s, `\u%04x`),
		encodeUTF32(s, false), "\x00\x00\xfe\xff" + encodeUTF32(s, true), escapeAll(s, "&#%d;"), "a&amp;" + s + "\n &lt;b", quotedPrintableOf("a=" + s + s),
		"# " + strings.Join(wrap(base64.StdEncoding.EncodeToString([]byte(s+s)), 21), "\n# "),
		encodeUTF16(s, true), "\xff\xfe" + encodeUTF16(s, false), `"\\\u{41}\`, "%4%41", strconv.Quote(s + "\x00\x01"),
	} {
		f.Add([]byte(seed), uint16(64))
		f.Add([]byte("a/"+seed+"\n"+seed), uint16(1000))
	}
	f.Fuzz(func(t *testing.T, data []byte, maxRun uint16) {
		total := 0
		for _, r := range allRegions(t, data, int(maxRun)) {
			total += len(r.text)
		}
		// Each of the seven decoders reads a byte at most eight times: two chunks, four alignments; lines by themselves and together.
		if total > 64*len(data)+64 {
			t.Errorf("%d bytes of %d", total, len(data))
		}
	})
}

// Inputs that make careless scanners quadratic.
func TestDecodersAreLinear(t *testing.T) {
	for _, unit := range []string{
		"&", "&#", "&#x41;", "&amp;", "&amp;\n", "=", "=\n", "=3D", "=3D=\n", strings.Repeat("x", 75) + "=\n", "\x00\x00\x00", "a\x00\x00\x00", "\xff\xfe\x00\x00",
		strings.Repeat("A", 20) + "\n", strings.Repeat("A", 21) + "\" +\n\"", "# " + strings.Repeat("A", 30) + "\n", strings.Repeat("A", 4000) + "\n", strings.Repeat("A", 50) + "` + \n`",
		"%", "%4", "%41", "%41 ", `\`, `\\`, `\"`, `\u`, `\u0041`, `"\u0041`, `\u0041"`, `\"\u0041`, "\x00", "a\x00", "a\x00a", "a", "0", "a/", "A/AAAAAAAAAAAAAAAAAAA",
		strings.Repeat("A", 40) + "\n", strings.Repeat("A", 40) + "\n ", "\n", "'\\\\\\\\", "\xff\xfe",
	} {
		data := []byte(strings.Repeat(unit, 4<<20/len(unit)))
		start := time.Now()
		newDecoder(1<<20).regions(data, func(region) {})
		if d := time.Since(start); d > slow*2*time.Second {
			t.Errorf("%q: %v for 4 MiB", unit, d)
		}
	}
}

func BenchmarkRegions(b *testing.B) {
	source := goSource(b)
	for _, bench := range []struct {
		name string
		data []byte
	}{
		{"source", source},
		{"random", randomBytes(rand.New(rand.NewPCG(1, 1)), 1<<20)},
		{"base64", []byte(base64.StdEncoding.EncodeToString(randomBytes(rand.New(rand.NewPCG(1, 1)), 1<<20)))},
	} {
		b.Run(bench.name, func(b *testing.B) {
			d := newDecoder(1 << 20)
			b.SetBytes(int64(len(bench.data)))
			n := 0
			for b.Loop() {
				d.regions(bench.data, func(r region) { n += len(r.text) })
			}
			b.ReportMetric(float64(n)/float64(b.N)/float64(len(bench.data)), "decoded/B")
		})
	}
}

// goSource returns some megabytes of the standard library.
func goSource(b *testing.B) []byte {
	var buf bytes.Buffer
	for _, dir := range []string{"net/http", "runtime", "crypto/tls", "go/types", "encoding/json", "html", "unicode"} {
		if err := readSources(&buf, filepath.Join(goRoot(b), "src", dir)); err != nil {
			b.Skip("no Go source: ", err)
		}
	}
	return buf.Bytes()
}

func readSources(buf *bytes.Buffer, dir string) error {
	names, err := filepath.Glob(dir + "/*.go")
	if err != nil {
		return err
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		buf.Write(data)
	}
	return nil
}
