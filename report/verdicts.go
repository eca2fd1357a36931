package report

import "strings"

// verdicts are the verdicts, the most urgent first.
var verdicts = []string{"active", "unknown", "skipped", "unsupported", "unasked", "expired", "inactive"}

// verdictsText says how many secrets have which verdict, in parentheses; "" if none is counted.
func verdictsText(counts map[string]int) string {
	var parts []string
	for _, v := range verdicts {
		if n := counts[v]; n > 0 {
			parts = append(parts, grouped(int64(n))+" "+v)
		}
	}
	if parts == nil {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

func plural(n int64, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
