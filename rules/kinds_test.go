package rules

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// kindID is how kinds of secrets and rules are called in docs/coverage-notes.md.
var kindID = regexp.MustCompile(`[a-z0-9]+(?:[-_][a-z0-9]+)*`)

// A kindNote is a line of docs/coverage-notes.md: what became of some kinds of secrets that have no rule of their name.
type kindNote struct {
	kinds  []string
	folded []string // the rules that find them
	reason string
}

// kindNotes reads the lines "- KIND, KIND: REASON" and the table of the generic kinds.
func kindNotes(t *testing.T) []kindNote {
	t.Helper()
	data, err := os.ReadFile("../docs/coverage-notes.md")
	if err != nil {
		t.Fatal(err)
	}
	var notes []kindNote
	for line := range strings.Lines(string(data)) {
		var n kindNote
		var ok bool
		if row, isRow := strings.CutPrefix(line, "| "); isRow {
			var names string
			names, n.reason, ok = strings.Cut(row, " | ")
			n.kinds, n.folded = kindID.FindAllString(names, -1), kindID.FindAllString(n.reason, -1)
		} else if item, isItem := strings.CutPrefix(line, "- "); isItem {
			var names string
			names, n.reason, ok = strings.Cut(item, ": ")
			n.kinds = kindID.FindAllString(names, -1)
			if target, isFolded := strings.CutPrefix(n.reason, "folded into "); isFolded {
				target, _, _ = strings.Cut(target, ": ")
				n.folded = kindID.FindAllString(target, -1)
			}
		}
		if ok && strings.TrimSpace(n.reason) != "" {
			notes = append(notes, n)
		}
	}
	return notes
}

// knownKinds returns the known kinds of secrets, each as its name, how sure it is and whether it can be looked at offline, and the rules.
func knownKinds(t *testing.T) (kinds [][]string, set []*Rule) {
	t.Helper()
	data, err := os.ReadFile("testdata/kinds.tsv")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(strings.TrimSpace(string(data)), "\n")[1:] {
		field := strings.Split(strings.TrimRight(line, "\r"), "\t")
		if len(field) != 3 {
			t.Fatalf("a kind has three columns: %q", line)
		}
		kinds = append(kinds, field)
	}
	if len(kinds) < 1000 {
		t.Fatalf("%d kinds", len(kinds))
	}
	if set, err = Builtin(Vocabulary{}); err != nil {
		t.Fatal(err)
	}
	return kinds, set
}

// TestKindsHaveRules demands of each known kind of secret that it is a rule, or that docs/coverage-notes.md says what became of it. A kind that
// is sure is folded into a rule that is there, or is no secret by itself.
func TestKindsHaveRules(t *testing.T) {
	kinds, set := knownKinds(t)
	ids := map[string]bool{}
	for _, r := range set {
		ids[r.ID] = true
	}
	notes := kindNotes(t)
	for _, field := range kinds {
		kind, sure := field[0], field[1]
		if ids[kind] {
			continue
		}
		i := slices.IndexFunc(notes, func(n kindNote) bool { return slices.Contains(n.kinds, kind) })
		if i < 0 {
			t.Errorf("%s (%s): neither a rule nor in docs/coverage-notes.md", kind, sure)
			continue
		}
		folded := slices.ContainsFunc(notes[i].folded, func(id string) bool { return ids[id] })
		noSecret := strings.HasPrefix(notes[i].reason, "no secret: ")
		if sure != "low" && !folded && !noSecret {
			t.Errorf("%s (%s): docs/coverage-notes.md names no rule that finds it: %s", kind, sure, notes[i].reason)
		}
	}
}

// TestGitHubTypesHaveNotes demands that docs/coverage-notes.md says of each type of secret in GitHub's list without a rule why there is none, and says
// so of no other.
func TestGitHubTypesHaveNotes(t *testing.T) {
	set, err := Builtin(Vocabulary{})
	if err != nil {
		t.Fatal(err)
	}
	covered := map[string]bool{}
	for _, r := range set {
		for _, slug := range r.GitHub {
			covered[slug] = true
		}
	}
	noted := map[string]bool{}
	for _, n := range kindNotes(t) {
		for _, kind := range n.kinds {
			noted[kind] = true
		}
	}
	for _, typ := range GitHubTypes() {
		if !covered[typ.Slug] && !noted[typ.Slug] {
			t.Errorf("%s (%s): neither in a rule's github list nor in docs/coverage-notes.md", typ.Slug, typ.Provider)
		}
		if covered[typ.Slug] && noted[typ.Slug] {
			t.Errorf("%s (%s): a rule finds it, and docs/coverage-notes.md says that none does", typ.Slug, typ.Provider)
		}
	}
}

// TestKindsWithChecks demands of each known kind that can be looked at offline that its rule does, or that docs/coverage-notes.md says why not.
func TestKindsWithChecks(t *testing.T) {
	kinds, set := knownKinds(t)
	checked := map[string]bool{}
	for _, r := range set {
		checked[r.ID] = r.Checksum != "" || r.Block != "" || slices.ContainsFunc(r.Formats, func(f Format) bool { return f.Checksum != "" })
	}
	noted := map[string]bool{}
	for _, n := range kindNotes(t) {
		for _, kind := range n.kinds {
			noted[kind] = true
		}
	}
	checks := 0
	for _, field := range kinds {
		if field[2] != "yes" {
			continue
		}
		checks++
		if !checked[field[0]] && !noted[field[0]] {
			t.Errorf("%s: neither has its rule a checksum nor does docs/coverage-notes.md say why", field[0])
		}
	}
	if checks < 200 {
		t.Errorf("%d kinds with a check", checks)
	}
}
