package gitstore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"strings"

	"github.com/klauspost/compress/zlib"
)

// reftable is one table of refs and reflogs (Git's technical/reftable).
type reftable struct {
	data   []byte // without the footer
	format Format
	header int    // size of the file header: the first block shares its space
	block  int    // block size, 0 if blocks are not aligned
	least  uint64 // minimum update index
	refEnd int    // where the ref blocks end at the latest
	logs   int    // where the log blocks begin, -1 if there are none
	budget int    // how many bytes of names may still be unfolded
}

// tableRef is a record of a ref block.
type tableRef struct {
	name    string
	deleted bool
	value   refValue
}

// tableLog is a record of a log block.
type tableLog struct {
	name    string
	index   uint64 // the update that it belongs to
	deleted bool
	entry   logEntry
}

const (
	maxTableFile  = 1 << 30
	maxTableBlock = 1<<24 - 1
	maxTableName  = 64 << 10
	// nameRatio bounds names unfolded from their prefix compression, per byte of the file. Real tables stay below 30.
	nameRatio = 256
)

var (
	errTableShort  = errors.New("table is too short")
	errTableFooter = errors.New("table has a bad footer")
	errTableRecord = errors.New("table has a bad record")
	errTableBlock  = errors.New("table has a bad block")
	errTableFormat = errors.New("table is of another object format")
	errTableNames  = errors.New("table holds too long names")
)

// openTable checks the header and the footer of a table.
func openTable(data []byte, f Format) (*reftable, error) {
	if len(data) < 24 || string(data[:4]) != "REFT" {
		return nil, errTableShort
	}
	t := &reftable{format: f, header: 24, logs: -1, budget: nameRatio*len(data) + 1<<20}
	switch version := data[4]; {
	case version == 2:
		t.header = 28
	case version != 1 || f != SHA1:
		return nil, errTableFormat
	}
	footer := t.header + 44
	if len(data) < t.header+footer {
		return nil, errTableShort
	}
	t.data = data[:len(data)-footer]
	foot := data[len(data)-footer:]
	if !bytes.Equal(foot[:t.header], data[:t.header]) ||
		crc32.ChecksumIEEE(foot[:footer-4]) != binary.BigEndian.Uint32(foot[footer-4:]) {
		return nil, errTableFooter
	}
	if id := string(data[24:t.header]); id == "s256" && f != SHA256 || id == "sha1" && f != SHA1 || id != "" && id != "s256" && id != "sha1" {
		return nil, errTableFormat
	}
	t.block, t.least = int(be24(data[5:])), binary.BigEndian.Uint64(data[8:])
	return t, t.sections(foot[t.header:])
}

// sections takes the positions of the sections from the footer.
func (t *reftable) sections(foot []byte) error {
	position := func(i int) uint64 { return binary.BigEndian.Uint64(foot[8*i:]) }
	refIndex, objects, logs := position(0), position(1)>>5, position(3)
	t.refEnd = len(t.data)
	for _, p := range []uint64{refIndex, objects, logs} {
		if p > uint64(len(t.data)) {
			return errTableFooter
		}
		if p > 0 {
			t.refEnd = min(t.refEnd, int(p))
		}
	}
	if logs > 0 {
		t.logs = int(logs)
	} else if len(t.data) > t.header && t.data[t.header] == 'g' {
		t.logs, t.refEnd = 0, 0
	}
	return nil
}

func be24(b []byte) uint32 { return uint32(b[0])<<16 | uint32(b[1])<<8 | uint32(b[2]) }

// head returns the type and the length of the block at a position, and where its content begins. Lengths of the first
// block include the file header.
func (t *reftable) head(at int) (kind byte, length, start int, err error) {
	start = at
	if at == 0 {
		start = t.header
	}
	if start+4 > len(t.data) {
		return 0, 0, 0, errTableShort
	}
	length = int(be24(t.data[start+1:]))
	if length < start-at+4+2 {
		return 0, 0, 0, errTableBlock
	}
	return t.data[start], length, start + 4, nil
}

// eachRef calls visit for each ref record, in order of their names.
func (t *reftable) eachRef(visit func(tableRef)) error {
	for at := 0; at < t.refEnd && t.header < t.refEnd; {
		kind, length, start, err := t.head(at)
		if err != nil {
			return err
		}
		if kind == 'i' || kind == 'o' || kind == 'g' {
			return nil // lower levels of the index come before the one that the footer names
		}
		if kind != 'r' {
			return errTableBlock
		}
		if at+length > t.refEnd {
			return errTableShort
		}
		if err := t.refBlock(t.data[start:at+length], start-at, visit); err != nil {
			return err
		}
		full := length
		// An aligned block is filled up with NULs, unless the next one follows directly (reftable/block.c).
		if length < t.block && (at+length >= len(t.data) || t.data[at+length] == 0) {
			full = t.block
		}
		at += full
	}
	return nil
}

// records returns the records of a block: what is left of it without the restart table at its end. begin is how many bytes of
// the block came before b.
func records(b []byte, begin int) ([]byte, error) {
	if len(b) < 2 {
		return nil, errTableBlock
	}
	restarts := 3*int(binary.BigEndian.Uint16(b[len(b)-2:])) + 2
	if restarts > len(b) {
		return nil, errTableBlock
	}
	end := len(b) - restarts
	for i := end; i < len(b)-2; i += 3 {
		if off := int(be24(b[i:])); off < begin || off >= begin+end {
			return nil, errTableBlock
		}
	}
	return b[:end], nil
}

func (t *reftable) refBlock(b []byte, begin int, visit func(tableRef)) error {
	b, err := records(b, begin)
	if err != nil {
		return err
	}
	c := tableCursor{rest: b, budget: &t.budget}
	for len(c.rest) > 0 {
		kind, err := c.key()
		if err != nil {
			return err
		}
		ref := tableRef{name: string(c.name)}
		c.varint() // the update that it belongs to
		switch kind {
		case 0:
			ref.deleted = true
		case 1:
			ref.value.id = c.id(t.format)
		case 2:
			ref.value.id = c.id(t.format)
			c.id(t.format) // what the tag peels to
		case 3:
			ref.value.target = string(c.text())
		default:
			return errTableRecord
		}
		if c.bad {
			return errTableRecord
		}
		visit(ref)
	}
	return nil
}

// eachLog calls visit for each log record: by name, then from the newest to the oldest.
func (t *reftable) eachLog(visit func(tableLog)) error {
	if t.logs < 0 {
		return nil
	}
	for at := t.logs; at < len(t.data); {
		kind, length, start, err := t.head(at)
		if err != nil {
			return err
		}
		if kind != 'g' {
			if kind == 'i' {
				return nil
			}
			return errTableBlock
		}
		in := bytes.NewReader(t.data[start:])
		content, err := inflateBlock(in, length-(start-at))
		if err != nil {
			return err
		}
		if err := t.logBlock(content, start-at, visit); err != nil {
			return err
		}
		at = len(t.data) - in.Len()
	}
	return nil
}

// inflateBlock inflates the content of a log block, which must be size bytes long. The reader is left behind it.
func inflateBlock(in *bytes.Reader, size int) ([]byte, error) {
	if size > maxTableBlock || size > 1100*in.Len() { // deflate cannot do better
		return nil, errTableBlock
	}
	z, err := zlib.NewReader(in)
	if err != nil {
		return nil, errTableBlock
	}
	content := make([]byte, size)
	if _, err := io.ReadFull(z, content); err != nil {
		return nil, errTableBlock
	}
	if n, err := z.Read(make([]byte, 1)); n > 0 || err != io.EOF {
		return nil, errTableBlock
	}
	return content, z.Close()
}

func (t *reftable) logBlock(b []byte, begin int, visit func(tableLog)) error {
	b, err := records(b, begin)
	if err != nil {
		return err
	}
	c := tableCursor{rest: b, budget: &t.budget}
	for len(c.rest) > 0 {
		kind, err := c.key()
		if err != nil {
			return err
		}
		nul := len(c.name) - 9 // name, NUL, inverted update index
		if nul < 0 || c.name[nul] != 0 || kind > 1 {
			return errTableRecord
		}
		log := tableLog{name: string(c.name[:nul]), index: ^binary.BigEndian.Uint64(c.name[nul+1:]), deleted: kind == 0}
		if kind == 1 {
			log.entry.old, log.entry.new = c.id(t.format), c.id(t.format)
			c.text() // committer
			c.text() // email
			c.varint()
			c.take(2) // zone
			log.entry.message = bytes.TrimSuffix(c.text(), []byte("\n"))
		}
		if c.bad {
			return errTableRecord
		}
		visit(log)
	}
	return nil
}

// tableCursor reads the records of a block. A failed read sets bad and empties the rest.
type tableCursor struct {
	rest   []byte
	name   []byte // key of the record; the next one's is compressed against it
	budget *int
	bad    bool
}

// key reads a record's key into name and returns the record's type.
func (c *tableCursor) key() (kind int, err error) {
	prefix, suffix := c.varint(), c.varint()
	tail := c.take(suffix >> 3)
	if c.bad || prefix > uint64(len(c.name)) {
		return 0, errTableRecord
	}
	size := int(prefix) + len(tail)
	if *c.budget -= size; size > maxTableName || *c.budget < 0 {
		return 0, errTableNames
	}
	c.name = append(c.name[:prefix], tail...)
	return int(suffix & 7), nil
}

func (c *tableCursor) varint() uint64 {
	v, n := offsetVarint(c.rest)
	if n == 0 {
		c.bad, c.rest = true, nil
	}
	c.rest = c.rest[n:]
	return v
}

func (c *tableCursor) take(n uint64) []byte {
	if n > uint64(len(c.rest)) {
		c.bad, c.rest = true, nil
		return nil
	}
	b := c.rest[:n]
	c.rest = c.rest[n:]
	return b
}

func (c *tableCursor) text() []byte { return c.take(c.varint()) }

func (c *tableCursor) id(f Format) ID {
	b := c.take(uint64(f.Size()))
	if len(b) == 0 {
		return ID{}
	}
	return mustID(b)
}

// validTableName reports whether a line of tables.list can name a table: a file in the same folder.
func validTableName(name string) bool {
	return name != "" && name[0] != '.' && !strings.ContainsAny(name, "/\\:\x00")
}
