package detectors

import (
	"math/rand/v2"
	"strings"
	"testing"

	"mudlark/rules"
)

// TestCode: what of source code and of names of files reads as a value.
func TestCode(t *testing.T) {
	for value, want := range map[string]bool{
		"/tmp/store1/": true, "./data/db1": true, "settings.SMTP_PASSWORD": true, "self.auth_token2": true, "(item.value": true, "database=": true,
		"8080:80": true, "127.0.0.1:8080": true,
		"winter": false, "(winter)7": false, "/9kQz3vTx7Lw1=": false, "win.ter!7": false, "1.winter": false, "80a:80": false, "q8Rf2L=": false,
	} {
		if got := isCode([]byte(value)); got != want {
			t.Errorf("isCode(%q) = %v", value, got)
		}
	}
	for value, want := range map[string]bool{
		"npm:^4.0.0": true, "^1.2.3": true, "~> 2.1"[:0] + "~>2.1": true, ">=2.1.0-rc.1": true, "v1.2": true, "10.4.22": true,
		"npm:": false, "12": false, "1a.2b": false, "winter2.0": false, ".5.2": false, "4.2-" + "kX9vQ2mZ7pLw": false,
	} {
		if got := isVersion([]byte(value)); got != want {
			t.Errorf("isVersion(%q) = %v", value, got)
		}
	}
}

// TestPartsOfCode: keys without a sign of their own are no keys where they are the name of a function or of a file.
func TestPartsOfCode(t *testing.T) {
	s := catalogueEngine(t, catalogue(t)).NewScanner()
	rnd := rand.New(rand.NewPCG(21, 22))
	hex, mixed := string(randomOf(rnd, digits36[:16], 32)), string(randomOf(rnd, digits62, 32))
	chosen := "winter" + "77-Tk"
	uuid := hex[:8] + "-" + hex[8:12] + "-4" + hex[12:15] + "-9" + hex[15:18] + "-" + hex[18:30]
	for _, tt := range []struct {
		text, value, rule string
		found             bool
	}{
		{"ZEROBOUNCE_API_KEY=%\n", hex, "zerobounce-api-key", true},
		{"icon: \"img/zero-bounce-%.png\",\n", hex, "zerobounce-api-key", false},
		{"url(/static/zerobounce/%.chunk.js)\n", hex, "zerobounce-api-key", false},
		{"getResponseApiKey: \"%\"\n", hex, "getresponse-api-key", true},
		{"const r = await api.getResponse('%', {\n", hex, "getresponse-api-key", false},
		{"CODACY_PROJECT_TOKEN=%\n", hex, "codacy-api-token", true},
		{"[![Codacy Badge](https://app.codacy.com/project/badge/Grade/%)](x)\n", hex, "codacy-api-token", false},
		{"CODECOV_TOKEN: %\n", uuid, "codecov-upload-token", true},
		{"codecov: {\n  id: '%'\n}\n", uuid, "codecov-upload-token", false},
		{"codecov_id = \"%\"\n", uuid, "codecov-upload-token", true},
		{"TE_TOKEN=%\n", uuid, "thousandeyes-token", true},
		{"xTeToken = 1; myTe_token = \"%\"\n", uuid, "thousandeyes-token", true},
		{"update_token = \"%\"\n", uuid, "thousandeyes-token", false},
		{"LIVEKIT_API_SECRET=%\n", mixed[:32] + "Qx7", "livekit-api-credentials", true},
		{"livekit.Codec{{Mime: x, FmtpLine: %}}\n", "h264MainProfilePacketizationMode1Fmtp", "livekit-api-credentials", false},
		{"livekit.Codec{{Mime: x, FmtpLine: \"%\"}}\n", "h264MainProfilePacketizationMode1Fmtp", "livekit-api-credentials", false},
		{"INFLUXDB_TOKEN=%\n", mixed + mixed + mixed[:22] + "==", "influxdb-token", true},
		{"\"$influxdb2-sha512$%\",\n", mixed + mixed + mixed[:22] + "==", "influxdb-token", false},
		{"square_token = \"%\"\n", "EAAA" + mixed + mixed[:28], "square-access-token", true},
		{"%\n", "EAAA" + mixed[:20] + "KoZIhvcNAQ" + mixed[:30], "square-access-token", false},
		{"mysql -u me -p% db\n", chosen, "mysql-client-config", true},
		{"-package mysql -name charset -p% x\n", "roperties", "mysql-client-config", false},
		{"https://" + "me:%@a.corp.net/\n", chosen, "generic-url-credentials", true},
		{"URI:https://a.corp.net,email:%@b.corp.net\n", chosen, "generic-url-credentials", false},
		{"tomorrowio_key = \"%\"\n", mixed, "tomorrow-io-api-key", true},
		{"a/tomorrowio/sk.json,sha256=6_dTpxXgGq-%,826\n", mixed, "tomorrow-io-api-key", false},
		{"MINIO_SECRET_KEY=%\n", mixed, "minio-credentials", true},
		{"MINIO_ROOT_PASSWORD=x minio server %/disk\n", "/tmp/minio1", "minio-credentials", false},
		{"jwt_secret = %\n", mixed, "jwt-signing-secret", true},
		{"jwt_key = refresh_token.%\n", "jwt_key", "jwt-signing-secret", false},
		{"{JwtKey:%(properties.jwtKey)})\n", "convertCfnClusterJwtKeyProperty", "jwt-signing-secret", false},
		{"host=db user=me password=% dbname=x\n", chosen, "postgres-dsn", true},
		{"host= user= password= %= table=\n", "database", "postgres-dsn", false},
		{"f(path, user=None, password=%, ignore=False)\n", "None", "postgres-dsn", false},
		{"ansible_password: %\n", chosen, "ansible-inventory-password", true},
		{"ansible_password: (this | %)\n", "from_json", "ansible-inventory-password", false},
		{"mongosh -u me -p % db\n", chosen, "login-command-password", true},
		{"docker run --link my-mongo:mongo -p %\n", "1337:1337", "login-command-password", false},
		{"htpasswd -nb admin %\n", chosen, "login-command-password", true},
		{"made by `htpasswd -nbBC10 user2 word2` %\n", "&lt;/pre&gt;", "login-command-password", false},
	} {
		text := strings.ReplaceAll(tt.text, "%", tt.value)
		found := false
		for _, m := range s.Scan([]byte(text)).Matches {
			found = found || m.Rule.ID == tt.rule && m.Confidence != rules.Low
		}
		if found != tt.found {
			t.Errorf("%q: %s found: %v", text, tt.rule, found)
		}
	}
}
