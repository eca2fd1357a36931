package detectors

import (
	"bytes"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestEntropy(t *testing.T) {
	tests := []struct {
		value string
		want  float64
	}{{"", 0}, {"aaaa", 0}, {"abab", 1}, {"abcd", 2}, {"0123456789abcdef", 4}}
	for _, tt := range tests {
		if got := entropy([]byte(tt.value)); math.Abs(got-tt.want) > 1e-9 {
			t.Errorf("%q: %v, want %v", tt.value, got, tt.want)
		}
	}
}

func TestPlaceholder(t *testing.T) {
	yes := []string{
		"", "example", "my-example-token", "AKIAIOSFODNN7" + "EXAMPLE", "changeme", "CHANGE_ME", "your-api-key", "YOUR_API_KEY_HERE",
		"your_token_here", "<your token>", "<password>", "${TOKEN}", "prefix-${TOKEN}", "{{ secret }}", "{{.Values.token}}",
		"$(cat token)", "$PASSWORD", "$db_password", "%s", "%PASSWORD%", "%(token)s", "xxxxxxxxxxxx", "XXXX-XXXX-XXXX", "************",
		"abcdefghijklmnop", "1234567890", "0123456789abcdef", "00000000000000000000", "abcabcabcabc", "redacted", "[REDACTED]",
		"token-goes-here", "insert_your_key", "dummy-token", "fake_secret_key", "todo", "sk_test_" + "your_key", "ghp_" + strings.Repeat("x", 36),
		"tok_...", "aaaaaaaabbbbbbbb", "deadbeefdeadbeef" + "deadbeef", "sample-key-value", "placeholder", "1111-1111-1111", "notasecret", "a1b2c3d4e5f6g7h8i9j0", "qwertyuiop123", "KEYSTONE_DBPASS", "KEYSTONE-DBPASS", "MYSQL_ROOT_PWD", "my-token", "(=aws.key=)", "**x4 here**", "YourPaSs" + "WoRd", "None", "eyJ0.xxx.xxx", "%5BFiltered%5D", "fill in the key",
	}
	for _, v := range yes {
		if !placeholder([]byte(v), nil) {
			t.Errorf("%q is one", v)
		}
	}
	no := []string{
		"hunter2", "correct horse battery", "S3cr3t!pass", "test-9f8e7d6c5b4a3f2e1d", "sk_test_" + "4eC39HqLyjWDarjtT1zdp7dc", "p@ssw0rd",
		"Yourself9k2Lq", "tomato-soup-99x", "kx9example0"[:3] + "q8Rf2LmZ", "$2a$10$" + "N9qo8uLOickgx2ZMRZoMye",
	}
	for _, v := range no {
		if placeholder([]byte(v), nil) {
			t.Errorf("%q is none", v)
		}
	}
	if !placeholder([]byte("abc-SAMPLEWORD-9f8"), []string{"sampleword"}) {
		t.Error("a rule's own word does not count")
	}
}

// Random values are no placeholders.
func TestRandomValuesAreNoPlaceholders(t *testing.T) {
	rnd := rand.New(rand.NewPCG(15, 16))
	alphabets := map[string]string{
		"base62": digits62, "hex": digits36[:16], "base36": digits36, "base32": "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
		"base64url": digits62 + "-_", "digits": digits36[:10],
	}
	for name, alphabet := range alphabets {
		rejectedBy := 0
		const n = 200000
		for range n {
			b := make([]byte, 20+rnd.IntN(21))
			for i := range b {
				b[i] = alphabet[rnd.IntN(len(alphabet))]
			}
			if placeholder(b, nil) {
				rejectedBy++
			}
		}
		if rejectedBy > n/10000 {
			t.Errorf("%s: %d of %d random values are taken for placeholders", name, rejectedBy, n)
		}
	}
}

func TestRequireAndReject(t *testing.T) {
	tests := []struct {
		value, require, reject string
		ok, out                bool
	}{
		{"abc1", "digit,lower", "all:hex", true, true},
		{"abcg", "digit", "all:hex", false, false},
		{"ABC-1", "upper,digit,special,letter", "all:upper", true, false},
		{"12345", "digit", "all:digit", true, true},
		{"f47ac10b-58cc-4372-a567-0e02b2c3d479", "", "uuid", true, true},
		{"f47ac10b-58cc-4372-a567-0e02b2c3d47g", "", "uuid", true, false},
		{"configuration_manager", "", "words", true, true},
		{"getUserAccountName", "", "words", true, true},
		{"this-is-a-phrase-of-words", "", "words", true, true},
		{"x7Kq9LmZ2pR4tV8w", "", "words", true, false},
		{"AbCd", "", "all:letter", true, true},
	}
	list := func(s string) []string {
		if s == "" {
			return nil
		}
		return strings.Split(s, ",")
	}
	for _, tt := range tests {
		if got := require([]byte(tt.value), list(tt.require)); got != tt.ok {
			t.Errorf("require(%q, %s) = %v", tt.value, tt.require, got)
		}
		if got := rejected([]byte(tt.value), list(tt.reject)); got != tt.out {
			t.Errorf("rejected(%q, %s) = %v", tt.value, tt.reject, got)
		}
	}
}

func TestRandomValuesAreNoWords(t *testing.T) {
	rnd := rand.New(rand.NewPCG(17, 18))
	words := 0
	for range 100000 {
		if isWords([]byte(randomText(rnd, 20+rnd.IntN(20)))) {
			words++
		}
	}
	if words > 20 {
		t.Errorf("%d of 100000 random values read as words", words)
	}
}

func FuzzPlaceholder(f *testing.F) {
	f.Add([]byte("%"), "y")
	f.Add([]byte("${x}"), "y")
	f.Add([]byte("your-\xff_Key"), "")
	f.Fuzz(func(t *testing.T, value []byte, word string) {
		before := bytes.Clone(value)
		placeholder(value, []string{word})
		rejected(value, []string{"uuid", "words", "all:hex"})
		if !bytes.Equal(before, value) {
			t.Error("the value changed")
		}
	})
}
