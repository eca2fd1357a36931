package detectors

import (
	"bytes"
	"io"
	"slices"
	"unicode/utf8"
)

// A Piece is a part of a text that is too large to be held in memory, with what was found in it. Pieces overlap.
type Piece struct {
	Data []byte // valid during the call only
	// At is the offset of Data in the text; Lines and Columns are the line feeds before it, and the code points between the last one
	// and it.
	At             int64
	Lines, Columns int
	// Result has positions within Data. A match is in one piece only, except one in an encoded run that is longer than the overlap.
	Result
}

// ScanReader is Scan for a text that is read piece by piece, of which up to window bytes are held, with overlap bytes of them before and
// behind what a piece is about. What is found is what Scan finds, as far as it depends on no bytes farther away than the overlap: of an encoded
// run that is longer, the place of a match is where the piece begins. Text with a byte order mark of UTF-16 or UTF-32 is decoded first, so
// that Data is the decoded text.
//
// The first result is the number of bytes of the text that were examined; the error is that of r.
func (s *Scanner) ScanReader(r io.Reader, window, overlap int, see func(Piece)) (int64, error) {
	c := &countingReader{r: r}
	text, wide := unmarked(c)
	st := stream{s: s, overlap: overlap, wide: wide, seen: map[string]bool{}, see: see}
	buf := make([]byte, 0, window)
	for {
		n, err := fill(text, buf[len(buf):window])
		buf = buf[:len(buf)+n]
		if err != nil {
			st.piece(buf, len(buf), true)
			if err == io.EOF {
				err = nil
			}
			return c.n, err
		}
		end := len(buf) - overlap
		st.piece(buf, end, false)
		buf = st.advance(buf, end)
	}
}

// fill reads until b is full. Unlike io.ReadFull it tells the end of r from an error of r's own.
func fill(r io.Reader, b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		var k int
		k, err = r.Read(b[n:])
		n += k
	}
	if n == len(b) {
		return n, nil
	}
	return n, err
}

// A stream is the state of ScanReader between two pieces.
type stream struct {
	s       *Scanner
	overlap int
	wide    string // the decoder that was applied to all of it
	see     func(Piece)

	at             int64
	lines, columns int
	core           int  // where what the piece is about begins
	decided        bool // it is known whether the text is binary
	seen           map[string]bool
}

// piece scans what is in memory and passes on what belongs to it: up to end.
func (st *stream) piece(buf []byte, end int, last bool) {
	s := st.s
	if st.decided {
		s.kind = &s.kindOf
	}
	res := s.Scan(buf)
	if !st.decided {
		st.decided, s.kindOf = true, res.Binary
	}
	s.kind = nil
	res.Matches = slices.DeleteFunc(res.Matches, func(m Match) bool { return !st.belongs(&m, len(buf), end, last) })
	res.Problems = slices.DeleteFunc(res.Problems, func(p Problem) bool { return p.Start < st.core || p.Start >= end && !last })
	if st.wide != "" {
		for i := range res.Matches {
			m := &res.Matches[i]
			m.Decoded = slices.Insert(slices.Clone(m.Decoded), 0, st.wide)
		}
	}
	st.see(Piece{Data: buf, At: st.at, Lines: st.lines, Columns: st.columns, Result: res})
}

// belongs reports whether a match is one of this piece and of no piece before.
func (st *stream) belongs(m *Match, size, end int, last bool) bool {
	if m.Start >= end && !last {
		return false
	}
	// The pieces before saw as much as the overlap behind the start of this one.
	before := m.Start < st.core
	if before && (len(m.Decoded) == 0 || m.End <= st.core+st.overlap-regionMargin) {
		return false
	}
	if before || len(m.Decoded) > 0 && m.End >= size-regionMargin {
		k := key(m.Rule.ID, m.Secret)
		if st.seen[k] {
			return false
		}
		st.seen[k] = true
	}
	return true
}

// advance forgets what the next piece does not need. It begins, where possible, at the start of a line.
func (st *stream) advance(buf []byte, end int) []byte {
	from := cutBefore(buf, end-st.overlap)
	passed := buf[:from]
	if i := bytes.LastIndexByte(passed, '\n'); i >= 0 {
		st.lines += bytes.Count(passed, []byte{'\n'})
		st.columns, passed = 0, passed[i+1:]
	}
	st.columns += utf8.RuneCount(passed)
	st.at += int64(from)
	st.core = end - from
	return buf[:copy(buf, buf[from:])]
}

// cutBefore returns where to cut, at an offset or somewhat before it: behind a line feed; without one, at a multiple of four from the start of
// a run of base64, and between two characters.
func cutBefore(buf []byte, at int) int {
	const near = 64 << 10
	from := max(0, at-near)
	if i := bytes.LastIndexByte(buf[from:at], '\n'); i >= 0 {
		return from + i + 1
	}
	run := at
	for run > 0 && classOf[buf[run-1]]&classBase64 != 0 {
		run--
	}
	at -= (at - run) % 4
	for n := 0; n < utf8.UTFMax && at > 0 && !utf8.RuneStart(buf[at]); n++ {
		at--
	}
	return at
}

type countingReader struct {
	r io.Reader
	n int64
}

func (c *countingReader) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += int64(n)
	return n, err
}

// unmarked returns a reader of the text as UTF-8 and the name of the decoder if it has a byte order mark of another encoding, else the text as
// it is.
func unmarked(r io.Reader) (io.Reader, string) {
	head := make([]byte, 8)
	n, err := fill(r, head)
	head = head[:n]
	rest := io.Reader(bytes.NewReader(head))
	if err == nil {
		rest = io.MultiReader(rest, r)
	} else if err != io.EOF {
		rest = io.MultiReader(rest, failing{err})
	}
	if order := markUTF32(head); order != nil {
		return newWideReader(rest, 4, func(dst, src []byte) []byte { return appendUTF32(dst, src, order) }), decoderUTF32
	}
	if order := markUTF16(head); order != nil {
		return newWideReader(rest, 2, func(dst, src []byte) []byte { return appendUTF16(dst, src, order) }), decoderUTF16
	}
	return rest, ""
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// A wideReader decodes as it reads.
type wideReader struct {
	r       io.Reader
	decode  func(dst, src []byte) []byte
	src     []byte // what is read and not decoded
	out     []byte
	pending []byte // of out
	err     error
	mark    int // bytes of the mark that are to be skipped
	unit    int
}

func newWideReader(r io.Reader, unit int, decode func(dst, src []byte) []byte) *wideReader {
	return &wideReader{r: r, decode: decode, src: make([]byte, 0, 64<<10), mark: unit, unit: unit}
}

func (w *wideReader) Read(b []byte) (int, error) {
	for len(w.pending) == 0 {
		if w.err != nil {
			return 0, w.err
		}
		w.fill()
	}
	n := copy(b, w.pending)
	w.pending = w.pending[n:]
	return n, nil
}

func (w *wideReader) fill() {
	n, err := io.ReadAtLeast(w.r, w.src[len(w.src):cap(w.src)], 1)
	w.src, w.err = w.src[:len(w.src)+n], err
	skip := min(w.mark, len(w.src))
	w.mark -= skip
	whole := len(w.src) - (len(w.src)-skip)%w.unit
	if w.unit == 2 && w.err == nil && whole-skip >= 2 {
		whole -= 2 // it may be the first half of a pair
	}
	w.out = w.decode(w.out[:0], w.src[skip:max(skip, whole)])
	w.pending = w.out
	w.src = w.src[:copy(w.src, w.src[max(skip, whole):])]
}
