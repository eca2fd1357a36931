package verify

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// clusterToken makes a token of a service account.
func clusterToken(end time.Time) string {
	e := base64.RawURLEncoding
	return e.EncodeToString([]byte(`{"alg":"RS256","kid":"x"}`)) + "." + e.EncodeToString(fmt.Appendf(nil, `{"iss":"https://kubernetes.default.svc","exp":%d,"sub":"system:serviceaccount:ci:deploy"}`, end.Unix())) + "." + rand.Text()
}

const clusterUnauthorized = `{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Unauthorized","reason":"Unauthorized","code":401}`

// clusterServer plays the API server of a cluster that has one token; old ones do not know the newer question.
func clusterServer(host, base, token string, old bool) *play {
	return &play{
		real: func(r *http.Request, body string) bool {
			var question struct{ APIVersion, Kind string }
			if json.Unmarshal([]byte(body), &question) != nil || r.Method != "POST" || r.Host != host || r.Header.Get("Content-Type") != "application/json" || r.Header.Get("Authorization") != "Bearer "+token {
				return false
			}
			switch r.URL.Path {
			case base + "/apis/authentication.k8s.io/v1/selfsubjectreviews":
				return question.APIVersion == "authentication.k8s.io/v1" && question.Kind == "SelfSubjectReview"
			case base + "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews":
				return old && question.APIVersion == "authorization.k8s.io/v1" && question.Kind == "SelfSubjectAccessReview" && strings.Contains(body, `"spec":{"nonResourceAttributes":`)
			}
			return false
		},
		refusal: reply{status: 401, body: clusterUnauthorized},
		positive: func(text string) reply {
			body, _ := json.Marshal(map[string]any{"kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1", "metadata": map[string]any{"creationTimestamp": nil},
				"status": map[string]any{"userInfo": map[string]any{"username": "system:serviceaccount:ci:" + text, "groups": []string{"system:authenticated"}}}})
			return reply{status: 201, body: string(body)}
		},
	}
}

func clusterCredential(t *testing.T, token string, servers ...string) Credential {
	r := protocolRule(t, "kubernetes", "server")
	r.Parts[0].Public = true
	return Credential{Rule: r, Secret: token, Parts: map[string][]string{"server": servers}}
}

func TestKubernetesAnswers(t *testing.T) {
	t.Parallel()
	token := clusterToken(time.Now().Add(time.Hour))
	p := clusterServer("api.acme.test:6443", "", token, false)
	o := everyHost(t, p)
	o.AllowHosts = []HostPattern{{host: "api.acme.test"}}
	c := clusterCredential(t, token, "https://api.acme.test:6443")
	p.answers(t, o, c)
	v := p.ask(t, o, c, p.positive("deploy").script())
	check(t, v, Active, "")
	if v.Identity["user"] != "system:serviceaccount:ci:deploy" || v.Identity["groups"] != "system:authenticated" {
		t.Errorf("identity %q", v.Identity)
	}
	user := `"status":{"userInfo":{"username":"%s"}}}`
	for _, tt := range []struct {
		name   string
		status int
		body   string
		want   Status
		reason Reason
	}{
		{"anonymous", 201, `{"kind":"SelfSubjectReview",` + fmt.Sprintf(user, "system:anonymous"), Unknown, Unclear},
		{"nobody", 201, `{"kind":"SelfSubjectReview",` + fmt.Sprintf(user, ""), Unknown, Unclear},
		{"another kind", 201, `{"kind":"TokenReview",` + fmt.Sprintf(user, "ann"), Unknown, Unclear},
		{"another status", 200, `{"kind":"SelfSubjectReview",` + fmt.Sprintf(user, "ann"), Unknown, Unclear},
		{"refused", 401, clusterUnauthorized, Unknown, Pairing},
		{"refused, other status", 403, clusterUnauthorized, Unknown, Unclear},
		{"refused without words", 401, `{}`, Unknown, Unclear},
		{"may not", 403, `{"kind":"Status","status":"Failure","reason":"Forbidden","code":403}`, Unknown, Unclear},
	} {
		if v := p.ask(t, o, c, reply{status: tt.status, body: tt.body}.script()); v.Status != tt.want || v.Reason != tt.reason {
			t.Errorf("%s: %s (%s), want %s (%s)", tt.name, v.Status, v.Reason, tt.want, tt.reason)
		}
	}
}

// A cluster of before 1.28 is asked the older question.
func TestKubernetesOlder(t *testing.T) {
	t.Parallel()
	token := clusterToken(time.Now().Add(time.Hour))
	p := clusterServer("api.acme.test", "/k8s/clusters/c-1", token, true)
	o := everyHost(t, p)
	o.AllowHosts = []HostPattern{{host: "api.acme.test"}}
	c := clusterCredential(t, token, "https://api.acme.test/k8s/clusters/c-1/")
	for body, want := range map[string]Status{
		`{"kind":"SelfSubjectAccessReview","status":{"allowed":true}}`:                   Active,
		`{"kind":"SelfSubjectAccessReview","status":{"allowed":false,"reason":"x"}}`:     Active, // it knows who asks
		`{"kind":"SelfSubjectAccessReview","status":{}}`:                                 Unknown,
		`{"kind":"SelfSubjectAccessReview"}`:                                             Unknown,
		`{"kind":"Status","status":"Failure","reason":"NotFound","code":404}`:            Unknown,
		`{"kind":"SelfSubjectAccessReview","status":{"allowed":true,"userInfo":"what"}}`: Unknown,
	} {
		v := p.ask(t, o, c, func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "selfsubjectreviews") {
				reply{status: 404, body: "404 page not found\n"}.write(w)
				return
			}
			reply{status: 201, body: body}.write(w)
		})
		if v.Status != want {
			t.Errorf("%s: %s (%s), want %s; asked %q", body, v.Status, v.Reason, want, p.asked)
		}
	}
}

// Servers that stand in text get nothing without leave, and private ones not even then by name alone; --endpoint names one.
func TestKubernetesServers(t *testing.T) {
	t.Parallel()
	token := clusterToken(time.Now().Add(time.Hour))
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Path)
		reply{status: 401, body: clusterUnauthorized}.write(w)
	}))
	t.Cleanup(server.Close)
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	o := onLoopback()
	o.AllowHosts = nil
	for part, want := range map[string]Reason{
		server.URL: HostNotAllowed, "https://kubernetes.default.svc": HostNotAllowed, "https://eks.amazonaws.com": HostNotAllowed, "https://10.0.0.1:6443": HostNotAllowed,
		"https://a@api.acme.test": PartMissing, "https://api.acme.test/a/../b": PartMissing, "api.acme.test": PartMissing, "": PartMissing,
	} {
		v := verdicts(t, o, clusterCredential(t, token, part))[0]
		if v.Status != Skipped || v.Reason != want {
			t.Errorf("%s: %s (%s), want %s", part, v.Status, v.Reason, want)
		}
	}
	o.AllowPlaintext = false
	check(t, verdicts(t, o, clusterCredential(t, token, server.URL))[0], Skipped, ClearText)
	if len(asked) > 0 {
		t.Errorf("asked %q", asked)
	}
	o = onLoopback()
	o.Endpoints = map[string][]*url.URL{"acme": {u}}
	check(t, verdicts(t, o, clusterCredential(t, token, "https://evil.example"))[0], Unknown, Unclear)
	if len(asked) != 2 {
		t.Errorf("asked %q", asked)
	}
	over := verdicts(t, Options{}, clusterCredential(t, clusterToken(time.Now().Add(-time.Second))))[0]
	check(t, over, Expired, "")
	check(t, verdicts(t, o, clusterCredential(t, token+"\n"))[0], Skipped, Unsendable)
}
