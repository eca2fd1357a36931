package detectors

import (
	"testing"

	"mudlark/rules"
)

// perCPU reports the processor time of f: on a busy machine it says more than the time that passes.
func perCPU(b *testing.B, f func() error) {
	b.ReportAllocs()
	before := cpuTime(b)
	for b.Loop() {
		if err := f(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric((cpuTime(b)-before).Seconds()*1e3/float64(b.N), "cpu-ms/op")
}

// BenchmarkStartEngine is the cost of an engine of the built-in rules, which every run of the program pays after that of reading them
// (rules.BenchmarkStartRules).
func BenchmarkStartEngine(b *testing.B) {
	set := catalogue(b)
	if _, n := rules.Packed(set); n == 0 {
		b.Skip("the packed rules are stale; go generate ./rules")
	}
	perCPU(b, func() error {
		_, err := New(set, DefaultOptions())
		return err
	})
}

// BenchmarkStartHash is the cost of the name of the rule set that reports carry.
func BenchmarkStartHash(b *testing.B) {
	set := catalogue(b)
	perCPU(b, func() error {
		rules.Hash(set)
		return nil
	})
}

// BenchmarkStartParsed is what reading and compiling the rules costs where the packed ones are stale.
func BenchmarkStartParsed(b *testing.B) {
	perCPU(b, func() error {
		set, err := rules.ParseBuiltin(Vocabulary())
		if err == nil {
			_, err = newEngine(set, "", 0, DefaultOptions())
		}
		return err
	})
}
