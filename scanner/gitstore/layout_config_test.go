package gitstore

import (
	"fmt"
	"strings"
	"testing"
)

func configText(text string) (string, int) {
	var out strings.Builder
	bad := parseConfig([]byte(text), func(key, value string, hasValue bool) {
		if hasValue {
			fmt.Fprintf(&out, "%s=%q;", key, value)
		} else {
			fmt.Fprintf(&out, "%s;", key)
		}
	})
	return out.String(), bad
}

func TestParseConfig(t *testing.T) {
	for _, c := range []struct {
		name, text, want string
		bad              int
	}{
		{"empty", "", "", 0},
		{"plain", "[core]\n\tbare = true\n", `core.bare="true";`, 0},
		{"no newline at the end", "[core]\nbare = true", `core.bare="true";`, 0},
		{"case", "[CoRe]\nBaRe = TRUE", `core.bare="TRUE";`, 0},
		{"subsection", "[a \"B c\\\"\\\\\"]\nk=v", `a.B c"\.k="v";`, 0},
		{"old subsection", "[a.B]\nk=v", `a.b.k="v";`, 0},
		{"no value", "[a]\nk\nl = \nm=", `a.k;a.l="";a.m="";`, 0},
		{"on the header's line", "[a] k = v", `a.k="v";`, 0},
		{"comments", "# x\n[a] ; y\nk = v ; z\n;[b]\nl = \"v ; z\" # w\n", `a.k="v";a.l="v ; z";`, 0},
		{"white space", "[a]\nk =   v  w \t\n", `a.k="v  w";`, 0},
		{"quoted white space", "[a]\nk = \" v \" \n", `a.k=" v ";`, 0},
		{"partly quoted", "[a]\nk = x\" y \"z\n", `a.k="x y z";`, 0},
		{"escapes", `[a]` + "\n" + `k = \t\n\b\\\"`, `a.k="\t\n\b\\\"";`, 0},
		{"continued", "[a]\nk = one \\\n  two\nl=x", `a.k="one   two";a.l="x";`, 0},
		{"continued with CR LF", "[a]\r\nk = one\\\r\ntwo\r\n", `a.k="onetwo";`, 0},
		{"mark", "\xef\xbb\xbf[a]\nk=v", `a.k="v";`, 0},
		{"dash and digits", "[a-1]\nk-2=v", `a-1.k-2="v";`, 0},
		{"bad key", "[a]\n1k = v\nl = w", `a.l="w";`, 2},
		{"bad escape", "[a]\nk = \\x\nl = w", `a.l="w";`, 2},
		{"open quote", "[a]\nk = \"v\nl = w", `a.l="w";`, 2},
		{"open header", "[a\n[b]\nk = v", `b.k="v";`, 1},
		{"bad header", "[a \"x\" ]\n[b]\nk = v", `b.k="v";`, 1},
		{"backslash at the end", "[a]\nk = v\\", ``, 2},
		{"NUL", "[a]\nk = v\n\x00\x00\x00", `a.k="v";`, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, bad := configText(c.text); got != c.want || bad != c.bad {
				t.Errorf("got %s, bad line %d; want %s, %d", got, bad, c.want, c.bad)
			}
		})
	}
}

// TestParseConfigAgainstGit compares what is read with what git lists.
func TestParseConfigAgainstGit(t *testing.T) {
	s := newSandbox(t)
	text := "\xef\xbb\xbf; c\n[core] bare=no # x\n\tfoo = a\\\n b \"c # d\" e ;f\n[X.y \"Z z\\\\\"]\r\n  key\r\n\tk-2=\"\\\"q\\\" \" \r\n" +
		"[a \"b]c\"]\nk = \t v w  \n[empty]\n[ab \"\"] x = 1\n"
	s.write(s.path("config"), text)
	var got strings.Builder
	if bad := parseConfig([]byte(text), func(key, value string, hasValue bool) {
		got.WriteString(key)
		if hasValue {
			got.WriteString("\n" + value)
		}
		got.WriteByte(0)
	}); bad != 0 {
		t.Errorf("bad line %d", bad)
	}
	want, err := s.try(s.dir, "config", "-z", "--list", "-f", s.path("config"))
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != want {
		t.Errorf("got  %q\nwant %q", got.String(), want)
	}
}

func FuzzConfig(f *testing.F) {
	for _, seed := range []string{"[core]\n\tbare = true\n", "[a \"b\\\"\"]\nk = \"x\\n\" \\\n y ; z\n", "\xef\xbb\xbf[a]\r\nb\r\n", "[a\n=\n\\"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		size := 0
		parseConfig(text, func(key, value string, hasValue bool) {
			if strings.ContainsRune(key, '\n') || !hasValue && value != "" {
				t.Errorf("key %q, value %q", key, value)
			}
			size += len(value)
		})
		if size > len(text) {
			t.Errorf("values of %d bytes from %d", size, len(text))
		}
	})
}
