package rules

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
)

// hashVersion changes when the meaning of the hashed fields does.
const hashVersion = "mudlark rules 2"

// Hash returns a hash, in hex, of what decides which bytes the rules report: neither names, links and severities nor
// the order and the spelling of the rules change it. It is that of the version and of the digests of the rules, sorted.
func Hash(rules []*Rule) string {
	digests := make([][sha256.Size]byte, len(rules))
	known := 0
	if p := packedIn(rules); p != nil {
		known = len(p.rules)
		for i := range known {
			copy(digests[i][:], p.digests[i*sha256.Size:])
		}
	}
	for i, r := range rules[known:] {
		digests[known+i] = digestOf(r)
	}
	slices.SortFunc(digests, func(a, b [sha256.Size]byte) int { return bytes.Compare(a[:], b[:]) })
	h := sha256.New()
	h.Write([]byte(hashVersion))
	for i := range digests {
		h.Write(digests[i][:])
	}
	return hex.EncodeToString(h.Sum(nil))
}

// digestOf returns the digest of what of a rule goes into the hash.
func digestOf(r *Rule) [sha256.Size]byte {
	// The values are strings, numbers and lists of them: no error is possible.
	text, err := json.Marshal(hashed(r))
	if err != nil {
		panic("rules: " + err.Error())
	}
	return sha256.Sum256(text)
}

// hashedRule is what of a rule goes into the hash.
type hashedRule struct {
	ID, Confidence  string
	Formats         []hashedFormat
	Regex, Block    string
	Keywords        []string
	BlockArgs       map[string]string // encoding/json sorts the keys
	Near, After     []string
	Entropy         float64
	Placeholders    []string
	Require, Reject []string
	Checksum        string
	OnMismatch      string
	Boundary        string
	Weak, Public    bool
	Paths           []string
	Parts           []hashedPart
	Verbatim        *hashedVerbatim `json:",omitempty"`
}

type hashedVerbatim struct {
	SecretGroup    int
	PathRegex      string
	OnPath, Silent bool
	Requires       []Requirement
}

type hashedFormat struct {
	Grammar              string
	Near, After          []string
	Checksum, Confidence string
	Entropy              float64
	Boundary             string
}

type hashedPart struct {
	Name                   string
	Formats                []hashedFormat
	Near, Require, Reject  []string
	Entropy                float64
	Lines                  int
	File, Required, Public bool
}

func hashed(r *Rule) hashedRule {
	h := hashedRule{
		ID: r.ID, Confidence: string(r.Confidence), Formats: hashedFormats(r.Formats), Regex: r.Regex, Block: r.Block,
		Keywords: sorted(r.Keywords), BlockArgs: r.BlockArgs, Near: sorted(r.Near), After: sorted(r.After), Entropy: r.Entropy,
		Placeholders: sorted(r.Placeholders), Require: sorted(r.Require), Reject: sorted(r.Reject), Checksum: r.Checksum,
		OnMismatch: r.OnMismatch, Boundary: setName(r.Boundary), Weak: r.Weak, Public: r.Public, Paths: sorted(r.Paths),
	}
	if r.Verbatim {
		h.Verbatim = &hashedVerbatim{r.SecretGroup, r.PathRegex, r.OnPath, r.Silent, r.Requires}
	}
	for _, p := range r.Parts {
		h.Parts = append(h.Parts, hashedPart{
			Name: p.Name, Formats: hashedFormats(p.Formats), Near: sorted(p.Near), Require: sorted(p.Require), Reject: sorted(p.Reject),
			Entropy: p.Entropy, Lines: p.Lines, File: p.File, Required: p.Required, Public: p.Public,
		})
	}
	return h
}

func hashedFormats(formats []Format) []hashedFormat {
	list := make([]hashedFormat, len(formats))
	for i, f := range formats {
		list[i] = hashedFormat{
			Grammar: canonical(f.Node), Near: sorted(f.Near), After: sorted(f.After), Checksum: f.Checksum,
			Confidence: string(f.Confidence), Entropy: f.Entropy, Boundary: setName(f.Boundary),
		}
	}
	return list
}

// setName gives each boundary one spelling.
func setName(text string) string {
	if set, err := ParseSet(text); err == nil {
		return setText(set)
	}
	return text
}

// sorted returns a sorted copy; an empty list is nil.
func sorted(list []string) []string {
	if len(list) == 0 {
		return nil
	}
	c := slices.Clone(list)
	slices.Sort(c)
	return c
}
