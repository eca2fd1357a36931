package archive

import (
	"fmt"
	"io"
)

// Limits bounds the work that one call of Walk does. A field that is zero or less stands for its default.
type Limits struct {
	// Depth is how many archives may lie inside each other, the outermost included. Default 3. A compressed tar is one.
	Depth int
	// Entries is the number of entries in all archives together, directories included. Default 10,000.
	Entries int
	// Bytes is the number of bytes that come out of all archives together; what comes out of a nested archive counts
	// again. Default 256 MiB.
	Bytes int64
	// Ratio is the greatest unpacked size as a multiple of the packed size, of each entry and of the whole.
	// It applies to what exceeds 1 MiB unpacked. Default 1,000.
	Ratio int64
	// EntryBytes is the greatest unpacked size of one entry. Default 64 MiB.
	EntryBytes int64
	// Large, if not nil, is called once, before an entry of which more than LargeEntry bytes came out goes on growing in memory. It may
	// wait until there is room.
	Large func()
}

// LargeEntry is the size from which on an entry takes much memory.
const LargeEntry = 4 << 20

// ratioFree is the unpacked size up to which no ratio is enforced: a short run of zeros is no bomb.
const ratioFree = 1 << 20

// maxWindow bounds the history that a decoder may keep. `zstd --ultra -22` needs 128 MiB, `xz -9` 64 MiB.
const maxWindow = 128 << 20

// Defaults returns the limits that are used where none are given.
func Defaults() Limits { return Limits{}.orDefaults() }

func (l Limits) orDefaults() Limits {
	if l.Depth <= 0 {
		l.Depth = 3
	}
	if l.Entries <= 0 {
		l.Entries = 10_000
	}
	if l.Bytes <= 0 {
		l.Bytes = 256 << 20
	}
	if l.Ratio <= 0 {
		l.Ratio = 1_000
	}
	if l.EntryBytes <= 0 {
		l.EntryBytes = 64 << 20
	}
	return l
}

// most returns how many bytes may come out of packed bytes before the ratio stops it.
func (l Limits) most(packed int64) int64 {
	const huge = 1 << 62
	if packed > huge/l.Ratio {
		return huge
	}
	return max(packed*l.Ratio, ratioFree)
}

// A limitError is a limit that was hit.
type limitError struct {
	limit Limit
	why   string
	// final says that nothing else of the whole input may be read.
	final bool
}

func (e *limitError) Error() string { return "limit: " + e.why }

func entryTooLarge(l Limits) error {
	return &limitError{limit: LimitEntryBytes, why: fmt.Sprintf("entry is larger than %s", size(l.EntryBytes))}
}

func ratioTooHigh(l Limits) error {
	return &limitError{limit: LimitRatio, why: fmt.Sprintf("unpacks to more than %s times its size", thousands(l.Ratio))}
}

// charge accounts for n more bytes that came out. It returns how many of them are allowed, and the limit if that is fewer.
func (w *walker) charge(n int64) (int64, error) {
	left := w.limits.Bytes - w.unpacked
	err := error(nil)
	if n > left {
		n, err = left, &limitError{limit: LimitBytes, why: fmt.Sprintf("unpacks to more than %s in all", size(w.limits.Bytes)), final: true}
	}
	if left = w.limits.most(w.input) - w.unpacked; n > left {
		n, err = left, &limitError{
			limit: LimitRatio, why: fmt.Sprintf("unpacks to more than %s times its size in all", thousands(w.limits.Ratio)), final: true}
	}
	w.unpacked += n
	return n, err
}

// stored accounts for an entry that lies in data as it is. It returns the part that may be visited.
func (w *walker) stored(content []byte) ([]byte, error) {
	err := error(nil)
	if int64(len(content)) > w.limits.EntryBytes {
		content, err = content[:w.limits.EntryBytes], entryTooLarge(w.limits)
	}
	n, over := w.charge(int64(len(content)))
	if over != nil {
		err = over
	}
	return content[:n], err
}

// storedEntry visits an entry that lies in the archive as it is; cut says that it ends before its declared size.
func (w *walker) storedEntry(p place, name string, content []byte, cut bool) {
	content, err := w.stored(content)
	if err == nil && cut {
		err = errEndsEarly
	}
	w.entry(p, name, content, err)
}

// A meter accounts for what comes out of a decoder and stops it at a limit.
type meter struct {
	w    *walker
	r    io.Reader
	left int64 // what the ratio still allows
	err  error
}

// metered meters r, which decodes packed bytes.
func (w *walker) metered(r io.Reader, packed int64) *meter {
	return &meter{w: w, r: r, left: w.limits.most(packed)}
}

func (m *meter) Read(b []byte) (int, error) {
	if m.err != nil {
		return 0, m.err
	}
	if int64(len(b)) > m.left {
		b = b[:m.left+1] // one more shows that there is more
	}
	got, err := m.r.Read(b)
	n, over := m.w.charge(min(int64(got), m.left))
	if int64(got) > m.left && over == nil {
		over = ratioTooHigh(m.w.limits)
	}
	m.left -= n
	if over != nil {
		err = over
	}
	m.err = err
	return int(n), err
}

// slurp reads r to its end or to a limit into the buffer of the given depth. The bytes are valid until the next call with
// the same depth; those before an error are returned with it. hint is the likely size, 0 if unknown, and is allocated in
// advance: callers keep it in proportion to bytes that are there.
func (w *walker) slurp(depth int, r io.Reader, hint int64) ([]byte, error) {
	for len(w.buffers) <= depth {
		w.buffers = append(w.buffers, nil)
	}
	buf, err := w.fill(w.buffers[depth][:0], r, min(max(hint, 4<<10), LargeEntry))
	w.buffers[depth] = buf
	return buf, err
}

func (w *walker) fill(buf []byte, r io.Reader, first int64) ([]byte, error) {
	limit := w.limits.EntryBytes
	idle := 0
	for {
		if len(buf) == cap(buf) {
			w.large(int64(len(buf)))
			next := 2 * int64(cap(buf))
			if next > 1<<20 {
				next *= 2 // fewer steps leave less garbage, and pages that are not touched cost nothing
			}
			grown := make([]byte, len(buf), min(max(first, next), limit+1))
			copy(grown, buf)
			buf = grown
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if int64(len(buf)) > limit {
			return buf[:limit], entryTooLarge(w.limits)
		}
		if err == io.EOF {
			return buf, nil
		}
		if err != nil {
			return buf, err
		}
		if idle++; n > 0 {
			idle = 0
		} else if idle > 100 {
			return buf, io.ErrNoProgress
		}
	}
}

// large tells the caller of the walk, once, that it takes much memory.
func (w *walker) large(n int64) {
	if n >= LargeEntry && w.limits.Large != nil {
		w.limits.Large()
		w.limits.Large = nil
	}
}

// size renders a number of bytes for people.
func size(n int64) string {
	switch {
	case n >= 1<<20 && n%(1<<20) == 0:
		return thousands(n>>20) + " MiB"
	case n >= 1<<10 && n%(1<<10) == 0:
		return thousands(n>>10) + " KiB"
	}
	return thousands(n) + " bytes"
}

func thousands(n int64) string {
	if n < 1_000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1_000), n%1_000)
}
