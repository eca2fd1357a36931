package verify

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"mudlark/rules"
)

// revoking adds a revocation by the same protocol to a rule.
func revoking(r *rules.Rule) *rules.Rule {
	r.Revoke = &rules.Revoke{Protocol: r.Verify.Protocol, Proof: "verify"}
	return r
}

// revokedBy has a credential revoked, and fails if the record shows one of the secrets.
func revokedBy(t *testing.T, o Options, c Credential, secrets ...string) *Revocation {
	t.Helper()
	o.backOff = time.Millisecond
	r := Revoke(context.Background(), o, c, func(*Revocation) bool { return true })
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range secrets {
		if strings.Contains(string(text), s) {
			t.Errorf("the record shows a secret: %s", text)
		}
	}
	return r
}

func checkOutcome(t *testing.T, what string, r *Revocation, want Outcome, why Refusal) {
	t.Helper()
	if r.Outcome != want || r.Why != why {
		t.Errorf("%s: %s (%s), want %s (%s)", what, r.Outcome, r.Why, want, why)
	}
	if sent := !r.SentAt.IsZero(); sent != (r.After != nil) || sent == (want == Refused || want == Dead) {
		t.Errorf("%s: sent at %v, then %v", what, r.SentAt, r.After)
	}
}

// An access key makes itself inactive, in the partition that it was found in.
func TestAWSRevoke(t *testing.T) {
	t.Parallel()
	rule := revoking(protocolRule(t, "aws", "secret", "session-token"))
	const accepted = `<UpdateAccessKeyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata/></UpdateAccessKeyResponse>`
	const denied = `<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>`
	for _, tt := range []struct {
		name, prefix, region, host string
		status                     int
		body                       string
		dies                       bool
		want                       Outcome
		why                        Refusal
	}{
		{"revoked", "AKIA", "us-east-1", "iam.amazonaws.com", 200, accepted, true, Revoked, ""},
		{"of the government", "AKIA", "us-gov-west-1", "iam.us-gov.amazonaws.com", 200, accepted, true, Revoked, ""},
		{"in China", "AKIA", "cn-north-1", "iam.cn-north-1.amazonaws.com.cn", 200, accepted, true, Revoked, ""},
		{"nowhere to ask", "AKIA", "eusc-de-east-1", "", 200, accepted, true, Refused, NoRevoker},
		{"temporary", "ASIA", "us-east-1", "", 200, accepted, true, Refused, NotOwnKey},
		{"denied", "AKIA", "us-east-1", "iam.amazonaws.com", 403, denied, false, Failed, NotAccepted},
		{"still works", "AKIA", "us-east-1", "iam.amazonaws.com", 200, accepted, false, Failed, StillWorks},
		{"another answer", "AKIA", "us-east-1", "iam.amazonaws.com", 200, `<ok/>`, false, Failed, NotAccepted},
		{"failure", "AKIA", "us-east-1", "iam.amazonaws.com", 503, accepted, false, Failed, Refusal(ServerError)},
	} {
		key := newAWSKey(tt.prefix, 123456789012)
		s := &sts{key: key, account: "123456789012", region: tt.region}
		sent := 0
		s.answer = func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.HasPrefix(r.Host, "iam.") {
				return false
			}
			body, _ := io.ReadAll(r.Body)
			at, _ := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
			want := key.sign(tt.host, tt.region, "iam", string(body), at).Get("Authorization")
			if form := "AccessKeyId=" + key.id + "&Action=UpdateAccessKey&Status=Inactive&Version=2010-05-08"; r.Host != tt.host || string(body) != form || r.Header.Get("Authorization") != want {
				t.Errorf("%s: %s %s %q", tt.name, r.Host, body, r.Header)
			}
			if sent++; tt.dies {
				s.key.id = "gone"
			}
			w.WriteHeader(tt.status)
			_, _ = io.WriteString(w, tt.body)
			return true
		}
		o := s.options(t)
		r := revokedBy(t, o, key.credential(rule), key.secret)
		checkOutcome(t, tt.name, r, tt.want, tt.why)
		if (sent == 1) != (tt.want != Refused) {
			t.Errorf("%s: %d revocations", tt.name, sent)
		}
		alone := key.credential(rule)
		alone.Parts = nil
		if s.key.id = key.id; tt.prefix == "AKIA" {
			checkOutcome(t, "no secret", revokedBy(t, o, alone), Refused, Refusal(PartMissing))
			alone.Parts = map[string][]string{"secret": {key.secret, newAWSKey("AKIA", 1).secret}}
			checkOutcome(t, "two secrets", revokedBy(t, o, alone), Refused, NotExact)
		}
	}
}

// What the provider told goes into the request that revokes; without it there is none.
func TestRevokeByWhatWasTold(t *testing.T) {
	t.Parallel()
	rule := parse(t, ruleText+acme+`
[rule.revoke]
request  = "DELETE https://api.acme.example/keys/{identity.login|urlpath}/{secret|field(_,1)}"
headers  = { Authorization = "Bearer {secret}" }
evidence = "https://acme.example/docs"
success  = { status = [204] }
`)
	for _, tt := range []struct {
		login, path string
		want        Outcome
		why         Refusal
	}{
		{"ann", "/keys/ann/", Revoked, ""},
		{"a/b?c", "/keys/a%2Fb%3Fc/", Revoked, ""},
		{"..", "", Refused, Refusal(Unsendable)},
		{"", "", Refused, NotTold},
		{strings.Repeat("x", maxIdentity+1), "", Refused, NotTold},
	} {
		token := newToken(rule)
		p := newProvider(t, token)
		sent := ""
		p.before = func(w http.ResponseWriter, r *http.Request) bool {
			p.mu.Lock()
			defer p.mu.Unlock()
			switch {
			case r.Method == "DELETE":
				sent, p.active[token] = r.RequestURI, false
				w.WriteHeader(204)
			case p.active[token] && strings.HasSuffix(r.Header.Get("Authorization"), token):
				text, _ := json.Marshal(map[string]any{"login": []string{tt.login}})
				_, _ = w.Write(text)
			default:
				return false
			}
			return true
		}
		checkOutcome(t, tt.login, revokedBy(t, p.options(t), Credential{Rule: rule, Secret: token}, token), tt.want, tt.why)
		want := tt.path
		if want != "" {
			want += strings.TrimPrefix(token, "acme_")
		}
		if sent != want {
			t.Errorf("%q: sent %q, want %q", tt.login, sent, want)
		}
		p.Close()
	}
}
