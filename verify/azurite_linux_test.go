package verify

import (
	"context"
	"encoding/base64"
	"net"
	"net/http"
	"strings"
	"testing"
)

// TestAzuriteServer asks Microsoft's emulator of Azure Storage, which computes signatures in its own way.
func TestAzuriteServer(t *testing.T) {
	t.Parallel()
	server, env := program(t, "azurite-blob"), program(t, "env")
	dir, port, key := t.TempDir(), freePort(t), newAzureKey()
	serveAs(t, nil, dir, port, env, "AZURITE_ACCOUNTS=acmeassets1:"+key, server, "--blobHost", "127.0.0.1", "--blobPort", port, "--location", dir, "--silent", "--skipApiVersionCheck", "--disableTelemetry")
	o := onLoopback()
	o.dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, network, "127.0.0.1:"+port)
	}
	r := azureHosts(protocolRule(t, "azure-storage", "account"))
	ask := func(key string) Verdict {
		return verdicts(t, o, Credential{Rule: r, Secret: "DefaultEndpointsProtocol=https;AccountName=acmeassets1;AccountKey=" + key + ";EndpointSuffix=core.windows.net"})[0]
	}
	v := ask(key)
	check(t, v, Active, "")
	if v.Identity["account"] != "acmeassets1" {
		t.Errorf("identity %q", v.Identity)
	}
	check(t, ask(newAzureKey()), Unknown, Unclear) // it does not say why, as Azure does

	raw, err := base64.StdEncoding.DecodeString(key)
	if err != nil {
		t.Fatal(err)
	}
	asSAS := func(text, at string) Verdict {
		return verdicts(t, o, Credential{Rule: sasRule(t), Secret: text, Parts: map[string][]string{"url": {"https://acmeassets1.blob.core.windows.net" + at}}})[0]
	}
	account := azureSASText("acmeassets1", raw, "", azureValues("ss", "b", "srt", "sco", "sp", "rwlac"))
	v = asSAS(account, "")
	check(t, v, Active, "")
	if v.Identity["account"] != "acmeassets1" || v.Identity["permissions"] != "rwlac" {
		t.Errorf("identity %q", v.Identity)
	}
	put := func(path string) {
		t.Helper()
		req, _ := http.NewRequest("PUT", "http://127.0.0.1:"+port+path+account, strings.NewReader("text"))
		req.Host, req.Header = "acmeassets1.blob.core.windows.net", http.Header{"X-Ms-Blob-Type": {"BlockBlob"}}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != 201 {
			t.Fatalf("%s: %s", path, resp.Status)
		}
	}
	put("/backups?restype=container&")
	put("/backups/a.tar?")
	container := func(fields ...string) string {
		return azureSASText("acmeassets1", raw, "/blob/acmeassets1/backups", azureValues(append(fields, "sr", "c")...))
	}
	check(t, asSAS(container("sp", "rl"), "/backups/a.tar"), Active, "")
	check(t, asSAS(container("sp", "rl"), "/others"), Unknown, Unclear)
	check(t, asSAS(container("sp", "w"), "/backups"), Active, "") // what is not permitted
	blob := azureSASText("acmeassets1", raw, "/blob/acmeassets1/backups/a.tar", azureValues("sr", "b", "sp", "r"))
	check(t, asSAS(blob, "/backups/a.tar"), Active, "")
	check(t, asSAS(azureSASText("acmeassets1", raw[1:], "/blob/acmeassets1/backups/a.tar", azureValues("sr", "b", "sp", "r")), "/backups/a.tar"), Unknown, Unclear)
}
