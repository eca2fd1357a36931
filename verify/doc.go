// Package verify asks providers whether a credential still works, and has it revoked.
//
// Its promise: a verdict is what the provider proved. Active needs positive evidence in the answer, inactive the provider's own
// words, and everything else is unknown, with a reason out of a closed list. A secret goes to the hosts that its rule names and
// nowhere else; hosts that stand in scanned text are somebody else's word and are met with distrust (see policy). No secret gets
// into a verdict, an error or the cache.
//
// An Engine serves one run. It knows rules and credentials; it knows no sources, no findings and no output.
package verify
