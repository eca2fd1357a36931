// Package imports reads the rules of other tools: Gitleaks' configuration and TruffleHog's custom detectors. What it cannot
// honour it says, and leaves nothing out in silence.
//
// Its input may come from an attacker. Nothing in it leads to a request, to a process or, unless the caller hands in a function
// for that, to another file.
package imports

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"mudlark/rules"
)

// Config is what a file of another tool says, in Mudlark's terms.
type Config struct {
	Tool       string // "Gitleaks", "TruffleHog"
	Rules      []*rules.Rule
	Allows     []Allow
	Disabled   []string // ids of rules that are not to be used
	UseDefault bool     // the built-in rules are wanted beside these
	Notes      []string // what is not honoured, or is otherwise than there, in words

	ids map[string]string // of rules: as there, to here
}

// Allow declares findings to be no leaks. Its lists are alternatives or, with And, must all hold; Rules narrows all of them.
type Allow struct {
	Rules       []string
	PathRegexes []string
	Regexes     []string
	Target      string // what Regexes look at: "secret", "match", "line"
	Stopwords   []string
	Commits     []string
	And         bool
	Reason      string
}

const (
	// maxRules bounds the rules of a file.
	maxRules = 5000
	// maxRegex is the length of the longest regex that is taken over.
	maxRegex = 16 << 10
	// maxNotes bounds what is said.
	maxNotes = 200
)

func (c *Config) note(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); len(c.Notes) < maxNotes && !slices.Contains(c.Notes, text) {
		c.Notes = append(c.Notes, text)
	}
}

// checkRegex returns an error if a regex cannot be used. It does not quote the regex, which may hold anything.
func checkRegex(what, re string) error {
	if len(re) > maxRegex {
		return fmt.Errorf("%s has %d bytes, more than %d", what, len(re), maxRegex)
	}
	if _, err := regexp.Compile(re); err != nil {
		return fmt.Errorf("%s does not compile: %s", what, strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	return nil
}

// wholePath makes of a regex for paths one that matches the whole path, so that each path is a finding of its own.
func wholePath(re string) string { return `(?s)^.*(?:` + re + `).*$` }

// idOf gives a foreign name the form that ids have here.
func idOf(name string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	id := strings.TrimSuffix(b.String(), "-")
	if len(id) > 72 {
		id = strings.TrimSuffix(id[:72], "-")
	}
	return id
}

// uniqueID returns an id that taken does not have, and notes it there.
func uniqueID(id string, taken map[string]bool) string {
	base := id
	for n := 2; taken[id]; n++ {
		id = fmt.Sprintf("%s-%d", base, n)
	}
	taken[id] = true
	return id
}

// Rename gives rules ids that are not in taken, which the caller's other rules have. What refers to them follows.
func (c *Config) Rename(taken map[string]bool) {
	renamed := map[string]string{}
	seen := map[string]bool{}
	for id := range taken {
		seen[id] = true
	}
	for _, r := range c.Rules {
		if seen[r.ID] {
			id := uniqueID("custom-"+r.ID, seen)
			c.note("rule %s is called %s here, as there is another one of its name", r.ID, id)
			renamed[r.ID], r.ID = id, id
		}
		seen[r.ID] = true
	}
	for _, r := range c.Rules {
		for i, q := range r.Requires {
			r.Requires[i].Rule = cmp.Or(renamed[q.Rule], q.Rule)
		}
	}
	for _, a := range c.Allows {
		for i, id := range a.Rules {
			a.Rules[i] = cmp.Or(renamed[id], id)
		}
	}
}

// joined returns the errors as one.
func joined(file string, errs []error) error {
	if len(errs) > 20 {
		errs = append(errs[:20], errors.New("and more errors than these"))
	}
	for i, err := range errs {
		errs[i] = fmt.Errorf("%s: %w", file, err)
	}
	return errors.Join(errs...)
}

// groups returns the number of capturing groups of a regex that compiles.
func groups(re string) int { return regexp.MustCompile(re).NumSubexp() }
