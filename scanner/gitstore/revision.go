package gitstore

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

var (
	// ErrNoRevision is wrapped by errors of Resolve if the revision names nothing in this repository.
	ErrNoRevision = errors.New("names nothing in this repository")
	// ErrAmbiguous is wrapped by errors of Resolve if the revision is an abbreviation of several object names.
	ErrAmbiguous = errors.New("is ambiguous")
)

// Resolve returns the object that a revision names (gitrevisions): a full or abbreviated object name, a ref, "@",
// "REF@{n}", "@{-n}", each followed by any of ~n, ^n, ^{TYPE} and ^{}. Tags are not peeled unless the revision says so. An
// error wraps ErrNoRevision if there is no such thing, ErrAmbiguous if there are several, and neither if the revision is
// of a kind that is not supported or an object on the way cannot be read.
func (r *Repo) Resolve(rev string) (ID, error) {
	return r.newResolver(rev).resolve(false)
}

// ResolveCommit is Resolve, with tags peeled. A revision that names something that is no commit wraps ErrNoRevision.
func (r *Repo) ResolveCommit(rev string) (ID, error) {
	return r.newResolver(rev).resolve(true)
}

type resolver struct {
	repo   *Repo
	rev    string
	reader *Reader // made when needed
}

func (r *Repo) newResolver(rev string) *resolver { return &resolver{repo: r, rev: rev} }

// objects returns the reader for objects on the way.
func (v *resolver) objects() *Reader {
	if v.reader == nil {
		v.reader = v.repo.Objects.NewReader(4 << 20)
	}
	return v.reader
}

// nothing is the error for a revision that names nothing.
func (v *resolver) nothing(why string) error {
	if why != "" {
		return fmt.Errorf("%s %w: %s", shown(v.rev), ErrNoRevision, why)
	}
	return fmt.Errorf("%s %w", shown(v.rev), ErrNoRevision)
}

func (v *resolver) unsupported(what string) error {
	return fmt.Errorf("%s: %s is not supported in a revision", shown(v.rev), what)
}

func (v *resolver) resolve(wantCommit bool) (ID, error) {
	base, steps, err := v.split()
	if err != nil {
		return ID{}, err
	}
	// Only a commit can be meant by an abbreviation that ~ or ^ follow.
	id, err := v.base(base, wantCommit || steps != "")
	if err != nil {
		return ID{}, err
	}
	for steps != "" {
		if id, steps, err = v.step(id, steps); err != nil {
			return ID{}, err
		}
	}
	if wantCommit {
		return v.peel(id, Commit)
	}
	return id, nil
}

// split splits a revision into what names an object and the steps from there. Names of refs hold neither ^ nor ~; what
// stands in braces may.
func (v *resolver) split() (base, steps string, err error) {
	switch {
	case v.rev == "":
		return "", "", v.nothing("it is empty")
	case strings.HasPrefix(v.rev, ":/"):
		return "", "", v.unsupported("a search (:/)")
	case v.rev[0] == '^':
		return "", "", v.unsupported("an exclusion (^)")
	}
	braces := 0
	for i := range len(v.rev) {
		switch c := v.rev[i]; {
		case c == '{' && i > 0 && v.rev[i-1] == '@':
			braces++
		case c == '}' && braces > 0:
			braces--
		case braces > 0:
		case c == '^' || c == '~':
			base, steps = v.rev[:i], v.rev[i:]
			if strings.Contains(steps, "..") {
				return "", "", v.unsupported("a range (..)")
			}
			return base, steps, nil
		case c == ':':
			return "", "", v.unsupported("a path (:)")
		case c == '.' && strings.HasPrefix(v.rev[i:], ".."):
			return "", "", v.unsupported("a range (..)")
		}
	}
	return v.rev, "", nil
}

// base resolves the part of a revision that names an object.
func (v *resolver) base(name string, commitish bool) (ID, error) {
	if len(name) == v.repo.Format.HexSize() {
		if id, err := ParseID(name); err == nil {
			if !v.repo.Objects.Has(id) {
				return ID{}, v.nothing("")
			}
			return id, nil
		}
	}
	if at := strings.Index(name, "@{"); at >= 0 && strings.HasSuffix(name, "}") {
		return v.logged(name[:at], name[at+2:len(name)-1])
	}
	if id, ok := v.repo.refByName(name); ok {
		return id, nil
	}
	return v.abbreviated(name, commitish)
}

// refRules are the places where a short name of a ref is looked for, in order (gitrevisions, "<refname>").
var refRules = [...][2]string{{"", ""}, {"refs/", ""}, {"refs/tags/", ""}, {"refs/heads/", ""}, {"refs/remotes/", ""}, {"refs/remotes/", "/HEAD"}}

// refByName finds a ref by a name that may be short.
func (r *Repo) refByName(name string) (ID, bool) {
	if full, ok := r.fullRefName(name); ok {
		return r.refID(full)
	}
	return ID{}, false
}

// fullRefName returns the full name of the ref that a short name means.
func (r *Repo) fullRefName(name string) (string, bool) {
	if name == "@" {
		name = "HEAD"
	}
	for _, rule := range refRules {
		full := rule[0] + name + rule[1]
		if _, ok := r.refID(full); ok {
			return full, true
		}
	}
	return "", false
}

// refID returns what a full name of a ref leads to: one of Refs, or a file such as ORIG_HEAD beside them.
func (r *Repo) refID(full string) (ID, bool) {
	full = strings.TrimPrefix(full, r.ownPrefix())
	if id, ok := r.loadRefs().find(full); ok {
		return id, true
	}
	if id, ok := r.loadRefs().state[full]; ok {
		return id, true
	}
	if !isRootRef(full) || full == "HEAD" {
		return ID{}, false
	}
	v, err := r.readRef(full)
	if err != nil {
		return ID{}, false
	}
	if v.target != "" {
		return r.loadRefs().find(v.target)
	}
	return v.id, true
}

// ownPrefix is what the refs of the opened worktree are called from other worktrees.
func (r *Repo) ownPrefix() string {
	if r.GitDir == r.CommonDir {
		return "main-worktree/"
	}
	return "worktrees/" + filepath.Base(r.GitDir) + "/"
}

// logged resolves REF@{WHICH}.
func (v *resolver) logged(ref, which string) (ID, error) {
	n, err := strconv.Atoi(which)
	switch {
	case err != nil:
		return ID{}, v.unsupported("@{" + shown(which) + "}")
	case n < 0 && ref == "":
		return v.previousBranch(-n)
	case n < 0:
		return ID{}, v.nothing("")
	}
	full, ok := "HEAD", true
	if ref != "" {
		full, ok = v.repo.fullRefName(ref)
	} else if branch, _, _ := v.repo.Head(); branch != "" {
		full = branch
	}
	if !ok {
		return ID{}, v.nothing("")
	}
	log := v.repo.refLog(full)
	switch {
	case n < len(log):
		if id := log[len(log)-1-n].new; !id.IsZero() {
			return id, nil
		}
	case n == len(log) && n > 0:
		// Before the oldest entry, if that says what it was.
		if id := log[0].old; !id.IsZero() {
			return id, nil
		}
	case n == 0:
		if id, ok := v.repo.refID(full); ok {
			return id, nil
		}
	}
	return ID{}, v.nothing(fmt.Sprintf("the reflog of %s has %d entries", shown(full), len(log)))
}

// previousBranch resolves @{-n}: the branch that was left by the nth last checkout.
func (v *resolver) previousBranch(n int) (ID, error) {
	for _, e := range slices.Backward(v.repo.refLog("HEAD")) {
		rest, ok := bytes.CutPrefix(e.message, []byte("checkout: moving from "))
		if !ok {
			continue
		}
		if n--; n > 0 {
			continue
		}
		from, _, _ := bytes.Cut(rest, []byte(" to "))
		if id, ok := v.repo.refID("refs/heads/" + string(from)); ok {
			return id, nil
		}
		return v.base(string(from), true)
	}
	return ID{}, v.nothing("there were not as many checkouts")
}

// minAbbrev is the least number of digits of an abbreviated object name, as in Git.
const minAbbrev = 4

// abbreviated resolves an abbreviated object name. Commits, and tags of commits, come before other objects.
func (v *resolver) abbreviated(hex string, commitish bool) (ID, error) {
	hex = strings.ToLower(hex)
	if len(hex) < minAbbrev || len(hex) >= v.repo.Format.HexSize() || strings.Trim(hex, "0123456789abcdef") != "" {
		return ID{}, v.nothing("")
	}
	list, err := v.repo.Objects.Abbrev(hex)
	if err != nil {
		return ID{}, err
	}
	if len(list) > 1 {
		if fit := v.commits(list, commitish); len(fit) > 0 {
			list = fit
		}
	}
	switch len(list) {
	case 0:
		return ID{}, v.nothing("")
	case 1:
		return list[0], nil
	}
	return ID{}, v.ambiguous(list)
}

// commits returns the commits in a list, with tags also the tags that lead to one.
func (v *resolver) commits(list []ID, tags bool) []ID {
	var fit []ID
	for _, id := range list {
		typ, _, err := v.objects().Header(id)
		if err == nil && typ == Tag && tags {
			if _, err := v.peel(id, Commit); err == nil {
				typ = Commit
			}
		}
		if err == nil && typ == Commit {
			fit = append(fit, id)
		}
	}
	return fit
}

func (v *resolver) ambiguous(list []ID) error {
	const most = 10
	var names []string
	for _, id := range list[:min(len(list), most)] {
		typ, _, err := v.objects().Header(id)
		name := id.String()
		if err == nil {
			name += " " + typ.String()
		}
		names = append(names, name)
	}
	if len(list) > most {
		names = append(names, fmt.Sprintf("%d more", len(list)-most))
	}
	return fmt.Errorf("%s %w: %s", shown(v.rev), ErrAmbiguous, strings.Join(names, ", "))
}

// step takes the first of the steps from an object and returns the others.
func (v *resolver) step(id ID, steps string) (ID, string, error) {
	kind, rest := steps[0], steps[1:]
	if kind == '^' && strings.HasPrefix(rest, "{") {
		what, rest, ok := strings.Cut(rest[1:], "}")
		if !ok {
			return ID{}, "", v.nothing("a brace is not closed")
		}
		id, err := v.peelTo(id, what)
		return id, rest, err
	}
	if kind != '^' && kind != '~' {
		return ID{}, "", v.nothing("")
	}
	digits := 0
	for digits < len(rest) && rest[digits] >= '0' && rest[digits] <= '9' {
		digits++
	}
	n := 1
	if digits > 0 {
		var err error
		if n, err = strconv.Atoi(rest[:digits]); err != nil {
			return ID{}, "", v.nothing("the number is too large")
		}
	}
	if kind == '^' {
		id, err := v.parent(id, n)
		return id, rest[digits:], err
	}
	id, err := v.peel(id, Commit)
	for ; n > 0 && err == nil; n-- {
		id, err = v.parent(id, 1)
	}
	return id, rest[digits:], err
}

// parent returns the nth parent of a commit, or the commit itself for 0.
func (v *resolver) parent(id ID, n int) (ID, error) {
	id, err := v.peel(id, Commit)
	if err != nil || n == 0 {
		return id, err
	}
	c, err := v.commit(id)
	if err != nil {
		return ID{}, err
	}
	switch {
	case v.repo.Shallow[id]:
		return ID{}, v.nothing("history ends at " + id.String() + " in this shallow clone")
	case n > len(c.Parents):
		return ID{}, v.nothing(fmt.Sprintf("commit %s has %d parents", id, len(c.Parents)))
	}
	return c.Parents[n-1], nil
}

func (v *resolver) commit(id ID) (*CommitObject, error) {
	_, data, err := v.objects().Read(id)
	if err != nil {
		return nil, err
	}
	c, err := ParseCommit(data, v.repo.Format)
	if err != nil {
		return nil, damagedf(id.String(), "%s", err.Error())
	}
	return c, nil
}

// peelTo resolves ^{what}.
func (v *resolver) peelTo(id ID, what string) (ID, error) {
	switch {
	case what == "":
		return v.peel(id, 0)
	case what == "object":
		_, _, err := v.objects().Header(id)
		return id, err
	case strings.HasPrefix(what, "/"):
		return ID{}, v.unsupported("a search (^{/})")
	}
	typ, ok := parseType([]byte(what))
	if !ok {
		return ID{}, v.nothing("there is no such type of object")
	}
	return v.peel(id, typ)
}

// maxTagDepth bounds how many tags may point to each other. Object names being hashes, there is no loop.
const maxTagDepth = 10000

// peel follows tags, and a commit to its tree, until it finds an object of the type; 0 means anything that is no tag.
func (v *resolver) peel(id ID, want Type) (ID, error) {
	start := id
	for range maxTagDepth {
		typ, _, err := v.objects().Header(id)
		switch {
		case err != nil:
			return ID{}, v.missing(id, err)
		case typ == want || want == 0 && typ != Tag:
			return id, nil
		case typ == Commit && want == Tree:
			c, err := v.commit(id)
			if err != nil {
				return ID{}, err
			}
			return c.Tree, nil
		case typ != Tag:
			return ID{}, v.nothing(fmt.Sprintf("%s is a %s and leads to no %s", start, typ, want))
		}
		_, data, err := v.objects().Read(id)
		if err != nil {
			return ID{}, err
		}
		tag, err := ParseTag(data, v.repo.Format)
		if err != nil {
			return ID{}, damagedf(id.String(), "%s", err.Error())
		}
		id = tag.Object
	}
	return ID{}, &Error{Class: Limit, What: start.String(), Why: "tags nested too deep"}
}

// missing adds to an error about an absent object that the revision names nothing.
func (v *resolver) missing(id ID, err error) error {
	var e *Error
	if errors.As(err, &e) && e.Class == Missing {
		return v.nothing("object " + id.String() + " is missing")
	}
	return err
}
