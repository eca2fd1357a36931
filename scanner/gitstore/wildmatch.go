package gitstore

import "strings"

// globKind is what an element of a glob matches.
type globKind uint8

const (
	globByte  globKind = iota // one byte
	globAny                   // ?: one byte that is no slash
	globSet                   // [...]: one byte of a set, no slash
	globStar                  // *: any bytes but slashes
	globDirs                  // **/ behind a slash or at the start: any number of folders
	globRest                  // ** behind a slash or at the start, at the end: everything
	globNever                 // what can match nothing, such as an unclosed bracket
)

type globElem struct {
	kind globKind
	b    byte
	set  *[256]bool
}

// compileGlob translates a glob as wildmatch.c reads it with WM_PATHNAME.
func compileGlob(s string) []globElem {
	var glob []globElem
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '?':
			glob = append(glob, globElem{kind: globAny})
			i++
		case c == '\\':
			if i+1 == len(s) {
				return append(glob, globElem{kind: globNever})
			}
			glob = append(glob, globElem{b: s[i+1]})
			i += 2
		case c == '[':
			set, n := compileSet(s[i:])
			if n == 0 {
				return append(glob, globElem{kind: globNever})
			}
			glob = append(glob, globElem{kind: globSet, set: set})
			i += n
		case c == '*':
			n := len(s[i:]) - len(strings.TrimLeft(s[i:], "*"))
			start, rest := i == 0 || s[i-1] == '/', s[i+n:]
			i += n
			switch {
			case n > 1 && start && rest == "":
				glob = append(glob, globElem{kind: globRest})
			case n > 1 && start && rest[0] == '/':
				glob = append(glob, globElem{kind: globDirs})
				i++
			default:
				glob = append(glob, globElem{kind: globStar})
			}
		default:
			glob = append(glob, globElem{b: c})
			i++
		}
	}
	return glob
}

// compileSet translates a bracket expression. It returns the bytes that it takes, 0 if it is not closed.
func compileSet(s string) (set *[256]bool, n int) {
	set = new([256]bool)
	i := 1
	negative := i < len(s) && (s[i] == '!' || s[i] == '^')
	if negative {
		i++
	}
	previous := -1 // the start of a range, if one can follow
	for first := true; ; first = false {
		if i >= len(s) {
			return nil, 0
		}
		c := s[i]
		switch {
		case c == ']' && !first:
			if negative {
				for j := range set {
					set[j] = !set[j]
				}
			}
			set['/'] = false
			return set, i + 1
		case c == '-' && previous >= 0 && i+1 < len(s) && s[i+1] != ']':
			i++
			if s[i] == '\\' {
				if i++; i == len(s) {
					return nil, 0
				}
			}
			for j := previous; j <= int(s[i]); j++ {
				set[j] = true
			}
			previous = -1
			i++
		case c == '[' && i+1 < len(s) && s[i+1] == ':':
			end := strings.Index(s[i+2:], ":]")
			if end < 0 || !addClass(set, s[i+2:i+2+end]) {
				return nil, 0
			}
			previous = -1
			i += 2 + end + 2
		default:
			if c == '\\' {
				if i++; i == len(s) {
					return nil, 0
				}
			}
			set[s[i]] = true
			previous = int(s[i])
			i++
		}
	}
}

// addClass adds a named class of ASCII characters.
func addClass(set *[256]bool, name string) bool {
	var in func(c byte) bool
	upper := func(c byte) bool { return c >= 'A' && c <= 'Z' }
	digit := func(c byte) bool { return c >= '0' && c <= '9' }
	graph := func(c byte) bool { return c > ' ' && c < 0x7f }
	alnum := func(c byte) bool { return isAlpha(c) || digit(c) }
	switch name {
	case "alnum":
		in = alnum
	case "alpha":
		in = isAlpha
	case "blank":
		in = func(c byte) bool { return c == ' ' || c == '\t' }
	case "cntrl":
		in = func(c byte) bool { return c < ' ' || c == 0x7f }
	case "digit":
		in = digit
	case "graph":
		in = graph
	case "lower":
		in = func(c byte) bool { return isAlpha(c) && !upper(c) }
	case "print":
		in = func(c byte) bool { return c == ' ' || graph(c) }
	case "punct":
		in = func(c byte) bool { return graph(c) && !alnum(c) }
	case "space":
		in = func(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }
	case "upper":
		in = upper
	case "xdigit":
		in = func(c byte) bool { return digit(c) || lower(c) >= 'a' && lower(c) <= 'f' }
	default:
		return false
	}
	for c := range 256 {
		if in(byte(c)) {
			set[c] = true
		}
	}
	return true
}

// globMatch reports whether glob matches the whole text. It goes back only to the last star of a component and to the last
// globDirs, which is enough: a star cannot reach beyond its component, and between two globDirs there is a fixed number
// of components, so that the first place where they fit is the best.
func globMatch(glob []globElem, text string) bool {
	g, t := 0, 0
	starG, starT := -1, 0 // the last star, and where its text ends
	dirsG, dirsT := -1, 0 // the last globDirs, and where the next component begins
	for {
		if g < len(glob) {
			switch e := glob[g]; e.kind {
			case globRest:
				return true
			case globStar:
				starG, starT = g, t
				g++
				continue
			case globDirs:
				dirsG, dirsT, starG = g, t, -1
				g++
				continue
			default:
				if t < len(text) && e.matches(text[t]) {
					if text[t] == '/' {
						starG = -1
					}
					g, t = g+1, t+1
					continue
				}
			}
		} else if t == len(text) {
			return true
		}
		switch {
		case starG >= 0 && starT < len(text) && text[starT] != '/':
			starT++
			g, t = starG+1, starT
		case dirsG >= 0:
			slash := strings.IndexByte(text[dirsT:], '/')
			if slash < 0 {
				return false
			}
			dirsT += slash + 1
			g, t, starG = dirsG+1, dirsT, -1
		default:
			return false
		}
	}
}

func (e globElem) matches(c byte) bool {
	switch e.kind {
	case globByte:
		return c == e.b
	case globAny:
		return c != '/'
	case globSet:
		return e.set[c]
	}
	return false
}
