package gitstore

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

func TestRevisionErrors(t *testing.T) {
	s := newSandbox(t)
	d := s.repo("r")
	r := mustOpen(t, d, Options{})
	for _, c := range []struct {
		rev  string
		want string
		none bool // wraps ErrNoRevision
	}{
		{"", "it is empty", true},
		{"nothing", "names nothing", true},
		{strings.Repeat("ab", 20), "names nothing", true},
		{"abc", "names nothing", true},
		{"HEAD~99", "has 0 parents", true},
		{"HEAD^2", "has 1 parents", true},
		{"HEAD~99999999999999999999", "too large", true},
		{"HEAD^{blob}", "leads to no blob", true},
		{"HEAD^{", "not closed", true},
		{"HEAD^{tree}~1", "leads to no commit", true},
		{"main@{99}", "reflog of refs/heads/main has", true},
		{"@{-9}", "not as many checkouts", true},
		{"main~1x", "names nothing", true},
		{":/message", "a search (:/) is not supported", false},
		{"HEAD^{/message}", "a search (^{/}) is not supported", false},
		{"main..side", "a range (..) is not supported", false},
		{"main~1...side", "a range (..) is not supported", false},
		{"^main", "an exclusion (^) is not supported", false},
		{"HEAD:dir0/file", "a path (:) is not supported", false},
		{"main@{upstream}", "@{upstream} is not supported", false},
		{"main@{yesterday}", "@{yesterday} is not supported", false},
		{"no\x1b[1msuch", `no\x1b[1msuch`, true},
	} {
		t.Run(c.rev, func(t *testing.T) {
			_, err := r.ResolveCommit(c.rev)
			if err == nil || !strings.Contains(err.Error(), c.want) || errors.Is(err, ErrNoRevision) != c.none {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestResolveCommit(t *testing.T) {
	s := newSandbox(t)
	d := s.repo("r")
	s.git(d, "tag", "-a", "-m", "tag of a tag", "nested", "heavy")
	s.git(d, "tag", "blob", "HEAD:dir0/file")
	r := mustOpen(t, d, Options{})
	head := s.git(d, "rev-parse", "HEAD")
	for _, rev := range []string{"heavy", "nested", "nested^{}", "nested^{commit}", s.git(d, "rev-parse", "nested")[:9]} {
		if id, err := r.ResolveCommit(rev); err != nil || id.String() != head {
			t.Errorf("%s: got %s, %v", rev, id, err)
		}
	}
	if _, err := r.ResolveCommit("blob"); !errors.Is(err, ErrNoRevision) {
		t.Errorf("blob: %v", err)
	}
}

// TestAmbiguous makes objects whose names begin alike and checks who is preferred.
func TestAmbiguous(t *testing.T) {
	s := newSandbox(t)
	d := s.repo("r")
	commit := s.git(d, "rev-parse", "HEAD")
	var input strings.Builder
	for i := range 3000 {
		s.write(filepath.Join(d, "many", fmt.Sprint(i)), fmt.Sprintf("blob %d", i))
		fmt.Fprintf(&input, "%s\n", filepath.Join(d, "many", fmt.Sprint(i)))
	}
	s.stdin = input.String()
	names := strings.Fields(s.git(d, "hash-object", "-w", "--stdin-paths"))
	s.stdin = ""
	r := mustOpen(t, d, Options{})
	byPrefix := map[string][]string{}
	for _, n := range names {
		byPrefix[n[:4]] = append(byPrefix[n[:4]], n)
	}
	found := false
	for prefix, list := range byPrefix {
		if len(list) < 2 || strings.HasPrefix(commit, prefix) {
			continue
		}
		found = true
		_, err := r.Resolve(prefix)
		if !errors.Is(err, ErrAmbiguous) || errors.Is(err, ErrNoRevision) || !strings.Contains(err.Error(), list[0]+" blob") {
			t.Errorf("%s: %v", prefix, err)
		}
		break
	}
	if !found {
		t.Skip("no two of 3,000 blobs have names that begin alike")
	}
}

func TestShallowParents(t *testing.T) {
	s := newSandbox(t)
	s.git(s.dir, "clone", "-q", "--depth", "2", "file://"+s.repo("r"), s.path("c"))
	r := mustOpen(t, s.path("c"), Options{})
	if len(r.Shallow) != 1 {
		t.Errorf("%d shallow commits", len(r.Shallow))
	}
	if _, err := r.Resolve("HEAD~1"); err != nil {
		t.Error(err)
	}
	if _, err := r.Resolve("HEAD~2"); !errors.Is(err, ErrNoRevision) || !strings.Contains(err.Error(), "shallow") {
		t.Error(err)
	}
}
