package scanner

import (
	"bytes"
	"testing"

	"mudlark/rules"
)

// The values of this test are what baselines in the wild hold. They must never change.
func TestFingerprintNeverChanges(t *testing.T) {
	tests := []struct {
		name   string
		key    []byte
		rule   rules.Rule
		secret string
		want   string
	}{
		{"default key", DefaultFingerprintKey(), rules.Rule{ID: "some-rule"}, "some secret", "4da2a1928982f1ed683470d4d9453b5b"},
		{"other rule", DefaultFingerprintKey(), rules.Rule{ID: "other-rule"}, "some secret", "98bbb164bc2c4fdf407deecad1943b0e"},
		{"own key", bytes.Repeat([]byte{7}, 32), rules.Rule{ID: "some-rule"}, "some secret", "4e9f7cb2db9ca56db19b7c8922605f36"},
		{"weak secret", DefaultFingerprintKey(), rules.Rule{ID: "some-rule", Weak: true}, "some secret", "9ec158536cc1a1214c7d85884ee56323"},
		{"bytes", DefaultFingerprintKey(), rules.Rule{ID: "some-rule"}, "\x00\xff", "2f356f8c47adfd686fe7a2068c1c6140"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Fingerprint(tt.key, &tt.rule, []byte(tt.secret))
			if err != nil {
				t.Fatal(err)
			}
			if got != tt.want {
				t.Errorf("fingerprint %s, want %s", got, tt.want)
			}
		})
	}
}
