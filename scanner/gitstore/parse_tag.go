package gitstore

// TagObject is a parsed annotated tag. Its slices point into the data that it was parsed from.
type TagObject struct {
	Object     ID
	ObjectType Type
	Name       []byte    // the tag's own idea of its name; empty if there is none
	Tagger     Signature // zero, dated at the Unix epoch, if there is none
	Message    []byte    // everything behind the first empty line, a signature included
	Header     []byte    // the raw header block, without the empty line behind it
}

// ParseTag parses the content of a tag. It demands the object and its type and tolerates everything else.
func ParseTag(data []byte, f Format) (*TagObject, error) {
	t := &TagObject{}
	t.Header, t.Message = splitHeader(data)
	t.Tagger.When = epoch()

	key, value, rest := headerLine(t.Header)
	if string(key) != "object" {
		return nil, errNoObject
	}
	var ok bool
	if t.Object, ok = hexID(value, f); !ok {
		return nil, errBadObject
	}
	if key, value, rest = headerLine(rest); string(key) != "type" {
		return nil, errNoType
	}
	if t.ObjectType, ok = parseType(value); !ok {
		return nil, errBadTagType
	}
	haveName, haveTagger := false, false
	for len(rest) > 0 {
		key, value, rest = headerLine(rest)
		switch {
		case string(key) == "tag" && !haveName:
			t.Name, haveName = value, true
		case string(key) == "tagger" && !haveTagger:
			t.Tagger, haveTagger = parseSignature(value), true
		}
	}
	return t, nil
}
