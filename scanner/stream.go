package scanner

import (
	"bufio"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"slices"

	"mudlark/detectors"
	"mudlark/scanner/archive"
	"mudlark/scanner/gitstore"
)

const (
	// wholeText is the size up to which a text is held in memory as a whole. Larger ones are examined in pieces of streamWindow bytes that
	// overlap by streamOverlap on each side, which is more than what decides about any finding of a rule with a bound.
	wholeText     = 32 << 20
	streamWindow  = 16 << 20
	streamOverlap = 1 << 20
	// wholeWalk is the size up to which a walk rebuilds blobs.
	wholeWalk = 2 * wholeText
	// minMostWhole is the least limit of what is held in memory although it is larger than wholeText, since it is an archive or a delta.
	minMostWhole = 256 << 20
)

// mostWhole is the size above which nothing is held in memory as a whole.
func (o *Options) mostWhole() int64 { return max(minMostWhole, o.Memory) }

// large examines a blob that is larger than wholeText. It is nil for one that has to be read whole.
func (w *worker) large(id gitstore.ID, size int64) *examined {
	var hits []hit
	err := w.reader.Stream(id, func(typ gitstore.Type, n int64, r io.Reader) (err error) {
		if typ != gitstore.Blob {
			return wrongType(id, typ, gitstore.Blob)
		}
		hits, err = w.stream(r, n, id.String())
		return err
	})
	if errors.Is(err, gitstore.ErrDelta) {
		if size <= w.s.o.mostWhole() {
			return nil
		}
		err = &gitstore.Error{Class: gitstore.Limit, What: id.String(), Why: fmt.Sprintf("%d bytes, stored as a delta, which is rebuilt in memory; --memory %d would do", size, size)}
	}
	if err != nil {
		w.s.cover.problem(err)
		return &examined{hits: hits, items: numbers(hits)}
	}
	w.s.cover.blobs.Add(1)
	w.s.cover.bytes.Add(size)
	return w.s.summary(hits)
}

// stream examines a text piece by piece; size is -1 if it is not known. An archive is read whole, if it is not too large for that. The error is that
// of r.
func (w *worker) stream(r io.Reader, size int64, what string) ([]hit, error) {
	src := bufio.NewReaderSize(r, 64<<10)
	head, _ := src.Peek(4 << 10)
	packed := archive.Recognise(head) // head is valid until the next read
	if packed && !w.s.o.NoArchives {
		if size <= w.s.o.mostWhole() {
			return w.streamWhole(src, size, what)
		}
		w.s.cover.also(string(gitstore.Limit), what, fmt.Sprintf("archive of %d bytes, which is unpacked in memory; --memory %d would do", size, size))
	}
	var hits []hit
	tail := false
	_, err := w.scanner.ScanReader(src, streamWindow, streamOverlap, func(p detectors.Piece) {
		hits = append(hits, w.piece(p, what)...)
		tail = p.At > 0 && archive.EndsInZip(p.Data)
	})
	if tail && !packed && !w.s.o.NoArchives {
		w.s.cover.also(string(gitstore.Limit), what, fmt.Sprintf("ends in an archive, which is not unpacked in files of more than %d bytes", wholeText))
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return cmp.Or(cmp.Compare(a.item, b.item), a.start-b.start) })
	return hits, err
}

// streamWhole examines a text that is read whole.
func (w *worker) streamWhole(r io.Reader, size int64, what string) ([]hit, error) {
	if size < 0 {
		data, err := io.ReadAll(io.LimitReader(r, w.s.o.mostWhole()))
		if _, more := r.Read(make([]byte, 1)); err == nil && more != io.EOF {
			w.s.cover.also(string(gitstore.Limit), what, fmt.Sprintf("archive of more than %d bytes, which is unpacked in memory; --memory SIZE lets it", w.s.o.mostWhole()))
		}
		return w.file(data, what), err
	}
	data := make([]byte, size)
	n, err := io.ReadFull(r, data)
	return w.file(data[:n], what), err
}

// piece returns the hits in a piece of a text, with their places in the text.
func (w *worker) piece(p detectors.Piece, what string) []hit {
	for _, q := range p.Problems {
		w.s.cover.skip(string(gitstore.Limit), what, fmt.Sprintf("%s, at byte %d", q.Why, p.At+int64(q.Start)))
	}
	if len(p.Matches) == 0 {
		return nil
	}
	var markers []*detectors.Allow
	if !w.s.o.NoInlineAllow {
		markers = detectors.Allows(p.Data, p.Matches, w.s.allows.known)
	}
	hits := w.s.items.hits(p.Matches, markers, w.s.allows.textual(p.Data))
	spans := w.spans(p.Data)
	moved := map[*detectors.Allow]bool{nil: true}
	for i := range hits {
		h := &hits[i]
		h.inside = &inside{}
		if !detectors.Wide(h.decoded) {
			h.inside.excerpt = w.lineAround(p.Data, spans, *h)
		}
		if h.line == 1 {
			h.column += p.Columns
		}
		h.start, h.end = h.start+int(p.At), h.end+int(p.At)
		h.line, h.endLine = h.line+p.Lines, h.endLine+p.Lines
		if !moved[h.allow] {
			moved[h.allow] = true
			h.allow.Line += p.Lines
		}
	}
	return hits
}

// streamFile examines a regular file piece by piece.
func (w *worker) streamFile(name, what string) ([]hit, error) {
	f, size, err := w.openLarge(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	defer w.alone()()
	hits, err := w.stream(f, size, what)
	if err != nil {
		err = &gitstore.Error{Class: gitstore.Damaged, What: name, Why: reason(err)}
	}
	w.s.cover.bytes.Add(size)
	return hits, err
}

// openLarge opens a regular file that is not larger than --max-blob.
func (w *worker) openLarge(name string) (*os.File, int64, error) {
	f, err := openRegular(name)
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	switch {
	case err != nil:
		err = &gitstore.Error{Class: gitstore.Damaged, What: name, Why: reason(err)}
	case info.Size() > w.s.o.MaxBlob:
		err = tooLarge(name, info.Size(), w.s.o.MaxBlob)
	default:
		return f, info.Size(), nil
	}
	f.Close()
	return nil, 0, err
}

// hashFile adds a file's content to a hash.
func (w *worker) hashFile(h hash.Hash, name string) error {
	f, _, err := w.openLarge(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := io.Copy(h, f); err != nil {
		return &gitstore.Error{Class: gitstore.Damaged, What: name, Why: reason(err)}
	}
	return nil
}

// largeLFS examines a large file behind a pointer.
func (w *worker) largeLFS(id gitstore.ID, p lfsPointer, name string) ([]hit, error) {
	h := sha256.New()
	if err := w.hashFile(h, name); err != nil {
		return nil, err
	}
	if hex.EncodeToString(h.Sum(nil)) != p.oid {
		return nil, wrongLFS(id, p)
	}
	return w.streamFile(name, "LFS object "+p.oid)
}

// A boundedStream reads from a stream until ctx ends or limit bytes have been read.
type boundedStream struct {
	ctx    context.Context
	chunks chan streamChunk
	rest   []byte
	err    error
	left   int64
}

type streamChunk struct {
	data []byte
	err  error
}

// errTooLong is the error of a stream that is longer than the limit.
var errTooLong = errors.New("too long")

func newBoundedStream(ctx context.Context, r io.Reader, limit int64) *boundedStream {
	b := &boundedStream{ctx: ctx, chunks: make(chan streamChunk), left: limit}
	go func() { // a read cannot be interrupted, so it is left behind when ctx ends
		for {
			buf := make([]byte, 64<<10)
			n, err := r.Read(buf)
			select {
			case b.chunks <- streamChunk{buf[:n], err}:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	return b
}

func (b *boundedStream) Read(p []byte) (int, error) {
	for len(b.rest) == 0 {
		if b.err != nil {
			return 0, b.err
		}
		select {
		case <-b.ctx.Done():
			b.err = b.ctx.Err()
		case c := <-b.chunks:
			b.rest, b.err = c.data, c.err
		}
	}
	if b.left == 0 {
		b.rest, b.err = nil, errTooLong
		return 0, errTooLong
	}
	n := copy(p[:min(int64(len(p)), b.left)], b.rest)
	b.rest, b.left = b.rest[n:], b.left-int64(n)
	return n, nil
}
