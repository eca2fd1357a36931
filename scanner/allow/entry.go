// Package allow reads what declares findings to be no leaks: ignore files and baselines, Mudlark's own and those of other
// tools. It knows their formats and turns each into entries; it knows no scan, and decides nothing.
//
// All of its input may come from an attacker. Parsers take linear time, keep no secret (only hashes of secrets), and say of each
// part that they do not understand where it stands.
package allow

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
)

// The kinds of what an entry comes from, as reports name them.
const (
	Inline   = "inline"   // a marker in the text
	Ignore   = "ignore"   // an ignore file
	Config   = "config"   // [[allow]] and [rules] of a configuration
	Baseline = "baseline" // --baseline
)

// An Entry declares findings to be no leaks. All that it says must hold; what it leaves empty holds always.
type Entry struct {
	By   string // Ignore, Config, Baseline
	File string
	Line int    // 0 where the format has no lines
	Text string // what it says, to name it; without secrets

	Fingerprint string // Mudlark's, in lower case
	// Fingerprints, of which one must be that of the secret.
	Fingerprints []string
	Paths        []string // globs, of which one must match
	Rules        []string // ids or providers, in lower case, of which one must be the finding's
	// PathRegexes and Commits are alternatives as Paths is: regexes that must match within the path, and full names of commits.
	PathRegexes, Commits []string
	// Regexes, of which one must match within the text that Target names: TargetSecret, TargetMatch or TargetLine.
	Regexes []string
	Target  string
	// Stopwords, in lower case, of which the secret must hold one.
	Stopwords []string
	// Path is the exact path of the secret, with forward slashes; PathLine its line, 0 for any.
	Path     string
	PathLine int
	Commit   string // full name of the introducing commit
	// PeerRule is what another tool calls the rule. It narrows nothing unless it is the id of a rule here, or a provider.
	PeerRule string
	// SecretSHA1 and SecretSHA256 are hashes, in hexadecimal, of the secret.
	SecretSHA1, SecretSHA256 string
	// Shared: SecretSHA1 is of something that all secrets of a kind have in common (see HashedParts), so that the place decides.
	Shared bool

	// Scanned: File is one of what is scanned, which may be the attacker's.
	Scanned bool

	Until  time.Time // the entry counts up to the end of this day; zero for ever
	Reason string
}

// Scope names all that e may allow: two entries of one scope differ at most in where they stand, in their reason and in their last day.
func (e Entry) Scope() string {
	sorted := func(list []string) []string { return slices.Sorted(slices.Values(list)) }
	return fmt.Sprintf("%q", []any{e.By, e.Fingerprint, sorted(e.Fingerprints), sorted(e.Paths), sorted(e.Rules), sorted(e.PathRegexes), sorted(e.Commits),
		sorted(e.Regexes), e.Target, sorted(e.Stopwords), e.Path, fmt.Sprint(e.PathLine), e.Commit, e.PeerRule, e.SecretSHA1, e.SecretSHA256})
}

// The texts that Entry.Regexes may look at: the secret, all that the rule's regex matched, or the line (of which TargetReach bytes on
// each side of the secret are looked at).
const (
	TargetSecret = "secret"
	TargetMatch  = "match"
	TargetLine   = "line"

	TargetReach = 1 << 10
)

// A Problem is a part of a file that is not understood, and does nothing.
type Problem struct {
	File string
	Line int // 0 if unknown
	Text string
	Hint string
}

func (p Problem) String() string {
	at := p.File
	if p.Line > 0 {
		at += fmt.Sprintf(":%d", p.Line)
	}
	if p.Hint == "" {
		return at + ": " + p.Text
	}
	return at + ": " + p.Text + "; " + p.Hint
}

// File is what one file says.
type File struct {
	Name     string
	Format   string // "mudlark", "gitleaks", "detect-secrets", "trufflehog", "ignore", "gitleaksignore"
	Entries  []Entry
	Problems []Problem
	// KeyCheck is what KeyCheck returned for the key of the fingerprints; "" if the file does not say.
	KeyCheck string
}

// add keeps an entry, unless it names nothing: such a one would allow everything.
func (f *File) add(e Entry) {
	if e.Fingerprint == "" && e.SecretSHA1 == "" && e.SecretSHA256 == "" && e.Path == "" && len(e.Paths) == 0 && len(e.Rules) == 0 {
		f.problem(e.Line, "", "an entry names neither a secret nor a place")
		return
	}
	f.Entries = append(f.Entries, e)
}

func (f *File) problem(line int, hint, format string, args ...any) {
	f.Problems = append(f.Problems, Problem{File: f.Name, Line: line, Text: fmt.Sprintf(format, args...), Hint: hint})
}

// IsFingerprint reports whether s has the form of a fingerprint: 32 hexadecimal digits.
func IsFingerprint(s string) bool {
	return len(s) == 32 && strings.Trim(strings.ToLower(s), "0123456789abcdef") == ""
}

// HashSHA1 returns the hash of a secret by which detect-secrets names it.
func HashSHA1(secret string) string {
	sum := sha1.Sum([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// HashSHA256 returns the hash of a secret by which entries name it. Tools differ in how they copy keys of several lines, so line
// breaks count alike however they are written, and white space around the secret does not count.
func HashSHA256(secret string) string {
	secret = strings.TrimSpace(strings.NewReplacer("\r\n", "\n", `\r\n`, "\n", `\n`, "\n").Replace(secret))
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// Day reads a date, YYYY-MM-DD, and returns the last moment of that day in UTC.
func Day(s string) (time.Time, bool) {
	t, err := time.Parse(time.DateOnly, s)
	return t.AddDate(0, 0, 1).Add(-time.Nanosecond), err == nil
}

// Expired reports whether the entry counts no more.
func (e *Entry) Expired(now time.Time) bool { return !e.Until.IsZero() && now.After(e.Until) }

// Where names the entry's place: "file:line", or the file.
func (e *Entry) Where() string {
	if e.Line == 0 {
		return e.File
	}
	return fmt.Sprintf("%s:%d", e.File, e.Line)
}
