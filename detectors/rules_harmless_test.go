package detectors

import (
	"testing"

	"mudlark/rules"
)

// TestRulesHarmless: lines in which a secret is named, passed on, left blank or made up, and none stands.
func TestRulesHarmless(t *testing.T) {
	s := catalogueEngine(t, catalogue(t)).NewScanner()
	for _, text := range []string{
		"curl -H \"Authorization: Bearer ${TOKEN}\" https://api.corp.net/v1/me",
		"headers = {'Authorization': 'Bearer ' + self.access_token_for_service}",
		"Authorization: Bearer <your-access-token-goes-here>",
		"Authorization: Bearer YOUR_ACCESS_TOKEN_GOES_HERE",
		"req.Header.Set(\"Authorization\", \"Basic \"+base64.StdEncoding.EncodeToString(auth))",
		"Authorization: Basic {{ .Values.auth | b64enc }}",
		"curl -u \"$USER:$PASS\" https://api.corp.net",
		"curl -u username:password https://api.corp.net",
		"curl --user {{ user }}:{{ pass }} https://api.corp.net",
		"wget --user=me --password=$PASS https://corp.net/a",
		"machine api.corp.net login ${USER} password ${PASSWORD}",
		"echo \"machine github.com login $GH_USER password $GH_TOKEN\" > ~/.netrc",
		"JWT_SECRET=" + "process.env.JWT_SECRET",
		"jwtSecret: config.get('jwt.secret')",
		"const jwtSecretKey = await readSecretFromVault()",
		"smtp_password = " + "var.smtp_password",
		"SMTP_PASSWORD=${SMTP_PASSWORD}",
		"MAIL_PASSWORD=null",
		"EMAIL_HOST_PASSWORD = os.environ[\"EMAIL_HOST_PASSWORD\"]",
		"$p = ConvertTo-SecureString $plain -AsPlainText -Force",
		"$p = ConvertTo-SecureString -String \"$plain\" -AsPlainText",
		"psexec \\\\srv -u %USER% -p %PASS% cmd",
		"mysql -u root -p\"$MYSQL_ROOT_PASSWORD\" -h db",
		"mysql -u root -p database_name",
		"mysqldump --password=${PASS} db",
		"[client]\nuser=root\npassword=<password>",
		"# requirepass foobared",
		"requirepass ${REDIS_PASSWORD}",
		"bindpw changeme",
		"private String bindPassword;",
		"host=localhost port=5432 user=postgres password=" + "postgres dbname=test",
		"\"host=%s port=%d user=%s password=%s dbname=%s\"",
		"Server=db;User ID=sa;Password=$(DbPassword);",
		"Server=db;User ID={0};Password={1};",
		"jdbc:sqlserver://db;user=sa;password=<password>;",
		"users:\n- name: admin\n  user:\n    token: ${TOKEN}",
		"user:\n  password: '{{ vault_password }}'",
		"credentials {\n  username = System.getenv('USER')\n  password = System.getenv('PASS')\n}",
		"credentials {\n  password = \"$nexusPassword\"\n}",
		"administrator_login_password = var.password",
		"username=\"$ConnectionString\" password=\"${EVENT_HUB}\"; PlainLoginModule required",
		"PlainLoginModule required username=\"alice\" password=\"" + "alice-secret\";",
		"sqlplus " + "scott/tiger@orcl",
		"sqlplus /nolog @install.sql",
		"kubeadm join --token abc" + "def.0123456789" + "abcdef 10.0.0.1:6443",
		"HASURA_GRAPHQL_ADMIN_SECRET: myadminsecretkey",
		"<Pass encoding=\"crypt\" pubkey=\"x\">abcd</Pass>",
		"db.corp.net:5432:app:app:$PASSWORD",
	} {
		for _, m := range s.Scan([]byte(text + "\n")).Matches {
			if m.Confidence != rules.Low {
				t.Errorf("%q gives %s %q (%s)", text, m.Rule.ID, m.Secret, m.Confidence)
			}
		}
	}
}
