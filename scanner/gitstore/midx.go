package gitstore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
)

// multiIndex is a multi-pack-index (gitformat-pack, "multi-pack-index (MIDX) files"), or one layer of a chain of them: one
// sorted table of the names of all objects in several packs.
type multiIndex struct {
	file  fileBytes
	path  string
	count int
	hash  int

	fanout []byte
	names  []byte
	places []byte // for each name a pack number and an offset, 4 bytes each
	large  []byte // 8-byte offsets; nil if there is no such table
	stems  []string
	packs  []*pack // by pack number; nil where the pack is gone
}

var (
	errMidxShort   = errors.New("multi-pack-index is too short")
	errMidxMagic   = errors.New("multi-pack-index has a bad signature")
	errMidxVersion = errors.New("multi-pack-index has an unknown version")
	errMidxFormat  = errors.New("multi-pack-index is for another object format")
	errMidxChunks  = errors.New("multi-pack-index has a bad table of chunks")
	errMidxMissing = errors.New("multi-pack-index lacks a required chunk")
	errMidxNames   = errors.New("multi-pack-index has a bad list of packs")
	errMidxFanout  = errors.New("multi-pack-index has a fan-out table that decreases")
	errMidxSize    = errors.New("multi-pack-index has a chunk of a wrong size")
	errMidxPack    = errors.New("multi-pack-index has a pack number outside its list")
)

const midxHeader = 12

// openMultiIndex opens the multi-pack-index file at path. The caller sets packs.
func openMultiIndex(path string, f Format) (*multiIndex, error) {
	file, size, err := openObjectFile(path)
	if err != nil {
		return nil, err
	}
	mapped, err := mapFile(file, size)
	if err := errors.Join(err, file.Close()); err != nil {
		return nil, errors.Join(err, mapped.close())
	}
	m := &multiIndex{file: mapped, path: path, hash: f.Size()}
	if err := m.parse(mapped.data, f); err != nil {
		return nil, errors.Join(err, mapped.close())
	}
	return m, nil
}

func (m *multiIndex) parse(data []byte, f Format) (err error) {
	defer endFaults(guardFaults(), &err)
	wantHash := byte(1)
	if f == SHA256 {
		wantHash = 2
	}
	switch {
	case len(data) < midxHeader+chunkRow+m.hash:
		return errMidxShort
	case string(data[:4]) != "MIDX":
		return errMidxMagic
	case data[4] != 1:
		return errMidxVersion
	case data[5] != wantHash:
		return errMidxFormat
	}
	chunks, ok := chunkTable(data[:len(data)-m.hash], midxHeader, int(data[6]))
	if !ok {
		return errMidxChunks
	}
	return m.setChunks(chunks, binary.BigEndian.Uint32(data[8:]))
}

func (m *multiIndex) setChunks(chunks map[string][]byte, packs uint32) error {
	names, fanout, ids, places, large := chunks["PNAM"], chunks["OIDF"], chunks["OIDL"], chunks["OOFF"], chunks["LOFF"]
	if names == nil || fanout == nil || ids == nil || places == nil {
		return errMidxMissing
	}
	if len(fanout) != fanoutSize {
		return errMidxSize
	}
	n, ok := checkFanout(fanout)
	if !ok {
		return errMidxFanout
	}
	if int64(len(ids)) != int64(n)*int64(m.hash) || int64(len(places)) != int64(n)*8 || len(large)%8 != 0 {
		return errMidxSize
	}
	m.count, m.fanout, m.names, m.places, m.large = n, fanout, ids, places, large
	return m.setStems(names, packs)
}

// setStems parses the NUL-terminated names of the packs' indexes.
func (m *multiIndex) setStems(list []byte, packs uint32) error {
	for range packs {
		name, rest, ok := bytes.Cut(list, []byte{0})
		list = rest
		stem, isIdx := strings.CutSuffix(string(name), ".idx")
		if !isIdx {
			stem, isIdx = strings.CutSuffix(string(name), ".pack")
		}
		if !ok || !isIdx || stem == "" || strings.ContainsAny(stem, `/\`) {
			return errMidxNames
		}
		m.stems = append(m.stems, stem)
	}
	return nil
}

func (m *multiIndex) close() error { return m.file.close() }

// find returns the pack and offset of the object with the given raw name. The pack is nil if it is gone.
func (m *multiIndex) find(name []byte) (p *pack, off int64, ok bool, err error) {
	defer endFaults(guardFaults(), &err)
	pos := m.search(name)
	if pos == m.count || !bytes.Equal(m.name(pos), name) {
		return nil, 0, false, nil
	}
	p, off, err = m.place(pos)
	return p, off, true, err
}

// place returns where the object at pos is. Faults are the caller's to guard.
func (m *multiIndex) place(pos int) (*pack, int64, error) {
	n := binary.BigEndian.Uint32(m.places[pos*8:])
	if int64(n) >= int64(len(m.packs)) {
		return nil, 0, errMidxPack
	}
	entry := binary.BigEndian.Uint32(m.places[pos*8+4:])
	// Without a table of large offsets all 32 bits are the offset.
	if m.large == nil {
		return m.packs[n], int64(entry), nil
	}
	off, err := largeOffset(entry, m.large)
	return m.packs[n], off, err
}

func (m *multiIndex) search(prefix []byte) int {
	return searchNames(m.fanout, m.names, m.hash, prefix)
}

// len and name make a multi-pack-index a nameTable.
func (m *multiIndex) len() int { return m.count }

func (m *multiIndex) name(pos int) []byte {
	at := pos * m.hash
	return m.names[at : at+m.hash]
}

// nameAt returns the name of the object whose entry is at the given place.
func (m *multiIndex) nameAt(at place) (id ID, ok bool) {
	var err error
	defer endFaults(guardFaults(), &err) // after a fault nothing is found
	for pos := range m.count {
		if p, off, err := m.place(pos); err == nil && p == at.pack && off == at.off {
			return mustID(m.name(pos)), true
		}
	}
	return ID{}, false
}
