package rules

import "testing"

// BenchmarkStartRules is the cost of reading the built-in rules, which every run of the program pays.
func BenchmarkStartRules(b *testing.B) {
	digest, err := builtinDigest()
	if err != nil {
		b.Fatal(err)
	}
	if _, err := unpack(builtinPacked, digest); err != nil {
		b.Skip(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if digest, err = builtinDigest(); err != nil {
			b.Fatal(err)
		}
		if _, err := unpack(builtinPacked, digest); err != nil {
			b.Fatal(err)
		}
	}
}
