package verify

import (
	"time"

	"mudlark/rules"
)

// Status says what is known of a credential.
type Status string

// The values of Status.
const (
	Active      Status = "active"      // the provider proved that it works
	Inactive    Status = "inactive"    // the provider said, in its own words, that it does not
	Expired     Status = "expired"     // the provider, or the credential itself, says that its time is over
	Unknown     Status = "unknown"     // there was no clear answer
	Unsupported Status = "unsupported" // there is no verifier for the rule
	Skipped     Status = "skipped"     // it was not asked about
	Unasked     Status = "unasked"     // verification is off
)

// Statuses lists the values of Status, the most urgent first.
func Statuses() []Status {
	return []Status{Active, Unknown, Skipped, Unsupported, Unasked, Expired, Inactive}
}

// Reason says why a Status is not a plain answer. It is one of the constants below: nothing that a provider or a library says
// gets into it, as that may hold the secret.
type Reason string

// Reasons of Unknown that come from the network, a limit or the time, so that asking again may give an answer.
const (
	NetworkError   Reason = "network error"                       // no connection, broken off
	Untrusted      Reason = "its TLS certificate is not trusted"  // expired, of another name, or of an authority that nobody here knows
	TimedOut       Reason = "no answer in time"                   // of one request
	RateLimited    Reason = "the provider limits requests"        // 429, or Retry-After beyond what is left
	ServerError    Reason = "the provider has a failure"          // 5xx
	NotAnswering   Reason = "the provider has stopped answering"  // too many failures in a row
	OutOfTime      Reason = "the time for verification is over"   // --verify-timeout
	Interrupted    Reason = "interrupted"                         // signal, or the time-out of the scan
	PrivateAddress Reason = "the host has no public address here" // of a host that the rule names
)

// Reasons of Unknown that asking again does not change.
const (
	Redirected     Reason = "the answer is a redirect"
	WebPage        Reason = "the answer is a web page"
	Unclear        Reason = "the answer is neither a clear yes nor a clear no"
	AcceptsAny     Reason = "the provider accepts made-up values, too"
	Pairing        Reason = "refused, but perhaps only because its parts do not belong together"
	NotEverywhere  Reason = "refused, but not every host that it may belong to was asked"
	VerifierFailed Reason = "the verifier failed; please report this as a bug"
)

// Reasons of Skipped and Unsupported.
const (
	PartMissing    Reason = "a part is missing"
	Canary         Reason = "a canary; see --verify-canaries"
	HostNotAllowed Reason = "host not allowed; see --allow-host"
	ClearText      Reason = "not over clear text; see --allow-plaintext"
	EffectNotAllow Reason = "it has an effect; see --allow-effect"
	Ambiguous      Reason = "ambiguous: it may belong to another provider"
	Unsendable     Reason = "it holds characters that cannot be sent"
	AskedOnce      Reason = "not tried twice, as accounts get locked"
	NoVerifier     Reason = "there is no verifier for this rule"
	NotProved      Reason = "it has not expired, and nobody can be asked"
)

// Passing reports whether the reason comes from the network, a limit or the time. A run with such verdicts is incomplete.
func (r Reason) Passing() bool {
	switch r {
	case NetworkError, Untrusted, TimedOut, RateLimited, ServerError, NotAnswering, OutOfTime, Interrupted, PrivateAddress:
		return true
	}
	return false
}

// Reasons lists all reasons.
func Reasons() []Reason {
	return []Reason{
		NetworkError, Untrusted, TimedOut, RateLimited, ServerError, NotAnswering, OutOfTime, Interrupted, PrivateAddress,
		Redirected, WebPage, Unclear, AcceptsAny, Pairing, NotEverywhere, VerifierFailed,
		PartMissing, Canary, HostNotAllowed, ClearText, EffectNotAllow, Ambiguous, Unsendable, AskedOnce, NoVerifier, NotProved,
	}
}

// Verdict is what is known of a credential.
type Verdict struct {
	Status    Status
	Reason    Reason // "" where the status says everything
	CheckedAt time.Time
	// Identity is what the provider tells about an active credential: login, scopes, expiry. It holds printable text only,
	// and no secret.
	Identity map[string]string

	place int // which of the rule's requests it rests on, from 1; 0 if that is not known
}

// Credential is a secret with the parts that may belong to it.
type Credential struct {
	Rule   *rules.Rule
	Secret string
	// Parts are the candidates for each part by name, the likeliest first.
	Parts map[string][]string
	// Ambiguous: another rule of another provider claims the same secret with equal right, so it is sent nowhere.
	Ambiguous bool
}
