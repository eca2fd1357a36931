package archive

import (
	"errors"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// ErrFormat is returned by Walk for data that is no archive.
var ErrFormat = errors.New("archive: not an archive")

// errEncrypted is the problem of an entry that needs a password.
var errEncrypted = errors.New("encrypted")

// An unsupportedError names a part of a format that this package does not read.
type unsupportedError string

func (e unsupportedError) Error() string { return "unsupported: " + string(e) }

// damage is an error of this package's own parsers.
type damage string

func (e damage) Error() string { return string(e) }

const (
	errEndsEarly = damage("ends early")
	errChecksum  = damage("checksum differs")
	errTrailing  = damage("other data after the end")
)

// Walk visits every file inside the archive data, one at a time and in the order of the archive.
//
// content is valid during the call only and must not be changed. The content of a link is its target. Directories and devices are
// not visited.
//
// An archive inside is not visited itself, its files are; but where its bytes may hold what its files do not (it was not
// read whole, or has a comment or data before it) it is visited after them.
//
// problem is told of everything that was not read, at the end of the archive concerned. What came out before the problem has been
// visited.
//
// The error is the first one that visit returns, at which Walk stops, or ErrFormat.
func Walk(data []byte, l Limits, visit func(e Entry, content []byte) error, problem func(Problem)) error {
	f := recognise(data)
	if f == none {
		return ErrFormat
	}
	w := &walker{limits: l.orDefaults(), input: int64(len(data)), visit: visit, problem: problem}
	defer w.close()
	w.archive(data, f, place{depth: 1, formats: []string{f.String()}})
	return w.err
}

// A walker is the state of one Walk.
type walker struct {
	limits  Limits
	visit   func(Entry, []byte) error
	problem func(Problem)

	input    int64 // size of the outermost archive
	unpacked int64
	entries  int
	problems int
	// stopped is set by a final limit and by an error of visit; nothing is read after it.
	stopped bool
	err     error

	frame   *frame   // of the archive under way
	buffers [][]byte // one for each depth
	inflate io.ReadCloser
	gunzip  *gzip.Reader
	zstd    *zstd.Decoder
}

func (w *walker) close() {
	if w.zstd != nil {
		w.zstd.Close()
	}
}

// A place is an archive under way: its path, how deep it lies, 1 for the outermost, and the formats that it was read from.
type place struct {
	path    string
	depth   int
	formats []string
}

func (p place) inside(name string) string {
	if p.depth == 1 {
		return name
	}
	return p.path + "!/" + name
}

// A frame collects what is said of one archive until it is known whether it is one.
type frame struct {
	sound    bool // something came out that chance does not make
	damaged  bool
	problems []Problem
}

// archive walks one archive and tells its problems. It reports whether the entries are all that it holds.
func (w *walker) archive(data []byte, f format, p place) bool {
	outer := w.frame
	w.frame = &frame{}
	defer func() {
		for _, q := range w.frame.problems {
			q.Certain = w.frame.sound || !w.frame.damaged
			w.problem(q)
		}
		w.frame = outer
	}()
	return w.read(data, f, p)
}

func (w *walker) read(data []byte, f format, p place) bool {
	switch f {
	case zipFormat:
		return w.zip(data, p)
	case tarFormat:
		w.tarBytes(data, p)
	case sevenZipFormat:
		w.sevenZip(data, p)
	case arFormat:
		w.ar(data, p)
	default:
		w.compressed(data, f, p)
	}
	return true
}

// count accounts for one more entry of p and reports whether it may be read.
func (w *walker) count(p place) bool {
	if w.stopped {
		return false
	}
	if w.entries == w.limits.Entries {
		w.trouble(p.path, &limitError{limit: LimitEntries, why: "more than " + thousands(int64(w.limits.Entries)) + " entries", final: true})
		return false
	}
	w.entries++
	return true
}

// entry visits one entry, or what is inside it if it is an archive. cause, if not nil, is why content is not whole.
func (w *walker) entry(p place, name string, content []byte, cause error) {
	path := p.inside(name)
	w.frame.sound = w.frame.sound || cause == nil || textual(content)
	if len(content) > 0 || cause == nil {
		w.open(p, path, content)
	}
	w.trouble(path, cause)
}

func (w *walker) open(p place, path string, content []byte) {
	f := recognise(content)
	if f == none {
		w.show(p, path, content)
		return
	}
	if p.depth >= w.limits.Depth {
		w.trouble(path, &limitError{limit: LimitDepth, why: "archives nested deeper than " + thousands(int64(w.limits.Depth))})
		w.show(p, path, content)
		return
	}
	before := w.problems
	whole := w.archive(content, f, place{path, p.depth + 1, append(p.formats[:len(p.formats):len(p.formats)], f.String())})
	if !whole || w.problems > before {
		w.show(p, path, content)
	}
}

// show visits. After a final limit the archives around it are still shown: they are in memory.
func (w *walker) show(p place, path string, content []byte) {
	if w.err != nil {
		return
	}
	if w.err = w.visit(Entry{path, p.formats}, content); w.err != nil {
		w.stopped = true
	}
}

// trouble tells a problem, and stops the walk if it is a final limit.
func (w *walker) trouble(path string, cause error) {
	if cause == nil || w.err != nil {
		return
	}
	var limit *limitError
	var unsupported unsupportedError
	p := Problem{Path: path}
	switch {
	case errors.As(cause, &limit):
		if limit.final && w.stopped {
			return
		}
		w.stopped = w.stopped || limit.final
		p.Kind, p.Why, p.Limit = LimitReached, limit.why, limit.limit
	case errors.As(cause, &unsupported):
		p.Kind, p.Why = Unsupported, string(unsupported)
	case errors.Is(cause, errEncrypted):
		p.Kind = Encrypted
	default:
		p.Kind, p.Why = Damaged, cause.Error()
		w.frame.damaged = true
	}
	w.problems++
	w.frame.problems = append(w.frame.problems, p)
}
