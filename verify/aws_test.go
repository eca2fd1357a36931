package verify

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"mudlark/rules"
)

// sts plays the Security Token Service of all partitions: it knows one key, in one of them.
type sts struct {
	sync.Mutex
	key     awsKey
	account string
	region  string
	asked   []string // hosts
	answer  func(w http.ResponseWriter, r *http.Request) bool
}

func (s *sts) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.Lock()
	defer s.Unlock()
	s.asked = append(s.asked, r.Host)
	if s.answer != nil && s.answer(w, r) {
		return
	}
	body, _ := io.ReadAll(r.Body)
	refuse := func(code string) {
		w.WriteHeader(403)
		fmt.Fprintf(w, `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>%s</Code><Message>no</Message></Error></ErrorResponse>`, code)
	}
	id := strings.Split(strings.TrimPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential="), "/")[0]
	region := strings.Split(r.Host, ".")[1]
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	switch want := s.key.sign(r.Host, region, "sts", string(body), at); {
	case err != nil || r.Method != "POST" || string(body) != "Action=GetCallerIdentity&Version=2011-06-15" || time.Since(at).Abs() > time.Minute:
		w.WriteHeader(400)
	case id != s.key.id || region != s.region || r.Header.Get("X-Amz-Security-Token") != s.key.token:
		refuse("InvalidClientTokenId")
	case r.Header.Get("Authorization") != want.Get("Authorization"):
		refuse("SignatureDoesNotMatch")
	default:
		partition := map[string]string{"us-east-1": "aws", "us-gov-west-1": "aws-us-gov", "cn-north-1": "aws-cn", "eusc-de-east-1": "aws-eusc"}[region]
		fmt.Fprintf(w, `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>`+
			`<Arn>arn:%s:iam::%s:user/Ann</Arn><UserId>X</UserId><Account>%s</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`, partition, s.account, s.account)
	}
}

// options lead every host to the server.
func (s *sts) options(t *testing.T) Options {
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return Options{Rate: 1e6, requestTimeout: 5 * time.Second, backOff: time.Millisecond, dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, network, server.Listener.Addr().String())
	}}
}

// awsID makes an id of an account.
func awsID(prefix string, account uint64) string {
	raw := make([]byte, 10)
	_, _ = rand.Read(raw)
	low := binary.BigEndian.Uint64(raw[:8]) & (1<<23 - 1)
	binary.BigEndian.PutUint64(raw, 1<<63|account<<23|low)
	return prefix + base32.StdEncoding.EncodeToString(raw)
}

func newAWSKey(prefix string, account uint64) awsKey {
	k := awsKey{id: awsID(prefix, account), secret: (rand.Text() + rand.Text())[:40]}
	if prefix == "ASIA" {
		k.token = rand.Text() + rand.Text() + "/+=="
	}
	return k
}

func (k awsKey) credential(r *rules.Rule) Credential {
	c := Credential{Rule: r, Secret: k.id, Parts: map[string][]string{"secret": {k.secret}}}
	if k.token != "" {
		c.Parts["session-token"] = []string{k.token}
	}
	return c
}

func TestAWS(t *testing.T) {
	t.Parallel()
	r := protocolRule(t, "aws", "secret", "session-token")
	for _, region := range []string{"us-east-1", "us-gov-west-1", "cn-north-1"} {
		for _, prefix := range []string{"AKIA", "ASIA"} {
			key := newAWSKey(prefix, 123456789012)
			s := &sts{key: key, account: "123456789012", region: region}
			o := s.options(t)
			v := verdicts(t, o, key.credential(r))[0]
			check(t, v, Active, "")
			if v.Identity["account"] != "123456789012" || !strings.HasSuffix(v.Identity["arn"], ":user/Ann") {
				t.Errorf("identity %q", v.Identity)
			}
			if strings.Contains(fmt.Sprintf("%+v", v), key.secret) {
				t.Error("the verdict shows the secret")
			}
			// The id exists, and another secret beside it is not its own.
			other := key
			other.secret = newAWSKey("AKIA", 1).secret
			check(t, verdicts(t, o, other.credential(r))[0], Unknown, map[bool]Reason{true: Pairing, false: NotEverywhere}[region == "us-east-1"])
			// An id that no partition knows.
			s.asked = nil
			check(t, verdicts(t, o, newAWSKey(prefix, 123456789012).credential(r))[0], Inactive, "")
			if len(s.asked) != len(awsPartitions()) {
				t.Errorf("asked %v", s.asked)
			}
		}
	}
}

// What is not asked about: ids without their other parts, and traps.
func TestAWSSkips(t *testing.T) {
	t.Parallel()
	r := protocolRule(t, "aws", "secret", "session-token")
	trap := newAWSKey("AKIA", 992382622183)
	s := &sts{key: trap, account: "992382622183", region: "us-east-1"}
	o := s.options(t)
	temporary := newAWSKey("ASIA", 1)
	temporary.token = ""
	check(t, verdicts(t, o, temporary.credential(r))[0], Skipped, PartMissing)
	check(t, verdicts(t, o, Credential{Rule: r, Secret: awsID("AKIA", 1)})[0], Skipped, PartMissing)
	check(t, verdicts(t, o, trap.credential(r))[0], Skipped, Canary)
	if len(s.asked) > 0 {
		t.Errorf("asked %v", s.asked)
	}
	o.Canaries = true
	check(t, verdicts(t, o, trap.credential(r))[0], Active, "")
}

// Only the service's own answers are believed.
func TestAWSAnswers(t *testing.T) {
	t.Parallel()
	r := protocolRule(t, "aws", "secret", "session-token")
	failed := func(code string) string {
		return "<ErrorResponse><Error><Code>" + code + "</Code><Message>Signature expired: no</Message></Error></ErrorResponse>"
	}
	yes := "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::%s:root</Arn><UserId>X</UserId><Account>%[1]s</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
	for _, tt := range []struct {
		name   string
		status int
		body   string
		want   Status
		reason Reason
	}{
		{"expired", 403, failed("ExpiredToken"), Expired, ""},
		{"unknown id", 403, failed("InvalidClientTokenId"), Inactive, ""},
		{"unknown id, other status", 400, failed("InvalidClientTokenId"), Unknown, Unclear},
		{"wrong clock", 403, failed("SignatureDoesNotMatch"), Unknown, Unclear},
		{"denied", 403, failed("AccessDenied"), Unknown, Unclear},
		{"bare 403", 403, "", Unknown, Unclear},
		{"JSON", 403, `{"Code":"InvalidClientTokenId"}`, Unknown, Unclear},
		{"limit", 400, failed("Throttling"), Unknown, RateLimited},
		{"429", 429, failed("InvalidClientTokenId"), Unknown, RateLimited},
		{"503", 503, failed("InvalidClientTokenId"), Unknown, ServerError},
		{"redirect", 302, failed("InvalidClientTokenId"), Unknown, Redirected},
		{"page", 403, "<html>InvalidClientTokenId</html>", Unknown, WebPage},
		{"another account", 200, fmt.Sprintf(yes, "000000000042"), Unknown, Unclear},
		{"its account", 200, fmt.Sprintf(yes, "000000000007"), Active, ""},
		{"its account, other status", 202, fmt.Sprintf(yes, "000000000007"), Unknown, Unclear},
		{"cut", 200, fmt.Sprintf(yes, "000000000007")[:150], Unknown, Unclear},
		{"huge", 200, fmt.Sprintf(yes, "000000000007") + strings.Repeat(" ", maxBody), Unknown, Unclear},
	} {
		s := &sts{answer: func(w http.ResponseWriter, _ *http.Request) bool {
			w.WriteHeader(tt.status)
			_, _ = io.WriteString(w, tt.body)
			return true
		}}
		v := verdicts(t, s.options(t), newAWSKey("AKIA", 7).credential(r))[0]
		if v.Status != tt.want || v.Reason != tt.reason {
			t.Errorf("%s: %s (%s), want %s (%s)", tt.name, v.Status, v.Reason, tt.want, tt.reason)
		}
	}
}

// The account of an id: those of AWS's examples before 2019 hold none.
func TestAWSAccount(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{
		awsID("AKIA", 999999999999): "999999999999", awsID("ASIA", 5): "000000000005",
		"AKIA" + "I" + strings.Repeat("A", 15): "", "AKIA" + "Q": "", "AKIA" + strings.Repeat("1", 16): "",
	} {
		if got := awsAccount(id); got != want {
			t.Errorf("account %q, want %q", got, want)
		}
	}
}
