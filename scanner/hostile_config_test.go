package scanner

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestHostileConfiguration scans repositories whose own files try to hide a secret, to read elsewhere or to break the scan. Whatever they
// say, the secret is reported or counted as allowed, and what they could not do is said.
func TestHostileConfiguration(t *testing.T) {
	t.Parallel()
	outside := filepath.Join(t.TempDir(), "outside.toml")
	if err := os.WriteFile(outside, []byte("[[rules]]\nid = \"outside\"\nregex = \"outside\"\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	usurper := "[[rule]]\nid = \"usurper\"\nname = \"x\"\nformat = \"" + token(1) + "\"\nseverity = \"critical\"\nconfidence = \"high\"\n"
	tests := []struct {
		name, file, text string
		suppressed       bool // else it is reported
		complete         bool // beyond the file itself, whose being broken is coverage
	}{
		{"everything ignored", ".mudlarkignore", "path: **\n", true, true},
		{"every rule disabled", ".mudlark.toml", "[rules]\ndisable = [\"test\"]\n", true, true},
		{"every secret allowed", ".mudlark.toml", "[[allow]]\nregexes = [\".\"]\n", true, true},
		{"regex of everything", ".mudlark.toml", "[[allow]]\nregexes = [\".*\"]\n", false, false},
		{"rules only of its own", ".gitleaks.toml", "title = \"x\"\n[[rules]]\nid = \"x\"\nregex = \"nothing\"\n", false, true},
		{"defaults disabled", ".gitleaks.toml", "[extend]\nuseDefault = false\ndisabledRules = [\"test-token\"]\n", false, true},
		{"all allowed by Gitleaks' file", ".gitleaks.toml", "[[allowlists]]\nregexes = ['''.*''']\n", true, true},
		{"a rule of our name", ".gitleaks.toml", "[[rules]]\nid = \"test-token\"\nregex = \"nothing\"\n", false, true},
		{"a silent rule over the secret", ".gitleaks.toml", "[[rules]]\nid = \"x\"\nregex = '''.*'''\nskipReport = true\n", false, true},
		{"a rule that wins over ours", ".gitleaks.toml", "[[rules]]\nid = \"x\"\nregex = '''(?s).*'''\n[[rules.allowlists]]\nregexes = ['''.''']\n", false, true},
		{"another file", ".gitleaks.toml", "[extend]\npath = '" + outside + "'\n", false, true},
		{"a URL", ".gitleaks.toml", "[extend]\nurl = 'http://127.0.0.1:1/'\n", false, true},
		{"requests", ".mudlark.toml", "[verify]\nhosts = [\"evil.example\"]\n", false, true},
		{"a rule for other paths over the secret", ".mudlark.toml", usurper + "paths = [\"nowhere\"]\n", false, true},
		{"a rule of low confidence over the secret", ".mudlark.toml", strings.Replace(usurper, "confidence = \"high\"", "confidence = \"low\"", 1), false, true},
		{"a rule of another name over the secret", ".mudlark.toml", usurper + "[rules]\ndisable = [\"usurper\"]\n", false, true},
		{"deep TOML", ".gitleaks.toml", "a = " + strings.Repeat("[", 10000), false, false},
		{"large regexes", ".mudlark.toml", "[[allow]]\nregexes = ['" + strings.Repeat("(a{1,100}){1,9}", 300) + "']\n", false, false},
		{"no text", ".mudlarkignore", strings.Repeat("\xff\x00", 1000), false, true},
		{"expired", ".mudlarkignore", "path: ** until=2000-01-01\n", false, true},
		{"for ever", ".mudlarkignore", "path: ** until=99999-01-01\n", false, true},
		{"Gitleaks' ignore file", ".gitleaksignore", "secret.env:x:1\n", true, true},
		{"Gitleaks' ignore file of nothing", ".gitleaksignore", "::\n:x:1\n./:x:1\n", false, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newSandbox(t)
			secret := token(1)
			r.put("secret.env", secret+"\n")
			r.write(tt.file, tt.text)
			c := scanned(t, Options{Target: r.path})
			found := len(c.findings) > 0 && strings.Contains(c.findings[0].Secret, secret)
			for _, f := range c.findings {
				found = found || f.Secret == secret
			}
			counted := c.coverage.Summary.Suppressed > 0 && len(c.coverage.Suppressed) == c.coverage.Summary.Suppressed
			if found == tt.suppressed || tt.suppressed && !counted {
				t.Errorf("reported %v, counted as allowed %v; findings %d, suppressed %+v, notes %+v", found, counted, len(c.findings), c.coverage.Suppressed, c.coverage.Allows)
			}
			if c.coverage.Complete != tt.complete {
				t.Errorf("complete %v: %+v", c.coverage.Complete, c.coverage.Skipped)
			}
		})
	}
}

// TestAllowInUTF16 puts markers into files as Windows tools write them.
func TestAllowInUTF16(t *testing.T) {
	t.Parallel()
	wide := func(s string) string {
		var b strings.Builder
		b.WriteString("\xff\xfe")
		for _, c := range []byte(s) {
			b.WriteByte(c)
			b.WriteByte(0)
		}
		return b.String()
	}
	dir := t.TempDir()
	putFile(t, filepath.Join(dir, "beside.ps1"), wide("$x = 1\r\n$key = '"+token(1)+"' # mudlark:allow -- made up\r\n"))
	putFile(t, filepath.Join(dir, "above.ps1"), wide("# mudlark:allow\r\n$key = '"+token(2)+"'\r\n"))
	putFile(t, filepath.Join(dir, "elsewhere.ps1"), wide("# mudlark:allow\r\n\r\n$key = '"+token(3)+"'\r\n# mudlark:allow\r\n"))
	c := scanned(t, Options{Mode: ModeDir, Paths: []string{dir}})
	if len(c.findings) != 1 || c.findings[0].Secret != token(3) || c.coverage.Summary.Suppressed != 2 {
		t.Errorf("findings %v, summary %+v", len(c.findings), c.coverage.Summary)
	}
}
