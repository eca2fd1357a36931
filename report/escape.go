package report

import (
	"encoding/base64"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text that comes from a repository is written by whoever wrote the repository. On a terminal its control characters could move
// the cursor, its bidirectional and zero-width characters could make it read as something else, and in a CI log a line of it
// could be taken for a command of the CI's own.

// Escape returns s as one line that is safe to print: bytes that are not UTF-8 as \xNN, and control, format (bidirectional,
// zero-width) and line-separating characters as \n, \t, \xNN or \uNNNN. The beginnings of workflow commands ("::" at the start of
// a word; "##[", "##vso[", "##teamcity[" anywhere) lose their meaning the same way.
func Escape(s string) string {
	if isPlain(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r == '#' && strings.HasPrefix(s[i:], "##"):
			b.WriteString(`#\x23`)
			n = 2
		case r == ':' && strings.HasPrefix(s[i:], "::") && (i == 0 || s[i-1] == ' '):
			b.WriteString(`\x3a`)
		case isSafe(r):
			b.WriteString(s[i : i+n])
		default:
			b.WriteString(escapeRune(r))
		}
		i += n
	}
	return b.String()
}

// isPlain reports whether s is printable ASCII that holds no command.
func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return !strings.Contains(s, "##") && !strings.HasPrefix(s, "::") && !strings.Contains(s, " ::")
}

// isSafe reports whether r shows as itself and leaves the text around it alone.
func isSafe(r rune) bool { return unicode.IsGraphic(r) }

func escapeRune(r rune) string {
	switch {
	case r == '\n':
		return `\n`
	case r == '\r':
		return `\r`
	case r == '\t':
		return `\t`
	case r < 0x80:
		return fmt.Sprintf(`\x%02x`, r)
	case r < 0x10000:
		return fmt.Sprintf(`\u%04x`, r)
	}
	return fmt.Sprintf(`\U%08x`, r)
}

// EscapePath returns a path for the model: as it is if it is UTF-8, else with the bytes that are not as \NNN (octal, as Git
// quotes them) and backslashes doubled; b64 is then the path itself in base64, else "". Handlers that print for people apply
// Escape to it like to any foreign text.
func EscapePath(raw []byte) (display, b64 string) {
	if utf8.Valid(raw) {
		return string(raw), ""
	}
	var b strings.Builder
	for i := 0; i < len(raw); {
		r, n := utf8.DecodeRune(raw[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\%03o`, raw[i])
		case r == '\\':
			b.WriteString(`\\`)
		default:
			b.Write(raw[i : i+n])
		}
		i += n
	}
	return b.String(), base64.StdEncoding.EncodeToString(raw)
}
