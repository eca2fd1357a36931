package archive

import (
	"archive/tar"
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
)

const tarBlock = 512

// tarChecksum reports whether the header's checksum (eight octal digits at 148, themselves taken as spaces) is right, as
// unsigned or, as some old writers have it, signed bytes.
func tarChecksum(header []byte) bool {
	declared, digits := int64(0), 0
	for _, c := range header[148:156] {
		switch {
		case c >= '0' && c <= '7':
			declared, digits = declared<<3|int64(c-'0'), digits+1
		case c != ' ' && c != 0:
			return false
		}
	}
	unsigned, signed := int64(0), int64(0)
	for i, c := range header {
		if i >= 148 && i < 156 {
			c = ' '
		}
		unsigned += int64(c)
		signed += int64(int8(c))
	}
	return digits > 0 && (declared == unsigned || declared == signed)
}

// tarBytes reads a tar in memory: entries are visited where they lie.
func (w *walker) tarBytes(data []byte, p place) {
	r := bytes.NewReader(data)
	for {
		if err := w.tarMembers(r, r, data, p); err != nil {
			w.trouble(p.path, tarCause(err))
			return
		}
		rest := data[len(data)-r.Len():]
		for len(rest) >= tarBlock && zeros(rest[:tarBlock]) {
			rest = rest[tarBlock:]
		}
		if w.stopped || zeros(rest) {
			return
		}
		if !tarLike(rest) {
			w.trouble(p.path, errTrailing)
			return
		}
		r.Reset(rest)
		data = rest
	}
}

// tarStream reads a tar that comes out of a decoder.
func (w *walker) tarStream(r *bufio.Reader, p place) {
	for {
		if err := w.tarMembers(r, nil, nil, p); err != nil {
			w.trouble(p.path, tarCause(err))
			return
		}
		next, err := r.Peek(tarBlock)
		for err == nil && zeros(next) && !w.stopped {
			if _, err = r.Discard(tarBlock); err == nil {
				next, err = r.Peek(tarBlock)
			}
		}
		switch {
		case w.stopped:
			return
		case err != nil && err != io.EOF:
			w.trouble(p.path, tarCause(err))
			return
		case zeros(next):
			return
		case !tarLike(next):
			w.trouble(p.path, errTrailing)
			return
		}
	}
}

func tarCause(err error) error {
	switch {
	case errors.Is(err, tar.ErrHeader):
		return damage("header of a tar entry")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errEndsEarly
	}
	return err
}

// tarMembers reads entries up to the end mark (two blocks of zeros) or the end of r. If r reads from memory, mem is r and
// data is what it reads.
func (w *walker) tarMembers(r io.Reader, mem *bytes.Reader, data []byte, p place) error {
	t := tar.NewReader(r)
	for {
		h, err := t.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil && !errors.Is(err, tar.ErrInsecurePath) {
			return err
		}
		if !w.count(p) {
			return nil
		}
		switch h.Typeflag {
		case tar.TypeDir, tar.TypeChar, tar.TypeBlock, tar.TypeFifo, tar.TypeXGlobalHeader:
			continue
		case tar.TypeLink, tar.TypeSymlink:
			w.storedEntry(p, h.Name, []byte(h.Linkname), false)
			continue
		}
		if sparse := tarSparse(h); sparse || mem == nil {
			w.tarFile(t, h, p, sparse)
			continue
		}
		rest := data[len(data)-mem.Len():]
		n := min(h.Size, int64(len(rest)))
		w.storedEntry(p, h.Name, rest[:n], n < h.Size)
	}
}

// tarFile reads a file that is not in memory. The holes of a sparse one cost nothing in the archive, so it is metered for
// itself: as if its data were a block.
func (w *walker) tarFile(t *tar.Reader, h *tar.Header, p place, sparse bool) {
	r := io.Reader(t)
	if sparse {
		r = w.metered(t, tarBlock)
	}
	content, err := w.slurp(p.depth, r, min(h.Size+1, 1<<20))
	w.entry(p, h.Name, content, tarCause(err))
}

func tarSparse(h *tar.Header) bool {
	if h.Typeflag == tar.TypeGNUSparse {
		return true
	}
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return true
		}
	}
	return false
}

func zeros(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
