package gitstore

import (
	"encoding/binary"
	"slices"
)

// maxBitmapWords bounds the size of a decoded bitmap: a bit for each entry of the largest index that is read.
const maxBitmapWords = maxIndexFile / 64 / 64

// decodeEWAH decodes a compressed bitmap (gitformat-bitmap, "Appendix A: Serialization format for an EWAH bitmap") into
// words of 64 bits, the first bit in the lowest place. It returns what follows the bitmap.
func decodeEWAH(b []byte) (words []uint64, rest []byte, ok bool) {
	if len(b) < 8 {
		return nil, nil, false
	}
	bits, count := binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
	b = b[8:]
	if int64(count) > int64(len(b)/8) || len(b)-int(count)*8 < 4 {
		return nil, nil, false
	}
	want := (int(bits) + 63) / 64
	if want > maxBitmapWords {
		return nil, nil, false
	}
	body, rest := b[:count*8], b[count*8+4:] // the position of the last run word is for writers
	for len(body) > 0 {
		// A run word: the repeated bit, how many words it fills, how many literal words follow.
		run := binary.BigEndian.Uint64(body)
		body = body[8:]
		repeat, literal := run>>1&(1<<32-1), run>>33
		if repeat > uint64(want-len(words)) || literal > uint64(want-len(words))-repeat || literal > uint64(len(body)/8) {
			return nil, nil, false
		}
		words = appendRun(words, run&1 != 0, int(repeat))
		for range literal {
			words = append(words, binary.BigEndian.Uint64(body))
			body = body[8:]
		}
	}
	return words, rest, true
}

func appendRun(words []uint64, set bool, n int) []uint64 {
	var fill uint64
	if set {
		fill = ^fill
	}
	words = slices.Grow(words, n)
	for range n {
		words = append(words, fill)
	}
	return words
}

func bitSet(words []uint64, i int) bool {
	return i/64 < len(words) && words[i/64]>>(i%64)&1 != 0
}

// bitsBelow reports whether no bit at n or beyond is set.
func bitsBelow(words []uint64, n int) bool {
	for i, w := range words {
		switch {
		case (i+1)*64 <= n:
		case i*64 >= n:
			if w != 0 {
				return false
			}
		case w>>(n%64) != 0:
			return false
		}
	}
	return true
}
