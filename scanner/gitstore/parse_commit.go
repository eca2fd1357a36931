package gitstore

import (
	"bytes"
	"errors"
	"math"
	"time"
)

// CommitObject is a parsed commit. Its slices point into the data that it was parsed from.
type CommitObject struct {
	Tree      ID
	Parents   []ID
	Author    Signature // zero if there is none
	Committer Signature // zero if there is none
	Message   []byte    // everything behind the first empty line
	Header    []byte    // the raw header block, without the empty line behind it
}

// Signature is a person and a date, as commits and tags name them. Its slices point into the data that it was parsed from.
type Signature struct {
	Name  []byte    // without surrounding white space
	Email []byte    // what stands between < and >
	When  time.Time // in the zone that the signature names; the Unix epoch in UTC where there is no date
	Raw   []byte    // the whole value of the header line
}

var (
	errNoTree     = errors.New("commit does not begin with a tree")
	errBadTree    = errors.New("commit has a bad tree name")
	errBadParent  = errors.New("commit has a bad parent name")
	errNoObject   = errors.New("tag does not begin with an object")
	errBadObject  = errors.New("tag has a bad object name")
	errNoType     = errors.New("tag does not name the type of its object")
	errBadTagType = errors.New("tag names an unknown type of object")
)

// ParseCommit parses the content of a commit. Like Git it demands a tree and well-formed parents in their places and
// tolerates everything else: a missing or odd author, unknown and continued headers, no message.
func ParseCommit(data []byte, f Format) (*CommitObject, error) {
	c := &CommitObject{}
	c.Header, c.Message = splitHeader(data)
	c.Author.When, c.Committer.When = epoch(), epoch()

	key, value, rest := headerLine(c.Header)
	if string(key) != "tree" {
		return nil, errNoTree
	}
	var ok bool
	if c.Tree, ok = hexID(value, f); !ok {
		return nil, errBadTree
	}
	// Only the parents that directly follow the tree are parents (commit.c, parse_commit_buffer).
	next := rest
	for key, value, next = headerLine(rest); string(key) == "parent"; key, value, next = headerLine(rest) {
		parent, ok := hexID(value, f)
		if !ok {
			return nil, errBadParent
		}
		c.Parents = append(c.Parents, parent)
		rest = next
	}
	haveAuthor, haveCommitter := false, false
	for len(rest) > 0 {
		key, value, rest = headerLine(rest)
		switch {
		case string(key) == "author" && !haveAuthor:
			c.Author, haveAuthor = parseSignature(value), true
		case string(key) == "committer" && !haveCommitter:
			c.Committer, haveCommitter = parseSignature(value), true
		}
	}
	return c, nil
}

// splitHeader splits a commit or tag at its first empty line.
func splitHeader(data []byte) (header, message []byte) {
	if len(data) > 0 && data[0] == '\n' {
		return nil, data[1:]
	}
	if i := bytes.Index(data, []byte("\n\n")); i >= 0 {
		return data[:i+1], data[i+2:]
	}
	return data, nil
}

// headerLine splits the first line off a header block. The key of a continuation line, which begins with a space, is
// empty.
func headerLine(header []byte) (key, value, rest []byte) {
	line := header
	if i := bytes.IndexByte(header, '\n'); i >= 0 {
		line, rest = header[:i], header[i+1:]
	}
	key, value, _ = bytes.Cut(line, []byte{' '})
	return key, value, rest
}

// hexID parses an object name that must fill value.
func hexID(value []byte, f Format) (ID, bool) {
	if len(value) != f.HexSize() {
		return ID{}, false
	}
	id, err := ParseID(string(value))
	return id, err == nil
}

// parseSignature parses "Name <email> seconds zone". As in Git (ident.c, split_ident_line), the email stands between the
// first '<' and the next '>', and the date behind the last '>'.
func parseSignature(raw []byte) Signature {
	s := Signature{Raw: raw, When: epoch()}
	name, rest, _ := bytes.Cut(raw, []byte{'<'})
	s.Name = bytes.TrimSpace(name)
	email, date, ok := bytes.Cut(rest, []byte{'>'})
	s.Email = bytes.TrimSpace(email)
	if ok {
		s.When = parseDate(date[bytes.LastIndexByte(date, '>')+1:])
	}
	return s
}

func epoch() time.Time { return time.Unix(0, 0).UTC() }

// maxSeconds is the last second of the year 9999, beyond which a date cannot be written in RFC 3339.
const maxSeconds = 253402300799 - maxZone

// maxZone is the largest offset from UTC that is kept, in seconds.
const maxZone = 14*3600 + 59*60

// parseDate parses "seconds zone". Seconds that are no number are 0, absurd ones are clamped to the years 0001 to 9999;
// a zone that is no number or beyond +-14:59 is UTC.
func parseDate(b []byte) time.Time {
	fields := bytes.Fields(b)
	if len(fields) == 0 {
		return epoch()
	}
	sec, ok := parseInt(fields[0])
	if !ok {
		return epoch()
	}
	sec = max(min(sec, maxSeconds), -62135596800+maxZone)
	t := time.Unix(sec, 0).UTC()
	if len(fields) < 2 {
		return t
	}
	// The zone is decimal hours and minutes: +0130 is an hour and a half.
	zone, ok := parseInt(fields[1])
	hours, minutes := zone/100, zone%100
	offset := hours*3600 + minutes*60
	if !ok || zone == 0 || minutes > 59 || minutes < -59 || offset > maxZone || offset < -maxZone {
		return t
	}
	return t.In(time.FixedZone("", int(offset)))
}

// parseInt reads the sign and the digits that b begins with, clamping what does not fit. It returns false if there are no
// digits.
func parseInt(b []byte) (int64, bool) {
	negative := false
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		negative = b[0] == '-'
		b = b[1:]
	}
	if len(b) == 0 || b[0] < '0' || b[0] > '9' {
		return 0, false
	}
	var n int64
	for _, c := range b {
		if c < '0' || c > '9' {
			break
		}
		if n > (math.MaxInt64-9)/10 {
			n = math.MaxInt64
			break
		}
		n = n*10 + int64(c-'0')
	}
	if negative {
		n = -n
	}
	return n, true
}
