package verify

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// gcpCertificate is what the IAM shows of a key: base64 of a certificate in PEM.
func gcpCertificate(t *testing.T, key *rsa.PrivateKey) string {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// gcpIAMServer plays Google's token endpoint and its IAM for one service account.
type gcpIAMServer struct {
	key         *rsa.PrivateKey
	email, path string // of the key
	shown       string // the certificate of the key id
	get, delete int    // the statuses of the IAM's answers
	dies        bool

	dead    bool
	deleted int
	wrong   []string // requests that are not documented
}

func (s *gcpIAMServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer := func(status int, text string) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}
	const token = "of the revocation"
	switch {
	case r.Host == "oauth2.googleapis.com" && !s.dead && gcpSigned(r, s.email, s.key):
		text, _ := base64.RawURLEncoding.DecodeString(strings.Split(r.Form.Get("assertion"), ".")[1])
		if strings.Contains(string(text), `"https://www.googleapis.com/auth/cloud-platform"`) {
			answer(200, `{"access_token":"`+token+`","token_type":"Bearer"}`)
			return
		}
		answer(200, `{"access_token":"may read an address","token_type":"Bearer"}`)
	case r.Host == "oauth2.googleapis.com":
		answer(400, `{"error":"invalid_grant","error_description":"Invalid JWT Signature."}`)
	case r.Host != "iam.googleapis.com" || r.URL.EscapedPath() != s.path || r.Header.Get("Authorization") != "Bearer "+token:
		s.wrong = append(s.wrong, r.Method+" "+r.Host+r.RequestURI)
		answer(400, `{}`)
	case r.Method == "GET" && r.URL.RawQuery == "publicKeyType=TYPE_X509_PEM_FILE":
		text, _ := json.Marshal(map[string]string{"publicKeyData": s.shown})
		answer(s.get, string(text))
	case r.Method == "DELETE" && r.URL.RawQuery == "":
		s.deleted++
		s.dead = s.dies
		answer(s.delete, "{}")
	default:
		s.wrong = append(s.wrong, r.Method+" "+r.RequestURI)
	}
}

// A service account deletes its own key, and no other one.
func TestGCPRevoke(t *testing.T) {
	t.Parallel()
	rule := protocolRule(t, "gcp", "email", "key-id")
	rule.Parts[0].Public, rule.Parts[1].Public = true, true
	revoking(rule)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	another, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, _ := x509.MarshalPKCS8PrivateKey(key)
	text := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	const email = "app@acme-1.iam.gserviceaccount.example"
	own := gcpCertificate(t, key)
	one := []string{strings.Repeat("0a", 20)}
	for _, tt := range []struct {
		name        string
		ids         []string
		shown       string
		get, delete int
		dies, dead  bool
		want        Outcome
		why         Refusal
		deleted     int
	}{
		{"revoked", one, own, 200, 200, true, false, Revoked, "", 1},
		{"still works", one, own, 200, 200, false, false, Failed, StillWorks, 1},
		{"another key's id", one, gcpCertificate(t, another), 200, 200, true, false, Failed, NotItsID, 0},
		{"no certificate", one, "", 200, 200, true, false, Failed, NotItsID, 0},
		{"may not look", one, own, 403, 200, true, false, Failed, NotAccepted, 0},
		{"may not delete", one, own, 200, 403, false, false, Failed, NotAccepted, 1},
		{"failure", one, own, 200, 503, false, false, Failed, Refusal(ServerError), 1},
		{"no id", nil, own, 200, 200, true, false, Refused, Refusal(PartMissing), 0},
		{"two ids", append([]string{strings.Repeat("1b", 20)}, one...), own, 200, 200, true, false, Refused, NotExact, 0},
		{"dead already", one, own, 200, 200, true, true, Dead, "", 0},
	} {
		s := &gcpIAMServer{key: key, email: email, path: "/v1/projects/-/serviceAccounts/" + email + "/keys/" + one[0], shown: tt.shown, get: tt.get, delete: tt.delete, dies: tt.dies, dead: tt.dead}
		server := httptest.NewServer(s)
		o := Options{Rate: 1e6, requestTimeout: 20 * time.Second, backOff: time.Millisecond, dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, network, server.Listener.Addr().String())
		}}
		c := Credential{Rule: rule, Secret: text, Parts: map[string][]string{"email": {email}, "key-id": tt.ids}}
		r := revokedBy(t, o, c, "PRIVATE KEY", "of the revocation")
		checkOutcome(t, tt.name, r, tt.want, tt.why)
		if want := "DELETE https://iam.googleapis.com" + s.path; tt.want == Revoked && r.Request != want {
			t.Errorf("%s: %q, want %q", tt.name, r.Request, want)
		}
		if s.deleted != tt.deleted || len(s.wrong) > 0 {
			t.Errorf("%s: %d deletions, want %d; wrong: %q", tt.name, s.deleted, tt.deleted, s.wrong)
		}
		server.Close()
	}
}
