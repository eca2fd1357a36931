package rules

// Severity says what an attacker gains from the secret.
type Severity string

// Confidence says how rarely a match is something else.
type Confidence string

// The levels of Severity and Confidence; "critical" is a severity only.
const (
	Critical = "critical"
	High     = "high"
	Medium   = "medium"
	Low      = "low"
)

// Class says how far around its anchor a rule looks, and so how its results may be carried from one version of a
// file to the next.
type Class string

const (
	// Local rules examine at most 512 bytes.
	Local Class = "local"
	// Long rules examine an anchor and a bound known beforehand (PEM, JWT).
	Long Class = "long"
	// Whole rules may examine everything; they are evaluated again for every version.
	Whole Class = "whole"
)

// Rule describes one kind of secret. Rules are data: they are read from TOML and not changed afterwards.
type Rule struct {
	ID         string // kebab-case, provider first, stable for ever
	Name       string
	Provider   string
	Severity   Severity
	Confidence Confidence
	GitHub     []string // GitHub's secret_type slugs
	Rotate     string   // URL of the page to rotate at
	Source     string   // URL of the document that gives the format
	Revocable  bool     // a [rule.revoke] block is there

	// Formats are the alternatives of the token's grammar; a rule has formats, a regex, or a block.
	Formats []Format
	Regex   string // RE2 syntax; group "secret", else the first, else the whole match is the secret
	// Keywords, of which a regex needs one near by; matched ignoring ASCII case. Empty for format rules, whose
	// literals are their keywords.
	Keywords []string
	// Block names an extractor instead of a format: "pem", "ppk", "pgp", "json", "url", ...
	Block string
	// BlockArgs are the extractor's parameters, for example {"type": "service_account"} for "json".
	BlockArgs map[string]string

	Near         []string // words of which one must stand close before; ignoring ASCII case
	After        []string // words of which one must stand close behind
	Entropy      float64  // floor in Shannon bits per character; 0 for none
	Placeholders []string // values, or parts of values, that mark a placeholder; ignoring ASCII case
	Require      []string // "digit", "upper", "lower", "letter", "special": the value must hold one of each
	Reject       []string // "all:hex", "all:digit", ..., "uuid", "words", "readable", "names", "code": values that are something else
	Checksum     string   // name of a check in package detectors
	// OnMismatch is "drop" (default) or "low": what a failed checksum does.
	OnMismatch string
	Boundary   string // set of characters (a class or "[...]") that must not stand beside a match; "" for the default
	Weak       bool   // the secret may be a weak password: its fingerprint goes through scrypt
	Public     bool   // values meant to be public; they silence generic rules
	Paths      []string
	Parts      []Part // companions of the secret

	// Verbatim rules come from other tools and are evaluated as there: keywords count anywhere in the text, the regex is run over
	// all of it, and nothing is asked of the value beyond what the rule says. The fields below are for them.
	Verbatim bool
	// SecretGroup is the number of the regex's group that is the secret; 0 for the first that is not empty.
	SecretGroup int
	PathRegex   string // must match within the path of the file
	OnPath      bool   // the regex looks at paths and not into files
	Silent      bool   // matches serve Requires of other rules and are not reported
	Requires    []Requirement

	Verify *Verify // nil when there is no [rule.verify]
	Revoke *Revoke // nil when there is no [rule.revoke]

	// Untrusted: the rule comes with what is scanned. It wins over no other rule's finding that says itself what it is.
	Untrusted bool

	Class Class // derived
	// Reach is the largest number of bytes that evaluating the rule looks at; -1 for Class Whole.
	Reach int

	File string // where the rule was read from
	Line int
}

// Format is one alternative of a rule's grammar. Fields beside Text and Node hold the alternative's own value or
// else the rule's.
type Format struct {
	Text       string // as written
	Node       Node
	Near       []string
	After      []string
	Checksum   string
	Confidence Confidence
	Entropy    float64
	Boundary   string
}

// Requirement demands a match of another rule in the same text.
type Requirement struct {
	Rule string // id
	// Lines and Columns are how far the beginnings of the two may be apart; -1 for any distance.
	Lines, Columns int
}

// PathBound reports whether the rule has conditions on paths.
func (r *Rule) PathBound() bool { return len(r.Paths) > 0 || r.PathRegex != "" }

// Part is a companion that a multi-part credential needs.
type Part struct {
	Name     string
	Formats  []Format
	Near     []string
	Require  []string
	Reject   []string
	Entropy  float64
	Lines    int  // the companion stands within so many lines of the first part
	File     bool // the companion may stand anywhere in the file
	Required bool // without it the finding is not reported at all
	Public   bool // the companion is no secret itself (an account id, a host)
}
