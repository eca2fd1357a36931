package verify

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// TestOpenBaoServer asks a real server about tokens, before and after they are revoked.
func TestOpenBaoServer(t *testing.T) {
	t.Parallel()
	server := program(t, "bao")
	dir, port, root := t.TempDir(), freePort(t), "root"+rand.Text()
	address := "http://127.0.0.1:" + port
	serveAs(t, nil, dir, port, server, "server", "-dev", "-dev-root-token-id="+root, "-dev-listen-address=127.0.0.1:"+port, "-dev-no-store-token")
	call := func(path string, body any) map[string]any {
		t.Helper()
		text, _ := json.Marshal(body)
		for end := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
			req, _ := http.NewRequest("POST", address+"/v1/"+path, bytes.NewReader(text))
			req.Header.Set("X-Vault-Token", root)
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			var out map[string]any
			_ = json.NewDecoder(resp.Body).Decode(&out)
			resp.Body.Close()
			if resp.StatusCode < 300 {
				return out
			}
			if time.Now().After(end) {
				t.Fatalf("%s: %d %v", path, resp.StatusCode, out)
			}
		}
	}
	r := protocolRule(t, "vault")
	u, _ := url.Parse(address)
	o := onLoopback()
	o.Endpoints = map[string][]*url.URL{"acme": {u}}
	for _, kind := range []string{"service", "batch"} {
		token := call("auth/token/create", map[string]any{"type": kind, "ttl": "10m", "policies": []string{"ops"}, "renewable": kind != "batch"})["auth"].(map[string]any)["client_token"].(string)
		v := verdicts(t, o, Credential{Rule: r, Secret: token})[0]
		check(t, v, Active, "")
		if v.Identity["type"] != kind || !strings.Contains(v.Identity["policies"], "ops") || v.Identity["ttl"] == "" || kind == "service" && v.Identity["accessor"] == "" {
			t.Errorf("identity %q", v.Identity)
		}
		if kind == "batch" {
			continue // cannot be revoked
		}
		call("auth/token/revoke", map[string]string{"token": token})
		check(t, verdicts(t, o, Credential{Rule: r, Secret: token})[0], Unknown, Unclear)
	}
	// OpenBao gives the same answer to a live token that may not look itself up, so that of a revoked one is no proof.
	blind := call("auth/token/create", map[string]any{"policies": []string{"ops"}, "no_default_policy": true})["auth"].(map[string]any)["client_token"].(string)
	check(t, verdicts(t, o, Credential{Rule: r, Secret: blind})[0], Unknown, Unclear)
	call("sys/seal", nil)
	check(t, verdicts(t, o, Credential{Rule: r, Secret: root})[0], Unknown, ServerError)
}
