package archive

import "unicode/utf8"

// An Entry is a file inside an archive.
type Entry struct {
	// Path is the name inside the archive, "conf/app.env", and for a file in a nested archive all names, joined by "!/":
	// "inner.zip!/a.env". Names are the bytes that the archive holds. The file inside a gzip has the name stored there; one
	// without a name is called "content".
	Path string
	// Formats are those that the file was read from, outermost first: "gzip", "tar" for one in a tar.gz. Not to be changed.
	Formats []string
}

// Kind says why something in an archive was not read.
type Kind uint8

const (
	LimitReached Kind = iota // a limit stopped it
	Damaged                  // it is not what the format says
	Encrypted                // it needs a password
	Unsupported              // this package does not read this part of the format
)

// Limit tells which limit was reached.
type Limit uint8

const (
	LimitFixed      Limit = iota // one that cannot be raised
	LimitDepth                   // Limits.Depth
	LimitEntries                 // Limits.Entries
	LimitBytes                   // Limits.Bytes
	LimitRatio                   // Limits.Ratio
	LimitEntryBytes              // Limits.EntryBytes
)

// A Problem is a part of an archive that was not read.
type Problem struct {
	Path  string // of the entry or archive, as in Entry; "" for the outermost
	Kind  Kind
	Limit Limit  // of LimitReached
	Why   string // in words; "" for Encrypted
	// Certain: it is an archive of the format that it looks like. Else nothing came out of it, or nothing that chance does not make,
	// before it turned out to be damaged: more likely it is something else that begins in the same way.
	Certain bool
}

func (p Problem) String() string {
	switch p.Kind {
	case LimitReached:
		return "limit: " + p.Why
	case Unsupported:
		return "unsupported: " + p.Why
	case Encrypted:
		return "encrypted"
	}
	return "damaged: " + p.Why
}

// textual reports whether content begins with enough text to be no product of chance.
func textual(content []byte) bool {
	const enough = 64
	head := content[:min(len(content), 512)]
	for n := 0; n < utf8.UTFMax && len(head) < len(content) && !utf8.RuneStart(content[len(head)]); n++ {
		head = head[:len(head)-1] // the cut went through a character
	}
	if len(head) < enough || !utf8.Valid(head) {
		return false
	}
	for _, c := range head {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f' {
			return false
		}
	}
	return true
}
