package archive

import (
	"bytes"
	"compress/bzip2"
	"encoding/binary"
	"hash/crc32"
	"io"
	"slices"
)

// sevenZip reads a 7z (7zFormat.txt): a start header of 32 bytes says where, at the end, the header is; that may be
// packed itself. Files are concatenated to folders; a folder is one packed stream.
func (w *walker) sevenZip(data []byte, p place) {
	header, err := w.sevenHeader(data)
	if err != nil {
		w.trouble(p.path, err)
		return
	}
	c := &sevenCursor{b: header}
	var s sevenStreams
	for id := c.number(); id != sevenEnd && c.err == nil; id = c.number() {
		switch id {
		case sevenHeaderID:
		case sevenArchiveProperties:
			for kind := c.number(); kind != 0 && c.err == nil; kind = c.number() {
				c.take(c.number())
			}
		case sevenAdditional:
			c.streams()
		case sevenMain:
			s = c.streams()
		case sevenFiles:
			files := c.files()
			if c.err == nil {
				w.sevenFiles(data, p, s, files)
				return
			}
		default:
			c.fail()
		}
	}
	w.trouble(p.path, c.err)
}

// sevenHeader finds the header and unpacks it as often as it is packed.
func (w *walker) sevenHeader(data []byte) ([]byte, error) {
	const maxHeader = 16 << 20
	if len(data) < sevenStart {
		return nil, errEndsEarly
	}
	offset, length := binary.LittleEndian.Uint64(data[12:]), binary.LittleEndian.Uint64(data[20:])
	body := data[sevenStart:]
	if offset > uint64(len(body)) || length > uint64(len(body))-offset {
		return nil, errEndsEarly
	}
	if length == 0 {
		return []byte{sevenHeaderID, sevenEnd}, nil
	}
	header := body[offset : offset+length]
	if crc32.ChecksumIEEE(header) != binary.LittleEndian.Uint32(data[28:]) {
		return nil, damage("checksum of the header differs")
	}
	for range 4 {
		if len(header) > maxHeader {
			return nil, &limitError{why: "header is larger than " + size(maxHeader)}
		}
		if header[0] != sevenEncoded {
			return header, nil
		}
		c := &sevenCursor{b: header[1:]}
		s := c.streams()
		if c.err != nil || len(s.folders) == 0 || s.folders[0].size() == 0 {
			return nil, errSevenHeader
		}
		r, err := w.sevenFolder(data, &s, 0)
		if err != nil {
			return nil, err
		}
		unpacked := io.LimitReader(r, int64(min(s.folders[0].size(), maxHeader+1)))
		if header, err = w.fill(nil, unpacked, 4<<10); err != nil {
			return nil, err
		}
		if len(header) == 0 {
			return nil, errSevenHeader
		}
	}
	return nil, errSevenHeader
}

// sevenFiles visits the files in the order of the header.
func (w *walker) sevenFiles(data []byte, p place, s sevenStreams, files sevenFileList) {
	var folder io.Reader
	var failed error
	at, left, stream := -1, uint64(0), 0
	for i := range files.count {
		name := files.name()
		if !w.count(p) {
			return
		}
		if files.empty.get(i) {
			if files.emptyFile() {
				w.entry(p, name, nil, nil)
			}
			continue
		}
		for left == 0 {
			if at++; at >= len(s.folders) {
				w.trouble(p.inside(name), errSevenHeader)
				return
			}
			left = s.folders[at].files
			if left > 0 {
				folder, failed = w.sevenFolder(data, &s, at)
			}
		}
		left--
		sub := s.subs[stream]
		stream++
		if failed != nil {
			w.trouble(p.inside(name), failed)
			continue
		}
		failed = w.sevenFile(folder, p, name, sub)
	}
}

// sevenFile visits the next file of a folder. Its error is that of the folder, and so of all later files in it.
func (w *walker) sevenFile(folder io.Reader, p place, name string, sub sevenSub) error {
	r := &io.LimitedReader{R: folder, N: int64(min(sub.size, 1<<62))}
	content, err := w.slurp(p.depth, r, min(r.N+1, 1<<20))
	if err == nil && r.N > 0 {
		err = errEndsEarly
	}
	if err == nil && sub.checked && crc32.ChecksumIEEE(content) != sub.crc {
		err = errChecksum
	}
	w.entry(p, name, content, err)
	if r.N == 0 || w.stopped {
		return nil
	}
	if _, skip := io.Copy(io.Discard, r); skip != nil {
		return skip
	}
	if r.N > 0 {
		return errEndsEarly
	}
	return nil
}

// sevenFolder returns a reader of what folder i unpacks to.
func (w *walker) sevenFolder(data []byte, s *sevenStreams, i int) (io.Reader, error) {
	f := &s.folders[i]
	body := data[sevenStart:]
	if f.firstPack >= len(s.packSizes) || s.packStarts[f.firstPack] > uint64(len(body)) {
		return nil, errEndsEarly
	}
	packed := body[s.packStarts[f.firstPack]:]
	packed = packed[:min(s.packSizes[f.firstPack], uint64(len(packed)))]
	r, err := w.sevenCoders(f, packed)
	if err != nil {
		return nil, err
	}
	return w.metered(r, int64(len(packed))), nil
}

// sevenCoders chains the coders of a folder, from the packed stream to the file.
func (w *walker) sevenCoders(f *sevenFolder, packed []byte) (io.Reader, error) {
	if slices.ContainsFunc(f.coders, func(c sevenCoder) bool { return c.method == "\x06\xf1\x07\x01" }) {
		return nil, errEncrypted
	}
	order, ok := f.order()
	if !ok {
		return nil, unsupportedError("7z folder with branches")
	}
	var r io.Reader
	for _, k := range order {
		var err error
		if r, err = w.sevenCoder(&f.coders[k], f.sizes[k], r, packed); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// sevenCoder applies one coder: to packed if r is nil, else to r, which only filters can follow.
func (w *walker) sevenCoder(c *sevenCoder, unpacked uint64, r io.Reader, packed []byte) (io.Reader, error) {
	src := bytes.NewReader(packed)
	first := r == nil
	if first {
		r = src
	}
	switch c.method {
	case "\x00":
		return r, nil
	case "\x03":
		if len(c.props) == 1 {
			return deltaOf(c.props[0])(r), nil
		}
	case "\x03\x03\x01\x03", "\x04":
		return newX86Filter(r), nil
	}
	if !first {
		return nil, unsupportedError("7z coders")
	}
	switch c.method {
	case "\x21":
		if len(c.props) == 1 && c.props[0] <= 40 {
			_, most := lzma2Extent(packed)
			z, err := w.lzma2Reader(packed, lzma2Dict(c.props[0]), most)
			return guarded{decoderErrors{z}}, err
		}
	case "\x03\x01\x01":
		if len(c.props) == 5 {
			return w.rawLZMA(c.props, unpacked, packed)
		}
	case "\x04\x01\x08":
		return w.flateReader(src)
	case "\x04\x02\x02":
		return guarded{decoderErrors{bzip2.NewReader(src)}}, nil
	case "\x04\xf7\x11\x01":
		return w.zstdReader(packed)
	}
	return nil, unsupportedError("7z method")
}
