package detectors

import (
	"bytes"
	"encoding/binary"
	"regexp/syntax"
)

// A need is a list of literals of which every text that a regex matches holds at least one.
type need []needed

// A needed literal is, with fold, in lower case, and ASCII case is ignored.
type needed struct {
	text []byte
	fold bool
}

// minNeed is the number of bytes of the shortest literal that is worth looking for.
const minNeed = 2

// needsOf returns what must be in every match. That is looked for before a regex runs: to find that "password" stands nowhere near
// "server" is a hundred times cheaper than to have the regex find out.
func needsOf(re *syntax.Regexp) []need {
	switch re.Op {
	case syntax.OpLiteral:
		fold := re.Flags&syntax.FoldCase != 0
		if lit, ok := asciiText(re.Rune, fold); ok && len(lit) >= minNeed {
			return []need{{{lit, fold}}}
		}
	case syntax.OpCapture, syntax.OpPlus:
		return needsOf(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min > 0 {
			return needsOf(re.Sub[0])
		}
	case syntax.OpConcat:
		var all []need
		for _, sub := range re.Sub {
			all = append(all, needsOf(sub)...)
		}
		return all
	case syntax.OpAlternate:
		var any need
		for _, sub := range re.Sub {
			best := bestNeed(needsOf(sub))
			if best == nil {
				return nil
			}
			any = append(any, best...)
		}
		return []need{any}
	}
	return nil
}

// bestNeed returns the need whose shortest literal is longest.
func bestNeed(list []need) need {
	var best need
	length := 0
	for _, n := range list {
		shortest := len(n[0].text)
		for _, lit := range n {
			shortest = min(shortest, len(lit.text))
		}
		if shortest > length {
			best, length = n, shortest
		}
	}
	return best
}

// asciiText returns the text as bytes, with fold in lower case; false if it holds anything outside ASCII, which folds in other ways.
func asciiText(text []rune, fold bool) ([]byte, bool) {
	out := make([]byte, 0, len(text))
	for _, r := range text {
		if r >= 0x80 {
			return nil, false
		}
		c := byte(r)
		if fold {
			c = lower(c)
		}
		out = append(out, c)
	}
	return out, true
}

// metBy reports whether the text holds one of the literals. Lowered returns the text in lower case.
func (n need) metBy(text []byte, lowered func() []byte) bool {
	for _, lit := range n {
		in := text
		if lit.fold {
			in = lowered()
		}
		if bytes.Contains(in, lit.text) {
			return true
		}
	}
	return false
}

// lowerInto appends text in lower case, eight bytes at a time.
func lowerInto(dst, text []byte) []byte {
	const each, low = 0x01010101_01010101, 0x7f7f7f7f_7f7f7f7f
	n := len(dst)
	dst = append(dst, text...)
	out := dst[n:]
	for ; len(out) >= 8; out = out[8:] {
		w := binary.LittleEndian.Uint64(out)
		// Bit 7 of a byte: its seven low bits are at least 'A', but not more than 'Z', and it has no eighth.
		capital := ((w&low + each*(0x80-'A')) &^ (w&low + each*(0x7f-'Z'))) &^ w & (each << 7)
		binary.LittleEndian.PutUint64(out, w|capital>>2)
	}
	for i, c := range out {
		out[i] = lower(c)
	}
	return dst
}
