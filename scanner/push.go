package scanner

import (
	"fmt"
	"strings"

	"mudlark/scanner/gitstore"
	"mudlark/scanner/history"
)

// Push is a push: what a pre-push, pre-receive or update hook is about. What it brings is every commit that the new objects reach and
// that the other side does not have yet.
type Push struct {
	Updates []Update
	// Received: the repository is the one that is pushed to, so that its refs, as they are before the push, say what it has.
	Received bool
	// Remote is the name of the remote that is pushed to, or its URL if it has none; URL is where it leads. Without Received the refs that
	// follow the remote say what it has.
	Remote, URL string
}

// Update is a ref that a push changes.
type Update struct {
	Name     string // what the pusher calls the new object, such as refs/heads/main; the ref, if that is not known
	Ref      string // the ref that is changed
	Old, New string // object names; zeros for none
}

// zeroName reports whether an object name stands for no object.
func zeroName(name string) bool { return name != "" && strings.Trim(name, "0") == "" }

// updateID reads an object name of a push.
func (s *scan) updateID(u Update, name string) (gitstore.ID, error) {
	id, err := gitstore.ParseID(name)
	if err == nil && id.Size() != s.repo.Format.Size() {
		err = fmt.Errorf("has the wrong length")
	}
	if err != nil {
		return id, &UsageError{Message: fmt.Sprintf("%s: %q is no object name of this repository", u.Ref, name), Hint: "give the hook the lines that Git gives to it"}
	}
	return id, nil
}

// pushTips returns the objects that a push brings, one for each ref. Refs that it deletes bring nothing.
func (s *scan) pushTips() ([]gitstore.Ref, error) {
	var tips []gitstore.Ref
	for _, u := range s.o.Push.Updates {
		id, err := s.updateID(u, u.New)
		switch {
		case err != nil:
			return nil, err
		case id.IsZero():
			continue
		}
		name := u.Name
		if !strings.HasPrefix(name, "refs/") { // HEAD~2, or an object name
			name = u.Ref
		}
		tips = append(tips, gitstore.Ref{Name: name, ID: id})
	}
	return tips, nil
}

// pushBases are the commits that the other side is known to have.
type pushBases struct {
	commits []gitstore.ID
	// refs holds what further refs name that say so, and that were not followed to commits.
	refs []gitstore.ID
}

// maxFollowed is how many refs are followed to commits before a push is looked at. A server may have a hundred thousand; for the rest it is
// enough to notice when a walk comes to what they name, until something is found.
const maxFollowed = 512

// pushBases returns what the other side is known to have: the old objects of the refs that change, as far as they are here, and what the
// refs say that follow it.
func (s *scan) pushBases() (pushBases, error) {
	var b pushBases
	for _, u := range s.o.Push.Updates {
		id, err := s.updateID(u, u.Old)
		if err != nil {
			return b, err
		}
		commit, ok := s.commitBehind(id)
		switch {
		case ok:
			b.commits = append(b.commits, commit)
		case !id.IsZero() && !zeroName(u.New):
			s.cover.note(fmt.Sprintf("%s: what it was before, %s, is not here; what only that reaches is looked at again", u.Ref, id))
		}
	}
	if len(s.tipList) == 0 {
		return b, nil
	}
	follows := s.followers()
	seen := map[gitstore.ID]bool{}
	for _, branches := range []bool{true, false} {
		for _, r := range s.repo.Refs() {
			if strings.HasPrefix(r.Name, "refs/heads/") != branches || seen[r.ID] || !follows(r.Name) {
				continue
			}
			if seen[r.ID] = true; len(b.commits) >= maxFollowed {
				b.refs = append(b.refs, r.ID)
			} else if commit, ok := s.commitBehind(r.ID); ok {
				b.commits = append(b.commits, commit)
			}
		}
	}
	return b, nil
}

// known returns a function that says of a commit whether one of the refs that were not followed names it; nil if there are none.
func (b pushBases) known() func(gitstore.ID) bool {
	if len(b.refs) == 0 {
		return nil
	}
	set := make(map[gitstore.ID]bool, len(b.refs))
	for _, id := range b.refs {
		set[id] = true
	}
	return func(id gitstore.ID) bool { return set[id] }
}

// followers returns a function that says of a ref whether the other side has what it names.
func (s *scan) followers() func(ref string) bool {
	p := s.o.Push
	if p.Received {
		return func(ref string) bool { return strings.HasPrefix(ref, "refs/") }
	}
	r := s.repo.Remote(p.Remote, p.URL)
	return func(ref string) bool { return r.Tracks(ref) }
}

// commitBehind follows tags to a commit. What is not here, or is no commit, says nothing about what the other side has.
func (s *scan) commitBehind(id gitstore.ID) (gitstore.ID, bool) {
	for range maxTagChain {
		typ, data, err := s.workers[0].reader.Read(id)
		switch {
		case err != nil:
			return id, false
		case typ == gitstore.Commit:
			return id, true
		case typ != gitstore.Tag:
			return id, false
		}
		tag, err := gitstore.ParseTag(data, s.repo.Format)
		if err != nil {
			return id, false
		}
		id = tag.Object
	}
	return id, false
}

// maxTagChain is how many tags of tags are followed to know what the other side has; real ones have one or two.
const maxTagChain = 32

// toExamine returns the blobs that the commits of the job name: for a push those that it brings. What was in their places before is read
// if that matters, and until then only has to be there.
func (s *scan) toExamine() []gitstore.ID {
	if s.o.Push == nil || s.changes == nil {
		return s.blobs.IDs()
	}
	brought := map[history.Blob]bool{}
	before := map[history.Blob]bool{}
	for c := range int32(s.graph.Len()) {
		if !s.selected[c] {
			continue
		}
		for _, p := range s.changes.Of(s.graph, s.blobs, c) {
			brought[p.New], before[p.Old] = true, true
		}
	}
	s.present(before, brought)
	var ids []gitstore.ID
	for b := range brought {
		if b != 0 {
			ids = append(ids, s.blobs.ID(b))
		}
	}
	return ids
}

// present makes sure that the blobs are there, those of known aside. In a partial clone they may be elsewhere, which is no gap in what is
// pushed; a secret that one of them holds may then be taken for new.
func (s *scan) present(blobs, known map[history.Blob]bool) {
	partial := s.repo.Partial()
	for b := range blobs {
		if b == 0 || known[b] {
			continue
		}
		_, _, err := s.workers[0].reader.Header(s.blobs.ID(b))
		if err == nil {
			continue
		}
		s.results.put(b, unreadable)
		if !partial {
			s.cover.problem(err)
			continue
		}
		s.cover.note("partial clone: files as they were before are not all here, so that an old secret may be taken for a new one")
	}
}

// unseen says, of a push that was not looked at to the end, which of its refs bring commits that were not, and how many.
func (s *scan) unseen() {
	for _, t := range s.tipList {
		if t.commit.IsZero() {
			continue
		}
		c, ok := s.graph.Lookup(t.commit)
		if !ok {
			s.cover.skip(interrupted, t.name, "none of its commits was looked at")
			continue
		}
		all, missed, first := 0, 0, history.None
		for c, reached := range s.graph.ReachableFrom(c) {
			if !reached || !s.selected[c] {
				continue
			}
			all++
			if !s.seen(int32(c)) {
				if missed++; first == history.None {
					first = int32(c)
				}
			}
		}
		if missed > 0 {
			s.cover.skip(interrupted, t.name, fmt.Sprintf("%d of its %d new commits were not looked at completely, from %s on", missed, all, s.graph.ID(first)))
		}
	}
}

// seen reports whether the files that a commit brings were examined.
func (s *scan) seen(c int32) bool {
	if s.changes == nil || !s.changes.Collected(c) {
		return false
	}
	for _, p := range s.changes.Of(s.graph, s.blobs, c) {
		if p.New == 0 {
			continue
		}
		if _, known := s.results.get(p.New); !known {
			return false
		}
	}
	return true
}
