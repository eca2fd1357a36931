package gitstore

import (
	"bytes"
	"errors"
	"io"
	"strconv"
)

// ErrDelta is the error of Stream for an object that is stored as a delta only, so that it cannot be read piece by piece.
var ErrDelta = errors.New("object is stored as a delta")

// SetMaxObject bounds the objects that r reads whole, in place of the store's MaxObject.
func (r *Reader) SetMaxObject(size int64) { r.maxObject = size }

// Stream calls use with an object's type, size and content, which is inflated as it is read, so that no more than a window of it is in
// memory. MaxObject does not apply. If the content turns out to be damaged, use is called again for another copy; r must not be used within it.
// The error is ErrDelta, that of use, or an *Error, which comes after use has seen what there was.
func (r *Reader) Stream(id ID, use func(Type, int64, io.Reader) error) error {
	r.release()
	first, ok := r.store.find(id, &r.hint)
	if !ok {
		return missing(id)
	}
	tried := map[copyAt]bool{}
	var failed error
	for _, c := range append([]copyAt{first}, r.store.copies(id)...) {
		if tried[c] {
			continue
		}
		tried[c] = true
		err := r.streamCopy(id, c, use)
		if err == nil {
			return nil
		}
		var damage *streamError
		if !errors.As(err, &damage) && err != ErrDelta {
			return err
		}
		if failed == nil || failed == ErrDelta {
			failed = err
		}
	}
	var damage *streamError
	if errors.As(failed, &damage) {
		return &Error{Class: damage.cause.Class, What: id.String(), Why: damage.cause.Why}
	}
	return failed
}

// A streamError is what is wrong with a copy, and not with what use does.
type streamError struct{ cause *Error }

func (e *streamError) Error() string { return e.cause.Error() }

func (r *Reader) streamCopy(id ID, c copyAt, use func(Type, int64, io.Reader) error) error {
	switch {
	case c.loose != nil:
		return r.streamLoose(id, c.loose, use)
	case c.pack == nil:
		return use(Tree, 0, bytes.NewReader(nil))
	}
	state, e, err := r.entry(c.place)
	if err == nil && (e.typ == ofsDelta || e.typ == refDelta) {
		return ErrDelta
	}
	if err == nil && e.data >= state.end {
		err = errEntryOffset
	}
	if err == nil {
		err = r.z.fromFile(state.file, e.data, state.end)
	}
	if err != nil {
		return &streamError{r.entryError(c.place, err)}
	}
	own, err := r.streamContent(id, e.typ, e.size, nil, use)
	if err != nil {
		return &streamError{r.entryError(c.place, err)}
	}
	return own
}

func (r *Reader) streamLoose(id ID, store *looseStore, use func(Type, int64, io.Reader) error) error {
	f, fileSize, err := openObjectFile(store.path(id))
	if err != nil {
		return &streamError{r.looseError(id, store, err)}
	}
	defer f.Close()
	var buf [maxLooseHeader]byte
	typ, size, begin, err := r.looseHeader(f, fileSize, buf[:])
	if err == nil && int64(len(begin)) > size {
		err = errInflatesOn
	}
	var own error
	if err == nil {
		own, err = r.streamContent(id, typ, size, begin, use)
	}
	if err != nil {
		return &streamError{r.looseError(id, store, err)}
	}
	return own
}

// streamContent passes on the stream that r.z is at, behind what begin holds of it, and verifies it. Own is the error of use; with one, the rest is not
// verified.
func (r *Reader) streamContent(id ID, typ Type, size int64, begin []byte, use func(Type, int64, io.Reader) error) (own, err error) {
	header := append(append([]byte(typ.String()), ' '), strconv.FormatInt(size, 10)...)
	r.hash.Reset()
	r.hash.Write(append(header, 0))
	src := &streamReader{r: io.LimitReader(io.MultiReader(bytes.NewReader(begin), r.z.z), size)}
	content := io.TeeReader(src, r.hash)
	if own = use(typ, size, content); own != nil && src.err == nil {
		return own, nil
	}
	if _, err := io.Copy(io.Discard, content); err != nil {
		return nil, zlibError(err)
	}
	if src.n < size {
		return nil, errInflatesTo
	}
	if err := r.z.finish(); err != nil {
		return nil, err
	}
	r.sum = r.hash.Sum(r.sum[:0])
	if mustID(r.sum) != id {
		return nil, errWrongHash
	}
	return nil, nil
}

// A streamReader counts, and remembers an error of what it reads from.
type streamReader struct {
	r   io.Reader
	n   int64
	err error
}

func (s *streamReader) Read(b []byte) (int, error) {
	n, err := s.r.Read(b)
	s.n += int64(n)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}
