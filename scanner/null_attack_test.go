package scanner

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
)

// The null object name stands for "nothing" in many places of Git. Where it stands in an object it is an object that is not
// there, and must not pass for an empty place.
func TestNullNames(t *testing.T) {
	t.Parallel()
	null := strings.Repeat("0", 40)
	runScenarios(t, []scenario{
		{"tree of a commit", func(r *sandbox) {
			c := r.put("a", key(1))
			r.rawCommit(null, c)
			r.expect(token(1), c, "a", 1, anyHead)
			r.skipped = []string{"missing"}
		}},
		{"file in a tree", func(r *sandbox) {
			c := r.put("a", key(1))
			r.rawCommit(r.tree("100644 a", r.blob(key(1)), "100644 b", null), c)
			r.expect(token(1), c, "a", 1, here)
			r.skipped = []string{"missing"}
		}},
		{"folder in a tree", func(r *sandbox) {
			c := r.put("a", key(1))
			r.rawCommit(r.tree("100644 a", r.blob(key(1)), "40000 d", null), c)
			r.expect(token(1), c, "a", 1, here)
			r.skipped = []string{"missing"}
		}},
		{"file in a tree, in a part of the history", func(r *sandbox) {
			c := r.put("x", "x\n")
			c = r.rawCommit(r.tree("100644 a", r.blob(key(1)), "100644 b", null), c)
			r.expect(token(1), c, "a", 1, here)
			r.opt.Since = []string{"HEAD~1"}
			r.skipped = []string{"missing"}
		}},
		{"gitlink in a tree", func(r *sandbox) {
			c := r.put("a", key(1))
			r.rawCommit(r.tree("100644 a", r.blob(key(1)), "160000 m", null), c)
			r.expect(token(1), c, "a", 1, here)
		}},
	})
}

// A pointer file is a text like any other: what is written beside the pointer counts.
func TestLFSPointerText(t *testing.T) {
	t.Parallel()
	pointer := func(content, beside string) (oid, text string) {
		sum := sha256.Sum256([]byte(content))
		oid = hex.EncodeToString(sum[:])
		return oid, fmt.Sprintf("version https://git-lfs.github.com/spec/v1\n%soid sha256:%s\nsize %d\n", beside, oid, len(content))
	}
	store := func(r *sandbox, oid, content string) {
		r.write(".git/lfs/objects/"+oid[:2]+"/"+oid[2:4]+"/"+oid, content)
	}
	runScenarios(t, []scenario{
		{"object is not here", func(r *sandbox) {
			_, text := pointer("x", "x-note "+token(1)+"\n")
			r.expect(token(1), r.put("a", text), "a", 2, here)
			r.skipped = []string{"policy"}
		}},
		{"object is here", func(r *sandbox) {
			oid, text := pointer("x\n\n"+key(2), "x-note "+token(1)+"\n")
			store(r, oid, "x\n\n"+key(2))
			c := r.put("a", text)
			r.expect(token(1), c, "a", 2, here)
			r.expect(token(2), c, "a", 3, here)
		}},
		{"object is not the one", func(r *sandbox) {
			oid, text := pointer("x", "x-note "+token(1)+"\n")
			store(r, oid, "truncated")
			r.expect(token(1), r.put("a", text), "a", 2, here)
			r.skipped = []string{"damaged"}
		}},
	})
}
