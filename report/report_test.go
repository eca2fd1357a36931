package report

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"reflect"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestRedact(t *testing.T) {
	tests := []struct{ name, secret, want string }{
		{"empty", "", "…"},
		{"short", "abc", "…"},
		{"four", "abcd", "a…"},
		{"token", "exa_" + strings.Repeat("x", 36), "exa_…"},
		{"fifteen", strings.Repeat("x", 15), "xxx…"},
		{"block", "-----BEGIN\nabc\ndef\n", "----…"},
		{"private key", "-----BEGIN " + "RSA PRIVATE KEY-----\nabc\ndef\n", "-----BEGIN " + "RSA PRIVATE KEY-----…"},
		{"private key of PKCS #8, in one line", "-----BEGIN " + "PRIVATE KEY-----abcdef", "-----BEGIN " + "PRIVATE KEY-----…"},
		{"private key of OpenPGP", "-----BEGIN " + "PGP PRIVATE KEY BLOCK-----\n\nabc", "-----BEGIN " + "PGP PRIVATE KEY BLOCK-----…"},
		{"password that looks like one", "-----BEGIN " + "HUNTER PRIVATE KEY-----", "----…"},
		{"private key that ends too early", "-----BEGIN " + "RSA PRIVATE KEY", "----…"},
		{"line feed first", "ab\ncdefghijklmnopq", "ab…"},
		{"not UTF-8", "\xff\xfe" + strings.Repeat("x", 40), "…"},
		{"escape", "\x1b[31m" + strings.Repeat("x", 40), "…"},
		{"wide characters count as bytes too", "密码密码" + strings.Repeat("x", 13), "密码…"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Redact([]byte(tt.secret)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestRedactShowsLittle(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		secret := make([]byte, rnd.IntN(60))
		for i := range secret {
			secret[i] = byte(rnd.IntN(256) >> rnd.IntN(2))
		}
		shown, ok := strings.CutSuffix(Redact(secret), "…")
		if !ok || !bytes.HasPrefix(secret, []byte(shown)) || utf8.RuneCountInString(shown) > 4 || len(shown) > len(secret)/4 ||
			utf8.RuneCountInString(shown) > utf8.RuneCount(secret)/4 || strings.ContainsFunc(shown, func(r rune) bool { return !isSafe(r) }) {
			t.Fatalf("Redact(%q) = %q…", secret, shown)
		}
	}
}

func TestEscape(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"plain", "Ann Lee <ann@example.org>", "Ann Lee <ann@example.org>"},
		{"letters of all kinds", "Zoë 李雷 🦆", "Zoë 李雷 🦆"},
		{"lines", "a\nb\r\tc", `a\nb\r\tc`},
		{"terminal", "\x1b[2J\a\x7f", `\x1b[2J\x07\x7f`},
		{"C1", "\u009b31m", `\u009b31m`},
		{"bidirectional", "a\u202eb\u2066c", `a\u202eb\u2066c`},
		{"zero width", "a\u200bb\ufeff\u200d", `a\u200bb\ufeff\u200d`},
		{"separators", "a\u2028b\u2029", `a\u2028b\u2029`},
		{"tag characters", "a\U000e0041", `a\U000e0041`},
		{"not UTF-8", "caf\xe9", `caf\xe9`},
		{"command", "::error file=x::y", `\x3a:error file=x::y`},
		{"command behind space", "  ::error::", `  \x3a:error::`},
		{"command in the middle", "a ::error::", `a \x3a:error::`},
		{"scope", "std::string", "std::string"},
		{"old command", "x##[error]y", `x#\x23[error]y`},
		{"many", "####", `#\x23#\x23`},
		{"three", "###", `#\x23#`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Escape(tt.in); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestEscapePath(t *testing.T) {
	tests := []struct{ name, path, want string }{
		{"plain", "a/b.txt", "a/b.txt"},
		{"letters", "café/密.txt", "café/密.txt"},
		{"backslash", `a\nb`, `a\nb`},
		{"line feed", "a\nb", "a\nb"},
		{"latin-1", "caf\xe9", `caf\351`},
		{"latin-1 and backslash", "\\caf\xe9", `\\caf\351`},
		{"direction", "a\u202eb", "a\u202eb"},
		{"command", "::x", "::x"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, b64 := EscapePath([]byte(tt.path))
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			raw, err := base64.StdEncoding.DecodeString(b64)
			if err != nil || (b64 == "") != (got == tt.path) || b64 != "" && string(raw) != tt.path {
				t.Errorf("base64 %q, %v", b64, err)
			}
		})
	}
}

func FuzzEscape(f *testing.F) {
	f.Add("a\x1b\u202e ::x ##[y]\xff")
	f.Fuzz(func(t *testing.T, s string) {
		checkSafe(t, Escape(s))
		if got, b64 := EscapePath([]byte(s)); !utf8.ValidString(got) || (b64 == "") != (got == s) {
			t.Errorf("EscapePath(%q) = %q, %q", s, got, b64)
		}
		if twice := Escape(Escape(s)); twice != Escape(s) {
			t.Errorf("escaping %q twice gives %q", s, twice)
		}
	})
}

// checkSafe demands that printing the text does nothing but print it.
func checkSafe(t *testing.T, text string) {
	t.Helper()
	if !utf8.ValidString(text) {
		t.Errorf("not UTF-8: %q", text)
	}
	for _, r := range text {
		if r != '\n' && !unicode.IsGraphic(r) {
			t.Errorf("%U is in %q", r, text)
			return
		}
	}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimSpace(line), "::") || strings.Contains(line, "##") {
			t.Errorf("a line is a command: %q", line)
		}
	}
}

const hostile = "::error::x\r\n::set-output::\x1b]0;t\a\u009b2J\u202e\u2067\u200b\xff ##[error] ::y"

// poison sets every string in v to hostile text.
func poison(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		poison(v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			poison(v.Field(i))
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			poison(v.Index(i))
		}
	case reflect.String:
		v.SetString(hostile)
	case reflect.Int, reflect.Int64:
		v.SetInt(7)
	}
}

func TestForeignTextIsHarmless(t *testing.T) {
	handlers := map[string]func(io.Writer) Handler{
		"text":         func(w io.Writer) Handler { return NewText(w, TextOptions{}) },
		"text secrets": func(w io.Writer) Handler { return NewText(w, TextOptions{ShowSecrets: true}) },
		"text narrow":  func(w io.Writer) Handler { return NewText(w, TextOptions{Width: 1}) },
		"json":         NewJSON,
		"jsonl":        NewJSONL,
		"sarif":        NewSARIF,
		"gitlab":       NewGitLab,
		"codequality":  NewCodeQuality,
		"junit":        NewJUnit,
		"csv":          NewCSV,
		"github":       NewGitHub,
		"html":         NewHTML,
		"azure":        NewAzure,
		"markdown":     NewMarkdown,
	}
	for name, handler := range handlers {
		t.Run(name, func(t *testing.T) {
			for _, source := range []string{"blob", "message", "author", "tag", "path", "note", "stdin", "index", "worktree", hostile} {
				var c Config
				var f Finding
				var v Coverage
				poison(reflect.ValueOf(&c))
				poison(reflect.ValueOf(&f))
				poison(reflect.ValueOf(&v))
				f.Source = source
				f.Excerpt = &Excerpt{Text: hostile + "#" + hostile + "\t#" + hostile, Start: len(hostile) + 1, End: 2*len(hostile) + 1}
				var b bytes.Buffer
				play(t, handler(&b), &c, []*Finding{&f, &f}, &v)
				checkSafe(t, foreignPart(name, b.String()))
			}
		})
	}
}

// foreignPart returns a report without what the format itself demands and would else be taken for an attack: the line ends of CSV and the
// beginnings of workflow commands, of which only those may be there that the handler writes.
func foreignPart(format, text string) string {
	switch format {
	case "csv":
		return strings.ReplaceAll(text, "\r\n", "\n")
	case "markdown":
		return strings.TrimPrefix(text, "##")
	case "azure":
		return azureCommand.ReplaceAllString(text, "x")
	case "github":
		lines := strings.SplitAfter(text, "\n")
		for i, l := range lines {
			for _, command := range []string{"::error title=", "::warning title=", "::notice title="} {
				if rest, ok := strings.CutPrefix(l, command); ok {
					lines[i] = "x" + rest
				}
			}
		}
		return strings.Join(lines, "")
	}
	return text
}

var azureCommand = regexp.MustCompile(`(?m)^##vso\[task\.logissue type=(error|warning);?(sourcepath=[^];]*;linenumber=\d+;columnnumber=\d+;)?\]`)

// TestJSONSaysTheSame makes sure that escaping changes no value.
func TestJSONSaysTheSame(t *testing.T) {
	text := strings.ToValidUTF8(hostile, "") + "###\u007f\U000e0041<&>"
	got, err := encode(map[string]string{text: text}, "", "")
	if err != nil {
		t.Fatal(err)
	}
	var back map[string]string
	if err := json.Unmarshal(got, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{text: text}, back); diff != "" {
		t.Error(diff)
	}
	checkSafe(t, string(got))
}

func TestTextIsNarrow(t *testing.T) {
	var b bytes.Buffer
	c, f, v := sample()
	play(t, NewText(&b, TextOptions{}), c, f, v)
	for line := range strings.Lines(b.String()) {
		line = strings.TrimSuffix(line, "\n")
		if columnsOf(line) > 80 && !strings.Contains(line, ".env:") && !strings.Contains(line, "https://") {
			t.Errorf("%d columns: %s", columnsOf(line), line)
		}
		if strings.TrimRight(line, " ") != line {
			t.Errorf("space at the end of %q", line)
		}
	}
}

// TestJSONStreams sends many findings and looks at the heap.
func TestJSONStreams(t *testing.T) {
	_, findings, v := sample()
	for name, h := range map[string]Handler{"json": NewJSON(io.Discard), "jsonl": NewJSONL(io.Discard)} {
		t.Run(name, func(t *testing.T) {
			if err := h.Config(&Config{}); err != nil {
				t.Fatal(err)
			}
			before := heap()
			for range 20000 {
				if err := h.Finding(findings[0]); err != nil {
					t.Fatal(err)
				}
			}
			if grown := heap() - before; grown > 1<<20 {
				t.Errorf("the heap grew by %d bytes", grown)
			}
			if err := errors.Join(h.Coverage(v), h.Done()); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// broken fails at its n-th call.
type broken struct{ n int }

var errBroken = errors.New("disk full")

func (b *broken) call() error {
	if b.n--; b.n == 0 {
		return errBroken
	}
	if b.n < 0 {
		panic("called after its error")
	}
	return nil
}

func (b *broken) Config(*Config) error     { return b.call() }
func (b *broken) Finding(*Finding) error   { return b.call() }
func (b *broken) Coverage(*Coverage) error { return b.call() }
func (b *broken) Done() error              { return b.call() }

func TestMulti(t *testing.T) {
	c, f, v := sample()
	var alone bytes.Buffer
	play(t, NewJSON(&alone), c, f, v)
	for n := 1; n <= len(f)+3; n++ {
		var b bytes.Buffer
		h := Multi(&broken{n}, NewJSON(&b), &broken{n})
		err := h.Config(c)
		for _, one := range f {
			err = errors.Join(err, h.Finding(one))
		}
		if err = errors.Join(err, h.Coverage(v)); err != nil {
			t.Errorf("call %d: a working handler is left, but: %v", n, err)
		}
		if err := h.Done(); !errors.Is(err, errBroken) {
			t.Errorf("call %d: Done returned %v", n, err)
		}
		if b.String() != alone.String() {
			t.Errorf("call %d: the working handler's output differs", n)
		}
	}
	if err := Multi(&broken{1}, &broken{1}).Config(c); !errors.Is(err, errBroken) {
		t.Errorf("all broken: Config returned %v", err)
	}
}

func TestCrop(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	piece := func() string {
		var b strings.Builder
		for range rnd.IntN(50) {
			b.WriteString([]string{"a", "é", "密", "e\u0301", " "}[rnd.IntN(5)])
		}
		return b.String()
	}
	for range 20000 {
		before, mark, after, columns := piece(), piece(), piece(), 10+rnd.IntN(60)
		line, at, length := crop(before, mark, after, columns)
		if columnsOf(line) > columns || at+length > columnsOf(line) {
			t.Fatalf("crop(%q, %q, %q, %d) = %q, %d, %d", before, mark, after, columns, line, at, length)
		}
		if columnsOf(before+mark+after) <= columns && line != before+mark+after {
			t.Fatalf("crop(%q, %q, %q, %d) = %q", before, mark, after, columns, line)
		}
	}
}

func TestNumbers(t *testing.T) {
	tests := []struct{ got, want string }{
		{grouped(0), "0"}, {grouped(999), "999"}, {grouped(1000), "1,000"}, {grouped(1234567), "1,234,567"}, {grouped(-123), "-123"},
		{counted(1, "blob"), "1 blob"}, {counted(2, "blob"), "2 blobs"}, {counted(0, "blob"), "0 blobs"},
		{sized(1), "1 byte"}, {sized(1023), "1,023 bytes"}, {sized(1536), "1.5 KiB"}, {sized(3 << 30), "3.0 GiB"}, {sized(5 << 40), "5.0 TiB"},
		{lasting(59), "less than a minute"}, {lasting(60), "1 minute"}, {lasting(3600), "1 hour"}, {lasting(172800), "2 days"}, {lasting(63115200), "2.0 years"},
	}
	for _, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
}
