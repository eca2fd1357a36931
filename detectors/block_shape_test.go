package detectors

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"mudlark/rules"
)

// TestPEMBehindPrefixes: keys in listings with numbers, in diffs and in logs are the same keys.
func TestPEMBehindPrefixes(t *testing.T) {
	set := versionRules(t)
	i := slices.IndexFunc(set, func(r *rules.Rule) bool { return r.Block == "pem" })
	r := set[i]
	s := catalogueEngine(t, set).NewScanner()
	rnd := rand.New(rand.NewPCG(51, 52))
	text, secret := Generate(rnd, r)
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	for name, prefix := range map[string]func(n int) string{
		"number": func(n int) string { return fmt.Sprintf("%d: ", n) }, "aligned number": func(n int) string { return fmt.Sprintf("%4d  ", n) },
		"number and bar": func(n int) string { return fmt.Sprintf("%3d | ", n) }, "tab": func(n int) string { return fmt.Sprintf("%6d\t", n) },
		"diff": func(int) string { return "+" }, "removed": func(int) string { return "-" }, "quoted": func(int) string { return "> > " },
		"numbered diff": func(n int) string { return fmt.Sprintf("%d + ", n) },
		"time":          func(n int) string { return fmt.Sprintf("2024-05-31T12:00:%02d.123Z ", n%60) },
		"log":           func(n int) string { return fmt.Sprintf("May 31 12:00:%02d host app[17]: INFO ", n%60) },
		"level":         func(int) string { return "[INFO] " }, "grep": func(n int) string { return fmt.Sprintf("conf/key.pem:%d:", n) },
	} {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			for i, l := range lines {
				b.WriteString(prefix(95+i) + l + "\n")
			}
			got := s.Scan([]byte("first\n" + b.String() + "last\n"))
			if len(got.Matches) != 1 || string(got.Matches[0].Secret) != string(secret) {
				t.Errorf("%s\nin %s", showMatches(got.Matches), b.String()[:200])
			}
		})
	}
}
