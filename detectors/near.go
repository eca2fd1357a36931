package detectors

import (
	"bytes"

	"mudlark/rules"
)

// A word of Near stands before a value if it ends at or before the value's start and
//   - at most rules.NearDistance bytes stand between the two,
//   - at most one line feed stands between them, so no blank line does,
//   - no ';' stands between them, but for that of a character entity or a terminal colour,
//   - no '}' stands between them that closes a brace opened before the word,
//   - the value is not within the brackets of an encrypted value, ENC[...] (github.com/getsops/sops, "Encryption Protocol"): what the
//     word names is sealed there.
//
// That is a rough notion of "the same statement", and the same for every language. Words are substrings, ASCII case ignored,
// so that identifiers hold them; only those that begin with an abbreviation of a few letters stand at the start of a word themselves: cos_key
// is in no macos_key. After is the mirror image.

// words is a set of words to look for.
type words struct {
	list    [][]byte // in lower case
	starts  []bool   // of each word: it stands at the start of a word
	first   [256]bool
	longest int
}

// newWords returns nil for no words.
func newWords(list []string) *words {
	if len(list) == 0 {
		return nil
	}
	w := &words{}
	for _, s := range list {
		if s == "" {
			continue
		}
		b := lowered([]byte(s))
		w.list = append(w.list, b)
		w.starts = append(w.starts, isAbbreviated(b))
		w.longest = max(w.longest, len(b))
		w.first[b[0]] = true
		if 'a' <= b[0] && b[0] <= 'z' {
			w.first[b[0]-('a'-'A')] = true
		}
	}
	return w
}

// isAbbreviated reports whether a word begins with three letters or fewer and a sign. Those that end the names of others, as in RAPIDAPI_KEY, do not count.
func isAbbreviated(word []byte) bool {
	n := 0
	for n < len(word) && isLower(word[n]) {
		n++
	}
	return n > 0 && n < 4 && n < len(word) && !isOneOf(word[:n], []string{"api", "app", "key", "id"})
}

// beginsWord reports whether a word begins at an offset: no letter stands before, or a small one before a capital.
func beginsWord(data []byte, at int) bool {
	return at == 0 || !isLetter(data[at-1]) || isLower(data[at-1]) && isUpper(data[at])
}

// isOtherwiseNamed reports whether the value at an offset has a name of its own, right before it, that says what else it is and holds none of the words:
// an id, a hash, the number of a build.
func (w *words) isOtherwiseNamed(data []byte, at int) bool {
	skip := func(chars string) (n int) {
		for at > 0 && n < 8 && bytes.IndexByte([]byte(chars), data[at-1]) >= 0 {
			at, n = at-1, n+1
		}
		return n
	}
	skip("\"'`\\ ")
	if skip("=:>") == 0 {
		return false
	}
	skip("\"'`\\ ")
	end := at
	for at > 0 && end-at < maxName && nameByte(data[at-1]) {
		at--
	}
	name := lowerASCII(data[at:end])
	for _, word := range w.list {
		if bytes.Contains(name, bytes.Trim(word, "_-.:= \"'")) {
			return false
		}
	}
	words := nameWords(nil, data[at:end])
	return len(words) > 0 && isOneOf(words[len(words)-1], []string{"id", "ids", "uuid", "guid", "hash", "sha", "md", "digest", "checksum", "etag", "commit", "revision", "version", "build",
		"job", "fingerprint"}) && kindOfName(data[at:end]) == plainName
}

// startAt returns the least length of a word that stands at offset at and ends at or before limit; 0 for none.
func (w *words) startAt(data []byte, at, limit int) int {
	if !w.first[data[at]] {
		return 0
	}
	least := 0
	for i, word := range w.list {
		if at+len(word) <= limit && (least == 0 || len(word) < least) && hasFolded(data[at:], word) && (!w.starts[i] || beginsWord(data, at)) {
			least = len(word)
		}
	}
	return least
}

// hasFolded reports whether data begins with the lower-case word, ignoring ASCII case.
func hasFolded(data, word []byte) bool {
	for i, c := range word {
		if lower(data[i]) != c {
			return false
		}
	}
	return true
}

// before reports whether a word stands before the value at offset at of data, or of what stands before data: where data was
// decoded from a part of a text, outer is the text before that part.
func (w *words) before(outer, data []byte, at int) bool {
	var s statement
	found, over := w.lookBack(data, at, 0, &s)
	if !found && !over && len(outer) > 0 {
		found, _ = w.lookBack(outer, len(outer), at, &s)
	}
	return found
}

// A statement is what was passed on the way back from a value.
type statement struct{ feeds, depth, brackets int }

// lookBack looks for a word before data[at:], which gap bytes divide from the value. Over says that the statement begins, or the
// distance ends, within data.
func (w *words) lookBack(data []byte, at, gap int, s *statement) (found, over bool) {
	i := at - 1
	for ; i >= 0 && i >= at+gap-rules.NearDistance-w.longest; i-- {
		switch data[i] {
		case '\n':
			if s.feeds++; s.feeds > 1 {
				return false, true
			}
		case ';':
			if !entityBefore(data[:i+1]) && !inColour(data, i) {
				return false, true
			}
		case '}':
			s.depth++
		case '{':
			s.depth = max(s.depth-1, 0)
		case ']':
			s.brackets++
		case '[':
			if s.brackets == 0 && bytes.HasSuffix(data[:i], []byte("ENC")) {
				return false, true
			}
			s.brackets = max(s.brackets-1, 0)
		}
		if s.depth == 0 && w.first[data[i]] && w.endsWithin(data, i, at, gap) {
			return true, true
		}
	}
	return false, i >= 0
}

// endsWithin reports whether a word that stands at offset i ends before at and close enough to the value.
func (w *words) endsWithin(data []byte, i, at, gap int) bool {
	for k, word := range w.list {
		end := i + len(word)
		if end <= at && end >= at+gap-rules.NearDistance && hasFolded(data[i:], word) && (!w.starts[k] || beginsWord(data, i)) {
			return true
		}
	}
	return false
}

// after reports whether a word stands behind the value that ends at offset at.
func (w *words) after(data []byte, at int) bool {
	feeds, depth := 0, 0
	for i := at; i < len(data) && i <= at+rules.NearDistance; i++ {
		if depth == 0 && w.startAt(data, i, len(data)) > 0 {
			return true
		}
		switch data[i] {
		case '\n':
			if feeds++; feeds > 1 {
				return false
			}
		case ';':
			if !entityBefore(data[:i+1]) && !inColour(data, i) {
				return false
			}
		case '{':
			depth++
		case '}':
			if depth--; depth < 0 {
				return false
			}
		}
	}
	return false
}
