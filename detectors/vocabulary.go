package detectors

import "mudlark/rules"

// KnownChecksum reports whether name is a check that rules may name in "checksum".
func KnownChecksum(name string) bool {
	_, ok := checkFor(name)
	return ok
}

// KnownBlock reports whether name is an extractor that rules may name in "block".
func KnownBlock(name string) bool {
	_, ok := extractorFor(name)
	return ok
}

// Vocabulary returns the names that rules may use for what only this package knows.
func Vocabulary() rules.Vocabulary {
	return rules.Vocabulary{Checksum: KnownChecksum, Block: KnownBlock}
}
