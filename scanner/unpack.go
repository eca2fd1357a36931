package scanner

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"mudlark/detectors"
	"mudlark/report"
	"mudlark/scanner/archive"
	"mudlark/scanner/gitstore"
	"mudlark/scanner/history"
)

// inArchive stands between the path of an archive and a path inside it.
const inArchive = "!/"

// inside says where in an archive a hit is; path is "" for what is in none, but in a text that will not be at hand later.
type inside struct {
	path    string // within the archive, as archive.Entry has it
	excerpt *report.Excerpt
}

// innerPath returns the path inside the archive, "" for what is in none.
func (h *hit) innerPath() string {
	if h.inside == nil {
		return ""
	}
	return h.inside.path
}

// shownPath returns the path by which a report names the place.
func (e *event) shownPath() string {
	if e.at.innerPath() == "" {
		return e.path
	}
	return e.path + inArchive + e.at.inside.path
}

// file examines the content of a file and of what is inside it.
func (w *worker) file(data []byte, what string) []hit {
	hits, _ := w.contents(data, what, nil)
	return hits
}

// contents is version for the content of a file, which may be an archive. What is inside one is never carried over from another version.
func (w *worker) contents(data []byte, what string, v *gitstore.Visit) ([]hit, *detectors.State) {
	hits, state := w.version(data, what, v)
	if w.s.o.NoArchives || !archive.Recognise(data) {
		return hits, state
	}
	u := &unpacking{w: w, what: what}
	u.walk(data)
	return u.joined(hits), state
}

// An unpacking examines what is inside one archive.
type unpacking struct {
	w        *worker
	what     string
	hits     []hit
	problems []archive.Problem
}

func (u *unpacking) walk(data []byte) {
	release := func() {}
	defer func() {
		release()
		if r := recover(); r != nil {
			u.w.s.cover.skip(string(gitstore.Damaged), u.what, "unpacking it failed; please report this as a bug")
		}
	}()
	limits := u.w.s.o.Archives
	limits.Large = func() { release = u.w.alone() }
	_ = archive.Walk(data, limits, u.entry, func(p archive.Problem) { u.problems = append(u.problems, p) }) // entry returns no error
	u.report()
}

// entry examines a file inside the archive.
func (u *unpacking) entry(e archive.Entry, content []byte) error {
	hits := u.w.text(content, u.what+inArchive+e.Path)
	if len(hits) == 0 {
		return nil
	}
	spans := u.w.spans(content)
	for _, h := range hits {
		h.inside = &inside{path: e.Path}
		if !detectors.Wide(h.decoded) {
			h.inside.excerpt = u.w.lineAround(content, spans, h)
		}
		h.decoded = slices.Concat(e.Formats, h.decoded)
		u.hits = append(u.hits, h)
	}
	return nil
}

// joined returns the hits inside the archive together with those in the bytes that it is made of, of which those are left out that are
// inside as well: what is stored without compression shows in both.
func (u *unpacking) joined(outer []hit) []hit {
	within := map[history.Item]bool{}
	for _, h := range u.hits {
		within[h.item] = true
	}
	all := slices.Concat(slices.DeleteFunc(outer, func(h hit) bool { return within[h.item] }), u.hits)
	slices.SortStableFunc(all, func(a, b hit) int {
		return cmp.Or(cmp.Compare(a.item, b.item), cmp.Compare(a.innerPath(), b.innerPath()), cmp.Compare(a.start, b.start))
	})
	return all
}

// limitFlag returns the flag that raises a limit, "" if there is none.
func limitFlag(l archive.Limit) string {
	switch l {
	case archive.LimitDepth:
		return "--max-archive-depth"
	case archive.LimitEntries:
		return "--max-archive-entries"
	case archive.LimitBytes:
		return "--max-archive-size"
	case archive.LimitRatio:
		return "--max-archive-ratio"
	case archive.LimitEntryBytes:
		return "--max-archive-file"
	}
	return ""
}

// report says what was not read: what a limit stopped; what is encrypted, or of a kind that is not read; and what is damaged. What merely
// looks like an archive has been examined as the bytes that it is, and nothing is missing.
func (u *unpacking) report() {
	slices.SortStableFunc(u.problems, func(a, b archive.Problem) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Limit, b.Limit))
	})
	for len(u.problems) > 0 {
		first, n := u.problems[0], 1
		for n < len(u.problems) && u.problems[n].Kind == first.Kind && u.problems[n].Limit == first.Limit {
			n++
		}
		u.reportKind(u.problems[:n])
		u.problems = u.problems[n:]
	}
}

func (u *unpacking) reportKind(list []archive.Problem) {
	cover := u.w.s.cover
	certain := slices.DeleteFunc(list, func(p archive.Problem) bool {
		return !p.Certain && (p.Kind != archive.LimitReached || p.Limit == archive.LimitFixed)
	})
	if len(certain) == 0 {
		cover.lookalikes.Add(1)
		return
	}
	first := certain[0]
	if (first.Kind == archive.Encrypted || first.Kind == archive.Unsupported) && u.w.s.o.Hook {
		cover.note("archives were looked at as far as they can be read: not what is encrypted or packed in a rare way")
		return
	}
	class, why := wording(first)
	if n := len(certain) - 1; n > 0 {
		why += fmt.Sprintf("; the same goes for %d more", n)
	}
	cover.also(class, u.what, why)
}

// wording returns the class of a problem, and says it in a sentence.
func wording(p archive.Problem) (class, why string) {
	name := "the archive"
	if p.Path != "" {
		name = shortened(p.Path) + " in the archive"
	}
	switch p.Kind {
	case archive.LimitReached:
		why = name + ": " + p.Why
		if flag := limitFlag(p.Limit); flag != "" {
			why += "; " + flag + " raises that"
		}
		return string(gitstore.Limit), why
	case archive.Encrypted:
		return string(gitstore.Policy), name + " is encrypted"
	case archive.Unsupported:
		return string(gitstore.Policy), name + " is packed in a way that is not read: " + p.Why
	}
	return string(gitstore.Damaged), name + " is damaged: " + p.Why
}

// shortened returns a path as far as it is worth to be shown: that of an entry may have 64 KiB.
func shortened(path string) string {
	const most = 200
	if len(path) <= most {
		return path
	}
	return strings.ToValidUTF8(path[:most], "") + "..."
}
