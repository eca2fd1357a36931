package verify

import (
	"strings"
	"testing"
	"time"
)

// The signatures are those that botocore, AWS's own library, makes of the same request.
func TestSigV4(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	k := awsKey{id: strings.Repeat("A", 20), secret: strings.Repeat("k", 40)}
	for token, want := range map[string]string{
		"":                                "cb6e23e155ce3661a1e0d444c99c20c35fd10eb3e34115dc8bcf6d769c1a0da5",
		strings.Repeat("t", 100) + "/+==": "f210f29ba02ee08a2a649f30f3cc67c85556091e28bb41b273fae58bff2f75e5",
	} {
		k.token = token
		h := k.sign("sts.us-gov-west-1.amazonaws.com", "us-gov-west-1", "sts", "Action=GetCallerIdentity&Version=2011-06-15", at)
		if got := h.Get("Authorization"); !strings.HasSuffix(got, ", Signature="+want) {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
