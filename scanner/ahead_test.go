package scanner

import (
	"fmt"
	"sync"
	"testing"

	"mudlark/rules"
)

// What is begun while, or after, a scan ends is harmless, and nothing runs on behind it.
func TestAheadBeginsBesideItsEnd(t *testing.T) {
	r := &rules.Rule{ID: "acme-token"}
	for range 200 {
		var a ahead
		var begun []*item
		for i := range 20 {
			begun = append(begun, &item{rule: r, secret: fmt.Sprint(i), print: new(fingerprintOnce)})
		}
		var all sync.WaitGroup
		for _, it := range begun {
			all.Go(func() { a.begin(DefaultFingerprintKey(), it) })
		}
		all.Go(a.wait)
		all.Wait()
		a.begin(DefaultFingerprintKey(), &item{}) // would panic
		a.wait()
		for _, it := range begun {
			want, _ := Fingerprint(DefaultFingerprintKey(), r, []byte(it.secret))
			if got, err := it.fingerprint(DefaultFingerprintKey()); err != nil || got != want {
				t.Fatalf("%s, %v; want %s", got, err, want)
			}
		}
	}
}
