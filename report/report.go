// Package report turns the findings of a scan into output. It knows what a finding is and how each format spells it; it
// knows no sources, no Git and no rules beyond the names that a finding carries.
//
// A scan sends one Config, then Findings in their final order, then one Coverage, and ends with Done. Handlers that need
// the whole run collect it. The model below is the JSON output: docs/report.schema.json describes it.
package report

// SchemaVersion is the version of the JSON model, raised when a key changes its meaning or goes.
const SchemaVersion = "1"

// Handler writes one format. Methods are called from one goroutine, in the order Config, Finding..., Coverage, Done;
// after an error no further method is called.
type Handler interface {
	Config(*Config) error
	Finding(*Finding) error
	Coverage(*Coverage) error
	// Done writes what is left and flushes.
	Done() error
}

// Config says what ran.
type Config struct {
	SchemaVersion string `json:"schema_version"`
	Tool          Tool   `json:"tool"`
	Target        string `json:"target"` // path or URL as given, without credentials
	Mode          string `json:"mode"`   // "history", "range", "staged", "dir", "stdin"
	RulesHash     string `json:"rules_hash"`
	Rules         int    `json:"rules"`
	// KeyCheck tells apart the keys that fingerprints are made with; it is no part of the output.
	KeyCheck string `json:"-"`
}

// Tool names the scanner.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Finding is one secret: one (rule, canonical secret) with its life story. The embedded Place is that of the first introduction.
type Finding struct {
	Fingerprint string `json:"fingerprint"`
	Rule        string `json:"rule"`
	Provider    string `json:"provider"`
	Name        string `json:"name"`
	Severity    string `json:"severity"`
	Confidence  string `json:"confidence"`
	// Secret is set with --show-secrets only. SecretB64 stands in its place when the bytes are not UTF-8.
	Secret    string `json:"secret,omitempty"`
	SecretB64 string `json:"secret_b64,omitempty"`
	Redacted  string `json:"redacted"`
	Place
	Introduced *Introduction `json:"introduced,omitempty"` // null for dir, stdin
	// Occurrences are the other introduction events, or in dir and stdin the other places, in report order.
	Occurrences []Place  `json:"occurrences"`
	AtHead      *bool    `json:"at_head"` // null without HEAD
	Removed     *Removal `json:"removed"`
	// ExposedSeconds is the time from introduction to removal, or to now, by committer time.
	ExposedSeconds *int64   `json:"exposed_seconds,omitempty"`
	Tips           []string `json:"tips"`           // refs whose tip holds it
	ReachableFrom  []string `json:"reachable_from"` // branches and tags whose history holds an introduction
	Decoded        []string `json:"decoded"`
	// Details are what the secret says of itself, by name: the role that a user name was made for, and when; kind, size and public half of a private key.
	Details   map[string]string `json:"details,omitempty"`
	Parts     []Part            `json:"parts"`
	Verdict   Verdict           `json:"verdict"`
	Rotate    string            `json:"rotate,omitempty"`
	Revocable bool              `json:"revocable"`
	// Excerpt is the line around the secret with every match in it redacted (unless --show-secrets).
	Excerpt *Excerpt `json:"excerpt,omitempty"`
}

// Place is where a secret stands: in a commit's file, message or field, or in a file outside Git.
type Place struct {
	Path      *string `json:"path"`               // UTF-8; see EscapePath for what is escaped
	PathB64   string  `json:"path_b64,omitempty"` // the path's bytes, where Path cannot say them
	Line      *int    `json:"line"`
	EndLine   *int    `json:"end_line,omitempty"`
	Column    *int    `json:"column"`
	Commit    *string `json:"commit"`
	Tag       string  `json:"tag,omitempty"` // id of the tag object, for source "tag"
	Author    string  `json:"author,omitempty"`
	Email     string  `json:"email,omitempty"`
	Date      string  `json:"date,omitempty"`      // author date, RFC 3339
	Committed string  `json:"committed,omitempty"` // committer date, RFC 3339
	Source    string  `json:"source"`              // blob, message, tag, note, author, path, index, worktree, file, stdin
	// Suppressed says what allows the secret here: inline, ignore, config, baseline. Of a finding that is reported all the same,
	// because it stands elsewhere too, only occurrences have it.
	Suppressed string `json:"suppressed,omitempty"`
}

// Introduction says how sure the first introduction is.
type Introduction struct {
	Commit    *string `json:"commit"`
	Date      string  `json:"date,omitempty"`
	Committed string  `json:"committed,omitempty"`
	// Uncertain: a parent's side could not be read, so the secret may be older.
	Uncertain bool `json:"uncertain"`
	// Boundary: the commit is a shallow boundary, so the secret may be older.
	Boundary bool `json:"boundary"`
}

// Removal is the commit at which the secret left HEAD.
type Removal struct {
	Commit    string `json:"commit"`
	Date      string `json:"date"`
	Committed string `json:"committed"`
	Author    string `json:"author,omitempty"`
}

// Part is a companion of the secret.
type Part struct {
	Name      string  `json:"name"`
	Secret    string  `json:"secret,omitempty"`
	SecretB64 string  `json:"secret_b64,omitempty"`
	Redacted  string  `json:"redacted"`
	Commit    *string `json:"commit"`
	Path      *string `json:"path"`
	PathB64   string  `json:"path_b64,omitempty"`
	Line      *int    `json:"line"`
	Column    *int    `json:"column"`
}

// Verdict is the provider's answer. Status is "unasked" while verification is off.
type Verdict struct {
	Status    string            `json:"status"`
	Reason    string            `json:"reason,omitempty"`
	CheckedAt string            `json:"checked_at,omitempty"`
	Identity  map[string]string `json:"identity,omitempty"`
}

// Excerpt is one line of text around a secret. Start and End bound the (redacted) secret in Text, in bytes.
type Excerpt struct {
	Text  string `json:"text"`
	Start int    `json:"start"`
	End   int    `json:"end"`
}

// Coverage says what was read. Complete is false if anything that was to be read was not.
type Coverage struct {
	Refs     int   `json:"refs"`
	Commits  int   `json:"commits"`
	Trees    int   `json:"trees"`
	Blobs    int   `json:"blobs"`
	Files    int   `json:"files"`
	Bytes    int64 `json:"bytes"` // logical bytes of blobs or files examined
	Complete bool  `json:"complete"`
	// Skipped lists what was not read. Accepted entries do not make a run incomplete.
	Skipped []Skipped `json:"skipped"`
	// Notes are facts that do not make the run incomplete: shallow boundaries, a range that is empty.
	Notes    []string `json:"notes"`
	Started  string   `json:"started,omitempty"` // when the scan began, RFC 3339 in UTC
	Duration float64  `json:"duration_seconds"`
	// Suppressed lists the secrets that were found and are allowed, in the order of findings.
	Suppressed []Suppressed `json:"suppressed"`
	// Allows lists what is to be said of markers, ignore files and baselines themselves.
	Allows  []AllowNote `json:"allows"`
	Summary Summary     `json:"summary"`
}

// Suppressed is a secret that was found and that something declares to be no leak.
type Suppressed struct {
	Fingerprint string `json:"fingerprint"`
	Rule        string `json:"rule"`
	Severity    string `json:"severity"`
	Redacted    string `json:"redacted"`
	By          string `json:"by"`    // inline, ignore, config, baseline
	Where       string `json:"where"` // place of the marker or entry: "file:line"
	Reason      string `json:"reason,omitempty"`
	// Added: the change that was scanned brought the marker or entry itself, or changed it; nil if it is not known what was there before.
	Added *bool `json:"added"`
	// Change says how an entry that was added differs from what was there before, or why that is not known.
	Change  string  `json:"change,omitempty"`
	Path    *string `json:"path"`
	PathB64 string  `json:"path_b64,omitempty"`
	Line    *int    `json:"line"`
	Commit  *string `json:"commit"`
}

// AllowNote says something of a marker, or of an entry of an ignore file, a configuration or a baseline.
type AllowNote struct {
	// Kind: "stale" (matches nothing), "expired" (its date has passed), "unknown" (names what does not exist), "malformed" (is not
	// understood), "changed" (was made for another secret than stands there), "added" (came with the change that was scanned).
	Kind  string `json:"kind"`
	Where string `json:"where"` // "file:line"
	Text  string `json:"text"`  // the entry or marker
	Why   string `json:"why,omitempty"`
}

// Skipped is one thing that was not read.
type Skipped struct {
	Class    string `json:"class"` // damaged, missing, limit, policy, interrupted
	What     string `json:"what"`  // object name, ref or path
	Why      string `json:"why"`
	Accepted string `json:"accepted,omitempty"` // the reason given in [[coverage.accept]]
}

// Summary counts findings.
type Summary struct {
	Findings        int            `json:"findings"`
	BySeverity      map[string]int `json:"by_severity"`
	ByVerdict       map[string]int `json:"by_verdict"`
	BelowConfidence int            `json:"below_confidence"` // found, but below --min-confidence
	Filtered        int            `json:"filtered"`         // found, but left out by --rule and --exclude-rule
	// NotVerified: found, but left out for their verdicts, by --only-verified or --results. ByVerdict counts these, too. NotShown counts
	// them by verdict; nil if none was to be left out.
	NotVerified int            `json:"not_verified"`
	NotShown    map[string]int `json:"not_shown,omitempty"`
	// Suppressed counts what was found and is allowed, by what allows it: inline, ignore, config, baseline.
	Suppressed   int            `json:"suppressed"`
	SuppressedBy map[string]int `json:"suppressed_by"`
}
