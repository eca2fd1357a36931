package gitstore

import (
	"encoding/binary"
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
)

// pack is a pack file (gitformat-pack, "pack-*.pack files"). Its file is opened when something is first read from it and
// then stays open, so that it can be read even after a repack has removed it.
type pack struct {
	stem   string // path without ".pack"
	hash   int
	format Format
	label  string // names the pack in errors
	count  uint32

	state atomic.Pointer[packState]
	mu    sync.Mutex // for opening

	layout atomic.Pointer[packLayout] // nil until a walk has read all headers

	idxOnce sync.Once
	idxErr  error
	idx     *packIndex // nil if there is none or it is unusable; set under idxOnce
}

// packState is the outcome of opening a pack.
type packState struct {
	file *os.File
	end  int64 // where the entries end and the trailing checksum begins
	// suspect: the pack is not the one that its index was made for, or was cut short. Every object read from it is hashed.
	suspect bool
	// unchecked: a multi-pack-index led here, so there is no index to check the pack against. Objects are hashed, too.
	unchecked bool
	err       *Error // why the file is unusable (file is nil) or suspect
}

const packHeaderSize = 12

var (
	errPackShort   = errors.New("pack is too short")
	errPackMagic   = errors.New("pack has a bad signature")
	errPackVersion = errors.New("pack has an unknown version")
	errPackTrailer = errors.New("pack does not end with the checksum that its index names")
	errPackCount   = errors.New("pack and index disagree about the number of objects")
)

func (p *pack) path() string { return p.stem + ".pack" }

// index returns the pack's index, nil if it has none that can be used.
func (p *pack) index() *packIndex {
	p.idxOnce.Do(func() { p.idx, p.idxErr = openIndex(p.stem+".idx", p.format) })
	return p.idx
}

// open returns the opened pack. If it cannot be used, it returns the reason.
func (p *pack) open() (*packState, *Error) {
	s := p.state.Load()
	if s == nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		if s = p.state.Load(); s == nil {
			var final bool
			if s, final = p.openFile(); final {
				p.state.Store(s)
			}
		}
	}
	if s.file == nil {
		return nil, s.err
	}
	return s, nil
}

// openFile opens the file and checks it. The outcome is not final if the operating system would not open it: the file may
// be about to be replaced, or too many files are open.
func (p *pack) openFile() (s *packState, final bool) {
	file, size, err := openObjectFile(p.path())
	if err != nil {
		return &packState{err: fileError(p.label, err)}, errors.Is(err, errNotRegular)
	}
	s = &packState{file: file, end: size - int64(p.hash)}
	err = p.checkHeader(file, size)
	if err == nil {
		if err = p.checkIndex(s); err == nil {
			s.unchecked = p.index() == nil
			return s, true
		}
		s.suspect, s.err = true, fileError(p.label, err)
		s.end = size // without the right trailer there may be none
		return s, true
	}
	return &packState{err: fileError(p.label, errors.Join(err, file.Close()))}, true
}

func (p *pack) checkHeader(f *os.File, size int64) error {
	if size < int64(packHeaderSize+p.hash) {
		return errPackShort
	}
	var h [packHeaderSize]byte
	if _, err := f.ReadAt(h[:], 0); err != nil {
		return err
	}
	if string(h[:4]) != "PACK" {
		return errPackMagic
	}
	if v := binary.BigEndian.Uint32(h[4:]); v != 2 && v != 3 {
		return errPackVersion
	}
	p.count = binary.BigEndian.Uint32(h[8:])
	return nil
}

// checkIndex checks that the pack is the one that its index was made for.
func (p *pack) checkIndex(s *packState) error {
	x := p.index()
	if x == nil {
		return nil // a multi-pack-index led here
	}
	if int64(p.count) != int64(x.count) {
		return errPackCount
	}
	var sum [MaxIDSize]byte
	if _, err := s.file.ReadAt(sum[:p.hash], s.end); err != nil {
		return err
	}
	if sum != x.packSum {
		return errPackTrailer
	}
	return x.checkSum()
}

// isSuspect reports whether the pack has been opened and found suspect.
func (p *pack) isSuspect() bool {
	s := p.state.Load()
	return s != nil && s.suspect
}

func (p *pack) close() error {
	var errs []error
	if s := p.state.Load(); s != nil && s.file != nil {
		errs = append(errs, s.file.Close())
	}
	if p.idx != nil {
		errs = append(errs, p.idx.close())
	}
	return errors.Join(errs...)
}

// readAt fills buf from off as far as the entries go. It returns fewer bytes only at their end.
func (s *packState) readAt(buf []byte, off int64) (int, error) {
	if rest := s.end - off; int64(len(buf)) > rest {
		buf = buf[:max(rest, 0)]
	}
	n, err := s.file.ReadAt(buf, off)
	if err == io.EOF {
		err = nil
	}
	return n, err
}
