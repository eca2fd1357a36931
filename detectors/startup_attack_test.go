package detectors

import (
	"testing"

	"mudlark/rules"
)

// BenchmarkStartBuiltin is the cost of reading the built-in rules, which every run of the program pays.
func BenchmarkStartBuiltin(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := rules.Builtin(Vocabulary()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkStartEngine is the cost of compiling them.
func BenchmarkStartEngine(b *testing.B) {
	set, err := rules.Builtin(Vocabulary())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := New(set, DefaultOptions()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkStartHash is the cost of the name of the rule set that reports carry.
func BenchmarkStartHash(b *testing.B) {
	set, err := rules.Builtin(Vocabulary())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if rules.Hash(set) == "" {
			b.Fatal("no hash")
		}
	}
}
