package scanner

import (
	"fmt"
	"maps"
	"slices"

	"mudlark/detectors"
	"mudlark/scanner/allow"
	"mudlark/scanner/gitstore"
	"mudlark/scanner/history"
)

// markKey names a marker by its file and what it says, so that it is the same marker while lines move and secrets change.
type markKey struct{ path, text string }

// findChanged notes, for each story, the markers that are older than its secret: the commit that introduced the secret put it in the
// place of another one, and left the marker as it was. Such a marker was made for the other secret. It counts again when
// somebody edits it.
func (s *scan) findChanged(list []*lifeStory) {
	if s.repo == nil {
		return
	}
	sides := map[int32]map[string][]history.Blob{} // by commit and path: the parents' blobs
	for _, l := range list {
		for i := range l.events {
			e := &l.events[i]
			m := e.at.allow
			if m == nil || m.Unknown != "" || m.Fingerprints() || e.blob == 0 {
				continue
			}
			for _, old := range s.olderSides(e, sides) {
				if s.replaced(e, old, m) {
					l.change(markKey{e.path, m.Text})
					s.allows.note("changed", allow.Entry{File: e.path, Line: m.Line, Text: m.Text},
						"was made for another secret than stands there since; edit it, for example its reason, if this one is no leak either")
				}
			}
		}
	}
}

func (l *lifeStory) change(k markKey) {
	if l.changed == nil {
		l.changed = map[markKey]bool{}
	}
	l.changed[k] = true
}

// replaced reports whether the marker m, which covers e's secret, covered in the older version of the file a secret that is no
// longer in it, and not this one.
func (s *scan) replaced(e *event, old history.Blob, m *detectors.Allow) bool {
	w := s.workers[0]
	now := w.blob(e.blob).hits
	return slices.ContainsFunc(w.blob(old).hits, func(h hit) bool {
		return h.allow != nil && h.allow.Text == m.Text && s.items.get(h.item).part == "" && len(find(now, h.item)) == 0
	})
}

// olderSides returns the blobs that stood at an event's path before: in the parents of its commit.
func (s *scan) olderSides(e *event, known map[int32]map[string][]history.Blob) []history.Blob {
	if e.commit == history.None {
		var out []history.Blob
		for _, side := range s.pseudoSides[e.source] {
			if f, ok := side[e.path]; ok {
				out = append(out, s.blobs.Number(f.id))
			}
		}
		return out
	}
	if known[e.commit] == nil {
		known[e.commit] = map[string][]history.Blob{}
		for _, p := range s.graph.Parents(e.commit) {
			s.workers[0].differ.Diff(s.graph.Tree(p), s.graph.Tree(e.commit), func(c history.Change) {
				if !c.Old.IsZero() && c.Old != (gitstore.ID{}) {
					known[e.commit][string(c.Path)] = append(known[e.commit][string(c.Path)], s.blobs.Number(c.Old))
				}
			})
		}
	}
	return known[e.commit][e.path]
}

// claimPlaces settles entries that name a place and no secret, for all of history: they are taken to mean the secret that stood
// there first. What has come to that place later is reported.
func (s *scan) claimPlaces(list []*lifeStory) {
	each := func(do func(l *lifeStory, e *event, n *allowEntry)) {
		for _, l := range list {
			for i := range l.events {
				if e := &l.events[i]; e.allowed != nil && e.allowed.entry.placeOnly() {
					do(l, e, e.allowed.entry)
				}
			}
		}
	}
	commits := map[*allowEntry][]int32{}
	each(func(_ *lifeStory, e *event, n *allowEntry) {
		if e.commit != history.None && !slices.Contains(commits[n], e.commit) {
			commits[n] = append(commits[n], e.commit)
		}
	})
	first := map[*allowEntry]int32{}
	entries := slices.Collect(maps.Keys(commits))
	sets := make([][]int32, len(entries))
	for i, n := range entries {
		sets[i] = commits[n]
	}
	for i, c := range s.graph.Earliest(sets) {
		first[entries[i]] = c
	}
	owners := map[*allowEntry]map[*lifeStory]bool{}
	each(func(l *lifeStory, e *event, n *allowEntry) {
		if c, ok := first[n]; !ok || e.commit == c {
			if owners[n] == nil {
				owners[n] = map[*lifeStory]bool{}
			}
			owners[n][l] = true
		}
	})
	sides := map[int32]map[string][]history.Blob{}
	each(func(l *lifeStory, e *event, n *allowEntry) {
		if !owners[n][l] || s.tookThePlace(e, sides) {
			e.allowed = nil
			l.settle()
			s.allows.note("changed", n.Entry, fmt.Sprintf("was made for another secret than stands at %s:%d since", e.path, e.at.line))
		}
	})
}

// tookThePlace reports whether a secret stands on a line on which, in the version before, another one stood that is gone.
func (s *scan) tookThePlace(e *event, sides map[int32]map[string][]history.Blob) bool {
	if s.repo == nil || e.blob == 0 {
		return false
	}
	w := s.workers[0]
	now := w.blob(e.blob).hits
	return slices.ContainsFunc(s.olderSides(e, sides), func(old history.Blob) bool {
		return slices.ContainsFunc(w.blob(old).hits, func(h hit) bool {
			return h.line == e.at.line && h.innerPath() == e.at.innerPath() && s.items.get(h.item).part == "" && len(find(now, h.item)) == 0
		})
	})
}

// placeOnly reports whether an entry names a place, but neither a single secret nor a commit.
func (n *allowEntry) placeOnly() bool {
	return n != nil && n.Path != "" && n.Commit == "" && n.Fingerprint == "" && (n.SecretSHA1 == "" || n.Shared) && n.SecretSHA256 == ""
}
