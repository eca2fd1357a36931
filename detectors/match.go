package detectors

import (
	"slices"

	"mudlark/rules"
)

// Match is one secret found in one blob. It says nothing of paths or commits.
type Match struct {
	Rule       *rules.Rule
	Confidence rules.Confidence
	// Secret is the canonical secret: the decoded value, and for keys the key itself (DER where it parses).
	Secret []byte
	// Display is the secret as a person would copy it; equal to Secret but for keys, where it is the PEM text with
	// plain newlines.
	Display []byte
	// Start and End bound, in the scanned data, the secret or, for decoded matches, the encoded run that holds it.
	Start, End int
	// Before and After are, of a rule that is a regex, how many bytes it matched on each side of the secret; 0 for other rules and in
	// decoded text.
	Before, After int
	// Line and Column (code points) of Start, both from 1; EndLine that of the secret's last byte. For UTF-16 and UTF-32 data they
	// count in the decoded text.
	Line, Column, EndLine int
	// Decoded names the decoders that were applied, outermost first: "base64", "hex", "percent", "escape", "utf-16",
	// "utf-32", "html", "quoted-printable".
	Decoded []string
	// ChecksumOK: the rule's checksum was verified on this match.
	ChecksumOK bool
	// Tied: a rule of another provider has as good a claim to the same bytes, and only its name made it lose.
	Tied bool
	// Yields lists the rules with conditions on paths whose findings claim the same bytes and are better: at a path where one of them holds,
	// this match does not stand.
	Yields []*rules.Rule
	Parts  []PartMatch
}

// PartMatch is a companion of a match.
type PartMatch struct {
	Name                  string
	Secret                []byte
	Start, End            int
	Line, Column, EndLine int
	// Foreign: a rule of another provider found the same bytes by words that name it, and none of the same provider did. They stand near the
	// match, but are likelier another secret.
	Foreign bool
}

// Problem is a part of the data that was not examined, because a limit was reached.
type Problem struct {
	Start, End int
	Why        string
}

// Wide reports whether the decoders of a match include one of text whose characters take several bytes each, so that its positions do not
// count in the bytes of the data.
func Wide(decoded []string) bool { return slices.ContainsFunc(decoded, isWide) }
