package detectors

import "bytes"

// percent finds runs of URL characters (RFC 3986) that hold an escape of something printable or white.
func (d *decoder) percent(data []byte, yield func(region)) {
	done := 0
	for i := 0; ; {
		n := bytes.IndexByte(data[i:], '%')
		if n < 0 {
			return
		}
		i += n
		if c, ok := percentAt(data, i); !ok || classOf[c]&(classText|classSpace) == 0 && c < 0x80 {
			i++
			continue
		}
		start, end := i, i+3
		for start > done && classOf[data[start-1]]&classURL != 0 {
			start--
		}
		for end < len(data) && classOf[data[end]]&classURL != 0 {
			end++
		}
		d.chunks(start, end, 1, func(from, to int, again bool) {
			text := appendPercent(d.scratch(to-from), data[from:to])
			yield(region{decoder: decoderPercent, start: start, end: end, text: text, again: again})
		})
		i, done = end, end
	}
}

// percentAt returns the byte that the escape at i means.
func percentAt(data []byte, i int) (byte, bool) {
	if i+2 >= len(data) {
		return 0, false
	}
	hi, lo := unhex(data[i+1]), unhex(data[i+2])
	return hi<<4 | lo&15, hi <= 15 && lo <= 15
}

func appendPercent(dst, src []byte) []byte {
	for i := 0; i < len(src); {
		if src[i] == '%' {
			if c, ok := percentAt(src, i); ok {
				dst = append(dst, c)
				i += 3
				continue
			}
		}
		dst = append(dst, src[i])
		i++
	}
	return dst
}
