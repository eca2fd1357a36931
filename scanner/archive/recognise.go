package archive

import (
	"bytes"
	"encoding/binary"
)

type format uint8

const (
	none format = iota
	zipFormat
	tarFormat
	sevenZipFormat
	arFormat
	gzipFormat
	bzip2Format
	xzFormat
	zstdFormat
	lzmaFormat
)

func (f format) String() string {
	return [...]string{"none", "zip", "tar", "7z", "ar", "gzip", "bzip2", "xz", "zstd", "lzma"}[f]
}

// Recognise reports whether data looks like an archive or a compressed file that Walk reads. It looks at the first bytes
// and, for a zip with data before it, at the end; it does not tell whether the archive is whole.
func Recognise(data []byte) bool { return recognise(data) != none }

// EndsInZip reports whether data looks like the end of a file that a zip was appended to.
func EndsInZip(data []byte) bool { return appendedZip(data) }

func recognise(data []byte) format {
	if len(data) < 8 {
		return none
	}
	if f := leading(data); f != none {
		return f
	}
	if tarLike(data) {
		return tarFormat
	}
	if appendedZip(data) {
		return zipFormat
	}
	return none
}

// leading tells a format by its first bytes.
func leading(data []byte) format {
	switch data[0] {
	case 'P':
		if data[1] == 'K' && (data[2] == 3 && data[3] == 4 || data[2] == 5 && data[3] == 6 || data[2] == 7 && data[3] == 8) {
			return zipFormat
		}
	case 0x1f:
		// RFC 1952, 2.3: the method is deflate, the upper flags are reserved.
		if data[1] == 0x8b && data[2] == 8 && data[3]&0xe0 == 0 {
			return gzipFormat
		}
	case 'B':
		if bzip2Like(data) {
			return bzip2Format
		}
	case 0xfd:
		if string(data[:6]) == "\xfd7zXZ\x00" {
			return xzFormat
		}
	case 0x28:
		if string(data[:4]) == "\x28\xb5\x2f\xfd" {
			return zstdFormat
		}
	case '7':
		if string(data[:6]) == "7z\xbc\xaf\x27\x1c" {
			return sevenZipFormat
		}
	case '!':
		if string(data[:8]) == "!<arch>\n" {
			return arFormat
		}
	case 0x5d:
		if lzmaLike(data) {
			return lzmaFormat
		}
	default:
		// RFC 8878, 3.1.2: a skippable frame may come before the others.
		if data[0]&0xf0 == 0x50 && string(data[1:4]) == "\x2a\x4d\x18" {
			return zstdFormat
		}
	}
	return none
}

// bzip2Like: the signature, then the magic of a block (pi) or that of the end of the stream (its root).
func bzip2Like(data []byte) bool {
	if len(data) < 14 || data[1] != 'Z' || data[2] != 'h' || data[3] < '1' || data[3] > '9' {
		return false
	}
	magic := string(data[4:10])
	return magic == "1AY&SY" || magic == "\x17\x72\x45\x38\x50\x90"
}

// lzmaLike: the format has no signature. The properties must be the usual ones, the dictionary size 2^n or 2^n + 2^(n-1),
// the size unknown or below 256 GiB, and the first byte of the range coder zero.
func lzmaLike(data []byte) bool {
	if len(data) < 18 || data[0] != 0x5d || data[13] != 0 {
		return false
	}
	dict := binary.LittleEndian.Uint32(data[1:])
	unpacked := binary.LittleEndian.Uint64(data[5:])
	if dict < 1<<12 || unpacked != 1<<64-1 && unpacked >= 1<<38 {
		return false
	}
	low := dict & -dict
	return dict == low || dict == low|low<<1
}

// tarLike: the header of POSIX.1-1988 and later names itself; an older one is known by its checksum.
func tarLike(data []byte) bool {
	if len(data) < tarBlock {
		return false
	}
	if string(data[257:262]) == "ustar" && (data[262] == 0 || data[262] == ' ') {
		return true
	}
	// Every writer ends the field of the checksum with NUL and space in one order or the other: no text gets further.
	return (data[154] == 0 || data[155] == 0) && tarChecksum(data[:tarBlock])
}

// appendedZip finds a zip at the end of other data: a program, a script, a picture. Text, which holds no NUL, is searched
// for a directory without comment only.
func appendedZip(data []byte) bool {
	n := len(data)
	if n < zipEndLen {
		return false
	}
	if end := data[n-zipEndLen:]; end[0] == 'P' && string(end[:4]) == zipEndMagic {
		return true
	}
	if string(data[:2]) != "#!" && bytes.IndexByte(data[:min(n, 64)], 0) < 0 {
		return false
	}
	tail := data[max(0, n-zipEndLen-1<<16):]
	for {
		i := bytes.Index(tail, []byte(zipEndMagic))
		if i < 0 || len(tail)-i < zipEndLen {
			return false
		}
		tail = tail[i:]
		if int(binary.LittleEndian.Uint16(tail[20:])) == len(tail)-zipEndLen {
			return true
		}
		tail = tail[4:]
	}
}
