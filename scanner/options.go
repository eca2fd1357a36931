package scanner

import (
	"io"
	"time"

	"mudlark/report"
	"mudlark/rules"
	"mudlark/scanner/allow"
	"mudlark/scanner/archive"
	"mudlark/verify"
)

// The modes of Options.Mode.
const (
	ModeGit   = "git"
	ModeDir   = "dir"
	ModeStdin = "stdin"
)

// Options says what to scan and how. The zero values of limits mean their defaults.
type Options struct {
	Mode   string
	Target string // ModeGit: path, or file:// URL, of a repository
	// TargetName is what reports call the target; "" for Target.
	TargetName string

	Paths     []string  // ModeDir: files and folders
	Stdin     io.Reader // ModeStdin
	StdinName string    // ModeStdin: the path to report; "" for none

	Since         []string // revisions; only commits that none of them reaches
	Branches      []string // refs; only commits that they reach
	All           bool     // with Since: every ref instead of HEAD
	MaxDepth      int      // newest commits; 0 for all
	After, Before time.Time
	Include       []string // globs
	Exclude       []string
	Staged        bool
	// Merging: with Staged or Worktree, object names of commits that are being merged into HEAD, beside those that the repository tells
	// itself. Git tells them to pre-merge-commit by the environment alone (see hooks.Merging).
	Merging     []string
	Worktree    bool
	Unreachable bool
	NoIgnore    bool // ModeDir: scan what .gitignore names too

	// Hook: Git runs the scan as a hook, in the repository and with the environment that it means. What became of the secrets since
	// (at_head, removed, tips) is not worked out, since a hook must be quick, and Git LFS objects that are elsewhere are a note.
	Hook bool
	Push *Push // ModeGit: what a push brings, instead of the history; nil for none

	MaxBlob        int64 // bytes; larger blobs and files are coverage
	MaxDecodeDepth int   // -1 for no decoding, 0 for the default
	Archives       archive.Limits
	NoArchives     bool  // archives are examined as the bytes that they are
	Memory         int64 // bytes for caches and blobs in flight
	Workers        int
	Timeout        time.Duration
	WholeBlobs     bool // examine every blob whole, as if it were no version of another one: slower, and the same result

	Rules         []*rules.Rule // the built-in rules and those of trusted configuration
	RuleFilter    []string      // rule ids or providers, ignoring case
	RuleExclude   []string
	MinConfidence string // "low", "medium" (default), "high"
	MinSeverity   string

	// Verify asks providers about what is found; nil for no verification.
	Verify *verify.Engine
	// Verdicts, if not nil, are those with which a secret is reported; the others are counted. Unverified secrets are verify.Unasked.
	Verdicts     []verify.Status
	AllowUnknown bool // secrets without a verdict leave the run complete
	// Fingerprints, if not nil, names the secrets that are reported, whether they are allowed or not.
	Fingerprints map[string]bool
	// Found is told each finding together with the credential that it is; it may be nil. What it gets is secret.
	Found func(*report.Finding, verify.Credential)
	// PlanOnly: nothing is sent; Plan is told what would be.
	PlanOnly bool
	Plan     func([]verify.Planned)

	Config *Config // trusted configuration: --config or the user's own file
	// ConfigRevision names the commit whose configuration and ignore files are used instead of those of the working tree, so
	// that a change under test cannot allow itself. In ModeGit only.
	ConfigRevision string
	// NextConfig: with ConfigRevision, the revision whose configuration will count once the change is in; "" for none. A broken one is coverage
	// of the change that brings it, as it would be of every later one.
	NextConfig string
	// NoRepositoryConfig: no configuration and no ignore file of what is scanned is read.
	NoRepositoryConfig bool
	Allow              []*allow.File // trusted: baselines and ignore files that the caller names
	NoInlineAllow      bool          // markers in texts count for nothing

	ShowSecrets bool
	Progress    func(Progress) // called from one goroutine at a time, at most every 50 ms or so; may be nil
	Getenv      func(string) string
	Version     string
	Now         func() time.Time
}

// Defaults of limits.
const (
	DefaultMaxBlob = 1 << 30
	DefaultMemory  = 160 << 20
)

// Progress is the state of a running scan.
type Progress struct {
	Phase       string // "commits", "trees", "blobs", "files", "attribution", "verification"
	Done, Total int64  // objects; Total is 0 while unknown
	Bytes       int64  // logical bytes examined
	Findings    int    // distinct secrets so far
}

// Result is what a scan came to, for the exit code.
type Result struct {
	Findings    int  // findings that were reported
	Active      int  // those of them that a provider proved to work
	Unknown     int  // those of them that were asked about without a clear answer
	Complete    bool // everything that was to be read was read
	Missing     int  // objects that are not in the repository, and not accepted as missing
	Interrupted bool // the context was cancelled
	TimedOut    bool // Options.Timeout passed
	Warnings    []string
}

// UsageError is a mistake of the caller's: not a repository, a revision that names nothing, a wrong configuration.
type UsageError struct {
	Message string
	Hint    string
	// Incomplete: the job was understood, but the repository does not hold what it needs (a base outside a shallow
	// clone), so that the run counts as incomplete and not as wrongly used.
	Incomplete bool
}

func (e *UsageError) Error() string { return e.Message }

func (o *Options) withDefaults() Options {
	d := *o
	if d.MaxBlob <= 0 {
		d.MaxBlob = DefaultMaxBlob
	}
	if d.Memory <= 0 {
		d.Memory = DefaultMemory
	}
	if d.Workers <= 0 {
		d.Workers = 1
	}
	if d.MinConfidence == "" {
		d.MinConfidence = rules.Medium
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Getenv == nil {
		d.Getenv = func(string) string { return "" }
	}
	return d
}

// rank orders severities and confidences; unknown ones come first.
func rank(level string) int {
	switch level {
	case rules.Low:
		return 1
	case rules.Medium:
		return 2
	case rules.High:
		return 3
	case rules.Critical:
		return 4
	}
	return 0
}
