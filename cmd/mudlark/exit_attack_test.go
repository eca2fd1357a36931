package main

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"mudlark/detectors"
	"mudlark/rules"
)

// A secret that was typed in a wrong place is not repeated in the complaint.
func TestFinishIsDiscreet(t *testing.T) {
	set, err := rules.Builtin(detectors.Vocabulary())
	if err != nil {
		t.Fatal(err)
	}
	var secret []byte
	for _, r := range set {
		if r.ID == "github-pat-classic" {
			_, secret = detectors.Generate(rand.New(rand.NewPCG(1, 2)), r)
		}
	}
	if len(secret) == 0 {
		t.Fatal("there is no such rule any more")
	}
	for _, format := range []string{"there is no command %q", "--config /x/%s: no such file", "there is no flag --%s in mudlark"} {
		var b bytes.Buffer
		finish(&b, usagef("not "+string(secret), format, secret))
		if strings.Contains(b.String(), string(secret)) || !strings.Contains(b.String(), "mudlark: ") {
			t.Errorf("%q tells %q", format, strings.ReplaceAll(b.String(), string(secret), "the secret"))
		}
	}
}

// A device has no size that could be compared with the limit.
func TestEndlessConfig(t *testing.T) {
	if _, err := readConfig("/dev/zero"); err == nil {
		t.Error("no error")
	}
}
