package detectors

import (
	"bytes"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"io/fs"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"

	"mudlark/rules"
)

// catalogue returns the built-in rules.
func catalogue(t testing.TB) []*rules.Rule {
	t.Helper()
	set, err := rules.Builtin(Vocabulary())
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// catalogueEngine returns an engine of the built-in rules.
func catalogueEngine(t testing.TB, set []*rules.Rule) *Engine {
	t.Helper()
	e, err := New(set, DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// tokens is how many random tokens a test makes of each rule.
func tokens() int {
	if testing.Short() {
		return 3
	}
	return 50
}

// source returns the random numbers of a rule's tests: the same in every run.
func source(r *rules.Rule) *rand.Rand { return named(r.ID) }

func named(name string) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(name)) // never fails
	return rand.New(rand.NewPCG(h.Sum64(), 1))
}

func TestRulesLoad(t *testing.T) {
	set := catalogue(t)
	catalogueEngine(t, set)
	for _, p := range rules.Check(set) {
		t.Error(p)
	}
}

func TestRulesLinks(t *testing.T) {
	for _, r := range catalogue(t) {
		for what, link := range map[string]string{"rotate": r.Rotate, "source": r.Source} {
			if u, err := url.Parse(link); err != nil || u.Scheme != "https" || u.Host == "" {
				t.Errorf("rule %s: %s %q is no https URL", r.ID, what, link)
			}
		}
	}
}

// TestRulesPublic: what is meant to be public must not alarm anybody.
func TestRulesPublic(t *testing.T) {
	for _, r := range catalogue(t) {
		if r.Public && (r.Severity != rules.Low || r.Confidence != rules.Low) {
			t.Errorf("rule %s is public, but of %s severity and %s confidence", r.ID, r.Severity, r.Confidence)
		}
	}
}

func TestRulesGitHubTypes(t *testing.T) {
	data, err := os.ReadFile("../rules/github-types.tsv")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	if lines[0] != "secret_type\tprovider" {
		t.Fatalf("the header is %q", lines[0])
	}
	known := map[string]bool{}
	for i, line := range lines[1:] {
		slug, provider, ok := strings.Cut(line, "\t")
		if !ok || slug == "" || provider == "" || i > 0 && lines[i] >= line {
			t.Errorf("line %d: %q", i+2, line)
		}
		known[slug] = true
	}
	for _, r := range catalogue(t) {
		for _, slug := range r.GitHub {
			if !known[slug] {
				t.Errorf("rule %s: GitHub has no secret type %q", r.ID, slug)
			}
		}
	}
}

// shapes reads the shapes of tokens that are written down apart from the rules: all files of the folder together.
func shapes(t *testing.T) map[string][]string {
	t.Helper()
	files, err := filepath.Glob("../rules/testdata/shapes/*.toml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no shapes: %v", err)
	}
	all := map[string][]string{}
	for _, file := range files {
		var some map[string][]string
		if _, err := toml.DecodeFile(file, &some); err != nil {
			t.Fatal(err)
		}
		for id, list := range some {
			if all[id] != nil {
				t.Errorf("%s: the shape of %s is written down twice", file, id)
			}
			all[id] = list
		}
	}
	return all
}

func TestRulesShapes(t *testing.T) {
	set := catalogue(t)
	s := catalogueEngine(t, set).NewScanner()
	all := shapes(t)
	// What lies in the structure of the decoded text has no plain shape.
	structured := []string{"jwt", "supabase-service-role-jwt", "supabase-anon-jwt", "aws-codeartifact-token", "aws-bedrock-api-key-short",
		"atlassian-data-center-pat", "front-api-token", "frameio-jwt", "grafana-api-key-legacy", "azure-entra-id-token", "kubernetes-service-account-token"}
	byID := map[string]*rules.Rule{}
	for _, r := range set {
		byID[r.ID] = r
		if len(r.Formats) > 0 && all[r.ID] == nil && !slices.Contains(structured, r.ID) && !strings.HasPrefix(r.Checksum, "jwt") {
			t.Errorf("there is no shape of rule %s", r.ID)
		}
	}
	for id, list := range all {
		r := byID[id]
		if r == nil {
			t.Errorf("there is no rule %s", id)
			continue
		}
		t.Run(id, func(t *testing.T) {
			rnd := source(r)
			for _, shape := range list {
				for range tokens() {
					token := shaped(t, rnd, r, shape)
					text := variableName(r) + " = \"" + string(token) + "\"\n" + requiredParts(rnd, r)
					if got := s.Scan([]byte(text)).Matches; !isOnly(got, r, token) {
						t.Fatalf("shape %s: %q gives %v", shape, text, describe(got))
					}
				}
			}
		})
	}
}

func describe(got []Match) string {
	var b strings.Builder
	for _, m := range got {
		fmt.Fprintf(&b, "[%s %s %q]", m.Rule.ID, m.Confidence, m.Secret)
	}
	return b.String()
}

// shaped returns a token of a shape whose checksum is right and that the rule does not refuse for its characters.
func shaped(t *testing.T, rnd *rand.Rand, r *rules.Rule, shape string) []byte {
	t.Helper()
	for range maxAttempts {
		token := fromShape(t, rnd, shape)
		for _, f := range r.Formats {
			if c, ok := checkFor(f.Checksum); ok {
				if fixed := c.fix(token); fixed != nil && len(fixed) == len(token) {
					token = fixed
					break
				}
			}
		}
		least := r.Entropy
		for _, f := range r.Formats {
			least = max(least, f.Entropy)
		}
		checked := !slices.ContainsFunc(r.Formats, func(f rules.Format) bool { return f.Checksum == "" })
		if require(token, r.Require) && !rejected(token, r.Reject) && !placeholder(token, r.Placeholders) && entropy(token) >= least &&
			(!checked || passes(r, token)) {
			return token
		}
	}
	t.Fatalf("shape %s gives no token", shape)
	return nil
}

func passes(r *rules.Rule, token []byte) bool {
	return slices.ContainsFunc(r.Formats, func(f rules.Format) bool {
		c, ok := checkFor(f.Checksum)
		return ok && c.verify(token)
	})
}

// fromShape returns random text of a shape. It knows nothing of formats on purpose.
func fromShape(t *testing.T, rnd *rand.Rand, shape string) []byte {
	t.Helper()
	var out []byte
	for part := range strings.SplitSeq(shape, " + ") {
		part, optional := strings.CutPrefix(part, "optional ")
		if optional && rnd.IntN(2) == 0 {
			continue
		}
		if text, ok := strings.CutPrefix(part, "'"); ok {
			out = append(out, strings.TrimSuffix(text, "'")...)
			continue
		}
		count, set, ok := strings.Cut(part, " x ")
		low, high, _ := strings.Cut(count, "..")
		if high == "" {
			high = low
		}
		n, err1 := strconv.Atoi(low)
		m, err2 := strconv.Atoi(high)
		if !ok || err1 != nil || err2 != nil || m < n {
			t.Fatalf("shape %q: part %q", shape, part)
		}
		alphabet := members(strings.TrimSuffix(strings.TrimPrefix(set, "["), "]"))
		for range n + rnd.IntN(m-n+1) {
			out = append(out, alphabet[rnd.IntN(len(alphabet))])
		}
	}
	return out
}

// members returns the characters of a set such as "0-9a-f_-".
func members(set string) (out []byte) {
	for i := 0; i < len(set); i++ {
		if i+2 < len(set) && set[i+1] == '-' {
			for c := int(set[i]); c <= int(set[i+2]); c++ {
				out = append(out, byte(c))
			}
			i += 2
		} else {
			out = append(out, set[i])
		}
	}
	return out
}

// noise returns texts without secrets that look a little like them.
func noise(rnd *rand.Rand) map[string]string {
	hexOf := func(n int) string { return hex.EncodeToString(randomBytes(rnd, n)) }
	b64 := func(n int) string { return base64.StdEncoding.EncodeToString(randomBytes(rnd, n)) }
	uuid := func() string {
		h := hexOf(16)
		return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-a" + h[17:20] + "-" + h[20:]
	}
	texts := map[string]string{
		"UUIDs":         fmt.Sprintf("id: %s\nrequest_id=%s\n{\"key\": \"%s\", \"token\": \"%s\"}\nurn:uuid:%s\n", uuid(), uuid(), uuid(), uuid(), strings.ToUpper(uuid())),
		"sums":          fmt.Sprintf("%s  key.pem\n%s *token.txt\nMD5 (secret) = %s\nsha256:%s\n\"etag\": \"%s\"\n", hexOf(16), hexOf(32), hexOf(16), hexOf(32), hexOf(20)),
		"commits":       fmt.Sprintf("revert %s, the secret key\ntoken ref %s\nuses: actions/checkout@%s # v4\ncommit %s\n", hexOf(20), hexOf(20), hexOf(20), hexOf(20)),
		"data URI":      "<img src=\"data:image/png;base64," + b64(3000) + "\"/>\n.key{background:url(data:font/woff2;base64," + b64(900) + ")}\n",
		"lock file":     fmt.Sprintf("\"node_modules/aws-sdk\": {\n  \"resolved\": \"https://registry.npmjs.org/token/-/token-1.0.0.tgz#%s\",\n  \"integrity\": \"sha512-%s\"\n},\nsecret@^1.0.0:\n  integrity sha1-%s\n", hexOf(20), b64(64), b64(20)),
		"go.sum":        fmt.Sprintf("example.com/key v1.0.0 h1:%s\nexample.com/token v1.0.0/go.mod h1:%s\n", b64(32), b64(32)),
		"public keys":   fmt.Sprintf("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI%s user@host\nssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQ%s user@host\n", b64(32)[:43], b64(381)),
		"certificate":   "-----BEGIN CERTIFICATE-----\n" + strings.Join(wrap(b64(900), 64), "\n") + "\n-----END CERTIFICATE-----\n-----BEGIN PUBLIC KEY-----\n" + strings.Join(wrap(b64(294), 64), "\n") + "\n-----END PUBLIC KEY-----\n",
		"source map":    "//# sourceMappingURL=data:application/json;base64," + base64.StdEncoding.EncodeToString([]byte(`{"version":3,"sources":["a.ts"],"names":[],"mappings":"`+b64(600)+`"}`)) + "\n",
		"numbers":       fmt.Sprintf("%d:%d %x %d-%d-%d\n", rnd.Uint64(), rnd.Uint64(), rnd.Uint64(), rnd.Uint32(), rnd.Uint32(), rnd.Uint32()),
		"templates":     "password: ${DB_PASSWORD}\ntoken = \"<your-token>\"\nurl: postgres://user:password@localhost/db\nkey=$API_KEY\nhttps://user:{{ pass }}@host/\nAWS_ACCESS_KEY_ID=\n",
		"identifiers":   "hf_hub_download_and_unpack_everything_here s.someMethodNameOfAnObject() hvs.root sk_live_ pk_test_ xoxb-your-token glpat-your_token_here\n",
		"minified code": minified(rnd),
		"dump":          dump(randomBytes(rnd, 2000)),
	}
	return texts
}

// minified returns something like the output of a JavaScript bundler.
func minified(rnd *rand.Rand) string {
	var b strings.Builder
	words := strings.Fields("function return var this key token secret password length prototype e t n r i o a s u c l api auth session value data")
	marks := strings.Fields("( ) { } ; , . = => && || + - ? : [ ] ! \" ' ")
	for range 4000 {
		b.WriteString(words[rnd.IntN(len(words))])
		if rnd.IntN(6) == 0 {
			b.WriteString(strconv.FormatUint(rnd.Uint64N(1e6), 36))
		}
		b.WriteString(marks[rnd.IntN(len(marks))])
	}
	return b.String()
}

// dump returns bytes as a table of numbers in C.
func dump(data []byte) string {
	var b strings.Builder
	b.WriteString("static const unsigned char key[] = {\n")
	for i, c := range data {
		fmt.Fprintf(&b, "0x%02x,", c)
		if i%12 == 11 {
			b.WriteByte('\n')
		}
	}
	return b.String() + "};\n"
}

func TestRulesNoise(t *testing.T) {
	s := catalogueEngine(t, catalogue(t)).NewScanner()
	rnd := named("noise")
	for range 4 * tokens() {
		for name, text := range noise(rnd) {
			for _, m := range s.Scan([]byte(text)).Matches {
				if m.Confidence != rules.Low {
					t.Errorf("%s: %s %s %v %q", name, m.Rule.ID, m.Confidence, m.Decoded, m.Secret[:min(len(m.Secret), 100)])
				}
			}
		}
	}
}

// TestRulesOwnTree scans the module itself: its tests make the tokens that they need when they run.
func TestRulesOwnTree(t *testing.T) {
	s := catalogueEngine(t, catalogue(t)).NewScanner()
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && d.Name() == ".git" {
			return filepath.SkipDir
		}
		if !d.Type().IsRegular() {
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, m := range s.Scan(data).Matches {
			if m.Confidence != rules.Low {
				t.Errorf("%s:%d: %s (%s)", path, m.Line, m.Rule.ID, m.Confidence)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestRulesExamples plants the rules that are a regex, of which no tokens can be made from the rule.
func TestRulesExamples(t *testing.T) {
	set := catalogue(t)
	s := catalogueEngine(t, set).NewScanner()
	rnd := named("examples")
	examples := map[string]func(secret string) string{
		"npmrc-auth-token":   func(v string) string { return "//npm.corp.net/repo/:_authToken=" + v + "\n" },
		"yarnrc-auth-token":  func(v string) string { return "npmAuthToken: \"" + v + "\"\n" },
		"pypirc-password":    func(v string) string { return "[pypi]\nusername = me\npassword = " + v + "\n" },
		"docker-config-auth": func(v string) string { return `{"auths": {"registry.corp.net": {"auth": "` + v + `"}}}` },
		"azure-sql-password": func(v string) string {
			return "Server=tcp:a.database.windows.net,1433;User ID=app;Password=" + v + ";Encrypt=True;\n"
		},
		"filezilla-stored-password": func(v string) string {
			return "<Server><Host>ftp.corp.net</Host><User>me</User><Pass encoding=\"base64\">" + v + "</Pass></Server>\n"
		},
		"gradle-credentials-block": func(v string) string {
			return "credentials {\n    username = 'deploy'\n    password = '" + v + "'\n}\n"
		},
		"hasura-admin-secret-own":     func(v string) string { return "HASURA_GRAPHQL_ADMIN_SECRET: " + v + "\n" },
		"terraform-provider-password": func(v string) string { return "administrator_login_password = \"" + v + "\"\n" },
		"microsoft-securestring-plaintext": func(v string) string {
			return "$p = ConvertTo-SecureString -String '" + v + "' -AsPlainText -Force\n"
		},
		"microsoft-psexec-credentials": func(v string) string { return "psexec.exe \\\\srv01 -u CORP\\admin -p " + v + " cmd.exe\n" },
		"postgres-dsn":                 func(v string) string { return "dsn: host=db.corp.net port=5432 user=app password=" + v + " dbname=a\n" },
		"pgpass-file":                  func(v string) string { return "db.corp.net:5432:*:app:" + v + "\n" },
		"mysql-client-config":          func(v string) string { return "[client]\nuser=app\npassword = " + v + "\n" },
		"redis-config-requirepass":     func(v string) string { return "port 6379\nrequirepass " + v + "\n" },
		"kafka-sasl-jaas": func(v string) string {
			return "sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username=\"app\" password=\"" + v + "\";\n"
		},
		"ldap-bind-credentials": func(v string) string {
			return "uri ldaps://ldap.corp.net\nbinddn cn=app,dc=corp,dc=net\nbindpw " + v + "\n"
		},
		"smtp-config-credentials":         func(v string) string { return "SMTP_HOST=mail.corp.net\nSMTP_PASSWORD=" + v + "\n" },
		"odbc-connection-string":          func(v string) string { return "Data Source=db1;User ID=app;Password=" + v + ";\n" },
		"oracle-sqlplus-credentials":      func(v string) string { return "sqlplus -s app/" + v + "@ORCL @run.sql\n" },
		"kubeconfig-credentials":          func(v string) string { return "users:\n- name: admin\n  user:\n    token: " + v + "\n" },
		"http-basic-header":               func(v string) string { return "curl -H 'Authorization: Basic " + v + "' https://a.corp.net\n" },
		"http-bearer-header":              func(v string) string { return "{\"headers\": {\"Authorization\": \"Bearer " + v + "\"}}\n" },
		"curl-user-credentials":           func(v string) string { return "curl -fsS -u deploy:" + v + " https://a.corp.net/x\n" },
		"netrc-credentials":               func(v string) string { return "machine a.corp.net\n  login me\n  password " + v + "\n" },
		"jwt-signing-secret":              func(v string) string { return "JWT_SECRET=" + v + "\n" },
		"bip39-mnemonic":                  func(v string) string { return "MNEMONIC=\"" + v + "\"\n" },
		"ssh-authorized-password-sshpass": func(v string) string { return "sshpass -p '" + v + "' ssh -o StrictHostKeyChecking=no me@a.corp.net\n" },
		"nuget-config-password":           func(v string) string { return "<add key=\"ClearTextPassword\" value=\"" + v + "\" />\n" },
		"maven-settings-password": func(v string) string {
			return "<server>\n  <id>corp</id>\n  <username>ci</username>\n  <password>" + v + "</password>\n</server>\n"
		},
		"sftp-sync-config-password": func(v string) string { return "{\n  \"host\": \"a.corp.net\",\n  \"password\": \"" + v + "\"\n}\n" },
		"jdbc-url":                  func(v string) string { return "url=jdbc:postgresql://db.corp.net:5432/a?user=app&password=" + v + "\n" },
		"npmrc-auth-basic":          func(v string) string { return "registry=https://npm.corp.net\n_auth=" + v + "\nalways-auth=true\n" },
		"otp-uri": func(v string) string {
			return "otpauth://totp/Corp:me@corp.net?issuer=Corp&secret=" + v + "&digits=6\n"
		},
		"login-call-password":    func(v string) string { return "$db = mysqli_connect('10.0.3.7', 'shop', '" + v + "', 'shopdb');\n" },
		"login-command-password": func(v string) string { return "docker login -u ci -p " + v + " registry.corp.net\n" },
		"chpasswd-password":      func(v string) string { return "RUN echo 'deploy:" + v + "' | chpasswd\n" },
		"sql-identified-by":      func(v string) string { return "CREATE USER 'shop'@'%' IDENTIFIED BY '" + v + "';\n" },
		"ansible-inventory-password": func(v string) string {
			return "web1 ansible_host=10.0.0.5 ansible_user=root ansible_ssh_pass=" + v + "\n"
		},
		"windows-unattend-password": func(v string) string {
			return "<AdministratorPassword>\n  <Value>" + v + "</Value>\n  <PlainText>true</PlainText>\n</AdministratorPassword>\n"
		},
		"rails-master-key":   func(v string) string { return v + "\n" },
		"wifi-preshared-key": func(v string) string { return "network={\n  ssid=\"office\"\n  psk=\"" + v + "\"\n}\n" },
		"terraform-state-random-password": func(v string) string {
			return "{\"type\": \"random_password\", \"name\": \"db\", \"instances\": [{\"attributes\": {\"length\": 36, \"result\": \"" + v + "\"}}]}\n"
		},
	}
	for _, r := range set {
		if r.Regex == "" {
			continue
		}
		example := examples[r.ID]
		if example == nil {
			t.Errorf("rule %s has no example", r.ID)
			continue
		}
		for range tokens() {
			secret := randomText(rnd, 36)
			switch r.ID {
			case "otp-uri":
				secret = base32.StdEncoding.EncodeToString([]byte(secret))[:52]
			case "rails-master-key":
				secret = hex.EncodeToString([]byte(secret))[:32]
			}
			if c, ok := checkFor(r.Checksum); ok {
				secret = string(c.fix([]byte(secret)))
			}
			text := example(secret)
			if got := s.Scan([]byte(text)).Matches; !isOnly(got, r, []byte(secret)) {
				t.Errorf("rule %s: %q gives %s", r.ID, text, describe(got))
			}
			if got := s.Scan([]byte(example("${PASSWORD}"))).Matches; len(bytes.Join(highs(got), nil)) > 0 {
				t.Errorf("rule %s: a template gives %s", r.ID, describe(got))
			}
		}
	}
}

// highs returns the secrets that are not of low confidence.
func highs(got []Match) (out [][]byte) {
	for _, m := range got {
		if m.Confidence != rules.Low {
			out = append(out, m.Secret)
		}
	}
	return out
}

// TestRulesContexts plants tokens where more than one rule, or a boundary of its own, is at play.
func TestRulesContexts(t *testing.T) {
	set := catalogue(t)
	s := catalogueEngine(t, set).NewScanner()
	tests := []struct{ name, rule, pattern string }{
		{"token in a path", "telegram-bot-token", "curl https://api.telegram.org/bot%s/getMe\n"},
		{"token as user name", "github-pat-classic", "git clone https://%s@github.com/a/b.git\n"},
		{"token as password", "github-app-installation-token", "git clone https://x-access-token:%s@github.com/a/b.git\n"},
		{"token as password of another", "gitlab-personal-access-token", "https://oauth2:%s@git.corp.net/a/b.git\n"},
		{"key in a connection string", "azure-service-bus-key", "Endpoint=sb://orders-1.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=%s\n"},
		{"key in another", "azure-storage-account-key", "DefaultEndpointsProtocol=https;AccountName=orders1;AccountKey=%s;EndpointSuffix=core.windows.net\n"},
		{"token in .npmrc", "npm-access-token", "//registry.npmjs.org/:_authToken=%s\n"},
		{"UUID in .npmrc", "npm-access-token-legacy", "//registry.npmjs.org/:_authToken=%s\n"},
		{"bearer", "jwt", "Authorization: Bearer %s\n"},
		{"service role", "supabase-service-role-jwt", "SUPABASE_KEY=%s\n"},
		{"token of a cluster", "kubernetes-service-account-token", "Authorization: Bearer %s\n"},
		{"token in a header", "groq-api-key", "-H 'Authorization: Bearer %s'\n"},
		{"key as password", "heroku-api-key", "git clone https://x:%s@git.heroku.com/a.git\n"},
		{"key in an object", "google-service-account-key", "[%s]\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			i := slices.IndexFunc(set, func(r *rules.Rule) bool { return r.ID == tt.rule })
			rnd := named(tt.name)
			for range tokens() {
				token, secret := Generate(rnd, set[i])
				text := fmt.Sprintf(tt.pattern, token)
				if got := s.Scan([]byte(text)).Matches; !isOnly(got, set[i], secret) {
					t.Errorf("%q gives %s", text, describe(got))
				}
			}
		})
	}
}
