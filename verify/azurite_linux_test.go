package verify

import (
	"context"
	"net"
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
}
