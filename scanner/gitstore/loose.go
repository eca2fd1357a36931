package gitstore

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// looseStore knows which loose objects an object directory holds. It lists each of the 256 subdirectories when one of its
// names is first asked for, and again when a name is not found and the subdirectory has changed.
type looseStore struct {
	dir    string
	format Format

	mu   sync.RWMutex
	subs [256]looseList
}

// looseList is the listing of one subdirectory.
type looseList struct {
	stamp dirStamp
	names []byte // sorted; each without its first byte
}

// dirStamp tells whether a directory has changed since it was listed.
type dirStamp struct {
	listed time.Time // zero: never
	mtime  time.Time // zero: there was no such directory
}

// racy is how long before a listing a change can carry the same modification time as one after it.
const racy = 50 * time.Millisecond

// changed reports whether the directory's modification time allows that it is not as it was listed.
func (s dirStamp) changed(mtime time.Time) bool {
	return s.listed.IsZero() || !s.mtime.Equal(mtime) || s.racyAt(time.Now())
}

// racyAt reports whether the directory changed so shortly before it was listed that a later change may not show, and
// a new listing at now would be past that.
func (s dirStamp) racyAt(now time.Time) bool {
	return s.listed.Sub(s.mtime) < racy && now.Sub(s.mtime) >= racy
}

// stampNow returns a stamp for a listing that is about to be made.
func stampNow(dir string) dirStamp {
	return dirStamp{listed: time.Now(), mtime: dirTime(dir)}
}

// dirTime returns the modification time of a directory, the zero time if there is none.
func dirTime(dir string) time.Time {
	info, err := os.Stat(dir)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

func (l *looseStore) subdir(first byte) string {
	return filepath.Join(l.dir, hex.EncodeToString([]byte{first}))
}

// path returns where the loose object of the given name would be.
func (l *looseStore) path(id ID) string {
	name := id.String()
	return filepath.Join(l.dir, name[:2], name[2:])
}

// has reports whether there is a loose object of this raw name. With fresh, it makes sure that a miss is none of an
// outdated listing.
func (l *looseStore) has(raw []byte, fresh bool) bool {
	sub := &l.subs[raw[0]]
	l.mu.RLock()
	listed, found := !sub.stamp.listed.IsZero(), sub.contains(raw[1:])
	l.mu.RUnlock()
	if found || listed && !fresh {
		return found
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.relist(raw[0])
	return sub.contains(raw[1:])
}

// relist lists a subdirectory if it has changed since it was last listed. The caller holds mu.
func (l *looseStore) relist(first byte) {
	sub, dir := &l.subs[first], l.subdir(first)
	stamp := stampNow(dir)
	if !sub.stamp.changed(stamp.mtime) {
		return
	}
	sub.stamp, sub.names = stamp, nil
	if stamp.mtime.IsZero() {
		return
	}
	sub.names = looseNames(dir, l.format)
}

// looseNames returns the sorted names in a subdirectory. What cannot be listed is empty: its objects will be missing.
func looseNames(dir string, f Format) []byte {
	d, err := os.Open(dir)
	if err != nil {
		return nil
	}
	files, err := d.Readdirnames(-1)
	if errors.Join(err, d.Close()) != nil && len(files) == 0 {
		return nil
	}
	slices.Sort(files)
	var names []byte
	for _, name := range files {
		if len(name) == f.HexSize()-2 && isLowerHex(name) {
			names, _ = hex.AppendDecode(names, []byte(name)) // it is hexadecimal
		}
	}
	return names
}

func isLowerHex(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

func (s *looseList) contains(rest []byte) bool {
	if len(s.names) == 0 {
		return false
	}
	at := s.search(rest) * len(rest)
	return at < len(s.names) && bytes.Equal(s.names[at:at+len(rest)], rest)
}

// search returns the position of the first name that is not less than rest, a name without its first byte.
func (s *looseList) search(rest []byte) int {
	lo, hi := 0, len(s.names)/len(rest)
	for lo < hi {
		mid := int(uint(lo+hi) / 2)
		if bytes.Compare(s.names[mid*len(rest):(mid+1)*len(rest)], rest) < 0 {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// list returns the names, without their first byte, of all loose objects with the given first byte.
func (l *looseStore) list(first byte) []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.relist(first)
	return l.subs[first].names // never changed once made
}

var (
	errLooseHeader = errors.New("loose object has a bad header")
	errWrongHash   = errors.New("content does not hash to the name")
)

// maxLooseHeader is the size of the longest header that is looked for: "commit ", 19 digits, NUL.
const maxLooseHeader = 32

// parseLooseHeader parses "type size" and the NUL behind it, which an inflated loose object begins with. It returns the
// number of bytes.
func parseLooseHeader(b []byte) (typ Type, size int64, n int, err error) {
	end := bytes.IndexByte(b[:min(len(b), maxLooseHeader)], 0)
	if end < 0 {
		return 0, 0, 0, errLooseHeader
	}
	name, digits, _ := bytes.Cut(b[:end], []byte{' '})
	typ, ok := parseType(name)
	if !ok || len(digits) == 0 || len(digits) > 18 || digits[0] == '0' && len(digits) > 1 {
		return 0, 0, 0, errLooseHeader
	}
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, 0, 0, errLooseHeader
		}
		size = size*10 + int64(c-'0')
	}
	return typ, size, end + 1, nil
}
