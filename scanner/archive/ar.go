package archive

import (
	"bytes"
	"strconv"
	"strings"
)

const arHeaderLen = 60

// ar reads the common archive of System V and BSD, as in ar(5): a signature, then members, each with a header of 60 bytes
// and aligned to two.
func (w *walker) ar(data []byte, p place) {
	rest := data[len("!<arch>\n"):]
	var long []byte // the table of long names (System V, GNU)
	for len(bytes.Trim(rest, "\n\x00")) > 0 && w.count(p) {
		if len(rest) < arHeaderLen || string(rest[58:60]) != "`\n" {
			w.trouble(p.path, damage("header of an ar member"))
			return
		}
		declared, err := strconv.ParseInt(strings.TrimRight(string(rest[48:58]), " "), 10, 64)
		if err != nil || declared < 0 {
			w.trouble(p.path, damage("size of an ar member"))
			return
		}
		field := strings.TrimRight(string(rest[:16]), " ")
		rest = rest[arHeaderLen:]
		content := rest[:min(declared, int64(len(rest)))]
		rest = rest[min(declared+declared&1, int64(len(rest))):]
		switch {
		case field == "//":
			long = content
		case field == "/" || field == "/SYM64/": // the symbol table
		default:
			cut := int64(len(content)) < declared
			name, content := arName(field, long, content)
			w.storedEntry(p, name, content, cut)
		}
	}
}

// arName resolves a long name: "/offset" into the table (GNU), or "#1/length" in front of the content (BSD).
func arName(field string, long, content []byte) (string, []byte) {
	if n, ok := strings.CutPrefix(field, "#1/"); ok {
		if k, err := strconv.Atoi(n); err == nil && k >= 0 && k <= len(content) {
			return strings.TrimRight(string(content[:k]), "\x00"), content[k:]
		}
	}
	if n, ok := strings.CutPrefix(field, "/"); ok {
		if at, err := strconv.Atoi(n); err == nil && at >= 0 && at < len(long) {
			name, _, _ := bytes.Cut(long[at:], []byte("\n"))
			return strings.TrimSuffix(string(name), "/"), content
		}
	}
	return strings.TrimSuffix(field, "/"), content
}
