package detectors

import (
	"cmp"
	"slices"
	"unicode/utf16"
	"unicode/utf8"
)

// Percent encoding, escapes, character references and quoted-printable replace single characters, so it is known which bytes of the run a finding in the decoded text
// was made of. Only those bytes does it claim; a whole URL or string would be too much.

// traceBack sets lo and hi of findings in the text of a region, which are offsets into that text until then, to offsets into the
// data that holds the region. It reports whether it could: what was decoded in pieces cannot be traced back.
func traceBack(r region, data []byte, found []*finding) bool {
	switch r.decoder {
	case decoderPercent, decoderEscape, decoderEntity, decoderQuoted:
	default:
		return false
	}
	src := data[r.start:r.end]
	type bound struct {
		at  *int
		end bool
	}
	var bounds []bound
	for _, f := range found {
		bounds = append(bounds, bound{&f.lo, false}, bound{&f.hi, true})
	}
	slices.SortFunc(bounds, func(a, b bound) int { return cmp.Compare(*a.at, *b.at) })
	raw, decoded := 0, 0
	for _, b := range bounds {
		// A start belongs to the unit that holds it, an end to the unit that holds the byte before it.
		want := *b.at
		if b.end {
			want--
		}
		next, length := raw, 0
		for raw < len(src) {
			next, length = unit(r.decoder, src[raw:])
			if decoded+length > want {
				break
			}
			raw, decoded = raw+next, decoded+length
		}
		*b.at = r.start + raw
		if b.end {
			*b.at = min(r.start+raw+next, r.end)
		}
	}
	return true
}

// unit returns the length of what stands for one character at the start of src, and of what it is decoded to.
func unit(decoder string, src []byte) (raw, decoded int) {
	switch decoder {
	case decoderPercent:
		if _, ok := percentAt(src, 0); ok && src[0] == '%' {
			return 3, 1
		}
		return 1, 1
	case decoderEntity:
		if r, n := entityAt(src); n > 0 {
			return n, len(utf8.AppendRune(nil, r))
		}
		return 1, 1
	case decoderQuoted:
		if n := softBreak(src); n > 0 {
			return n, 0
		}
		_, n := quotedByte(src)
		return max(n, 1), 1
	}
	if src[0] != '\\' {
		return 1, 1
	}
	r, n := numericEscape(src)
	switch {
	case n == 0:
		_, n = appendShort(nil, src)
		return n, 1
	case src[1] == 'x':
		return n, 1
	}
	low, m := numericEscape(src[n:])
	if m > 0 && utf16.IsSurrogate(r) && src[n+1] == 'u' && utf16.DecodeRune(r, low) != utf8.RuneError {
		return n + m, utf8.UTFMax
	}
	return n, len(utf8.AppendRune(nil, r))
}
