package detectors

import (
	"encoding/base64"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"mudlark/rules"
)

// TestEvidence: so much evidence as docs/accuracy.md says have random values, and words have none.
func TestEvidence(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	const letters = "abcdefghijklmnopqrstuvwxyz"
	for name, chars := range map[string]string{
		"hex": "0123456789abcdef", "base36": "0123456789" + letters, "base62": "0123456789" + letters + strings.ToUpper(letters),
		"base32": "234567" + strings.ToUpper(letters),
	} {
		missed := 0
		for range 2000 {
			if evidence(randomOf(rnd, chars, 20)) < strongEvidence {
				missed++
			}
		}
		if missed > 20 {
			t.Errorf("%s: %d of 2,000 random values of 20 characters have less than %d bits", name, missed, strongEvidence)
		}
	}
	for _, words := range []string{
		"authenticationProvider", "com.acme.service.TokenRepository", "my-very-secret-value-for-development", "application/x-www-form-urlencoded",
		"GOOGLE_APPLICATION_CREDENTIALS", "user_password_confirmation",
	} {
		if e := evidence([]byte(words)); e >= 0 {
			t.Errorf("%q has %.1f bits", words, e)
		}
	}
}

func TestKindOfName(t *testing.T) {
	for name, want := range map[string]nameKind{
		"DB_PASSWORD": passwordName, "smtpPass": passwordName, "user.pwd": passwordName, "challenge41password": passwordName,
		"AWSSecretKey": secretName, "x-api-key": secretName, "githubToken": secretName, "SIGNING_KEY": secretName, "GITHUB_PAT": secretName,
		"monkey": plainName, "primary_key": plainName, "AUTHOR": plainName, "csrfToken": plainName, "next_page_token": plainName, "bypass": plainName,
		"password_hash": plainName, "tokenType": plainName, "secretName": plainName, "compass": plainName, "publicApiKey": plainName,
	} {
		if got := kindOfName([]byte(name)); got != want {
			t.Errorf("%q is of kind %d, want %d", name, got, want)
		}
	}
}

// TestAssignments: forms that the matrix lacks, and what is no secret in spite of its name.
func TestAssignments(t *testing.T) {
	s := catalogueEngine(t, catalogue(t)).NewScanner()
	rnd := rand.New(rand.NewPCG(7, 8))
	_, value := generateAssignment(rnd, nil)
	for _, form := range []string{
		"db_password: str = \"%\"\n", "var client_secret string = \"%\"\n", "char api_key[] = \"%\";\n", "os.Setenv(\"CLIENT_SECRET\", \"%\")\n",
		"define('DB_PASSWORD', '%');\n", "mysql --password=% db\n", "login --token % --yes\n", "client.setPassword(\"%\");\n", "<key>apiKey</key>\n<string>%</string>\n",
		"{\"key\": \"API_KEY\", \"value\": \"%\"}\n", "const k = process.env.API_TOKEN || '%';\n", "x=${API_SECRET:-%}\n", "ALTER USER a PASSWORD '%';\n",
		"define( 'DB_PASSWORD', '%' );\n", "c := New(\"https://a.corp.net\", WithToken(\"%\"))\n", "let token = String::from(\"%\");\n", "token := []byte(\"%\")\n",
		"IssuerSigningKey = new SymmetricSecurityKey(Encoding.UTF8.GetBytes(\"%\"));\n", "<meta-data android:name=\"a.API_KEY\" android:value=\"%\" />\n",
		"  proxy_set_header X-Auth-Token %;\n", "- name: DB_PASSWORD\n  value: %\n", "web1 user=me db_password=% port=22\n", "body: user=me&password=%&a=b\n",
		"<label for=\"x\"><input name=\"token\" value=\"%\">\n", "[\"password\",\"%\"]\n", "set token \"%\"\n", "env_pat: \"%\"\n", "<td title=\"api_token\">`%`</td>\n",
		"?X-Amz-Security-Token=%&a=b\n",
	} {
		text := strings.ReplaceAll(form, "%", string(value))
		if got := s.Scan([]byte(text)).Matches; len(got) != 1 || string(got[0].Secret) != string(value) || got[0].Confidence != rules.Medium {
			t.Errorf("%q gives %s", text, describe(got))
		}
	}
	for _, text := range []string{
		"password = os.environ['DB_PASSWORD']", "password: ${DB_PASSWORD}", "token = getToken(user1)", "api_key = \"{{ api_key }}\"", "secret: ENC[AES256_GCM,data:Zm9v9b2Jh]",
		"password: !vault |", "PASS: binutils-all/i386/pr21231a", "const token = tokens[i + 1];", "password: \"Passwort2\u00e4ndern\"", "client_secret: f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
		"auth_token: $AUTH_TOKEN/v1", "password_hash = \"5f4dcc3b5aa765d61d8327deb882cf99\"", "Passwd: r.Passwd,", "password=changeme", "secret_key = \"your-secret-key\"",
		"\"AWS::IAM::AccessKey\": \"48205d4ffd7feba3\"", "sign('', 'test_secret') => 'f7f9bd47fb987337b5796fdc1fdb9ba221d0d539'", "password = \"ident" + "ity#ResetPasswordResponse\"",
		"secret: aGVsbG8gd29ybGQ=", "    password = c->argv[2];", "Added Authentication to redis-cli.c using -a switch", "perl, which is identified by 'MSWin32'.",
		"{ token: \"keyword.$0\" },", "secret.shadow = 'rgba(255,231,130,0.4)';",
		"t.tokenValue=o,134283267;if((l&8)===8&&l===92){if(o+=t.source.slice(u,t.index),l=k(t),l<127)}", "passwd := []byte(\"mylong" + "password1234\")", "token = flag.String(\"token\", \"\", \"of the user\")", "request_token: cs345-67cd-890b1cd2c3a4567d89f1",
		"access_token: 2016-09-08T21:47:36Z", "<label for=\"password\" class=\"tw-flex-1\">", "<input name=password class=\"tw-flex-1\">",
		"title=\"#opt-secretEncoded\">`secretNonBase64Encoded`</a>", "this.addObjects([\"newPassword\",\"ne2" + "Password\"])", "js-tokens: \"npm:^4.0.0\"",
		"SyntaxError(\"no Unicode token \"+D);if(x){if(\"class\"===a)throw", "var i=\"no token \",l=(0,y.b)(u,6),D=l[0],p=l[1],g=l[5],h=\"P\"===p", "include_pat=r\"E@\\.(pyx?|so|zip)$\",",
		"a-secret: \"NACL[" + string(value) + "=]\"", "?X-Amz-Credential=call%2F20220513%2Fus-east-1%2Fsqs%2Faws4_request&a=b", "{token:\"string.$S2.delim\",next:\"@pop\"}",
		"\"ssh.0.admin_password\", \"ssh.0" + ".key_value\"", "[]string{\"ssh.0.admin_password\", \"ssh.0" + ".key_value\"}", "query alice:password \"localhost:6000/\" '{}'",
		"const passwordSymbols = '" + string(value) + "#$%';", "self.set_password('service1', 'user1', 'pw1')", "password: !encrypted/pkcs1-oaep", "STATUS_WRONG_FORMED_PASSWORD   = 0xC000006B", "self._pwd = 'C:\\\\windows\\\\system32'", "bytearray(password.encode(\"utf-16-le\"))", "?token=%5BFiltered%5D&theme=dark",
		"update_token = \"" + string(value) + "\"", "\"versionToken\": \"" + string(value) + "\"", "name=\"csrfmiddlewaretoken\" value=\"" + string(value) + "\">", "appsecret_proof=" + string(value) + "&a=b",
		"Pwd:           \"github.com/acme/tool/samples\",", "v3oidcpassword = \"acme.loading._plugins.identity.v3:OpenIDConnect2\"", "v3oidcaccesstoken = acme.loading._plugins.identity.v3:OpenIDConnect2", "passwordPolicies: '?Password" + "Policies2',",
		"passphrase = passphrase.encode('utf-16be')", "crypt_password('mytopsecret', '$5$mysalt$'),",
		"testPassword = \"testdata/passwordpkcs12.p12\"",
		"        password = &#34;ssword&#34;", "token: \"GhUKEzE3NTE1NjYw" + "MjUwMDAwMDAwMDA=\",", "lockTokenString = \"" + string(value) + "\"",
		"token_cache_key = '" + string(value) + "'", "ClientToken:   \"hmac-sha256:" + string(value) + "\",", "'AuthToken': '1.3-6480" + "3f4ab6b1bf92af587bbf21793390',", "switch_pass=\"YourPaSs" + "WoRd\"",
		"token: " + base64.StdEncoding.EncodeToString([]byte("PUT\nCmFiYw==\napplication/json\nx-"+string(value))), "SubjectFromToken=\"" + string(value) + "\"", "docs_search_api_key: " + string(value),
		"x.hmac 'get salted' 'shared secret' '" + string(value) + "'", "self.p4passwd = p4passwd", "\"mailer_password\": \"SMTP-Pass" + "wort\",",
		"{\"access_token\": \"eyJhbGciOiJIU.xxx.xxx\"}", "tokenSignature = \"" + string(value) + "\"", "password: https://example.org/reset1",
	} {
		for _, m := range s.Scan([]byte(text + "\n")).Matches {
			if m.Confidence != rules.Low {
				t.Errorf("%q gives %s %q (%s)", text, m.Rule.ID, m.Secret, m.Confidence)
			}
		}
	}
}

// TestPhrases: words with a number behind them may be a password, or the name of a thing.
func TestPhrases(t *testing.T) {
	s := catalogueEngine(t, catalogue(t)).NewScanner()
	rnd := rand.New(rand.NewPCG(9, 10))
	words := []string{"winter", "Dragon", "coffee", "Berlin", "tiger", "Monkey", "purple", "rocket", "Bamboo", "marble"}
	for range tokens() {
		rnd.Shuffle(len(words), func(i, j int) { words[i], words[j] = words[j], words[i] })
		number := strconv.Itoa(10 + rnd.IntN(990))
		for _, password := range []string{words[0] + "-" + words[1] + "-" + number, words[2] + words[3] + number} {
			for _, form := range []string{"DB_PASSWORD=%\n", "db:\n  password: %\n", "password = \"%\"\n", "machine a.corp.net login me password %\n", "curl -u me:% https://a.corp.net\n",
				"CREATE USER a IDENTIFIED BY '%';\n", "requirepass %\n"} {
				text := strings.ReplaceAll(form, "%", password)
				if got := s.Scan([]byte(text)).Matches; len(got) != 1 || string(got[0].Secret) != password || got[0].Confidence != rules.Medium {
					t.Errorf("%q gives %s", text, describe(got))
				}
			}
		}
		for _, form := range []string{"password: user-token-%\n", "secret_password = \"test_config_%\"\n", "Password: \"the-input-field-%\"\n"} {
			text := strings.ReplaceAll(form, "%", number)
			for _, m := range s.Scan([]byte(text)).Matches {
				if m.Confidence != rules.Low {
					t.Errorf("%q gives %s %q (%s)", text, m.Rule.ID, m.Secret, m.Confidence)
				}
			}
		}
	}
}

// TestStandIns: what stands where a secret is expected, but is none.
func TestStandIns(t *testing.T) {
	s := catalogueEngine(t, catalogue(t)).NewScanner()
	key := string(randomOf(rand.New(rand.NewPCG(13, 14)), "0123456789abcdef", 32))
	for text, rule := range map[string]string{
		"{\"type\": \"service_account\", \"private_key_id\": \"a1\", \"client_email\": \"me@corp.net\", \"private_key\": " + "\"very secret words\"}\n": "google-service-account-key",
		"docsearch({\n  apiKey: '" + key + "',\n  indexName: 'a'})\n":                                                                                   "algolia-api-key",
	} {
		if got := s.Scan([]byte(text)).Matches; len(got) != 1 || got[0].Rule.ID != rule || got[0].Confidence != rules.Low {
			t.Errorf("%q gives %s", text, describe(got))
		}
	}
}
