package verify

import "encoding/binary"

// ber encodes a value by the Basic Encoding Rules of ITU-T X.690: its tag, its length and what it holds.
func ber(tag byte, parts ...string) string {
	content := ""
	for _, p := range parts {
		content += p
	}
	if len(content) < 0x80 {
		return string([]byte{tag, byte(len(content))}) + content
	}
	return string(binary.BigEndian.AppendUint32([]byte{tag, 0x84}, uint32(len(content)))) + content
}

// berReader is what remains to be read of values. Lengths are definite, as LDAP wants them (RFC 4511, section 5.1), but need not
// be the shortest, which those of Active Directory are not.
type berReader []byte

// next returns the tag and the content of the next value.
func (r *berReader) next() (tag byte, content []byte, ok bool) {
	b := *r
	if len(b) < 2 {
		return 0, nil, false
	}
	size, n := int(b[1]), 2
	if size >= 0x80 {
		digits := size & 0x7f
		if digits < 1 || digits > 4 || len(b) < 2+digits {
			return 0, nil, false
		}
		for size = 0; n < 2+digits; n++ {
			size = size<<8 | int(b[n])
		}
	}
	if size > len(b)-n {
		return 0, nil, false
	}
	*r = b[n+size:]
	return b[0], b[n : n+size], true
}

// value returns the content of the next value if it has the tag.
func (r *berReader) value(tag byte) ([]byte, bool) {
	rest := *r
	got, content, ok := rest.next()
	if !ok || got != tag {
		return nil, false
	}
	*r = rest
	return content, true
}

// number returns the next value, an INTEGER or ENUMERATED that is small and not negative.
func (r *berReader) number(tag byte) (int, bool) {
	content, ok := r.value(tag)
	if !ok || len(content) < 1 || len(content) > 4 || content[0] >= 0x80 {
		return 0, false
	}
	n := 0
	for _, c := range content {
		n = n<<8 | int(c)
	}
	return n, true
}

// ber reads one value of the tag, and returns its content.
func (s *session) ber(tag byte) ([]byte, error) {
	head, err := s.bytes(2)
	if err != nil {
		return nil, err
	}
	size := int(head[1])
	if size >= 0x80 {
		digits := size & 0x7f
		if digits < 1 || digits > 4 {
			return nil, errTooLong
		}
		long, err := s.bytes(digits)
		if err != nil {
			return nil, err
		}
		size = 0
		for _, c := range long {
			size = size<<8 | int(c)
		}
	}
	if head[0] != tag {
		return nil, errTooLong
	}
	return s.bytes(size)
}
