package main

import (
	"slices"
	"strings"

	"mudlark/verify"
)

// The kinds of --results, as TruffleHog calls them.
const (
	kindVerified   = "verified"            // active
	kindUnknown    = "unknown"             // asked about without a clear answer
	kindUnverified = "unverified"          // every other verdict, and none
	kindFiltered   = "filtered_unverified" // unverified ones that TruffleHog drops for their looks; nothing is dropped here
)

// kinds is the value of --results: a list with commas. A later one takes the place of an earlier one.
type kinds struct{ list *[]string }

func (k kinds) String() string { return strings.Join(*k.list, ",") }
func (k kinds) Type() string   { return "KINDS" }

func (k kinds) Set(s string) error {
	var list []string
	for _, kind := range strings.Split(s, ",") {
		switch kind = strings.TrimSpace(kind); kind {
		case kindVerified, kindUnknown, kindUnverified:
		case kindFiltered:
			kind = kindUnverified
		default:
			return usagef("they are verified, unknown and unverified, separated by commas", "%q is unknown", kind)
		}
		if !slices.Contains(list, kind) {
			list = append(list, kind)
		}
	}
	*k.list = list
	return nil
}

// verdicts returns the verdicts with which secrets are shown; nil for all.
func (f *verifyFlags) verdicts() []verify.Status {
	switch {
	case f.onlyVerified:
		return []verify.Status{verify.Active}
	case f.results == nil:
		return nil
	}
	var list []verify.Status
	for _, s := range verify.Statuses() {
		kind := kindUnverified
		switch s {
		case verify.Active:
			kind = kindVerified
		case verify.Unknown:
			kind = kindUnknown
		}
		if slices.Contains(f.results, kind) {
			list = append(list, s)
		}
	}
	return list
}
