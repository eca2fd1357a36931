package verify_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"time"

	"mudlark/detectors"
	"mudlark/rules"
	"mudlark/verify"
)

const acmeRule = `
[[rule]]
id         = "acme-token"
name       = "Acme token"
format     = "acme_{base62:32}"
severity   = "critical"
confidence = "high"
[rule.verify]
request  = "GET https://api.acme.example/v1/me"
endpoint = "acme"
headers  = { Authorization = "Bearer {secret}" }
evidence = "https://docs.acme.example/api#me"
active   = { status = [200], json = "login" }
inactive = { status = [401], body = "Bad credentials" }
identity = { login = "json:login" }
`

// An Engine asks the provider that a rule names, or the instance of it that the caller names, which is here a server of this program.
func Example() {
	secret := "acme_" + strings.Repeat("k7Qz", 8)
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.Header.Get("Authorization") != "Bearer "+secret {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"message": "Bad credentials"}`)
			return
		}
		fmt.Fprint(w, `{"login": "deploy-bot"}`)
	}))
	defer provider.Close()
	at, err := url.Parse(provider.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	set, err := rules.ParseConfigRules("acme.toml", []byte(acmeRule), detectors.Vocabulary())
	if err != nil {
		fmt.Println(err)
		return
	}
	host, err := verify.ParseHostPattern(at.Hostname())
	if err != nil {
		fmt.Println(err)
		return
	}
	engine := verify.New(verify.Options{
		AllowHosts:     []verify.HostPattern{host}, // a private address, which is asked by nobody's mere word
		Endpoints:      map[string][]*url.URL{"acme": {at}},
		AllowPlaintext: true, // the server above has no certificate
		Timeout:        30 * time.Second,
		Getenv:         os.Getenv,
		Generate:       generate,
	})
	defer engine.Close()
	credentials := []verify.Credential{
		{Rule: set[0], Secret: secret},
		{Rule: set[0], Secret: "acme_" + strings.Repeat("Jx3v", 8)},
	}
	for _, v := range engine.Verify(context.Background(), credentials, nil) {
		fmt.Println(v.Status, v.Identity["login"])
	}
	// Output:
	// active deploy-bot
	// inactive
}
