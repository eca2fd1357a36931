package verify

import (
	"encoding/binary"
	"errors"
	"math"
	"strconv"
	"strings"
)

// bsonField is a field of a document to be sent. The value is a string, a bool, an int32, []byte or []bsonField.
type bsonField struct {
	name  string
	value any
}

// bson encodes a document (https://bsonspec.org/spec.html).
func bson(fields ...bsonField) []byte {
	var b []byte
	for _, f := range fields {
		head := func(kind byte) { b = append(append(append(b, kind), f.name...), 0) }
		switch v := f.value.(type) {
		case string:
			head(0x02)
			b = append(append(binary.LittleEndian.AppendUint32(b, uint32(len(v)+1)), v...), 0)
		case []bsonField:
			head(0x03)
			b = append(b, bson(v...)...)
		case []byte:
			head(0x05)
			b = append(append(binary.LittleEndian.AppendUint32(b, uint32(len(v))), 0), v...)
		case bool:
			head(0x08)
			if v {
				b = append(b, 1)
			} else {
				b = append(b, 0)
			}
		case int32:
			head(0x10)
			b = binary.LittleEndian.AppendUint32(b, uint32(v))
		}
	}
	return append(append(binary.LittleEndian.AppendUint32(nil, uint32(len(b)+5)), b...), 0)
}

// bsonDoc is a document that was received: texts as string, numbers as float64, bool, binary data as []byte, documents and lists as
// bsonDoc. Fields of other types are left out.
type bsonDoc map[string]any

func (d bsonDoc) text(name string) string { s, _ := d[name].(string); return s }

func (d bsonDoc) number(name string) float64 { n, _ := d[name].(float64); return n }

// list returns the elements of a list, by their order.
func (d bsonDoc) list(name string) []any {
	elements, _ := d[name].(bsonDoc)
	var out []any
	for i := range len(elements) {
		out = append(out, elements[strconv.Itoa(i)])
	}
	return out
}

var errBSON = errors.New("no BSON")

// parseBSON reads a document and what follows it.
func parseBSON(b []byte, depth int) (d bsonDoc, rest []byte, err error) {
	if len(b) < 5 || depth > 20 {
		return nil, nil, errBSON
	}
	size := binary.LittleEndian.Uint32(b)
	if size < 5 || uint64(size) > uint64(len(b)) || b[size-1] != 0 {
		return nil, nil, errBSON
	}
	d, rest = bsonDoc{}, b[size:]
	for b = b[4 : size-1]; len(b) > 0; {
		kind := b[0]
		name, after, ok := strings.Cut(string(b[1:]), "\x00")
		if !ok {
			return nil, nil, errBSON
		}
		var value any
		if value, b, err = bsonValue(kind, []byte(after), depth); err != nil {
			return nil, nil, err
		}
		if value != nil {
			d[name] = value
		}
	}
	return d, rest, nil
}

// bsonValue reads a value and what follows it.
func bsonValue(kind byte, b []byte, depth int) (value any, rest []byte, err error) {
	size := 0 // of values of which the length is known
	switch kind {
	case 0x03, 0x04:
		d, rest, err := parseBSON(b, depth+1)
		return d, rest, err
	case 0x02, 0x05: // string, binary data
		if len(b) < 5 {
			return nil, nil, errBSON
		}
		n := uint64(binary.LittleEndian.Uint32(b))
		if kind == 0x05 {
			n++ // the subtype
		}
		if n < 1 || n > uint64(len(b)-4) {
			return nil, nil, errBSON
		}
		if b, rest = b[4:4+n], b[4+n:]; kind == 0x05 {
			return b[1:], rest, nil
		}
		return string(b[:n-1]), rest, nil
	case 0x06, 0x0a, 0xff, 0x7f: // undefined, null, the smallest and the largest key
	case 0x08:
		size = 1
	case 0x10:
		size = 4
	case 0x01, 0x09, 0x11, 0x12:
		size = 8
	case 0x07:
		size = 12
	case 0x13:
		size = 16
	default:
		return nil, nil, errBSON
	}
	if len(b) < size {
		return nil, nil, errBSON
	}
	switch kind {
	case 0x01:
		value = math.Float64frombits(binary.LittleEndian.Uint64(b))
	case 0x08:
		value = b[0] == 1
	case 0x10:
		value = float64(int32(binary.LittleEndian.Uint32(b)))
	case 0x12:
		value = float64(int64(binary.LittleEndian.Uint64(b)))
	}
	return value, b[size:], nil
}
