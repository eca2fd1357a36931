package gitstore

import (
	"bytes"
	"errors"
	"io"
	"os"
)

// readLoose reads a loose object and verifies its hash. The content is the pool's.
func (r *Reader) readLoose(id ID, store *looseStore) (typ Type, data []byte, failed *Error) {
	f, size, err := openObjectFile(store.path(id))
	if err == nil {
		typ, data, err = r.looseContent(f, size)
		err = errors.Join(err, f.Close())
	}
	if err == nil && !r.verify(id, typ, data) {
		err = errWrongHash
	}
	if err != nil {
		r.pool.put(data)
		return 0, nil, r.looseError(id, store, err)
	}
	return typ, data, nil
}

// looseError says what is wrong with a loose object.
func (r *Reader) looseError(id ID, store *looseStore, err error) *Error {
	label := r.store.label(store.path(id))
	var e *Error
	if errors.As(err, &e) {
		return &Error{Class: e.Class, What: label, Why: label + ": " + e.Why}
	}
	e = fileError(label, err)
	e.Why = label + ": " + e.Why
	return e
}

// looseHeader inflates the beginning of a loose object into buf and parses the header there. It returns what of the
// content came with it.
func (r *Reader) looseHeader(f *os.File, fileSize int64, buf []byte) (typ Type, size int64, rest []byte, err error) {
	if err := r.z.fromFile(f, 0, fileSize); err != nil {
		return 0, 0, nil, err
	}
	n := 0
	for n < len(buf) && bytes.IndexByte(buf[:n], 0) < 0 {
		got, err := r.z.z.Read(buf[n:])
		n += got
		if err == io.EOF {
			break
		}
		if err != nil {
			return 0, 0, nil, zlibError(err)
		}
	}
	typ, size, used, err := parseLooseHeader(buf[:n])
	if err != nil {
		return 0, 0, nil, err
	}
	return typ, size, buf[used:n], nil
}

func (r *Reader) looseContent(f *os.File, fileSize int64) (Type, []byte, error) {
	var buf [maxLooseHeader]byte
	typ, size, begin, err := r.looseHeader(f, fileSize, buf[:])
	if err != nil {
		return 0, nil, err
	}
	if err := r.tooLarge(size); err != nil {
		return 0, nil, err
	}
	if int64(len(begin)) > size {
		return 0, nil, errInflatesOn
	}
	data, err := r.z.rest(begin, size, fileSize)
	return typ, data, err
}
